/*
 * scalar_recurrent.h - the reference for recurrent layers. A packed matrix is here a plain copy.
 */

static void pack_f32(float *packed, int trans_b, size_t k, size_t n, const float *b, size_t ldb) {
    for (size_t p = 0; p < k; p++) {
        for (size_t j = 0; j < n; j++)
            packed[p * n + j] = trans_b ? b[j * ldb + p] : b[p * ldb + j];
    }
}

static void gemm_packed_f32(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *packed, float beta,
                            float *c, size_t ldc) {
    gemm_own_f32(0, 0, m, n, k, a, lda, packed, n, beta, c, ldc);
}

static int is_masked(const float *mask, size_t stride, size_t row) {
    return mask != NULL && mask[row * stride] == 0.0f;
}

/** The gradient of a row's new state, element j. */
static float given(const float *dh, const float *dout, size_t dout_stride, size_t row, size_t units, size_t j) {
    return dh[row * units + j] + (dout != NULL ? dout[row * dout_stride + j] : 0.0f);
}

static float biased(const float *bias, size_t j) { return bias != NULL ? bias[j] : 0.0f; }

static void rnn_f32(float *h, const float *gates, const float *bias, const float *h_before, const float *mask,
                    size_t mask_stride, size_t rows, size_t units, int activation) {
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < units; j++) {
            size_t i = r * units + j;
            h[i] = is_masked(mask, mask_stride, r) ? h_before[i] : activate(gates[i] + biased(bias, j), activation);
        }
    }
}

static void rnn_grad_f32(float *dh, float *dbias, float *gates, const float *h, const float *dout, size_t dout_stride,
                         const float *mask, size_t mask_stride, size_t rows, size_t units, int activation) {
    for (size_t r = 0; r < rows; r++) {
        const int masked = is_masked(mask, mask_stride, r);
        for (size_t j = 0; j < units; j++) {
            size_t i = r * units + j;
            float whole = given(dh, dout, dout_stride, r, units, j);
            gates[i] = masked ? 0.0f : slope(whole, h[i], activation);
            dbias[j] += gates[i];
            dh[i] = masked ? whole : 0.0f;
        }
    }
}

static void lstm_f32(float *h, float *c, float *activated, float *gates, const float *bias, const float *h_before,
                     const float *c_before, const float *mask, size_t mask_stride, size_t rows, size_t units,
                     int activation, int recurrent_activation) {
    for (size_t r = 0; r < rows; r++) {
        float *at = gates + r * 4 * units;
        for (size_t j = 0; j < units; j++) {
            size_t i = r * units + j;
            if (is_masked(mask, mask_stride, r)) {
                h[i] = h_before[i];
                c[i] = c_before[i];
                continue;
            }
            for (size_t gate = 0; gate < 4; gate++) {
                float z = at[gate * units + j] + biased(bias, gate * units + j);
                at[gate * units + j] = activate(z, gate == 2 ? activation : recurrent_activation);
            }
            c[i] = at[units + j] * c_before[i] + at[j] * at[2 * units + j];
            float size = activate(c[i], activation);
            if (activated != NULL) activated[i] = size;
            h[i] = at[3 * units + j] * size;
        }
    }
}

static void lstm_grad_f32(float *dh, float *dc, float *dbias, float *gates, const float *activated,
                          const float *c_before, const float *dout, size_t dout_stride, const float *mask,
                          size_t mask_stride, size_t rows, size_t units, int activation, int recurrent_activation) {
    for (size_t r = 0; r < rows; r++) {
        const int masked = is_masked(mask, mask_stride, r);
        float *at = gates + r * 4 * units;
        for (size_t j = 0; j < units; j++) {
            size_t n = r * units + j;
            float whole = given(dh, dout, dout_stride, r, units, j);
            float *i = at + j, *f = i + units, *g = f + units, *o = g + units;
            if (masked) {
                *i = *f = *g = *o = 0.0f;
                dh[n] = whole;
                continue;
            }
            float whole_c = dc[n] + slope(whole * *o, activated[n], activation);
            float di = slope(whole_c * *g, *i, recurrent_activation);
            float dg = slope(whole_c * *i, *g, activation);
            dc[n] = whole_c * *f;
            *f = slope(whole_c * c_before[n], *f, recurrent_activation);
            *o = slope(whole * activated[n], *o, recurrent_activation);
            *i = di;
            *g = dg;
            dh[n] = 0.0f;
            for (size_t gate = 0; gate < 4; gate++)
                dbias[gate * units + j] += at[gate * units + j];
        }
    }
}

