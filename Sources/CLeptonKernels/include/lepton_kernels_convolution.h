/*
 * lepton_kernels_convolution.h - windows that slide over images: convolution and pooling.
 *
 * Images are channels-last: (sample, depth, height, width, channel). Those with fewer spatial axes have leading ones of
 * extent 1. Kernels are (depth, height, width, channels in, channels out), as Keras stores them.
 */
#ifndef LEPTON_KERNELS_CONVOLUTION_H
#define LEPTON_KERNELS_CONVOLUTION_H

#include <stddef.h>
#include <stdint.h>

/** A window over the three spatial axes. Tap k of output o lies at input o * stride + k * dilation - before; where that
 *  is outside of the input, the input counts as 0. Extents, strides and dilations are at least 1. */
typedef struct {
    size_t in[3];
    size_t out[3];
    size_t kernel[3];
    size_t stride[3];
    size_t dilation[3];
    size_t before[3];
    /** Channels of the input and of the output; equal in pooling and in depthwise convolution. */
    size_t in_channels;
    size_t out_channels;
    /** Channels are convolved in so many groups, which divide both numbers of channels. */
    size_t groups;
} lepton_k_window;

/** Floats of scratch memory that any of the three functions below needs, whatever the number of samples; PTRDIFF_MAX
 *  where the number would overflow. */
size_t lepton_k_convolution_scratch(const lepton_k_window *window);

/** y(samples, out, out_channels) = f(x(samples, in, in_channels) convolved with kernel + bias), f an activation that
 *  LEPTON_K_* numbers. The kernel is (window, in_channels / groups, out_channels); `bias`(out_channels) may be NULL. */
void lepton_k_convolution_f32(float *y, const float *x, const float *kernel, const float *bias,
                              const lepton_k_window *window, size_t samples, int activation, float *scratch);

/** dx(samples, in, in_channels) = the gradient of x, from dy(samples, out, out_channels). */
void lepton_k_convolution_input_grad_f32(float *dx, const float *dy, const float *kernel, const lepton_k_window *window,
                                         size_t samples, float *scratch);

/** dkernel = (or with `accumulate` +=) the gradient of the kernel, summed over samples and positions in their order. */
void lepton_k_convolution_kernel_grad_f32(float *dkernel, const float *x, const float *dy,
                                          const lepton_k_window *window, size_t samples, int accumulate,
                                          float *scratch);

/** y = f(each channel of x convolved with its own plane of kernel(window, channels) + bias); `bias` may be NULL. */
void lepton_k_depthwise_f32(float *y, const float *x, const float *kernel, const float *bias,
                            const lepton_k_window *window, size_t samples, int activation);

/** dx = the gradient of x. */
void lepton_k_depthwise_input_grad_f32(float *dx, const float *dy, const float *kernel, const lepton_k_window *window,
                                       size_t samples);

/** dkernel(window, channels) = (or +=) the gradient of the kernel. */
void lepton_k_depthwise_kernel_grad_f32(float *dkernel, const float *x, const float *dy, const lepton_k_window *window,
                                        size_t samples, int accumulate);

/** y = the largest value under the window, per channel; NaN where one is. `taps`, unless NULL, receives which tap of the
 *  window it was: the first of equal ones. Each window has a tap within the input. */
void lepton_k_max_pool_f32(float *y, int32_t *taps, const float *x, const lepton_k_window *window, size_t samples);

/** dx = dy where its window took its value from, summed over windows in their order; 0 elsewhere. */
void lepton_k_max_pool_grad_f32(float *dx, const float *dy, const int32_t *taps, const lepton_k_window *window,
                                size_t samples);

/** y = the mean of the values under the window that lie within the input, per channel. */
void lepton_k_average_pool_f32(float *y, const float *x, const lepton_k_window *window, size_t samples);

/** dx = the gradient of x. */
void lepton_k_average_pool_grad_f32(float *dx, const float *dy, const lepton_k_window *window, size_t samples);

#endif /* LEPTON_KERNELS_CONVOLUTION_H */
