/*
 * lepton_kernels.h - the numerical inner loops, over pointers and sizes.
 *
 * Rules for every function here: it allocates nothing, keeps no state, reads and writes only what its comment
 * names, and gives the same bits on every thread. Pointers need the alignment of their element type, no more.
 * Matrices are row-major. Unless a comment allows aliasing, outputs do not overlap inputs. Reductions run in one
 * fixed order for a given instruction set.
 *
 * Each vector kernel is compiled once per instruction set; the best one that the processor has is chosen at the
 * first call. The plain loops in scalar.c are the reference that the others are tested against.
 */
#ifndef LEPTON_KERNELS_H
#define LEPTON_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "lepton_kernels_attention.h"
#include "lepton_kernels_operations.h"

/* ------------------------------------------------------- instruction sets */

/** Name of the instruction set in use: "avx512", "avx2", "baseline" or "scalar". */
const char *lepton_k_isa(void);

/** Switches to a named instruction set; for tests. The environment variable LEPTON_ISA does the same when it is set
 *  at first use; a value that is unknown or that the processor cannot run is ignored. Returns 0, or -1 when the
 *  processor does not have it or the name is unknown. Not while other threads compute: their results would mix. */
int lepton_k_select_isa(const char *name);

/* ------------------------------------------------------- matrix products  */

/** c(m,n) = op(a)(m,k) * op(b)(k,n) + beta * c, with op the transpose where `trans_` is non-zero.
 *  `ld*` are row strides of the matrices as stored. beta is 0 (c is not read) or 1.
 *  Large products go to the BLAS in single-threaded calls, small ones to an own kernel; which one depends on the
 *  sizes alone. k = 0 gives zeros (or c). Sizes beyond what a BLAS can count (int) are allowed. */
void lepton_k_gemm_f32(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
                       const float *b, size_t ldb, float beta, float *c, size_t ldc);

/* ------------------------------------------------------------ activations */

/** Element-wise activations that can be differentiated from their output. */
enum { LEPTON_K_LINEAR = 0, LEPTON_K_RELU = 1, LEPTON_K_SIGMOID = 2, LEPTON_K_TANH = 3 };

/** y(rows,cols) = f(x + bias); `bias`(cols) may be NULL; y may be x. */
void lepton_k_bias_activation_f32(float *y, const float *x, const float *bias, size_t rows, size_t cols,
                                  int activation);

/** dx(n) = dy * f'(x), computed from y = f(x); dx may be dy. */
void lepton_k_activation_grad_f32(float *dx, const float *dy, const float *y, size_t n, int activation);

/** dx(rows,cols) as above and dbias(cols) = the column sums of dx, added in row order, in one pass; dx may be dy.
 *  `accumulate` non-zero adds to dbias instead of overwriting it. */
void lepton_k_activation_bias_grad_f32(float *dx, float *dbias, const float *dy, const float *y, size_t rows,
                                       size_t cols, int activation, int accumulate);

/** y(rows,cols) = exp(x - max) / sum, per row; y may be x. */
void lepton_k_softmax_f32(float *y, const float *x, size_t rows, size_t cols);

/** dx = y * (dy - sum(dy * y)), per row; dx may be dy. */
void lepton_k_softmax_grad_f32(float *dx, const float *dy, const float *y, size_t rows, size_t cols);

#include "lepton_kernels_functions.h"
#include "lepton_kernels_noise.h"
#include "lepton_kernels_normalization.h"
#include "lepton_kernels_preprocessing.h"

/* ------------------------------------------------------------ element-wise */

/** out(n) = a + b; out may be a or b. */
void lepton_k_add_f32(float *out, const float *a, const float *b, size_t n);

/** out(n) = a * b; out may be a or b. */
void lepton_k_multiply_f32(float *out, const float *a, const float *b, size_t n);

/** out(n) = ((in[0] + in[1]) + in[2]) + ..., the fixed order in which shard gradients are reduced. count >= 1; out may
 *  be in[0]. */
void lepton_k_sum_f32(float *out, const float *const *in, size_t count, size_t n);