static void gru_f32(float *h, float *gates, const float *bias, const float *recurrent_bias, const float *h_before,
                    const float *mask, size_t mask_stride, size_t rows, size_t units, int activation,
                    int recurrent_activation) {
    for (size_t r = 0; r < rows; r++) {
        float *at = gates + r * 4 * units;
        for (size_t j = 0; j < units; j++) {
            size_t n = r * units + j;
            if (is_masked(mask, mask_stride, r)) {
                h[n] = h_before[n];
                continue;
            }
            float *z = at + j, *reset = z + units, *candidate = reset + units, *q = candidate + units;
            *z = activate(*z + (biased(bias, j) + biased(recurrent_bias, j)), recurrent_activation);
            *reset =
                activate(*reset + (biased(bias, units + j) + biased(recurrent_bias, units + j)), recurrent_activation);
            *q += biased(recurrent_bias, 2 * units + j);
            *candidate = activate(*candidate + biased(bias, 2 * units + j) + *reset * *q, activation);
            h[n] = *z * h_before[n] + (1.0f - *z) * *candidate;
        }
    }
}

static void gru_grad_f32(float *dh, float *dbias, float *gates, const float *h_before, const float *dout,
                         size_t dout_stride, const float *mask, size_t mask_stride, size_t rows, size_t units,
                         int activation, int recurrent_activation) {
    for (size_t r = 0; r < rows; r++) {
        const int masked = is_masked(mask, mask_stride, r);
        float *at = gates + r * 4 * units;
        for (size_t j = 0; j < units; j++) {
            size_t n = r * units + j;
            float whole = given(dh, dout, dout_stride, r, units, j);
            float *z = at + j, *reset = z + units, *candidate = reset + units, *q = candidate + units;
            if (masked) {
                *z = *reset = *candidate = *q = 0.0f;
                dh[n] = whole;
                continue;
            }
            float dcandidate = slope(whole * (1.0f - *z), *candidate, activation);
            float dz = slope(whole * (h_before[n] - *candidate), *z, recurrent_activation);
            float dq = dcandidate * *reset;
            dh[n] = whole * *z;
            *reset = slope(dcandidate * *q, *reset, recurrent_activation);
            *z = dz;
            *candidate = dcandidate;
            *q = dq;
            for (size_t gate = 0; gate < 4; gate++)
                dbias[gate * units + j] += at[gate * units + j];
        }
    }
}

static void gru_reset_f32(float *gates, const float *bias, const float *state, size_t rows, size_t units,
                          int recurrent_activation) {
    for (size_t r = 0; r < rows; r++) {
        float *at = gates + r * 4 * units;
        for (size_t j = 0; j < units; j++) {
            at[j] = activate(at[j] + biased(bias, j), recurrent_activation);
            at[units + j] = activate(at[units + j] + biased(bias, units + j), recurrent_activation);
            at[3 * units + j] = at[units + j] * state[r * units + j];
        }
    }
}

static void gru_update_f32(float *h, float *gates, const float *bias, const float *h_before, const float *mask,
                           size_t mask_stride, size_t rows, size_t units, int activation) {
    for (size_t r = 0; r < rows; r++) {
        float *at = gates + r * 4 * units;
        for (size_t j = 0; j < units; j++) {
            size_t n = r * units + j;
            float *candidate = at + 2 * units + j;
            *candidate = activate(*candidate + biased(bias, 2 * units + j), activation);
            h[n] = is_masked(mask, mask_stride, r) ? h_before[n] : at[j] * h_before[n] + (1.0f - at[j]) * *candidate;
        }
    }
}

static void gru_update_grad_f32(float *dh, float *dbias, float *gates, const float *h_before, const float *dout,
                                size_t dout_stride, const float *mask, size_t mask_stride, size_t rows, size_t units,
                                int activation, int recurrent_activation) {
    for (size_t r = 0; r < rows; r++) {
        const int masked = is_masked(mask, mask_stride, r);
        float *at = gates + r * 4 * units;
        for (size_t j = 0; j < units; j++) {
            size_t n = r * units + j;
            float whole = given(dh, dout, dout_stride, r, units, j);
            float *z = at + j, *candidate = at + 2 * units + j;
            if (masked) {
                *z = *candidate = 0.0f;
                dh[n] = whole;
                continue;
            }
            float dcandidate = slope(whole * (1.0f - *z), *candidate, activation);
            dh[n] = whole * *z;
            *z = slope(whole * (h_before[n] - *candidate), *z, recurrent_activation);
            *candidate = dcandidate;
            dbias[j] += *z;
            dbias[2 * units + j] += *candidate;
        }
    }
}

static void gru_reset_grad_f32(float *dq, float *dbias, float *gates, const float *state, size_t rows, size_t units,
                               int recurrent_activation) {
    for (size_t r = 0; r < rows; r++) {
        float *at = gates + r * 4 * units;
        for (size_t j = 0; j < units; j++) {
            size_t n = r * units + j;
            float reset = at[units + j];
            at[units + j] = slope(dq[n] * state[n], reset, recurrent_activation);
            dbias[units + j] += at[units + j];
            dq[n] *= reset;
        }
    }
}
