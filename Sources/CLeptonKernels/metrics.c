/*
 * metrics.c - metrics that count matches. They run once per batch over few columns, so plain loops do.
 */
#include "lepton_kernels.h"

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

double lepton_k_metric_binary_accuracy_f32(const float *pred, const float *target, const float *weight,
                                           size_t rows_per_weight, size_t rows, size_t cols, float threshold) {
    double total = 0.0;
    for (size_t r = 0; r < rows; r++, pred += cols, target += cols) {
        size_t matches = 0;
        for (size_t j = 0; j < cols; j++)
            matches += target[j] == (pred[j] > threshold ? 1.0f : 0.0f);
        total += weight_of(weight, r, rows_per_weight) * (double)matches;
    }
    return cols != 0 ? total / (double)cols : 0.0;
}

double lepton_k_metric_categorical_accuracy_f32(const float *pred, const float *target, const float *weight,
                                                size_t rows_per_weight, size_t rows, size_t cols) {
    if (cols == 0) return 0.0;
    double total = 0.0;
    for (size_t r = 0; r < rows; r++, pred += cols, target += cols) {
        if (argmax(target, cols) == argmax(pred, cols)) total += weight_of(weight, r, rows_per_weight);
    }
    return total;
}

double lepton_k_metric_sparse_categorical_accuracy_f32(const float *pred, const float *target, const float *weight,
                                                       size_t rows_per_weight, size_t rows, size_t cols) {
    if (cols == 0) return 0.0;
    double total = 0.0;
    for (size_t r = 0; r < rows; r++, pred += cols) {
        if (target[r] == (float)argmax(pred, cols)) total += weight_of(weight, r, rows_per_weight);
    }
    return total;
}

double lepton_k_metric_accuracy_f32(const float *pred, const float *target, const float *weight, size_t rows_per_weight,
                                    size_t rows, size_t cols) {
    double total = 0.0;
    for (size_t r = 0; r < rows; r++, pred += cols, target += cols) {
        size_t matches = 0;
        for (size_t j = 0; j < cols; j++)
            matches += target[j] == pred[j];
        total += weight_of(weight, r, rows_per_weight) * (double)matches;
    }
    return cols != 0 ? total / (double)cols : 0.0;
}