/** Inverted dropout (Srivastava et al., 2014): mask(i) is 0 with probability `rate`, else 1/(1-rate);
 *  y = x * mask. Element i draws from Philox4x32-10 (Salmon et al., SC 2011) at key `seed` and counter
 *  (stream, offset + i), so the pattern depends on the position alone: word (offset+i) % 4 of block
 *  (offset+i) / 4. The block counter is {block lo, block hi, stream lo, stream hi}, the key {seed lo, seed hi}.
 *  An element is dropped when word * 2^-32 < rate. 0 <= rate < 1. y may be x. */
void lepton_k_dropout_f32(float *y, float *mask, const float *x, size_t n, float rate, uint64_t seed, uint64_t stream,
                          uint64_t offset);

/** One block of Philox4x32-10, the generator of every random number in the SDK. */
void lepton_k_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

/** y(n) = exp(x); y may be x. */
void lepton_k_exp_f32(float *y, const float *x, size_t n);

/** y(n) = log(x), the natural logarithm: -inf at 0, NaN below; y may be x. */
void lepton_k_log_f32(float *y, const float *x, size_t n);

/** 1 when every element is finite. */
int lepton_k_all_finite_f32(const float *x, size_t n);

/* ------------------------------------------------------------------- data */

/** Element types, numbered as lepton_dtype in lepton.h. */
enum {
    LEPTON_K_FLOAT32 = 0,
    LEPTON_K_FLOAT64 = 1,
    LEPTON_K_INT32 = 2,
    LEPTON_K_INT64 = 3,
    LEPTON_K_UINT8 = 4,
    LEPTON_K_BOOL = 5
};

/** out(i) = (float)in(i * stride), of element type `dtype`; stride in elements, may be negative or 0.
 *  Any non-zero bool byte is 1. `in` may have any alignment. */
void lepton_k_convert_f32(float *out, const void *in, int dtype, ptrdiff_t stride, size_t n);

/** out(count, row) = in(rows[i], row): copies whole rows of `row_floats` floats. */
void lepton_k_gather_rows_f32(float *out, const float *in, const int64_t *rows, size_t count, size_t row_floats);

/* ----------------------------------------------------------------- losses */
/*
 * pred and target are (rows, cols); a row's loss is reduced over cols as Keras does. `weight`, when not NULL, holds
 * one weight per `rows_per_weight` consecutive rows. Each function returns sum(weight * row loss) and, when `grad`
 * is not NULL, writes grad(rows,cols) = scale * weight * d(row loss)/d(pred). Formulas and constants: Keras 3.15,
 * keras/src/losses and keras/src/backend; epsilon is 1e-7. grad may be NULL but may not alias pred.
 */

/** Row loss: mean over cols of (target - pred)^2. */
double lepton_k_loss_mse_f32(float *grad, const float *pred, const float *target, const float *weight,
                             size_t rows_per_weight, size_t rows, size_t cols, float scale);

/** Row loss: mean over cols of -(t log p + (1-t) log(1-p)), p clipped to [eps, 1-eps] (gradient 0 outside); with
 *  logits max(z,0) - z t + log1p(exp(-|z|)). t = target (1 - smoothing) + smoothing / 2. */
double lepton_k_loss_binary_crossentropy_f32(float *grad, const float *pred, const float *target, const float *weight,
                                             size_t rows_per_weight, size_t rows, size_t cols, float scale,
                                             int from_logits, float smoothing);

/** Row loss: -sum over cols of t log p. Without logits p = pred / sum(pred), then clipped to [eps, 1-eps]
 *  (gradient 0 outside); with logits p = softmax. t = target (1 - smoothing) + smoothing / cols. */
double lepton_k_loss_categorical_crossentropy_f32(float *grad, const float *pred, const float *target,
                                                  const float *weight, size_t rows_per_weight, size_t rows, size_t cols,
                                                  float scale, int from_logits, float smoothing);

/** The same with target(rows) holding class numbers, which the caller has checked to be whole and in [0, cols). */
double lepton_k_loss_sparse_categorical_crossentropy_f32(float *grad, const float *pred, const float *target,
                                                         const float *weight, size_t rows_per_weight, size_t rows,
                                                         size_t cols, float scale, int from_logits);

/* ---------------------------------------------------------------- metrics */
/* Each returns sum(weight * row value); `weight` as for losses. */

/** Row value: mean over cols of [target == (pred > threshold)]. */
double lepton_k_metric_binary_accuracy_f32(const float *pred, const float *target, const float *weight,
                                           size_t rows_per_weight, size_t rows, size_t cols, float threshold);

