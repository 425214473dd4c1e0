/*
 * scalar_functions.h - plain loops over the formulas of vector/functions.h; a part of scalar.c.
 */

static float softplus(float x) { return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))); }

static float between(float x, float from, float to) { return x < from ? from : x > to ? to : x; }

static float normal_distribution(float x) { return 0.5f * erfcf(-x * 0.70710678118654752f); }

static float gelu_gate(float x) { return tanhf(0.79788456080286536f * (x + 0.044715f * (x * x * x))); }

static float function_value(float x, int function, float a, float b, float c) {
    switch (function) {
    case LEPTON_K_FN_RELU:
        return (x <= c ? 0.0f : x > b ? b : x) - (x < c && a != 0.0f ? a * (c - x) : 0.0f);
    case LEPTON_K_FN_LEAKY_RELU:
        return x < 0.0f ? a * x : x;
    case LEPTON_K_FN_RELU6:
        return between(x, 0.0f, 6.0f);
    case LEPTON_K_FN_CELU:
        return x > 0.0f ? x : a * expm1f(x / a);
    case LEPTON_K_FN_ELU:
        return b * (x > 0.0f ? x : a * expm1f(x));
    case LEPTON_K_FN_SOFTPLUS:
        return softplus(x);
    case LEPTON_K_FN_SOFTSIGN:
        return x / (1.0f + fabsf(x));
    case LEPTON_K_FN_SQUAREPLUS:
        return 0.5f * (x + sqrtf(x * x + a));
    case LEPTON_K_FN_SOFT_SHRINK:
        return x > a ? x - a : x < -a ? x + a : x != x ? x : 0.0f;
    case LEPTON_K_FN_SPARSE_PLUS:
        return x <= -1.0f ? 0.0f : x >= 1.0f ? x : 0.25f * ((x + 1.0f) * (x + 1.0f));
    case LEPTON_K_FN_SILU:
        return x * sigmoid(x);
    case LEPTON_K_FN_GELU:
        return x * normal_distribution(x);
    case LEPTON_K_FN_GELU_TANH:
        return 0.5f * x * (1.0f + gelu_gate(x));
    case LEPTON_K_FN_SIGMOID:
        return sigmoid(x);
    case LEPTON_K_FN_TANH:
        return tanhf(x);
    case LEPTON_K_FN_TANH_SHRINK:
        return x - tanhf(x);
    case LEPTON_K_FN_EXP:
        return expf(x);
    case LEPTON_K_FN_HARD_SIGMOID:
        return between(x + 3.0f, 0.0f, 6.0f) / 6.0f;
    case LEPTON_K_FN_HARD_SILU:
        return x * (between(x + 3.0f, 0.0f, 6.0f) / 6.0f);
    case LEPTON_K_FN_HARD_TANH:
        return between(x, -1.0f, 1.0f);
    case LEPTON_K_FN_HARD_SHRINK:
        return fabsf(x) <= a ? 0.0f : x;
    case LEPTON_K_FN_THRESHOLD:
        return x > a ? x : b;
    case LEPTON_K_FN_MISH:
        return x * tanhf(softplus(x));
    case LEPTON_K_FN_LOG_SIGMOID:
        return -softplus(-x);
    case LEPTON_K_FN_SPARSE_SIGMOID:
        return between(0.5f * (x + 1.0f), 0.0f, 1.0f);
    case LEPTON_K_FN_AFFINE:
        return a * x + b;
    default:
        return x;
    }
}

static float function_slope(float x, int function, float a, float b, float c) {
    float s, size = fabsf(x);
    switch (function) {
    case LEPTON_K_FN_RELU:
        return (x > c ? (x < b ? 1.0f : x == b ? 0.5f : 0.0f) : 0.0f) + (x < c ? a : 0.0f);
    case LEPTON_K_FN_LEAKY_RELU:
        return x < 0.0f ? a : 1.0f;
    case LEPTON_K_FN_RELU6:
        return x > 0.0f && x < 6.0f ? 1.0f : 0.0f;
    case LEPTON_K_FN_CELU:
        return x > 0.0f ? 1.0f : expf(x / a);
    case LEPTON_K_FN_ELU:
        return b * (x > 0.0f ? 1.0f : a * expf(x));
    case LEPTON_K_FN_SOFTPLUS:
        return sigmoid(x);
    case LEPTON_K_FN_SOFTSIGN:
        return 1.0f / ((1.0f + size) * (1.0f + size));
    case LEPTON_K_FN_SQUAREPLUS:
        return 0.5f * (1.0f + x / sqrtf(x * x + a));
    case LEPTON_K_FN_SOFT_SHRINK:
    case LEPTON_K_FN_HARD_SHRINK:
        return size > a ? 1.0f : 0.0f;
    case LEPTON_K_FN_SPARSE_PLUS:
        return between(0.5f * (x + 1.0f), 0.0f, 1.0f);
    case LEPTON_K_FN_SILU:
        s = sigmoid(x);
        return s * (1.0f + x * (1.0f - s));
    case LEPTON_K_FN_GELU:
        return normal_distribution(x) + x * (0.39894228040143268f * expf(-0.5f * (x * x)));
    case LEPTON_K_FN_GELU_TANH:
        s = gelu_gate(x);
        return 0.5f * (1.0f + s) + 0.5f * x * (1.0f - s * s) * (0.79788456080286536f * (1.0f + 0.134145f * (x * x)));
    case LEPTON_K_FN_SIGMOID:
        s = sigmoid(x);
        return s * (1.0f - s);
    case LEPTON_K_FN_TANH:
        s = tanhf(x);
        return 1.0f - s * s;
    case LEPTON_K_FN_TANH_SHRINK:
        s = tanhf(x);
        return s * s;
    case LEPTON_K_FN_EXP:
        return expf(x);
    case LEPTON_K_FN_HARD_SIGMOID:
        return size < 3.0f ? 1.0f / 6.0f : 0.0f;
    case LEPTON_K_FN_HARD_SILU:
        return between(x + 3.0f, 0.0f, 6.0f) / 6.0f + (size < 3.0f ? x / 6.0f : 0.0f);
    case LEPTON_K_FN_HARD_TANH:
        return size <= 1.0f ? 1.0f : 0.0f;
    case LEPTON_K_FN_THRESHOLD:
        return x > a ? 1.0f : 0.0f;
    case LEPTON_K_FN_MISH:
        s = tanhf(softplus(x));
        return s + x * ((1.0f - s * s) * sigmoid(x));
    case LEPTON_K_FN_LOG_SIGMOID:
        return sigmoid(-x);
    case LEPTON_K_FN_SPARSE_SIGMOID:
        return size < 1.0f ? 0.5f : size == 1.0f ? 0.25f : 0.0f;
    case LEPTON_K_FN_AFFINE:
        return a;
    default:
        return 1.0f;
    }
}

