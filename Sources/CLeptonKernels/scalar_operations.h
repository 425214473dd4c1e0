/*
 * scalar_operations.h - plain loops over the formulas of vector/unary.h, binary.h and reductions.h; a part of scalar.c.
 */

static float unary(float x, int function) {
    switch (function) {
    case LEPTON_K_ABS:
        return fabsf(x);
    case LEPTON_K_NEGATIVE:
        return -x;
    case LEPTON_K_SQUARE:
        return x * x;
    case LEPTON_K_SQRT:
        return sqrtf(x);
    case LEPTON_K_RSQRT:
        return 1.0f / sqrtf(x);
    case LEPTON_K_RECIPROCAL:
        return 1.0f / x;
    case LEPTON_K_EXP:
        return expf(x);
    case LEPTON_K_EXPM1:
        return expm1f(x);
    case LEPTON_K_LOG:
        return logf(x);
    case LEPTON_K_LOG1P:
        return log1pf(x);
    case LEPTON_K_LOG2:
        return log2f(x);
    case LEPTON_K_LOG10:
        return log10f(x);
    case LEPTON_K_SIN:
        return sinf(x);
    case LEPTON_K_COS:
        return cosf(x);
    case LEPTON_K_TAN:
        return tanf(x);
    case LEPTON_K_ASIN:
        return asinf(x);
    case LEPTON_K_ACOS:
        return acosf(x);
    case LEPTON_K_ATAN:
        return atanf(x);
    case LEPTON_K_SINH:
        return sinhf(x);
    case LEPTON_K_COSH:
        return coshf(x);
    case LEPTON_K_F_TANH:
        return tanhf(x);
    case LEPTON_K_ASINH:
        return asinhf(x);
    case LEPTON_K_ACOSH:
        return acoshf(x);
    case LEPTON_K_ATANH:
        return atanhf(x);
    case LEPTON_K_F_SIGMOID:
        return sigmoid(x);
    case LEPTON_K_F_RELU:
        return x <= 0.0f ? 0.0f : x;
    case LEPTON_K_SOFTPLUS:
        return (x <= 0.0f ? 0.0f : x) + log1pf(expf(-fabsf(x)));
    case LEPTON_K_ERF:
        return erff(x);
    case LEPTON_K_SIGN:
        return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x;
    case LEPTON_K_FLOOR:
        return floorf(x);
    case LEPTON_K_CEIL:
        return ceilf(x);
    case LEPTON_K_ROUND:
        return rintf(x);
    case LEPTON_K_TRUNC:
        return truncf(x);
    case LEPTON_K_IS_NAN:
        return x != x;
    case LEPTON_K_IS_FINITE:
        return fabsf(x) < INFINITY;
    case LEPTON_K_IS_INFINITE:
        return fabsf(x) == INFINITY;
    default:
        return x == 0.0f;
    }
}

static void unary_f32(float *y, const float *x, size_t n, int function) {
    for (size_t i = 0; i < n; i++)
        y[i] = unary(x[i], function);
}

/** f' from x, or from y for the functions of lepton_k_unary_slope_takes_value. */
static float unary_slope(float v, int function) {
    switch (function) {
    case LEPTON_K_ABS:
        return v > 0.0f ? 1.0f : v < 0.0f ? -1.0f : v;
    case LEPTON_K_NEGATIVE:
        return -1.0f;
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
        return cosf(v);
    case LEPTON_K_COS:
        return -sinf(v);
    case LEPTON_K_TAN:
        return 1.0f + v * v;
    case LEPTON_K_ASIN:
        return 1.0f / sqrtf((1.0f - v) * (1.0f + v));
    case LEPTON_K_ACOS:
        return -1.0f / sqrtf((1.0f - v) * (1.0f + v));
    case LEPTON_K_ATAN:
        return 1.0f / (1.0f + v * v);
    case LEPTON_K_SINH:
        return coshf(v);
    case LEPTON_K_COSH:
        return sinhf(v);
    case LEPTON_K_F_TANH:
        return 1.0f - v * v;
    case LEPTON_K_ASINH:
        return 1.0f / sqrtf(v * v + 1.0f);
    case LEPTON_K_ACOSH:
        return 1.0f / sqrtf((v - 1.0f) * (v + 1.0f));
    case LEPTON_K_ATANH:
        return 1.0f / ((1.0f - v) * (1.0f + v));
    case LEPTON_K_F_SIGMOID:
        return v * (1.0f - v);
    case LEPTON_K_F_RELU:
        return v <= 0.0f ? 0.0f : 1.0f;
    case LEPTON_K_SOFTPLUS:
        return sigmoid(v);
    case LEPTON_K_ERF:
        return 1.12837917f * expf(-v * v);
    default:
        return 0.0f;
    }
}

