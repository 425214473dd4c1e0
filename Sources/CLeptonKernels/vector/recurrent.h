/*
 * recurrent.h - products with packed matrices, and time steps of recurrent cells.
 *
 * A cell's row is walked in vectors over the units. The bodies marked INLINE are expanded with the usual activations
 * (tanh, sigmoid) as constants and once more for all others.
 */

static void pack_f32(float *packed, int trans_b, size_t k, size_t n, const float *b, size_t ldb) {
    for (size_t j = 0; j < n; j += TILE_COLS, packed += k * TILE_COLS) {
        const size_t cols = n - j < TILE_COLS ? n - j : TILE_COLS;
        if (trans_b) {
            pack_transposed(packed, b + j * ldb, ldb, k, cols);
        } else {
            pack_plain(packed, b + j, ldb, k, cols);
        }
    }
}

/** As the strips of gemm.h, but with the rows shared evenly among the tiles: a narrow tile at the end would wait for
 *  its own sums. */
#define EVEN_STRIP(name, vecs, partial)                                                                                \
    static void name(size_t rows, size_t last, size_t k, const float *a, size_t lda, const float *b, int accumulate,   \
                     float *c, size_t ldc) {                                                                           \
        for (size_t tiles = (rows + TILE_ROWS - 1) / TILE_ROWS; tiles > 0; tiles--) {                                  \
            const size_t taken = (rows + tiles - 1) / tiles;                                                           \
            switch (taken) {                                                                                           \
            case 6:                                                                                                    \
                tile(6, vecs, partial, last, k, a, lda, 1, b, TILE_COLS, accumulate, c, ldc);                          \
                break;                                                                                                 \
            case 5:                                                                                                    \
                tile(5, vecs, partial, last, k, a, lda, 1, b, TILE_COLS, accumulate, c, ldc);                          \
                break;                                                                                                 \
            case 4:                                                                                                    \
                tile(4, vecs, partial, last, k, a, lda, 1, b, TILE_COLS, accumulate, c, ldc);                          \
                break;                                                                                                 \
            case 3:                                                                                                    \
                tile(3, vecs, partial, last, k, a, lda, 1, b, TILE_COLS, accumulate, c, ldc);                          \
                break;                                                                                                 \
            case 2:                                                                                                    \
                tile(2, vecs, partial, last, k, a, lda, 1, b, TILE_COLS, accumulate, c, ldc);                          \
                break;                                                                                                 \
            default:                                                                                                   \
                tile(1, vecs, partial, last, k, a, lda, 1, b, TILE_COLS, accumulate, c, ldc);                          \
                break;                                                                                                 \
            }                                                                                                          \
            rows -= taken;                                                                                             \
            a += taken * lda;                                                                                          \
            c += taken * ldc;                                                                                          \
        }                                                                                                              \
    }

EVEN_STRIP(even_strip_two, 2, 0)
EVEN_STRIP(even_strip_two_partial, 2, 1)
EVEN_STRIP(even_strip_one, 1, 0)
EVEN_STRIP(even_strip_one_partial, 1, 1)
#undef EVEN_STRIP

static void gemm_packed_f32(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *packed, float beta,
                            float *c, size_t ldc) {
    for (size_t j = 0; j < n; j += TILE_COLS, packed += k * TILE_COLS) {
        const size_t cols = n - j < TILE_COLS ? n - j : TILE_COLS;
        int accumulate = beta != 0.0f;
        /* At least once, so that k = 0 gives zeros. */
        for (size_t p = 0; p == 0 || p < k; p += BLOCK_K) {
            const size_t depth = k - p < BLOCK_K ? k - p : BLOCK_K;
            const float *panel = packed + p * TILE_COLS;
            if (cols == TILE_COLS) {
                even_strip_two(m, W, depth, a + p, lda, panel, accumulate, c + j, ldc);
            } else if (cols > W) {
                even_strip_two_partial(m, cols - W, depth, a + p, lda, panel, accumulate, c + j, ldc);
            } else if (cols == W) {
                even_strip_one(m, W, depth, a + p, lda, panel, accumulate, c + j, ldc);
            } else {
                even_strip_one_partial(m, cols, depth, a + p, lda, panel, accumulate, c + j, ldc);
            }
            accumulate = 1;
        }
    }
}

