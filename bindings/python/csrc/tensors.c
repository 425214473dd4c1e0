#include "core.h"

#include <string.h>

/* The element types of a buffer that the library takes as they are: native byte order, one letter. Returns -1
 * for any other. */
static int32_t dtype_of(const char *format, Py_ssize_t itemsize) {
    if (format == NULL) return LEPTON_UINT8;
    if (format[0] == '\0' || format[1] != '\0') return -1;
    switch (format[0]) {
    case 'f':
        return LEPTON_FLOAT32;
    case 'd':
        return LEPTON_FLOAT64;
    case 'i':
    case 'l':
    case 'q':
        return itemsize == 8 ? LEPTON_INT64 : itemsize == 4 ? LEPTON_INT32 : -1;
    case 'B':
        return LEPTON_UINT8;
    case '?':
        return LEPTON_BOOL;
    default:
        return -1;
    }
}

/* An array of str: the addresses of their UTF-8. It must be one that nobody else changes while it is lent. */
static int describe_texts(core_tensor *tensor, lepton_tensor_view *view, const char *argument) {
    const Py_buffer *buffer = &tensor->buffer;
    Py_ssize_t count = buffer->len / (Py_ssize_t)sizeof(PyObject *);
    if (buffer->ndim > CORE_MAX_RANK || !PyBuffer_IsContiguous(buffer, 'C')) {
        core_raise_argument(LEPTON_TYPE_MISMATCH, argument, "a contiguous array of text of at most 8 dimensions",
                            "another one");
        return -1;
    }
    tensor->texts = PyMem_Calloc((size_t)count + 1, sizeof *tensor->texts);
    if (tensor->texts == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject *const *items = buffer->buf;
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t length = 0;
        if (items[i] == NULL || !PyUnicode_Check(items[i])) {
            core_raise_argument(LEPTON_TYPE_MISMATCH, argument, "text alone in an array of objects", "other objects");
            return -1;
        }
        tensor->texts[i] = PyUnicode_AsUTF8AndSize(items[i], &length);
        if (tensor->texts[i] == NULL) return -1;
        if (strlen(tensor->texts[i]) != (size_t)length) {
            core_raise_argument(LEPTON_INVALID_ARGUMENT, argument, "text without NUL characters", "one with");
            return -1;
        }
    }
    for (int axis = 0; axis < buffer->ndim; axis++)
        tensor->shape[axis] = buffer->shape[axis];
    view->data = count == 0 ? NULL : (void *)tensor->texts;
    view->dtype = LEPTON_STRING;
    view->ndim = buffer->ndim;
    view->shape = tensor->shape;
    view->strides = NULL;
    view->byte_offset = 0;
    return 0;
}

static int describe(core_tensor *tensor, lepton_tensor_view *view, const char *argument) {
    const Py_buffer *buffer = &tensor->buffer;
    if (buffer->format != NULL && strcmp(buffer->format, "O") == 0) return describe_texts(tensor, view, argument);
    int32_t dtype = dtype_of(buffer->format, buffer->itemsize);
    if (dtype < 0) {
        core_raise_argument(LEPTON_TYPE_MISMATCH, argument,
                            "float32, float64, int32, int64, uint8 or bool in native byte order", buffer->format);
        return -1;
    }
    if (buffer->ndim > CORE_MAX_RANK) {
        core_raise_argument(LEPTON_SHAPE_MISMATCH, argument, "at most 8 dimensions", "more");
        return -1;
    }
    int contiguous = 1, empty = buffer->len == 0;
    Py_ssize_t before = 0; /* bytes of the array in front of element (0, ..., 0): where strides are negative */
    int64_t row_major = 1;
    for (int axis = buffer->ndim - 1; axis >= 0; axis--) {
        Py_ssize_t stride = buffer->strides[axis];
        if (stride % buffer->itemsize != 0) {
            core_raise_argument(LEPTON_TYPE_MISMATCH, argument, "strides that are whole elements",
                                "a view into records");
            return -1;
        }
        tensor->shape[axis] = buffer->shape[axis];
        tensor->strides[axis] = stride / buffer->itemsize;
        if (buffer->shape[axis] != 1 && tensor->strides[axis] != row_major) contiguous = 0;
        row_major *= buffer->shape[axis];
        if (stride < 0) before -= (buffer->shape[axis] - 1) * stride;
    }
    /* An exporter's buffer begins at element (0, ..., 0), a view's data at the lowest address. */
    view->data = empty ? NULL : (char *)buffer->buf - before;
    view->dtype = dtype;
    view->ndim = buffer->ndim;
    view->shape = tensor->shape;
    view->strides = contiguous || empty ? NULL : tensor->strides;
    view->byte_offset = empty ? 0 : (uint64_t)before;
    return 0;
}

static int acquire_one(core_tensors *tensors, PyObject *object, int writable, const char *argument) {
    core_tensor *tensor = &tensors->tensors[tensors->acquired];
    int flags = PyBUF_STRIDES | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    tensor->texts = NULL;
    if (PyObject_GetBuffer(object, &tensor->buffer, flags) < 0) return -1;
    tensors->acquired++;
    return describe(tensor, &tensors->views[tensors->acquired - 1], argument);
}

static int reserve(core_tensors *tensors, size_t count) {
    tensors->count = count;
    tensors->acquired = 0;
    tensors->tensors = tensors->inline_tensors;
    tensors->views = tensors->inline_views;
    if (count <= CORE_INLINE_TENSORS) return 0;
    tensors->tensors = PyMem_Calloc(count, sizeof *tensors->tensors);
    tensors->views = PyMem_Calloc(count, sizeof *tensors->views);
    if (tensors->tensors != NULL && tensors->views != NULL) return 0;
    PyErr_NoMemory();
    return -1;
}

int core_tensors_acquire(core_tensors *tensors, PyObject *sequence, int writable, const char *argument) {
    Py_ssize_t count = PySequence_Size(sequence);
    if (count < 0) {
        reserve(tensors, 0);
        return -1;
    }
    if (reserve(tensors, (size_t)count) < 0) goto failed;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PySequence_GetItem(sequence, i);
        if (item == NULL) goto failed;
        int result = acquire_one(tensors, item, writable, argument);
        Py_DECREF(item); /* the buffer keeps its exporter alive */
        if (result < 0) goto failed;
    }
    return 0;
failed:
    core_tensors_release(tensors);
    return -1;
}

int core_tensors_acquire_optional(core_tensors *tensors, PyObject *object, const char *argument) {
    if (PyTuple_Check(object)) return core_tensors_acquire(tensors, object, 0, argument);
    reserve(tensors, object == Py_None ? 0 : 1);
    if (tensors->count == 0 || acquire_one(tensors, object, 0, argument) == 0) return 0;
    core_tensors_release(tensors);
    return -1;
}

void core_tensors_release(core_tensors *tensors) {
    for (size_t i = 0; i < tensors->acquired; i++) {
        PyMem_Free((void *)tensors->tensors[i].texts);
        PyBuffer_Release(&tensors->tensors[i].buffer);
    }
    if (tensors->tensors != tensors->inline_tensors) PyMem_Free(tensors->tensors);
    if (tensors->views != tensors->inline_views) PyMem_Free(tensors->views);
    reserve(tensors, 0);
}
