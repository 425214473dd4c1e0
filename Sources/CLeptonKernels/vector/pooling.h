/*
 * vector/pooling.h - pooling and depthwise convolution: windows that keep channels apart, vectors of channels.
 */

/** The taps of one output that lie within the input, and the strides between them. */
typedef struct {
    lepton_taps axis[3];
    size_t stride[3]; /* floats of the input from one tap to the next */
    size_t at;        /* of the first tap */
} window_taps;

INLINE window_taps taps_at(const lepton_k_window *w, lepton_taps depth, lepton_taps row, size_t column) {
    const size_t channels = w->in_channels;
    window_taps taps = {.axis = {depth, row, lepton_taps_of(w, 2, column)}};
    taps.stride[2] = w->dilation[2] * channels;
    taps.stride[1] = w->dilation[1] * w->in[2] * channels;
    taps.stride[0] = w->dilation[0] * w->in[1] * w->in[2] * channels;
    taps.at = ((depth.at * w->in[1] + row.at) * w->in[2] + taps.axis[2].at) * channels;
    return taps;
}

/** How many there are. */
INLINE size_t count_taps(const window_taps *t) {
    return (t->axis[0].end - t->axis[0].first) * (t->axis[1].end - t->axis[1].first) *
           (t->axis[2].end - t->axis[2].first);
}

/* Runs the statement that follows for each tap, with its number `tap` and its place `at` in the input. */
#define FOR_EACH_TAP(w, t)                                                                                             \
    for (size_t i = (t)->axis[0].first, plane = (t)->at; i < (t)->axis[0].end; i++, plane += (t)->stride[0])           \
        for (size_t j = (t)->axis[1].first, line = plane; j < (t)->axis[1].end; j++, line += (t)->stride[1])           \
            for (size_t k = (t)->axis[2].first, at = line, tap = (i * (w)->kernel[1] + j) * (w)->kernel[2] + k;        \
                 k < (t)->axis[2].end; k++, tap++, at += (t)->stride[2])

/* Runs the statement that follows for each output of an image in order, with its taps `t` and its place `o`. */
#define FOR_EACH_OUTPUT(w)                                                                                             \
    for (size_t out_depth = 0, o = 0; out_depth < (w)->out[0]; out_depth++)                                            \
        for (size_t out_row = 0; out_row < (w)->out[1]; out_row++)                                                     \
            for (size_t out_column = 0; out_column < (w)->out[2]; out_column++, o += (w)->in_channels)

/* The taps of the output that FOR_EACH_OUTPUT is at. */
#define TAPS(w) taps_at(w, lepton_taps_of(w, 0, out_depth), lepton_taps_of(w, 1, out_row), out_column)

enum { CHANNEL_VECTORS = 4 };

INLINE size_t image_floats(const lepton_k_window *w) { return lepton_volume(w->in) * w->in_channels; }

INLINE size_t output_floats(const lepton_k_window *w) { return lepton_volume(w->out) * w->in_channels; }

/* Calls DO(vecs, c, left) for the channels in groups of CHANNEL_VECTORS vectors and then one by one, `left` being how
 * many there are from c on. */
#define FOR_CHANNELS(channels, DO)                                                                                     \
    do {                                                                                                               \
        size_t c = 0;                                                                                                  \
        for (; c + CHANNEL_VECTORS * W <= (channels); c += CHANNEL_VECTORS * W)                                        \
            DO(CHANNEL_VECTORS, c, W);                                                                                 \
        for (; c < (channels); c += W)                                                                                 \
            DO(1, c, (channels)-c);                                                                                    \
    } while (0)

INLINE void pool_max(const size_t vecs, size_t left, float *y, int32_t *taps, const float *x, const lepton_k_window *w,
                     const window_taps *t) {
    vf largest[CHANNEL_VECTORS];
    vi where[CHANNEL_VECTORS];
    int is_first = 1;
    FOR_EACH_TAP(w, t) {
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vecs; v++) {
            const vf value = load_any(x + at + v * W, left);
            const vi number = (vi){0} + (int32_t)tap;
            /* NaN is not equal to itself, and nothing is larger than it. */
            const vi is_larger = (value > largest[v]) | (value != value);
            largest[v] = is_first ? value : choose(is_larger, value, largest[v]);
            where[v] = is_first ? number : ((is_larger & number) | (~is_larger & where[v]));
        }
        is_first = 0;
    }
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vecs; v++) {
        store_any(y + v * W, largest[v], left);
        if (taps != NULL) store_any((float *)(void *)(taps + v * W), (vf)where[v], left);
    }
}

