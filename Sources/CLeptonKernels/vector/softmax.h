/*
 * softmax.h - softmax over rows and its gradient.
 */

static void softmax_f32(float *y, const float *x, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        float sum = row_exponentials(y, x, row_max(x, cols), cols);
        size_t j = 0;
        for (; j + W <= cols; j += W)
            store(y + j, load(y + j) / sum);
        if (j < cols) store_part(y + j, load_part(y + j, cols - j) / sum, cols - j);
    }
}

static void softmax_grad_f32(float *dx, const float *dy, const float *y, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, dx += cols, dy += cols, y += cols) {
        vf sums = {0};
        size_t j = 0;
        for (; j + W <= cols; j += W)
            sums += load(dy + j) * load(y + j);
        if (j < cols) sums += load_part(dy + j, cols - j) * load_part(y + j, cols - j);
        float sum = sum_lanes(sums);
        for (j = 0; j + W <= cols; j += W)
            store(dx + j, load(y + j) * (load(dy + j) - sum));
        if (j < cols) {
            vf slope = load_part(y + j, cols - j) * (load_part(dy + j, cols - j) - sum);
            store_part(dx + j, slope, cols - j);
        }
    }
}
