/*
 * optimizer.h - what surrounds an update of parameters: averages, clipping, penalties, constraints, and the updates
 * that need more than one pass. The last loops of each take the part of a vector that is left, with the same
 * arithmetic.
 */

static void average_f32(float *average, const float *w, size_t n, float momentum) {
    const float c = 1.0f - momentum;
    FOR_VECTORS(i, left) {
        store_any(average + i, momentum * load_any(average + i, left) + c * load_any(w + i, left), left);
    }
}

static void scale_f32(float *x, size_t n, float factor) {
    FOR_VECTORS(i, left) { store_any(x + i, load_any(x + i, left) * factor, left); }
}

static void clip_f32(float *x, size_t n, float limit) {
    FOR_VECTORS(i, left) {
        vf v = load_any(x + i, left);
        v = choose(v > limit, splat(limit), v);
        store_any(x + i, choose(v < -limit, splat(-limit), v), left);
    }
}

static void nonnegative_f32(float *x, size_t n) {
    FOR_VECTORS(i, left) {
        vf v = load_any(x + i, left);
        store_any(x + i, keep(~(v < 0.0f), v), left);
    }
}

static void combine_f32(float *out, const float *a, const float *b, size_t n, float p, float q) {
    FOR_VECTORS(i, left) { store_any(out + i, p * load_any(a + i, left) + q * load_any(b + i, left), left); }
}

/* Sums: blocks short enough that a float sum of each is exact to some ulps, added in double. */
#define SUM_BLOCK (32 * W)

static double sum_squares_f32(const float *x, size_t n) {
    double total = 0.0;
    for (size_t begin = 0; begin < n; begin += SUM_BLOCK) {
        size_t end = begin + SUM_BLOCK < n ? begin + SUM_BLOCK : n;
        vf sum = splat(0.0f);
        for (size_t i = begin; i < end; i += W) {
            vf v = load_any(x + i, end - i);
            sum += v * v;
        }
        total += (double)sum_lanes(sum);
    }
    return total;
}

static double sum_absolute_f32(const float *x, size_t n) {
    double total = 0.0;
    for (size_t begin = 0; begin < n; begin += SUM_BLOCK) {
        size_t end = begin + SUM_BLOCK < n ? begin + SUM_BLOCK : n;
        vf sum = splat(0.0f);
        for (size_t i = begin; i < end; i += W)
            sum += absolute(load_any(x + i, end - i));
        total += (double)sum_lanes(sum);
    }
    return total;
}

static void penalty_grad_f32(float *g, const float *w, size_t n, float l1, float l2) {
    FOR_VECTORS(i, left) {
        vf wv = load_any(w + i, left);
        vf sign = keep(wv >= 0, splat(1.0f)) - keep(wv < 0, splat(1.0f));
        sign = choose(wv == wv, sign, wv);
        store_any(g + i, load_any(g + i, left) + (l1 * sign + 2.0f * l2 * wv), left);
    }
}

INLINE vf norm_factor(vf squares, float minimum, float maximum, float rate) {
    vf norm = __builtin_elementwise_sqrt(squares);
    vf wanted = choose(norm < minimum, splat(minimum), choose(norm > maximum, splat(maximum), norm));
    return (rate * wanted + (1.0f - rate) * norm) / (1e-7f + norm);
}

static void limit_norms_f32(float *w, float *norms, size_t outer, size_t reduced, size_t inner, float minimum,
                            float maximum, float rate) {
    for (size_t o = 0; o < outer; o++, w += reduced * inner) {
        if (inner == 1) {
            float squares = (float)sum_squares_f32(w, reduced);
            scale_f32(w, reduced, norm_factor(splat(squares), minimum, maximum, rate)[0]);
            continue;
        }
        __builtin_memset(norms, 0, inner * sizeof(float));
        for (size_t r = 0; r < reduced; r++) {
            const float *row = w + r * inner;
            for (size_t j = 0; j < inner; j += W) {
                vf v = load_any(row + j, inner - j);
                store_any(norms + j, load_any(norms + j, inner - j) + v * v, inner - j);
            }
        }
        for (size_t j = 0; j < inner; j += W) {
            vf squares = load_any(norms + j, inner - j);
            store_any(norms + j, norm_factor(squares, minimum, maximum, rate), inner - j);
        }
        for (size_t r = 0; r < reduced; r++)
            multiply_f32(w + r * inner, w + r * inner, norms, inner);
    }
}

INLINE vf root_or_power_v(vf x, float p) {
    if (p == 0.0f) return splat(1.0f);
    if (p == 0.5f) return __builtin_elementwise_sqrt(x);
    return exp_v(p * log_v(x));
}

