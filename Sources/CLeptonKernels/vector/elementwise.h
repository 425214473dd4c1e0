/*
 * elementwise.h - sums, products, exp and log of arrays.
 */

static void add_f32(float *out, const float *a, const float *b, size_t n) {
    size_t i = 0;
    for (; i + W <= n; i += W)
        store(out + i, load(a + i) + load(b + i));
    if (i < n) store_part(out + i, load_part(a + i, n - i) + load_part(b + i, n - i), n - i);
}

static void multiply_f32(float *out, const float *a, const float *b, size_t n) {
    size_t i = 0;
    for (; i + W <= n; i += W)
        store(out + i, load(a + i) * load(b + i));
    if (i < n) store_part(out + i, load_part(a + i, n - i) * load_part(b + i, n - i), n - i);
}

static void sum_f32(float *out, const float *const *in, size_t count, size_t n) {
    size_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W) {
        vf low = load(in[0] + i), high = load(in[0] + i + W);
        for (size_t s = 1; s < count; s++) {
            low += load(in[s] + i);
            high += load(in[s] + i + W);
        }
        store(out + i, low);
        store(out + i + W, high);
    }
    for (; i < n; i += W) {
        vf sum = load_any(in[0] + i, n - i);
        for (size_t s = 1; s < count; s++)
            sum += load_any(in[s] + i, n - i);
        store_any(out + i, sum, n - i);
    }
}

static void exp_f32(float *y, const float *x, size_t n) {
    size_t i = 0;
    for (; i + W <= n; i += W)
        store(y + i, exp_v(load(x + i)));
    if (i < n) store_part(y + i, exp_v(load_part(x + i, n - i)), n - i);
}

static void log_f32(float *y, const float *x, size_t n) {
    size_t i = 0;
    for (; i + W <= n; i += W)
        store(y + i, log_v(load(x + i)));
    if (i < n) store_part(y + i, log_v(load_part(x + i, n - i)), n - i);
}
