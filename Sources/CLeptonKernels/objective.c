/*
 * objective.c - losses and metrics of whole rows. They run once per batch over few columns, so plain loops do; sums are
 * taken in double precision.
 */
#include "lepton_kernels.h"

#include <math.h>

static const float low = 1e-7f, high = (float)(1.0 - 1e-7);
static const double epsilon = 1e-7;

static double weight_of(const float *weight, size_t row, size_t rows_per_weight) {
    return weight != NULL ? (double)weight[row / rows_per_weight] : 1.0;
}

/** 1/|x|, at most 1/eps. */
static double inverse_norm(const float *x, size_t n) {
    double sum = 0.0;
    for (size_t j = 0; j < n; j++)
        sum += (double)x[j] * (double)x[j];
    double inverse = 1.0 / sqrt(sum);
    return inverse > 1.0 / epsilon ? 1.0 / epsilon : inverse;
}

double lepton_k_loss_cosine_f32(float *grad, const float *pred, const float *target, const float *weight,
                                size_t rows_per_weight, size_t rows, size_t cols, float scale) {
    double total = 0.0;
    for (size_t r = 0; r < rows; r++, pred += cols, target += cols) {
        double w = weight_of(weight, r, rows_per_weight), dot = 0.0;
        double p = inverse_norm(pred, cols), t = inverse_norm(target, cols);
        for (size_t j = 0; j < cols; j++)
            dot += (double)target[j] * t * ((double)pred[j] * p);
        total -= w * dot;
        if (grad == NULL) continue;
        /* At the bound 1/eps the norm is a constant. */
        double along = p < 1.0 / epsilon ? dot : 0.0;
        for (size_t j = 0; j < cols; j++)
            *grad++ = (float)(-(double)scale * w * p * ((double)target[j] * t - along * (double)pred[j] * p));
    }
    return total;
}

double lepton_k_loss_categorical_hinge_f32(float *grad, const float *pred, const float *target, const float *weight,
                                           size_t rows_per_weight, size_t rows, size_t cols, float scale) {
    double total = 0.0;
    for (size_t r = 0; r < rows; r++, pred += cols, target += cols) {
        double w = weight_of(weight, r, rows_per_weight), positive = 0.0;
        float negative = -INFINITY;
        size_t ties = 0;
        for (size_t j = 0; j < cols; j++) {
            positive += (double)target[j] * (double)pred[j];
            float other = (1.0f - target[j]) * pred[j];
            if (other == negative) {
                ties++;
            } else if (!(other < negative)) {
                negative = other;
                ties = 1;
            }
        }
        double loss = (double)negative - positive + 1.0;
        if (!(loss < 0.0)) total += w * loss;
        if (grad == NULL) continue;
        double slope = loss > 0.0 ? 1.0 : loss == 0.0 ? 0.5 : loss < 0.0 ? 0.0 : loss;
        double factor = (double)scale * w * slope;
        for (size_t j = 0; j < cols; j++) {
            double rest = 1.0 - (double)target[j];
            double share = (1.0f - target[j]) * pred[j] == negative ? rest / (double)ties : 0.0;
            *grad++ = (float)(factor * (share - (double)target[j]));
        }
    }
    return total;
}

static float row_max(const float *x, size_t n) {
    float largest = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        if (x[i] > largest) largest = x[i];
    }
    return largest;
}