/* Calls UNITS(j, left) for each vector of a row: `left` is the constant W for whole ones. */
#define FOR_UNITS(units, UNITS)                                                                                        \
    do {                                                                                                               \
        size_t j_ = 0;                                                                                                 \
        for (; j_ + W <= (units); j_ += W)                                                                             \
            UNITS(j_, W);                                                                                              \
        if (j_ < (units)) UNITS(j_, (units)-j_);                                                                       \
    } while (0)

INLINE int keeps_state(const float *mask, size_t stride, size_t row) {
    return mask != NULL && mask[row * stride] == 0.0f;
}

static void copy_units(float *out, const float *in, size_t units) {
    for (size_t j = 0; j < units; j++)
        out[j] = in[j];
}

static void add_units(float *out, const float *in, size_t units) {
    for (size_t j = 0; j < units && in != NULL; j++)
        out[j] += in[j];
}

static void zero_units(float *out, size_t units) {
    for (size_t j = 0; j < units; j++)
        out[j] = 0.0f;
}

INLINE vf bias_at(const float *bias, size_t j, size_t left) {
    return bias != NULL ? load_any(bias + j, left) : (vf){0};
}

/** The gradient of a new state: what later steps gave and what the output was given. */
INLINE vf whole_gradient(const float *dh, const float *dout, size_t j, size_t left) {
    const vf later = load_any(dh + j, left);
    return dout != NULL ? later + load_any(dout + j, left) : later;
}

INLINE void add_any(float *sums, vf v, size_t left) { store_any(sums, load_any(sums, left) + v, left); }

/* ------------------------------------------------------------ simple cell */

INLINE void rnn_rows(float *h, const float *gates, const float *bias, const float *h_before, const float *mask,
                     size_t mask_stride, size_t rows, size_t units, const int act) {
    for (size_t r = 0; r < rows; r++, h += units, gates += units, h_before += units) {
        if (keeps_state(mask, mask_stride, r)) {
            copy_units(h, h_before, units);
            continue;
        }
#define UNITS(j, left)                                                                                                 \
    store_any(h + (j), gate_activate(load_any(gates + (j), left) + bias_at(bias, j, left), act), left)
        FOR_UNITS(units, UNITS);
#undef UNITS
    }
}

static void rnn_f32(float *h, const float *gates, const float *bias, const float *h_before, const float *mask,
                    size_t mask_stride, size_t rows, size_t units, int activation) {
    if (activation == LEPTON_K_TANH) {
        rnn_rows(h, gates, bias, h_before, mask, mask_stride, rows, units, LEPTON_K_TANH);
    } else {
        rnn_rows(h, gates, bias, h_before, mask, mask_stride, rows, units, activation);
    }
}

INLINE void rnn_grad_units(float *dh, float *dbias, float *gates, const float *h, const float *dout, const int act,
                           size_t j, size_t left) {
    const vf dz = activation_slope(whole_gradient(dh, dout, j, left), load_any(h + j, left), act);
    store_any(gates + j, dz, left);
    store_any(dh + j, (vf){0}, left);
    add_any(dbias + j, dz, left);
}

INLINE void rnn_grad_rows(float *dh, float *dbias, float *gates, const float *h, const float *dout, size_t dout_stride,
                          const float *mask, size_t mask_stride, size_t rows, size_t units, const int act) {
    for (size_t r = 0; r < rows; r++, dh += units, gates += units, h += units) {
        if (keeps_state(mask, mask_stride, r)) {
            add_units(dh, dout, units);
            zero_units(gates, units);
        } else {
#define UNITS(j, left) rnn_grad_units(dh, dbias, gates, h, dout, act, j, left)
            FOR_UNITS(units, UNITS);
#undef UNITS
        }
        if (dout != NULL) dout += dout_stride;
    }
}

