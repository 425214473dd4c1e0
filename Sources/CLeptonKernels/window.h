/*
 * window.h - what the reference and the vector kernels of convolution and pooling share: positions and their numbers.
 */
#ifndef LEPTON_WINDOW_H
#define LEPTON_WINDOW_H

#include "lepton_kernels.h"

#include <string.h>

/** The taps of one window along one axis that lie within the input, and where the first of them lies. */
typedef struct {
    size_t first;
    size_t end;
    size_t at;
} lepton_taps;

static inline lepton_taps lepton_taps_of(const lepton_k_window *window, int axis, size_t out) {
    const size_t step = window->dilation[axis], start = out * window->stride[axis], before = window->before[axis];
    const size_t in = window->in[axis] + before, kernel = window->kernel[axis];
    /* In coordinates that begin `before` in front of the input: it lies in [before, in). */
    lepton_taps taps;
    taps.first = start < before ? (before - start + step - 1) / step : 0;
    taps.end = start < in ? (in - start + step - 1) / step : 0;
    if (taps.end > kernel) taps.end = kernel;
    if (taps.first > taps.end) taps.first = taps.end;
    taps.at = start + taps.first * step - before;
    return taps;
}

static inline size_t lepton_volume(const size_t extents[3]) { return extents[0] * extents[1] * extents[2]; }

/** Extent of an axis with zeros around it as far as the windows reach. */
static inline size_t lepton_framed_extent(const lepton_k_window *window, int axis) {
    const size_t reach =
        (window->out[axis] - 1) * window->stride[axis] + (window->kernel[axis] - 1) * window->dilation[axis] + 1;
    const size_t whole = window->in[axis] + window->before[axis];
    return reach > whole ? reach : whole;
}

/** How many images are framed at a time: as many as a block of 240 positions takes, and at most 16. */
static inline size_t lepton_framed_images(const lepton_k_window *window) {
    const size_t *out = window->out;
    /* Looked at first, so that the product cannot overflow. */
    if (out[0] > 240 || out[1] > 240 || out[2] > 240) return 1;
    const size_t images = 240 / lepton_volume(out);
    return images < 1 ? 1 : images > 16 ? 16 : images;
}

/** Scratch memory begins with a table of offsets, at their alignment. */
static inline size_t *lepton_offsets_of(float *scratch) {
    const uintptr_t alignment = sizeof(size_t);
    return (size_t *)(((uintptr_t)scratch + alignment - 1) / alignment * alignment);
}

#endif /* LEPTON_WINDOW_H */