static void function_f32(float *y, const float *x, size_t n, int function, float a, float b, float c) {
    for (size_t i = 0; i < n; i++)
        y[i] = function_value(x[i], function, a, b, c);
}

static void function_grad_f32(float *dx, const float *dy, const float *x, size_t n, int function, float a, float b,
                              float c) {
    for (size_t i = 0; i < n; i++)
        dx[i] = dy[i] * function_slope(x[i], function, a, b, c);
}

static void log_softmax_f32(float *y, const float *x, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        float max = row_max(x, cols), log_sum = logf(sum_of_exponentials(x, max, cols));
        for (size_t j = 0; j < cols; j++)
            y[j] = x[j] - max - log_sum;
    }
}

static void log_softmax_grad_f32(float *dx, const float *dy, const float *y, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, dx += cols, dy += cols, y += cols) {
        float sum = 0.0f;
        for (size_t j = 0; j < cols; j++)
            sum += dy[j];
        for (size_t j = 0; j < cols; j++)
            dx[j] = dy[j] - expf(y[j]) * sum;
    }
}

static void sparsemax_f32(float *y, const float *x, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        float max = row_max(x, cols), bad = 0.0f;
        for (size_t j = 0; j < cols; j++)
            bad += 0.0f * x[j];
        float threshold = -1.0f, count = 0.0f, previous = -1.0f;
        while (count != previous) {
            float sum = 0.0f;
            previous = count;
            count = 0.0f;
            for (size_t j = 0; j < cols; j++) {
                if (!(x[j] - max + bad > threshold)) continue;
                sum += x[j] - max;
                count += 1.0f;
            }
            if (count > 0.0f && count != previous) threshold = (sum - 1.0f) / count;
        }
        for (size_t j = 0; j < cols; j++) {
            float above = x[j] - max + bad - threshold;
            y[j] = above <= 0.0f ? 0.0f : above;
        }
    }
}

static void sparsemax_grad_f32(float *dx, const float *dy, const float *y, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, dx += cols, dy += cols, y += cols) {
        float sum = 0.0f, count = 0.0f;
        for (size_t j = 0; j < cols; j++) {
            sum += y[j] > 0.0f ? dy[j] : 0.0f;
            count += y[j] > 0.0f ? 1.0f : 0.0f;
        }
        for (size_t j = 0; j < cols; j++)
            dx[j] = y[j] > 0.0f ? dy[j] - sum / count : 0.0f;
    }
}

static void glu_f32(float *y, const float *x, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < cols; j++)
            y[r * cols + j] = x[2 * r * cols + j] * sigmoid(x[(2 * r + 1) * cols + j]);
    }
}

static void glu_grad_f32(float *dx, const float *dy, const float *x, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < cols; j++) {
            size_t value = 2 * r * cols + j, gate = value + cols;
            float s = sigmoid(x[gate]), up = dy[r * cols + j];
            dx[gate] = up * x[value] * (s * (1.0f - s));
            dx[value] = up * s;
        }
    }
}

static void prelu_f32(float *y, const float *x, const float *alpha, size_t n, size_t period) {
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > 0.0f ? x[i] : alpha[i % period] * x[i];
}

static void prelu_grad_f32(float *dx, float *dalpha, const float *dy, const float *x, const float *alpha, size_t n,
                           size_t period, int accumulate) {
    if (dalpha != NULL && !accumulate) {
        for (size_t j = 0; j < period; j++)
            dalpha[j] = 0.0f;
    }
    for (size_t i = 0; i < n; i++) {
        if (dalpha != NULL && x[i] < 0.0f) dalpha[i % period] += dy[i] * x[i];
        if (dx != NULL) dx[i] = x[i] > 0.0f ? dy[i] : x[i] < 0.0f ? alpha[i % period] * dy[i] : 0.0f;
    }
}
