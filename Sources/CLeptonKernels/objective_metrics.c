/*
 * objective_metrics.c - metrics whose state is more than a mean: bins between thresholds, confusion matrices, sums of
 * columns. Plain loops, as in metrics.c.
 */
#include "lepton_kernels.h"

#include <math.h>

static double weight_of(const float *weight, size_t row, size_t rows_per_weight) {
    return weight != NULL ? (double)weight[row / rows_per_weight] : 1.0;
}

/** The position of the first maximum. NaN counts as larger than every number, as in NumPy and JAX. */
static size_t argmax(const float *x, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n && x[best] == x[best]; i++) {
        if (!(x[i] <= x[best])) best = i;
    }
    return best;
}

double lepton_k_metric_top_k_f32(const float *pred, const float *target, const float *weight, size_t rows_per_weight,
                                 size_t rows, size_t cols, size_t k, int sparse) {
    double total = 0.0;
    for (size_t r = 0; r < rows && cols > 0; r++, pred += cols) {
        /* A label that is no class is among no predictions. */
        if (sparse && !(target[r] >= 0.0f && target[r] < (float)cols)) continue;
        float own = pred[sparse ? (size_t)target[r] : argmax(target + r * cols, cols)];
        if (own != own) own = -INFINITY;
        size_t greater = 0;
        for (size_t j = 0; j < cols; j++)
            greater += pred[j] > own;
        if (greater < k) total += weight_of(weight, r, rows_per_weight);
    }
    return total;
}

double lepton_k_metric_sorted_top_k_f32(const float *pred, const float *target, const float *weight,
                                        size_t rows_per_weight, size_t rows, size_t cols, size_t k) {
    double total = 0.0;
    for (size_t r = 0; r < rows; r++, pred += cols) {
        for (size_t j = 0; j < cols && j < k; j++) {
            if (pred[j] != target[r]) continue;
            total += weight_of(weight, r, rows_per_weight);
            break;
        }
    }
    return total;
}

double lepton_k_metric_correlation_f32(const float *pred, const float *target, const float *weight,
                                       size_t rows_per_weight, size_t rows, size_t cols, int concordance) {
    double total = 0.0, n = (double)cols;
    for (size_t r = 0; r < rows; r++, pred += cols, target += cols) {
        double p = 0.0, t = 0.0, pp = 0.0, tt = 0.0, tp = 0.0;
        for (size_t j = 0; j < cols; j++) {
            p += (double)pred[j] / n;
            t += (double)target[j] / n;
        }
        for (size_t j = 0; j < cols; j++) {
            double dp = (double)pred[j] - p, dt = (double)target[j] - t;
            pp += dp * dp / n;
            tt += dt * dt / n;
            tp += dt * dp / n;
        }
        /* The mean of (t - mean p)(p - mean p) is the covariance: the mean of p - mean p is 0. */
        double value = concordance ? 2.0 * tp / (tt + pp + (t - p) * (t - p) + 1e-7) : tp / sqrt(tt * pp);
        total += weight_of(weight, r, rows_per_weight) * value;
    }
    return total;
}

void lepton_k_metric_r2_f32(double *sums, const float *pred, const float *target, const float *weight,
                            size_t rows_per_weight, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, pred += cols, target += cols) {
        double w = weight_of(weight, r, rows_per_weight);
        for (size_t j = 0; j < cols; j++) {
            double t = (double)target[j], error = t - (double)pred[j];
            double *own = sums + 4 * j;
            own[0] += w * t;
            own[1] += w * t * t;
            own[2] += w * error * error;
            own[3] += w;
        }
    }
}

