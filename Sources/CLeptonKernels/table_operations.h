/*
 * table_operations.h - the kernels of lepton_kernels_operations.h that exist once per instruction set; a part of
 * table.h's list.
 */
#define LEPTON_OPERATION_KERNELS(DO, GET)                                                                              \
    DO(unary_f32, (float *y, const float *x, size_t n, int function), (y, x, n, function))                             \
    DO(unary_grad_f32, (float *dx, const float *dy, const float *x_or_y, size_t n, int function),                      \
       (dx, dy, x_or_y, n, function))                                                                                  \
    DO(binary_f32, (float *out, const float *a, const float *b, const lepton_k_loop *loop, int function),              \
       (out, a, b, loop, function))                                                                                    \
    DO(binary_grad_f32,                                                                                                \
       (float *grad, const float *dy, const float *a, const float *b, const lepton_k_loop *loop, int function,         \
        int second, int overwrite),                                                                                    \
       (grad, dy, a, b, loop, function, second, overwrite))                                                            \
    DO(reduce_f32, (float *out, const float *in, size_t outer, size_t n, size_t inner, int reduction),                 \
       (out, in, outer, n, inner, reduction))                                                                          \
    DO(reduce_grad_f32,                                                                                                \
       (float *dx, const float *dy, const float *x, const float *y, size_t outer, size_t n, size_t inner,              \
        int reduction),                                                                                                \
       (dx, dy, x, y, outer, n, inner, reduction))
