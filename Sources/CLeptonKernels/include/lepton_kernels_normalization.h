/*
 * lepton_kernels_normalization.h - normalisation of rows and of channels, and rows of a table. A part of
 * lepton_kernels.h, whose rules hold here.
 */
#ifndef LEPTON_KERNELS_NORMALIZATION_H
#define LEPTON_KERNELS_NORMALIZATION_H

#include <stddef.h>

/* ------------------------------------------------------------------- rows */

/** How a row x(cols) is normalised; m is its mean, v its mean square deviation from m. */
enum {
    /** (x - m) / sqrt(v + epsilon): layer normalisation (Ba et al., 2016). */
    LEPTON_K_ROW_CENTRED = 0,
    /** x / sqrt(mean(x^2) + epsilon) (Zhang & Sennrich, 2019). */
    LEPTON_K_ROW_RMS = 1,
    /** x / sqrt(v + epsilon): what Keras's LayerNormalization calls rms_scaling. */
    LEPTON_K_ROW_SCALED = 2,
    /** x / max(sqrt(sum(x^2)), epsilon) */
    LEPTON_K_ROW_UNIT = 3
};

/** y(rows,cols) = normalised x times gamma(cols) plus beta(cols), either of which may be NULL.
 *  stats(rows,2) = m (0 where it is not used) and the factor 1 / sqrt(...) of each row. y may be x. */
void lepton_k_row_norm_f32(float *y, float *stats, const float *x, const float *gamma, const float *beta, size_t rows,
                           size_t cols, int kind, float epsilon);

/** The gradients of the above with its stats. dx, dgamma and dbeta may each be NULL; the sums over rows are added in row
 *  order, to what is there if `accumulate_` is non-zero. dx may be dy. */
void lepton_k_row_norm_grad_f32(float *dx, float *dgamma, float *dbeta, const float *dy, const float *x,
                                const float *gamma, const float *stats, size_t rows, size_t cols, int kind,
                                float epsilon, int accumulate_gamma, int accumulate_beta);

/* --------------------------------------------------------------- channels */

/** mean(cols) and squares(cols) = the sum of squared deviations from it, over the rows of x(rows,cols). rows >= 1.
 *  Blocks of rows are combined as in Chan, Golub & LeVeque (1979), so that a large mean costs no accuracy. */
void lepton_k_channel_moments_f32(float *mean, float *squares, const float *x, size_t rows, size_t cols);

/** Adds to the moments of `count` rows those of `other_count` more. count may be 0, other_count not. */
void lepton_k_channel_combine_f32(float *mean, float *squares, float count, const float *other_mean,
                                  const float *other_squares, float other_count, size_t cols);

/** factor(cols) = 1 / sqrt(variance scale + epsilon); factor may be variance. */
void lepton_k_channel_factor_f32(float *factor, const float *variance, size_t cols, float scale, float epsilon);

/** y(rows,cols) = (x - mean) factor gamma + beta with one of each per column; gamma and beta may be NULL; y may be x. */
void lepton_k_channel_apply_f32(float *y, const float *x, const float *mean, const float *factor, const float *gamma,
                                const float *beta, size_t rows, size_t cols);

/** dbeta(cols) = the column sums of dy and dgamma(cols) = those of dy (x - mean) factor; sums of 64 rows each are added
 *  in order, so that many rows cost little accuracy. */
void lepton_k_channel_sums_f32(float *dgamma, float *dbeta, const float *dy, const float *x, const float *mean,
                               const float *factor, size_t rows, size_t cols);

/** dx(rows,cols) = gamma factor (dy - (dbeta + (x - mean) factor dgamma) / count), dbeta and dgamma being the sums over
 *  all `count` rows of the batch; gamma may be NULL. dx may be dy. */
void lepton_k_channel_grad_f32(float *dx, const float *dy, const float *x, const float *mean, const float *factor,
                               const float *gamma, const float *dgamma, const float *dbeta, float count, size_t rows,
                               size_t cols);

/** average(n) = average momentum + value scale (1 - momentum). */
void lepton_k_moving_average_f32(float *average, const float *value, size_t n, float scale, double momentum);

/* ------------------------------------------------------------------ table */

/** y(n,cols) = the rows of table(count,cols) that index(n) names; a row of NaN for an index that is not a whole number in
 *  [0, count). */
void lepton_k_table_rows_f32(float *y, const float *table, const float *index, size_t n, size_t count, size_t cols);

/** dtable(count,cols) += dy(n,cols) at the rows that index names, in order; others are passed over. */
void lepton_k_table_rows_grad_f32(float *dtable, const float *dy, const float *index, size_t n, size_t count,
                                  size_t cols);

/* ------------------------------------------------------------------ masks */

/** mask(rows) = 1 where any element of x(rows,cols) differs from `value` (NaN does), 0 where none does. */
void lepton_k_rows_differ_f32(float *mask, const float *x, size_t rows, size_t cols, float value);

/** y(rows,cols) = x where mask(rows) is not 0, and 0 elsewhere; y may be x. */
void lepton_k_keep_rows_f32(float *y, const float *x, const float *mask, size_t rows, size_t cols);

#endif /* LEPTON_KERNELS_NORMALIZATION_H */
