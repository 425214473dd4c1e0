/*
 * scalar_preprocessing.h - the reference of the kernels in table_preprocessing.h.
 */

static void normalize_rows_f32(float *y, const float *x, const float *mean, const float *deviation, size_t rows,
                               size_t cols, int invert) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < cols; c++) {
            size_t i = r * cols + c;
            y[i] = invert ? mean[c] + x[i] * deviation[c] : (x[i] - mean[c]) / deviation[c];
        }
    }
}

static void normalize_rows_grad_f32(float *dx, const float *dy, const float *deviation, size_t rows, size_t cols,
                                    int invert) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < cols; c++) {
            size_t i = r * cols + c;
            dx[i] = invert ? dy[i] * deviation[c] : dy[i] / deviation[c];
        }
    }
}
