/*
 * vector/convolution.h - convolution as matrix products whose left side is gathered from the image as it is read.
 *
 * The row of an output position is the image under its window: a sum of two offsets, that of the position and that of
 * the tap and channel, both from tables. One micro-kernel so serves both the result (rows are positions, the sum runs
 * over taps) and the kernel's gradient (rows are taps, the sum runs over positions), and nothing is unfolded in memory.
 * The gradient of the image is scattered: for each tap a product of the output's gradient with the tap's weights is
 * added to where the tap lies. Images that the window overlaps are first copied into a frame of zeros, a few at a time.
 */

enum {
    BLOCK_POSITIONS = 240, /* Positions that are worked on together: a whole number of tiles. */
    BLOCK_IMAGES = 16      /* At most so many images are framed at a time. */
};

/** How the images that a window slides over stand in memory. */
typedef struct {
    size_t stride[3]; /* floats from one depth, row and column to the next */
    size_t image;     /* floats of an image */
    size_t images;    /* images at a time */
    int is_framed;
} image_view;

static image_view view_of(const lepton_k_window *w, size_t samples) {
    size_t extents[3];
    image_view view = {.images = samples, .is_framed = 0};
    for (int i = 0; i < 3; i++) {
        extents[i] = lepton_framed_extent(w, i);
        view.is_framed |= w->before[i] > 0 || extents[i] > w->in[i];
    }
    const size_t *used = view.is_framed ? extents : w->in;
    view.stride[2] = w->in_channels;
    view.stride[1] = used[2] * view.stride[2];
    view.stride[0] = used[1] * view.stride[1];
    view.image = used[0] * view.stride[0];
    if (view.is_framed) view.images = lepton_framed_images(w);
    return view;
}

/** Copies images into their frames, or with `back` out of them. */
static void copy_framed(float *framed, float *plain, const image_view *view, const lepton_k_window *w, size_t images,
                        int back) {
    const size_t row = w->in[2] * w->in_channels;
    for (size_t s = 0; s < images; s++, framed += view->image) {
        for (size_t d = 0; d < w->in[0]; d++) {
            for (size_t h = 0; h < w->in[1]; h++, plain += row) {
                float *at = framed + (d + w->before[0]) * view->stride[0] + (h + w->before[1]) * view->stride[1] +
                            w->before[2] * view->stride[2];
                memcpy(back ? plain : at, back ? at : plain, row * sizeof(float));
            }
        }
    }
}

/** offsets(count) = where the windows of positions first, first + 1, ... begin, counted from the first image on. */
static void position_offsets(size_t *offsets, const image_view *view, const lepton_k_window *w, size_t first,
                             size_t count) {
    size_t column = first % w->out[2], row = first / w->out[2] % w->out[1];
    size_t depth = first / (w->out[2] * w->out[1]) % w->out[0], image = first / lepton_volume(w->out);
    for (size_t i = 0; i < count; i++) {
        offsets[i] = image * view->image + depth * w->stride[0] * view->stride[0] +
                     row * w->stride[1] * view->stride[1] + column * w->stride[2] * view->stride[2];
        if (++column < w->out[2]) continue;
        column = 0;
        if (++row < w->out[1]) continue;
        row = 0;
        if (++depth < w->out[0]) continue;
        depth = 0;
        image++;
    }
}

/** Where a tap lies from the beginning of its window on. */
INLINE size_t tap_offset(const image_view *view, const lepton_k_window *w, size_t tap) {
    const size_t depth = tap / (w->kernel[1] * w->kernel[2]), row = tap / w->kernel[2] % w->kernel[1];
    return depth * w->dilation[0] * view->stride[0] + row * w->dilation[1] * view->stride[1] +
           tap % w->kernel[2] * w->dilation[2] * view->stride[2];
}

