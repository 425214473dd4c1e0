/* Sections "client" and "cancel" of lepton.h. */
#include "core.h"

static PyObject *client_create(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_client_options options;
    lepton_client_options_init(&options);
    long long memory, storage;
    if (!PyArg_ParseTuple(arguments, "iiLLzz", &options.nodes, &options.cores_per_node, &memory, &storage,
                          &options.store_path, &options.price_list))
        return NULL;
    options.memory_per_node = memory;
    options.storage_bytes = storage;
    lepton_client *client = NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_client_create(&options, &client, &error);
    Py_END_ALLOW_THREADS return status == LEPTON_OK ? core_handle_new(core_client_name, client)
                                                    : core_raise(status, error);
}

static PyObject *client_allocate(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_client *client;
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    long long memory, storage;
    if (!PyArg_ParseTuple(arguments, "O&iiLLdz", core_client_converter, &client, &request.nodes,
                          &request.cores_per_node, &memory, &storage, &request.lease_seconds, &request.labels))
        return NULL;
    request.memory_per_node = memory;
    request.storage_bytes = storage;
    lepton_allocation *allocation = NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_client_allocate(client, &request, &allocation, &error);
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

static PyObject *client_utilization(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_client *client;
    if (!PyArg_ParseTuple(arguments, "O&", core_client_converter, &client)) return NULL;
    lepton_utilization u = {.struct_size = sizeof u};
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_client_utilization(client, &u, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    return Py_BuildValue("{s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:d,s:d}", "cores_total", u.cores_total,
                         "cores_allocated", u.cores_allocated, "memory_total", u.memory_total, "memory_allocated",
                         u.memory_allocated, "storage_total", u.storage_total, "storage_allocated", u.storage_allocated,
                         "cores", u.cores, "memory", u.memory, "storage", u.storage, "dominant_share", u.dominant_share,
                         "mean", u.mean);
}

typedef struct {
    lepton_client *client;
    int format;
} usage_query;

static lepton_status query_usage(void *context, char *buffer, size_t capacity, size_t *length, lepton_error **error) {
    usage_query *query = context;
    return lepton_client_usage(query->client, (lepton_report_format)query->format, buffer, capacity, length, error);
}

static PyObject *client_usage(PyObject *self, PyObject *arguments) {
    (void)self;
    usage_query query;
    if (!PyArg_ParseTuple(arguments, "O&i", core_client_converter, &query.client, &query.format)) return NULL;
    return core_text(query_usage, &query);
}

static PyObject *cancel_create(PyObject *self, PyObject *arguments) {
    (void)self, (void)arguments;
    lepton_cancel *cancel = NULL;
    lepton_error *error = NULL;
    lepton_status status = lepton_cancel_create(&cancel, &error);
    return status == LEPTON_OK ? core_handle_new(core_cancel_name, cancel) : core_raise(status, error);
}

static PyObject *cancel_trigger(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_cancel *cancel;
    if (!PyArg_ParseTuple(arguments, "O&", core_cancel_converter, &cancel)) return NULL;
    lepton_error *error = NULL;
    lepton_status status = lepton_cancel_trigger(cancel, &error);
    if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

PyMethodDef core_client_methods[] = {
    {"client_create", client_create, METH_VARARGS, NULL},
    {"client_allocate", client_allocate, METH_VARARGS, NULL},
    {"client_utilization", client_utilization, METH_VARARGS, NULL},
    {"client_usage", client_usage, METH_VARARGS, NULL},
    {"allocation_get_info", allocation_get_info, METH_VARARGS, NULL},
    {"allocation_renew", allocation_renew, METH_VARARGS, NULL},
    {"allocation_close", allocation_close, METH_VARARGS, NULL},
    {"cancel_create", cancel_create, METH_NOARGS, NULL},
    {"cancel_trigger", cancel_trigger, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
