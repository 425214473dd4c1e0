/* fit, evaluate and predict of section "training" of lepton.h. */
#include "core.h"

enum { ARRAYS_OF_FIT = 6 };

/* (x, y), both acquired, or neither and an exception. */
static int acquire_pair(core_tensors *x, PyObject *x_arrays, core_tensors *y, PyObject *y_arrays) {
    if (core_tensors_acquire(x, x_arrays, 0, "x") < 0) return -1;
    if (core_tensors_acquire(y, y_arrays, 0, "y") == 0) return 0;
    core_tensors_release(x);
    return -1;
}

/* What a long call answers: (result, exception of a callback or signal, or None). */
static PyObject *outcome(core_progress *progress, PyObject *result) {
    PyObject *exception = core_progress_exception(progress);
    core_progress_end(progress);
    if (result != NULL) return Py_BuildValue("NN", result, exception);
    Py_DECREF(exception);
    return NULL;
}

PyObject *core_history_outcome(core_progress *progress, lepton_status status, lepton_history *history,
                               lepton_error *error) {
    PyObject *result = status == LEPTON_OK ? core_handle_new(core_history_name, history) : NULL;
    if (status != LEPTON_OK && progress->failed) {
        /* The exception of the callback is the cause; what the library says of the stop is its consequence. */
        lepton_error_release(error);
        result = Py_None;
        Py_INCREF(result);
    } else if (status != LEPTON_OK) {
        core_raise(status, error);
    }
    return outcome(progress, result);
}

int core_class_weights_read(core_class_weights *weights, PyObject *dict) {
    *weights = (core_class_weights){0};
    if (dict == Py_None) return 0;
    Py_ssize_t size = PyDict_Size(dict), position = 0, i = 0;
    if (size < 0) return -1;
    weights->classes = PyMem_Calloc((size_t)size + 1, sizeof *weights->classes);
    weights->values = PyMem_Calloc((size_t)size + 1, sizeof *weights->values);
    weights->count = (size_t)size;
    PyObject *key, *value;
    int failed = weights->classes == NULL || weights->values == NULL;
    if (failed) PyErr_NoMemory();
    while (!failed && PyDict_Next(dict, &position, &key, &value)) {
        weights->classes[i] = PyLong_AsLongLong(key);
        failed = weights->classes[i] == -1 && PyErr_Occurred();
        if (!failed) weights->values[i] = PyFloat_AsDouble(value);
        failed = failed || PyErr_Occurred();
        i++;
    }
    if (failed) core_class_weights_free(weights);
    return failed ? -1 : 0;
}

void core_class_weights_free(core_class_weights *weights) {
    PyMem_Free(weights->classes);
    PyMem_Free(weights->values);
    *weights = (core_class_weights){0};
}

