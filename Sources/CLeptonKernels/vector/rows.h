/*
 * rows.h - what softmax and the cross-entropies share: reductions over one row.
 */

/** The largest element; NaN is passed over (it shows in the sum that follows). -inf for an empty row. */
INLINE float row_max(const float *x, size_t n) {
    vf largest = splat(-__builtin_inff());
    size_t i = 0;
    for (; i + W <= n; i += W) {
        vf v = load(x + i);
        largest = choose(v > largest, v, largest);
    }
    if (i < n) {
        vf v = load_part(x + i, n - i);
        largest = choose((v > largest) & lanes_below(n - i), v, largest);
    }
    return max_lanes(largest);
}

/** The sum of exp(x - max); the terms are written to y unless it is NULL. */
INLINE float row_exponentials(float *y, const float *x, float max, size_t n) {
    vf sums = {0};
    size_t i = 0;
    for (; i + W <= n; i += W) {
        vf e = exp_v(load(x + i) - max);
        if (y != NULL) store(y + i, e);
        sums += e;
    }
    if (i < n) {
        vf e = exp_v(load_part(x + i, n - i) - max);
        if (y != NULL) store_part(y + i, e, n - i);
        sums += keep(lanes_below(n - i), e);
    }
    return sum_lanes(sums);
}

INLINE float row_sum(const float *x, size_t n) {
    vf sums = {0};
    size_t i = 0;
    for (; i + W <= n; i += W)
        sums += load(x + i);
    if (i < n) sums += load_part(x + i, n - i);
    return sum_lanes(sums);
}
