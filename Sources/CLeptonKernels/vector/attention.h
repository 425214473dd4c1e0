/*
 * attention.h - softmax of scaled scores under a mask, and its gradient.
 */

/** One row of which only the first `seen` columns are looked at. */
INLINE void attention_row(float *y, const float *x, size_t seen, size_t cols, float scale, const float *mask,
                          size_t mask_col) {
    /* Takes part in the softmax like any number, so that a row of nothing else is uniform. */
    const float lowest = -2.0e38f;
    vf largest = splat(-__builtin_inff());
    for (size_t j = 0; j < seen; j += W) {
        const size_t left = seen - j;
        vf v = load_any(x + j, left) * scale;
        if (mask != NULL) v = choose(load_run(mask, (ptrdiff_t)mask_col, j, left) != 0.0f, v, splat(lowest));
        store_any(y + j, v, left);
        if (left < W) v = choose(lanes_below(left), v, largest);
        largest = choose(v > largest, v, largest);
    }
    const float max = max_lanes(largest);
    if (mask != NULL && max <= lowest) {
        for (size_t j = 0; j < cols; j++)
            y[j] = 1.0f / (float)cols;
        return;
    }
    const float share = 1.0f / row_exponentials(y, y, max, seen);
    for (size_t j = 0; j < seen; j += W)
        store_any(y + j, load_any(y + j, seen - j) * share, seen - j);
    for (size_t j = seen; j < cols; j++)
        y[j] = 0.0f;
}

static void attention_softmax_f32(float *y, const float *x, size_t rows, size_t cols, float scale, const float *mask,
                                  size_t mask_row, size_t mask_col, int causal) {
    for (size_t r = 0; r < rows; r++) {
        const size_t seen = causal && r + 1 < cols ? r + 1 : cols;
        attention_row(y + r * cols, x + r * cols, seen, cols, scale, mask == NULL ? NULL : mask + r * mask_row,
                      mask_col);
    }
}

static void attention_softmax_grad_f32(float *dx, const float *dy, const float *y, size_t rows, size_t cols,
                                       float scale) {
    for (size_t r = 0; r < rows; r++, dx += cols, dy += cols, y += cols) {
        vf sums = {0};
        for (size_t j = 0; j < cols; j += W)
            sums += load_any(dy + j, cols - j) * load_any(y + j, cols - j);
        const float sum = sum_lanes(sums);
        for (size_t j = 0; j < cols; j += W) {
            const size_t left = cols - j;
            store_any(dx + j, scale * (load_any(y + j, left) * (load_any(dy + j, left) - sum)), left);
        }
    }
}
