/*
 * lepton_kernels_operations.h - functions of one and two numbers with broadcasting, reductions, running sums, and
 * kernels that move numbers. A part of lepton_kernels.h, whose rules hold here.
 */
#ifndef LEPTON_KERNELS_OPERATIONS_H
#define LEPTON_KERNELS_OPERATIONS_H

#include <stddef.h>
#include <stdint.h>

/* ------------------------------------------------ functions of one number */

enum {
    LEPTON_K_ABS,
    LEPTON_K_NEGATIVE,
    LEPTON_K_SQUARE,
    LEPTON_K_SQRT,
    LEPTON_K_RSQRT,
    LEPTON_K_RECIPROCAL,
    LEPTON_K_EXP,
    LEPTON_K_EXPM1,
    LEPTON_K_LOG,
    LEPTON_K_LOG1P,
    LEPTON_K_LOG2,
    LEPTON_K_LOG10,
    LEPTON_K_SIN,
    LEPTON_K_COS,
    LEPTON_K_TAN,
    LEPTON_K_ASIN,
    LEPTON_K_ACOS,
    LEPTON_K_ATAN,
    LEPTON_K_SINH,
    LEPTON_K_COSH,
    LEPTON_K_F_TANH,
    LEPTON_K_ASINH,
    LEPTON_K_ACOSH,
    LEPTON_K_ATANH,
    LEPTON_K_F_SIGMOID,
    LEPTON_K_F_RELU,
    LEPTON_K_SOFTPLUS,
    LEPTON_K_ERF,
    /* Without a gradient from here on. */
    LEPTON_K_SIGN,
    LEPTON_K_FLOOR,
    LEPTON_K_CEIL,
    LEPTON_K_ROUND, /* halves to even */
    LEPTON_K_TRUNC,
    LEPTON_K_IS_NAN, /* 1 or 0, as the next ones */
    LEPTON_K_IS_FINITE,
    LEPTON_K_IS_INFINITE,
    LEPTON_K_NOT
};

/** y(n) = f(x); y may be x. */
void lepton_k_unary_f32(float *y, const float *x, size_t n, int function);

/** Whether the derivative of a function is computed from its value y rather than from x. */
int lepton_k_unary_slope_takes_value(int function);

/** dx(n) = dy * f'(x), from x or from y = f(x), as the function above says; dx may be dy. */
void lepton_k_unary_grad_f32(float *dx, const float *dy, const float *x_or_y, size_t n, int function);

/* ----------------------------------------------- functions of two numbers */

enum {
    LEPTON_K_B_ADD,
    LEPTON_K_B_SUBTRACT,
    LEPTON_K_B_MULTIPLY,
    LEPTON_K_B_DIVIDE,
    LEPTON_K_B_POWER,
    LEPTON_K_B_MAXIMUM,
    LEPTON_K_B_MINIMUM,
    LEPTON_K_B_SQUARED_DIFFERENCE,
    LEPTON_K_B_ARCTAN2,
    LEPTON_K_B_REMAINDER,   /* with the sign of b */
    LEPTON_K_B_KEEP_WHERE,  /* b != 0 ? a : 0 */
    LEPTON_K_B_KEEP_UNLESS, /* b == 0 ? a : 0 */
    /* Without a gradient from here on. */
    LEPTON_K_B_FLOOR_DIVIDE,
    LEPTON_K_B_EQUAL, /* 1 or 0, as the next ones */
    LEPTON_K_B_NOT_EQUAL,
    LEPTON_K_B_LESS,
    LEPTON_K_B_LESS_EQUAL,
    LEPTON_K_B_GREATER,
    LEPTON_K_B_GREATER_EQUAL,
    LEPTON_K_B_AND,
    LEPTON_K_B_OR,
    LEPTON_K_B_XOR
};

enum { LEPTON_K_LOOP_AXES = 9 };

/** A loop over the elements of a result, outermost axis first, and how far each operand moves along an axis. */
typedef struct {
    size_t axes; /* at least 1 */
    size_t extents[LEPTON_K_LOOP_AXES];
    ptrdiff_t a[LEPTON_K_LOOP_AXES];
    ptrdiff_t b[LEPTON_K_LOOP_AXES];
    ptrdiff_t out[LEPTON_K_LOOP_AXES];
} lepton_k_loop;

/** out = f(a, b), element by element in the order of the loop; out is contiguous, and the innermost steps of a and b
 *  are 0 or 1. out may be a or b where that one is contiguous too. */
void lepton_k_binary_f32(float *out, const float *a, const float *b, const lepton_k_loop *loop, int function);

