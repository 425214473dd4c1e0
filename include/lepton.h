/*
 * lepton.h - the C interface of the Lepton SDK.
 *
 * Request compute and storage, train a Keras-style model on the allocated nodes, predict with it, account for its use.
 *
 * Conventions, said once:
 *
 *   Status      Every call that can fail returns a lepton_status (0 is success) and takes an optional trailing
 *               `lepton_error **error`. On failure, outputs are left as they were and, unless `error` is NULL,
 *               `*error` receives a new object that the caller releases. On success `*error` is not written.
 *   Handles     Opaque and counted: `_create`, `_load` and `_retain` give one reference, `_release` takes one
 *               away and accepts NULL. A child keeps its parent alive. A handle is a ticket, not an address: a
 *               released or foreign value is detected and answered with LEPTON_INVALID_HANDLE.
 *   Borrowing   Pointers given to a call are needed until it returns and no longer.
 *   Text        UTF-8, NUL-terminated. A `(char *buffer, size_t capacity, size_t *length)` triple is the
 *               size-query form: `*length` receives the bytes needed without the NUL; with `buffer` NULL or too
 *               small nothing else is written (too small: LEPTON_INVALID_ARGUMENT).
 *   Structs     Options structs begin with `struct_size`; their `_init` macro fills in the defaults, and tells the
 *               library the size that the program was built with (other languages call `_init_sized`): fields that
 *               the library does not know must be zero, those that the program does not know take their defaults.
 *   Threads     Calls on different objects may run at once. What one object allows is said at each call.
 *   Manners     Nothing is printed, no signal handler is installed, exit is never called.
 */
#ifndef LEPTON_H
#define LEPTON_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define LEPTON_API __declspec(dllimport)
#else
#define LEPTON_API __attribute__((visibility("default")))
#endif

#define LEPTON_VERSION_MAJOR 0
#define LEPTON_VERSION_MINOR 1
#define LEPTON_VERSION_PATCH 0
#define LEPTON_VERSION_STRING "0.1.0"

/** The ABI that this header describes; it grows by one when something is removed or changes its meaning. */
#define LEPTON_ABI_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- version */

/** The ABI version of the loaded library: compare with LEPTON_ABI_VERSION before any other call.
 *  Threads: concurrent. Since 0.1. */
LEPTON_API uint32_t lepton_abi_version(void);

/** The version of the loaded library, such as "0.1.0".
 *  Ownership: static text, never released. Threads: concurrent. Since 0.1. */
LEPTON_API const char *lepton_version(void);

/* ---------------------------------------------------------- status, error */

/** What a call came to. 0 is success; the numbers are never reused. */
typedef int32_t lepton_status;
enum {
    LEPTON_OK = 0,
    LEPTON_INVALID_ARGUMENT = 1,    /**< a value outside its documented range */
    LEPTON_SHAPE_MISMATCH = 2,      /**< shapes, ranks or lengths that do not fit each other */
    LEPTON_TYPE_MISMATCH = 3,       /**< an element type that the call does not take */
    LEPTON_NOT_FOUND = 4,           /**< a name, file or reference that does not exist */
    LEPTON_NOT_SUPPORTED = 5,       /**< not done by this version; the message says what to do instead */
    LEPTON_INVALID_STATE = 6,       /**< not built, not compiled, busy, or closed */
    LEPTON_INVALID_HANDLE = 7,      /**< NULL where a handle is needed, or one that was released */
    LEPTON_NON_FINITE = 8,          /**< NaN or infinity where finite numbers are required */
    LEPTON_OUT_OF_MEMORY = 9,       /**< more memory than there is, or a size that overflows */
    LEPTON_RESOURCE_EXHAUSTED = 10, /**< a resource request that cannot be granted */
    LEPTON_CANCELLED = 11,          /**< stopped through a cancel token */
    LEPTON_TIMED_OUT = 12,          /**< a lease or deadline passed */
    LEPTON_IO = 13,                 /**< the operating system refused a read or write */
    LEPTON_CORRUPT_DATA = 14,       /**< bytes that are not what they claim to be */
    LEPTON_PERMISSION_DENIED = 15,  /**< access denied by the system or by ownership */
    LEPTON_INTERNAL_ERROR = 16      /**< a defect in the library */
};

/** The name of a status, such as "LEPTON_SHAPE_MISMATCH"; "LEPTON_UNKNOWN" for a number not listed above.
 *  Ownership: static text. Threads: concurrent. Since 0.1. */