static void unary_grad_f32(float *dx, const float *dy, const float *x_or_y, size_t n, int function) {
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] * unary_slope(x_or_y[i], function);
}

static float binary(float a, float b, int function) {
    switch (function) {
    case LEPTON_K_B_ADD:
        return a + b;
    case LEPTON_K_B_SUBTRACT:
        return a - b;
    case LEPTON_K_B_MULTIPLY:
        return a * b;
    case LEPTON_K_B_DIVIDE:
        return a / b;
    case LEPTON_K_B_POWER:
        return powf(a, b);
    case LEPTON_K_B_MAXIMUM:
        return a > b || a != a ? a : b;
    case LEPTON_K_B_MINIMUM:
        return a < b || a != a ? a : b;
    case LEPTON_K_B_SQUARED_DIFFERENCE:
        return (a - b) * (a - b);
    case LEPTON_K_B_ARCTAN2:
        return atan2f(a, b);
    case LEPTON_K_B_REMAINDER:
        return lepton_remainder(a, b);
    case LEPTON_K_B_KEEP_WHERE:
        return b != 0.0f ? a : 0.0f;
    case LEPTON_K_B_KEEP_UNLESS:
        return b != 0.0f ? 0.0f : a;
    case LEPTON_K_B_FLOOR_DIVIDE:
        return lepton_floor_divide(a, b);
    case LEPTON_K_B_EQUAL:
        return a == b;
    case LEPTON_K_B_NOT_EQUAL:
        return a != b;
    case LEPTON_K_B_LESS:
        return a < b;
    case LEPTON_K_B_LESS_EQUAL:
        return a <= b;
    case LEPTON_K_B_GREATER:
        return a > b;
    case LEPTON_K_B_GREATER_EQUAL:
        return a >= b;
    case LEPTON_K_B_AND:
        return a != 0.0f && b != 0.0f;
    case LEPTON_K_B_OR:
        return a != 0.0f || b != 0.0f;
    default:
        return (a != 0.0f) != (b != 0.0f);
    }
}

/** dy * df/da, or with `second` dy * df/db. */
static float binary_slope(float dy, float a, float b, int function, int second) {
    switch (function) {
    case LEPTON_K_B_ADD:
        return dy;
    case LEPTON_K_B_SUBTRACT:
        return second ? -dy : dy;
    case LEPTON_K_B_MULTIPLY:
        return dy * (second ? a : b);
    case LEPTON_K_B_DIVIDE:
        return second ? -dy * (a / b) / b : dy / b;
    case LEPTON_K_B_POWER:
        if (second) return a == 0.0f ? 0.0f : dy * (powf(a, b) * logf(a));
        return b == 0.0f ? 0.0f : dy * (b * powf(a, b - 1.0f));
    case LEPTON_K_B_MAXIMUM:
        return a == b ? 0.5f * dy : (a > b) == !second ? dy : 0.0f;
    case LEPTON_K_B_MINIMUM:
        return a == b ? 0.5f * dy : (a < b) == !second ? dy : 0.0f;
    case LEPTON_K_B_SQUARED_DIFFERENCE:
        return (second ? -2.0f : 2.0f) * (a - b) * dy;
    case LEPTON_K_B_ARCTAN2:
        return dy * ((second ? -a : b) / (a * a + b * b));
    case LEPTON_K_B_REMAINDER:
        return second ? -dy * floorf(a / b) : dy;
    case LEPTON_K_B_KEEP_WHERE:
        return second || b == 0.0f ? 0.0f : dy;
    case LEPTON_K_B_KEEP_UNLESS:
        return second || b != 0.0f ? 0.0f : dy;
    default:
        return 0.0f;
    }
}

/** Where each operand stands at element i of a loop. */
static void loop_offsets(const lepton_k_loop *loop, size_t i, ptrdiff_t *a, ptrdiff_t *b, ptrdiff_t *out) {
    *a = *b = *out = 0;
    for (size_t axis = loop->axes; axis-- > 0;) {
        ptrdiff_t place = (ptrdiff_t)(i % loop->extents[axis]);
        i /= loop->extents[axis];
        *a += place * loop->a[axis];
        *b += place * loop->b[axis];
        *out += place * loop->out[axis];
    }
}

static size_t loop_count(const lepton_k_loop *loop) {
    size_t count = 1;
    for (size_t axis = 0; axis < loop->axes; axis++)
        count *= loop->extents[axis];
    return count;
}