/** da += dy * df/da, or with `second` db += dy * df/db. dy is contiguous in the order of the loop; `out` of the loop
 *  are the steps of the gradient that is added to, its innermost step being 0 or 1. With `overwrite` the gradient is
 *  contiguous too and written instead of added to; it may then be dy. */
void lepton_k_binary_grad_f32(float *grad, const float *dy, const float *a, const float *b, const lepton_k_loop *loop,
                              int function, int second, int overwrite);

/* ------------------------------------------------------------- reductions */

enum {
    LEPTON_K_REDUCE_SUM,
    LEPTON_K_REDUCE_MEAN,
    LEPTON_K_REDUCE_MAX,
    LEPTON_K_REDUCE_MIN,
    LEPTON_K_REDUCE_PRODUCT,
    LEPTON_K_REDUCE_LOGSUMEXP,
    LEPTON_K_REDUCE_ANY,
    LEPTON_K_REDUCE_ALL,
    LEPTON_K_REDUCE_ARGMAX,
    LEPTON_K_REDUCE_ARGMIN
};

/** out(outer, inner) = the reduction of in(outer, n, inner) over n. NaN makes max, min, argmax and argmin NaN or its
 *  own index, as in NumPy. */
void lepton_k_reduce_f32(float *out, const float *in, size_t outer, size_t n, size_t inner, int reduction);

/** dx(outer, n, inner) from dy(outer, inner), x and y; extremes share dy equally. */
void lepton_k_reduce_grad_f32(float *dx, const float *dy, const float *x, const float *y, size_t outer, size_t n,
                              size_t inner, int reduction);

/** y(outer, n, inner) = the running sum, or with `product` the running product, over n; with `reversed` from the end. */
void lepton_k_cumulative_f32(float *y, const float *x, size_t outer, size_t n, size_t inner, int product, int reversed);

/** dx of a running product, from dy and x. */
void lepton_k_cumulative_product_grad_f32(float *dx, const float *dy, const float *x, size_t outer, size_t n,
                                          size_t inner, int reversed);

/* --------------------------------------------------------------- movement */

/** out = in read in the order of the loop with the steps `a`; out is contiguous. Transposes and broadcasts. */
void lepton_k_permute_f32(float *out, const float *in, const lepton_k_loop *loop);

/** For each of `outer` stretches: count floats from in to out, which move on by `in_step` and `out_step`. */
void lepton_k_copy_blocks_f32(float *out, size_t out_step, const float *in, size_t in_step, size_t outer, size_t count);

/** out(outer, taken, inner) = in(outer, n, inner) at indices(taken), each in [0, n), or `fill` where it is -1. */
void lepton_k_take_f32(float *out, const float *in, const int32_t *indices, size_t outer, size_t n, size_t taken,
                       size_t inner, float fill);

/** dx(outer, n, inner) = the sums of dy(outer, taken, inner) that came from each place. */
void lepton_k_take_grad_f32(float *dx, const float *dy, const int32_t *indices, size_t outer, size_t n, size_t taken,
                            size_t inner);

/** out(outer, taken, inner) = in(outer, n, inner) at indices(outer, taken, inner); negative ones count from the end,
 *  others outside give NaN. */
void lepton_k_take_along_f32(float *out, const float *in, const float *indices, size_t outer, size_t n, size_t taken,
                             size_t inner);

/** dx += dy at the places that out came from. */
void lepton_k_take_along_grad_f32(float *dx, const float *dy, const float *indices, size_t outer, size_t n,
                                  size_t taken, size_t inner);

/** out(outer, taken, inner) = in(outer, n, inner) at indices(taken), as above. */
void lepton_k_take_at_f32(float *out, const float *in, const float *indices, size_t outer, size_t n, size_t taken,
                          size_t inner);

/** dx += dy at the places that out came from. */
void lepton_k_take_at_grad_f32(float *dx, const float *dy, const float *indices, size_t outer, size_t n, size_t taken,
                               size_t inner);

/** out(n, depth) = 1 where the column equals the index, else 0. */
void lepton_k_one_hot_f32(float *out, const float *indices, size_t n, size_t depth);

/** out(outer, n, inner) = the places of in's elements along n in increasing (or decreasing) order; equal ones keep
 *  their order and NaN comes last. `work` has room for 2 n floats. */
void lepton_k_argsort_f32(float *out, const float *in, float *work, size_t outer, size_t n, size_t inner,
                          int descending);

#endif /* LEPTON_KERNELS_OPERATIONS_H */