LEPTON_API const char *lepton_status_name(lepton_status status);

/** A failure in words. */
typedef struct lepton_error lepton_error;

/** The status that the failing call returned. NULL gives LEPTON_OK. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_error_status(const lepton_error *error);

/** The whole sentence: argument, expected, received. NULL gives "".
 *  Ownership: the text lives as long as `error`. Threads: concurrent. Since 0.1. */
LEPTON_API const char *lepton_error_message(const lepton_error *error);

/** The argument at fault; NULL when there is none. Ownership: as long as `error`. Threads: concurrent. Since 0.1. */
LEPTON_API const char *lepton_error_argument(const lepton_error *error);

/** What the call takes there; NULL when there is no single argument at fault. Ownership: as long as `error`.
 *  Threads: concurrent. Since 0.1. */
LEPTON_API const char *lepton_error_expected(const lepton_error *error);

/** What it was given; NULL likewise. Ownership: as long as `error`. Threads: concurrent. Since 0.1. */
LEPTON_API const char *lepton_error_received(const lepton_error *error);

/** Releases an error. NULL is accepted. Threads: one caller at a time for one error. Since 0.1. */
LEPTON_API void lepton_error_release(lepton_error *error);

/* ----------------------------------------------------------------- tensor */

/** Element types of a tensor view. */
typedef enum lepton_dtype {
    LEPTON_FLOAT32 = 0,
    LEPTON_FLOAT64 = 1,
    LEPTON_INT32 = 2,
    LEPTON_INT64 = 3,
    LEPTON_UINT8 = 4,
    LEPTON_BOOL = 5,  /**< one byte, 0 or 1 */
    LEPTON_STRING = 6 /**< const char *, UTF-8 that ends with NUL; for inputs that take text, see lepton_adapter.h */
} lepton_dtype;

/** A tensor in the caller's memory, borrowed for one call. Numbers that a model computes with are converted to
 *  float32; outputs must be float32. */
typedef struct lepton_tensor_view {
    void *data;             /**< first byte of the allocation; NULL only when there are no elements */
    int32_t dtype;          /**< a lepton_dtype */
    int32_t ndim;           /**< 0 ... 8 */
    const int64_t *shape;   /**< `ndim` extents, each >= 0 */
    const int64_t *strides; /**< `ndim` strides in elements, may be negative or 0; NULL: row-major contiguous */
    uint64_t byte_offset;   /**< from `data` to element (0, ..., 0) */
} lepton_tensor_view;

/* ----------------------------------------------------------------- cancel */

/** A switch that another thread, or a signal handler, may throw to stop a long call. */
typedef struct lepton_cancel lepton_cancel;

/** Creates a token that is not cancelled.
 *  @param out receives the handle. Ownership: the caller's. Errors: INVALID_ARGUMENT (`out` NULL).
 *  Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_cancel_create(lepton_cancel **out, lepton_error **error);

/** Cancels: calls given the token return LEPTON_CANCELLED at their next step. Cannot be undone.
 *  Errors: INVALID_HANDLE. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_cancel_trigger(lepton_cancel *cancel, lepton_error **error);

/** Drops one reference; NULL is accepted. Since 0.1. */
LEPTON_API void lepton_cancel_release(lepton_cancel *cancel);

/* ------------------------------------- client, resources, usage and bills */

#include "lepton_resources.h"

/* ------------------------------------------------------------------ model */

/** A model: a graph of layers, its weights, and its optimizer state. Reading calls on one model may run at once
 *  with each other and with a fit (they see the weights between two steps); a second fit, or a change of
 *  structure while one runs, gets INVALID_STATE. */
typedef struct lepton_model lepton_model;

/** Creates an empty Sequential model. @param name NULL for "sequential". Ownership: `*out` is the caller's.
 *  Errors: INVALID_ARGUMENT. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_create(const char *name, lepton_model **out, lepton_error **error);

/** Creates a model from Keras config JSON (`{"class_name": "Sequential", "config": {...}}`), with fresh weights.
 *  @param length bytes of `json`, or SIZE_MAX when it ends with NUL.
 *  Errors: CORRUPT_DATA (malformed, too deep), INVALID_ARGUMENT (unknown layer, with the nearest known name),
 *  NOT_SUPPORTED, SHAPE_MISMATCH, OUT_OF_MEMORY. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_create_from_config(const char *json, size_t length, lepton_model **out,
                                                         lepton_error **error);

/** Adds a reference. Errors: INVALID_HANDLE. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_retain(lepton_model *model, lepton_error **error);

/** Drops one reference. NULL is accepted. Since 0.1. */
LEPTON_API void lepton_model_release(lepton_model *model);

