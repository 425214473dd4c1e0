/* Requests and allocations: `lepton_resources.h`. */
#include "core.h"

static PyObject *client_request(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_client *client;
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    long long memory, storage;
    int waits;
    if (!PyArg_ParseTuple(arguments, "O&iiiiiLLdizzzzp", core_client_converter, &client, &request.nodes,
                          &request.min_nodes, &request.max_nodes, &request.cores_per_node,
                          &request.accelerators_per_node, &memory, &storage, &request.lease_seconds, &request.priority,
                          &request.queue, &request.tenant, &request.idempotency_key, &request.labels, &waits))
        return NULL;
    request.memory_per_node = memory;
    request.storage_bytes = storage;
    lepton_allocation *allocation = NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = waits ? lepton_client_submit(client, &request, &allocation, &error)
                                          : lepton_client_allocate(client, &request, &allocation, &error);
    Py_END_ALLOW_THREADS return status == LEPTON_OK ? core_handle_new(core_allocation_name, allocation)
                                                    : core_raise(status, error);
}

static PyObject *allocation_get_info(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_allocation *allocation;
    if (!PyArg_ParseTuple(arguments, "O&", core_allocation_converter, &allocation)) return NULL;
    lepton_allocation_info info = {.struct_size = sizeof info};
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_allocation_get_info(allocation, &info, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    return Py_BuildValue("{s:i,s:i,s:i,s:L,s:L,s:d,s:s}", "state", (int)info.state, "nodes", (int)info.nodes,
                         "cores_per_node", (int)info.cores_per_node, "memory_per_node", (long long)info.memory_per_node,
                         "storage_bytes", (long long)info.storage_bytes, "lease_remaining", info.lease_remaining, "id",
                         info.id);
}

static PyObject *allocation_renew(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_allocation *allocation;
    double seconds;
    if (!PyArg_ParseTuple(arguments, "O&d", core_allocation_converter, &allocation, &seconds)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_allocation_renew(allocation, seconds, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

static PyObject *allocation_close(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_allocation *allocation;
    if (!PyArg_ParseTuple(arguments, "O&", core_allocation_converter, &allocation)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_allocation_close(allocation, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

static PyObject *allocation_resize(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_allocation *allocation;
    int nodes;
    if (!PyArg_ParseTuple(arguments, "O&i", core_allocation_converter, &allocation, &nodes)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_allocation_resize(allocation, nodes, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

static PyObject *allocation_wait(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_allocation *allocation;
    double seconds;
    if (!PyArg_ParseTuple(arguments, "O&d", core_allocation_converter, &allocation, &seconds)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_allocation_wait(allocation, seconds, NULL, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

static PyObject *allocation_next_event(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_allocation *allocation;
    long long after;
    double seconds;
    if (!PyArg_ParseTuple(arguments, "O&Ld", core_allocation_converter, &allocation, &after, &seconds)) return NULL;
    lepton_allocation_event event = {.struct_size = sizeof event};
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_allocation_next_event(allocation, after, seconds, &event, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    return Py_BuildValue("LiiisL", (long long)event.sequence, (int)event.kind, (int)event.state, (int)event.nodes,
                         event.reason, (long long)event.time_ns);
}

PyMethodDef core_allocation_methods[] = {
    {"client_request", client_request, METH_VARARGS, NULL},
    {"allocation_get_info", allocation_get_info, METH_VARARGS, NULL},
    {"allocation_renew", allocation_renew, METH_VARARGS, NULL},
    {"allocation_resize", allocation_resize, METH_VARARGS, NULL},
    {"allocation_wait", allocation_wait, METH_VARARGS, NULL},
    {"allocation_next_event", allocation_next_event, METH_VARARGS, NULL},
    {"allocation_close", allocation_close, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
