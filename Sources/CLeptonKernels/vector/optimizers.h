/*
 * optimizers.h - parameter updates.
 *
 * Each update is a function of one vector of every array, so that the full vectors and the rest at the end are
 * the same arithmetic.
 */

static void sgd_f32(float *w, const float *g, size_t n, float lr) {
    size_t i = 0;
    for (; i + W <= n; i += W)
        store(w + i, load(w + i) - lr * load(g + i));
    if (i < n) store_part(w + i, load_part(w + i, n - i) - lr * load_part(g + i, n - i), n - i);
}

INLINE void momentum_update(vf *w, vf *m, vf g, float lr, float mu, int nesterov) {
    *m = mu * *m - lr * g;
    *w += nesterov ? mu * *m - lr * g : *m;
}

static void sgd_momentum_f32(float *w, float *m, const float *g, size_t n, float lr, float mu, int nesterov) {
    size_t i = 0;
    for (; i + W <= n; i += W) {
        vf wv = load(w + i), mv = load(m + i);
        momentum_update(&wv, &mv, load(g + i), lr, mu, nesterov);
        store(m + i, mv);
        store(w + i, wv);
    }
    if (i < n) {
        vf wv = load_part(w + i, n - i), mv = load_part(m + i, n - i);
        momentum_update(&wv, &mv, load_part(g + i, n - i), lr, mu, nesterov);
        store_part(m + i, mv, n - i);
        store_part(w + i, wv, n - i);
    }
}

INLINE void adam_update(vf *w, vf *m, vf *v, vf *vhat, vf g, float alpha, float c1, float c2, float eps) {
    *m += (g - *m) * c1;
    *v += (g * g - *v) * c2;
    vf second = *v;
    if (vhat != NULL) {
        /* The maximum; a NaN in either is kept. */
        *vhat = choose(~(*v <= *vhat) & (*vhat == *vhat), *v, *vhat);
        second = *vhat;
    }
    *w -= *m * alpha / (__builtin_elementwise_sqrt(second) + eps);
}

static void adam_f32(float *w, float *m, float *v, float *vhat, const float *g, size_t n, float alpha, double b1,
                     double b2, float eps) {
    const float c1 = (float)(1.0 - b1), c2 = (float)(1.0 - b2);
    size_t i = 0;
    for (; i + W <= n; i += W) {
        vf wv = load(w + i), mv = load(m + i), vv = load(v + i), hv = {0};
        if (vhat != NULL) hv = load(vhat + i);
        adam_update(&wv, &mv, &vv, vhat != NULL ? &hv : NULL, load(g + i), alpha, c1, c2, eps);
        store(m + i, mv);
        store(v + i, vv);
        if (vhat != NULL) store(vhat + i, hv);
        store(w + i, wv);
    }
    if (i < n) {
        size_t left = n - i;
        vf wv = load_part(w + i, left), mv = load_part(m + i, left), vv = load_part(v + i, left), hv = {0};
        if (vhat != NULL) hv = load_part(vhat + i, left);
        adam_update(&wv, &mv, &vv, vhat != NULL ? &hv : NULL, load_part(g + i, left), alpha, c1, c2, eps);
        store_part(m + i, mv, left);
        store_part(v + i, vv, left);
        if (vhat != NULL) store_part(vhat + i, hv, left);
        store_part(w + i, wv, left);
    }
}
