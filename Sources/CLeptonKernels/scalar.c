/*
 * scalar.c - the reference: every kernel as plain loops over the formula, with the C library's exp, log and tanh.
 */
#include "operation_math.h"
#include "philox.h"
#include "table.h"

#include <math.h>
#include <string.h>

static const float low = 1e-7f, high = (float)(1.0 - 1e-7);

/* ------------------------------------------------------------ activations */

static float sigmoid(float x) {
    /* Without overflow, and with a small relative error where the result is near 0. */
    float e = expf(-fabsf(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

static float activate(float x, int activation) {
    switch (activation) {
    case LEPTON_K_RELU:
        return x <= 0.0f ? 0.0f : x;
    case LEPTON_K_SIGMOID:
        return sigmoid(x);
    case LEPTON_K_TANH:
        return tanhf(x);
    default:
        return x;
    }
}

static float slope(float dy, float y, int activation) {
    switch (activation) {
    case LEPTON_K_RELU:
        return y <= 0.0f ? 0.0f : dy;
    case LEPTON_K_SIGMOID:
        return dy * (y * (1.0f - y));
    case LEPTON_K_TANH:
        return dy * (1.0f - y * y);
    default:
        return dy;
    }
}

static void bias_activation_f32(float *y, const float *x, const float *bias, size_t rows, size_t cols, int activation) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < cols; j++) {
            size_t i = r * cols + j;
            y[i] = activate(bias != NULL ? x[i] + bias[j] : x[i], activation);
        }
    }
}

static void activation_grad_f32(float *dx, const float *dy, const float *y, size_t n, int activation) {
    for (size_t i = 0; i < n; i++)
        dx[i] = slope(dy[i], y[i], activation);
}

static void activation_bias_grad_f32(float *dx, float *dbias, const float *dy, const float *y, size_t rows, size_t cols,
                                     int activation, int accumulate) {
    for (size_t j = 0; j < cols; j++) {
        float sum = accumulate ? dbias[j] : 0.0f;
        for (size_t r = 0; r < rows; r++) {
            size_t i = r * cols + j;
            dx[i] = slope(dy[i], y[i], activation);
            sum += dx[i];
        }
        dbias[j] = sum;
    }
}

static float row_max(const float *x, size_t n) {
    float largest = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (x[i] > largest) largest = x[i];
    }
    return largest;
}

static float sum_of_exponentials(const float *x, float max, size_t n) {
    float sum = 0.0f;
    for (size_t i = 0; i < n; i++)
        sum += expf(x[i] - max);
    return sum;
}

static void softmax_f32(float *y, const float *x, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        float max = row_max(x, cols), sum = sum_of_exponentials(x, max, cols);
        for (size_t j = 0; j < cols; j++)
            y[j] = expf(x[j] - max) / sum;
    }
}

static void softmax_grad_f32(float *dx, const float *dy, const float *y, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, dx += cols, dy += cols, y += cols) {
        float sum = 0.0f;
        for (size_t j = 0; j < cols; j++)
            sum += dy[j] * y[j];
        for (size_t j = 0; j < cols; j++)
            dx[j] = y[j] * (dy[j] - sum);
    }
}

/* ------------------------------------------------------------ element-wise */

static void add_f32(float *out, const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] + b[i];
}

static void multiply_f32(float *out, const float *a, const float *b, size_t n) {
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] * b[i];
}

static void sum_f32(float *out, const float *const *in, size_t count, size_t n) {
    for (size_t i = 0; i < n; i++) {
        float sum = in[0][i];
        for (size_t s = 1; s < count; s++)
            sum += in[s][i];
        out[i] = sum;
    }
}

static void exp_f32(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] = expf(x[i]);
}

static void log_f32(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] = logf(x[i]);
}

static void dropout_f32(float *y, float *mask, const float *x, size_t n, float rate, uint64_t seed, uint64_t stream,
                        uint64_t offset) {
    for (size_t i = 0; i < n; i++) {
        int dropped = philox_word(seed, stream, offset + i) * 0x1p-32 < (double)rate;
        mask[i] = dropped ? 0.0f : 1.0f / (1.0f - rate);
        y[i] = x[i] * mask[i];
    }
}