/** Row value: [argmax(target) == argmax(pred)], the first maximum counting. */
double lepton_k_metric_categorical_accuracy_f32(const float *pred, const float *target, const float *weight,
                                                size_t rows_per_weight, size_t rows, size_t cols);

/** Row value: [target(row) == argmax(pred)]; target is (rows). */
double lepton_k_metric_sparse_categorical_accuracy_f32(const float *pred, const float *target, const float *weight,
                                                       size_t rows_per_weight, size_t rows, size_t cols);

/** Row value: mean over cols of [target == pred], exactly. */
double lepton_k_metric_accuracy_f32(const float *pred, const float *target, const float *weight, size_t rows_per_weight,
                                    size_t rows, size_t cols);

/* ------------------------------------------------------------- optimizers */
/* One pass over n parameters; formulas as Keras 3.15 (keras/src/optimizers). */

/** w -= lr g. */
void lepton_k_sgd_f32(float *w, const float *g, size_t n, float lr);

/** m = mu m - lr g; then w += m, or with nesterov w += mu m - lr g. */
void lepton_k_sgd_momentum_f32(float *w, float *m, const float *g, size_t n, float lr, float mu, int nesterov);

/** m += (g - m)(1 - b1); v += (g^2 - v)(1 - b2); w -= m alpha / (sqrt(v) + eps), with
 *  alpha = lr sqrt(1 - b2^t) / (1 - b1^t) computed by the caller (Kingma & Ba, 2015, section 2). `vhat`, when not
 *  NULL, keeps the maximum of v and stands in its place (AMSGrad; Reddi et al., 2018). */
void lepton_k_adam_f32(float *w, float *m, float *v, float *vhat, const float *g, size_t n, float alpha, double b1,
                       double b2, float eps);

/** v = rho v + (1 - rho) g^2; step = lr g / sqrt(v + eps), or with `average` (its mean a = rho a + (1 - rho) g)
 *  lr g / sqrt(v - a^2 + eps); with `momentum` M = mu M + step and w -= M, else w -= step (Tieleman & Hinton, 2012).
 *  `momentum` and `average` may be NULL. */
void lepton_k_rmsprop_f32(float *w, float *v, float *momentum, float *average, const float *g, size_t n, float lr,
                          double rho, float mu, float eps);

/** a += g^2; w -= lr g / sqrt(a + eps) (Duchi et al., 2011). */
void lepton_k_adagrad_f32(float *w, float *a, const float *g, size_t n, float lr, float eps);

/** a = rho a + (1 - rho) g^2; c = -g sqrt(d + eps) / sqrt(a + eps); d = rho d + (1 - rho) c^2; w += lr c
 *  (Zeiler, 2012). */
void lepton_k_adadelta_f32(float *w, float *a, float *d, const float *g, size_t n, float lr, double rho, float eps);

/** m += (g - m)(1 - b1); u = max(b2 u, |g|); w -= lr m / (correction (u + eps)), correction = 1 - b1^t
 *  (Kingma & Ba, 2015, section 7). */
void lepton_k_adamax_f32(float *w, float *m, float *u, const float *g, size_t n, float lr, float correction, double b1,
                         float b2, float eps);

/** m += (g - m) c1; v += (g^2 - v) c2; w -= lr (momentum_factor m + gradient_factor g) / (sqrt(v / correction) + eps)
 *  (Dozat, 2016); the caller computes the factors from the step. */
void lepton_k_nadam_f32(float *w, float *m, float *v, const float *g, size_t n, float lr, float momentum_factor,
                        float gradient_factor, float correction, float c1, float c2, float eps);

/** w -= lr sign(b1 m + (1 - b1) g); then m = b2 m + (1 - b2) g (Chen et al., 2023). */
void lepton_k_lion_f32(float *w, float *m, const float *g, size_t n, float lr, float b1, float b2);

/** w -= w factor: decoupled weight decay, factor = rate times decay. */
void lepton_k_decay_f32(float *w, size_t n, float factor);

#include "lepton_kernels_convolution.h"
#include "lepton_kernels_objective.h"
#include "lepton_kernels_optimizer.h"
#include "lepton_kernels_recurrent.h"

#endif /* LEPTON_KERNELS_H */