static void binary_f32(float *out, const float *a, const float *b, const lepton_k_loop *loop, int function) {
    size_t count = loop_count(loop);
    for (size_t i = 0; i < count; i++) {
        ptrdiff_t at_a, at_b, at_out;
        loop_offsets(loop, i, &at_a, &at_b, &at_out);
        out[i] = binary(a[at_a], b[at_b], function);
    }
}

static void binary_grad_f32(float *grad, const float *dy, const float *a, const float *b, const lepton_k_loop *loop,
                            int function, int second, int overwrite) {
    size_t count = loop_count(loop);
    for (size_t i = 0; i < count; i++) {
        ptrdiff_t at_a, at_b, at_out;
        loop_offsets(loop, i, &at_a, &at_b, &at_out);
        float slope = binary_slope(dy[i], a[at_a], b[at_b], function, second);
        grad[at_out] = overwrite ? slope : grad[at_out] + slope;
    }
}

static int is_better(float candidate, float best, int wants_larger) {
    if (best != best) return 0;
    return candidate != candidate || (wants_larger ? candidate > best : candidate < best);
}

static float reduce_one(const float *x, size_t n, size_t step, int reduction) {
    const int wants_larger = reduction == LEPTON_K_REDUCE_MAX || reduction == LEPTON_K_REDUCE_ARGMAX;
    float sum = 0.0f, product = 1.0f;
    size_t best = 0, nonzero = 0;
    for (size_t i = 0; i < n; i++) {
        float v = x[i * step];
        sum += v;
        product *= v;
        nonzero += v != 0.0f;
        if (is_better(v, x[best * step], wants_larger)) best = i;
    }
    switch (reduction) {
    case LEPTON_K_REDUCE_SUM:
        return sum;
    case LEPTON_K_REDUCE_MEAN:
        return sum / (float)n;
    case LEPTON_K_REDUCE_MAX:
    case LEPTON_K_REDUCE_MIN:
        return x[best * step];
    case LEPTON_K_REDUCE_PRODUCT:
        return product;
    case LEPTON_K_REDUCE_LOGSUMEXP: {
        float max = -INFINITY, total = 0.0f;
        for (size_t i = 0; i < n; i++)
            max = x[i * step] > max ? x[i * step] : max;
        if (!(fabsf(max) < INFINITY)) max = 0.0f;
        for (size_t i = 0; i < n; i++)
            total += expf(x[i * step] - max);
        return max + logf(total);
    }
    case LEPTON_K_REDUCE_ANY:
        return nonzero > 0;
    case LEPTON_K_REDUCE_ALL:
        return nonzero == n;
    default:
        return (float)best;
    }
}

static void reduce_f32(float *out, const float *in, size_t outer, size_t n, size_t inner, int reduction) {
    for (size_t o = 0; o < outer; o++) {
        for (size_t i = 0; i < inner; i++)
            out[o * inner + i] = reduce_one(in + o * n * inner + i, n, inner, reduction);
    }
}

static void reduce_grad_f32(float *dx, const float *dy, const float *x, const float *y, size_t outer, size_t n,
                            size_t inner, int reduction) {
    for (size_t o = 0; o < outer; o++, dx += n * inner, x += n * inner) {
        for (size_t i = 0; i < inner; i++) {
            const float g = dy[o * inner + i], v = y[o * inner + i];
            size_t ties = 0;
            for (size_t j = 0; j < n; j++)
                ties += x[j * inner + i] == v;
            for (size_t j = 0; j < n; j++) {
                const size_t at = j * inner + i;
                switch (reduction) {
                case LEPTON_K_REDUCE_SUM:
                    dx[at] = g;
                    break;
                case LEPTON_K_REDUCE_MEAN:
                    dx[at] = g / (float)n;
                    break;
                case LEPTON_K_REDUCE_MAX:
                case LEPTON_K_REDUCE_MIN:
                    dx[at] = x[at] == v ? g / (float)ties : 0.0f;
                    break;
                case LEPTON_K_REDUCE_LOGSUMEXP:
                    dx[at] = g * expf(x[at] - v);
                    break;
                case LEPTON_K_REDUCE_PRODUCT: {
                    float others = 1.0f;
                    for (size_t k = 0; k < n; k++)
                        others *= k == j ? 1.0f : x[k * inner + i];
                    dx[at] = g * others;
                    break;
                }
                default:
                    dx[at] = 0.0f;
                    break;
                }
            }
        }
    }
}
