/*
 * unary.h - functions of one number and their slopes. Those that models seldom use are the C library's, lane by lane.
 */

#define EACH_LANE(name, function)                                                                                      \
    INLINE vf name(vf x) {                                                                                             \
        for (int i = 0; i < W; i++)                                                                                    \
            x[i] = function(x[i]);                                                                                     \
        return x;                                                                                                      \
    }

EACH_LANE(expm1_lanes, __builtin_expm1f)
EACH_LANE(log1p_lanes, __builtin_log1pf)
EACH_LANE(sin_lanes, __builtin_sinf)
EACH_LANE(cos_lanes, __builtin_cosf)
EACH_LANE(tan_lanes, __builtin_tanf)
EACH_LANE(asin_lanes, __builtin_asinf)
EACH_LANE(acos_lanes, __builtin_acosf)
EACH_LANE(atan_lanes, __builtin_atanf)
EACH_LANE(sinh_lanes, __builtin_sinhf)
EACH_LANE(cosh_lanes, __builtin_coshf)
EACH_LANE(asinh_lanes, __builtin_asinhf)
EACH_LANE(acosh_lanes, __builtin_acoshf)
EACH_LANE(atanh_lanes, __builtin_atanhf)
EACH_LANE(erf_lanes, __builtin_erff)
EACH_LANE(log2_lanes, __builtin_log2f)
EACH_LANE(log10_lanes, __builtin_log10f)
#undef EACH_LANE

/** 1 where the mask is set, else 0. */
INLINE vf truth(vi mask) { return keep(mask, splat(1.0f)); }

INLINE vf sign_v(vf x) { return choose(x > 0.0f, splat(1.0f), choose(x < 0.0f, splat(-1.0f), x)); }

/** sin, or cos with `quarters` = 1: x less a multiple of pi/2 in three parts, then a polynomial (Cephes). */
INLINE vf sine_v(vf x, const int quarters) {
    const float rounder = 12582912.0f;
    vf shifted = x * 0.636619772367581343f + rounder;
    vf n = shifted - rounder;
    vf r = x - n * 1.5703125f;
    r = r - n * 4.837512969970703125e-4f;
    r = r - n * 7.54978995489188e-8f;
    vi quadrant = (vi)shifted + quarters;

    vf z = r * r;
    vf s = splat(-1.9515295891e-4f);
    s = s * z + 8.3321608736e-3f;
    s = s * z - 1.6666654611e-1f;
    s = s * z * r + r;
    vf c = splat(2.443315711809948e-5f);
    c = c * z - 1.388731625493765e-3f;
    c = c * z + 4.166664568298827e-2f;
    c = c * z * z - 0.5f * z + 1.0f;

    vf result = choose((quadrant & 1) == 0, s, c);
    return (vf)((vi)result ^ ((quadrant & 2) << 30));
}

/** Beyond these bounds the three parts of pi/2 no longer hold x's digits; also for NaN. */
INLINE int has_large_angle(vf x) {
    vi large = ~(absolute(x) < 8192.0f);
    int any = 0;
    for (int i = 0; i < W; i++)
        any |= large[i];
    return any;
}

INLINE vf sin_v(vf x) { return has_large_angle(x) ? sin_lanes(x) : sine_v(x, 0); }

INLINE vf cos_v(vf x) { return has_large_angle(x) ? cos_lanes(x) : sine_v(x, 1); }

