/*
 * scalar_convolution.h - the reference of convolution and pooling: a loop over every output and every tap.
 */
#include "window.h"

#include <math.h>

/** One tap of one output: its number in the window, and the positions of output and input in their images. */
typedef void (*tap_visitor)(void *context, size_t out, size_t in, size_t tap);

/** Calls `visit` for each tap of each output that lies within the input: outputs in order, and their taps in order. */
static void visit_taps(const lepton_k_window *w, tap_visitor visit, void *context) {
    for (size_t o = 0; o < lepton_volume(w->out); o++) {
        const lepton_taps d = lepton_taps_of(w, 0, o / (w->out[1] * w->out[2]));
        const lepton_taps h = lepton_taps_of(w, 1, o / w->out[2] % w->out[1]);
        const lepton_taps v = lepton_taps_of(w, 2, o % w->out[2]);
        for (size_t i = d.first; i < d.end; i++) {
            for (size_t j = h.first; j < h.end; j++) {
                for (size_t k = v.first; k < v.end; k++) {
                    const size_t depth = d.at + (i - d.first) * w->dilation[0];
                    const size_t row = h.at + (j - h.first) * w->dilation[1];
                    const size_t column = v.at + (k - v.first) * w->dilation[2];
                    visit(context, o, (depth * w->in[1] + row) * w->in[2] + column,
                          (i * w->kernel[1] + j) * w->kernel[2] + k);
                }
            }
        }
    }
}

/** What the visitors work on; the images of one sample. */
typedef struct {
    const lepton_k_window *window;
    float *result;
    const float *a;
    const float *b;
    const int32_t *taps;
    int32_t *new_taps;
    size_t last_out;
} tap_work;

