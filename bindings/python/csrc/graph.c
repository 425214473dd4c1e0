/* Section "model" of lepton.h: what functional models need beside the calls for all models. */
#include "core.h"

typedef struct {
    const char *layer, *call;
} shapes_query;

static lepton_status query_shapes(void *context, char *buffer, size_t capacity, size_t *length, lepton_error **error) {
    const shapes_query *query = context;
    return lepton_layer_output_shapes(query->layer, query->call, buffer, capacity, length, error);
}

static PyObject *layer_output_shapes(PyObject *self, PyObject *arguments) {
    (void)self;
    shapes_query query;
    if (!PyArg_ParseTuple(arguments, "ss", &query.layer, &query.call)) return NULL;
    return core_text(query_shapes, &query);
}

static PyObject *model_set_trainable(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    const char *layer;
    int trainable;
    if (!PyArg_ParseTuple(arguments, "O&zp", core_model_converter, &model, &layer, &trainable)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_set_trainable(model, layer, trainable, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

static PyObject *model_weights_version(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    if (!PyArg_ParseTuple(arguments, "O&", core_model_converter, &model)) return NULL;
    uint64_t version = 0;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_weights_version(model, &version, &error);
    Py_END_ALLOW_THREADS return status == LEPTON_OK ? PyLong_FromUnsignedLongLong(version) : core_raise(status, error);
}

PyMethodDef core_graph_methods[] = {
    {"layer_output_shapes", layer_output_shapes, METH_VARARGS, NULL},
    {"model_set_trainable", model_set_trainable, METH_VARARGS, NULL},
    {"model_weights_version", model_weights_version, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