/** Seeds everything random in the model: initial weights, shuffling, dropout; without it the seed comes from the
 *  operating system. A model that is built draws its weights anew.
 *  Errors: INVALID_HANDLE, INVALID_STATE (weights were set or trained, or a fit is running).
 *  Threads: one caller at a time. Since 0.1. */
LEPTON_API lepton_status lepton_model_set_seed(lepton_model *model, uint64_t seed, lepton_error **error);

/** Appends a layer to a Sequential model.
 *  @param class_name such as "Dense"; @param config JSON object of the layer's arguments by their Keras names,
 *  NULL for none. "batch_shape" or "input_shape" on the first layer builds the model at once.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT (unknown class or argument), CORRUPT_DATA, SHAPE_MISMATCH,
 *  INVALID_STATE (has been trained since it was compiled, or a fit is running). The model stays as it was.
 *  Threads: one caller at a time. Since 0.1. */
LEPTON_API lepton_status lepton_model_add_layer(lepton_model *model, const char *class_name, const char *config,
                                                lepton_error **error);

/** Builds a model whose first layer named no input shape.
 *  @param shape extents of one sample, without the batch, -1 for an unknown one. Errors: INVALID_HANDLE, SHAPE_MISMATCH,
 *  INVALID_STATE (built with another shape). Threads: one caller at a time. Since 0.1. */
LEPTON_API lepton_status lepton_model_build(lepton_model *model, const int64_t *shape, int32_t ndim,
                                            lepton_error **error);

/** Shapes of what one call of a layer gives, asked before there is a model, as JSON: `[[null, 32]]`.
 *  @param layer the layer or model as Keras config JSON, `{"class_name": ..., "config": {...}}`.
 *  @param call `{"args": [...], "kwargs": {...}}`, where a tensor is
 *  `{"class_name": "__keras_tensor__", "config": {"shape": [null, 8]}}`. Size-query form.
 *  Errors: INVALID_ARGUMENT, SHAPE_MISMATCH, NOT_SUPPORTED, CORRUPT_DATA. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_layer_output_shapes(const char *layer, const char *call, char *buffer, size_t capacity,
                                                    size_t *length, lepton_error **error);

/** Says whether training changes the weights of a layer. Takes effect with the next fit; the optimizer's state stays.
 *  @param layer its name, "encoder/dense" for one inside a model that is a layer, NULL for all; @param trainable 1 or 0.
 *  Errors: INVALID_HANDLE, NOT_FOUND, INVALID_STATE (a fit is running), INVALID_ARGUMENT. Threads: one caller at a
 *  time. Since 0.2. */
LEPTON_API lepton_status lepton_model_set_trainable(lepton_model *model, const char *layer, int32_t trainable,
                                                    lepton_error **error);

/** A number that grows with every change of the weights. Errors: INVALID_HANDLE. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_model_weights_version(lepton_model *model, uint64_t *out, lepton_error **error);

/** The model's config as Keras JSON. Size-query form. Errors: INVALID_HANDLE. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_get_config(lepton_model *model, char *buffer, size_t capacity, size_t *length,
                                                 lepton_error **error);

/** The table that Keras's `summary` prints. @param line_length 0 for the default. Size-query form.
 *  Errors: INVALID_HANDLE. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_summary(lepton_model *model, int32_t line_length, char *buffer, size_t capacity,
                                              size_t *length, lepton_error **error);

/** Number of inputs and outputs (1 and 1 for a Sequential model). NULL results are skipped.
 *  Errors: INVALID_HANDLE, INVALID_STATE (not built). Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_io_count(lepton_model *model, size_t *inputs, size_t *outputs,
                                               lepton_error **error);

/** Shape of input `index`, batch first as -1.
 *  @param shape receives at most `capacity` extents; may be NULL to ask for the rank alone; @param ndim receives the
 *  rank. Errors: INVALID_HANDLE, INVALID_STATE (not built), INVALID_ARGUMENT. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_input_shape(lepton_model *model, size_t index, int64_t *shape, int32_t capacity,
                                                  int32_t *ndim, lepton_error **error);

/** Shape of output `index`; as lepton_model_input_shape. Since 0.1. */
LEPTON_API lepton_status lepton_model_output_shape(lepton_model *model, size_t index, int64_t *shape, int32_t capacity,
                                                   int32_t *ndim, lepton_error **error);

