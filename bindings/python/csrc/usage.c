/* lepton_usage.h. */
#include "core.h"

typedef struct {
    lepton_client *client;
    const char *query;
} report_query;

static lepton_status query_report(void *context, char *buffer, size_t capacity, size_t *length, lepton_error **error) {
    report_query *query = context;
    return lepton_client_report(query->client, query->query, buffer, capacity, length, error);
}

static PyObject *client_report(PyObject *self, PyObject *arguments) {
    (void)self;
    report_query query;
    if (!PyArg_ParseTuple(arguments, "O&s", core_client_converter, &query.client, &query.query)) return NULL;
    return core_text(query_report, &query);
}

static PyObject *client_flush_ledger(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_client *client;
    if (!PyArg_ParseTuple(arguments, "O&", core_client_converter, &client)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_client_flush_ledger(client, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

/* The warning comes on a thread that trains and has released the GIL. What the callback raises has nobody to go to but
 * sys.unraisablehook. */
static void warn(const char *status, void *context) {
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *callback = context;
    PyObject *result = PyObject_CallFunction(callback, "s", status);
    if (result == NULL) PyErr_WriteUnraisable(callback);
    Py_XDECREF(result);
    PyGILState_Release(state);
}

static PyObject *client_set_budget(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_client *client;
    const char *budget;
    PyObject *callback;
    if (!PyArg_ParseTuple(arguments, "O&zO", core_client_converter, &client, &budget, &callback)) return NULL;
    /* The caller keeps the callback alive as long as the client. */
    lepton_budget_fn warning = callback == Py_None ? NULL : warn;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_client_set_budget(client, budget, warning, callback, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

static lepton_status query_budget(void *context, char *buffer, size_t capacity, size_t *length, lepton_error **error) {
    return lepton_client_budget(context, buffer, capacity, length, error);
}

static PyObject *client_budget(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_client *client;
    if (!PyArg_ParseTuple(arguments, "O&", core_client_converter, &client)) return NULL;
    return core_text(query_budget, client);
}

static PyObject *client_estimate(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_client *client;
    lepton_model *model;
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    PyObject *x_arrays, *y_arrays;
    if (!PyArg_ParseTuple(arguments, "O&O&OOiidiO&ii", core_client_converter, &client, core_model_converter, &model,
                          &x_arrays, &y_arrays, &options.batch_size, &options.epochs, &options.validation_split,
                          &options.nonfinite, core_allocation_or_none_converter, &options.allocation, &request.nodes,
                          &request.cores_per_node))
        return NULL;
    core_tensors x, y;
    if (core_tensors_acquire(&x, x_arrays, 0, "x") < 0) return NULL;
    if (core_tensors_acquire(&y, y_arrays, 0, "y") < 0) {
        core_tensors_release(&x);
        return NULL;
    }
    lepton_estimate e = {.struct_size = sizeof e};
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_client_estimate(client, model, x.views, x.count, y.views, y.count, &options,
                                                           request.nodes > 0 ? &request : NULL, &e, &error);
    Py_END_ALLOW_THREADS core_tensors_release(&x);
    core_tensors_release(&y);
    if (status != LEPTON_OK) return core_raise(status, error);
    return Py_BuildValue("{s:d,s:d,s:L,s:L,s:L,s:s,s:s}", "seconds", e.seconds, "seconds_per_step", e.seconds_per_step,
                         "steps", (long long)e.steps, "memory_bytes", (long long)e.memory_bytes, "cores",
                         (long long)e.cores, "cost", e.cost, "currency", e.currency);
}

PyMethodDef core_usage_methods[] = {
    {"client_report", client_report, METH_VARARGS, NULL},
    {"client_flush_ledger", client_flush_ledger, METH_VARARGS, NULL},
    {"client_set_budget", client_set_budget, METH_VARARGS, NULL},
    {"client_budget", client_budget, METH_VARARGS, NULL},
    {"client_estimate", client_estimate, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
