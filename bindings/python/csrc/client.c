/* Sections "client" and "cancel" of lepton.h. */
#include "core.h"

static PyObject *client_create(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_client_options options;
    lepton_client_options_init(&options);
    long long memory, storage;
    if (!PyArg_ParseTuple(arguments, "iiLLzzzi", &options.nodes, &options.cores_per_node, &memory, &storage,
                          &options.store_path, &options.price_list, &options.queues, &options.accelerators_per_node))
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

static PyObject *client_set_nodes(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_client *client;
    const char *options;
    if (!PyArg_ParseTuple(arguments, "O&z", core_client_converter, &client, &options)) return NULL;
    lepton_error *error = NULL;
    lepton_status status = lepton_client_set_nodes(client, options, &error);
    if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

static lepton_status query_nodes(void *context, char *buffer, size_t capacity, size_t *length, lepton_error **error) {
    return lepton_client_node_report(context, buffer, capacity, length, error);
}

static PyObject *client_node_report(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_client *client;
    if (!PyArg_ParseTuple(arguments, "O&", core_client_converter, &client)) return NULL;
    return core_text(query_nodes, client);
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
    {"client_utilization", client_utilization, METH_VARARGS, NULL},
    {"client_usage", client_usage, METH_VARARGS, NULL},
    {"client_set_nodes", client_set_nodes, METH_VARARGS, NULL},
    {"client_node_report", client_node_report, METH_VARARGS, NULL},
    {"cancel_create", cancel_create, METH_NOARGS, NULL},
    {"cancel_trigger", cancel_trigger, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
