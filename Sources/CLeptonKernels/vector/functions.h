/*
 * functions.h - element-wise functions differentiated from their input, and activations over rows.
 *
 * The function is a constant inside each loop: the functions marked INLINE are expanded once for each.
 */

typedef struct {
    float a, b, c;
} function_parameters;

/** exp(x) - 1 for x <= 0, with a small relative error also near 0. */
INLINE vf exp_minus_1_v(vf x) {
    vf p = splat(1.0f / 40320.0f);
    p = p * x + 1.0f / 5040.0f;
    p = p * x + 1.0f / 720.0f;
    p = p * x + 1.0f / 120.0f;
    p = p * x + 1.0f / 24.0f;
    p = p * x + 1.0f / 6.0f;
    p = p * x + 0.5f;
    p = p * (x * x) + x;
    return choose(x > -0.5f, p, exp_v(x) - 1.0f);
}

INLINE vf softplus_v(vf x) { return keep(x > 0.0f, x) + log1p_v(exp_v(-absolute(x))); }

/** Phi(x), and exp(-x^2 / 2) in `*density`. The polynomial is a fit of Phi(-|x|) / exp(-x^2 / 2) in 1 / (1 + 0.35 |x|)
 *  with a relative error of 3e-8. */
INLINE vf normal_distribution_v(vf x, vf *density) {
    vf size = absolute(x), t = 1.0f / (1.0f + 0.35f * size);
    vf p = splat(-0.02826640982f);
    p = p * t + 0.1394135524f;
    p = p * t - 0.2455508815f;
    p = p * t + 0.1464171228f;
    p = p * t - 0.01320863161f;
    p = p * t + 0.100597091f;
    p = p * t + 0.1213842037f;
    p = p * t + 0.1395618286f;
    p = p * t + 0.1396535638f;
    p = p * t - 1.453249646e-6f;
    *density = exp_v(-0.5f * (x * x));
    vf tail = *density * p;
    return choose(x < 0.0f, tail, 1.0f - tail);
}

/** tanh(softplus(x)) = m / (m + 2) with e = exp(x), m = e (e + 2); for large x, 1. */
INLINE vf mish_gate_v(vf x, vf *e, vf *m) {
    *e = exp_v(choose(x > 20.0f, splat(20.0f), x));
    *m = *e * (*e + 2.0f);
    return *m / (*m + 2.0f);
}

INLINE vf gelu_tanh_v(vf x, vf *inner_slope) {
    const float root = 0.79788456080286536f; /* sqrt(2 / pi) */
    vf square = x * x;
    *inner_slope = root * (1.0f + 0.134145f * square);
    return tanh_v(root * x * (1.0f + 0.044715f * square));
}

INLINE vf at_most(vf x, float limit) { return choose(x > limit, splat(limit), x); }

INLINE vf between(vf x, float low, float high) { return at_most(choose(x < low, splat(low), x), high); }

INLINE vf function_value(vf x, const int function, function_parameters p) {
    vf e, m;
    switch (function) {
    case LEPTON_K_FN_RELU:
        m = at_most(keep(~(x <= p.c), x), p.b);
        /* Without a slope, nothing: 0 times infinity is not 0. */
        return p.a != 0.0f ? m - p.a * keep(x < p.c, p.c - x) : m;
    case LEPTON_K_FN_LEAKY_RELU:
        return choose(x < 0.0f, p.a * x, x);
    case LEPTON_K_FN_RELU6:
        return between(x, 0.0f, 6.0f);
    case LEPTON_K_FN_CELU:
        return choose(x > 0.0f, x, p.a * exp_minus_1_v(x / p.a));
    case LEPTON_K_FN_ELU:
        return p.b * choose(x > 0.0f, x, p.a * exp_minus_1_v(x));
    case LEPTON_K_FN_SOFTPLUS:
        return softplus_v(x);
    case LEPTON_K_FN_SOFTSIGN:
        return x / (1.0f + absolute(x));
    case LEPTON_K_FN_SQUAREPLUS:
        return 0.5f * (x + __builtin_elementwise_sqrt(x * x + p.a));
    case LEPTON_K_FN_SOFT_SHRINK:
        return keep(~(x <= p.a), x - p.a) + keep(x < -p.a, x + p.a);
    case LEPTON_K_FN_SPARSE_PLUS:
        return choose(x >= 1.0f, x, keep(~(x <= -1.0f), 0.25f * ((x + 1.0f) * (x + 1.0f))));
    case LEPTON_K_FN_SILU:
        return x * sigmoid_v(x);
    case LEPTON_K_FN_GELU:
        return x * normal_distribution_v(x, &e);
    case LEPTON_K_FN_GELU_TANH:
        return 0.5f * x * (1.0f + gelu_tanh_v(x, &e));
    case LEPTON_K_FN_SIGMOID:
        return sigmoid_v(x);
    case LEPTON_K_FN_TANH:
        return tanh_v(x);
    case LEPTON_K_FN_TANH_SHRINK:
        return x - tanh_v(x);
    case LEPTON_K_FN_EXP:
        return exp_v(x);
    case LEPTON_K_FN_HARD_SIGMOID:
        return between(x + 3.0f, 0.0f, 6.0f) / 6.0f;
    case LEPTON_K_FN_HARD_SILU:
        return x * (between(x + 3.0f, 0.0f, 6.0f) / 6.0f);
    case LEPTON_K_FN_HARD_TANH:
        return between(x, -1.0f, 1.0f);
    case LEPTON_K_FN_HARD_SHRINK:
        return keep(~(absolute(x) <= p.a), x);
    case LEPTON_K_FN_THRESHOLD:
        return choose(x > p.a, x, splat(p.b));
    case LEPTON_K_FN_MISH:
        return x * mish_gate_v(x, &e, &m);
    case LEPTON_K_FN_LOG_SIGMOID:
        return -softplus_v(-x);
    case LEPTON_K_FN_SPARSE_SIGMOID:
        return between(0.5f * (x + 1.0f), 0.0f, 1.0f);
    case LEPTON_K_FN_AFFINE:
        return p.a * x + p.b;
    default:
        return x;
    }
}

