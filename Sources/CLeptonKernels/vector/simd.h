/*
 * simd.h - vector types of LEPTON_W lanes and the few operations on them that C's operators do not give.
 */
#include <stddef.h>
#include <stdint.h>

#define W LEPTON_W
#define INLINE static inline __attribute__((always_inline, unused))

typedef float vf __attribute__((vector_size(4 * W)));
typedef int32_t vi __attribute__((vector_size(4 * W)));
typedef uint32_t vu __attribute__((vector_size(4 * W)));
typedef float vf_half __attribute__((vector_size(2 * W)));
typedef double vd __attribute__((vector_size(4 * W)));
typedef uint64_t vu64 __attribute__((vector_size(4 * W))); /* W / 2 lanes */

INLINE vf load(const float *p) {
    vf v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store(float *p, vf v) { __builtin_memcpy(p, &v, sizeof v); }

/* load_part reads the first n < W floats, the other lanes being 0; store_part writes the first n lanes. Neither
 * touches memory beyond them. */
#if LEPTON_X86 && W == 8
INLINE __m256i first_lanes(size_t n) {
    static const int32_t masks[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
    return _mm256_loadu_si256((const __m256i *)(const void *)(masks + 8 - n));
}

INLINE vf load_part(const float *p, size_t n) { return (vf)_mm256_maskload_ps(p, first_lanes(n)); }

/* In pieces of 4, 2 and 1: masked stores are slow on several processors. */
INLINE void store_part(float *p, vf v, size_t n) {
    __m128 rest = _mm256_castps256_ps128((__m256)v);
    if (n & 4) {
        _mm_storeu_ps(p, rest);
        rest = _mm256_extractf128_ps((__m256)v, 1);
        p += 4;
    }
    if (n & 2) {
        _mm_storel_pi((__m64 *)(void *)p, rest);
        rest = _mm_movehl_ps(rest, rest);
        p += 2;
    }
    if (n & 1) _mm_store_ss(p, rest);
}
#elif LEPTON_X86 && W == 16
INLINE vf load_part(const float *p, size_t n) { return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }

INLINE void store_part(float *p, vf v, size_t n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v); }
#else
INLINE vf load_part(const float *p, size_t n) {
    float lanes[W] = {0};
    for (size_t i = 0; i < n; i++)
        lanes[i] = p[i];
    return load(lanes);
}

INLINE void store_part(float *p, vf v, size_t n) {
    float lanes[W];
    store(lanes, v);
    for (size_t i = 0; i < n; i++)
        p[i] = lanes[i];
}
#endif

/* Of `left` >= 1 floats from p on: the next vector, which is a whole one unless fewer are left. */
INLINE vf load_any(const float *p, size_t left) { return left < W ? load_part(p, left) : load(p); }

INLINE void store_any(float *p, vf v, size_t left) {
    if (left < W) {
        store_part(p, v, left);
    } else {
        store(p, v);
    }
}

/* For i = 0, W, 2 W, ... below n, with `left` = n - i: a body of load_any and store_any for whole vectors and the rest. */
#define EACH_VECTOR(i, n, left) for (size_t i = 0, left = (n); i < (n); i += W, left = (n) - (i < (n) ? i : (n)))

/** All lanes x. */
INLINE vf splat(float x) { return x - (vf){0}; }

/** Lane-wise mask ? a : b, where a mask's lanes are all ones or all zeros, as comparisons give them. */
INLINE vf choose(vi mask, vf a, vf b) { return (vf)((mask & (vi)a) | (~mask & (vi)b)); }

/** a where the mask is set, else 0. */
INLINE vf keep(vi mask, vf a) { return (vf)(mask & (vi)a); }

INLINE vf absolute(vf x) { return (vf)((vi)x & 0x7fffffff); }

/* a0 b0 a1 b1 ...: of the first halves of a and b, and of their last halves. */
#if W == 4
#define FIRST_HALVES 0, 4, 1, 5
#define LAST_HALVES 2, 6, 3, 7
#elif W == 8
#define FIRST_HALVES 0, 8, 1, 9, 2, 10, 3, 11
#define LAST_HALVES 4, 12, 5, 13, 6, 14, 7, 15
#else
#define FIRST_HALVES 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define LAST_HALVES 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#endif

INLINE vu zip_first(vu a, vu b) { return __builtin_shufflevector(a, b, FIRST_HALVES); }

INLINE vu zip_last(vu a, vu b) { return __builtin_shufflevector(a, b, LAST_HALVES); }

/** Lanes 0 to n - 1 set. */
INLINE vi lanes_below(size_t n) {
    vi lane;
    for (int i = 0; i < W; i++)
        lane[i] = i;
    return lane < (int32_t)n;
}

/** The sum of the lanes, halves added pairwise. */
INLINE float sum_lanes(vf v) {
    float lanes[W];
    store(lanes, v);
    for (int half = W / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++)
            lanes[i] += lanes[i + half];
    }
    return lanes[0];
}

/* Sums in double precision, one per lane of a float vector. */
typedef struct {
    vd low, high;
} double_sums;

INLINE void add_to(double_sums *sums, vf v) {
    vf_half halves[2];
    __builtin_memcpy(halves, &v, sizeof v);
    sums->low += __builtin_convertvector(halves[0], vd);
    sums->high += __builtin_convertvector(halves[1], vd);
}

INLINE double sum_doubles(const double_sums *sums) {
    vd both = sums->low + sums->high;
    double lanes[W / 2];
    __builtin_memcpy(lanes, &both, sizeof both);
    for (int half = W / 4; half > 0; half /= 2) {
        for (int i = 0; i < half; i++)
            lanes[i] += lanes[i + half];
    }
    return lanes[0];
}

/** The largest lane; lanes that are NaN are passed over unless all are. */
INLINE float max_lanes(vf v) {
    float lanes[W];
    store(lanes, v);
    float largest = lanes[0];
    for (int i = 1; i < W; i++)
        largest = lanes[i] > largest ? lanes[i] : largest;
    return largest;
}
