/*
 * table_noise.h - the kernels of lepton_kernels_noise.h; a part of the list in table.h.
 */
#define LEPTON_NOISE_KERNELS(DO, GET)                                                                                  \
    DO(mask_f32, (float *mask, size_t n, float rate, float kept, uint64_t seed, uint64_t stream, uint64_t offset),     \
       (mask, n, rate, kept, seed, stream, offset))                                                                    \
    DO(normal_f32,                                                                                                     \
       (float *out, size_t n, float mean, float deviation, uint64_t seed, uint64_t stream, uint64_t offset),           \
       (out, n, mean, deviation, seed, stream, offset))                                                                \
    DO(masked_f32, (float *y, const float *x, const float *mask, size_t n, float shift, float base),                   \
       (y, x, mask, n, shift, base))                                                                                   \
    DO(spread_f32, (float *out, const float *in, size_t rank, const size_t *extents, const size_t *strides),           \
       (out, in, rank, extents, strides))
