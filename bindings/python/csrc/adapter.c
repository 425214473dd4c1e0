/* Section "adapter" of lepton.h. */
#include "core.h"

static PyObject *adapter_create(PyObject *self, PyObject *arguments) {
    (void)self;
    const char *layer;
    if (!PyArg_ParseTuple(arguments, "s", &layer)) return NULL;
    lepton_adapter *adapter = NULL;
    lepton_error *error = NULL;
    lepton_status status = lepton_adapter_create(layer, &adapter, &error);
    return status == LEPTON_OK ? core_handle_new(core_adapter_name, adapter) : core_raise(status, error);
}

static PyObject *adapter_update(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_adapter *adapter;
    PyObject *array;
    if (!PyArg_ParseTuple(arguments, "O&O", core_adapter_converter, &adapter, &array)) return NULL;
    core_tensors data;
    if (core_tensors_acquire_optional(&data, array, "data") < 0) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_adapter_update(adapter, data.count > 0 ? data.views : NULL, &error);
    Py_END_ALLOW_THREADS core_tensors_release(&data);
    if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

static lepton_status query_layer(void *context, char *buffer, size_t capacity, size_t *length, lepton_error **error) {
    return lepton_adapter_finish(context, buffer, capacity, length, error);
}

static PyObject *adapter_finish(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_adapter *adapter;
    if (!PyArg_ParseTuple(arguments, "O&", core_adapter_converter, &adapter)) return NULL;
    return core_text(query_layer, adapter);
}

static PyObject *model_configure_layer(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    const char *layer, *config;
    if (!PyArg_ParseTuple(arguments, "O&ss", core_model_converter, &model, &layer, &config)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_configure_layer(model, layer, config, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

PyMethodDef core_adapter_methods[] = {
    {"adapter_create", adapter_create, METH_VARARGS, NULL},
    {"adapter_update", adapter_update, METH_VARARGS, NULL},
    {"adapter_finish", adapter_finish, METH_VARARGS, NULL},
    {"model_configure_layer", model_configure_layer, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