/** offsets(taps * channels of a group) = where each tap's channels lie. */
static void tap_offsets(size_t *offsets, const image_view *view, const lepton_k_window *w) {
    const size_t taps = lepton_volume(w->kernel), channels = w->in_channels / w->groups;
    for (size_t t = 0; t < taps; t++) {
        const size_t at = tap_offset(view, w, t);
        for (size_t c = 0; c < channels; c++)
            *offsets++ = at + c;
    }
}

/** sum(rows, vecs * W) = over n the products of a[row + step] and the panel b. Steps are 0, 1, 2, ... where `unit`. */
INLINE void gathered_tile(vf sum[TILE_ROWS][2], const size_t rows, const size_t vecs, const int unit, size_t n,
                          const float *a, const size_t *row, const size_t *step, const float *b) {
    const float *at[TILE_ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
        at[r] = a + row[r];
        sum[r][0] = sum[r][1] = (vf){0};
    }
#pragma clang loop unroll_count(2)
    for (size_t p = 0; p < n; p++, b += TILE_COLS) {
        const size_t offset = unit ? p : step[p];
        vf column[2];
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vecs; v++)
            column[v] = load(b + v * W);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < rows; r++) {
            const float x = at[r][offset];
#pragma clang loop unroll(full)
            for (size_t v = 0; v < vecs; v++)
                sum[r][v] += x * column[v];
        }
    }
}

/* What becomes of a tile: stored with bias and activation, added to rows, or added where a table says. */
enum { TILE_FINAL, TILE_ADD, TILE_SCATTER };

typedef struct {
    size_t rows, cols, n;
    const float *a;
    const size_t *row, *step;
    const float *panel;
    float *c;
    size_t ldc;          /* unless scattered */
    const size_t *place; /* where scattered */
    const float *bias;   /* of a final tile: TILE_COLS floats */
    int is_relu;
} strip;

INLINE void finish_tile(const strip *s, vf sum[TILE_ROWS][2], const size_t rows, const size_t vecs, const int finish,
                        size_t done) {
    const size_t last = s->cols - (vecs - 1) * W;
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
        float *c = s->c + (finish == TILE_SCATTER ? s->place[done + r] : (done + r) * s->ldc);
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vecs; v++) {
            float *at = c + v * W;
            const size_t left = v + 1 == vecs ? last : W;
            vf result = sum[r][v];
            if (finish == TILE_FINAL) {
                result += load(s->bias + v * W);
                if (s->is_relu) result = activate(result, LEPTON_K_RELU);
            } else {
                result += load_any(at, left);
            }
            store_any(at, result, left);
        }
    }
}

#define TILE_CASE(count)                                                                                               \
    case count:                                                                                                        \
        gathered_tile(sum, count, vecs, unit, s->n, s->a, s->row + done, s->step, s->panel);                           \
        finish_tile(s, sum, count, vecs, finish, done);                                                                \
        break;

INLINE void run_strip(const strip *s, const size_t vecs, const int unit, const int finish) {
    vf sum[TILE_ROWS][2];
    size_t done = 0;
    for (; done + TILE_ROWS <= s->rows; done += TILE_ROWS) {
        gathered_tile(sum, TILE_ROWS, vecs, unit, s->n, s->a, s->row + done, s->step, s->panel);
        finish_tile(s, sum, TILE_ROWS, vecs, finish, done);
    }
    switch (s->rows - done) {
        TILE_CASE(5)
        TILE_CASE(4)
        TILE_CASE(3)
        TILE_CASE(2)
        TILE_CASE(1)
    default:
        break;
    }
}
#undef TILE_CASE

#define DEFINE_STRIP(name, unit, finish)                                                                               \
    static void name##_two(const strip *s) { run_strip(s, 2, unit, finish); }                                          \
    static void name##_one(const strip *s) { run_strip(s, 1, unit, finish); }                                          \
    static void name(const strip *s) {                                                                                 \
        if (s->cols > W) {                                                                                             \
            name##_two(s);                                                                                             \
        } else {                                                                                                       \
            name##_one(s);                                                                                             \
        }                                                                                                              \
    }

