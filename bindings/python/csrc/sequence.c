/* Section "sequence" of lepton.h. */
#include "core.h"

static PyObject *model_output_shape_for(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    PyObject *arrays;
    Py_ssize_t index;
    if (!PyArg_ParseTuple(arguments, "O&On", core_model_converter, &model, &arrays, &index)) return NULL;
    core_tensors x;
    if (core_tensors_acquire(&x, arrays, 0, "x") < 0) return NULL;
    int64_t shape[CORE_MAX_RANK];
    int32_t rank = 0;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status =
        lepton_model_output_shape_for(model, x.views, x.count, (size_t)index, shape, CORE_MAX_RANK, &rank, &error);
    Py_END_ALLOW_THREADS core_tensors_release(&x);
    if (status != LEPTON_OK) return core_raise(status, error);
    return core_shape(shape, rank);
}

static PyObject *model_reset_states(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    const char *layer;
    if (!PyArg_ParseTuple(arguments, "O&z", core_model_converter, &model, &layer)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_reset_states(model, layer, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

PyMethodDef core_sequence_methods[] = {
    {"model_output_shape_for", model_output_shape_for, METH_VARARGS, NULL},
    {"model_reset_states", model_reset_states, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