double lepton_k_loss_categorical_focal_f32(float *grad, const float *pred, const float *target, const float *weight,
                                           size_t rows_per_weight, size_t rows, size_t cols, float scale,
                                           int from_logits, float smoothing, float alpha, float gamma) {
    double total = 0.0;
    for (size_t r = 0; r < rows; r++, pred += cols, target += cols) {
        double w = weight_of(weight, r, rows_per_weight), sum = 0.0, loss = 0.0, common = 0.0;
        const float max = from_logits ? row_max(pred, cols) : 0.0f;
        for (size_t j = 0; j < cols; j++)
            sum += (double)(from_logits ? expf(pred[j] - max) : pred[j]);
        for (size_t j = 0; j < cols; j++) {
            /* The softmax has the sum 1, so both forms are a division by the sum. */
            float q = (float)((double)(from_logits ? expf(pred[j] - max) : pred[j]) / sum);
            int is_clipped = q < low || q > high;
            double share = (double)q, t = (double)(target[j] * (1.0f - smoothing) + smoothing / (float)cols);
            q = q < low ? low : q > high ? high : q;
            double rest = 1.0 - (double)q, logarithm = log((double)q), power = pow(rest, (double)gamma);
            loss -= (double)alpha * power * t * logarithm;
            if (grad == NULL) continue;
            double slope = (double)alpha * t * ((double)gamma * power / rest * logarithm - power / (double)q);
            if (is_clipped) slope = 0.0;
            common += slope * share;
            grad[j] = (float)slope;
        }
        total += w * loss;
        if (grad == NULL) continue;
        for (size_t j = 0; j < cols; j++) {
            double above = (double)(from_logits ? expf(pred[j] - max) : 1.0f);
            grad[j] = (float)((double)scale * w * above / sum * ((double)grad[j] - common));
        }
        grad += cols;
    }
    return total;
}

double lepton_k_loss_generalized_crossentropy_f32(float *grad, const float *pred, const float *target,
                                                  const float *weight, size_t rows_per_weight, size_t rows, size_t cols,
                                                  float scale, float q) {
    double total = 0.0;
    for (size_t r = 0; r < rows; r++, pred += cols) {
        double w = weight_of(weight, r, rows_per_weight);
        size_t class = (size_t)target[r];
        double p = (double)pred[class];
        total += w * (1.0 - pow(p, (double)q)) / (double)q;
        if (grad == NULL) continue;
        for (size_t j = 0; j < cols; j++)
            grad[j] = 0.0f;
        grad[class] = (float)(-(double)scale * w * pow(p, (double)q - 1.0));
        grad += cols;
    }
    return total;
}

void lepton_k_overlap_sums_f32(double *sums, const float *pred, const float *target, size_t rows, size_t cols,
                               const int32_t *group) {
    for (size_t r = 0; r < rows; r++, pred += cols, target += cols) {
        for (size_t j = 0; j < cols; j++) {
            double *own = sums + 3 * (size_t)group[j];
            own[0] += (double)target[j] * (double)pred[j];
            own[1] += (double)target[j];
            own[2] += (double)pred[j];
        }
    }
}

static double overlap_denominator(const double *sums, int tversky, double alpha, double beta) {
    if (!tversky) return sums[1] + sums[2] + epsilon;
    return sums[0] + alpha * (sums[1] - sums[0]) + beta * (sums[2] - sums[0]) + epsilon;
}

double lepton_k_loss_overlap_f32(float *grad, const float *target, size_t rows, size_t cols, const int32_t *group,
                                 size_t groups, const double *sums, float scale, int tversky, float alpha, float beta) {
    const double twice = tversky ? 1.0 : 2.0;
    double total = 0.0;
    for (size_t g = 0; g < groups; g++)
        total += 1.0 - twice * sums[3 * g] / overlap_denominator(sums + 3 * g, tversky, alpha, beta);
    if (grad == NULL) return total;
    for (size_t i = 0; i < rows * cols; i++) {
        const double *own = sums + 3 * (size_t)group[i % cols];
        double bottom = overlap_denominator(own, tversky, alpha, beta), t = (double)target[i];
        double growth = tversky ? t - (double)alpha * t + (double)beta * (1.0 - t) : 1.0;
        grad[i] = (float)(-(double)scale * twice * (t * bottom - own[0] * growth) / (bottom * bottom));
    }
    return total;
}

void lepton_k_move_axis_f32(float *out, const float *in, size_t rows, size_t extent, size_t after) {
    for (size_t r = 0; r < rows; r++, in += extent * after) {
        for (size_t i = 0; i < after; i++) {
            for (size_t j = 0; j < extent; j++)
                *out++ = in[j * after + i];
        }
    }
}