INLINE vf where(vi mask, float a, float b) { return choose(mask, splat(a), splat(b)); }

INLINE vf function_slope(vf x, const int function, function_parameters p) {
    vf e, m, s;
    switch (function) {
    case LEPTON_K_FN_RELU:
        /* At the limit, half: both sides of a minimum share the gradient. */
        return keep(x > p.c, where(x < p.b, 1.0f, 0.0f) + where(x == p.b, 0.5f, 0.0f)) + where(x < p.c, p.a, 0.0f);
    case LEPTON_K_FN_LEAKY_RELU:
        return where(x < 0.0f, p.a, 1.0f);
    case LEPTON_K_FN_RELU6:
        return where((x > 0.0f) & (x < 6.0f), 1.0f, 0.0f);
    case LEPTON_K_FN_CELU:
        return choose(x > 0.0f, splat(1.0f), exp_v(at_most(x, 0.0f) / p.a));
    case LEPTON_K_FN_ELU:
        return p.b * choose(x > 0.0f, splat(1.0f), p.a * exp_v(at_most(x, 0.0f)));
    case LEPTON_K_FN_SOFTPLUS:
        return sigmoid_v(x);
    case LEPTON_K_FN_SOFTSIGN:
        s = 1.0f / (1.0f + absolute(x));
        return s * s;
    case LEPTON_K_FN_SQUAREPLUS:
        return 0.5f * (1.0f + x / __builtin_elementwise_sqrt(x * x + p.a));
    case LEPTON_K_FN_SOFT_SHRINK:
    case LEPTON_K_FN_HARD_SHRINK:
        return where(absolute(x) > p.a, 1.0f, 0.0f);
    case LEPTON_K_FN_SPARSE_PLUS:
        return between(0.5f * (x + 1.0f), 0.0f, 1.0f);
    case LEPTON_K_FN_SILU:
        s = sigmoid_v(x);
        return s * (1.0f + x * (1.0f - s));
    case LEPTON_K_FN_GELU:
        s = normal_distribution_v(x, &e);
        return s + x * (0.39894228040143268f * e); /* 1 / sqrt(2 pi) */
    case LEPTON_K_FN_GELU_TANH:
        s = gelu_tanh_v(x, &e);
        return 0.5f * (1.0f + s) + 0.5f * x * (1.0f - s * s) * e;
    case LEPTON_K_FN_SIGMOID:
        s = sigmoid_v(x);
        return s * (1.0f - s);
    case LEPTON_K_FN_TANH:
        s = tanh_v(x);
        return 1.0f - s * s;
    case LEPTON_K_FN_TANH_SHRINK:
        s = tanh_v(x);
        return s * s;
    case LEPTON_K_FN_EXP:
        return exp_v(x);
    case LEPTON_K_FN_HARD_SIGMOID:
        return where(absolute(x) < 3.0f, 1.0f / 6.0f, 0.0f);
    case LEPTON_K_FN_HARD_SILU:
        return between(x + 3.0f, 0.0f, 6.0f) / 6.0f + keep(absolute(x) < 3.0f, x / 6.0f);
    case LEPTON_K_FN_HARD_TANH:
        return where(absolute(x) <= 1.0f, 1.0f, 0.0f);
    case LEPTON_K_FN_THRESHOLD:
        return where(x > p.a, 1.0f, 0.0f);
    case LEPTON_K_FN_MISH:
        s = mish_gate_v(x, &e, &m);
        return s + x * (4.0f * e * (1.0f + e) / ((m + 2.0f) * (m + 2.0f)));
    case LEPTON_K_FN_LOG_SIGMOID:
        return sigmoid_v(-x);
    case LEPTON_K_FN_SPARSE_SIGMOID:
        /* At the ends, half, as for a limit above. */
        return where(absolute(x) < 1.0f, 0.5f, 0.0f) + where(absolute(x) == 1.0f, 0.25f, 0.0f);
    case LEPTON_K_FN_AFFINE:
        return splat(p.a);
    default:
        return splat(1.0f);
    }
}