void lepton_k_metric_f_score_f32(double *sums, const float *pred, const float *target, const float *weight,
                                 size_t rows_per_weight, size_t rows, size_t cols, float threshold) {
    for (size_t r = 0; r < rows && cols > 0; r++, pred += cols, target += cols) {
        double w = weight_of(weight, r, rows_per_weight);
        float largest = pred[argmax(pred, cols)];
        for (size_t j = 0; j < cols; j++) {
            int positive = threshold < 0.0f ? pred[j] >= largest && fabsf(pred[j]) > 1e-9f : pred[j] > threshold;
            double t = (double)target[j];
            double *own = sums + 4 * j;
            own[0] += positive ? w * t : 0.0;
            own[1] += positive ? w * (1.0 - t) : 0.0;
            own[2] += positive ? 0.0 : w * t;
            own[3] += w * t;
        }
    }
}

/** The number of thresholds below p. */
static size_t bin_of(float p, const lepton_k_bins *bins) {
    if (bins->even) {
        p = p > 0.0f ? (p < 1.0f ? p : 1.0f) : 0.0f;
        size_t bin = (size_t)ceilf(p * (float)(bins->count - 1));
        return bins->from_one && bin == 0 ? 1 : bin;
    }
    size_t first = 0, last = bins->count;
    while (first < last) {
        size_t middle = first + (last - first) / 2;
        if (bins->thresholds[middle] < p) {
            first = middle + 1;
        } else {
            last = middle;
        }
    }
    return first;
}

/** Whether pred[j] is among the k greatest of its row, earlier ones counting before later ones that equal them. */
static int is_in_top(const float *pred, size_t j, size_t cols, size_t k) {
    size_t before = 0;
    for (size_t i = 0; i < cols; i++)
        before += pred[i] > pred[j] || (pred[i] == pred[j] && i < j);
    return before < k;
}

void lepton_k_metric_bins_f32(double *sums, const float *pred, const float *target, const float *weight,
                              size_t rows_per_weight, size_t rows, size_t cols, const lepton_k_bins *bins) {
    const size_t size = bins->count + 1;
    for (size_t r = 0; r < rows; r++, pred += cols, target += cols) {
        double w = weight_of(weight, r, rows_per_weight);
        for (size_t j = 0; j < cols; j++) {
            if (bins->only_column < cols && bins->only_column != j) continue;
            float p = pred[j];
            if (bins->from_logits) p = 1.0f / (1.0f + expf(-p));
            if (bins->top_k > 0 && !is_in_top(pred, j, cols, bins->top_k)) p = -1e10f;
            double own = bins->label_weights != NULL ? w * (double)bins->label_weights[j] : w;
            size_t label = bins->labels > 1 ? j : 0;
            sums[(2 * label + (target[j] != 0.0f ? 0 : 1)) * size + bin_of(p, bins)] += own;
        }
    }
}

/** A class number, or `classes` for one that is out of range. */
static size_t class_of(float value, size_t classes) {
    /* Keras cuts off what is after the point, so that -0.5 is class 0. */
    return value > -1.0f && value < (float)classes ? (size_t)(value > 0.0f ? value : 0.0f) : classes;
}

void lepton_k_metric_confusion_f32(double *sums, const float *pred, const float *target, const float *weight,
                                   size_t rows_per_weight, size_t rows, size_t cols, const lepton_k_confusion *form) {
    const size_t width = form->sparse_pred || form->is_binary ? 1 : cols;
    /* With class numbers on both sides every element is a row of its own. */
    const size_t count = width == 1 ? rows * cols : rows, spread = width == 1 ? cols : 1;
    for (size_t r = 0; r < count && cols > 0; r++, pred += width) {
        size_t predicted = form->is_binary     ? (size_t)(*pred >= form->threshold)
                           : form->sparse_pred ? class_of(*pred, form->classes)
                                               : argmax(pred, cols);
        size_t actual = form->sparse_target ? class_of(target[r], form->classes) : argmax(target + r * width, width);
        if (actual >= form->classes || predicted >= form->classes) continue;
        if (form->ignores && form->ignored_class == (int)actual) continue;
        double w = weight_of(weight, r / spread, rows_per_weight);
        sums[actual * form->classes + predicted] += form->whole_weights ? trunc(w) : w;
    }
}