static void rnn_grad_f32(float *dh, float *dbias, float *gates, const float *h, const float *dout, size_t dout_stride,
                         const float *mask, size_t mask_stride, size_t rows, size_t units, int activation) {
    if (activation == LEPTON_K_TANH) {
        rnn_grad_rows(dh, dbias, gates, h, dout, dout_stride, mask, mask_stride, rows, units, LEPTON_K_TANH);
    } else {
        rnn_grad_rows(dh, dbias, gates, h, dout, dout_stride, mask, mask_stride, rows, units, activation);
    }
}

/* ------------------------------------------------------------ long short-term memory */

INLINE void lstm_units(float *h, float *c, float *activated, float *gates, const float *bias, const float *c_before,
                       size_t units, const int act, const int gate_act, size_t j, size_t left) {
    float *at_i = gates + j, *at_f = at_i + units, *at_g = at_f + units, *at_o = at_g + units;
    const vf i = gate_activate(load_any(at_i, left) + bias_at(bias, j, left), gate_act);
    const vf f = gate_activate(load_any(at_f, left) + bias_at(bias, units + j, left), gate_act);
    const vf g = gate_activate(load_any(at_g, left) + bias_at(bias, 2 * units + j, left), act);
    const vf o = gate_activate(load_any(at_o, left) + bias_at(bias, 3 * units + j, left), gate_act);
    const vf cell = f * load_any(c_before + j, left) + i * g;
    const vf size = gate_activate(cell, act);
    store_any(at_i, i, left);
    store_any(at_f, f, left);
    store_any(at_g, g, left);
    store_any(at_o, o, left);
    store_any(c + j, cell, left);
    if (activated != NULL) store_any(activated + j, size, left);
    store_any(h + j, o * size, left);
}

INLINE void lstm_rows(float *h, float *c, float *activated, float *gates, const float *bias, const float *h_before,
                      const float *c_before, const float *mask, size_t mask_stride, size_t rows, size_t units,
                      const int act, const int gate_act) {
    for (size_t r = 0; r < rows; r++, gates += 4 * units) {
        const size_t at = r * units;
        float *kept = activated != NULL ? activated + at : NULL;
        if (keeps_state(mask, mask_stride, r)) {
            copy_units(h + at, h_before + at, units);
            copy_units(c + at, c_before + at, units);
            continue;
        }
#define UNITS(j, left) lstm_units(h + at, c + at, kept, gates, bias, c_before + at, units, act, gate_act, j, left)
        FOR_UNITS(units, UNITS);
#undef UNITS
    }
}

static void lstm_f32(float *h, float *c, float *activated, float *gates, const float *bias, const float *h_before,
                     const float *c_before, const float *mask, size_t mask_stride, size_t rows, size_t units,
                     int activation, int recurrent_activation) {
    if (activation == LEPTON_K_TANH && recurrent_activation == LEPTON_K_SIGMOID) {
        lstm_rows(h, c, activated, gates, bias, h_before, c_before, mask, mask_stride, rows, units, LEPTON_K_TANH,
                  LEPTON_K_SIGMOID);
    } else {
        lstm_rows(h, c, activated, gates, bias, h_before, c_before, mask, mask_stride, rows, units, activation,
                  recurrent_activation);
    }
}

INLINE void lstm_grad_units(float *dh, float *dc, float *dbias, float *gates, const float *activated,
                            const float *c_before, const float *dout, size_t units, const int act, const int gate_act,
                            size_t j, size_t left) {
    float *at_i = gates + j, *at_f = at_i + units, *at_g = at_f + units, *at_o = at_g + units;
    const vf i = load_any(at_i, left), f = load_any(at_f, left);
    const vf g = load_any(at_g, left), o = load_any(at_o, left);
    const vf size = load_any(activated + j, left);
    const vf whole = whole_gradient(dh, dout, j, left);
    const vf cell = load_any(dc + j, left) + activation_slope(whole * o, size, act);
    const vf di = activation_slope(cell * g, i, gate_act);
    const vf df = activation_slope(cell * load_any(c_before + j, left), f, gate_act);
    const vf dg = activation_slope(cell * i, g, act);
    const vf d_o = activation_slope(whole * size, o, gate_act);
    store_any(dc + j, cell * f, left);
    store_any(dh + j, (vf){0}, left);
    store_any(at_i, di, left);
    store_any(at_f, df, left);
    store_any(at_g, dg, left);
    store_any(at_o, d_o, left);
    add_any(dbias + j, di, left);
    add_any(dbias + units + j, df, left);
    add_any(dbias + 2 * units + j, dg, left);
    add_any(dbias + 3 * units + j, d_o, left);
}