INLINE vf unary_v(vf x, const int function) {
    switch (function) {
    case LEPTON_K_ABS:
        return absolute(x);
    case LEPTON_K_NEGATIVE:
        return -x;
    case LEPTON_K_SQUARE:
        return x * x;
    case LEPTON_K_SQRT:
        return __builtin_elementwise_sqrt(x);
    case LEPTON_K_RSQRT:
        return 1.0f / __builtin_elementwise_sqrt(x);
    case LEPTON_K_RECIPROCAL:
        return 1.0f / x;
    case LEPTON_K_EXP:
        return exp_v(x);
    case LEPTON_K_EXPM1:
        return expm1_lanes(x);
    case LEPTON_K_LOG:
        return log_v(x);
    case LEPTON_K_LOG1P:
        return log1p_lanes(x);
    case LEPTON_K_LOG2:
        return log2_lanes(x);
    case LEPTON_K_LOG10:
        return log10_lanes(x);
    case LEPTON_K_SIN:
        return sin_v(x);
    case LEPTON_K_COS:
        return cos_v(x);
    case LEPTON_K_TAN:
        return tan_lanes(x);
    case LEPTON_K_ASIN:
        return asin_lanes(x);
    case LEPTON_K_ACOS:
        return acos_lanes(x);
    case LEPTON_K_ATAN:
        return atan_lanes(x);
    case LEPTON_K_SINH:
        return sinh_lanes(x);
    case LEPTON_K_COSH:
        return cosh_lanes(x);
    case LEPTON_K_F_TANH:
        return tanh_v(x);
    case LEPTON_K_ASINH:
        return asinh_lanes(x);
    case LEPTON_K_ACOSH:
        return acosh_lanes(x);
    case LEPTON_K_ATANH:
        return atanh_lanes(x);
    case LEPTON_K_F_SIGMOID:
        return sigmoid_v(x);
    case LEPTON_K_F_RELU:
        return keep(~(x <= 0.0f), x);
    case LEPTON_K_SOFTPLUS:
        return softplus_v(x);
    case LEPTON_K_ERF:
        return erf_lanes(x);
    case LEPTON_K_SIGN:
        return sign_v(x);
    case LEPTON_K_FLOOR:
        return __builtin_elementwise_floor(x);
    case LEPTON_K_CEIL:
        return __builtin_elementwise_ceil(x);
    case LEPTON_K_ROUND:
        return __builtin_elementwise_rint(x);
    case LEPTON_K_TRUNC:
        return __builtin_elementwise_trunc(x);
    case LEPTON_K_IS_NAN:
        return truth(x != x);
    case LEPTON_K_IS_FINITE:
        return truth(absolute(x) < __builtin_inff());
    case LEPTON_K_IS_INFINITE:
        return truth(absolute(x) == __builtin_inff());
    default:
        return truth(x == 0.0f);
    }
}

/** f' from x, or from y for the functions of lepton_k_unary_slope_takes_value. */
INLINE vf unary_slope_v(vf v, const int function) {
    switch (function) {
    case LEPTON_K_ABS:
        return sign_v(v);
    case LEPTON_K_NEGATIVE:
        return splat(-1.0f);
    case LEPTON_K_SQUARE:
        return 2.0f * v;
    case LEPTON_K_SQRT:
        return 0.5f / v;
    case LEPTON_K_RSQRT:
        return -0.5f * v * v * v;
    case LEPTON_K_RECIPROCAL:
        return -v * v;
    case LEPTON_K_EXP:
        return v;
    case LEPTON_K_EXPM1:
        return v + 1.0f;
    case LEPTON_K_LOG:
        return 1.0f / v;
    case LEPTON_K_LOG1P:
        return 1.0f / (1.0f + v);
    case LEPTON_K_LOG2:
        return 1.44269504f / v;
    case LEPTON_K_LOG10:
        return 0.434294482f / v;
    case LEPTON_K_SIN:
        return cos_v(v);
    case LEPTON_K_COS:
        return -sin_v(v);
    case LEPTON_K_TAN:
        return 1.0f + v * v;
    case LEPTON_K_ASIN:
        return 1.0f / __builtin_elementwise_sqrt((1.0f - v) * (1.0f + v));
    case LEPTON_K_ACOS:
        return -1.0f / __builtin_elementwise_sqrt((1.0f - v) * (1.0f + v));
    case LEPTON_K_ATAN:
        return 1.0f / (1.0f + v * v);
    case LEPTON_K_SINH:
        return cosh_lanes(v);
    case LEPTON_K_COSH:
        return sinh_lanes(v);
    case LEPTON_K_F_TANH:
        return 1.0f - v * v;
    case LEPTON_K_ASINH:
        return 1.0f / __builtin_elementwise_sqrt(v * v + 1.0f);
    case LEPTON_K_ACOSH:
        return 1.0f / __builtin_elementwise_sqrt((v - 1.0f) * (v + 1.0f));
    case LEPTON_K_ATANH:
        return 1.0f / ((1.0f - v) * (1.0f + v));
    case LEPTON_K_F_SIGMOID:
        return v * (1.0f - v);
    case LEPTON_K_F_RELU:
        return truth(~(v <= 0.0f));
    case LEPTON_K_SOFTPLUS:
        return sigmoid_v(v);
    case LEPTON_K_ERF:
        return 1.12837917f * exp_v(-v * v);
    default:
        return (vf){0};
    }
}

