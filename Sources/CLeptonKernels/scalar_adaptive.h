/*
 * scalar_adaptive.h - plain loops over the formulas of vector/adaptive.h; a part of scalar.c.
 */

static void rmsprop_f32(float *w, float *v, float *momentum, float *average, const float *g, size_t n, float lr,
                        double rho, float mu, float eps) {
    const float r = (float)rho, c = (float)(1.0 - rho);
    for (size_t i = 0; i < n; i++) {
        v[i] = r * v[i] + c * (g[i] * g[i]);
        float divisor = v[i] + eps;
        if (average != NULL) {
            average[i] = r * average[i] + c * g[i];
            divisor = v[i] - average[i] * average[i] + eps;
        }
        float step = lr * g[i] / sqrtf(divisor);
        if (momentum != NULL) step = momentum[i] = mu * momentum[i] + step;
        w[i] -= step;
    }
}

static void adagrad_f32(float *w, float *a, const float *g, size_t n, float lr, float eps) {
    for (size_t i = 0; i < n; i++) {
        a[i] += g[i] * g[i];
        w[i] -= lr * g[i] / sqrtf(a[i] + eps);
    }
}

static void adadelta_f32(float *w, float *a, float *d, const float *g, size_t n, float lr, double rho, float eps) {
    const float r = (float)rho, c = (float)(1.0 - rho);
    for (size_t i = 0; i < n; i++) {
        a[i] = r * a[i] + c * (g[i] * g[i]);
        float change = -(sqrtf(d[i] + eps) * g[i] / sqrtf(a[i] + eps));
        d[i] = r * d[i] + c * (change * change);
        w[i] += lr * change;
    }
}

static void adamax_f32(float *w, float *m, float *u, const float *g, size_t n, float lr, float correction, double b1,
                       float b2, float eps) {
    const float c1 = (float)(1.0 - b1);
    for (size_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * c1;
        float decayed = b2 * u[i], magnitude = fabsf(g[i]);
        u[i] = !(magnitude <= decayed) && decayed == decayed ? magnitude : decayed;
        w[i] -= lr * m[i] / (correction * (u[i] + eps));
    }
}

static void nadam_f32(float *w, float *m, float *v, const float *g, size_t n, float lr, float momentum_factor,
                      float gradient_factor, float correction, float c1, float c2, float eps) {
    for (size_t i = 0; i < n; i++) {
        m[i] += (g[i] - m[i]) * c1;
        v[i] += (g[i] * g[i] - v[i]) * c2;
        float ahead = momentum_factor * m[i] + gradient_factor * g[i];
        w[i] -= ahead * lr / (sqrtf(v[i] / correction) + eps);
    }
}

static void lion_f32(float *w, float *m, const float *g, size_t n, float lr, float b1, float b2) {
    for (size_t i = 0; i < n; i++) {
        float direction = m[i] * b1 + g[i] * (1.0f - b1);
        float sign = direction > 0.0f ? 1.0f : direction < 0.0f ? -1.0f : direction == 0.0f ? 0.0f : direction;
        m[i] = m[i] * b2 + g[i] * (1.0f - b2);
        w[i] -= lr * sign;
    }
}

static void decay_f32(float *w, size_t n, float factor) {
    for (size_t i = 0; i < n; i++)
        w[i] -= w[i] * factor;
}