static int all_finite_f32(const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) return 0;
    }
    return 1;
}

/* ------------------------------------------------------------------- data */

static float element(const unsigned char *p, int dtype) {
    double f64;
    float f32;
    int64_t i64;
    int32_t i32;
    switch (dtype) {
    case LEPTON_K_FLOAT64:
        memcpy(&f64, p, sizeof f64);
        return (float)f64;
    case LEPTON_K_INT32:
        memcpy(&i32, p, sizeof i32);
        return (float)i32;
    case LEPTON_K_INT64:
        memcpy(&i64, p, sizeof i64);
        return (float)i64;
    case LEPTON_K_UINT8:
        return (float)*p;
    case LEPTON_K_BOOL:
        return *p != 0 ? 1.0f : 0.0f;
    default:
        memcpy(&f32, p, sizeof f32);
        return f32;
    }
}

static void convert_f32(float *out, const void *in, int dtype, ptrdiff_t stride, size_t n) {
    static const ptrdiff_t sizes[] = {4, 8, 4, 8, 1, 1};
    if (dtype < LEPTON_K_FLOAT32 || dtype > LEPTON_K_BOOL) return;
    for (size_t i = 0; i < n; i++) {
        out[i] = element((const unsigned char *)in + (ptrdiff_t)i * stride * sizes[dtype], dtype);
    }
}

/* ----------------------------------------------------------------- losses */

static float weight_of(const float *weight, size_t row, size_t rows_per_weight) {
    return weight != NULL ? weight[row / rows_per_weight] : 1.0f;
}

static float clip(float p) { return p < low ? low : p > high ? high : p; }

static int is_clipped(float p) { return p < low || p > high; }

static double loss_mse_f32(float *grad, const float *pred, const float *target, const float *weight,
                           size_t rows_per_weight, size_t rows, size_t cols, float scale) {
    double total = 0.0;
    for (size_t i = 0; i < rows * cols; i++) {
        float w = weight_of(weight, i / cols, rows_per_weight), difference = pred[i] - target[i];
        total += (double)w * (double)(difference * difference) / (double)cols;
        if (grad != NULL) grad[i] = scale / (float)cols * w * (2.0f * difference);
    }
    return total;
}

static double loss_binary_crossentropy_f32(float *grad, const float *pred, const float *target, const float *weight,
                                           size_t rows_per_weight, size_t rows, size_t cols, float scale,
                                           int from_logits, float smoothing) {
    double total = 0.0;
    for (size_t i = 0; i < rows * cols; i++) {
        float w = weight_of(weight, i / cols, rows_per_weight);
        float t = target[i] * (1.0f - smoothing) + 0.5f * smoothing, loss, derivative;
        if (from_logits) {
            float z = pred[i];
            loss = (z <= 0.0f ? 0.0f : z) - z * t + log1pf(expf(-fabsf(z)));
            derivative = sigmoid(z) - t;
        } else {
            float p = clip(pred[i]);
            loss = -(t * logf(p) + (1.0f - t) * logf(1.0f - p));
            derivative = is_clipped(pred[i]) ? 0.0f : (p - t) / (p * (1.0f - p));
        }
        total += (double)w * (double)loss / (double)cols;
        if (grad != NULL) grad[i] = scale / (float)cols * w * derivative;
    }
    return total;
}

/** -sum of t log p over one row, p from logits; t is one-hot at `class` when target is NULL. */
static double row_loss(float *grad, const float *pred, const float *target, size_t class, size_t cols, float factor,
                       int from_logits, float smoothing) {
    const float max = row_max(pred, cols);
    float sum = from_logits ? sum_of_exponentials(pred, max, cols) : 0.0f;
    for (size_t j = 0; j < cols && !from_logits; j++)
        sum += pred[j];

    double loss = 0.0;
    float shared = 0.0f; /* The part of the gradient that all elements have in common. */
    for (size_t j = 0; j < cols; j++) {
        float t = target != NULL ? target[j] * (1.0f - smoothing) + smoothing / (float)cols : (float)(j == class);
        if (target == NULL && j != class) continue;
        if (from_logits) {
            loss += (double)(t * (logf(sum) - (pred[j] - max)));
            shared += t;
        } else {
            float p = pred[j] / sum;
            loss -= (double)(t * logf(clip(p)));
            shared += is_clipped(p) ? 0.0f : t;
        }
    }
    for (size_t j = 0; j < cols && grad != NULL; j++) {
        float t = target != NULL ? target[j] * (1.0f - smoothing) + smoothing / (float)cols : (float)(j == class);
        if (from_logits) {
            grad[j] = factor * (expf(pred[j] - max) / sum * shared - t);
        } else {
            float p = pred[j] / sum;
            grad[j] = factor / sum * (shared - (is_clipped(p) ? 0.0f : t / p));
        }
    }
    return loss;
}

