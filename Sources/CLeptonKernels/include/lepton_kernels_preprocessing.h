/*
 * lepton_kernels_preprocessing.h - what turns raw features into numbers for a model: normalising, bins, encodings of
 * whole numbers, and the hashes that spread words over bins. A part of lepton_kernels.h, whose rules hold here.
 */
#ifndef LEPTON_KERNELS_PREPROCESSING_H
#define LEPTON_KERNELS_PREPROCESSING_H

#include <stddef.h>
#include <stdint.h>

/** y(rows,cols) = (x - mean(cols)) / deviation(cols), or x * deviation + mean with `invert`; y may be x. */
void lepton_k_normalize_rows_f32(float *y, const float *x, const float *mean, const float *deviation, size_t rows,
                                 size_t cols, int invert);

/** dx(rows,cols) = dy / deviation(cols), or dy * deviation with `invert`; dx may be dy. */
void lepton_k_normalize_rows_grad_f32(float *dx, const float *dy, const float *deviation, size_t rows, size_t cols,
                                      int invert);

/** y(n) = how many of the ascending `boundaries`(count) are at most x; `count` for NaN, as np.digitize. y may be x. */
void lepton_k_digitize_f32(float *y, const float *x, size_t n, const float *boundaries, size_t count);

/** What becomes of the class numbers of a sample. */
enum {
    /** Each number on its own: 1 at its place. */
    LEPTON_K_ONE_HOT = 0,
    /** 1 at the place of each number that is there, after cutting what is behind the point. */
    LEPTON_K_MULTI_HOT = 1,
    /** How often (or with which total weight) each number is there. */
    LEPTON_K_COUNT = 2
};

/** y(samples,inner,depth) from x(samples,length,inner), added up over `length`. Numbers that are not 0 ... depth - 1,
 *  or have something behind the point, count nowhere. `weights`, of x's shape, are for LEPTON_K_COUNT and may be NULL;
 *  so may `scale`(depth), which y is multiplied with. */
void lepton_k_encode_f32(float *y, const float *x, const float *weights, const float *scale, size_t samples,
                         size_t length, size_t inner, size_t depth, int mode);

/** dweights(samples,length,inner) of the above with LEPTON_K_COUNT: for each number the slope dy(samples,inner,depth) at
 *  its place, times `scale` if any; 0 for one that counts nowhere. */
void lepton_k_encode_weights_grad_f32(float *dweights, const float *dy, const float *x, const float *scale,
                                      size_t samples, size_t length, size_t inner, size_t depth);

/** FarmHash's 64-bit fingerprint of `length` bytes, the same on every machine (Pike & Alakuijala, 2014). */
uint64_t lepton_k_farmhash64(const void *bytes, size_t length);

/** SipHash-2-4 of `length` bytes under a key of two halves (Aumasson & Bernstein, 2012). */
uint64_t lepton_k_siphash64(const void *bytes, size_t length, uint64_t key0, uint64_t key1);

#endif /* LEPTON_KERNELS_PREPROCESSING_H */