INLINE void function_loop(float *y, const float *x, size_t n, const int function, function_parameters p) {
    size_t i = 0;
    for (; i + W <= n; i += W)
        store(y + i, function_value(load(x + i), function, p));
    if (i < n) store_part(y + i, function_value(load_part(x + i, n - i), function, p), n - i);
}

INLINE void function_grad_loop(float *dx, const float *dy, const float *x, size_t n, const int function,
                               function_parameters p) {
    size_t i = 0;
    for (; i + W <= n; i += W)
        store(dx + i, load(dy + i) * function_slope(load(x + i), function, p));
    if (i < n) {
        store_part(dx + i, load_part(dy + i, n - i) * function_slope(load_part(x + i, n - i), function, p), n - i);
    }
}

#define FOR_EACH_FUNCTION(DO)                                                                                          \
    DO(LEPTON_K_FN_RELU)                                                                                               \
    DO(LEPTON_K_FN_LEAKY_RELU)                                                                                         \
    DO(LEPTON_K_FN_RELU6)                                                                                              \
    DO(LEPTON_K_FN_CELU)                                                                                               \
    DO(LEPTON_K_FN_ELU)                                                                                                \
    DO(LEPTON_K_FN_SOFTPLUS)                                                                                           \
    DO(LEPTON_K_FN_SOFTSIGN)                                                                                           \
    DO(LEPTON_K_FN_SQUAREPLUS)                                                                                         \
    DO(LEPTON_K_FN_SOFT_SHRINK)                                                                                        \
    DO(LEPTON_K_FN_SPARSE_PLUS)                                                                                        \
    DO(LEPTON_K_FN_SILU)                                                                                               \
    DO(LEPTON_K_FN_GELU)                                                                                               \
    DO(LEPTON_K_FN_GELU_TANH)                                                                                          \
    DO(LEPTON_K_FN_SIGMOID)                                                                                            \
    DO(LEPTON_K_FN_TANH)                                                                                               \
    DO(LEPTON_K_FN_TANH_SHRINK)                                                                                        \
    DO(LEPTON_K_FN_EXP)                                                                                                \
    DO(LEPTON_K_FN_HARD_SIGMOID)                                                                                       \
    DO(LEPTON_K_FN_HARD_SILU)                                                                                          \
    DO(LEPTON_K_FN_HARD_TANH)                                                                                          \
    DO(LEPTON_K_FN_HARD_SHRINK)                                                                                        \
    DO(LEPTON_K_FN_THRESHOLD)                                                                                          \
    DO(LEPTON_K_FN_MISH)                                                                                               \
    DO(LEPTON_K_FN_LOG_SIGMOID)                                                                                        \
    DO(LEPTON_K_FN_SPARSE_SIGMOID)                                                                                     \
    DO(LEPTON_K_FN_AFFINE)

static void function_f32(float *y, const float *x, size_t n, int function, float a, float b, float c) {
    const function_parameters p = {a, b, c};
#define FUNCTION_CASE(name)                                                                                            \
    case name:                                                                                                         \
        function_loop(y, x, n, name, p);                                                                               \
        break;
    switch (function) {
        FOR_EACH_FUNCTION(FUNCTION_CASE)
    default:
        function_loop(y, x, n, LEPTON_K_FN_LINEAR, p);
        break;
    }
#undef FUNCTION_CASE
}

static void function_grad_f32(float *dx, const float *dy, const float *x, size_t n, int function, float a, float b,
                              float c) {
    const function_parameters p = {a, b, c};
#define FUNCTION_CASE(name)                                                                                            \
    case name:                                                                                                         \
        function_grad_loop(dx, dy, x, n, name, p);                                                                     \
        break;
    switch (function) {
        FOR_EACH_FUNCTION(FUNCTION_CASE)
    default:
        function_grad_loop(dx, dy, x, n, LEPTON_K_FN_LINEAR, p);
        break;
    }
#undef FUNCTION_CASE
}