static void max_pool_f32(float *y, int32_t *taps, const float *x, const lepton_k_window *w, size_t samples) {
    for (size_t s = 0; s < samples; s++, x += image_floats(w), y += output_floats(w)) {
        FOR_EACH_OUTPUT(w) {
            const window_taps t = TAPS(w);
#define POOL(vecs, c, left) pool_max(vecs, left, y + o + (c), taps == NULL ? NULL : taps + o + (c), x + (c), w, &t)
            FOR_CHANNELS(w->in_channels, POOL);
#undef POOL
        }
        if (taps != NULL) taps += output_floats(w);
    }
}

/** Whether each element of the input is under exactly one window. */
static int is_tiled(const lepton_k_window *w) {
    for (int i = 0; i < 3; i++) {
        if (w->before[i] != 0 || w->dilation[i] != 1 || w->stride[i] != w->kernel[i] ||
            w->out[i] * w->stride[i] != w->in[i])
            return 0;
    }
    return 1;
}

INLINE void unpool_max(const size_t vecs, size_t left, float *dx, const float *dy, const int32_t *taps,
                       const lepton_k_window *w, const window_taps *t, int adds) {
    vf gradient[CHANNEL_VECTORS];
    vi where[CHANNEL_VECTORS];
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vecs; v++) {
        gradient[v] = load_any(dy + v * W, left);
        where[v] = (vi)load_any((const float *)(const void *)(taps + v * W), left);
    }
    FOR_EACH_TAP(w, t) {
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vecs; v++) {
            float *to = dx + at + v * W;
            const vf part = keep(where[v] == (int32_t)tap, gradient[v]);
            store_any(to, adds ? load_any(to, left) + part : part, left);
        }
    }
}

static void max_pool_grad_f32(float *dx, const float *dy, const int32_t *taps, const lepton_k_window *w,
                              size_t samples) {
    const int adds = !is_tiled(w);
    if (adds) memset(dx, 0, samples * image_floats(w) * sizeof(float));
    for (size_t s = 0; s < samples; s++, dx += image_floats(w), dy += output_floats(w), taps += output_floats(w)) {
        FOR_EACH_OUTPUT(w) {
            const window_taps t = TAPS(w);
#define UNPOOL(vecs, c, left) unpool_max(vecs, left, dx + (c), dy + o + (c), taps + o + (c), w, &t, adds)
            FOR_CHANNELS(w->in_channels, UNPOOL);
#undef UNPOOL
        }
    }
}

INLINE void pool_mean(const size_t vecs, size_t left, float *y, const float *x, const lepton_k_window *w,
                      const window_taps *t) {
    vf sum[CHANNEL_VECTORS] = {0};
    FOR_EACH_TAP(w, t) {
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vecs; v++)
            sum[v] += load_any(x + at + v * W, left);
    }
    const float count = (float)count_taps(t);
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vecs; v++)
        store_any(y + v * W, sum[v] / count, left);
}

static void average_pool_f32(float *y, const float *x, const lepton_k_window *w, size_t samples) {
    for (size_t s = 0; s < samples; s++, x += image_floats(w), y += output_floats(w)) {
        FOR_EACH_OUTPUT(w) {
            const window_taps t = TAPS(w);
#define POOL(vecs, c, left) pool_mean(vecs, left, y + o + (c), x + (c), w, &t)
            FOR_CHANNELS(w->in_channels, POOL);
#undef POOL
        }
    }
}

INLINE void unpool_mean(const size_t vecs, size_t left, float *dx, const float *dy, const lepton_k_window *w,
                        const window_taps *t) {
    const float count = (float)count_taps(t);
    vf part[CHANNEL_VECTORS];
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vecs; v++)
        part[v] = load_any(dy + v * W, left) / count;
    FOR_EACH_TAP(w, t) {
        (void)tap;
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vecs; v++) {
            float *to = dx + at + v * W;
            store_any(to, load_any(to, left) + part[v], left);
        }
    }
}

