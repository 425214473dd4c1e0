/*
 * lepton_objectives.h - losses and metrics that are a program's own. A part of lepton.h, which includes it, and whose
 * conventions hold here.
 *
 * Such a loss is a graph of functions, a model of class "Functional" in Keras's config JSON, which is passed where the
 * name of a loss is, in lepton_compile_options and here:
 *
 *   {"class_name": "TracedLoss", "config": {"name": "...", "reduction": "sum_over_batch_size", "graph": {...}}}
 *
 * Its two inputs are the targets and the predictions; its output is a value for each row, or for each position of a row,
 * or one for the whole batch. Its layers are functions of `keras.ops` ("module": "keras.ops", "class_name": "Subtract",
 * "Square", "Mean", ...), which here may also add up over axis 0, the batch: "Sum", "Mean", "Var", "Std", "Norm", "Any"
 * and "All" do.
 *
 * A metric is a state of sums, what each batch adds to them, and a value that is a function of them:
 *
 *   {"class_name": "TracedMetric", "config": {
 *       "name": "...", "state": [{"name": "total", "shape": []}, {"name": "count", "shape": []}],
 *       "update": {a graph of targets and predictions with an output, of the batch, for each part of the state},
 *       "weighted_update": {the same of targets, predictions and sample weights; null: not for weighted metrics},
 *       "result": {a graph of layers "Variable" that are named as parts of the state, with an input of shape [null, 1]
 *                  that it does not use}}}
 *
 * A graph is for targets and predictions of certain shapes. A "graph" or "update" of null is accepted by a compile, and
 * refused by a fit: lepton_model_set_objectives gives it when the shapes of the data are known.
 *
 * A metric with several values, a program's own or one of Keras's ("F1Score" with "average": null), is reported under
 * the names "name[0]", "name[1]", ...
 */
#ifndef LEPTON_OBJECTIVES_H
#define LEPTON_OBJECTIVES_H

#ifndef LEPTON_H
#error "include lepton.h, which includes this"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** Sets losses and metrics anew; optimizer and its state stay as they are.
 *  @param options `optimizer` is ignored.
 *  Errors: as lepton_model_compile, INVALID_STATE (not compiled, or a fit is running), SHAPE_MISMATCH (a graph that does
 *  not take the model's outputs). Threads: one caller at a time. Since 0.2. */
LEPTON_API lepton_status lepton_model_set_objectives(lepton_model *model, const lepton_compile_options *options,
                                                     lepton_error **error);

#ifdef __cplusplus
}
#endif

#endif /* LEPTON_OBJECTIVES_H */
