/* Allocators written in Python: `lepton_allocator.h` on top of methods of leptonai.allocator.ResourceAllocator, which
 * turn exceptions into statuses. */
#include "core.h"

#include <string.h>

static void unraisable(PyObject *allocator) {
    if (PyErr_Occurred()) PyErr_WriteUnraisable(allocator);
}

static void host_capacity(void *context, lepton_resource_shape *total, lepton_resource_shape *allocated) {
    PyGILState_STATE gil = PyGILState_Ensure();
    long long v[8] = {0};
    PyObject *answer = PyObject_CallMethod(context, "_capacity", NULL);
    if (answer != NULL &&
        PyArg_ParseTuple(answer, "LLLLLLLL", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7])) {
        *total = (lepton_resource_shape){v[0], v[1], v[2], v[3]};
        *allocated = (lepton_resource_shape){v[4], v[5], v[6], v[7]};
    }
    unraisable(context);
    Py_XDECREF(answer);
    PyGILState_Release(gil);
}

static void copy_text(char *field, size_t size, const char *text) {
    size_t length = strlen(text);
    if (length >= size) length = size - 1;
    memcpy(field, text, length);
    field[length] = 0;
}

static lepton_status host_grant(void *context, const lepton_resource_request *r, lepton_grant *out) {
    PyGILState_STATE gil = PyGILState_Ensure();
    lepton_status status = LEPTON_INTERNAL_ERROR;
    PyObject *answer = PyObject_CallMethod(
        context, "_grant", "iiiiLiLdissss", (int)r->nodes, (int)r->min_nodes, (int)r->max_nodes, (int)r->cores_per_node,
        (long long)r->memory_per_node, (int)r->accelerators_per_node, (long long)r->storage_bytes, r->lease_seconds,
        (int)r->priority, r->queue, r->tenant, r->idempotency_key == NULL ? "" : r->idempotency_key, r->labels);
    int code;
    const char *text;
    int nodes;
    double lease;
    if (answer != NULL && PyArg_ParseTuple(answer, "isid", &code, &text, &nodes, &lease)) {
        status = code;
        if (code == LEPTON_OK) {
            /* One that is too long stays too long, and is refused by the library. */
            copy_text(out->id, sizeof out->id, text);
            out->nodes = nodes;
            out->lease_seconds = lease;
        } else {
            copy_text(out->reason, sizeof out->reason, text);
        }
    }
    unraisable(context);
    Py_XDECREF(answer);
    PyGILState_Release(gil);
    return status;
}

static void host_release(void *context, const char *id) {
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *answer = PyObject_CallMethod(context, "_release", "s", id);
    unraisable(context);
    Py_XDECREF(answer);
    PyGILState_Release(gil);
}

/* The status that a method answers with; takes the answer. */
static lepton_status status_of(PyObject *allocator, PyObject *answer) {
    long status = answer == NULL ? LEPTON_INTERNAL_ERROR : PyLong_AsLong(answer);
    if (PyErr_Occurred()) status = LEPTON_INTERNAL_ERROR;
    unraisable(allocator);
    Py_XDECREF(answer);
    return (lepton_status)status;
}

static lepton_status host_renew(void *context, const char *id, double seconds) {
    PyGILState_STATE gil = PyGILState_Ensure();
    lepton_status status = status_of(context, PyObject_CallMethod(context, "_renew", "sd", id, seconds));
    PyGILState_Release(gil);
    return status;
}

static lepton_status host_resize(void *context, const char *id, int32_t nodes) {
    PyGILState_STATE gil = PyGILState_Ensure();
    lepton_status status = status_of(context, PyObject_CallMethod(context, "_resize", "si", id, (int)nodes));
    PyGILState_Release(gil);
    return status;
}

static void host_destroy(void *context) {
    PyGILState_STATE gil = PyGILState_Ensure();
    Py_DECREF((PyObject *)context);
    PyGILState_Release(gil);
}

static PyObject *client_create_with_allocator(PyObject *self, PyObject *arguments) {
    (void)self;
    PyObject *allocator;
    lepton_client_options options;
    lepton_client_options_init(&options);
    if (!PyArg_ParseTuple(arguments, "Oizz", &allocator, &options.cores_per_node, &options.store_path,
                          &options.price_list))
        return NULL;
    lepton_allocator table = {
        .struct_size = sizeof table,
        .context = allocator,
        .capacity = host_capacity,
        .grant = host_grant,
        .release = host_release,
        .renew = host_renew,
        .resize = host_resize,
        .destroy = host_destroy,
    };
    lepton_client *client = NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_INCREF(allocator);
    Py_BEGIN_ALLOW_THREADS status = lepton_client_create_with_allocator(&options, &table, &client, &error);
    Py_END_ALLOW_THREADS if (status == LEPTON_OK) return core_handle_new(core_client_name, client);
    Py_DECREF(allocator);
    return core_raise(status, error);
}

PyMethodDef core_host_allocator_methods[] = {
    {"client_create_with_allocator", client_create_with_allocator, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
