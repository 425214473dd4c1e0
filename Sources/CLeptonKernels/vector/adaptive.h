/*
 * adaptive.h - parameter updates with a rate of their own for each parameter, beside Adam's.
 *
 * Each loop takes whole vectors and, at the end, the part of one that is left, with the same arithmetic.
 */

#define FOR_VECTORS(i, left) EACH_VECTOR(i, n, left)

static void rmsprop_f32(float *w, float *v, float *momentum, float *average, const float *g, size_t n, float lr,
                        double rho, float mu, float eps) {
    const float r = (float)rho, c = (float)(1.0 - rho);
    FOR_VECTORS(i, left) {
        vf gv = load_any(g + i, left), vv = r * load_any(v + i, left) + c * (gv * gv), divisor = vv + eps;
        store_any(v + i, vv, left);
        if (average != NULL) {
            vf av = r * load_any(average + i, left) + c * gv;
            store_any(average + i, av, left);
            divisor = vv - av * av + eps;
        }
        vf step = lr * gv / __builtin_elementwise_sqrt(divisor);
        if (momentum != NULL) {
            step += mu * load_any(momentum + i, left);
            store_any(momentum + i, step, left);
        }
        store_any(w + i, load_any(w + i, left) - step, left);
    }
}

static void adagrad_f32(float *w, float *a, const float *g, size_t n, float lr, float eps) {
    FOR_VECTORS(i, left) {
        vf gv = load_any(g + i, left), av = load_any(a + i, left) + gv * gv;
        store_any(a + i, av, left);
        store_any(w + i, load_any(w + i, left) - lr * gv / __builtin_elementwise_sqrt(av + eps), left);
    }
}

static void adadelta_f32(float *w, float *a, float *d, const float *g, size_t n, float lr, double rho, float eps) {
    const float r = (float)rho, c = (float)(1.0 - rho);
    FOR_VECTORS(i, left) {
        vf gv = load_any(g + i, left), dv = load_any(d + i, left);
        vf av = r * load_any(a + i, left) + c * (gv * gv);
        vf change = -(__builtin_elementwise_sqrt(dv + eps) * gv / __builtin_elementwise_sqrt(av + eps));
        store_any(a + i, av, left);
        store_any(d + i, r * dv + c * (change * change), left);
        store_any(w + i, load_any(w + i, left) + lr * change, left);
    }
}

static void adamax_f32(float *w, float *m, float *u, const float *g, size_t n, float lr, float correction, double b1,
                       float b2, float eps) {
    const float c1 = (float)(1.0 - b1);
    FOR_VECTORS(i, left) {
        vf gv = load_any(g + i, left), mv = load_any(m + i, left), magnitude = absolute(gv);
        vf decayed = b2 * load_any(u + i, left);
        mv += (gv - mv) * c1;
        /* The maximum; a NaN in either is kept. */
        vf uv = choose(~(magnitude <= decayed) & (decayed == decayed), magnitude, decayed);
        store_any(m + i, mv, left);
        store_any(u + i, uv, left);
        store_any(w + i, load_any(w + i, left) - lr * mv / (correction * (uv + eps)), left);
    }
}

static void nadam_f32(float *w, float *m, float *v, const float *g, size_t n, float lr, float momentum_factor,
                      float gradient_factor, float correction, float c1, float c2, float eps) {
    FOR_VECTORS(i, left) {
        vf gv = load_any(g + i, left), mv = load_any(m + i, left), vv = load_any(v + i, left);
        mv += (gv - mv) * c1;
        vv += (gv * gv - vv) * c2;
        store_any(m + i, mv, left);
        store_any(v + i, vv, left);
        vf ahead = momentum_factor * mv + gradient_factor * gv;
        vf step = ahead * lr / (__builtin_elementwise_sqrt(vv / correction) + eps);
        store_any(w + i, load_any(w + i, left) - step, left);
    }
}

static void lion_f32(float *w, float *m, const float *g, size_t n, float lr, float b1, float b2) {
    FOR_VECTORS(i, left) {
        vf gv = load_any(g + i, left), mv = load_any(m + i, left);
        vf direction = mv * b1 + gv * (1.0f - b1);
        vf sign = keep(direction > 0, splat(1.0f)) - keep(direction < 0, splat(1.0f));
        /* A NaN stays one, as the sign of it is. */
        sign = choose(direction == direction, sign, direction);
        store_any(m + i, mv * b2 + gv * (1.0f - b2), left);
        store_any(w + i, load_any(w + i, left) - lr * sign, left);
    }
}

static void decay_f32(float *w, size_t n, float factor) {
    FOR_VECTORS(i, left) {
        vf wv = load_any(w + i, left);
        store_any(w + i, wv - wv * factor, left);
    }
}
