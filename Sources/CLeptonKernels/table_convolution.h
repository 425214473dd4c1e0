/*
 * table_convolution.h - the part of the kernel list that slides windows over images.
 */
#define LEPTON_CONVOLUTION_LIST(DO, GET)                                                                               \
    DO(convolution_f32,                                                                                                \
       (float *y, const float *x, const float *kernel, const float *bias, const lepton_k_window *window,               \
        size_t samples, int activation, float *scratch),                                                               \
       (y, x, kernel, bias, window, samples, activation, scratch))                                                     \
    DO(convolution_input_grad_f32,                                                                                     \
       (float *dx, const float *dy, const float *kernel, const lepton_k_window *window, size_t samples,                \
        float *scratch),                                                                                               \
       (dx, dy, kernel, window, samples, scratch))                                                                     \
    DO(convolution_kernel_grad_f32,                                                                                    \
       (float *dkernel, const float *x, const float *dy, const lepton_k_window *window, size_t samples,                \
        int accumulate, float *scratch),                                                                               \
       (dkernel, x, dy, window, samples, accumulate, scratch))                                                         \
    DO(depthwise_f32,                                                                                                  \
       (float *y, const float *x, const float *kernel, const float *bias, const lepton_k_window *window,               \
        size_t samples, int activation),                                                                               \
       (y, x, kernel, bias, window, samples, activation))                                                              \
    DO(depthwise_input_grad_f32,                                                                                       \
       (float *dx, const float *dy, const float *kernel, const lepton_k_window *window, size_t samples),               \
       (dx, dy, kernel, window, samples))                                                                              \
    DO(depthwise_kernel_grad_f32,                                                                                      \
       (float *dkernel, const float *x, const float *dy, const lepton_k_window *window, size_t samples,                \
        int accumulate),                                                                                               \
       (dkernel, x, dy, window, samples, accumulate))                                                                  \
    DO(max_pool_f32, (float *y, int32_t *taps, const float *x, const lepton_k_window *window, size_t samples),         \
       (y, taps, x, window, samples))                                                                                  \
    DO(max_pool_grad_f32,                                                                                              \
       (float *dx, const float *dy, const int32_t *taps, const lepton_k_window *window, size_t samples),               \
       (dx, dy, taps, window, samples))                                                                                \
    DO(average_pool_f32, (float *y, const float *x, const lepton_k_window *window, size_t samples),                    \
       (y, x, window, samples))                                                                                        \
    DO(average_pool_grad_f32, (float *dx, const float *dy, const lepton_k_window *window, size_t samples),             \
       (dx, dy, window, samples))
