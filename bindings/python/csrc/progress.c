#include "core.h"

#include <time.h>

/* Ctrl-C is answered within a step and this many seconds; looking costs the GIL, so not at every step. */
static const double signal_interval = 0.02;

static double monotonic_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void core_progress_begin(core_progress *progress, PyObject *callback, unsigned events, double batch_interval) {
    *progress = (core_progress){
        .callback = callback == Py_None ? NULL : callback,
        .events = events,
        .batch_interval = batch_interval,
    };
    progress->last_batch = progress->last_signal_check = monotonic_seconds();
}

static PyObject *logs_of(const lepton_progress *step) {
    PyObject *logs = PyDict_New();
    for (size_t i = 0; logs != NULL && i < step->count; i++) {
        PyObject *value = PyFloat_FromDouble(step->values[i]);
        if (value == NULL || PyDict_SetItemString(logs, step->names[i], value) < 0) Py_CLEAR(logs);
        Py_XDECREF(value);
    }
    return logs;
}

/* Calls the Python callback; its answer, true to stop, or -1 with an exception set. */
static int call_back(core_progress *progress, const lepton_progress *step) {
    PyObject *logs = logs_of(step);
    if (logs == NULL) return -1;
    PyObject *answer = PyObject_CallFunction(progress->callback, "iiLLN", (int)step->event, (int)step->epoch,
                                             (long long)step->step, (long long)step->steps, logs);
    if (answer == NULL) return -1;
    int stop = PyObject_IsTrue(answer);
    Py_DECREF(answer);
    return stop;
}

int32_t core_progress_step(const lepton_progress *step, void *context) {
    core_progress *progress = context;
    if (progress->failed) return 1;
    double now = monotonic_seconds();
    /* A later library may report kinds of events that this file has not heard of. */
    int known = step->event >= LEPTON_TRAIN_BEGIN && step->event <= LEPTON_VALIDATION_END;
    int wanted = progress->callback != NULL && known && (progress->events >> step->event & 1u);
    if (wanted && step->event == LEPTON_BATCH_END && now - progress->last_batch < progress->batch_interval) wanted = 0;
    if (!wanted && now - progress->last_signal_check < signal_interval) return 0;

    PyEval_RestoreThread(progress->thread);
    progress->last_signal_check = now;
    if (wanted && step->event == LEPTON_BATCH_END) progress->last_batch = now;
    int stop = PyErr_CheckSignals();
    if (stop == 0 && wanted) stop = call_back(progress, step);
    if (stop < 0) {
        PyErr_Fetch(&progress->type, &progress->value, &progress->traceback);
        progress->failed = 1;
    }
    progress->thread = PyEval_SaveThread();
    return stop != 0;
}

PyObject *core_progress_exception(core_progress *progress) {
    if (!progress->failed) Py_RETURN_NONE;
    PyErr_NormalizeException(&progress->type, &progress->value, &progress->traceback);
    if (progress->traceback != NULL) PyException_SetTraceback(progress->value, progress->traceback);
    PyObject *value = progress->value;
    Py_INCREF(value);
    return value;
}

void core_progress_end(core_progress *progress) {
    Py_CLEAR(progress->type);
    Py_CLEAR(progress->value);
    Py_CLEAR(progress->traceback);
}
