/*
 * preprocessing.c - bins and encodings of whole numbers: look-ups, which gain nothing from vectors.
 */
#include "lepton_kernels.h"

#include <string.h>

void lepton_k_digitize_f32(float *y, const float *x, size_t n, const float *boundaries, size_t count) {
    for (size_t i = 0; i < n; i++) {
        size_t low = 0, high = count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (x[i] < boundaries[middle]) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        y[i] = (float)low;
    }
}

/* The place of a class number, or `depth` for one that counts nowhere. */
static size_t place_of(float number, size_t depth, int mode) {
    if (!(number > (mode == LEPTON_K_MULTI_HOT ? -1.0f : -0.5f)) || !(number < (float)depth)) return depth;
    size_t place = number < 0.0f ? 0 : (size_t)number;
    return mode == LEPTON_K_MULTI_HOT || (float)place == number ? place : depth;
}

void lepton_k_encode_f32(float *y, const float *x, const float *weights, const float *scale, size_t samples,
                         size_t length, size_t inner, size_t depth, int mode) {
    memset(y, 0, samples * inner * depth * sizeof(float));
    for (size_t s = 0; s < samples; s++) {
        for (size_t p = 0; p < length * inner; p++) {
            size_t i = s * length * inner + p, place = place_of(x[i], depth, mode);
            if (place >= depth) continue;
            float *to = y + (s * inner + p % inner) * depth + place;
            if (mode == LEPTON_K_COUNT) {
                *to += weights != NULL ? weights[i] : 1.0f;
            } else {
                *to = 1.0f;
            }
        }
    }
    if (scale == NULL) return;
    for (size_t r = 0; r < samples * inner; r++) {
        for (size_t c = 0; c < depth; c++)
            y[r * depth + c] *= scale[c];
    }
}

void lepton_k_encode_weights_grad_f32(float *dweights, const float *dy, const float *x, const float *scale,
                                      size_t samples, size_t length, size_t inner, size_t depth) {
    for (size_t s = 0; s < samples; s++) {
        for (size_t p = 0; p < length * inner; p++) {
            size_t i = s * length * inner + p, place = place_of(x[i], depth, LEPTON_K_COUNT);
            dweights[i] = 0.0f;
            if (place >= depth) continue;
            dweights[i] = dy[(s * inner + p % inner) * depth + place] * (scale != NULL ? scale[place] : 1.0f);
        }
    }
}
