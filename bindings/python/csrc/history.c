/* The history functions of section "training" of lepton.h. */
#include "core.h"

static PyObject *count_from(PyObject *arguments, lepton_status (*getter)(lepton_history *, size_t *, lepton_error **)) {
    lepton_history *history;
    if (!PyArg_ParseTuple(arguments, "O&", core_history_converter, &history)) return NULL;
    size_t count = 0;
    lepton_error *error = NULL;
    lepton_status status = getter(history, &count, &error);
    return status == LEPTON_OK ? PyLong_FromSize_t(count) : core_raise(status, error);
}

static PyObject *history_epoch_count(PyObject *self, PyObject *arguments) {
    (void)self;
    return count_from(arguments, lepton_history_epoch_count);
}

static PyObject *history_metric_count(PyObject *self, PyObject *arguments) {
    (void)self;
    return count_from(arguments, lepton_history_metric_count);
}

typedef struct {
    lepton_history *history;
    Py_ssize_t index;
} name_query;

static lepton_status query_name(void *context, char *buffer, size_t capacity, size_t *length, lepton_error **error) {
    name_query *query = context;
    return lepton_history_metric_name(query->history, (size_t)query->index, buffer, capacity, length, error);
}

static PyObject *history_metric_name(PyObject *self, PyObject *arguments) {
    (void)self;
    name_query query;
    if (!PyArg_ParseTuple(arguments, "O&n", core_history_converter, &query.history, &query.index)) return NULL;
    return core_text(query_name, &query);
}

static PyObject *history_values(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_history *history;
    const char *name;
    if (!PyArg_ParseTuple(arguments, "O&s", core_history_converter, &history, &name)) return NULL;
    size_t count = 0;
    lepton_error *error = NULL;
    lepton_status status = lepton_history_values(history, name, NULL, 0, &count, &error);
    if (status != LEPTON_OK) return core_raise(status, error);
    double *values = PyMem_Calloc(count + 1, sizeof *values);
    if (values == NULL) return PyErr_NoMemory();
    status = lepton_history_values(history, name, values, count, &count, &error);
    PyObject *list = status == LEPTON_OK ? PyList_New((Py_ssize_t)count) : core_raise(status, error);
    for (size_t i = 0; list != NULL && i < count; i++) {
        PyObject *value = PyFloat_FromDouble(values[i]);
        if (value == NULL || PyList_SetItem(list, (Py_ssize_t)i, value) < 0) Py_CLEAR(list);
    }
    PyMem_Free(values);
    return list;
}

PyMethodDef core_history_methods[] = {
    {"history_epoch_count", history_epoch_count, METH_VARARGS, NULL},
    {"history_metric_count", history_metric_count, METH_VARARGS, NULL},
    {"history_metric_name", history_metric_name, METH_VARARGS, NULL},
    {"history_values", history_values, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
