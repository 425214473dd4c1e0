/*
 * gemm.h - the own matrix product, for sizes where a BLAS spends more time preparing than multiplying.
 *
 * c is computed in tiles of 6 rows by 2 vectors that stay in registers over a block of k. a is read in place through
 * two strides, so its transpose costs nothing. b is read in place, or copied to a panel on the stack where it is
 * transposed or where reading it in place would miss the cache. One row of c has a path of its own.
 */

enum {
    TILE_ROWS = 6,
    TILE_COLS = 2 * W,
    BLOCK_K = 256,    /* A panel of b is BLOCK_K * TILE_COLS floats: 16 kB with AVX2. */
    BLOCK_ROWS = 240, /* Rows of a that are reused for each panel, a whole number of tiles. */
    GROUP = 4         /* Rows of b that the one-row path reads together. */
};

/** c(rows, vecs * W) = or += a * b over k. When `partial`, only `last` lanes of c's last vector exist; b's rows are
 *  whole vectors all the same. */
INLINE void tile(const size_t rows, const size_t vecs, const int partial, size_t last, size_t k, const float *a,
                 size_t row_stride, size_t k_stride, const float *b, size_t ldb, int accumulate, float *c, size_t ldc) {
    vf sum[TILE_ROWS][2];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vecs; v++)
            sum[r][v] = (vf){0};
    }
    for (size_t p = 0; p < k; p++, a += k_stride, b += ldb) {
        vf column[2];
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vecs; v++)
            column[v] = load(b + v * W);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++) {
            const float x = a[r * row_stride];
#pragma clang loop unroll(full)
            for (size_t v = 0; v < vecs; v++)
                sum[r][v] += x * column[v];
        }
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vecs; v++) {
            float *at = c + r * ldc + v * W;
            if (partial && v + 1 == vecs) {
                store_part(at, accumulate ? load_part(at, last) + sum[r][v] : sum[r][v], last);
            } else {
                store(at, accumulate ? load(at) + sum[r][v] : sum[r][v]);
            }
        }
    }
}

/* A strip is all rows of a block by one panel of b. */
#define STRIP(name, vecs, partial)                                                                                     \
    static void name(size_t rows, size_t last, size_t k, const float *a, size_t row_stride, size_t k_stride,           \
                     const float *b, size_t ldb, int accumulate, float *c, size_t ldc) {                               \
        while (rows >= TILE_ROWS) {                                                                                    \
            tile(TILE_ROWS, vecs, partial, last, k, a, row_stride, k_stride, b, ldb, accumulate, c, ldc);              \
            rows -= TILE_ROWS;                                                                                         \
            a += TILE_ROWS * row_stride;                                                                               \
            c += TILE_ROWS * ldc;                                                                                      \
        }                                                                                                              \
        switch (rows) {                                                                                                \
        case 5:                                                                                                        \
            tile(5, vecs, partial, last, k, a, row_stride, k_stride, b, ldb, accumulate, c, ldc);                      \
            break;                                                                                                     \
        case 4:                                                                                                        \
            tile(4, vecs, partial, last, k, a, row_stride, k_stride, b, ldb, accumulate, c, ldc);                      \
            break;                                                                                                     \
        case 3:                                                                                                        \
            tile(3, vecs, partial, last, k, a, row_stride, k_stride, b, ldb, accumulate, c, ldc);                      \
            break;                                                                                                     \
        case 2:                                                                                                        \
            tile(2, vecs, partial, last, k, a, row_stride, k_stride, b, ldb, accumulate, c, ldc);                      \
            break;                                                                                                     \
        case 1:                                                                                                        \
            tile(1, vecs, partial, last, k, a, row_stride, k_stride, b, ldb, accumulate, c, ldc);                      \
            break;                                                                                                     \
        default:                                                                                                       \
            break;                                                                                                     \
        }                                                                                                              \
    }

STRIP(strip_two, 2, 0)
STRIP(strip_two_partial, 2, 1)
STRIP(strip_one, 1, 0)
STRIP(strip_one_partial, 1, 1)
#undef STRIP

typedef float v4 __attribute__((vector_size(16)));

