/*
 * normalization.h - normalisation of rows and of channels, and rows of a table.
 */

/** The sum of (x - centre)^2 over a row. */
INLINE float row_squares(const float *x, size_t n, float centre) {
    vf sums = {0};
    EACH_VECTOR(j, n, left) {
        vf v = load_any(x + j, left) - centre;
        if (left < W) v = keep(lanes_below(left), v);
        sums += v * v;
    }
    return sum_lanes(sums);
}

INLINE float row_factor(const float *x, size_t n, float centre, int kind, float epsilon) {
    float squares = row_squares(x, n, centre);
    if (kind == LEPTON_K_ROW_UNIT) {
        float factor = 1.0f / __builtin_sqrtf(squares), limit = 1.0f / epsilon;
        return factor > limit ? limit : factor;
    }
    return 1.0f / __builtin_sqrtf(squares / (float)n + epsilon);
}

static void row_norm_f32(float *y, float *stats, const float *x, const float *gamma, const float *beta, size_t rows,
                         size_t cols, int kind, float epsilon) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        int has_mean = kind == LEPTON_K_ROW_CENTRED || kind == LEPTON_K_ROW_SCALED;
        float mean = has_mean ? row_sum(x, cols) / (float)cols : 0.0f;
        float factor = row_factor(x, cols, mean, kind, epsilon);
        float shift = kind == LEPTON_K_ROW_CENTRED ? mean : 0.0f;
        stats[2 * r] = mean;
        stats[2 * r + 1] = factor;
        EACH_VECTOR(j, cols, left) {
            vf v = (load_any(x + j, left) - shift) * factor;
            if (gamma != NULL) v *= load_any(gamma + j, left);
            if (beta != NULL) v += load_any(beta + j, left);
            store_any(y + j, v, left);
        }
    }
}

/** Adds a row's part to the gradients of gamma and beta. */
INLINE void add_scale_gradients(float *dgamma, float *dbeta, const float *dy, const float *x, size_t cols, float shift,
                                float factor) {
    EACH_VECTOR(j, cols, left) {
        vf up = load_any(dy + j, left);
        if (dgamma != NULL) {
            vf normal = (load_any(x + j, left) - shift) * factor;
            store_any(dgamma + j, load_any(dgamma + j, left) + up * normal, left);
        }
        if (dbeta != NULL) store_any(dbeta + j, load_any(dbeta + j, left) + up, left);
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
        if (dgamma != NULL || dbeta != NULL) add_scale_gradients(dgamma, dbeta, dy, x, cols, shift, factor);
        if (dx == NULL) continue;
        vf ups = {0}, products = {0};
        EACH_VECTOR(j, cols, left) {
            vf up = load_any(dy + j, left);
            if (gamma != NULL) up *= load_any(gamma + j, left);
            ups += up;
            products += up * ((load_any(x + j, left) - shift) * factor);
        }
        float share = 1.0f / (float)cols;
        if (kind == LEPTON_K_ROW_UNIT) share = factor < 1.0f / epsilon ? 1.0f : 0.0f;
        float up_mean = kind == LEPTON_K_ROW_CENTRED ? sum_lanes(ups) * share : 0.0f;
        float product = sum_lanes(products) * share;
        EACH_VECTOR(j, cols, left) {
            vf up = load_any(dy + j, left);
            if (gamma != NULL) up *= load_any(gamma + j, left);
            vf deviation = (load_any(x + j, left) - mean) * factor;
            store_any(dx + r * cols + j, factor * (up - up_mean - deviation * product), left);
        }
    }
}

static void channel_combine_f32(float *mean, float *squares, float count, const float *other_mean,
                                const float *other_squares, float other_count, size_t cols) {
    const float share = other_count / (count + other_count);
    EACH_VECTOR(j, cols, left) {
        vf old = load_any(mean + j, left), change = load_any(other_mean + j, left) - old;
        store_any(mean + j, old + change * share, left);
        vf both = load_any(squares + j, left) + load_any(other_squares + j, left);
        store_any(squares + j, both + change * change * (count * share), left);
    }
}

enum { CHANNEL_ROWS = 64 };

static void channel_moments_f32(float *mean, float *squares, const float *x, size_t rows, size_t cols) {
    for (size_t j = 0; j < cols; j++)
        mean[j] = squares[j] = 0.0f;
    for (size_t first = 0; first < rows; first += CHANNEL_ROWS, x += CHANNEL_ROWS * cols) {
        const size_t count = rows - first < CHANNEL_ROWS ? rows - first : CHANNEL_ROWS;
        const float share = (float)count / (float)(first + count);
        EACH_VECTOR(j, cols, left) {
            vf sum = {0}, square = {0};
            for (size_t r = 0; r < count; r++)
                sum += load_any(x + r * cols + j, left);
            vf centre = sum / (float)count, rest = {0};
            for (size_t r = 0; r < count; r++) {
                vf deviation = load_any(x + r * cols + j, left) - centre;
                square += deviation * deviation;
                rest += deviation;
            }
            /* Where the mean is large, rounding of the sum moved the centre; the deviations say by how much. What they
             * take away is never more than there is, but for rounding. */
            square -= rest * rest / (float)count;
            square = choose(square < 0.0f, (vf){0}, square);
            centre += rest / (float)count;
            vf old = load_any(mean + j, left), change = centre - old;
            store_any(mean + j, old + change * share, left);
            store_any(squares + j, load_any(squares + j, left) + square + change * change * ((float)first * share),
                      left);
        }
    }
}