/** How a model is trained. Each name may also be a Keras config object as JSON, such as
 *  `{"class_name": "SGD", "config": {"learning_rate": 0.1, "momentum": 0.9}}`. */
typedef struct lepton_compile_options {
    size_t struct_size;
    const char *optimizer;      /**< such as "sgd" or "adam"; default "adam" */
    const char *loss;           /**< such as "mean_squared_error"; required for fit. With several outputs one for all,
                                     or a JSON list with one for each, or a JSON object by the outputs' names */
    const char *const *metrics; /**< `metric_count` names; not weighted by sample weights. With several outputs one
                                     entry for each, a name or a JSON list ("null" for none), or one JSON object by
                                     the outputs' names */
    size_t metric_count;
    const char *const *weighted_metrics; /**< weighted by sample and class weights */
    size_t weighted_metric_count;
    const char *loss_weights; /**< with several outputs: a JSON list or object of numbers; NULL: all 1 */
} lepton_compile_options;

/** Defaults: Adam, no loss, no metrics. Threads: concurrent. Since 0.1. */
LEPTON_API void lepton_compile_options_init_sized(lepton_compile_options *options, size_t struct_size);
#define lepton_compile_options_init(options) lepton_compile_options_init_sized((options), sizeof *(options))

/** Sets optimizer, loss and metrics; optimizer state starts anew.
 *  Errors: INVALID_HANDLE, INVALID_ARGUMENT (unknown name, with the nearest known one; a value out of range),
 *  NOT_SUPPORTED. Threads: one caller at a time. Since 0.1. */
LEPTON_API lepton_status lepton_model_compile(lepton_model *model, const lepton_compile_options *options,
                                              lepton_error **error);

/** Optimizer, loss and metrics as Keras config JSON. Size-query form. Errors: INVALID_HANDLE, INVALID_STATE (not
 *  compiled). Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_get_compile_config(lepton_model *model, char *buffer, size_t capacity,
                                                         size_t *length, lepton_error **error);

/** The optimizer's learning rate. Errors: INVALID_HANDLE, INVALID_STATE (not compiled). Since 0.1. */
LEPTON_API lepton_status lepton_model_get_learning_rate(lepton_model *model, double *out, lepton_error **error);

/** Sets it, also from a progress callback. Errors: as above, INVALID_ARGUMENT (negative, not finite). Since 0.1. */
LEPTON_API lepton_status lepton_model_set_learning_rate(lepton_model *model, double value, lepton_error **error);

/** Number of weight tensors, in Keras's order. Errors: INVALID_HANDLE, INVALID_STATE (not built).
 *  Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_weight_count(lepton_model *model, size_t *count, lepton_error **error);

typedef struct lepton_weight_info {
    size_t struct_size; /**< set by the caller */
    int32_t ndim;
    int32_t trainable; /**< 1 or 0 */
    int64_t shape[8];
    char name[256]; /**< "dense/kernel"; cut if longer, always NUL-terminated */
} lepton_weight_info;

/** Describes weight `index`. Errors: INVALID_HANDLE, INVALID_STATE, INVALID_ARGUMENT. Threads: concurrent.
 *  Since 0.1. */
LEPTON_API lepton_status lepton_model_weight_info(lepton_model *model, size_t index, lepton_weight_info *out,
                                                  lepton_error **error);

/** Copies every weight into the caller's float32 tensors, all or none.
 *  @param views `count` tensors of the weights' shapes. Errors: INVALID_HANDLE, INVALID_STATE, SHAPE_MISMATCH,
 *  TYPE_MISMATCH. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_get_weights(lepton_model *model, const lepton_tensor_view *views, size_t count,
                                                  lepton_error **error);

/** Replaces every weight, all or none. Errors: as lepton_model_get_weights, NON_FINITE. Threads: concurrent.
 *  Since 0.1. */
LEPTON_API lepton_status lepton_model_set_weights(lepton_model *model, const lepton_tensor_view *views, size_t count,
                                                  lepton_error **error);

