/* A blob as a Python object whose memory is read through the buffer protocol. */
#include "core.h"

#include <unistd.h>

typedef struct {
    PyObject_HEAD lepton_blob *blob;
    const void *data;
    size_t size;
    pid_t owner;
} blob_object;

static int blob_get_buffer(PyObject *self, Py_buffer *view, int flags) {
    blob_object *object = (blob_object *)self;
    /* An empty blob has no address, but a view must have one. */
    static const char nothing = 0;
    void *start = (void *)(object->data != NULL ? object->data : &nothing);
    return PyBuffer_FillInfo(view, self, start, (Py_ssize_t)object->size, 1, flags);
}

static void blob_dealloc(PyObject *self) {
    blob_object *object = (blob_object *)self;
    PyTypeObject *type = Py_TYPE(self);
    /* In a forked child the parent still owns the handle. */
    if (object->owner == getpid()) lepton_blob_release(object->blob);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_bf_getbuffer, blob_get_buffer},
    {Py_tp_dealloc, blob_dealloc},
    {Py_tp_doc, "The memory of a blob; memoryview() reads it."},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "leptonai._core.Blob",
    .basicsize = sizeof(blob_object),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

PyObject *core_blob_new(lepton_blob *blob, const void *data, size_t size) {
    /* Made anew each time: a type costs little beside the reading of a blob, and no state of the module is needed. */
    PyObject *type = PyType_FromSpec(&spec);
    allocfunc allocate = type == NULL ? NULL : (allocfunc)PyType_GetSlot((PyTypeObject *)type, Py_tp_alloc);
    blob_object *object = allocate == NULL ? NULL : (blob_object *)allocate((PyTypeObject *)type, 0);
    Py_XDECREF(type);
    if (object == NULL) {
        lepton_blob_release(blob);
        return NULL;
    }
    object->blob = blob;
    object->data = data;
    object->size = size;
    object->owner = getpid();
    PyObject *view = PyMemoryView_FromObject((PyObject *)object);
    Py_DECREF(object);
    return view;
}
