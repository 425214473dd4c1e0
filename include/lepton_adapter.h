/*
 * lepton_adapter.h - layers that learn from data before the training: the vocabulary of StringLookup, IntegerLookup and
 * TextVectorization, mean and variance of Normalization, the boundaries of Discretization. A part of lepton.h, which
 * includes it, and whose conventions hold here.
 *
 * What such a layer knows is a part of its config (of Normalization's in a model: of its weights), and so of a model's
 * file: a program that loads a model gives it text and needs no files beside.
 *
 * Text is a tensor of LEPTON_STRING: its elements are addresses of UTF-8 text that ends with NUL. It is taken as `x` of
 * a fit, an evaluation or a prediction, and here. In a model only StringLookup, Hashing and TextVectorization take text,
 * right from an input, which is declared with "dtype": "string". IntegerLookup and Hashing take whole numbers of 64 bits
 * as they are when they stand right behind an input; elsewhere numbers are float32, which is exact up to 2^24.
 */
#ifndef LEPTON_ADAPTER_H
#define LEPTON_ADAPTER_H

#ifndef LEPTON_H
#error "include lepton.h, which includes this"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- adapter */

/** A layer that is being adapted: Keras's `adapt`, part after part. */
typedef struct lepton_adapter lepton_adapter;

/** Begins to adapt a layer. What it knew before is forgotten.
 *  @param layer Keras config JSON, `{"class_name": "StringLookup", "config": {...}}`.
 *  Ownership: `*out` is the caller's. Errors: INVALID_ARGUMENT (what is wrong with the config, or nothing to find out),
 *  NOT_SUPPORTED (no such layer, or one that is not adapted), CORRUPT_DATA. Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_adapter_create(const char *layer, lepton_adapter **out, lepton_error **error);

/** Takes in more rows.
 *  @param data (rows, ...) of numbers or text, as the layer takes it; for "tf_idf" a row is a document.
 *  Errors: INVALID_HANDLE, TYPE_MISMATCH, SHAPE_MISMATCH, NON_FINITE, INVALID_ARGUMENT (not UTF-8, NULL),
 *  OUT_OF_MEMORY. Threads: concurrent; one part after the other. Since 0.2. */
LEPTON_API lepton_status lepton_adapter_update(lepton_adapter *adapter, const lepton_tensor_view *data,
                                               lepton_error **error);

/** The layer with what it found out, as Keras config JSON: "vocabulary" and "idf_weights", "mean" and "variance", or
 *  "bin_boundaries" are filled in. More rows may follow. Size-query form.
 *  Errors: INVALID_HANDLE, INVALID_STATE (no rows yet), INVALID_ARGUMENT, NON_FINITE (beyond float32).
 *  Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_adapter_finish(lepton_adapter *adapter, char *buffer, size_t capacity, size_t *length,
                                               lepton_error **error);

/** Drops one reference; NULL is accepted. Since 0.2. */
LEPTON_API void lepton_adapter_release(lepton_adapter *adapter);

/** Adapts a layer of a model in place.
 *  @param layer its name, "encoder/text" for one inside a model that is a layer. @param data as lepton_adapter_update.
 *  Errors: as above, NOT_FOUND, INVALID_STATE (a fit is running; Normalization in a model that is not built),
 *  SHAPE_MISMATCH also when layers after it have weights, set or trained, for another size. The model stays as it was.
 *  Threads: one caller at a time. Since 0.2. */
LEPTON_API lepton_status lepton_model_adapt(lepton_model *model, const char *layer, const lepton_tensor_view *data,
                                            lepton_error **error);

/** Gives a layer of a model other arguments, such as those that an adapter found.
 *  @param layer as lepton_model_adapt. @param config Keras config JSON of a layer of the same class; its name is kept.
 *  Errors: as lepton_model_adapt, CORRUPT_DATA, NOT_SUPPORTED. Threads: one caller at a time. Since 0.2. */
LEPTON_API lepton_status lepton_model_configure_layer(lepton_model *model, const char *layer, const char *config,
                                                      lepton_error **error);

#ifdef __cplusplus
}
#endif

#endif /* LEPTON_ADAPTER_H */
