/*
 * scalar_optimizer.h - plain loops over the formulas of lepton_kernels_optimizer.h; a part of scalar.c.
 */

static void average_f32(float *average, const float *w, size_t n, float momentum) {
    for (size_t i = 0; i < n; i++)
        average[i] = momentum * average[i] + (1.0f - momentum) * w[i];
}

static void scale_f32(float *x, size_t n, float factor) {
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

static void clip_f32(float *x, size_t n, float limit) {
    for (size_t i = 0; i < n; i++) {
        if (x[i] > limit) x[i] = limit;
        if (x[i] < -limit) x[i] = -limit;
    }
}

static void nonnegative_f32(float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (x[i] < 0.0f) x[i] = 0.0f;
    }
}

static void combine_f32(float *out, const float *a, const float *b, size_t n, float p, float q) {
    for (size_t i = 0; i < n; i++)
        out[i] = p * a[i] + q * b[i];
}

static double sum_squares_f32(const float *x, size_t n) {
    double total = 0.0;
    for (size_t i = 0; i < n; i++)
        total += (double)x[i] * (double)x[i];
    return total;
}

static double sum_absolute_f32(const float *x, size_t n) {
    double total = 0.0;
    for (size_t i = 0; i < n; i++)
        total += (double)fabsf(x[i]);
    return total;
}

static void penalty_grad_f32(float *g, const float *w, size_t n, float l1, float l2) {
    for (size_t i = 0; i < n; i++)
        g[i] += l1 * (w[i] == 0.0f ? 1.0f : sign_of(w[i])) + 2.0f * l2 * w[i];
}

static void limit_norms_f32(float *w, float *norms, size_t outer, size_t reduced, size_t inner, float minimum,
                            float maximum, float rate) {
    (void)norms;
    for (size_t o = 0; o < outer; o++) {
        for (size_t j = 0; j < inner; j++) {
            float *first = w + o * reduced * inner + j, total = 0.0f;
            for (size_t r = 0; r < reduced; r++)
                total += first[r * inner] * first[r * inner];
            float norm = sqrtf(total), wanted = norm < minimum ? minimum : norm > maximum ? maximum : norm;
            float factor = (rate * wanted + (1.0f - rate) * norm) / (1e-7f + norm);
            for (size_t r = 0; r < reduced; r++)
                first[r * inner] *= factor;
        }
    }
}

static float power_of(float x, float p) { return p == 0.0f ? 1.0f : p == 0.5f ? sqrtf(x) : powf(x, p); }

static void ftrl_f32(float *w, float *a, float *z, const float *g, size_t n, float lr, float p, float l1, float l2,
                     float shrinkage) {
    for (size_t i = 0; i < n; i++) {
        float sum = a[i] + g[i] * g[i], raised = power_of(sum, p);
        z[i] += g[i] + 2.0f * shrinkage * w[i] - (raised - power_of(a[i], p)) / lr * w[i];
        float clipped = z[i] > l1 ? l1 : z[i] < -l1 ? -l1 : z[i];
        w[i] = (clipped - z[i]) / (raised / lr + 2.0f * l2);
        a[i] = sum;
    }
}

static void lamb_f32(float *u, float *m, float *v, const float *g, size_t n, float c1, float c2, float correction1,
                     float correction2, float eps) {
    for (size_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * c1;
        v[i] += (g[i] * g[i] - v[i]) * c2;
        u[i] = m[i] / correction1 / (sqrtf(v[i] / correction2) + eps);
    }
}

static void schedule_free_f32(float *w, float *z, float *v, const float *g, size_t n, float lr, float b1, float b2,
                              float correction, float weight, float eps) {
    for (size_t i = 0; i < n; i++) {
        v[i] += (g[i] * g[i] - v[i]) * (1.0f - b2);
        float next = z[i] - lr * g[i] / (sqrtf(v[i] / correction) + eps);
        float x = (w[i] - (1.0f - b1) * z[i]) / b1;
        x = (1.0f - weight) * x + weight * next;
        w[i] = (1.0f - b1) * next + b1 * x;
        z[i] = next;
    }
}

static void adafactor_f32(float *u, float *v, const float *g, size_t n, float decay, float eps) {
    for (size_t i = 0; i < n; i++) {
        v[i] = decay * v[i] + (1.0f - decay) * (g[i] * g[i] + eps);
        u[i] = g[i] / sqrtf(v[i]);
    }
}

static void adafactor_matrix_f32(float *u, float *v, float *r, float *c, const float *g, size_t rows, size_t cols,
                                 float decay, float eps) {
    float total = 0.0f;
    for (size_t i = 0; i < rows; i++) {
        float sum = 0.0f;
        for (size_t j = 0; j < cols; j++)
            sum += g[i * cols + j] * g[i * cols + j] + eps;
        r[i] = decay * r[i] + (1.0f - decay) * (sum / (float)cols);
        total += r[i];
    }
    for (size_t j = 0; j < cols; j++) {
        float sum = 0.0f;
        for (size_t i = 0; i < rows; i++)
            sum += g[i * cols + j] * g[i * cols + j] + eps;
        c[j] = decay * c[j] + (1.0f - decay) * (sum / (float)rows);
    }
    float mean = total / (float)rows;
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < cols; j++) {
            v[i * cols + j] = r[i] / mean * c[j];
            u[i * cols + j] = g[i * cols + j] / sqrtf(v[i * cols + j]);
        }
    }
}

static void muon_momentum_f32(float *g, float *m, size_t n, float mu, int nesterov) {
    for (size_t i = 0; i < n; i++) {
        m[i] += g[i] + m[i] * (mu - 1.0f);
        g[i] = nesterov ? g[i] + mu * m[i] : m[i];
    }
}
