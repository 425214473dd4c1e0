/* Single batches and data sources of section "training" of lepton.h. */
#include "core.h"

#include <string.h>

typedef lepton_status (*batch_call)(lepton_model *, const lepton_tensor_view *, size_t, const lepton_tensor_view *,
                                    size_t, const lepton_batch_options *, double *, size_t, size_t *, lepton_error **);

enum { INLINE_METRICS = 64 };

/* Makes the call again with room for all numbers if there are more than fit: a call that lacks room does nothing. */
static PyObject *numbers_of(batch_call call, lepton_model *model, const core_tensors *x, const core_tensors *y,
                            const lepton_batch_options *options) {
    double inline_values[INLINE_METRICS], *values = inline_values, *more = NULL;
    size_t capacity = INLINE_METRICS, count = 0;
    lepton_status status;
    lepton_error *error;
    for (;;) {
        error = NULL;
        Py_BEGIN_ALLOW_THREADS status =
            call(model, x->views, x->count, y->views, y->count, options, values, capacity, &count, &error);
        Py_END_ALLOW_THREADS const char *argument = lepton_error_argument(error);
        if (status == LEPTON_OK || argument == NULL || strcmp(argument, "capacity") != 0 || capacity > 1 << 16) break;
        lepton_error_release(error);
        capacity *= 8;
        PyMem_Free(more);
        more = values = PyMem_Calloc(capacity, sizeof *values);
        if (values == NULL) return PyErr_NoMemory();
    }
    PyObject *result = NULL;
    if (status != LEPTON_OK) {
        core_raise(status, error);
    } else {
        result = PyList_New((Py_ssize_t)count);
        for (size_t i = 0; result != NULL && i < count; i++) {
            PyObject *value = PyFloat_FromDouble(values[i]);
            if (value == NULL || PyList_SetItem(result, (Py_ssize_t)i, value) < 0) Py_CLEAR(result);
        }
    }
    PyMem_Free(more);
    return result;
}

static PyObject *on_batch(PyObject *arguments, batch_call call) {
    lepton_model *model;
    PyObject *x_arrays, *y_arrays, *weight_arrays, *class_weights;
    lepton_batch_options options;
    lepton_batch_options_init(&options);
    if (!PyArg_ParseTuple(arguments, "O&OOOOi", core_model_converter, &model, &x_arrays, &y_arrays, &weight_arrays,
                          &class_weights, &options.nonfinite))
        return NULL;
    core_tensors x, y, weights;
    core_class_weights by_class;
    PyObject *result = NULL;
    if (core_tensors_acquire(&x, x_arrays, 0, "x") < 0) return NULL;
    if (core_tensors_acquire(&y, y_arrays, 0, "y") < 0) goto release_x;
    if (core_tensors_acquire(&weights, weight_arrays, 0, "sample_weight") < 0) goto release_y;
    if (core_class_weights_read(&by_class, class_weights) == 0) {
        options.sample_weight = weights.count ? weights.views : NULL;
        options.sample_weight_count = weights.count;
        options.class_weight_classes = by_class.classes;
        options.class_weight_values = by_class.values;
        options.class_weight_count = by_class.count;
        result = numbers_of(call, model, &x, &y, &options);
        core_class_weights_free(&by_class);
    }
    core_tensors_release(&weights);
release_y:
    core_tensors_release(&y);
release_x:
    core_tensors_release(&x);
    return result;
}

static PyObject *model_train_on_batch(PyObject *self, PyObject *arguments) {
    (void)self;
    return on_batch(arguments, lepton_model_train_on_batch);
}

static PyObject *model_test_on_batch(PyObject *self, PyObject *arguments) {
    (void)self;
    return on_batch(arguments, lepton_model_test_on_batch);
}

typedef struct {
    lepton_model *model;
    size_t index;
} name_query;