INLINE void lstm_grad_rows(float *dh, float *dc, float *dbias, float *gates, const float *activated,
                           const float *c_before, const float *dout, size_t dout_stride, const float *mask,
                           size_t mask_stride, size_t rows, size_t units, const int act, const int gate_act) {
    for (size_t r = 0; r < rows; r++, gates += 4 * units) {
        const size_t at = r * units;
        if (keeps_state(mask, mask_stride, r)) {
            add_units(dh + at, dout, units);
            zero_units(gates, 4 * units);
        } else {
#define UNITS(j, left)                                                                                                 \
    lstm_grad_units(dh + at, dc + at, dbias, gates, activated + at, c_before + at, dout, units, act, gate_act, j, left)
            FOR_UNITS(units, UNITS);
#undef UNITS
        }
        if (dout != NULL) dout += dout_stride;
    }
}

static void lstm_grad_f32(float *dh, float *dc, float *dbias, float *gates, const float *activated,
                          const float *c_before, const float *dout, size_t dout_stride, const float *mask,
                          size_t mask_stride, size_t rows, size_t units, int activation, int recurrent_activation) {
    if (activation == LEPTON_K_TANH && recurrent_activation == LEPTON_K_SIGMOID) {
        lstm_grad_rows(dh, dc, dbias, gates, activated, c_before, dout, dout_stride, mask, mask_stride, rows, units,
                       LEPTON_K_TANH, LEPTON_K_SIGMOID);
    } else {
        lstm_grad_rows(dh, dc, dbias, gates, activated, c_before, dout, dout_stride, mask, mask_stride, rows, units,
                       activation, recurrent_activation);
    }
}

/* ------------------------------------------------------------ gated recurrent unit */

INLINE void gru_units(float *h, float *gates, const float *bias, const float *recurrent_bias, const float *h_before,
                      size_t units, const int act, const int gate_act, size_t j, size_t left) {
    float *at_z = gates + j, *at_r = at_z + units, *at_candidate = at_r + units, *at_q = at_candidate + units;
    const vf z_bias = bias_at(bias, j, left) + bias_at(recurrent_bias, j, left);
    const vf r_bias = bias_at(bias, units + j, left) + bias_at(recurrent_bias, units + j, left);
    const vf z = gate_activate(load_any(at_z, left) + z_bias, gate_act);
    const vf r = gate_activate(load_any(at_r, left) + r_bias, gate_act);
    const vf q = load_any(at_q, left) + bias_at(recurrent_bias, 2 * units + j, left);
    const vf candidate = gate_activate(load_any(at_candidate, left) + bias_at(bias, 2 * units + j, left) + r * q, act);
    store_any(at_z, z, left);
    store_any(at_r, r, left);
    store_any(at_candidate, candidate, left);
    store_any(at_q, q, left);
    store_any(h + j, z * load_any(h_before + j, left) + (1.0f - z) * candidate, left);
}

INLINE void gru_rows(float *h, float *gates, const float *bias, const float *recurrent_bias, const float *h_before,
                     const float *mask, size_t mask_stride, size_t rows, size_t units, const int act,
                     const int gate_act) {
    for (size_t r = 0; r < rows; r++, h += units, h_before += units, gates += 4 * units) {
        if (keeps_state(mask, mask_stride, r)) {
            copy_units(h, h_before, units);
            continue;
        }
#define UNITS(j, left) gru_units(h, gates, bias, recurrent_bias, h_before, units, act, gate_act, j, left)
        FOR_UNITS(units, UNITS);
#undef UNITS
    }
}

