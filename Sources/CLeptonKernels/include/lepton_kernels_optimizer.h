/*
 * lepton_kernels_optimizer.h - what surrounds an update of parameters: averages, clipping, penalties, constraints, and
 * the updates that need more than one pass. Formulas as Keras 3.15 (keras/src/optimizers, regularizers, constraints).
 */
#ifndef LEPTON_KERNELS_OPTIMIZER_H
#define LEPTON_KERNELS_OPTIMIZER_H

#include <stddef.h>

/** average = momentum average + (1 - momentum) w. */
void lepton_k_average_f32(float *average, const float *w, size_t n, float momentum);

/** x *= factor. */
void lepton_k_scale_f32(float *x, size_t n, float factor);

/** x = min(max(x, -limit), limit); a NaN stays. limit >= 0. */
void lepton_k_clip_f32(float *x, size_t n, float limit);

/** x = max(x, 0); a NaN stays. */
void lepton_k_nonnegative_f32(float *x, size_t n);

/** out = p a + q b; out may be a or b. */
void lepton_k_combine_f32(float *out, const float *a, const float *b, size_t n, float p, float q);

/** The sum of x^2, in one fixed order. */
double lepton_k_sum_squares_f32(const float *x, size_t n);

/** The sum of |x|, in one fixed order. */
double lepton_k_sum_absolute_f32(const float *x, size_t n);

/** g += l1 sign(w) + 2 l2 w, the gradient of l1 sum |w| + l2 sum w^2, where the sign of 0 is 1. */
void lepton_k_penalty_grad_f32(float *g, const float *w, size_t n, float l1, float l2);

/** w (outer, reduced, inner): each of the outer * inner vectors along the middle axis is multiplied by
 *  d / (1e-7 + norm), with d = rate clip(norm, minimum, maximum) + (1 - rate) norm. norms(inner) is scratch memory. */
void lepton_k_limit_norms_f32(float *w, float *norms, size_t outer, size_t reduced, size_t inner, float minimum,
                              float maximum, float rate);

/** FTRL-proximal (McMahan et al., 2013): s = g + 2 shrinkage w; a' = a + g^2;
 *  z += s - (a'^p - a^p) / lr w with p = -power >= 0; w = (clip(z, -l1, l1) - z) / (a'^p / lr + 2 l2); a = a'. */
void lepton_k_ftrl_f32(float *w, float *a, float *z, const float *g, size_t n, float lr, float p, float l1, float l2,
                       float shrinkage);

/** Adam's direction with epsilon inside the bias correction, as LAMB scales it (You et al., 2020):
 *  m += (g - m) c1; v += (g^2 - v) c2; u = (m / correction1) / (sqrt(v / correction2) + eps). u may be g. */
void lepton_k_lamb_f32(float *u, float *m, float *v, const float *g, size_t n, float c1, float c2, float correction1,
                       float correction2, float eps);

/** Schedule-free AdamW (Defazio et al., 2024): v += (g^2 - v)(1 - b2); z' = z - lr g / (sqrt(v / correction) + eps);
 *  x = (1 - weight) (w - (1 - b1) z) / b1 + weight z'; w = (1 - b1) z' + b1 x; z = z'. */
void lepton_k_schedule_free_f32(float *w, float *z, float *v, const float *g, size_t n, float lr, float b1, float b2,
                                float correction, float weight, float eps);

/** Adafactor without factors (Shazeer & Stern, 2018): v = decay v + (1 - decay)(g^2 + eps); u = g / sqrt(v).
 *  u may be g. */
void lepton_k_adafactor_f32(float *u, float *v, const float *g, size_t n, float decay, float eps);

/** The same for a matrix g (rows, cols) with factors r(rows) and c(cols), which follow the means of g^2 + eps over
 *  columns and rows: v = (r / mean r) c; u = g / sqrt(v). u may be g. rows, cols >= 1. */
void lepton_k_adafactor_matrix_f32(float *u, float *v, float *r, float *c, const float *g, size_t rows, size_t cols,
                                   float decay, float eps);

/** Muon's momentum (Jordan et al., 2024): m += g + m (mu - 1); then g += mu m with nesterov, else g = m. */
void lepton_k_muon_momentum_f32(float *g, float *m, size_t n, float mu, int nesterov);

#endif /* LEPTON_KERNELS_OPTIMIZER_H */
