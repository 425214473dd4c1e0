/*
 * lepton_kernels_objective.h - losses and metrics beyond the few of lepton_kernels.h, which says what holds for all:
 * pred and target are (rows, cols), `weight`, when not NULL, holds one weight per `rows_per_weight` consecutive rows,
 * and a loss returns sum(weight * row loss) and writes grad(rows,cols) = scale * weight * d(row loss)/d(pred) unless
 * grad is NULL. Formulas and constants: Keras 3.15, keras/src/losses and keras/src/metrics; epsilon is 1e-7. Where a
 * maximum or a clipped value stands exactly at its bound, half of the slope counts, as in JAX.
 */
#ifndef LEPTON_KERNELS_OBJECTIVE_H
#define LEPTON_KERNELS_OBJECTIVE_H

#include <stddef.h>
#include <stdint.h>

/* ----------------------------------------------------- losses of elements */

/** Losses that are a function of one prediction and its target; o is `options`. */
enum {
    LEPTON_K_LOSS_ABSOLUTE = 0,      /* |t - p| */
    LEPTON_K_LOSS_PERCENTAGE = 1,    /* 100 |t - p| / max(|t|, eps) */
    LEPTON_K_LOSS_LOGARITHMIC = 2,   /* (log(max(p, eps) + 1) - log(max(t, eps) + 1))^2 */
    LEPTON_K_LOSS_HUBER = 3,         /* e^2 / 2 where |e| <= o[0], else o[0] |e| - o[0]^2 / 2; e = p - t */
    LEPTON_K_LOSS_LOG_COSH = 4,      /* log(cosh(p - t)) */
    LEPTON_K_LOSS_HINGE = 5,         /* max(1 - (o[0] t + o[1]) p, 0) */
    LEPTON_K_LOSS_SQUARED_HINGE = 6, /* its square */
    LEPTON_K_LOSS_POISSON = 7,       /* p - t log(p + eps) */
    LEPTON_K_LOSS_KL_DIVERGENCE = 8, /* t log(t / p), both clipped to [eps, 1]; a row's loss is the sum over cols */
    /* w (1 - q)^o[2] bce(t, p), with the binary cross-entropy of the clipped p, q = t p + (1 - t)(1 - p), and
     * w = t o[1] + (1 - t)(1 - o[1]), or 1 where o[3] is 0. t = target (1 - o[0]) + o[0] / 2 */
    LEPTON_K_LOSS_BINARY_FOCAL = 9,
    LEPTON_K_LOSS_BINARY_FOCAL_LOGITS = 10 /* the same of p = sigmoid(pred) */
};

/** Row loss: mean over cols of the loss `kind`, unless its comment says sum. `options` holds 4 numbers. */
double lepton_k_loss_elementwise_f32(float *grad, const float *pred, const float *target, const float *weight,
                                     size_t rows_per_weight, size_t rows, size_t cols, float scale, int kind,
                                     const float *options);

/* --------------------------------------------------------- losses of rows */

/** Row loss: minus the sum over cols of t/|t| p/|p|; 1/|x| is at most 1/eps. */
double lepton_k_loss_cosine_f32(float *grad, const float *pred, const float *target, const float *weight,
                                size_t rows_per_weight, size_t rows, size_t cols, float scale);

/** Row loss: max(max((1 - t) p) - sum(t p) + 1, 0). Columns that share the maximum share its slope. */
double lepton_k_loss_categorical_hinge_f32(float *grad, const float *pred, const float *target, const float *weight,
                                           size_t rows_per_weight, size_t rows, size_t cols, float scale);

/** Row loss: -sum over cols of alpha (1 - q)^gamma t log q, with q = p / sum(p) clipped to [eps, 1 - eps], p = pred or,
 *  with logits, its softmax; t = target (1 - smoothing) + smoothing / cols. */
double lepton_k_loss_categorical_focal_f32(float *grad, const float *pred, const float *target, const float *weight,
                                           size_t rows_per_weight, size_t rows, size_t cols, float scale,
                                           int from_logits, float smoothing, float alpha, float gamma);

/** Row loss: (1 - pred[target]^q) / q; target(rows) holds class numbers in [0, cols) (Zhang & Sabuncu, 2018). */
double lepton_k_loss_generalized_crossentropy_f32(float *grad, const float *pred, const float *target,
                                                  const float *weight, size_t rows_per_weight, size_t rows, size_t cols,
                                                  float scale, float q);

/* ------------------------------------------------------- losses of groups */

/** Adds to sums(groups, 3) the sums of t p, of t and of p over the elements that `group`(cols) puts in each group. */
void lepton_k_overlap_sums_f32(double *sums, const float *pred, const float *target, size_t rows, size_t cols,
                               const int32_t *group);