static void ftrl_f32(float *w, float *a, float *z, const float *g, size_t n, float lr, float p, float l1, float l2,
                     float shrinkage) {
    FOR_VECTORS(i, left) {
        vf gv = load_any(g + i, left), wv = load_any(w + i, left), av = load_any(a + i, left);
        vf sum = av + gv * gv, raised = root_or_power_v(sum, p);
        vf zv = load_any(z + i, left) + (gv + 2.0f * shrinkage * wv - (raised - root_or_power_v(av, p)) / lr * wv);
        vf clipped = choose(zv > l1, splat(l1), choose(zv < -l1, splat(-l1), zv));
        store_any(w + i, (clipped - zv) / (raised / lr + 2.0f * l2), left);
        store_any(z + i, zv, left);
        store_any(a + i, sum, left);
    }
}

static void lamb_f32(float *u, float *m, float *v, const float *g, size_t n, float c1, float c2, float correction1,
                     float correction2, float eps) {
    FOR_VECTORS(i, left) {
        vf gv = load_any(g + i, left), mv = load_any(m + i, left), vv = load_any(v + i, left);
        mv += (gv - mv) * c1;
        vv += (gv * gv - vv) * c2;
        store_any(m + i, mv, left);
        store_any(v + i, vv, left);
        store_any(u + i, mv / correction1 / (__builtin_elementwise_sqrt(vv / correction2) + eps), left);
    }
}

static void schedule_free_f32(float *w, float *z, float *v, const float *g, size_t n, float lr, float b1, float b2,
                              float correction, float weight, float eps) {
    FOR_VECTORS(i, left) {
        vf gv = load_any(g + i, left), zv = load_any(z + i, left), vv = load_any(v + i, left);
        vv += (gv * gv - vv) * (1.0f - b2);
        vf next = zv - lr * gv / (__builtin_elementwise_sqrt(vv / correction) + eps);
        vf x = (load_any(w + i, left) - (1.0f - b1) * zv) / b1;
        x = (1.0f - weight) * x + weight * next;
        store_any(v + i, vv, left);
        store_any(z + i, next, left);
        store_any(w + i, (1.0f - b1) * next + b1 * x, left);
    }
}

static void adafactor_f32(float *u, float *v, const float *g, size_t n, float decay, float eps) {
    FOR_VECTORS(i, left) {
        vf gv = load_any(g + i, left), vv = decay * load_any(v + i, left) + (1.0f - decay) * (gv * gv + eps);
        store_any(v + i, vv, left);
        store_any(u + i, gv / __builtin_elementwise_sqrt(vv), left);
    }
}

static void adafactor_matrix_f32(float *u, float *v, float *r, float *c, const float *g, size_t rows, size_t cols,
                                 float decay, float eps) {
    const float rest = 1.0f - decay;
    double total = 0.0;
    for (size_t i = 0; i < rows; i++) {
        float mean = (float)(sum_squares_f32(g + i * cols, cols) / (double)cols) + eps;
        r[i] = decay * r[i] + rest * mean;
        total += (double)r[i];
    }
    /* In v's first row there is room for the sums over the rows. */
    __builtin_memset(v, 0, cols * sizeof(float));
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < cols; j += W) {
            vf gv = load_any(g + i * cols + j, cols - j);
            store_any(v + j, load_any(v + j, cols - j) + (gv * gv + eps), cols - j);
        }
    }
    for (size_t j = 0; j < cols; j += W) {
        vf mean = load_any(v + j, cols - j) / (float)rows;
        store_any(c + j, decay * load_any(c + j, cols - j) + rest * mean, cols - j);
    }
    const float mean = (float)(total / (double)rows);
    for (size_t i = 0; i < rows; i++) {
        const float part = r[i] / mean;
        for (size_t j = 0; j < cols; j += W) {
            size_t k = i * cols + j, left = cols - j;
            vf vv = part * load_any(c + j, left);
            vf gv = load_any(g + k, left);
            store_any(v + k, vv, left);
            store_any(u + k, gv / __builtin_elementwise_sqrt(vv), left);
        }
    }
}

static void muon_momentum_f32(float *g, float *m, size_t n, float mu, int nesterov) {
    FOR_VECTORS(i, left) {
        vf gv = load_any(g + i, left), mv = load_any(m + i, left);
        mv += gv + mv * (mu - 1.0f);
        store_any(m + i, mv, left);
        store_any(g + i, nesterov ? gv + mu * mv : mv, left);
    }
}
