/*
 * scalar_normalization.h - plain loops over the formulas of vector/normalization.h; a part of scalar.c.
 */

static void row_norm_f32(float *y, float *stats, const float *x, const float *gamma, const float *beta, size_t rows,
                         size_t cols, int kind, float epsilon) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        float mean = 0.0f, squares = 0.0f, factor;
        if (kind == LEPTON_K_ROW_CENTRED || kind == LEPTON_K_ROW_SCALED) {
            for (size_t j = 0; j < cols; j++)
                mean += x[j];
            mean /= (float)cols;
        }
        for (size_t j = 0; j < cols; j++)
            squares += (x[j] - mean) * (x[j] - mean);
        if (kind == LEPTON_K_ROW_UNIT) {
            factor = fminf(1.0f / sqrtf(squares), 1.0f / epsilon);
        } else {
            factor = 1.0f / sqrtf(squares / (float)cols + epsilon);
        }
        stats[2 * r] = mean;
        stats[2 * r + 1] = factor;
        for (size_t j = 0; j < cols; j++) {
            float normal = (x[j] - (kind == LEPTON_K_ROW_CENTRED ? mean : 0.0f)) * factor;
            y[j] = normal * (gamma != NULL ? gamma[j] : 1.0f) + (beta != NULL ? beta[j] : 0.0f);
        }
    }
}

static void row_norm_grad_f32(float *dx, float *dgamma, float *dbeta, const float *dy, const float *x,
                              const float *gamma, const float *stats, size_t rows, size_t cols, int kind, float epsilon,
                              int accumulate_gamma, int accumulate_beta) {
    for (size_t j = 0; j < cols; j++) {
        if (dgamma != NULL && !accumulate_gamma) dgamma[j] = 0.0f;
        if (dbeta != NULL && !accumulate_beta) dbeta[j] = 0.0f;
    }
    for (size_t r = 0; r < rows; r++, x += cols, dy += cols) {
        float mean = stats[2 * r], factor = stats[2 * r + 1], shift = kind == LEPTON_K_ROW_CENTRED ? mean : 0.0f;
        float up_sum = 0.0f, product = 0.0f, share = 1.0f / (float)cols;
        for (size_t j = 0; j < cols; j++) {
            float up = dy[j] * (gamma != NULL ? gamma[j] : 1.0f), normal = (x[j] - shift) * factor;
            up_sum += up;
            product += up * normal;
            if (dgamma != NULL) dgamma[j] += dy[j] * normal;
            if (dbeta != NULL) dbeta[j] += dy[j];
        }
        if (dx == NULL) continue;
        if (kind == LEPTON_K_ROW_UNIT) share = factor < 1.0f / epsilon ? 1.0f : 0.0f;
        if (kind != LEPTON_K_ROW_CENTRED) up_sum = 0.0f;
        for (size_t j = 0; j < cols; j++) {
            float up = dy[j] * (gamma != NULL ? gamma[j] : 1.0f), deviation = (x[j] - mean) * factor;
            dx[r * cols + j] = factor * (up - up_sum * share - deviation * (product * share));
        }
    }
}

static void channel_moments_f32(float *mean, float *squares, const float *x, size_t rows, size_t cols) {
    for (size_t j = 0; j < cols; j++) {
        double sum = 0.0, square = 0.0;
        for (size_t r = 0; r < rows; r++)
            sum += (double)x[r * cols + j];
        for (size_t r = 0; r < rows; r++) {
            double deviation = (double)x[r * cols + j] - sum / (double)rows;
            square += deviation * deviation;
        }
        mean[j] = (float)(sum / (double)rows);
        squares[j] = (float)square;
    }
}

static void channel_combine_f32(float *mean, float *squares, float count, const float *other_mean,
                                const float *other_squares, float other_count, size_t cols) {
    for (size_t j = 0; j < cols; j++) {
        float change = other_mean[j] - mean[j], share = other_count / (count + other_count);
        mean[j] += change * share;
        squares[j] += other_squares[j] + change * change * (count * share);
    }
}

static void channel_factor_f32(float *factor, const float *variance, size_t cols, float scale, float epsilon) {
    for (size_t j = 0; j < cols; j++)
        factor[j] = 1.0f / sqrtf(variance[j] * scale + epsilon);
}

static void channel_apply_f32(float *y, const float *x, const float *mean, const float *factor, const float *gamma,
                              const float *beta, size_t rows, size_t cols) {
    for (size_t i = 0; i < rows * cols; i++) {
        size_t j = i % cols;
        float normal = (x[i] - mean[j]) * factor[j];
        y[i] = normal * (gamma != NULL ? gamma[j] : 1.0f) + (beta != NULL ? beta[j] : 0.0f);
    }
}

static void channel_sums_f32(float *dgamma, float *dbeta, const float *dy, const float *x, const float *mean,
                             const float *factor, size_t rows, size_t cols) {
    for (size_t j = 0; j < cols; j++) {
        double up = 0.0, product = 0.0;
        for (size_t i = j; i < rows * cols; i += cols) {
            up += (double)dy[i];
            product += (double)(dy[i] * ((x[i] - mean[j]) * factor[j]));
        }
        dbeta[j] = (float)up;
        dgamma[j] = (float)product;
    }
}

static void channel_grad_f32(float *dx, const float *dy, const float *x, const float *mean, const float *factor,
                             const float *gamma, const float *dgamma, const float *dbeta, float count, size_t rows,
                             size_t cols) {
    for (size_t i = 0; i < rows * cols; i++) {
        size_t j = i % cols;
        float common = (dbeta[j] + (x[i] - mean[j]) * factor[j] * dgamma[j]) / count;
        dx[i] = factor[j] * (gamma != NULL ? gamma[j] : 1.0f) * (dy[i] - common);
    }
}

static void moving_average_f32(float *average, const float *value, size_t n, float scale, double momentum) {
    for (size_t i = 0; i < n; i++)
        average[i] = average[i] * (float)momentum + value[i] * scale * (float)(1.0 - momentum);
}

/** The row that index names, or -1. */
static ptrdiff_t named_row(float index, size_t count) {
    return index >= 0.0f && index < (float)count && index == floorf(index) ? (ptrdiff_t)index : -1;
}

static void table_rows_f32(float *y, const float *table, const float *index, size_t n, size_t count, size_t cols) {
    for (size_t i = 0; i < n; i++) {
        ptrdiff_t row = named_row(index[i], count);
        for (size_t j = 0; j < cols; j++)
            y[i * cols + j] = row >= 0 ? table[(size_t)row * cols + j] : NAN;
    }
}

static void table_rows_grad_f32(float *dtable, const float *dy, const float *index, size_t n, size_t count,
                                size_t cols) {
    for (size_t i = 0; i < n; i++) {
        ptrdiff_t row = named_row(index[i], count);
        for (size_t j = 0; row >= 0 && j < cols; j++)
            dtable[(size_t)row * cols + j] += dy[i * cols + j];
    }
}

static void rows_differ_f32(float *mask, const float *x, size_t rows, size_t cols, float value) {
    for (size_t r = 0; r < rows; r++) {
        mask[r] = 0.0f;
        for (size_t j = 0; j < cols; j++) {
            if (x[r * cols + j] != value) mask[r] = 1.0f;
        }
    }
}

static void keep_rows_f32(float *y, const float *x, const float *mask, size_t rows, size_t cols) {
    for (size_t i = 0; i < rows * cols; i++)
        y[i] = mask[i / cols] != 0.0f ? x[i] : 0.0f;
}
