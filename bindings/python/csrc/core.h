/* What the files of the _core extension share. Python.h comes first, as its documentation asks. */
#ifndef LEPTONAI_CORE_H
#define LEPTONAI_CORE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "lepton.h"

/* ---- errors.c */

/* Raises the exception that leptonai.errors has for `status`, takes `error` over, and returns NULL. */
PyObject *core_raise(lepton_status status, lepton_error *error);

/* Raises the exception for a fault found in this extension. Returns NULL. */
PyObject *core_raise_argument(lepton_status status, const char *argument, const char *expected, const char *received);

/* ---- handles.c */

extern const char core_client_name[], core_allocation_name[], core_model_name[], core_history_name[],
    core_cancel_name[], core_adapter_name[], core_store_name[];

/* A capsule that gives `handle` back to the library when it dies, but never in a forked child: there the
 * library's threads do not exist, and the parent still owns what the handle stands for. */
PyObject *core_handle_new(const char *name, void *handle);

/* PyArg converters ("O&") from such a capsule; the `_or_none` forms give NULL for None. */
int core_client_converter(PyObject *object, void *out);
int core_model_converter(PyObject *object, void *out);
int core_history_converter(PyObject *object, void *out);
int core_allocation_converter(PyObject *object, void *out);
int core_allocation_or_none_converter(PyObject *object, void *out);
int core_cancel_converter(PyObject *object, void *out);
int core_cancel_or_none_converter(PyObject *object, void *out);
int core_adapter_converter(PyObject *object, void *out);
int core_store_converter(PyObject *object, void *out);

/* ---- blob.c */

/* A memoryview of a blob, which it takes over. */
PyObject *core_blob_new(lepton_blob *blob, const void *data, size_t size);

/* ---- tensors.c */

enum { CORE_MAX_RANK = 8, CORE_INLINE_TENSORS = 4 };

/* An array borrowed through the buffer protocol. */
typedef struct {
    Py_buffer buffer;
    int64_t shape[CORE_MAX_RANK];
    int64_t strides[CORE_MAX_RANK];
    const char **texts; /* of an array of str: their UTF-8, which the str objects own */
} core_tensor;

/* Several of them, with the views that the library takes. */
typedef struct {
    size_t count;    /* entries of `views` that are to be passed on */
    size_t acquired; /* buffers to release */
    core_tensor *tensors;
    lepton_tensor_view *views;
    core_tensor inline_tensors[CORE_INLINE_TENSORS];
    lepton_tensor_view inline_views[CORE_INLINE_TENSORS];
} core_tensors;

/* Borrows every array of a tuple or list. On failure nothing is held and an exception is set. */
int core_tensors_acquire(core_tensors *tensors, PyObject *sequence, int writable, const char *argument);
/* Borrows one array, or every array of a tuple; None gives no view (`count` 0). */
int core_tensors_acquire_optional(core_tensors *tensors, PyObject *object, const char *argument);
void core_tensors_release(core_tensors *tensors);

/* ---- model.c */

/* A tuple of extents. */
PyObject *core_shape(const int64_t *shape, int32_t rank);

/* ---- text.c */

/* Reads a text of the size-query form: `query` is called until its buffer is large enough. */
typedef lepton_status (*core_text_query)(void *context, char *buffer, size_t capacity, size_t *length,
                                         lepton_error **error);
PyObject *core_text(core_text_query query, void *context);

/* ---- progress.c */

/* What the progress trampoline carries from one step to the next. */
typedef struct {
    PyThreadState *thread; /* of the call, while the GIL is released */
    PyObject *callback;    /* borrowed; NULL: signals only */
    unsigned events;       /* bit per lepton_progress_event that the callback wants */
    double batch_interval; /* seconds between two BATCH_END calls; 0: each */
    double last_batch;
    double last_signal_check;
    int failed; /* an exception waits in the next three */
    PyObject *type, *value, *traceback;
} core_progress;

void core_progress_begin(core_progress *progress, PyObject *callback, unsigned events, double batch_interval);
int32_t core_progress_step(const lepton_progress *step, void *context);
/* The exception that stopped the call, as a new reference, or None. */
PyObject *core_progress_exception(core_progress *progress);
void core_progress_end(core_progress *progress);

/* ---- training.c */

/* A dict of int to float as two arrays. */
typedef struct {
    int64_t *classes;
    double *values;
    size_t count;
} core_class_weights;

/* None gives none. On failure nothing is held and an exception is set. */
int core_class_weights_read(core_class_weights *weights, PyObject *dict);
void core_class_weights_free(core_class_weights *weights);

/* What fit and evaluate answer: (history or None, exception of a callback or signal, or None). */
PyObject *core_history_outcome(core_progress *progress, lepton_status status, lepton_history *history,
                               lepton_error *error);

/* ---- the functions, by section of lepton.h */
extern PyMethodDef core_client_methods[], core_allocation_methods[], core_host_allocator_methods[],
    core_model_methods[], core_graph_methods[], core_training_methods[], core_history_methods[], core_batch_methods[],
    core_adapter_methods[], core_sequence_methods[], core_store_methods[], core_usage_methods[];

#endif