/** Saves config, weights, compile settings and optimizer state as one safetensors file: written beside the
 *  target, synced, renamed. Errors: INVALID_HANDLE, INVALID_STATE (not built), IO, PERMISSION_DENIED.
 *  Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_save(lepton_model *model, const char *path, lepton_error **error);

/** Loads what lepton_model_save wrote; compiled if it was. Errors: NOT_FOUND, IO, CORRUPT_DATA, NOT_SUPPORTED.
 *  Ownership: `*out` is the caller's. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_load(const char *path, lepton_model **out, lepton_error **error);

/** Takes weights, optimizer state, learning rate, seed and counters from a file that lepton_model_save wrote of a
 *  model with the same weights (names may differ): training goes on to the same bits as if it had not stopped. Without
 *  optimizer state in the file, or when the model is not compiled, only the rest is taken. Errors: as lepton_model_load,
 *  INVALID_HANDLE, INVALID_STATE (not built, or a fit is running), SHAPE_MISMATCH, INVALID_ARGUMENT (state of another
 *  optimizer). The model stays as it was. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_load_state(lepton_model *model, const char *path, lepton_error **error);

/** Number of tensors that the optimizer keeps: for each of its slots, one per trained weight. Errors: INVALID_HANDLE,
 *  INVALID_STATE (not built or not compiled). Threads: concurrent, as the four calls below. Since 0.1. */
LEPTON_API lepton_status lepton_model_optimizer_weight_count(lepton_model *model, size_t *count, lepton_error **error);

/** As lepton_model_weight_info, of the optimizer's state; a name is "momentum/dense/kernel" or the like. Since 0.1. */
LEPTON_API lepton_status lepton_model_optimizer_weight_info(lepton_model *model, size_t index, lepton_weight_info *out,
                                                            lepton_error **error);

/** As lepton_model_get_weights, of the optimizer's state. Since 0.1. */
LEPTON_API lepton_status lepton_model_get_optimizer_weights(lepton_model *model, const lepton_tensor_view *views,
                                                            size_t count, lepton_error **error);

/** As lepton_model_set_weights, of the optimizer's state; also from a progress callback. Since 0.1. */
LEPTON_API lepton_status lepton_model_set_optimizer_weights(lepton_model *model, const lepton_tensor_view *views,
                                                            size_t count, lepton_error **error);

/** Steps that the optimizer has done. Errors: INVALID_HANDLE, INVALID_STATE. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_get_iterations(lepton_model *model, uint64_t *out, lepton_error **error);

/** Sets them, at most 2^62, also from a progress callback. Errors: as above, INVALID_ARGUMENT. Since 0.1. */
LEPTON_API lepton_status lepton_model_set_iterations(lepton_model *model, uint64_t value, lepton_error **error);

/* --------------------------------------------------------------- training */

/** Training results, epoch by epoch. */
typedef struct lepton_history lepton_history;

typedef enum lepton_progress_event {
    LEPTON_TRAIN_BEGIN = 0,
    LEPTON_EPOCH_BEGIN = 1,
    LEPTON_BATCH_END = 2,
    LEPTON_EPOCH_END = 3,
    LEPTON_TRAIN_END = 4,
    LEPTON_VALIDATION_BEGIN = 5,     /**< after the last batch of an epoch, before its EPOCH_END */
    LEPTON_VALIDATION_BATCH_END = 6, /**< `step` and `steps` count the validation's batches */
    LEPTON_VALIDATION_END = 7,
    LEPTON_WAITING = 8 /**< a few times a second while a fit that gave way waits for nodes; not 0 ends it, CANCELLED */
} lepton_progress_event;

/** What a progress callback is told; valid during the call only. */
typedef struct lepton_progress {
    size_t struct_size;
    int32_t event; /**< a lepton_progress_event */
    int32_t epoch; /**< from 0 */
    int32_t epochs;
    int32_t reserved;
    int64_t step;             /**< steps of this epoch that are done */
    int64_t steps;            /**< steps in an epoch */
    const char *const *names; /**< `count` names, "loss" and metrics in Keras's order (by name); at EPOCH_END then
                                    the same with "val_" before them */
    const double *values;     /**< running means of this epoch, or of its validation */
    size_t count;
} lepton_progress;

/** Called on the thread that called fit, evaluate or predict, between two steps, when the model is at rest: calls
 *  on the model are allowed. Return 0 to go on; anything else ends the training after this step, and fit returns
 *  LEPTON_OK with the history so far. */
typedef int32_t (*lepton_progress_fn)(const lepton_progress *progress, void *context);

typedef enum lepton_nonfinite_policy {
    LEPTON_NONFINITE_ERROR = 0, /**< NaN or infinity in x, y or weights is refused before any state changes */
    LEPTON_NONFINITE_ALLOW = 1  /**< passed on, as Keras does */
} lepton_nonfinite_policy;

