/* Section "model" of lepton.h. The GIL is released around every call: a call may wait for the step of a fit that
 * runs in another thread, and that step may wait for the GIL to call back. */
#include "core.h"

#include <string.h>

static PyObject *none_or_raise(lepton_status status, lepton_error *error) {
    if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

static PyObject *model_create(PyObject *self, PyObject *arguments) {
    (void)self;
    const char *name;
    if (!PyArg_ParseTuple(arguments, "z", &name)) return NULL;
    lepton_model *model = NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_create(name, &model, &error);
    Py_END_ALLOW_THREADS return status == LEPTON_OK ? core_handle_new(core_model_name, model)
                                                    : core_raise(status, error);
}

static PyObject *model_create_from_config(PyObject *self, PyObject *arguments) {
    (void)self;
    const char *json;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(arguments, "s#", &json, &length)) return NULL;
    lepton_model *model = NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_create_from_config(json, (size_t)length, &model, &error);
    Py_END_ALLOW_THREADS return status == LEPTON_OK ? core_handle_new(core_model_name, model)
                                                    : core_raise(status, error);
}

static PyObject *model_set_seed(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    unsigned long long seed;
    if (!PyArg_ParseTuple(arguments, "O&K", core_model_converter, &model, &seed)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_set_seed(model, seed, &error);
    Py_END_ALLOW_THREADS return none_or_raise(status, error);
}

static PyObject *model_add_layer(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    const char *class_name, *config;
    if (!PyArg_ParseTuple(arguments, "O&sz", core_model_converter, &model, &class_name, &config)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_add_layer(model, class_name, config, &error);
    Py_END_ALLOW_THREADS return none_or_raise(status, error);
}

static PyObject *model_build(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    PyObject *extents;
    if (!PyArg_ParseTuple(arguments, "O&O", core_model_converter, &model, &extents)) return NULL;
    int64_t shape[CORE_MAX_RANK];
    Py_ssize_t rank = PySequence_Size(extents);
    if (rank < 0) return NULL;
    if (rank > CORE_MAX_RANK)
        return core_raise_argument(LEPTON_SHAPE_MISMATCH, "shape", "at most 8 dimensions", "more");
    for (Py_ssize_t i = 0; i < rank; i++) {
        PyObject *extent = PySequence_GetItem(extents, i);
        if (extent == NULL) return NULL;
        shape[i] = PyLong_AsLongLong(extent);
        Py_DECREF(extent);
        if (shape[i] == -1 && PyErr_Occurred()) return NULL;
    }
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_build(model, shape, (int32_t)rank, &error);
    Py_END_ALLOW_THREADS return none_or_raise(status, error);
}

static lepton_status query_config(void *context, char *buffer, size_t capacity, size_t *length, lepton_error **error) {
    return lepton_model_get_config(context, buffer, capacity, length, error);
}

static PyObject *model_get_config(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    if (!PyArg_ParseTuple(arguments, "O&", core_model_converter, &model)) return NULL;
    return core_text(query_config, model);
}

typedef struct {
    lepton_model *model;
    int line_length;
} summary_query;

static lepton_status query_summary(void *context, char *buffer, size_t capacity, size_t *length, lepton_error **error) {
    summary_query *query = context;
    return lepton_model_summary(query->model, query->line_length, buffer, capacity, length, error);
}

static PyObject *model_summary(PyObject *self, PyObject *arguments) {
    (void)self;
    summary_query query;
    if (!PyArg_ParseTuple(arguments, "O&i", core_model_converter, &query.model, &query.line_length)) return NULL;
    return core_text(query_summary, &query);
}

static PyObject *model_io_count(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    if (!PyArg_ParseTuple(arguments, "O&", core_model_converter, &model)) return NULL;
    size_t inputs = 0, outputs = 0;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_io_count(model, &inputs, &outputs, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    return Py_BuildValue("nn", (Py_ssize_t)inputs, (Py_ssize_t)outputs);
}

PyObject *core_shape(const int64_t *shape, int32_t rank) {
    PyObject *tuple = PyTuple_New(rank);
    for (int32_t i = 0; tuple != NULL && i < rank; i++) {
        PyObject *extent = PyLong_FromLongLong(shape[i]);
        if (extent == NULL || PyTuple_SetItem(tuple, i, extent) < 0) Py_CLEAR(tuple);
    }
    return tuple;
}

typedef lepton_status (*shape_getter)(lepton_model *, size_t, int64_t *, int32_t, int32_t *, lepton_error **);

static PyObject *shape_from(PyObject *arguments, shape_getter getter) {
    lepton_model *model;
    Py_ssize_t index;
    if (!PyArg_ParseTuple(arguments, "O&n", core_model_converter, &model, &index)) return NULL;
    int64_t shape[CORE_MAX_RANK];
    int32_t rank = 0;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = getter(model, (size_t)index, shape, CORE_MAX_RANK, &rank, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    return core_shape(shape, rank);
}

static PyObject *model_input_shape(PyObject *self, PyObject *arguments) {
    (void)self;
    return shape_from(arguments, lepton_model_input_shape);
}

static PyObject *model_output_shape(PyObject *self, PyObject *arguments) {
    (void)self;
    return shape_from(arguments, lepton_model_output_shape);
}

/* The UTF-8 texts of a list or tuple of str, alive as long as its members are. NULL with an exception set. */
static const char **texts_of(PyObject *sequence, size_t *count) {
    Py_ssize_t size = PySequence_Size(sequence);
    if (size < 0) return NULL;
    const char **texts = PyMem_Calloc((size_t)size + 1, sizeof *texts);
    if (texts == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *item = PySequence_GetItem(sequence, i);
        Py_ssize_t length = 0;
        texts[i] = item != NULL ? PyUnicode_AsUTF8AndSize(item, &length) : NULL;
        Py_XDECREF(item);
        if (texts[i] != NULL && strlen(texts[i]) != (size_t)length) {
            texts[i] = NULL;
            PyErr_SetString(PyExc_ValueError, "embedded null character");
        }
        if (texts[i] == NULL) {
            PyMem_Free(texts);
            return NULL;
        }
    }
    *count = (size_t)size;
    return texts;
}

static PyObject *model_compile(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    lepton_compile_options options;
    lepton_compile_options_init(&options);
    PyObject *metrics, *weighted;
    if (!PyArg_ParseTuple(arguments, "O&szO!O!|z", core_model_converter, &model, &options.optimizer, &options.loss,
                          &PyTuple_Type, &metrics, &PyTuple_Type, &weighted, &options.loss_weights))
        return NULL;
    const char **metric_texts = texts_of(metrics, &options.metric_count);
    const char **weighted_texts = metric_texts ? texts_of(weighted, &options.weighted_metric_count) : NULL;
    PyObject *result = NULL;
    if (weighted_texts != NULL) {
        options.metrics = metric_texts;
        options.weighted_metrics = weighted_texts;
        lepton_error *error = NULL;
        lepton_status status;
        Py_BEGIN_ALLOW_THREADS status = lepton_model_compile(model, &options, &error);
        Py_END_ALLOW_THREADS result = none_or_raise(status, error);
    }
    PyMem_Free(metric_texts);
    PyMem_Free(weighted_texts);
    return result;
}

static lepton_status query_compile_config(void *context, char *buffer, size_t capacity, size_t *length,
                                          lepton_error **error) {
    return lepton_model_get_compile_config(context, buffer, capacity, length, error);
}

static PyObject *model_get_compile_config(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    if (!PyArg_ParseTuple(arguments, "O&", core_model_converter, &model)) return NULL;
    return core_text(query_compile_config, model);
}

static PyObject *model_get_learning_rate(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    if (!PyArg_ParseTuple(arguments, "O&", core_model_converter, &model)) return NULL;
    double value = 0;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_get_learning_rate(model, &value, &error);
    Py_END_ALLOW_THREADS return status == LEPTON_OK ? PyFloat_FromDouble(value) : core_raise(status, error);
}

static PyObject *model_set_learning_rate(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    double value;
    if (!PyArg_ParseTuple(arguments, "O&d", core_model_converter, &model, &value)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_set_learning_rate(model, value, &error);
    Py_END_ALLOW_THREADS return none_or_raise(status, error);
}

typedef lepton_status (*count_call)(lepton_model *, size_t *, lepton_error **);
typedef lepton_status (*info_call)(lepton_model *, size_t, lepton_weight_info *, lepton_error **);

static PyObject *counted(PyObject *arguments, count_call call) {
    lepton_model *model;
    if (!PyArg_ParseTuple(arguments, "O&", core_model_converter, &model)) return NULL;
    size_t count = 0;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = call(model, &count, &error);
    Py_END_ALLOW_THREADS return status == LEPTON_OK ? PyLong_FromSize_t(count) : core_raise(status, error);
}

static PyObject *described(PyObject *arguments, info_call call) {
    lepton_model *model;
    Py_ssize_t index;
    if (!PyArg_ParseTuple(arguments, "O&n", core_model_converter, &model, &index)) return NULL;
    lepton_weight_info info = {.struct_size = sizeof info};
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = call(model, (size_t)index, &info, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    PyObject *name = PyUnicode_DecodeUTF8(info.name, (Py_ssize_t)strlen(info.name), "replace");
    PyObject *shape = core_shape(info.shape, info.ndim);
    if (name == NULL || shape == NULL) {
        Py_XDECREF(name);
        Py_XDECREF(shape);
        return NULL;
    }
    return Py_BuildValue("NNN", name, shape, PyBool_FromLong(info.trainable));
}

static PyObject *model_weight_count(PyObject *self, PyObject *arguments) {
    (void)self;
    return counted(arguments, lepton_model_weight_count);
}

static PyObject *model_weight_info(PyObject *self, PyObject *arguments) {
    (void)self;
    return described(arguments, lepton_model_weight_info);
}

static PyObject *model_optimizer_weight_count(PyObject *self, PyObject *arguments) {
    (void)self;
    return counted(arguments, lepton_model_optimizer_weight_count);
}

static PyObject *model_optimizer_weight_info(PyObject *self, PyObject *arguments) {
    (void)self;
    return described(arguments, lepton_model_optimizer_weight_info);
}

typedef lepton_status (*weights_call)(lepton_model *, const lepton_tensor_view *, size_t, lepton_error **);

static PyObject *with_weights(PyObject *arguments, weights_call call, int writable) {
    lepton_model *model;
    PyObject *arrays;
    if (!PyArg_ParseTuple(arguments, "O&O", core_model_converter, &model, &arrays)) return NULL;
    core_tensors tensors;
    if (core_tensors_acquire(&tensors, arrays, writable, "weights") < 0) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = call(model, tensors.views, tensors.count, &error);
    Py_END_ALLOW_THREADS core_tensors_release(&tensors);
    return none_or_raise(status, error);
}

static PyObject *model_get_weights(PyObject *self, PyObject *arguments) {
    (void)self;
    return with_weights(arguments, lepton_model_get_weights, 1);
}

static PyObject *model_set_weights(PyObject *self, PyObject *arguments) {
    (void)self;
    return with_weights(arguments, lepton_model_set_weights, 0);
}

static PyObject *model_get_optimizer_weights(PyObject *self, PyObject *arguments) {
    (void)self;
    return with_weights(arguments, lepton_model_get_optimizer_weights, 1);
}

static PyObject *model_set_optimizer_weights(PyObject *self, PyObject *arguments) {
    (void)self;
    return with_weights(arguments, lepton_model_set_optimizer_weights, 0);
}

static PyObject *model_get_iterations(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    if (!PyArg_ParseTuple(arguments, "O&", core_model_converter, &model)) return NULL;
    uint64_t value = 0;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_get_iterations(model, &value, &error);
    Py_END_ALLOW_THREADS return status == LEPTON_OK ? PyLong_FromUnsignedLongLong(value) : core_raise(status, error);
}

static PyObject *model_set_iterations(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    unsigned long long value;
    if (!PyArg_ParseTuple(arguments, "O&K", core_model_converter, &model, &value)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_set_iterations(model, value, &error);
    Py_END_ALLOW_THREADS return none_or_raise(status, error);
}

typedef lepton_status (*path_call)(lepton_model *, const char *, lepton_error **);

static PyObject *with_path(PyObject *arguments, path_call call) {
    lepton_model *model;
    const char *path;
    if (!PyArg_ParseTuple(arguments, "O&s", core_model_converter, &model, &path)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = call(model, path, &error);
    Py_END_ALLOW_THREADS return none_or_raise(status, error);
}

static PyObject *model_save(PyObject *self, PyObject *arguments) {
    (void)self;
    return with_path(arguments, lepton_model_save);
}

static PyObject *model_load_state(PyObject *self, PyObject *arguments) {
    (void)self;
    return with_path(arguments, lepton_model_load_state);
}

static PyObject *model_load(PyObject *self, PyObject *arguments) {
    (void)self;
    const char *path;
    if (!PyArg_ParseTuple(arguments, "s", &path)) return NULL;
    lepton_model *model = NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_load(path, &model, &error);
    Py_END_ALLOW_THREADS return status == LEPTON_OK ? core_handle_new(core_model_name, model)
                                                    : core_raise(status, error);
}

PyMethodDef core_model_methods[] = {
    {"model_create", model_create, METH_VARARGS, NULL},
    {"model_create_from_config", model_create_from_config, METH_VARARGS, NULL},
    {"model_set_seed", model_set_seed, METH_VARARGS, NULL},
    {"model_add_layer", model_add_layer, METH_VARARGS, NULL},
    {"model_build", model_build, METH_VARARGS, NULL},
    {"model_get_config", model_get_config, METH_VARARGS, NULL},
    {"model_summary", model_summary, METH_VARARGS, NULL},
    {"model_io_count", model_io_count, METH_VARARGS, NULL},
    {"model_input_shape", model_input_shape, METH_VARARGS, NULL},
    {"model_output_shape", model_output_shape, METH_VARARGS, NULL},
    {"model_compile", model_compile, METH_VARARGS, NULL},
    {"model_get_compile_config", model_get_compile_config, METH_VARARGS, NULL},
    {"model_get_learning_rate", model_get_learning_rate, METH_VARARGS, NULL},
    {"model_set_learning_rate", model_set_learning_rate, METH_VARARGS, NULL},
    {"model_weight_count", model_weight_count, METH_VARARGS, NULL},
    {"model_weight_info", model_weight_info, METH_VARARGS, NULL},
    {"model_get_weights", model_get_weights, METH_VARARGS, NULL},
    {"model_set_weights", model_set_weights, METH_VARARGS, NULL},
    {"model_save", model_save, METH_VARARGS, NULL},
    {"model_load", model_load, METH_VARARGS, NULL},
    {"model_load_state", model_load_state, METH_VARARGS, NULL},
    {"model_optimizer_weight_count", model_optimizer_weight_count, METH_VARARGS, NULL},
    {"model_optimizer_weight_info", model_optimizer_weight_info, METH_VARARGS, NULL},
    {"model_get_optimizer_weights", model_get_optimizer_weights, METH_VARARGS, NULL},
    {"model_set_optimizer_weights", model_set_optimizer_weights, METH_VARARGS, NULL},
    {"model_get_iterations", model_get_iterations, METH_VARARGS, NULL},
    {"model_set_iterations", model_set_iterations, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};