static void log_softmax_f32(float *y, const float *x, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        float max = row_max(x, cols);
        float log_sum = log_v(splat(row_exponentials(NULL, x, max, cols)))[0];
        EACH_VECTOR(j, cols, left)
        store_any(y + j, load_any(x + j, left) - max - log_sum, left);
    }
}

static void log_softmax_grad_f32(float *dx, const float *dy, const float *y, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, dx += cols, dy += cols, y += cols) {
        float sum = row_sum(dy, cols);
        EACH_VECTOR(j, cols, left)
        store_any(dx + j, load_any(dy + j, left) - exp_v(load_any(y + j, left)) * sum, left);
    }
}

/** The number of elements above `threshold`, and their sum. */
INLINE float sum_above(const float *x, size_t n, float threshold, float *count) {
    vf sums = {0}, counts = {0};
    EACH_VECTOR(j, n, left) {
        vf v = load_any(x + j, left);
        vi above = v > threshold;
        if (left < W) above &= lanes_below(left);
        sums += keep(above, v);
        counts += keep(above, splat(1.0f));
    }
    *count = sum_lanes(counts);
    return sum_lanes(sums);
}

static void sparsemax_f32(float *y, const float *x, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        /* Relative to the largest element, which is always kept; a NaN makes `bad` NaN. */
        float max = row_max(x, cols), bad = 0.0f * row_sum(x, cols);
        EACH_VECTOR(j, cols, left)
        store_any(y + j, load_any(x + j, left) - max + bad, left);
        float threshold = -1.0f, count = 0.0f;
        for (size_t step = 0; step <= cols; step++) {
            float previous = count, sum = sum_above(y, cols, threshold, &count);
            if (count == previous || !(count > 0.0f)) break;
            threshold = (sum - 1.0f) / count;
        }
        EACH_VECTOR(j, cols, left) {
            vf v = load_any(y + j, left) - threshold;
            store_any(y + j, keep(~(v <= 0.0f), v), left);
        }
    }
}

static void sparsemax_grad_f32(float *dx, const float *dy, const float *y, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, dx += cols, dy += cols, y += cols) {
        vf sums = {0}, counts = {0};
        EACH_VECTOR(j, cols, left) {
            vi kept = load_any(y + j, left) > 0.0f;
            sums += keep(kept, load_any(dy + j, left));
            counts += keep(kept, splat(1.0f));
        }
        float count = sum_lanes(counts), mean = count > 0.0f ? sum_lanes(sums) / count : 0.0f;
        EACH_VECTOR(j, cols, left)
        store_any(dx + j, keep(load_any(y + j, left) > 0.0f, load_any(dy + j, left) - mean), left);
    }
}

static void glu_f32(float *y, const float *x, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, x += 2 * cols, y += cols) {
        EACH_VECTOR(j, cols, left)
        store_any(y + j, load_any(x + j, left) * sigmoid_v(load_any(x + cols + j, left)), left);
    }
}

static void glu_grad_f32(float *dx, const float *dy, const float *x, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, dx += 2 * cols, dy += cols, x += 2 * cols) {
        EACH_VECTOR(j, cols, left) {
            vf gate = sigmoid_v(load_any(x + cols + j, left)), up = load_any(dy + j, left);
            vf value = load_any(x + j, left);
            store_any(dx + j, up * gate, left);
            store_any(dx + cols + j, up * value * (gate * (1.0f - gate)), left);
        }
    }
}

static void prelu_f32(float *y, const float *x, const float *alpha, size_t n, size_t period) {
    for (size_t first = 0; first < n; first += period, x += period, y += period) {
        EACH_VECTOR(j, period, left) {
            vf v = load_any(x + j, left);
            store_any(y + j, choose(v > 0.0f, v, load_any(alpha + j, left) * v), left);
        }
    }
}

static void prelu_grad_f32(float *dx, float *dalpha, const float *dy, const float *x, const float *alpha, size_t n,
                           size_t period, int accumulate) {
    if (dalpha != NULL && !accumulate) {
        for (size_t j = 0; j < period; j++)
            dalpha[j] = 0.0f;
    }
    for (size_t first = 0; first < n; first += period, x += period, dy += period) {
        EACH_VECTOR(j, period, left) {
            vf v = load_any(x + j, left), up = load_any(dy + j, left);
            if (dalpha != NULL) store_any(dalpha + j, load_any(dalpha + j, left) + keep(v < 0.0f, up * v), left);
            if (dx != NULL) {
                vf down = choose(v > 0.0f, up, keep(v < 0.0f, load_any(alpha + j, left) * up));
                store_any(dx + first + j, down, left);
            }
        }
    }
}