/** The losses 1 - 2 I / (T + P + eps) (Dice; `tversky` 0) or 1 - I / (I + alpha (T - I) + beta (P - I) + eps) (Tversky;
 *  Salehi et al., 2017) of groups with sums (I, T, P): their sum; and, unless grad is NULL,
 *  grad(rows,cols) = scale times the slope of the loss of the element's group. */
double lepton_k_loss_overlap_f32(float *grad, const float *target, size_t rows, size_t cols, const int32_t *group,
                                 size_t groups, const double *sums, float scale, int tversky, float alpha, float beta);

/* ------------------------------------------------------------------- axes */

/** out(rows, after, extent) = in(rows, extent, after). */
void lepton_k_move_axis_f32(float *out, const float *in, size_t rows, size_t extent, size_t after);

/* ---------------------------------------------------------------- metrics */

/** Row value: [fewer than k predictions are greater than that of the class]. The class is the first maximum of target(rows,
 *  cols), or with `sparse` the number target(row). A NaN prediction counts as -inf. */
double lepton_k_metric_top_k_f32(const float *pred, const float *target, const float *weight, size_t rows_per_weight,
                                 size_t rows, size_t cols, size_t k, int sparse);

/** Row value: [target(row) is one of the first k of pred], for predictions that are sorted class numbers. */
double lepton_k_metric_sorted_top_k_f32(const float *pred, const float *target, const float *weight,
                                        size_t rows_per_weight, size_t rows, size_t cols, size_t k);

/** Row value: Pearson's correlation of pred and target over cols, or with `concordance` Keras's concordance
 *  correlation, 2 mean((t - mean p)(p - mean p)) / (var t + var p + (mean t - mean p)^2 + eps). */
double lepton_k_metric_correlation_f32(const float *pred, const float *target, const float *weight,
                                       size_t rows_per_weight, size_t rows, size_t cols, int concordance);

/** Adds to sums(cols, 4) of each column: weight t, weight t^2, weight (t - p)^2, weight. */
void lepton_k_metric_r2_f32(double *sums, const float *pred, const float *target, const float *weight,
                            size_t rows_per_weight, size_t rows, size_t cols);

/** Adds to sums(cols, 4) of each column the weighted true positives, false positives, false negatives and positives.
 *  Positive is pred > threshold, or, where that is negative, a prediction that is its row's maximum and not within 1e-9
 *  of 0. */
void lepton_k_metric_f_score_f32(double *sums, const float *pred, const float *target, const float *weight,
                                 size_t rows_per_weight, size_t rows, size_t cols, float threshold);

/** How predictions are put in bins between thresholds. */
typedef struct {
    /* Ascending thresholds; a prediction's bin is the number of thresholds below it. With `even` they are 0 to 1 in equal
     * steps, and the bin is computed as Keras computes it: ceil(p (n - 1)), of p clipped to [0, 1]; `from_one` puts a
     * prediction of 0 in bin 1, as thresholds of which the first is below 0 do. */
    const float *thresholds;
    size_t count;
    int even, from_one;
    int from_logits; /* The sigmoid of predictions is taken first. */
    /* Columns whose bins are kept apart: `cols`, or 1. */
    size_t labels;
    /* Only this column counts; cols for all. */
    size_t only_column;
    /* Only the k greatest predictions of a row keep their value, others are -1e10; 0 for all. */
    size_t top_k;
    /* A weight for each column, or NULL. */
    const float *label_weights;
} lepton_k_bins;

/** Adds each prediction's weight to its bin: sums(labels, 2, count + 1), true labels (target not 0) first. */
void lepton_k_metric_bins_f32(double *sums, const float *pred, const float *target, const float *weight,
                              size_t rows_per_weight, size_t rows, size_t cols, const lepton_k_bins *bins);

/** What a confusion matrix is made of. */
typedef struct {
    size_t classes;
    /* Whether target and pred hold class numbers rather than a score for each class. */
    int sparse_target, sparse_pred;
    /* With `is_binary` the predicted class is pred >= threshold. */
    int is_binary;
    float threshold;
    /* Whether weights are cut to whole numbers. */
    int whole_weights;
    int ignores;
    int ignored_class;
} lepton_k_confusion;

/** Adds to sums(classes, classes) the weight of each row's (target class, predicted class). A row is cols numbers, or one
 *  where target or pred holds class numbers. Classes out of range do not count. */
void lepton_k_metric_confusion_f32(double *sums, const float *pred, const float *target, const float *weight,
                                   size_t rows_per_weight, size_t rows, size_t cols, const lepton_k_confusion *form);

#endif /* LEPTON_KERNELS_OBJECTIVE_H */
