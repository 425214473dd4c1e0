/*
 * lepton_sequence.h - models over sequences: axes whose length only data tells, and layers that keep their states from
 * batch to batch. A part of lepton.h, which includes it, and whose conventions hold here.
 *
 * An axis of unknown length is null in a config ("batch_shape": [null, null, 32]) and -1 in the shape that is given to
 * lepton_model_build and that lepton_model_input_shape and lepton_model_output_shape tell. All rows of one call have one
 * length; calls, and the batches of a source, may differ in it. A plan is made for each length and kept for some of the
 * latest, so that data in a few lengths runs best. Weights cannot depend on an unknown length: such a layer is refused
 * with SHAPE_MISMATCH when the model is built.
 *
 * A recurrent layer with "stateful": true begins each batch with the states that the same rows of the batch before ended
 * with, in fits, evaluations and predictions alike. The input then fixes the number of rows, "batch_shape": [4, null, 8];
 * batches of another number are refused with SHAPE_MISMATCH, and predictions go through their rows batch by batch.
 * States are 0 at first, are not a part of weights and files, and stay until they are reset.
 */
#ifndef LEPTON_SEQUENCE_H
#define LEPTON_SEQUENCE_H

#ifndef LEPTON_H
#error "include lepton.h, which includes this"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* --------------------------------------------------------------- sequence */

/** Shape of output `index` for certain data, batch first: what lepton_model_predict needs room for. Builds a model that
 *  waits for its first data.
 *  @param x the inputs, as lepton_model_predict takes them. @param shape receives at most `capacity` extents; may be NULL
 *  to ask for the rank alone. @param ndim receives the rank.
 *  Errors: INVALID_HANDLE, SHAPE_MISMATCH, TYPE_MISMATCH, INVALID_ARGUMENT, INVALID_STATE (no layers).
 *  Threads: concurrent. Since 0.2. */
LEPTON_API lepton_status lepton_model_output_shape_for(lepton_model *model, const lepton_tensor_view *x, size_t x_count,
                                                       size_t index, int64_t *shape, int32_t capacity, int32_t *ndim,
                                                       lepton_error **error);

/** Makes states 0.
 *  @param layer a stateful layer's name, "encoder/lstm" for one inside a model that is a layer; NULL for all layers.
 *  Errors: INVALID_HANDLE, INVALID_STATE (not built), NOT_FOUND. Threads: concurrent; during a fit, between two steps.
 *  Since 0.2. */
LEPTON_API lepton_status lepton_model_reset_states(lepton_model *model, const char *layer, lepton_error **error);

#ifdef __cplusplus
}
#endif

#endif /* LEPTON_SEQUENCE_H */