static double loss_categorical_crossentropy_f32(float *grad, const float *pred, const float *target,
                                                const float *weight, size_t rows_per_weight, size_t rows, size_t cols,
                                                float scale, int from_logits, float smoothing) {
    double total = 0.0;
    for (size_t r = 0; r < rows; r++) {
        float w = weight_of(weight, r, rows_per_weight);
        float *row_grad = grad != NULL ? grad + r * cols : NULL;
        total += (double)w *
                 row_loss(row_grad, pred + r * cols, target + r * cols, 0, cols, scale * w, from_logits, smoothing);
    }
    return total;
}

static double loss_sparse_categorical_crossentropy_f32(float *grad, const float *pred, const float *target,
                                                       const float *weight, size_t rows_per_weight, size_t rows,
                                                       size_t cols, float scale, int from_logits) {
    double total = 0.0;
    for (size_t r = 0; r < rows; r++) {
        float w = weight_of(weight, r, rows_per_weight);
        float *row_grad = grad != NULL ? grad + r * cols : NULL;
        total += (double)w *
                 row_loss(row_grad, pred + r * cols, NULL, (size_t)target[r], cols, scale * w, from_logits, 0.0f);
    }
    return total;
}

#include "scalar_objective.h"

/* ------------------------------------------------------------- optimizers */

static void sgd_f32(float *w, const float *g, size_t n, float lr) {
    for (size_t i = 0; i < n; i++)
        w[i] -= lr * g[i];
}

static void sgd_momentum_f32(float *w, float *m, const float *g, size_t n, float lr, float mu, int nesterov) {
    for (size_t i = 0; i < n; i++) {
        m[i] = mu * m[i] - lr * g[i];
        w[i] += nesterov ? mu * m[i] - lr * g[i] : m[i];
    }
}

static void adam_f32(float *w, float *m, float *v, float *vhat, const float *g, size_t n, float alpha, double b1,
                     double b2, float eps) {
    const float c1 = (float)(1.0 - b1), c2 = (float)(1.0 - b2);
    for (size_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * c1;
        v[i] += (g[i] * g[i] - v[i]) * c2;
        float second = v[i];
        if (vhat != NULL) {
            if (!(v[i] <= vhat[i]) && vhat[i] == vhat[i]) vhat[i] = v[i];
            second = vhat[i];
        }
        w[i] -= m[i] * alpha / (sqrtf(second) + eps);
    }
}

#include "scalar_adaptive.h"
#include "scalar_attention.h"
#include "scalar_functions.h"
#include "scalar_noise.h"
#include "scalar_normalization.h"
#include "scalar_operations.h"
#include "scalar_optimizer.h"
#include "scalar_preprocessing.h"

/* -------------------------------------------------------- matrix products */

static void gemm_own_f32(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
                         const float *b, size_t ldb, float beta, float *c, size_t ldc) {
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            float sum = 0.0f;
            for (size_t p = 0; p < k; p++) {
                float x = trans_a ? a[p * lda + i] : a[i * lda + p];
                sum += x * (trans_b ? b[j * ldb + p] : b[p * ldb + j]);
            }
            c[i * ldc + j] = beta != 0.0f ? c[i * ldc + j] + sum : sum;
        }
    }
}

#include "scalar_convolution.h"
#include "scalar_recurrent.h"

LEPTON_DEFINE_TABLE(lepton_table_scalar, "scalar");
