/*
 * vmath.h - exp, log, tanh and sigmoid over vectors.
 *
 * Polynomials and range reduction follow S. Moshier's Cephes library (expf, logf, tanhf); what is ours is the
 * treatment of the ends: overflow gives infinity, underflow passes through the subnormals to 0, NaN stays NaN. The
 * errors, against the double-precision functions, are at most 1 ulp for exp and log, 1.5 for tanh and 2.2 for sigmoid
 * (MathAccuracyTests holds them to a little more).
 */

/** 2^n for whole n in [-126, 127]. */
INLINE vf power_of_two(vi n) { return (vf)((n + 127) << 23); }

INLINE vf exp_v(vf x) {
    /* Beyond these bounds the result is infinite or 0 whatever x is; NaN fails both comparisons and stays. */
    x = choose(x > 89.0f, splat(89.0f), x);
    x = choose(x < -104.0f, splat(-104.0f), x);
    vi is_nan = x != x;

    /* x = n log 2 + r, |r| <= log(2)/2; adding and subtracting 1.5 * 2^23 rounds to whole numbers. */
    const float rounder = 12582912.0f;
    vf shifted = x * 1.44269504088896341f + rounder;
    vf n = shifted - rounder;
    /* The first part of log 2 has few enough bits for n times it to be exact. */
    vf r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;

    vf p = splat(1.9875691500e-4f);
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r;
    p = p + 1.0f;

    /* Two factors, because 2^n alone may be out of range where the product is not. */
    vi whole = (vi)shifted - 0x4b400000;
    whole = whole & ~is_nan;
    vi half = whole >> 1;
    return p * power_of_two(half) * power_of_two(whole - half);
}

INLINE vf log_v(vf x) {
    const float smallest_normal = 1.17549435e-38f;
    vi subnormal = x < smallest_normal;
    vf scaled = choose(subnormal, x * 33554432.0f, x); /* 2^25 */
    vi bits = (vi)scaled;

    /* scaled = m * 2^e with m in [sqrt(1/2), sqrt(2)). */
    vi offset = bits - 0x3f3504f3;
    vi e = (offset >> 23) - (subnormal & 25);
    vf m = (vf)((offset & 0x007fffff) + 0x3f3504f3) - 1.0f;
    vf exponent = __builtin_convertvector(e, vf);

    vf z = m * m;
    vf p = splat(7.0376836292e-2f);
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    vf y = p * m * z;
    y = y + exponent * -2.12194440e-4f;
    y = y - 0.5f * z;
    y = m + y;
    y = y + exponent * 0.693359375f;

    /* log 0 = -inf, log of a negative number is NaN, inf and NaN stay as they are. */
    y = choose(x == 0.0f, splat(-__builtin_inff()), y);
    y = choose(x < 0.0f, splat(__builtin_nanf("")), y);
    return choose(~(x < __builtin_inff()), x, y);
}

/** log(1 + x) for 0 <= x <= 1, with a small relative error also where 1 + x rounds to 1. */
INLINE vf log1p_v(vf x) {
    vf u = 1.0f + x;
    return log_v(u) + (x - (u - 1.0f)) / u;
}

INLINE vf tanh_v(vf x) {
    vf size = absolute(x);
    /* Near 0: an odd polynomial, whose relative error stays small. */
    vf z = x * x;
    vf p = splat(-5.70498872745e-3f);
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    vf near = p * z * x + x;
    /* Elsewhere: 1 - 2 / (exp(2|x|) + 1), with the sign of x. */
    vf far = 1.0f - 2.0f / (exp_v(size + size) + 1.0f);
    far = (vf)((vi)far | ((vi)x & (vi)splat(-0.0f)));
    return choose(size < 0.625f, near, far);
}

INLINE vf sigmoid_v(vf x) {
    /* exp is only taken of negative numbers, so it cannot overflow, and sigmoid(-100) keeps its relative accuracy. */
    vf e = exp_v((vf)((vi)x | (vi)splat(-0.0f)));
    return choose(x < 0.0f, e, splat(1.0f)) / (1.0f + e);
}