INLINE void unary_all(float *y, const float *x, size_t n, const int function) {
    size_t i = 0;
    for (; i + W <= n; i += W)
        store(y + i, unary_v(load(x + i), function));
    if (i < n) store_part(y + i, unary_v(load_part(x + i, n - i), function), n - i);
}

INLINE void unary_grad_all(float *dx, const float *dy, const float *v, size_t n, const int function) {
    size_t i = 0;
    for (; i + W <= n; i += W)
        store(dx + i, load(dy + i) * unary_slope_v(load(v + i), function));
    if (i < n) store_part(dx + i, load_part(dy + i, n - i) * unary_slope_v(load_part(v + i, n - i), function), n - i);
}

/* The function is a constant inside each loop: one expansion for each. */
#define FOR_UNARY(DO)                                                                                                  \
    DO(LEPTON_K_ABS)                                                                                                   \
    DO(LEPTON_K_NEGATIVE)                                                                                              \
    DO(LEPTON_K_SQUARE)                                                                                                \
    DO(LEPTON_K_SQRT)                                                                                                  \
    DO(LEPTON_K_RSQRT)                                                                                                 \
    DO(LEPTON_K_RECIPROCAL)                                                                                            \
    DO(LEPTON_K_EXP)                                                                                                   \
    DO(LEPTON_K_EXPM1)                                                                                                 \
    DO(LEPTON_K_LOG)                                                                                                   \
    DO(LEPTON_K_LOG1P)                                                                                                 \
    DO(LEPTON_K_LOG2)                                                                                                  \
    DO(LEPTON_K_LOG10)                                                                                                 \
    DO(LEPTON_K_SIN)                                                                                                   \
    DO(LEPTON_K_COS)                                                                                                   \
    DO(LEPTON_K_TAN)                                                                                                   \
    DO(LEPTON_K_ASIN)                                                                                                  \
    DO(LEPTON_K_ACOS)                                                                                                  \
    DO(LEPTON_K_ATAN)                                                                                                  \
    DO(LEPTON_K_SINH)                                                                                                  \
    DO(LEPTON_K_COSH)                                                                                                  \
    DO(LEPTON_K_F_TANH)                                                                                                \
    DO(LEPTON_K_ASINH)                                                                                                 \
    DO(LEPTON_K_ACOSH)                                                                                                 \
    DO(LEPTON_K_ATANH)                                                                                                 \
    DO(LEPTON_K_F_SIGMOID)                                                                                             \
    DO(LEPTON_K_F_RELU)                                                                                                \
    DO(LEPTON_K_SOFTPLUS)                                                                                              \
    DO(LEPTON_K_ERF)

#define FOR_FLAT_UNARY(DO)                                                                                             \
    DO(LEPTON_K_SIGN)                                                                                                  \
    DO(LEPTON_K_FLOOR)                                                                                                 \
    DO(LEPTON_K_CEIL)                                                                                                  \
    DO(LEPTON_K_ROUND)                                                                                                 \
    DO(LEPTON_K_TRUNC)                                                                                                 \
    DO(LEPTON_K_IS_NAN)                                                                                                \
    DO(LEPTON_K_IS_FINITE)                                                                                             \
    DO(LEPTON_K_IS_INFINITE)                                                                                           \
    DO(LEPTON_K_NOT)

static void unary_f32(float *y, const float *x, size_t n, int function) {
    switch (function) {
#define CASE(f)                                                                                                        \
    case f:                                                                                                            \
        unary_all(y, x, n, f);                                                                                         \
        break;
        FOR_UNARY(CASE)
        FOR_FLAT_UNARY(CASE)
#undef CASE
    default:
        break;
    }
}

static void unary_grad_f32(float *dx, const float *dy, const float *x_or_y, size_t n, int function) {
    switch (function) {
#define CASE(f)                                                                                                        \
    case f:                                                                                                            \
        unary_grad_all(dx, dy, x_or_y, n, f);                                                                          \
        break;
        FOR_UNARY(CASE)
#undef CASE
    default:
        for (size_t i = 0; i < n; i++)
            dx[i] = 0.0f;
        break;
    }
}
#undef FOR_UNARY
#undef FOR_FLAT_UNARY
