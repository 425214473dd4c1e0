/*
 * window.c - how much scratch memory convolution takes.
 */
#include "window.h"

static size_t capped_product(size_t a, size_t b) {
    size_t product;
    return __builtin_mul_overflow(a, b, &product) || product > PTRDIFF_MAX ? PTRDIFF_MAX : product;
}

static size_t capped_sum(size_t a, size_t b) {
    const size_t sum = a + b;
    return sum > PTRDIFF_MAX ? PTRDIFF_MAX : sum;
}

/** The number rounded up to whole panels of the widest vectors. */
static size_t in_panels(size_t cols) { return capped_sum(cols, 31) / 32 * 32; }

size_t lepton_k_convolution_scratch(const lepton_k_window *window) {
    size_t taps = 1, framed = capped_product(window->in_channels, lepton_framed_images(window));
    int is_framed = 0;
    for (int i = 0; i < 3; i++) {
        const size_t extent = lepton_framed_extent(window, i);
        is_framed |= window->before[i] > 0 || extent > window->in[i];
        framed = capped_product(framed, extent);
        taps = capped_product(taps, window->kernel[i]);
    }
    const size_t ins = window->in_channels / window->groups, outs = window->out_channels / window->groups;
    const size_t rows = capped_product(taps, ins);
    const size_t forward = capped_product(rows, in_panels(outs)),
                 back = capped_product(capped_product(taps, outs), in_panels(ins));
    const size_t packed = capped_product(window->groups, forward > back ? forward : back);
    const size_t table = capped_product(rows, sizeof(size_t) / sizeof(float));
    return capped_sum(capped_sum(packed, is_framed ? framed : 0), capped_sum(table, 4));
}