typedef struct lepton_fit_options {
    size_t struct_size;
    int32_t batch_size;                     /**< >= 1; default 32 */
    int32_t epochs;                         /**< >= 1; default 1 */
    int32_t initial_epoch;                  /**< 0 ... epochs; default 0 */
    int32_t shuffle;                        /**< default 1: a new order of rows each epoch */
    double validation_split;                /**< 0 <= f < 1: the last fraction of rows is held out; default 0 */
    const lepton_tensor_view *validation_x; /**< as many as inputs; overrides the split; NULL for none */
    const lepton_tensor_view *validation_y; /**< as many as outputs */
    const lepton_tensor_view *validation_sample_weight; /**< as sample_weight; may be NULL */
    int32_t validation_batch_size;                      /**< 0: batch_size */
    int32_t nonfinite;                                  /**< a lepton_nonfinite_policy */
    const lepton_tensor_view *sample_weight;            /**< (rows), or (rows, positions) for outputs of more axes;
                                                             NULL: all 1 */
    const int64_t *class_weight_classes;                /**< `class_weight_count` class indices */
    const double *class_weight_values;                  /**< and their weights, >= 0; other classes weigh 1 */
    size_t class_weight_count;
    lepton_allocation *allocation; /**< where to train; NULL: the client's latest active allocation, or else all
                                              its free cores for this call */
    const char *store_name;        /**< keep the dataset and the parameters in the client's store under this
                                              name and train from there; NULL: in memory */
    lepton_progress_fn progress;   /**< may be NULL */
    void *progress_context;
    lepton_cancel *cancel;                 /**< may be NULL */
    size_t sample_weight_count;            /**< tensors at sample_weight: one for each output; 0: one for all */
    size_t validation_sample_weight_count; /**< the same for validation_sample_weight */
    const char
        *checkpoint_name;     /**< keep the fit's position in the client's store under this name, and go on from it when
                                      an earlier fit of this name was not completed; NULL: do not */
    int64_t checkpoint_steps; /**< after so many steps; 0: not by steps */
    double checkpoint_seconds; /**< after so much time; 0: every 60 seconds, or not by time where steps are given */
    int32_t autoscale;         /**< 1: let the allocation grow and shrink with the measured throughput */
    int32_t reserved;          /**< zero */
} lepton_fit_options;

/** Fills in the defaults above. Threads: concurrent. Since 0.1. */
LEPTON_API void lepton_fit_options_init_sized(lepton_fit_options *options, size_t struct_size);
#define lepton_fit_options_init(options) lepton_fit_options_init_sized((options), sizeof *(options))

/** Trains.
 *  @param x, x_count one tensor per input, (rows, ...); @param y, y_count one per output. Rows must agree.
 *  @param options NULL for defaults. @param out NULL when no history is wanted.
 *  The weights afterwards are the same bits whatever the number of nodes.
 *  Ownership: `*out` is the caller's. Errors: INVALID_HANDLE, INVALID_STATE (not compiled, busy), SHAPE_MISMATCH,
 *  INVALID_ARGUMENT, NON_FINITE, OUT_OF_MEMORY, RESOURCE_EXHAUSTED, TIMED_OUT (lease), CANCELLED: the model then
 *  has the weights of the last complete step. Threads: one fit at a time for one model. Since 0.1. */
LEPTON_API lepton_status lepton_client_fit(lepton_client *client, lepton_model *model, const lepton_tensor_view *x,
                                           size_t x_count, const lepton_tensor_view *y, size_t y_count,
                                           const lepton_fit_options *options, lepton_history **out,
                                           lepton_error **error);

typedef struct lepton_run_options {
    size_t struct_size;
    int32_t batch_size;                      /**< >= 1; default 32 */
    int32_t nonfinite;                       /**< a lepton_nonfinite_policy; default ERROR */
    const lepton_tensor_view *sample_weight; /**< evaluate only; as in fit; may be NULL */
    lepton_allocation *allocation;           /**< NULL: the client's latest active allocation, or else its free cores
                                                  for this call, or else the calling thread alone */
    lepton_progress_fn progress;             /**< BATCH_END events; may be NULL */
    void *progress_context;
    lepton_cancel *cancel;      /**< may be NULL */
    size_t sample_weight_count; /**< tensors at sample_weight: one for each output; 0: one for all */
} lepton_run_options;

/** Fills in the defaults above. Threads: concurrent. Since 0.1. */
LEPTON_API void lepton_run_options_init_sized(lepton_run_options *options, size_t struct_size);
#define lepton_run_options_init(options) lepton_run_options_init_sized((options), sizeof *(options))