DEFINE_STRIP(final_strip, 0, TILE_FINAL)
DEFINE_STRIP(adding_strip, 0, TILE_ADD)
DEFINE_STRIP(scattering_strip, 1, TILE_SCATTER)
#undef DEFINE_STRIP

/** The least of TILE_COLS and what is left of `total` columns from `from` on. */
INLINE size_t panel_cols(size_t total, size_t from) {
    return total - from < TILE_COLS ? total - from : (size_t)TILE_COLS;
}

INLINE size_t panel_count(size_t cols) { return (cols + TILE_COLS - 1) / TILE_COLS; }

static void convolution_f32(float *y, const float *x, const float *kernel, const float *bias, const lepton_k_window *w,
                            size_t samples, int activation, float *scratch) {
    const image_view view = view_of(w, samples);
    const size_t ins = w->in_channels / w->groups, outs = w->out_channels / w->groups, channels = w->out_channels;
    const size_t n = lepton_volume(w->kernel) * ins, panels = panel_count(outs), positions = lepton_volume(w->out);
    const int is_relu = activation == LEPTON_K_RELU;
    size_t *steps = lepton_offsets_of(scratch);
    float *packed = (float *)(void *)(steps + n), *framed = packed + w->groups * panels * n * TILE_COLS;
    tap_offsets(steps, &view, w);
    for (size_t g = 0; g < w->groups; g++) {
        for (size_t i = 0; i < panels; i++)
            pack_plain(packed + (g * panels + i) * n * TILE_COLS, kernel + g * outs + i * TILE_COLS, channels, n,
                       panel_cols(outs, i * TILE_COLS));
    }
    if (view.is_framed) memset(framed, 0, view.images * view.image * sizeof(float));
    for (size_t s = 0; s < samples; s += view.images) {
        const size_t images = samples - s < view.images ? samples - s : view.images;
        const float *from = x + s * lepton_volume(w->in) * w->in_channels;
        if (view.is_framed) {
            copy_framed(framed, (float *)(uintptr_t)from, &view, w, images, 0);
            from = framed;
        }
        for (size_t p = 0; p < images * positions; p += BLOCK_POSITIONS) {
            const size_t left = images * positions - p, count = left < BLOCK_POSITIONS ? left : BLOCK_POSITIONS;
            float *to = y + (s * positions + p) * channels;
            size_t rows[BLOCK_POSITIONS];
            position_offsets(rows, &view, w, p, count);
            for (size_t g = 0; g < w->groups; g++) {
                for (size_t i = 0; i < panels; i++) {
                    const size_t f = g * outs + i * TILE_COLS, cols = panel_cols(outs, i * TILE_COLS);
                    float panel_bias[TILE_COLS] = {0};
                    if (bias != NULL) memcpy(panel_bias, bias + f, cols * sizeof(float));
                    const strip work = {.rows = count,
                                        .cols = cols,
                                        .n = n,
                                        .a = from + g * ins,
                                        .row = rows,
                                        .step = steps,
                                        .panel = packed + (g * panels + i) * n * TILE_COLS,
                                        .c = to + f,
                                        .ldc = channels,
                                        .bias = panel_bias,
                                        .is_relu = is_relu};
                    final_strip(&work);
                }
            }
            if (!is_relu && activation != LEPTON_K_LINEAR)
                bias_activation_f32(to, to, NULL, count, channels, activation);
        }
    }
}

