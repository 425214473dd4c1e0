/*
 * crossentropy.h - categorical cross-entropies, over rows of class probabilities or logits.
 *
 * With p = softmax(z): d loss / dz = p sum(t) - t.
 * With p = pred / S, S = sum(pred), and the clipping of p to [eps, 1 - eps] of derivative [inside]:
 * d loss / d pred_i = (sum over j of t_j [j inside] - [i inside] t_i / p_i) / S.
 */

/* Of one vector of targets: label smoothing. */
INLINE vf smoothed(vf target, float smoothing, size_t cols) {
    return target * (1.0f - smoothing) + smoothing / (float)cols;
}

INLINE vi valid_lanes(size_t left) { return lanes_below(left < W ? left : W); }

/** One row from logits: the loss; grad, unless NULL, gets factor * derivative. */
INLINE double row_from_logits(float *grad, const float *z, const float *target, size_t cols, float factor,
                              float smoothing) {
    const float max = row_max(z, cols);
    const float sum = row_exponentials(grad, z, max, cols);
    const float log_sum = log_v(splat(sum))[0];
    double_sums losses = {0};
    vf targets = {0};
    for (size_t j = 0; j < cols; j += W) {
        size_t left = cols - j;
        vf t = keep(valid_lanes(left), smoothed(load_any(target + j, left), smoothing, cols));
        targets += t;
        add_to(&losses, t * (log_sum - keep(valid_lanes(left), load_any(z + j, left) - max)));
    }
    if (grad != NULL) {
        const float target_sum = sum_lanes(targets);
        for (size_t j = 0; j < cols; j += W) {
            size_t left = cols - j;
            vf t = smoothed(load_any(target + j, left), smoothing, cols);
            store_any(grad + j, factor * (load_any(grad + j, left) / sum * target_sum - t), left);
        }
    }
    return sum_doubles(&losses);
}

/** One row from probabilities, likewise. */
INLINE double row_from_probabilities(float *grad, const float *pred, const float *target, size_t cols, float factor,
                                     float smoothing) {
    const float low = 1e-7f, high = (float)(1.0 - 1e-7);
    const float sum = row_sum(pred, cols);
    double_sums losses = {0};
    vf inside_targets = {0};
    for (size_t j = 0; j < cols; j += W) {
        size_t left = cols - j;
        vf t = keep(valid_lanes(left), smoothed(load_any(target + j, left), smoothing, cols));
        vf p = load_any(pred + j, left) / sum;
        vi below = p<low, above = p> high;
        p = choose(below, splat(low), choose(above, splat(high), p));
        add_to(&losses, keep(valid_lanes(left), -t * log_v(p)));
        inside_targets += keep(~(below | above), t);
        /* The part that belongs to this element alone; the shared part needs the whole row. */
        if (grad != NULL) store_any(grad + j, keep(~(below | above), t / p), left);
    }
    if (grad != NULL) {
        const float shared = sum_lanes(inside_targets), over_sum = factor / sum;
        for (size_t j = 0; j < cols; j += W) {
            size_t left = cols - j;
            store_any(grad + j, over_sum * (shared - load_any(grad + j, left)), left);
        }
    }
    return sum_doubles(&losses);
}

static double loss_categorical_crossentropy_f32(float *grad, const float *pred, const float *target,
                                                const float *weight, size_t rows_per_weight, size_t rows, size_t cols,
                                                float scale, int from_logits, float smoothing) {
    double total = 0.0;
    for (size_t r = 0; r < rows; r++, pred += cols, target += cols) {
        const float w = weight != NULL ? weight[r / rows_per_weight] : 1.0f;
        const double loss = from_logits ? row_from_logits(grad, pred, target, cols, scale * w, smoothing)
                                        : row_from_probabilities(grad, pred, target, cols, scale * w, smoothing);
        total += (double)w * loss;
        if (grad != NULL) grad += cols;
    }
    return total;
}

/** One row with its class given as a number, from logits. */
INLINE double class_from_logits(float *grad, const float *z, size_t class, size_t cols, float factor) {
    const float max = row_max(z, cols);
    const float sum = row_exponentials(grad, z, max, cols);
    if (grad != NULL) {
        for (size_t j = 0; j < cols; j += W) {
            size_t left = cols - j;
            store_any(grad + j, factor * (load_any(grad + j, left) / sum), left);
        }
        grad[class] -= factor;
    }
    return (double)(log_v(splat(sum))[0] - (z[class] - max));
}

/** One row with its class given as a number, from probabilities. */
INLINE double class_from_probabilities(float *grad, const float *pred, size_t class, size_t cols, float factor) {
    const float low = 1e-7f, high = (float)(1.0 - 1e-7);
    const float sum = row_sum(pred, cols);
    float p = pred[class] / sum;
    const int inside = !(p < low || p > high);
    if (p < low) p = low;
    if (p > high) p = high;
    if (grad != NULL) {
        const float shared = inside ? factor / sum : 0.0f;
        for (size_t j = 0; j < cols; j += W)
            store_any(grad + j, splat(shared), cols - j);
        if (inside) grad[class] = factor / sum * (1.0f - 1.0f / p);
    }
    return -(double)log_v(splat(p))[0];
}

static double loss_sparse_categorical_crossentropy_f32(float *grad, const float *pred, const float *target,
                                                       const float *weight, size_t rows_per_weight, size_t rows,
                                                       size_t cols, float scale, int from_logits) {
    double total = 0.0;
    for (size_t r = 0; r < rows; r++, pred += cols) {
        const float w = weight != NULL ? weight[r / rows_per_weight] : 1.0f;
        const size_t class = (size_t)target[r];
        total += (double)w * (from_logits ? class_from_logits(grad, pred, class, cols, scale * w)
                                          : class_from_probabilities(grad, pred, class, cols, scale * w));
        if (grad != NULL) grad += cols;
    }
    return total;
}
