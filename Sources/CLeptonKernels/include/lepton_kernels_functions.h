/*
 * lepton_kernels_functions.h - element-wise functions that are differentiated from their input, and activations over
 * rows beside softmax. A part of lepton_kernels.h, whose rules hold here.
 *
 * Formulas, and the slopes where a function has a corner, are those of Keras 3.15 on JAX (keras/src/activations).
 */
#ifndef LEPTON_KERNELS_FUNCTIONS_H
#define LEPTON_KERNELS_FUNCTIONS_H

#include <stddef.h>

/** With the parameters a, b and c that each takes; sigmoid is s(x) = 1 / (1 + exp(-x)). */
enum {
    /** x */
    LEPTON_K_FN_LINEAR = 0,
    /** min(x > c ? x : 0, b) - a max(c - x, 0): slope a below the threshold c, at most b (infinity for no limit). */
    LEPTON_K_FN_RELU = 1,
    /** x < 0 ? a x : x */
    LEPTON_K_FN_LEAKY_RELU = 2,
    /** min(max(x, 0), 6) */
    LEPTON_K_FN_RELU6 = 3,
    /** x > 0 ? x : a (exp(x / a) - 1) */
    LEPTON_K_FN_CELU = 4,
    /** x > 0 ? b x : b a (exp(x) - 1): elu with b = 1, selu with its own a and b (Klambauer et al., 2017). */
    LEPTON_K_FN_ELU = 5,
    /** log(1 + exp(x)) */
    LEPTON_K_FN_SOFTPLUS = 6,
    /** x / (1 + |x|) */
    LEPTON_K_FN_SOFTSIGN = 7,
    /** (x + sqrt(x^2 + a)) / 2 */
    LEPTON_K_FN_SQUAREPLUS = 8,
    /** x - a above a, x + a below -a, 0 between. */
    LEPTON_K_FN_SOFT_SHRINK = 9,
    /** 0 up to -1, (x + 1)^2 / 4 up to 1, x above. */
    LEPTON_K_FN_SPARSE_PLUS = 10,
    /** x s(x) */
    LEPTON_K_FN_SILU = 11,
    /** x Phi(x), Phi the normal distribution function (Hendrycks & Gimpel, 2016). */
    LEPTON_K_FN_GELU = 12,
    /** x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 */
    LEPTON_K_FN_GELU_TANH = 13,
    LEPTON_K_FN_SIGMOID = 14,
    LEPTON_K_FN_TANH = 15,
    /** x - tanh(x) */
    LEPTON_K_FN_TANH_SHRINK = 16,
    LEPTON_K_FN_EXP = 17,
    /** min(max(x + 3, 0), 6) / 6 */
    LEPTON_K_FN_HARD_SIGMOID = 18,
    /** x times the above. */
    LEPTON_K_FN_HARD_SILU = 19,
    /** min(max(x, -1), 1) */
    LEPTON_K_FN_HARD_TANH = 20,
    /** |x| > a ? x : 0 */
    LEPTON_K_FN_HARD_SHRINK = 21,
    /** x > a ? x : b */
    LEPTON_K_FN_THRESHOLD = 22,
    /** x tanh(log(1 + exp(x))) (Misra, 2019) */
    LEPTON_K_FN_MISH = 23,
    /** log s(x) */
    LEPTON_K_FN_LOG_SIGMOID = 24,
    /** min(max((x + 1) / 2, 0), 1) */
    LEPTON_K_FN_SPARSE_SIGMOID = 25,
    /** a x + b */
    LEPTON_K_FN_AFFINE = 26
};

/** y(n) = f(x); y may be x. An unknown number is taken as linear, here and below. */
void lepton_k_function_f32(float *y, const float *x, size_t n, int function, float a, float b, float c);

/** dx(n) = dy f'(x); dx may be dy or x. */
void lepton_k_function_grad_f32(float *dx, const float *dy, const float *x, size_t n, int function, float a, float b,
                                float c);

/** y(rows,cols) = x - log(sum(exp(x))), per row; y may be x. */
void lepton_k_log_softmax_f32(float *y, const float *x, size_t rows, size_t cols);

/** dx = dy - exp(y) sum(dy), per row; dx may be dy. */
void lepton_k_log_softmax_grad_f32(float *dx, const float *dy, const float *y, size_t rows, size_t cols);

/** y(rows,cols) = max(x - t, 0) with t such that a row's sum is 1: the projection on the simplex (Martins & Astudillo,
 *  2016), found by leaving out what falls below the threshold until nothing more does (Michelot, 1986). A row with NaN
 *  becomes NaN. y may not be x. */
void lepton_k_sparsemax_f32(float *y, const float *x, size_t rows, size_t cols);

/** dx = dy - (mean of dy over the row's y > 0) where y > 0, else 0; dx may be dy. */
void lepton_k_sparsemax_grad_f32(float *dx, const float *dy, const float *y, size_t rows, size_t cols);

/** y(rows,cols) = u s(v) with x(rows,2 cols) = (u, v) in each row (Dauphin et al., 2017). */
void lepton_k_glu_f32(float *y, const float *x, size_t rows, size_t cols);

/** dx(rows,2 cols) of the above. */
void lepton_k_glu_grad_f32(float *dx, const float *dy, const float *x, size_t rows, size_t cols);

/** PReLU (He et al., 2015): y = x > 0 ? x : alpha x, with alpha(period) repeated along x(n). y may be x. */
void lepton_k_prelu_f32(float *y, const float *x, const float *alpha, size_t n, size_t period);

/** dx = x > 0 ? dy : alpha dy (0 dy at x = 0, as Keras's formula gives), unless dx is NULL; and
 *  dalpha(period) = the sums of dy x where x < 0, in order of x, unless dalpha is NULL; `accumulate` adds them.
 *  dx may be dy. n is a multiple of period. */
void lepton_k_prelu_grad_f32(float *dx, float *dalpha, const float *dy, const float *x, const float *alpha, size_t n,
                             size_t period, int accumulate);

#endif /* LEPTON_KERNELS_FUNCTIONS_H */