static PyObject *client_fit(PyObject *self, PyObject *arguments, PyObject *keywords) {
    (void)self;
    static char *names[] = {
        "client",
        "model",
        "x",
        "y",
        "batch_size",
        "epochs",
        "initial_epoch",
        "shuffle",
        "validation_split",
        "validation_x",
        "validation_y",
        "validation_sample_weight",
        "validation_batch_size",
        "nonfinite",
        "sample_weight",
        "class_weight",
        "allocation",
        "store_name",
        "progress",
        "events",
        "batch_interval",
        "cancel",
        "checkpoint_name",
        "checkpoint_steps",
        "checkpoint_seconds",
        "autoscale",
        NULL,
    };
    lepton_client *client;
    lepton_model *model;
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    PyObject *arrays[ARRAYS_OF_FIT], *weights, *callback;
    unsigned events;
    double batch_interval;
    long long checkpoint_steps;
    if (!PyArg_ParseTupleAndKeywords(
            arguments, keywords, "O&O&OOiiipdOOOiiOOO&zOIdO&zLdp:client_fit", names, core_client_converter, &client,
            core_model_converter, &model, &arrays[0], &arrays[1], &options.batch_size, &options.epochs,
            &options.initial_epoch, &options.shuffle, &options.validation_split, &arrays[2], &arrays[3], &arrays[4],
            &options.validation_batch_size, &options.nonfinite, &arrays[5], &weights, core_allocation_or_none_converter,
            &options.allocation, &options.store_name, &callback, &events, &batch_interval,
            core_cancel_or_none_converter, &options.cancel, &options.checkpoint_name, &checkpoint_steps,
            &options.checkpoint_seconds, &options.autoscale))
        return NULL;
    options.checkpoint_steps = checkpoint_steps;

    core_tensors x, y, validation_x, validation_y, validation_weight, weight;
    PyObject *result = NULL;
    if (acquire_pair(&x, arrays[0], &y, arrays[1]) < 0) return NULL;
    if (acquire_pair(&validation_x, arrays[2], &validation_y, arrays[3]) < 0) goto release_training;
    if (core_tensors_acquire_optional(&validation_weight, arrays[4], "validation_sample_weight") < 0)
        goto release_validation;
    if (core_tensors_acquire_optional(&weight, arrays[5], "sample_weight") < 0) goto release_validation_weight;
    if (validation_x.count > 0 && (validation_x.count != x.count || validation_y.count != y.count)) {
        core_raise_argument(LEPTON_INVALID_ARGUMENT, "validation_data", "as many arrays as x and y", "other counts");
        goto release_weight;
    }
    core_class_weights by_class;
    if (core_class_weights_read(&by_class, weights) == 0) {
        options.class_weight_classes = by_class.classes;
        options.class_weight_values = by_class.values;
        options.class_weight_count = by_class.count;
        options.validation_x = validation_x.count ? validation_x.views : NULL;
        options.validation_y = validation_y.count ? validation_y.views : NULL;
        options.validation_sample_weight = validation_weight.count ? validation_weight.views : NULL;
        options.validation_sample_weight_count = validation_weight.count;
        options.sample_weight = weight.count ? weight.views : NULL;
        options.sample_weight_count = weight.count;
        core_progress progress;
        core_progress_begin(&progress, callback, events, batch_interval);
        options.progress = core_progress_step;
        options.progress_context = &progress;
        lepton_history *history = NULL;
        lepton_error *error = NULL;
        progress.thread = PyEval_SaveThread();
        lepton_status status =
            lepton_client_fit(client, model, x.views, x.count, y.views, y.count, &options, &history, &error);
        PyEval_RestoreThread(progress.thread);
        result = core_history_outcome(&progress, status, history, error);
        core_class_weights_free(&by_class);
    }
release_weight:
    core_tensors_release(&weight);
release_validation_weight:
    core_tensors_release(&validation_weight);
release_validation:
    core_tensors_release(&validation_x);
    core_tensors_release(&validation_y);
release_training:
    core_tensors_release(&x);
    core_tensors_release(&y);
    return result;
}

static PyObject *client_evaluate(PyObject *self, PyObject *arguments, PyObject *keywords) {
    (void)self;
    static char *names[] = {"client",         "model",         "x",          "y",        "batch_size",
                            "nonfinite",      "sample_weight", "allocation", "progress", "events",
                            "batch_interval", "cancel",        NULL};
    lepton_client *client;
    lepton_model *model;
    lepton_run_options options;
    lepton_run_options_init(&options);
    PyObject *x_arrays, *y_arrays, *weights, *callback;
    unsigned events;
    double batch_interval;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&O&OOiiOO&OIdO&:client_evaluate", names,
                                     core_client_converter, &client, core_model_converter, &model, &x_arrays, &y_arrays,
                                     &options.batch_size, &options.nonfinite, &weights,
                                     core_allocation_or_none_converter, &options.allocation, &callback, &events,
                                     &batch_interval, core_cancel_or_none_converter, &options.cancel))
        return NULL;
    core_tensors x, y, weight;
    PyObject *result = NULL;
    if (acquire_pair(&x, x_arrays, &y, y_arrays) < 0) return NULL;
    if (core_tensors_acquire_optional(&weight, weights, "sample_weight") == 0) {
        options.sample_weight = weight.count ? weight.views : NULL;
        options.sample_weight_count = weight.count;
        core_progress progress;
        core_progress_begin(&progress, callback, events, batch_interval);
        options.progress = core_progress_step;
        options.progress_context = &progress;
        lepton_history *history = NULL;
        lepton_error *error = NULL;
        progress.thread = PyEval_SaveThread();
        lepton_status status =
            lepton_client_evaluate(client, model, x.views, x.count, y.views, y.count, &options, &history, &error);
        PyEval_RestoreThread(progress.thread);
        result = core_history_outcome(&progress, status, history, error);
        core_tensors_release(&weight);
    }
    core_tensors_release(&x);
    core_tensors_release(&y);
    return result;
}

