/*
 * losses.h - losses that are a mean over elements: squared error, absolute error, binary cross-entropy.
 *
 * Elements that share a weight are one run: everything when there are no weights, else rows_per_weight rows. A row's
 * loss is the mean over its columns, so a run's sum is divided by cols once.
 */

/** What distinguishes one element-wise loss from another. */
enum { LOSS_SQUARED, LOSS_ABSOLUTE, LOSS_BINARY, LOSS_BINARY_LOGITS };

/** Of one vector of elements: the losses, and their derivatives with respect to pred. */
INLINE vf element_loss(const int kind, vf pred, vf target, float smoothing, vf *slope) {
    switch (kind) {
    case LOSS_SQUARED: {
        vf difference = pred - target;
        *slope = 2.0f * difference;
        return difference * difference;
    }
    case LOSS_ABSOLUTE:
        *slope = (vf){0};
        return absolute(target - pred);
    case LOSS_BINARY: {
        const float low = 1e-7f, high = (float)(1.0 - 1e-7);
        vf t = target * (1.0f - smoothing) + 0.5f * smoothing;
        vi below = pred<low, above = pred> high;
        vf p = choose(below, splat(low), choose(above, splat(high), pred));
        vf q = 1.0f - p;
        *slope = keep(~(below | above), (p - t) / (p * q));
        return -(t * log_v(p) + (1.0f - t) * log_v(q));
    }
    default: {
        vf t = target * (1.0f - smoothing) + 0.5f * smoothing;
        /* e = exp(-|z|) serves both the loss and the sigmoid. */
        vf e = exp_v((vf)((vi)pred | (vi)splat(-0.0f)));
        vf sigmoid = choose(pred < 0.0f, e, splat(1.0f)) / (1.0f + e);
        *slope = sigmoid - t;
        return keep(~(pred <= 0.0f), pred) - pred * t + log1p_v(e);
    }
    }
}

/** The sum of the losses of one run; grad, unless NULL, gets factor * slope. */
INLINE double run_loss(const int kind, float *grad, const float *pred, const float *target, size_t n, float factor,
                       float smoothing) {
    double_sums sums = {0};
    size_t i = 0;
    for (; i + W <= n; i += W) {
        vf slope;
        add_to(&sums, element_loss(kind, load(pred + i), load(target + i), smoothing, &slope));
        if (grad != NULL) store(grad + i, slope * factor);
    }
    if (i < n) {
        vf slope;
        vf loss = element_loss(kind, load_part(pred + i, n - i), load_part(target + i, n - i), smoothing, &slope);
        add_to(&sums, keep(lanes_below(n - i), loss));
        if (grad != NULL) store_part(grad + i, slope * factor, n - i);
    }
    return sum_doubles(&sums);
}

INLINE double mean_loss(const int kind, float *grad, const float *pred, const float *target, const float *weight,
                        size_t rows_per_weight, size_t rows, size_t cols, float scale, float smoothing) {
    if (cols == 0) return 0.0;
    const float per_column = scale / (float)cols;
    if (weight == NULL) {
        return run_loss(kind, grad, pred, target, rows * cols, per_column, smoothing) / (double)cols;
    }
    double total = 0.0;
    for (size_t r = 0; r < rows; r += rows_per_weight, weight++) {
        size_t left = rows - r;
        size_t run = (left < rows_per_weight ? left : rows_per_weight) * cols;
        size_t at = r * cols;
        float *run_grad = grad != NULL ? grad + at : NULL;
        double sum = run_loss(kind, run_grad, pred + at, target + at, run, per_column * *weight, smoothing);
        total += (double)*weight * sum;
    }
    return total / (double)cols;
}

static double loss_mse_f32(float *grad, const float *pred, const float *target, const float *weight,
                           size_t rows_per_weight, size_t rows, size_t cols, float scale) {
    return mean_loss(LOSS_SQUARED, grad, pred, target, weight, rows_per_weight, rows, cols, scale, 0.0f);
}

static double metric_mae_f32(const float *pred, const float *target, const float *weight, size_t rows_per_weight,
                             size_t rows, size_t cols) {
    return mean_loss(LOSS_ABSOLUTE, NULL, pred, target, weight, rows_per_weight, rows, cols, 0.0f, 0.0f);
}

static double loss_binary_crossentropy_f32(float *grad, const float *pred, const float *target, const float *weight,
                                           size_t rows_per_weight, size_t rows, size_t cols, float scale,
                                           int from_logits, float smoothing) {
    if (from_logits) {
        return mean_loss(LOSS_BINARY_LOGITS, grad, pred, target, weight, rows_per_weight, rows, cols, scale, smoothing);
    }
    return mean_loss(LOSS_BINARY, grad, pred, target, weight, rows_per_weight, rows, cols, scale, smoothing);
}
