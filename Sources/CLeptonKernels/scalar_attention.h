/*
 * scalar_attention.h - plain loops over the formulas of vector/attention.h; a part of scalar.c.
 */

static void attention_softmax_f32(float *y, const float *x, size_t rows, size_t cols, float scale, const float *mask,
                                  size_t mask_row, size_t mask_col, int causal) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        float max = -INFINITY, sum = 0.0f;
        size_t seen = 0;
        for (size_t j = 0; j < cols; j++) {
            const int hidden = (causal && j > r) || (mask != NULL && mask[r * mask_row + j * mask_col] == 0.0f);
            y[j] = hidden ? -INFINITY : scale * x[j];
            seen += !hidden;
            if (y[j] > max) max = y[j];
        }
        for (size_t j = 0; j < cols; j++) {
            y[j] = seen == 0 ? 1.0f : expf(y[j] - max);
            sum += y[j];
        }
        for (size_t j = 0; j < cols; j++)
            y[j] /= sum;
    }
}

static void attention_softmax_grad_f32(float *dx, const float *dy, const float *y, size_t rows, size_t cols,
                                       float scale) {
    for (size_t r = 0; r < rows; r++, dx += cols, dy += cols, y += cols) {
        float sum = 0.0f;
        for (size_t j = 0; j < cols; j++)
            sum += dy[j] * y[j];
        for (size_t j = 0; j < cols; j++)
            dx[j] = scale * (y[j] * (dy[j] - sum));
    }
}