static void convolution_kernel_grad_f32(float *dkernel, const float *x, const float *dy, const lepton_k_window *w,
                                        size_t samples, int accumulate, float *scratch) {
    const image_view view = view_of(w, samples);
    const size_t ins = w->in_channels / w->groups, outs = w->out_channels / w->groups, channels = w->out_channels;
    const size_t n = lepton_volume(w->kernel) * ins, panels = panel_count(outs), positions = lepton_volume(w->out);
    size_t *taps = lepton_offsets_of(scratch);
    float *framed = (float *)(void *)(taps + n);
    tap_offsets(taps, &view, w);
    if (!accumulate) memset(dkernel, 0, n * channels * sizeof(float));
    if (view.is_framed) memset(framed, 0, view.images * view.image * sizeof(float));
    for (size_t s = 0; s < samples; s += view.images) {
        const size_t images = samples - s < view.images ? samples - s : view.images;
        const float *from = x + s * lepton_volume(w->in) * w->in_channels;
        if (view.is_framed) {
            copy_framed(framed, (float *)(uintptr_t)from, &view, w, images, 0);
            from = framed;
        }
        for (size_t p = 0; p < images * positions; p += BLOCK_POSITIONS) {
            const size_t left = images * positions - p, count = left < BLOCK_POSITIONS ? left : BLOCK_POSITIONS;
            _Alignas(64) float panel[BLOCK_POSITIONS * TILE_COLS];
            size_t steps[BLOCK_POSITIONS];
            position_offsets(steps, &view, w, p, count);
            for (size_t g = 0; g < w->groups; g++) {
                for (size_t i = 0; i < panels; i++) {
                    const size_t f = g * outs + i * TILE_COLS, cols = panel_cols(outs, i * TILE_COLS);
                    pack_plain(panel, dy + (s * positions + p) * channels + f, channels, count, cols);
                    const strip work = {.rows = n,
                                        .cols = cols,
                                        .n = count,
                                        .a = from + g * ins,
                                        .row = taps,
                                        .step = steps,
                                        .panel = panel,
                                        .c = dkernel + f,
                                        .ldc = channels};
                    adding_strip(&work);
                }
            }
        }
    }
}

static void convolution_input_grad_f32(float *dx, const float *dy, const float *kernel, const lepton_k_window *w,
                                       size_t samples, float *scratch) {
    const image_view view = view_of(w, samples);
    const size_t ins = w->in_channels / w->groups, outs = w->out_channels / w->groups, channels = w->out_channels;
    const size_t taps = lepton_volume(w->kernel), panels = panel_count(ins), positions = lepton_volume(w->out);
    float *packed = (float *)(void *)lepton_offsets_of(scratch);
    float *framed = packed + w->groups * taps * panels * outs * TILE_COLS;
    for (size_t g = 0; g < w->groups; g++) {
        for (size_t t = 0; t < taps; t++) {
            for (size_t i = 0; i < panels; i++)
                pack_transposed(packed + ((g * taps + t) * panels + i) * outs * TILE_COLS,
                                kernel + (t * ins + i * TILE_COLS) * channels + g * outs, channels, outs,
                                panel_cols(ins, i * TILE_COLS));
        }
    }
    for (size_t s = 0; s < samples; s += view.images) {
        const size_t images = samples - s < view.images ? samples - s : view.images;
        float *plain = dx + s * lepton_volume(w->in) * w->in_channels;
        float *to = view.is_framed ? framed : plain;
        memset(to, 0, images * view.image * sizeof(float));
        for (size_t p = 0; p < images * positions; p += BLOCK_POSITIONS) {
            const size_t left = images * positions - p, count = left < BLOCK_POSITIONS ? left : BLOCK_POSITIONS;
            size_t rows[BLOCK_POSITIONS], places[BLOCK_POSITIONS];
            position_offsets(places, &view, w, p, count);
            for (size_t i = 0; i < count; i++)
                rows[i] = (s * positions + p + i) * channels;
            for (size_t g = 0; g < w->groups; g++) {
                for (size_t t = 0; t < taps; t++) {
                    for (size_t i = 0; i < panels; i++) {
                        const strip work = {.rows = count,
                                            .cols = panel_cols(ins, i * TILE_COLS),
                                            .n = outs,
                                            .a = dy + g * outs,
                                            .row = rows,
                                            .panel = packed + ((g * taps + t) * panels + i) * outs * TILE_COLS,
                                            .c = to + tap_offset(&view, w, t) + g * ins + i * TILE_COLS,
                                            .place = places};
                        scattering_strip(&work);
                    }
                }
            }
        }
        if (view.is_framed) copy_framed(framed, plain, &view, w, images, 1);
    }
}