INLINE v4 load4(const float *p) {
    v4 v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store4(float *p, v4 v) { __builtin_memcpy(p, &v, sizeof v); }

/* A panel has rows of TILE_COLS floats. What lies beyond `cols` in the last vector in use is 0. */

/** panel(k, cols) = the transpose of b(cols, k), 4 x 4 at a time. */
static void pack_transposed(float *panel, const float *b, size_t ldb, size_t k, size_t cols) {
    if (cols % W != 0) {
        for (size_t p = 0; p < k; p++)
            store(panel + p * TILE_COLS + cols / W * W, (vf){0});
    }
    size_t j = 0;
    for (; j + 4 <= cols; j += 4) {
        const float *r0 = b + j * ldb, *r1 = r0 + ldb, *r2 = r1 + ldb, *r3 = r2 + ldb;
        size_t p = 0;
        for (; p + 4 <= k; p += 4) {
            v4 a0 = load4(r0 + p), a1 = load4(r1 + p), a2 = load4(r2 + p), a3 = load4(r3 + p);
            v4 t0 = __builtin_shufflevector(a0, a1, 0, 4, 1, 5), t1 = __builtin_shufflevector(a2, a3, 0, 4, 1, 5);
            v4 t2 = __builtin_shufflevector(a0, a1, 2, 6, 3, 7), t3 = __builtin_shufflevector(a2, a3, 2, 6, 3, 7);
            float *at = panel + p * TILE_COLS + j;
            store4(at, __builtin_shufflevector(t0, t1, 0, 1, 4, 5));
            store4(at + TILE_COLS, __builtin_shufflevector(t0, t1, 2, 3, 6, 7));
            store4(at + 2 * TILE_COLS, __builtin_shufflevector(t2, t3, 0, 1, 4, 5));
            store4(at + 3 * TILE_COLS, __builtin_shufflevector(t2, t3, 2, 3, 6, 7));
        }
        for (; p < k; p++) {
            float *at = panel + p * TILE_COLS + j;
            at[0] = r0[p];
            at[1] = r1[p];
            at[2] = r2[p];
            at[3] = r3[p];
        }
    }
    for (; j < cols; j++) {
        for (size_t p = 0; p < k; p++)
            panel[p * TILE_COLS + j] = b[j * ldb + p];
    }
}

/** panel(k, cols) = b(k, cols). */
static void pack_plain(float *panel, const float *b, size_t ldb, size_t k, size_t cols) {
    for (size_t p = 0; p < k; p++, b += ldb, panel += TILE_COLS) {
        store(panel, load_any(b, cols));
        if (cols > W) store(panel + W, load_any(b + W, cols - W));
    }
}

/** One block: c(m,n) = or += op(a)(m,k) * op(b)(k,n) with m <= BLOCK_ROWS and k <= BLOCK_K. */
static void gemm_block(int trans_b, size_t m, size_t n, size_t k, const float *a, size_t row_stride, size_t k_stride,
                       const float *b, size_t ldb, int accumulate, float *c, size_t ldc) {
    _Alignas(64) float panel[BLOCK_K * TILE_COLS];
    /* Rows of b that are far apart miss the cache at every use, so a copy that is used several times pays. */
    const int far_apart = m >= 4 * TILE_ROWS && k * ldb > 8192;
    for (size_t j = 0; j < n; j += TILE_COLS) {
        const size_t cols = n - j < TILE_COLS ? n - j : TILE_COLS;
        const float *at = trans_b ? b + j * ldb : b + j;
        size_t stride = ldb;
        if (trans_b) {
            pack_transposed(panel, at, ldb, k, cols);
            at = panel;
            stride = TILE_COLS;
        } else if (far_apart || cols % W != 0) {
            pack_plain(panel, at, ldb, k, cols);
            at = panel;
            stride = TILE_COLS;
        }
        if (cols == TILE_COLS) {
            strip_two(m, W, k, a, row_stride, k_stride, at, stride, accumulate, c + j, ldc);
        } else if (cols > W) {
            strip_two_partial(m, cols - W, k, a, row_stride, k_stride, at, stride, accumulate, c + j, ldc);
        } else if (cols == W) {
            strip_one(m, W, k, a, row_stride, k_stride, at, stride, accumulate, c + j, ldc);
        } else {
            strip_one_partial(m, cols, k, a, row_stride, k_stride, at, stride, accumulate, c + j, ldc);
        }
    }
}

/** c(n) = or += a(k) * b(k,n): GROUP rows of b at a time, each read from its start to its end. */
static void row_times_matrix(size_t n, size_t k, const float *a, size_t a_stride, const float *b, size_t ldb,
                             int accumulate, float *c) {
    for (size_t p = 0; p < k;) {
        const size_t group = k - p < GROUP ? 1 : GROUP;
        const float x0 = a[p * a_stride];
        const float x1 = group == 1 ? 0.0f : a[(p + 1) * a_stride], x2 = group == 1 ? 0.0f : a[(p + 2) * a_stride];
        const float x3 = group == 1 ? 0.0f : a[(p + 3) * a_stride];
        const float *r0 = b + p * ldb, *r1 = r0 + ldb, *r2 = r1 + ldb, *r3 = r2 + ldb;
        for (size_t j = 0; j < n; j += W) {
            const size_t left = n - j;
            vf sum = accumulate ? load_any(c + j, left) : (vf){0};
            sum += x0 * load_any(r0 + j, left);
            if (group == GROUP) {
                sum += x1 * load_any(r1 + j, left);
                sum += x2 * load_any(r2 + j, left);
                sum += x3 * load_any(r3 + j, left);
            }
            store_any(c + j, sum, left);
        }
        accumulate = 1;
        p += group;
    }
}

/** The dot products of a(k) with `rows` rows of b, two vector accumulators each. */
INLINE void dots(const size_t rows, size_t k, const float *a, const float *b, size_t ldb, int accumulate, float *c) {
    vf even[4], odd[4];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++)
        even[r] = odd[r] = (vf){0};
    size_t p = 0;
    for (; p + 2 * W <= k; p += 2 * W) {
        const vf a0 = load(a + p), a1 = load(a + p + W);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++) {
            even[r] += a0 * load(b + r * ldb + p);
            odd[r] += a1 * load(b + r * ldb + p + W);
        }
    }
    for (; p < k; p += W) {
        const size_t left = k - p;
        const vf a0 = load_any(a + p, left);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++)
            even[r] += a0 * load_any(b + r * ldb + p, left);
    }
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
        const float sum = sum_lanes(even[r] + odd[r]);
        c[r] = accumulate ? c[r] + sum : sum;
    }
}