static lepton_status query_name(void *context, char *buffer, size_t capacity, size_t *length, lepton_error **error) {
    const name_query *query = context;
    return lepton_model_batch_metric_name(query->model, query->index, buffer, capacity, length, error);
}

static PyObject *model_batch_metric_name(PyObject *self, PyObject *arguments) {
    (void)self;
    name_query query;
    Py_ssize_t index;
    if (!PyArg_ParseTuple(arguments, "O&n", core_model_converter, &query.model, &index)) return NULL;
    query.index = (size_t)index;
    return core_text(query_name, &query);
}

static PyObject *model_reset_metrics(PyObject *self, PyObject *arguments) {
    (void)self;
    lepton_model *model;
    if (!PyArg_ParseTuple(arguments, "O&", core_model_converter, &model)) return NULL;
    lepton_error *error = NULL;
    lepton_status status;
    Py_BEGIN_ALLOW_THREADS status = lepton_model_reset_metrics(model, &error);
    Py_END_ALLOW_THREADS if (status != LEPTON_OK) return core_raise(status, error);
    Py_RETURN_NONE;
}

/* A Python function that gives batches, and the batch it gave last. */
typedef struct {
    core_progress *progress;
    PyObject *next; /* borrowed: () -> (x, y, sample_weight), each a tuple of arrays, or None at the end */
    PyObject *batch;
    core_tensors x, y, weights;
    int holds;
} feeder;

static void let_go(feeder *f) {
    if (f->holds) {
        core_tensors_release(&f->x);
        core_tensors_release(&f->y);
        core_tensors_release(&f->weights);
        f->holds = 0;
    }
    Py_CLEAR(f->batch);
}

/* Takes the next batch: 1, 0 at the end, or -1 with an exception set. */
static int take(feeder *f) {
    let_go(f);
    f->batch = PyObject_CallNoArgs(f->next);
    if (f->batch == NULL) return -1;
    if (f->batch == Py_None) return 0;
    PyObject *x, *y, *weights;
    if (!PyArg_ParseTuple(f->batch, "OOO;a batch is x, y and sample weights", &x, &y, &weights)) return -1;
    if (core_tensors_acquire(&f->x, x, 0, "x") < 0) return -1;
    if (core_tensors_acquire(&f->y, y, 0, "y") < 0) goto release_x;
    if (core_tensors_acquire(&f->weights, weights, 0, "sample_weight") < 0) goto release_y;
    f->holds = 1;
    return 1;
release_y:
    core_tensors_release(&f->y);
release_x:
    core_tensors_release(&f->x);
    return -1;
}

static int32_t feed(lepton_batch *batch, void *context) {
    feeder *f = context;
    core_progress *progress = f->progress;
    if (progress->failed) return -1;
    PyEval_RestoreThread(progress->thread);
    int answer = PyErr_CheckSignals() < 0 ? -1 : take(f);
    if (answer < 0) {
        PyErr_Fetch(&progress->type, &progress->value, &progress->traceback);
        progress->failed = 1;
    }
    progress->thread = PyEval_SaveThread();
    if (answer != 1) return answer;
    batch->x = f->x.views;
    batch->x_count = f->x.count;
    batch->y = f->y.views;
    batch->y_count = f->y.count;
    batch->sample_weight = f->weights.count ? f->weights.views : NULL;
    batch->sample_weight_count = f->weights.count;
    return 1;
}