/** Calls DO with the input channel c, the output channel f and the kernel's element k for each pair in a group. */
#define FOR_EACH_WEIGHT(w, tap, DO)                                                                                    \
    do {                                                                                                               \
        const size_t ins = (w)->in_channels / (w)->groups, outs = (w)->out_channels / (w)->groups;                     \
        for (size_t g = 0; g < (w)->groups; g++) {                                                                     \
            for (size_t i = 0; i < ins; i++) {                                                                         \
                for (size_t j = 0; j < outs; j++) {                                                                    \
                    const size_t c = g * ins + i, f = g * outs + j;                                                    \
                    const size_t k = ((tap)*ins + i) * (w)->out_channels + f;                                          \
                    DO;                                                                                                \
                }                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    } while (0)

static void convolve_tap(void *context, size_t out, size_t in, size_t tap) {
    tap_work *work = context;
    const lepton_k_window *w = work->window;
    float *y = work->result + out * w->out_channels;
    const float *x = work->a + in * w->in_channels;
    FOR_EACH_WEIGHT(w, tap, y[f] += x[c] * work->b[k]);
}

static void input_grad_tap(void *context, size_t out, size_t in, size_t tap) {
    tap_work *work = context;
    const lepton_k_window *w = work->window;
    const float *dy = work->a + out * w->out_channels;
    float *dx = work->result + in * w->in_channels;
    FOR_EACH_WEIGHT(w, tap, dx[c] += dy[f] * work->b[k]);
}

static void kernel_grad_tap(void *context, size_t out, size_t in, size_t tap) {
    tap_work *work = context;
    const lepton_k_window *w = work->window;
    const float *dy = work->b + out * w->out_channels, *x = work->a + in * w->in_channels;
    FOR_EACH_WEIGHT(w, tap, work->result[k] += x[c] * dy[f]);
}

static void convolution_f32(float *y, const float *x, const float *kernel, const float *bias, const lepton_k_window *w,
                            size_t samples, int activation, float *scratch) {
    (void)scratch;
    const size_t out = lepton_volume(w->out) * w->out_channels, in = lepton_volume(w->in) * w->in_channels;
    memset(y, 0, samples * out * sizeof(float));
    for (size_t s = 0; s < samples; s++) {
        tap_work work = {.window = w, .result = y + s * out, .a = x + s * in, .b = kernel};
        visit_taps(w, convolve_tap, &work);
    }
    bias_activation_f32(y, y, bias, samples * lepton_volume(w->out), w->out_channels, activation);
}

static void convolution_input_grad_f32(float *dx, const float *dy, const float *kernel, const lepton_k_window *w,
                                       size_t samples, float *scratch) {
    (void)scratch;
    const size_t out = lepton_volume(w->out) * w->out_channels, in = lepton_volume(w->in) * w->in_channels;
    memset(dx, 0, samples * in * sizeof(float));
    for (size_t s = 0; s < samples; s++) {
        tap_work work = {.window = w, .result = dx + s * in, .a = dy + s * out, .b = kernel};
        visit_taps(w, input_grad_tap, &work);
    }
}

static void convolution_kernel_grad_f32(float *dkernel, const float *x, const float *dy, const lepton_k_window *w,
                                        size_t samples, int accumulate, float *scratch) {
    (void)scratch;
    const size_t out = lepton_volume(w->out) * w->out_channels, in = lepton_volume(w->in) * w->in_channels;
    const size_t weights = lepton_volume(w->kernel) * (w->in_channels / w->groups) * w->out_channels;
    if (!accumulate) memset(dkernel, 0, weights * sizeof(float));
    for (size_t s = 0; s < samples; s++) {
        tap_work work = {.window = w, .result = dkernel, .a = x + s * in, .b = dy + s * out};
        visit_taps(w, kernel_grad_tap, &work);
    }
}

/** The window as one group for each channel, which is what a depthwise convolution is. */
static lepton_k_window channelwise(const lepton_k_window *w) {
    lepton_k_window grouped = *w;
    grouped.groups = w->in_channels;
    return grouped;
}

static void depthwise_f32(float *y, const float *x, const float *kernel, const float *bias, const lepton_k_window *w,
                          size_t samples, int activation) {
    const lepton_k_window grouped = channelwise(w);
    convolution_f32(y, x, kernel, bias, &grouped, samples, activation, NULL);
}

static void depthwise_input_grad_f32(float *dx, const float *dy, const float *kernel, const lepton_k_window *w,
                                     size_t samples) {
    const lepton_k_window grouped = channelwise(w);
    convolution_input_grad_f32(dx, dy, kernel, &grouped, samples, NULL);
}

static void depthwise_kernel_grad_f32(float *dkernel, const float *x, const float *dy, const lepton_k_window *w,
                                      size_t samples, int accumulate) {
    const lepton_k_window grouped = channelwise(w);
    convolution_kernel_grad_f32(dkernel, x, dy, &grouped, samples, accumulate, NULL);
}

static void max_tap(void *context, size_t out, size_t in, size_t tap) {
    tap_work *work = context;
    /* Outputs come in order, each with all its taps: another output than the last one begins. */
    const int is_first = out != work->last_out;
    work->last_out = out;
    for (size_t c = 0; c < work->window->in_channels; c++) {
        const size_t o = out * work->window->in_channels + c;
        const float x = work->a[in * work->window->in_channels + c];
        if (is_first || x > work->result[o] || isnan(x)) {
            work->result[o] = x;
            if (work->new_taps != NULL) work->new_taps[o] = (int32_t)tap;
        }
    }
}

static void max_pool_f32(float *y, int32_t *taps, const float *x, const lepton_k_window *w, size_t samples) {
    const size_t out = lepton_volume(w->out) * w->in_channels, in = lepton_volume(w->in) * w->in_channels;
    for (size_t s = 0; s < samples; s++) {
        tap_work work = {.window = w,
                         .result = y + s * out,
                         .a = x + s * in,
                         .new_taps = taps == NULL ? NULL : taps + s * out,
                         .last_out = SIZE_MAX};
        visit_taps(w, max_tap, &work);
    }
}

static void max_grad_tap(void *context, size_t out, size_t in, size_t tap) {
    tap_work *work = context;
    for (size_t c = 0; c < work->window->in_channels; c++) {
        const size_t o = out * work->window->in_channels + c;
        if (work->taps[o] == (int32_t)tap) work->result[in * work->window->in_channels + c] += work->a[o];
    }
}

static void max_pool_grad_f32(float *dx, const float *dy, const int32_t *taps, const lepton_k_window *w,
                              size_t samples) {
    const size_t out = lepton_volume(w->out) * w->in_channels, in = lepton_volume(w->in) * w->in_channels;
    memset(dx, 0, samples * in * sizeof(float));
    for (size_t s = 0; s < samples; s++) {
        tap_work work = {.window = w, .result = dx + s * in, .a = dy + s * out, .taps = taps + s * out};
        visit_taps(w, max_grad_tap, &work);
    }
}

static void sum_tap(void *context, size_t out, size_t in, size_t tap) {
    (void)tap;
    tap_work *work = context;
    const size_t channels = work->window->in_channels;
    for (size_t c = 0; c < channels; c++)
        work->result[out * channels + c] += work->a[in * channels + c];
}

/** How many taps of an output lie within the input. */
static float tap_count(const lepton_k_window *w, size_t out) {
    const lepton_taps d = lepton_taps_of(w, 0, out / (w->out[1] * w->out[2]));
    const lepton_taps h = lepton_taps_of(w, 1, out / w->out[2] % w->out[1]);
    const lepton_taps v = lepton_taps_of(w, 2, out % w->out[2]);
    return (float)((d.end - d.first) * (h.end - h.first) * (v.end - v.first));
}

static void average_pool_f32(float *y, const float *x, const lepton_k_window *w, size_t samples) {
    const size_t channels = w->in_channels, out = lepton_volume(w->out) * channels;
    const size_t in = lepton_volume(w->in) * channels;
    memset(y, 0, samples * out * sizeof(float));
    for (size_t s = 0; s < samples; s++) {
        tap_work work = {.window = w, .result = y + s * out, .a = x + s * in};
        visit_taps(w, sum_tap, &work);
        for (size_t i = 0; i < out; i++)
            work.result[i] /= tap_count(w, i / channels);
    }
}

static void mean_grad_tap(void *context, size_t out, size_t in, size_t tap) {
    (void)tap;
    tap_work *work = context;
    const size_t channels = work->window->in_channels;
    for (size_t c = 0; c < channels; c++)
        work->result[in * channels + c] += work->a[out * channels + c] / tap_count(work->window, out);
}

static void average_pool_grad_f32(float *dx, const float *dy, const lepton_k_window *w, size_t samples) {
    const size_t out = lepton_volume(w->out) * w->in_channels, in = lepton_volume(w->in) * w->in_channels;
    memset(dx, 0, samples * in * sizeof(float));
    for (size_t s = 0; s < samples; s++) {
        tap_work work = {.window = w, .result = dx + s * in, .a = dy + s * out};
        visit_taps(w, mean_grad_tap, &work);
    }
}