static void gru_f32(float *h, float *gates, const float *bias, const float *recurrent_bias, const float *h_before,
                    const float *mask, size_t mask_stride, size_t rows, size_t units, int activation,
                    int recurrent_activation) {
    if (activation == LEPTON_K_TANH && recurrent_activation == LEPTON_K_SIGMOID) {
        gru_rows(h, gates, bias, recurrent_bias, h_before, mask, mask_stride, rows, units, LEPTON_K_TANH,
                 LEPTON_K_SIGMOID);
    } else {
        gru_rows(h, gates, bias, recurrent_bias, h_before, mask, mask_stride, rows, units, activation,
                 recurrent_activation);
    }
}

INLINE void gru_grad_units(float *dh, float *dbias, float *gates, const float *h_before, const float *dout,
                           size_t units, const int act, const int gate_act, size_t j, size_t left) {
    float *at_z = gates + j, *at_r = at_z + units, *at_candidate = at_r + units, *at_q = at_candidate + units;
    const vf z = load_any(at_z, left), r = load_any(at_r, left);
    const vf candidate = load_any(at_candidate, left), q = load_any(at_q, left);
    const vf whole = whole_gradient(dh, dout, j, left);
    const vf dcandidate = activation_slope(whole * (1.0f - z), candidate, act);
    const vf dz = activation_slope(whole * (load_any(h_before + j, left) - candidate), z, gate_act);
    const vf dr = activation_slope(dcandidate * q, r, gate_act);
    const vf dq = dcandidate * r;
    store_any(dh + j, whole * z, left);
    store_any(at_z, dz, left);
    store_any(at_r, dr, left);
    store_any(at_candidate, dcandidate, left);
    store_any(at_q, dq, left);
    add_any(dbias + j, dz, left);
    add_any(dbias + units + j, dr, left);
    add_any(dbias + 2 * units + j, dcandidate, left);
    add_any(dbias + 3 * units + j, dq, left);
}

INLINE void gru_grad_rows(float *dh, float *dbias, float *gates, const float *h_before, const float *dout,
                          size_t dout_stride, const float *mask, size_t mask_stride, size_t rows, size_t units,
                          const int act, const int gate_act) {
    for (size_t r = 0; r < rows; r++, dh += units, h_before += units, gates += 4 * units) {
        if (keeps_state(mask, mask_stride, r)) {
            add_units(dh, dout, units);
            zero_units(gates, 4 * units);
        } else {
#define UNITS(j, left) gru_grad_units(dh, dbias, gates, h_before, dout, units, act, gate_act, j, left)
            FOR_UNITS(units, UNITS);
#undef UNITS
        }
        if (dout != NULL) dout += dout_stride;
    }
}

static void gru_grad_f32(float *dh, float *dbias, float *gates, const float *h_before, const float *dout,
                         size_t dout_stride, const float *mask, size_t mask_stride, size_t rows, size_t units,
                         int activation, int recurrent_activation) {
    if (activation == LEPTON_K_TANH && recurrent_activation == LEPTON_K_SIGMOID) {
        gru_grad_rows(dh, dbias, gates, h_before, dout, dout_stride, mask, mask_stride, rows, units, LEPTON_K_TANH,
                      LEPTON_K_SIGMOID);
    } else {
        gru_grad_rows(dh, dbias, gates, h_before, dout, dout_stride, mask, mask_stride, rows, units, activation,
                      recurrent_activation);
    }
}

/* The two halves of the variant whose reset gate comes before the product; it is seldom used, so one body each does. */

INLINE void gru_reset_units(float *gates, const float *bias, const float *state, size_t units, int gate_act, size_t j,
                            size_t left) {
    float *at_z = gates + j, *at_r = at_z + units, *at_q = at_r + 2 * units;
    const vf r = gate_activate(load_any(at_r, left) + bias_at(bias, units + j, left), gate_act);
    store_any(at_z, gate_activate(load_any(at_z, left) + bias_at(bias, j, left), gate_act), left);
    store_any(at_r, r, left);
    store_any(at_q, r * load_any(state + j, left), left);
}