static PyObject *client_fit_source(PyObject *self, PyObject *arguments, PyObject *keywords) {
    (void)self;
    static char *names[] = {"client",        "model",
                            "source",        "epochs",
                            "initial_epoch", "steps_per_epoch",
                            "validation",    "nonfinite",
                            "class_weight",  "validation_steps",
                            "allocation",    "progress",
                            "events",        "batch_interval",
                            "cancel",        NULL};
    lepton_client *client;
    lepton_model *model;
    lepton_source_options options;
    lepton_source_options_init(&options);
    PyObject *source, *validation, *class_weights, *callback;
    unsigned events;
    double batch_interval;
    long long steps, validation_steps;
    if (!PyArg_ParseTupleAndKeywords(
            arguments, keywords, "O&O&OiiLOiOLO&OIdO&:client_fit_source", names, core_client_converter, &client,
            core_model_converter, &model, &source, &options.epochs, &options.initial_epoch, &steps, &validation,
            &options.nonfinite, &class_weights, &validation_steps, core_allocation_or_none_converter,
            &options.allocation, &callback, &events, &batch_interval, core_cancel_or_none_converter, &options.cancel))
        return NULL;
    core_class_weights by_class;
    if (core_class_weights_read(&by_class, class_weights) < 0) return NULL;
    core_progress progress;
    core_progress_begin(&progress, callback, events, batch_interval);
    feeder train = {.progress = &progress, .next = source}, measured = {.progress = &progress, .next = validation};
    options.steps_per_epoch = steps;
    options.validation_steps = validation_steps;
    options.validation = validation == Py_None ? NULL : feed;
    options.validation_context = &measured;
    options.class_weight_classes = by_class.classes;
    options.class_weight_values = by_class.values;
    options.class_weight_count = by_class.count;
    options.progress = core_progress_step;
    options.progress_context = &progress;
    lepton_history *history = NULL;
    lepton_error *error = NULL;
    progress.thread = PyEval_SaveThread();
    lepton_status status = lepton_client_fit_source(client, model, feed, &train, &options, &history, &error);
    PyEval_RestoreThread(progress.thread);
    let_go(&train);
    let_go(&measured);
    core_class_weights_free(&by_class);
    return core_history_outcome(&progress, status, history, error);
}

static PyObject *client_evaluate_source(PyObject *self, PyObject *arguments, PyObject *keywords) {
    (void)self;
    static char *names[] = {"client",   "model",  "source",         "steps",  "nonfinite", "allocation",
                            "progress", "events", "batch_interval", "cancel", NULL};
    lepton_client *client;
    lepton_model *model;
    lepton_run_options options;
    lepton_run_options_init(&options);
    PyObject *source, *callback;
    unsigned events;
    double batch_interval;
    long long steps;
    if (!PyArg_ParseTupleAndKeywords(
            arguments, keywords, "O&O&OLiO&OIdO&:client_evaluate_source", names, core_client_converter, &client,
            core_model_converter, &model, &source, &steps, &options.nonfinite, core_allocation_or_none_converter,
            &options.allocation, &callback, &events, &batch_interval, core_cancel_or_none_converter, &options.cancel))
        return NULL;
    core_progress progress;
    core_progress_begin(&progress, callback, events, batch_interval);
    feeder measured = {.progress = &progress, .next = source};
    options.progress = core_progress_step;
    options.progress_context = &progress;
    lepton_history *history = NULL;
    lepton_error *error = NULL;
    progress.thread = PyEval_SaveThread();
    lepton_status status =
        lepton_client_evaluate_source(client, model, feed, &measured, steps, &options, &history, &error);
    PyEval_RestoreThread(progress.thread);
    let_go(&measured);
    return core_history_outcome(&progress, status, history, error);
}

PyMethodDef core_batch_methods[] = {
    {"model_train_on_batch", model_train_on_batch, METH_VARARGS, NULL},
    {"model_test_on_batch", model_test_on_batch, METH_VARARGS, NULL},
    {"model_batch_metric_name", model_batch_metric_name, METH_VARARGS, NULL},
    {"model_reset_metrics", model_reset_metrics, METH_VARARGS, NULL},
    {"client_fit_source", (PyCFunction)(void (*)(void))client_fit_source, METH_VARARGS | METH_KEYWORDS, NULL},
    {"client_evaluate_source", (PyCFunction)(void (*)(void))client_evaluate_source, METH_VARARGS | METH_KEYWORDS, NULL},
    {NULL, NULL, 0, NULL},
};
