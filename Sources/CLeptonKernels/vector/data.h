/*
 * data.h - conversion of input data, and the check for NaN and infinity.
 */

/* Input data comes from the user's buffers, of any alignment. */
typedef float any_f32 __attribute__((aligned(1), may_alias));
typedef double any_f64 __attribute__((aligned(1), may_alias));
typedef int32_t any_i32 __attribute__((aligned(1), may_alias));
typedef int64_t any_i64 __attribute__((aligned(1), may_alias));

/* The contiguous case is a loop of its own, which the compiler turns into vector code. */
#define CONVERT(type, value)                                                                                           \
    do {                                                                                                               \
        const type *p = in;                                                                                            \
        if (stride == 1) {                                                                                             \
            for (size_t i = 0; i < n; i++, p++)                                                                        \
                out[i] = (float)(value);                                                                               \
        } else {                                                                                                       \
            for (size_t i = 0; i < n; i++, p += stride)                                                                \
                out[i] = (float)(value);                                                                               \
        }                                                                                                              \
    } while (0)

static void convert_f32(float *restrict out, const void *restrict in, int dtype, ptrdiff_t stride, size_t n) {
    switch (dtype) {
    case LEPTON_K_FLOAT32:
        CONVERT(any_f32, *p);
        break;
    case LEPTON_K_FLOAT64:
        CONVERT(any_f64, *p);
        break;
    case LEPTON_K_INT32:
        CONVERT(any_i32, *p);
        break;
    case LEPTON_K_INT64:
        CONVERT(any_i64, *p);
        break;
    case LEPTON_K_UINT8:
        CONVERT(uint8_t, *p);
        break;
    case LEPTON_K_BOOL:
        CONVERT(uint8_t, *p != 0);
        break;
    default:
        break;
    }
}
#undef CONVERT

static int all_finite_f32(const float *x, size_t n) {
    size_t i = 0;
    /* A finite number's exponent bits are not all ones. Looking at the result every 16 vectors stops early enough. */
    while (i + W <= n) {
        vi bad = {0};
        size_t end = i + 16 * W <= n ? i + 16 * W : n - (n - i) % W;
        for (; i < end; i += W)
            bad |= ((vi)load(x + i) & 0x7fffffff) >= 0x7f800000;
        int32_t any = 0;
        for (int lane = 0; lane < W; lane++)
            any |= bad[lane];
        if (any) return 0;
    }
    for (; i < n; i++) {
        if (!__builtin_isfinite(x[i])) return 0;
    }
    return 1;
}