static void gru_reset_f32(float *gates, const float *bias, const float *state, size_t rows, size_t units,
                          int recurrent_activation) {
    for (size_t r = 0; r < rows; r++, gates += 4 * units, state += units) {
#define UNITS(j, left) gru_reset_units(gates, bias, state, units, recurrent_activation, j, left)
        FOR_UNITS(units, UNITS);
#undef UNITS
    }
}

INLINE void gru_update_units(float *h, float *gates, const float *bias, const float *h_before, size_t units, int act,
                             size_t j, size_t left) {
    float *at_candidate = gates + 2 * units + j;
    const vf z = load_any(gates + j, left);
    const vf candidate = gate_activate(load_any(at_candidate, left) + bias_at(bias, 2 * units + j, left), act);
    store_any(at_candidate, candidate, left);
    store_any(h + j, z * load_any(h_before + j, left) + (1.0f - z) * candidate, left);
}

static void gru_update_f32(float *h, float *gates, const float *bias, const float *h_before, const float *mask,
                           size_t mask_stride, size_t rows, size_t units, int activation) {
    for (size_t r = 0; r < rows; r++, gates += 4 * units, h += units, h_before += units) {
        if (keeps_state(mask, mask_stride, r)) {
            copy_units(h, h_before, units);
            continue;
        }
#define UNITS(j, left) gru_update_units(h, gates, bias, h_before, units, activation, j, left)
        FOR_UNITS(units, UNITS);
#undef UNITS
    }
}

INLINE void gru_update_grad_units(float *dh, float *dbias, float *gates, const float *h_before, const float *dout,
                                  size_t units, int act, int gate_act, size_t j, size_t left) {
    float *at_z = gates + j, *at_candidate = at_z + 2 * units;
    const vf z = load_any(at_z, left), candidate = load_any(at_candidate, left);
    const vf whole = whole_gradient(dh, dout, j, left);
    const vf dcandidate = activation_slope(whole * (1.0f - z), candidate, act);
    const vf dz = activation_slope(whole * (load_any(h_before + j, left) - candidate), z, gate_act);
    store_any(dh + j, whole * z, left);
    store_any(at_z, dz, left);
    store_any(at_candidate, dcandidate, left);
    add_any(dbias + j, dz, left);
    add_any(dbias + 2 * units + j, dcandidate, left);
}

static void gru_update_grad_f32(float *dh, float *dbias, float *gates, const float *h_before, const float *dout,
                                size_t dout_stride, const float *mask, size_t mask_stride, size_t rows, size_t units,
                                int activation, int recurrent_activation) {
    for (size_t r = 0; r < rows; r++, dh += units, h_before += units, gates += 4 * units) {
        if (keeps_state(mask, mask_stride, r)) {
            add_units(dh, dout, units);
            zero_units(gates, units);
            zero_units(gates + 2 * units, units);
        } else {
#define UNITS(j, left)                                                                                                 \
    gru_update_grad_units(dh, dbias, gates, h_before, dout, units, activation, recurrent_activation, j, left)
            FOR_UNITS(units, UNITS);
#undef UNITS
        }
        if (dout != NULL) dout += dout_stride;
    }
}

INLINE void gru_reset_grad_units(float *dq, float *dbias, float *gates, const float *state, size_t units, int gate_act,
                                 size_t j, size_t left) {
    float *at_r = gates + units + j;
    const vf r = load_any(at_r, left), whole = load_any(dq + j, left);
    const vf dr = activation_slope(whole * load_any(state + j, left), r, gate_act);
    store_any(at_r, dr, left);
    store_any(dq + j, whole * r, left);
    add_any(dbias + units + j, dr, left);
}

static void gru_reset_grad_f32(float *dq, float *dbias, float *gates, const float *state, size_t rows, size_t units,
                               int recurrent_activation) {
    for (size_t r = 0; r < rows; r++, gates += 4 * units, dq += units, state += units) {
#define UNITS(j, left) gru_reset_grad_units(dq, dbias, gates, state, units, recurrent_activation, j, left)
        FOR_UNITS(units, UNITS);
#undef UNITS
    }
}

#undef FOR_UNITS
