/*
 * table_functions.h - the kernels of lepton_kernels_functions.h; a part of the list in table.h.
 */
#define LEPTON_FUNCTION_KERNELS(DO, GET)                                                                               \
    DO(function_f32, (float *y, const float *x, size_t n, int function, float a, float b, float c),                    \
       (y, x, n, function, a, b, c))                                                                                   \
    DO(function_grad_f32,                                                                                              \
       (float *dx, const float *dy, const float *x, size_t n, int function, float a, float b, float c),                \
       (dx, dy, x, n, function, a, b, c))                                                                              \
    DO(log_softmax_f32, (float *y, const float *x, size_t rows, size_t cols), (y, x, rows, cols))                      \
    DO(log_softmax_grad_f32, (float *dx, const float *dy, const float *y, size_t rows, size_t cols),                   \
       (dx, dy, y, rows, cols))                                                                                        \
    DO(sparsemax_f32, (float *y, const float *x, size_t rows, size_t cols), (y, x, rows, cols))                        \
    DO(sparsemax_grad_f32, (float *dx, const float *dy, const float *y, size_t rows, size_t cols),                     \
       (dx, dy, y, rows, cols))                                                                                        \
    DO(glu_f32, (float *y, const float *x, size_t rows, size_t cols), (y, x, rows, cols))                              \
    DO(glu_grad_f32, (float *dx, const float *dy, const float *x, size_t rows, size_t cols), (dx, dy, x, rows, cols))  \
    DO(prelu_f32, (float *y, const float *x, const float *alpha, size_t n, size_t period), (y, x, alpha, n, period))   \
    DO(prelu_grad_f32,                                                                                                 \
       (float *dx, float *dalpha, const float *dy, const float *x, const float *alpha, size_t n, size_t period,        \
        int accumulate),                                                                                               \
       (dx, dalpha, dy, x, alpha, n, period, accumulate))
