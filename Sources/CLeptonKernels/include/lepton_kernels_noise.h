/*
 * lepton_kernels_noise.h - random masks and noise. A part of lepton_kernels.h, whose rules hold here.
 *
 * Element i draws from word (offset + i) % 4 of Philox block (offset + i) / 4, as for lepton_k_dropout_f32: the numbers
 * depend on seed, stream and position alone.
 */
#ifndef LEPTON_KERNELS_NOISE_H
#define LEPTON_KERNELS_NOISE_H

#include <stddef.h>
#include <stdint.h>

/** mask(n) = 0 with probability `rate`, else `kept`. 0 <= rate < 1. */
void lepton_k_mask_f32(float *mask, size_t n, float rate, float kept, uint64_t seed, uint64_t stream, uint64_t offset);

/** out(n) = mean + deviation z, z standard normal: the inverse of the normal distribution function at
 *  (word + 1/2) 2^-32, by Giles's approximation ("Approximating the erfinv function", 2012), |z| < 6.4. */
void lepton_k_normal_f32(float *out, size_t n, float mean, float deviation, uint64_t seed, uint64_t stream,
                         uint64_t offset);

/** y(n) = mask (x - shift) + base; y may be x. */
void lepton_k_masked_f32(float *y, const float *x, const float *mask, size_t n, float shift, float base);

/** out(extents[0], ..., extents[rank - 1]) = in at the sums of index times stride; a stride of 0 repeats. rank is at most
 *  LEPTON_K_MAX_RANK. */
enum { LEPTON_K_MAX_RANK = 8 };
void lepton_k_spread_f32(float *out, const float *in, size_t rank, const size_t *extents, const size_t *strides);

#endif /* LEPTON_KERNELS_NOISE_H */
