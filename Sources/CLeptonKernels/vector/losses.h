/*
 * losses.h - losses that are a mean over elements.
 *
 * Elements that share a weight are one run: everything when there are no weights, else rows_per_weight rows. A row's
 * loss is the mean over its columns, so a run's sum is divided by cols once.
 */

/** Losses with a kernel of their own, beside those that LEPTON_K_LOSS_... numbers from 0 on. */
enum { LOSS_SQUARED = -3, LOSS_BINARY, LOSS_BINARY_LOGITS };

/** Of one vector of elements: the losses, and their derivatives with respect to pred. options[0] is the label smoothing
 *  of the binary losses. */
INLINE vf element_loss(const int kind, vf pred, vf target, const float *options, vf *slope) {
    switch (kind) {
    case LOSS_SQUARED: {
        vf difference = pred - target;
        *slope = 2.0f * difference;
        return difference * difference;
    }
    case LOSS_BINARY: {
        const float low = 1e-7f, high = (float)(1.0 - 1e-7), smoothing = options[0];
        vf t = target * (1.0f - smoothing) + 0.5f * smoothing;
        vi below = pred<low, above = pred> high;
        vf p = choose(below, splat(low), choose(above, splat(high), pred));
        vf q = 1.0f - p;
        *slope = keep(~(below | above), (p - t) / (p * q));
        return -(t * log_v(p) + (1.0f - t) * log_v(q));
    }
    case LOSS_BINARY_LOGITS: {
        const float smoothing = options[0];
        vf t = target * (1.0f - smoothing) + 0.5f * smoothing;
        /* e = exp(-|z|) serves both the loss and the sigmoid. */
        vf e = exp_v((vf)((vi)pred | (vi)splat(-0.0f)));
        vf sigmoid = choose(pred < 0.0f, e, splat(1.0f)) / (1.0f + e);
        *slope = sigmoid - t;
        return keep(~(pred <= 0.0f), pred) - pred * t + log1p_v(e);
    }
    default:
        return element_of_v(kind, pred, target, options, slope);
    }
}

/** The sum of the losses of one run; grad, unless NULL, gets factor * slope. */
INLINE double run_loss(const int kind, float *grad, const float *pred, const float *target, size_t n, float factor,
                       const float *options) {
    double_sums sums = {0};
    size_t i = 0;
    for (; i + W <= n; i += W) {
        vf slope;
        add_to(&sums, element_loss(kind, load(pred + i), load(target + i), options, &slope));
        if (grad != NULL) store(grad + i, slope * factor);
    }
    if (i < n) {
        vf slope;
        vf loss = element_loss(kind, load_part(pred + i, n - i), load_part(target + i, n - i), options, &slope);
        add_to(&sums, keep(lanes_below(n - i), loss));
        if (grad != NULL) store_part(grad + i, slope * factor, n - i);
    }
    return sum_doubles(&sums);
}

/** The weighted sum of runs of elements that share a weight; grad gets factor * weight * slope. */
INLINE double sum_of_runs(const int kind, float *grad, const float *pred, const float *target, const float *weight,
                          size_t run, size_t count, float factor, const float *options) {
    if (weight == NULL) return run_loss(kind, grad, pred, target, count, factor, options);
    double total = 0.0;
    for (size_t at = 0; at < count; at += run, weight++) {
        size_t n = count - at < run ? count - at : run;
        float *own = grad != NULL ? grad + at : NULL;
        total += (double)*weight * run_loss(kind, own, pred + at, target + at, n, factor * *weight, options);
    }
    return total;
}

INLINE double mean_loss(const int kind, float *grad, const float *pred, const float *target, const float *weight,
                        size_t rows_per_weight, size_t rows, size_t cols, float scale, const float *options) {
    if (cols == 0) return 0.0;
    return sum_of_runs(kind, grad, pred, target, weight, rows_per_weight * cols, rows * cols, scale / (float)cols,
                       options) /
           (double)cols;
}

static double loss_mse_f32(float *grad, const float *pred, const float *target, const float *weight,
                           size_t rows_per_weight, size_t rows, size_t cols, float scale) {
    return mean_loss(LOSS_SQUARED, grad, pred, target, weight, rows_per_weight, rows, cols, scale, NULL);
}

static double loss_binary_crossentropy_f32(float *grad, const float *pred, const float *target, const float *weight,
                                           size_t rows_per_weight, size_t rows, size_t cols, float scale,
                                           int from_logits, float smoothing) {
    if (from_logits) {
        return mean_loss(LOSS_BINARY_LOGITS, grad, pred, target, weight, rows_per_weight, rows, cols, scale,
                         &smoothing);
    }
    return mean_loss(LOSS_BINARY, grad, pred, target, weight, rows_per_weight, rows, cols, scale, &smoothing);
}

static double loss_elementwise_f32(float *grad, const float *pred, const float *target, const float *weight,
                                   size_t rows_per_weight, size_t rows, size_t cols, float scale, int kind,
                                   const float *options) {
    if (cols == 0) return 0.0;
    const float divisor = kind == LEPTON_K_LOSS_KL_DIVERGENCE ? 1.0f : (float)cols, factor = scale / divisor;
    const size_t count = rows * cols, run = rows_per_weight * cols;
    double total;
/* A loop for each kind, so that none decides element by element. */
#define LOSS_CASE(KIND)                                                                                                \
    case KIND:                                                                                                         \
        total = sum_of_runs(KIND, grad, pred, target, weight, run, count, factor, options);                            \
        break
    switch (kind) {
        LOSS_CASE(LEPTON_K_LOSS_ABSOLUTE);
        LOSS_CASE(LEPTON_K_LOSS_PERCENTAGE);
        LOSS_CASE(LEPTON_K_LOSS_LOGARITHMIC);
        LOSS_CASE(LEPTON_K_LOSS_HUBER);
        LOSS_CASE(LEPTON_K_LOSS_LOG_COSH);
        LOSS_CASE(LEPTON_K_LOSS_HINGE);
        LOSS_CASE(LEPTON_K_LOSS_SQUARED_HINGE);
        LOSS_CASE(LEPTON_K_LOSS_POISSON);
        LOSS_CASE(LEPTON_K_LOSS_KL_DIVERGENCE);
        LOSS_CASE(LEPTON_K_LOSS_BINARY_FOCAL);
    default:
        total = sum_of_runs(LEPTON_K_LOSS_BINARY_FOCAL_LOGITS, grad, pred, target, weight, run, count, factor, options);
    }
#undef LOSS_CASE
    return total / (double)divisor;
}
