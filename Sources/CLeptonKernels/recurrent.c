/*
 * recurrent.c - copies between batches of sequences and sequences of batches; memcpy is already the best there is.
 */
#include "lepton_kernels.h"

#include <string.h>

void lepton_k_time_major_f32(float *out, const float *in, size_t row_stride, size_t rows, size_t time, size_t width,
                             int reverse) {
    for (size_t t = 0; t < time; t++) {
        const float *from = in + (reverse ? time - 1 - t : t) * width;
        for (size_t r = 0; r < rows; r++, out += width)
            memcpy(out, from + r * row_stride, width * sizeof(float));
    }
}

void lepton_k_batch_major_f32(float *out, size_t row_stride, const float *in, size_t rows, size_t time, size_t width,
                              int reverse) {
    for (size_t t = 0; t < time; t++) {
        float *to = out + (reverse ? time - 1 - t : t) * width;
        for (size_t r = 0; r < rows; r++, in += width)
            memcpy(to + r * row_stride, in, width * sizeof(float));
    }
}