/** c(n) = or += a(k) * b(n,k) transposed. */
static void row_times_transposed(size_t n, size_t k, const float *a, size_t a_stride, const float *b, size_t ldb,
                                 int accumulate, float *c) {
    float copy[BLOCK_K];
    for (size_t p = 0; p < k; p += BLOCK_K) {
        size_t depth = k;
        const float *row = a;
        if (a_stride != 1) {
            /* Gathered block by block; a contiguous row is taken whole. */
            depth = k - p < BLOCK_K ? k - p : BLOCK_K;
            for (size_t i = 0; i < depth; i++)
                copy[i] = a[(p + i) * a_stride];
            row = copy;
        }
        size_t j = 0;
        for (; j + 4 <= n; j += 4)
            dots(4, depth, row, b + j * ldb + p, ldb, accumulate, c + j);
        for (; j < n; j++)
            dots(1, depth, row, b + j * ldb + p, ldb, accumulate, c + j);
        if (a_stride == 1) return;
        accumulate = 1;
    }
}

static void gemm_own_f32(int trans_a, int trans_b, size_t m, size_t n, size_t k, const float *a, size_t lda,
                         const float *b, size_t ldb, float beta, float *c, size_t ldc) {
    if (m == 0 || n == 0) return;
    const int accumulate = beta != 0.0f;
    const size_t row_stride = trans_a ? 1 : lda, k_stride = trans_a ? lda : 1;
    if (m == 1) {
        if (trans_b) {
            row_times_transposed(n, k, a, k_stride, b, ldb, accumulate, c);
        } else {
            row_times_matrix(n, k, a, k_stride, b, ldb, accumulate, c);
        }
        return;
    }
    if (n == 1 && ldc == 1) {
        /* The transpose of the product is one row: op(b)' (1,k) times op(a)' (k,m). */
        const size_t b_stride = trans_b ? 1 : ldb;
        if (trans_a) {
            row_times_matrix(m, k, b, b_stride, a, lda, accumulate, c);
        } else {
            row_times_transposed(m, k, b, b_stride, a, lda, accumulate, c);
        }
        return;
    }
    for (size_t p = 0; p < k; p += BLOCK_K) {
        const size_t depth = k - p < BLOCK_K ? k - p : BLOCK_K;
        const float *b_block = trans_b ? b + p : b + p * ldb;
        for (size_t i = 0; i < m; i += BLOCK_ROWS) {
            const size_t rows = m - i < BLOCK_ROWS ? m - i : BLOCK_ROWS;
            gemm_block(trans_b, rows, n, depth, a + i * row_stride + p * k_stride, row_stride, k_stride, b_block, ldb,
                       accumulate || p > 0, c + i * ldc, ldc);
        }
    }
}