/** Loss and metrics on given data: a history of one epoch.
 *  Errors: as lepton_client_fit. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_evaluate(lepton_client *client, lepton_model *model, const lepton_tensor_view *x,
                                                size_t x_count, const lepton_tensor_view *y, size_t y_count,
                                                const lepton_run_options *options, lepton_history **out,
                                                lepton_error **error);

/** One batch from a data source. What it points to stays as it is until the source is asked again or the call ends. */
typedef struct lepton_batch {
    size_t struct_size;                      /**< set by the library, with everything else 0 */
    const lepton_tensor_view *x;             /**< one tensor per input, (rows, ...) */
    size_t x_count;                          /**< tensors at x */
    const lepton_tensor_view *y;             /**< one tensor per output */
    size_t y_count;                          /**< tensors at y */
    const lepton_tensor_view *sample_weight; /**< as in fit; NULL: all 1 */
    size_t sample_weight_count;              /**< tensors at sample_weight: one for each output; 0: one for all */
} lepton_batch;

/** Gives the next batch: fills `batch` in and returns 1, or returns 0 at the end of the data, or a negative number to
 *  stop the call, which then returns LEPTON_CANCELLED. Asked again after the end, it begins anew, or returns 0 again
 *  when it cannot. Called on the thread that called fit or evaluate, when the model is at rest. */
typedef int32_t (*lepton_data_source_fn)(lepton_batch *batch, void *context);

typedef struct lepton_source_options {
    size_t struct_size;
    int32_t epochs;                      /**< >= 1; default 1 */
    int32_t initial_epoch;               /**< 0 ... epochs; default 0 */
    int64_t steps_per_epoch;             /**< batches in an epoch; 0: until the source ends */
    lepton_data_source_fn validation;    /**< measured after each epoch for which it has a batch; may be NULL */
    void *validation_context;            /**< passed to it */
    int64_t validation_steps;            /**< batches in a validation; 0: until the source ends */
    const int64_t *class_weight_classes; /**< as in lepton_fit_options */
    const double *class_weight_values;
    size_t class_weight_count;
    lepton_allocation *allocation; /**< as in lepton_fit_options */
    lepton_progress_fn progress;   /**< as in lepton_fit_options; `steps` is 0 where it is not known */
    void *progress_context;
    lepton_cancel *cancel; /**< may be NULL */
    int32_t nonfinite;     /**< a lepton_nonfinite_policy */
} lepton_source_options;

/** Fills in the defaults above. Threads: concurrent. Since 0.1. */
LEPTON_API void lepton_source_options_init_sized(lepton_source_options *options, size_t struct_size);
#define lepton_source_options_init(options) lepton_source_options_init_sized((options), sizeof *(options))

/** Trains on batches as a source gives them, so that data need not fit in memory; otherwise as lepton_client_fit.
 *  The first batch is asked for before anything changes; training ends early when there is none for an epoch. A smaller
 *  batch is computed as the last batch of an epoch is. @param context passed to `source`; @param options may be NULL;
 *  @param out NULL when no history is wanted. Ownership: `*out` is the caller's. Errors: as lepton_client_fit, CANCELLED
 *  (also when a source stops). Threads: one fit at a time for one model. Since 0.1. */
LEPTON_API lepton_status lepton_client_fit_source(lepton_client *client, lepton_model *model,
                                                  lepton_data_source_fn source, void *context,
                                                  const lepton_source_options *options, lepton_history **out,
                                                  lepton_error **error);

/** Loss and metrics on the batches of a source, `steps` or (0) all of them: a history of one epoch. Of the options
 *  batch_size and sample_weight are not used. Errors: as lepton_client_fit_source. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_evaluate_source(lepton_client *client, lepton_model *model,
                                                       lepton_data_source_fn source, void *context, int64_t steps,
                                                       const lepton_run_options *options, lepton_history **out,
                                                       lepton_error **error);

typedef struct lepton_batch_options {
    size_t struct_size;
    const lepton_tensor_view *sample_weight; /**< as in fit; NULL: all 1 */
    size_t sample_weight_count;              /**< tensors at sample_weight: one for each output; 0: one for all */
    const int64_t *class_weight_classes;     /**< as in lepton_fit_options; lepton_model_train_on_batch only */
    const double *class_weight_values;
    size_t class_weight_count;
    int32_t nonfinite; /**< a lepton_nonfinite_policy */
} lepton_batch_options;