static PyObject *client_predict(PyObject *self, PyObject *arguments, PyObject *keywords) {
    (void)self;
    static char *names[] = {"client",     "model",    "x",      "outputs",        "batch_size", "nonfinite",
                            "allocation", "progress", "events", "batch_interval", "cancel",     NULL};
    lepton_client *client;
    lepton_model *model;
    lepton_run_options options;
    lepton_run_options_init(&options);
    PyObject *x_arrays, *output_arrays, *callback;
    unsigned events;
    double batch_interval;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&O&OOiiO&OIdO&:client_predict", names,
                                     core_client_converter, &client, core_model_converter, &model, &x_arrays,
                                     &output_arrays, &options.batch_size, &options.nonfinite,
                                     core_allocation_or_none_converter, &options.allocation, &callback, &events,
                                     &batch_interval, core_cancel_or_none_converter, &options.cancel))
        return NULL;
    core_tensors x, outputs;
    if (core_tensors_acquire(&x, x_arrays, 0, "x") < 0) return NULL;
    PyObject *result = NULL;
    if (core_tensors_acquire(&outputs, output_arrays, 1, "outputs") == 0) {
        core_progress progress;
        core_progress_begin(&progress, callback, events, batch_interval);
        options.progress = core_progress_step;
        options.progress_context = &progress;
        lepton_error *error = NULL;
        progress.thread = PyEval_SaveThread();
        lepton_status status =
            lepton_client_predict(client, model, x.views, x.count, outputs.views, outputs.count, &options, &error);
        PyEval_RestoreThread(progress.thread);
        result = core_progress_exception(&progress);
        if (status != LEPTON_OK && !progress.failed) {
            Py_CLEAR(result);
            core_raise(status, error);
        } else {
            lepton_error_release(error);
        }
        core_progress_end(&progress);
        core_tensors_release(&outputs);
    }
    core_tensors_release(&x);
    return result;
}

/* The shortest way to a prediction: no keywords, no callback. */
static PyObject *model_predict(PyObject *self, PyObject *const *arguments, Py_ssize_t count) {
    (void)self;
    lepton_model *model;
    if (count != 3) return PyErr_Format(PyExc_TypeError, "model_predict takes a model, inputs and outputs");
    if (!core_model_converter(arguments[0], &model)) return NULL;
    core_tensors x, outputs;
    if (core_tensors_acquire(&x, arguments[1], 0, "x") < 0) return NULL;
    if (core_tensors_acquire(&outputs, arguments[2], 1, "outputs") < 0) {
        core_tensors_release(&x);
        return NULL;
    }
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_predict(model, x.views, x.count, outputs.views, outputs.count, &error);
    Py_END_ALLOW_THREADS core_tensors_release(&outputs);
    core_tensors_release(&x);
    if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

PyMethodDef core_training_methods[] = {
    {"client_fit", (PyCFunction)(void (*)(void))client_fit, METH_VARARGS | METH_KEYWORDS, NULL},
    {"client_evaluate", (PyCFunction)(void (*)(void))client_evaluate, METH_VARARGS | METH_KEYWORDS, NULL},
    {"client_predict", (PyCFunction)(void (*)(void))client_predict, METH_VARARGS | METH_KEYWORDS, NULL},
    {"model_predict", (PyCFunction)(void (*)(void))model_predict, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};
