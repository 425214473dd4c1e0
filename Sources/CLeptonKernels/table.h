/*
 * table.h - the list of the kernels that exist once per instruction set, and the table that holds one set of them.
 *
 * The list below is the only place where they are enumerated. From it come the fields of the table, the tables
 * themselves (each file that ends in LEPTON_DEFINE_TABLE has a static function of every name) and the public
 * wrappers in dispatch.c.
 */
#ifndef LEPTON_TABLE_H
#define LEPTON_TABLE_H

#include "lepton_kernels.h"
#include "table_attention.h"
#include "table_convolution.h"
#include "table_functions.h"
#include "table_noise.h"
#include "table_normalization.h"
#include "table_objective.h"
#include "table_operations.h"
#include "table_optimizer.h"
#include "table_preprocessing.h"
#include "table_recurrent.h"

#if defined(__x86_64__)
#define LEPTON_X86 1
#else
#define LEPTON_X86 0
#endif

/* DO(name, parameters, arguments) for functions without a result, GET(type, name, parameters, arguments) else. */
#define LEPTON_KERNEL_LIST(DO, GET)                                                                                    \
    DO(bias_activation_f32, (float *y, const float *x, const float *bias, size_t rows, size_t cols, int activation),   \
       (y, x, bias, rows, cols, activation))                                                                           \
    DO(activation_grad_f32, (float *dx, const float *dy, const float *y, size_t n, int activation),                    \
       (dx, dy, y, n, activation))                                                                                     \
    DO(activation_bias_grad_f32,                                                                                       \
       (float *dx, float *dbias, const float *dy, const float *y, size_t rows, size_t cols, int activation,            \
        int accumulate),                                                                                               \
       (dx, dbias, dy, y, rows, cols, activation, accumulate))                                                         \
    DO(softmax_f32, (float *y, const float *x, size_t rows, size_t cols), (y, x, rows, cols))                          \
    DO(softmax_grad_f32, (float *dx, const float *dy, const float *y, size_t rows, size_t cols),                       \
       (dx, dy, y, rows, cols))                                                                                        \
    DO(add_f32, (float *out, const float *a, const float *b, size_t n), (out, a, b, n))                                \
    DO(multiply_f32, (float *out, const float *a, const float *b, size_t n), (out, a, b, n))                           \
    DO(sum_f32, (float *out, const float *const *in, size_t count, size_t n), (out, in, count, n))                     \
    DO(dropout_f32,                                                                                                    \
       (float *y, float *mask, const float *x, size_t n, float rate, uint64_t seed, uint64_t stream, uint64_t offset), \
       (y, mask, x, n, rate, seed, stream, offset))                                                                    \
    DO(exp_f32, (float *y, const float *x, size_t n), (y, x, n))                                                       \
    DO(log_f32, (float *y, const float *x, size_t n), (y, x, n))                                                       \
    GET(int, all_finite_f32, (const float *x, size_t n), (x, n))                                                       \
    DO(convert_f32, (float *out, const void *in, int dtype, ptrdiff_t stride, size_t n), (out, in, dtype, stride, n))  \
    GET(double, loss_mse_f32,                                                                                          \
        (float *grad, const float *pred, const float *target, const float *weight, size_t rows_per_weight,             \
         size_t rows, size_t cols, float scale),                                                                       \
        (grad, pred, target, weight, rows_per_weight, rows, cols, scale))                                              \
    GET(double, loss_binary_crossentropy_f32,                                                                          \
        (float *grad, const float *pred, const float *target, const float *weight, size_t rows_per_weight,             \
         size_t rows, size_t cols, float scale, int from_logits, float smoothing),                                     \
        (grad, pred, target, weight, rows_per_weight, rows, cols, scale, from_logits, smoothing))                      \
    GET(double, loss_categorical_crossentropy_f32,                                                                     \
        (float *grad, const float *pred, const float *target, const float *weight, size_t rows_per_weight,             \
         size_t rows, size_t cols, float scale, int from_logits, float smoothing),                                     \
        (grad, pred, target, weight, rows_per_weight, rows, cols, scale, from_logits, smoothing))                      \
    GET(double, loss_sparse_categorical_crossentropy_f32,                                                              \
        (float *grad, const float *pred, const float *target, const float *weight, size_t rows_per_weight,             \
         size_t rows, size_t cols, float scale, int from_logits),                                                      \
        (grad, pred, target, weight, rows_per_weight, rows, cols, scale, from_logits))                                 \
    DO(sgd_f32, (float *w, const float *g, size_t n, float lr), (w, g, n, lr))                                         \
    DO(sgd_momentum_f32, (float *w, float *m, const float *g, size_t n, float lr, float mu, int nesterov),             \
       (w, m, g, n, lr, mu, nesterov))                                                                                 \
    DO(adam_f32,                                                                                                       \
       (float *w, float *m, float *v, float *vhat, const float *g, size_t n, float alpha, double b1, double b2,        \
        float eps),                                                                                                    \
       (w, m, v, vhat, g, n, alpha, b1, b2, eps))                                                                      \
    DO(rmsprop_f32,                                                                                                    \
       (float *w, float *v, float *momentum, float *average, const float *g, size_t n, float lr, double rho, float mu, \
        float eps),                                                                                                    \
       (w, v, momentum, average, g, n, lr, rho, mu, eps))                                                              \
    DO(adagrad_f32, (float *w, float *a, const float *g, size_t n, float lr, float eps), (w, a, g, n, lr, eps))        \
    DO(adadelta_f32, (float *w, float *a, float *d, const float *g, size_t n, float lr, double rho, float eps),        \
       (w, a, d, g, n, lr, rho, eps))                                                                                  \
    DO(adamax_f32,                                                                                                     \
       (float *w, float *m, float *u, const float *g, size_t n, float lr, float correction, double b1, float b2,       \
        float eps),                                                                                                    \
       (w, m, u, g, n, lr, correction, b1, b2, eps))                                                                   \
    DO(nadam_f32,                                                                                                      \
       (float *w, float *m, float *v, const float *g, size_t n, float lr, float momentum_factor,                       \
        float gradient_factor, float correction, float c1, float c2, float eps),                                       \
       (w, m, v, g, n, lr, momentum_factor, gradient_factor, correction, c1, c2, eps))                                 \
    DO(lion_f32, (float *w, float *m, const float *g, size_t n, float lr, float b1, float b2),                         \
       (w, m, g, n, lr, b1, b2))                                                                                       \
    DO(decay_f32, (float *w, size_t n, float factor), (w, n, factor))                                                  \
    LEPTON_FUNCTION_KERNELS(DO, GET)                                                                                   \
    LEPTON_NOISE_KERNELS(DO, GET)                                                                                      \
    LEPTON_NORMALIZATION_KERNELS(DO, GET)                                                                              \
    LEPTON_CONVOLUTION_LIST(DO, GET)                                                                                   \
    LEPTON_OPERATION_KERNELS(DO, GET)                                                                                  \
    LEPTON_OBJECTIVE_KERNELS(DO, GET)                                                                                  \
    LEPTON_ATTENTION_KERNELS(DO, GET)                                                                                  \
    LEPTON_RECURRENT_KERNELS(DO, GET)                                                                                  \
    LEPTON_PREPROCESSING_KERNELS(DO, GET)                                                                              \
    LEPTON_OPTIMIZER_KERNELS(DO, GET)

