/*
 * preprocessing.h - normalising with one mean and deviation a column.
 */

static void normalize_rows_f32(float *y, const float *x, const float *mean, const float *deviation, size_t rows,
                               size_t cols, int invert) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        for (size_t i = 0; i < cols; i += W) {
            size_t left = cols - i;
            vf v = load_any(x + i, left), m = load_any(mean + i, left);
            /* Lanes beyond the row hold 0 and are not stored; what 0 / 0 gives there does not matter. */
            vf d = load_any(deviation + i, left);
            store_any(y + i, invert ? m + v * d : (v - m) / d, left);
        }
    }
}

static void normalize_rows_grad_f32(float *dx, const float *dy, const float *deviation, size_t rows, size_t cols,
                                    int invert) {
    for (size_t r = 0; r < rows; r++, dx += cols, dy += cols) {
        for (size_t i = 0; i < cols; i += W) {
            size_t left = cols - i;
            vf v = load_any(dy + i, left), d = load_any(deviation + i, left);
            store_any(dx + i, invert ? v * d : v / d, left);
        }
    }
}