static void average_pool_grad_f32(float *dx, const float *dy, const lepton_k_window *w, size_t samples) {
    memset(dx, 0, samples * image_floats(w) * sizeof(float));
    for (size_t s = 0; s < samples; s++, dx += image_floats(w), dy += output_floats(w)) {
        FOR_EACH_OUTPUT(w) {
            const window_taps t = TAPS(w);
#define UNPOOL(vecs, c, left) unpool_mean(vecs, left, dx + (c), dy + o + (c), w, &t)
            FOR_CHANNELS(w->in_channels, UNPOOL);
#undef UNPOOL
        }
    }
}

INLINE void weigh_taps(const size_t vecs, size_t left, float *y, const float *x, const float *kernel, const float *bias,
                       const lepton_k_window *w, const window_taps *t) {
    vf sum[CHANNEL_VECTORS] = {0};
    FOR_EACH_TAP(w, t) {
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vecs; v++)
            sum[v] += load_any(x + at + v * W, left) * load_any(kernel + tap * w->in_channels + v * W, left);
    }
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vecs; v++)
        store_any(y + v * W, bias == NULL ? sum[v] : sum[v] + load_any(bias + v * W, left), left);
}

static void depthwise_f32(float *y, const float *x, const float *kernel, const float *bias, const lepton_k_window *w,
                          size_t samples, int activation) {
    for (size_t s = 0; s < samples; s++, x += image_floats(w), y += output_floats(w)) {
        FOR_EACH_OUTPUT(w) {
            const window_taps t = TAPS(w);
#define WEIGH(vecs, c, left)                                                                                           \
    weigh_taps(vecs, left, y + o + (c), x + (c), kernel + (c), bias == NULL ? NULL : bias + (c), w, &t)
            FOR_CHANNELS(w->in_channels, WEIGH);
#undef WEIGH
        }
        bias_activation_f32(y, y, NULL, 1, output_floats(w), activation);
    }
}

INLINE void spread_taps(const size_t vecs, size_t left, float *dx, const float *dy, const float *kernel,
                        const lepton_k_window *w, const window_taps *t) {
    vf gradient[CHANNEL_VECTORS];
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vecs; v++)
        gradient[v] = load_any(dy + v * W, left);
    FOR_EACH_TAP(w, t) {
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vecs; v++) {
            float *to = dx + at + v * W;
            const vf part = gradient[v] * load_any(kernel + tap * w->in_channels + v * W, left);
            store_any(to, load_any(to, left) + part, left);
        }
    }
}

static void depthwise_input_grad_f32(float *dx, const float *dy, const float *kernel, const lepton_k_window *w,
                                     size_t samples) {
    memset(dx, 0, samples * image_floats(w) * sizeof(float));
    for (size_t s = 0; s < samples; s++, dx += image_floats(w), dy += output_floats(w)) {
        FOR_EACH_OUTPUT(w) {
            const window_taps t = TAPS(w);
#define SPREAD(vecs, c, left) spread_taps(vecs, left, dx + (c), dy + o + (c), kernel + (c), w, &t)
            FOR_CHANNELS(w->in_channels, SPREAD);
#undef SPREAD
        }
    }
}

INLINE void correlate_taps(const size_t vecs, size_t left, float *dkernel, const float *x, const float *dy,
                           const lepton_k_window *w, const window_taps *t) {
    vf gradient[CHANNEL_VECTORS];
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vecs; v++)
        gradient[v] = load_any(dy + v * W, left);
    FOR_EACH_TAP(w, t) {
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vecs; v++) {
            float *to = dkernel + tap * w->in_channels + v * W;
            store_any(to, load_any(to, left) + gradient[v] * load_any(x + at + v * W, left), left);
        }
    }
}

static void depthwise_kernel_grad_f32(float *dkernel, const float *x, const float *dy, const lepton_k_window *w,
                                      size_t samples, int accumulate) {
    if (!accumulate) memset(dkernel, 0, lepton_volume(w->kernel) * w->in_channels * sizeof(float));
    for (size_t s = 0; s < samples; s++, x += image_floats(w), dy += output_floats(w)) {
        FOR_EACH_OUTPUT(w) {
            const window_taps t = TAPS(w);
#define CORRELATE(vecs, c, left) correlate_taps(vecs, left, dkernel + (c), x + (c), dy + o + (c), w, &t)
            FOR_CHANNELS(w->in_channels, CORRELATE);
#undef CORRELATE
        }
    }
}
#undef FOR_EACH_TAP
#undef FOR_EACH_OUTPUT
#undef TAPS
#undef FOR_CHANNELS