#define LEPTON_FIELD_DO(name, parameters, arguments) void(*name) parameters;
#define LEPTON_FIELD_GET(type, name, parameters, arguments) type(*name) parameters;

typedef struct {
    const char *isa;
    LEPTON_KERNEL_LIST(LEPTON_FIELD_DO, LEPTON_FIELD_GET)
    /* Not public: gemm.c chooses between this and the BLAS. */
    void (*gemm_own_f32)(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
                         const float *b, size_t ldb, float beta, float *c, size_t ldc);
} lepton_kernel_table;

#define LEPTON_ENTRY_DO(name, parameters, arguments) .name = name,
#define LEPTON_ENTRY_GET(type, name, parameters, arguments) .name = name,

/** Defines a table out of the static functions of the file that uses it. */
#define LEPTON_DEFINE_TABLE(table, isa_name)                                                                           \
    const lepton_kernel_table table = {                                                                                \
        .isa = isa_name,                                                                                               \
        LEPTON_KERNEL_LIST(LEPTON_ENTRY_DO, LEPTON_ENTRY_GET).gemm_own_f32 = gemm_own_f32,                             \
    }

#pragma GCC visibility push(hidden)
extern const lepton_kernel_table lepton_table_scalar;
extern const lepton_kernel_table lepton_table_baseline;
#if LEPTON_X86
extern const lepton_kernel_table lepton_table_avx2;
extern const lepton_kernel_table lepton_table_avx512;
#endif

/** The table in use; chosen at the first call. */
const lepton_kernel_table *lepton_kernels(void);
#pragma GCC visibility pop

#endif /* LEPTON_TABLE_H */