static void channel_factor_f32(float *factor, const float *variance, size_t cols, float scale, float epsilon) {
    EACH_VECTOR(j, cols, left)
    store_any(factor + j, 1.0f / __builtin_elementwise_sqrt(load_any(variance + j, left) * scale + epsilon), left);
}

static void channel_apply_f32(float *y, const float *x, const float *mean, const float *factor, const float *gamma,
                              const float *beta, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        EACH_VECTOR(j, cols, left) {
            vf v = (load_any(x + j, left) - load_any(mean + j, left)) * load_any(factor + j, left);
            if (gamma != NULL) v *= load_any(gamma + j, left);
            if (beta != NULL) v += load_any(beta + j, left);
            store_any(y + j, v, left);
        }
    }
}

static void channel_sums_f32(float *dgamma, float *dbeta, const float *dy, const float *x, const float *mean,
                             const float *factor, size_t rows, size_t cols) {
    for (size_t j = 0; j < cols; j++)
        dgamma[j] = dbeta[j] = 0.0f;
    for (size_t first = 0; first < rows; first += CHANNEL_ROWS, x += CHANNEL_ROWS * cols, dy += CHANNEL_ROWS * cols) {
        const size_t count = rows - first < CHANNEL_ROWS ? rows - first : CHANNEL_ROWS;
        EACH_VECTOR(j, cols, left) {
            vf centre = load_any(mean + j, left), scale = load_any(factor + j, left), ups = {0}, products = {0};
            for (size_t r = 0; r < count; r++) {
                vf up = load_any(dy + r * cols + j, left);
                ups += up;
                products += up * ((load_any(x + r * cols + j, left) - centre) * scale);
            }
            store_any(dgamma + j, load_any(dgamma + j, left) + products, left);
            store_any(dbeta + j, load_any(dbeta + j, left) + ups, left);
        }
    }
}

static void channel_grad_f32(float *dx, const float *dy, const float *x, const float *mean, const float *factor,
                             const float *gamma, const float *dgamma, const float *dbeta, float count, size_t rows,
                             size_t cols) {
    for (size_t r = 0; r < rows; r++, x += cols, dy += cols, dx += cols) {
        EACH_VECTOR(j, cols, left) {
            vf scale = load_any(factor + j, left), normal = (load_any(x + j, left) - load_any(mean + j, left)) * scale;
            vf common = (load_any(dbeta + j, left) + normal * load_any(dgamma + j, left)) / count;
            if (gamma != NULL) scale *= load_any(gamma + j, left);
            store_any(dx + j, scale * (load_any(dy + j, left) - common), left);
        }
    }
}

static void moving_average_f32(float *average, const float *value, size_t n, float scale, double momentum) {
    const float old = (float)momentum, new = (float)(1.0 - momentum);
    EACH_VECTOR(i, n, left)
    store_any(average + i, load_any(average + i, left) * old + load_any(value + i, left) * scale * new, left);
}

/** Whether index names a row; its number in `*row`. */
INLINE int names_row(float index, size_t count, size_t *row) {
    if (!(index >= 0.0f && index < (float)count)) return 0;
    *row = (size_t)index;
    return (float)*row == index && *row < count;
}

static void table_rows_f32(float *y, const float *table, const float *index, size_t n, size_t count, size_t cols) {
    for (size_t i = 0; i < n; i++, y += cols) {
        size_t row;
        if (names_row(index[i], count, &row)) {
            const float *from = table + row * cols;
            EACH_VECTOR(j, cols, left) store_any(y + j, load_any(from + j, left), left);
        } else {
            for (size_t j = 0; j < cols; j++)
                y[j] = __builtin_nanf("");
        }
    }
}

static void table_rows_grad_f32(float *dtable, const float *dy, const float *index, size_t n, size_t count,
                                size_t cols) {
    for (size_t i = 0; i < n; i++, dy += cols) {
        size_t row;
        if (!names_row(index[i], count, &row)) continue;
        float *to = dtable + row * cols;
        EACH_VECTOR(j, cols, left) store_any(to + j, load_any(to + j, left) + load_any(dy + j, left), left);
    }
}

static void rows_differ_f32(float *mask, const float *x, size_t rows, size_t cols, float value) {
    for (size_t r = 0; r < rows; r++, x += cols) {
        mask[r] = 0.0f;
        for (size_t j = 0; j < cols; j++) {
            if (x[j] != value) mask[r] = 1.0f;
        }
    }
}

static void keep_rows_f32(float *y, const float *x, const float *mask, size_t rows, size_t cols) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        const float kept = mask[r];
        EACH_VECTOR(j, cols, left) store_any(y + j, kept != 0.0f ? load_any(x + j, left) : splat(0.0f), left);
    }
}