/** Fills in the defaults above. Threads: concurrent. Since 0.1. */
LEPTON_API void lepton_batch_options_init_sized(lepton_batch_options *options, size_t struct_size);
#define lepton_batch_options_init(options) lepton_batch_options_init_sized((options), sizeof *(options))

/** One training step on the calling thread, with all rows as the batch; no client, no charge. What it needs is kept
 *  from call to call, until the model is compiled or built anew or the number of rows changes.
 *  @param x, x_count one tensor per input, (rows, ...); @param y, y_count one per output. @param options may be NULL.
 *  @param values receives loss and metrics in the order of lepton_model_batch_metric_name: means over all batches since
 *  lepton_model_reset_metrics; may be NULL; @param capacity numbers that fit there. @param count receives how many there
 *  are; may be NULL. Errors: as lepton_client_fit, INVALID_ARGUMENT (`capacity` too small); the model is then unchanged.
 *  Threads: concurrent, one after the other. Since 0.1. */
LEPTON_API lepton_status lepton_model_train_on_batch(lepton_model *model, const lepton_tensor_view *x, size_t x_count,
                                                     const lepton_tensor_view *y, size_t y_count,
                                                     const lepton_batch_options *options, double *values,
                                                     size_t capacity, size_t *count, lepton_error **error);

/** Loss and metrics of a batch on the calling thread; nothing is trained. Otherwise as lepton_model_train_on_batch,
 *  with whose batches the means are joined. Since 0.1. */
LEPTON_API lepton_status lepton_model_test_on_batch(lepton_model *model, const lepton_tensor_view *x, size_t x_count,
                                                    const lepton_tensor_view *y, size_t y_count,
                                                    const lepton_batch_options *options, double *values,
                                                    size_t capacity, size_t *count, lepton_error **error);

/** Name of number `index` of the two calls above. Size-query form. Errors: INVALID_HANDLE, INVALID_ARGUMENT,
 *  INVALID_STATE (no such call since the model was compiled). Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_batch_metric_name(lepton_model *model, size_t index, char *buffer,
                                                        size_t capacity, size_t *length, lepton_error **error);

/** Starts the means of the two calls anew. Errors: INVALID_HANDLE. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_reset_metrics(lepton_model *model, lepton_error **error);

/** Predicts on the client's nodes.
 *  @param outputs `output_count` float32 tensors of shape (rows, ...) that receive the predictions; untouched on
 *  failure. Errors: as lepton_client_fit, TYPE_MISMATCH. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_client_predict(lepton_client *client, lepton_model *model, const lepton_tensor_view *x,
                                               size_t x_count, const lepton_tensor_view *outputs, size_t output_count,
                                               const lepton_run_options *options, lepton_error **error);

/** Predicts on the calling thread, with no client and no charge: the shortest way to an answer for a few rows.
 *  Otherwise as lepton_client_predict. NaN and infinity are passed on. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_model_predict(lepton_model *model, const lepton_tensor_view *x, size_t x_count,
                                              const lepton_tensor_view *outputs, size_t output_count,
                                              lepton_error **error);

/** Number of epochs. Errors: INVALID_HANDLE. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_history_epoch_count(lepton_history *history, size_t *count, lepton_error **error);

/** Number of series: "loss", metrics, "val_...". Errors: INVALID_HANDLE. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_history_metric_count(lepton_history *history, size_t *count, lepton_error **error);

/** Name of series `index`. Size-query form. Errors: INVALID_HANDLE, INVALID_ARGUMENT. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_history_metric_name(lepton_history *history, size_t index, char *buffer,
                                                    size_t capacity, size_t *length, lepton_error **error);

/** Values of the series called `name`, one per epoch.
 *  @param values receives the values if `capacity` suffices; may be NULL to ask for the count alone.
 *  Errors: INVALID_HANDLE, NOT_FOUND, INVALID_ARGUMENT. Threads: concurrent. Since 0.1. */
LEPTON_API lepton_status lepton_history_values(lepton_history *history, const char *name, double *values,
                                               size_t capacity, size_t *count, lepton_error **error);

/** Drops one reference. NULL is accepted. Since 0.1. */
LEPTON_API void lepton_history_release(lepton_history *history);

#ifdef __cplusplus
}
#endif

#include "lepton_adapter.h"
#include "lepton_objectives.h"
#include "lepton_sequence.h"
#include "lepton_usage.h"
#endif /* LEPTON_H */
