#include "core.h"

#include <unistd.h>

const char core_client_name[] = "leptonai.client";
const char core_allocation_name[] = "leptonai.allocation";
const char core_model_name[] = "leptonai.model";
const char core_history_name[] = "leptonai.history";
const char core_cancel_name[] = "leptonai.cancel";
const char core_adapter_name[] = "leptonai.adapter";
const char core_store_name[] = "leptonai.store";

/* Capsules do not hold NULL, and the library gives none. */
static void handle_free(PyObject *capsule) {
    const char *name = PyCapsule_GetName(capsule);
    void *handle = PyCapsule_GetPointer(capsule, name);
    if ((pid_t)(intptr_t)PyCapsule_GetContext(capsule) != getpid()) return;
    Py_BEGIN_ALLOW_THREADS if (name == core_model_name) lepton_model_release(handle);
    else if (name == core_history_name) lepton_history_release(handle);
    else if (name == core_allocation_name) lepton_allocation_release(handle);
    else if (name == core_client_name) lepton_client_release(handle);
    else if (name == core_adapter_name) lepton_adapter_release(handle);
    else if (name == core_store_name) lepton_store_release(handle);
    else lepton_cancel_release(handle);
    Py_END_ALLOW_THREADS
}

PyObject *core_handle_new(const char *name, void *handle) {
    PyObject *capsule = PyCapsule_New(handle, name, handle_free);
    if (capsule != NULL) PyCapsule_SetContext(capsule, (void *)(intptr_t)getpid());
    return capsule;
}

static int convert(PyObject *object, const char *name, void *out) {
    void *handle = PyCapsule_GetPointer(object, name);
    if (handle == NULL) {
        PyErr_Clear();
        PyErr_Format(PyExc_TypeError, "expected a %s handle", name);
        return 0;
    }
    *(void **)out = handle;
    return 1;
}

static int convert_or_none(PyObject *object, const char *name, void *out) {
    if (object == Py_None) {
        *(void **)out = NULL;
        return 1;
    }
    return convert(object, name, out);
}

int core_client_converter(PyObject *object, void *out) { return convert(object, core_client_name, out); }

int core_model_converter(PyObject *object, void *out) { return convert(object, core_model_name, out); }

int core_history_converter(PyObject *object, void *out) { return convert(object, core_history_name, out); }

int core_allocation_converter(PyObject *object, void *out) { return convert(object, core_allocation_name, out); }

int core_allocation_or_none_converter(PyObject *object, void *out) {
    return convert_or_none(object, core_allocation_name, out);
}

int core_adapter_converter(PyObject *object, void *out) { return convert(object, core_adapter_name, out); }

int core_store_converter(PyObject *object, void *out) { return convert(object, core_store_name, out); }

int core_cancel_converter(PyObject *object, void *out) { return convert(object, core_cancel_name, out); }

int core_cancel_or_none_converter(PyObject *object, void *out) {
    return convert_or_none(object, core_cancel_name, out);
}
