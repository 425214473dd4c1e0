/*
 * reductions.h - reductions of the middle of three axes. With inner = 1 a stretch is one row of memory and the lanes
 * share it; else the lanes are neighbours along `inner`, each reduced on its own.
 */

/** Whether a lane's best so far gives way: to a better number, or to NaN, which stays. */
INLINE vi gives_way(vf best, vf candidate, const int wants_larger) {
    return (best == best) & ((candidate != candidate) | (wants_larger ? candidate > best : candidate < best));
}

INLINE float row_extreme(const float *x, size_t n, const int wants_larger) {
    vf best = splat(x[0]);
    for (size_t i = 0; i < n; i += W) {
        const size_t left = n - i;
        const vf v = load_any(x + i, left);
        vi better = gives_way(best, v, wants_larger);
        if (left < W) better &= lanes_below(left);
        best = choose(better, v, best);
    }
    float lanes[W];
    store(lanes, best);
    float result = lanes[0];
    for (int i = 1; i < W; i++) {
        if (result != result) break;
        if (lanes[i] != lanes[i] || (wants_larger ? lanes[i] > result : lanes[i] < result)) result = lanes[i];
    }
    return result;
}

/** The place of the first extreme, or of the first NaN. */
INLINE size_t row_place(const float *x, size_t n, const int wants_larger) {
    const float wanted = row_extreme(x, n, wants_larger);
    for (size_t i = 0; i < n; i++) {
        if (x[i] == wanted || (wanted != wanted && x[i] != x[i])) return i;
    }
    return 0;
}

INLINE float row_product(const float *x, size_t n) {
    float product = 1.0f;
    for (size_t i = 0; i < n; i++)
        product *= x[i];
    return product;
}

INLINE size_t row_nonzero(const float *x, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += x[i] != 0.0f;
    return count;
}

INLINE float row_logsumexp(const float *x, size_t n) {
    float max = row_max(x, n);
    if (!(__builtin_fabsf(max) < __builtin_inff())) max = 0.0f;
    return max + __builtin_logf(row_exponentials(NULL, x, max, n));
}

INLINE float reduce_row(const float *x, size_t n, int reduction) {
    switch (reduction) {
    case LEPTON_K_REDUCE_SUM:
        return row_sum(x, n);
    case LEPTON_K_REDUCE_MEAN:
        return row_sum(x, n) / (float)n;
    case LEPTON_K_REDUCE_MAX:
        return row_extreme(x, n, 1);
    case LEPTON_K_REDUCE_MIN:
        return row_extreme(x, n, 0);
    case LEPTON_K_REDUCE_PRODUCT:
        return row_product(x, n);
    case LEPTON_K_REDUCE_LOGSUMEXP:
        return row_logsumexp(x, n);
    case LEPTON_K_REDUCE_ANY:
        return row_nonzero(x, n) > 0;
    case LEPTON_K_REDUCE_ALL:
        return row_nonzero(x, n) == n;
    case LEPTON_K_REDUCE_ARGMAX:
        return (float)row_place(x, n, 1);
    default:
        return (float)row_place(x, n, 0);
    }
}

/** The reductions of `left` (or W) neighbours, each over n elements `step` apart. */
INLINE vf reduce_lanes(const float *x, size_t n, size_t step, size_t left, int reduction) {
    vf sum = {0};
    switch (reduction) {
    case LEPTON_K_REDUCE_SUM:
    case LEPTON_K_REDUCE_MEAN:
        for (size_t i = 0; i < n; i++)
            sum += load_any(x + i * step, left);
        return reduction == LEPTON_K_REDUCE_MEAN ? sum / (float)n : sum;
    case LEPTON_K_REDUCE_PRODUCT:
        sum = splat(1.0f);
        for (size_t i = 0; i < n; i++)
            sum *= load_any(x + i * step, left);
        return sum;
    case LEPTON_K_REDUCE_ANY:
    case LEPTON_K_REDUCE_ALL: {
        vi any = {0}, zero = {0};
        for (size_t i = 0; i < n; i++) {
            const vf v = load_any(x + i * step, left);
            any |= v != 0.0f;
            zero |= v == 0.0f;
        }
        return truth(reduction == LEPTON_K_REDUCE_ANY ? any : ~zero);
    }
    case LEPTON_K_REDUCE_LOGSUMEXP: {
        vf max = splat(-__builtin_inff());
        for (size_t i = 0; i < n; i++) {
            const vf v = load_any(x + i * step, left);
            max = choose(v > max, v, max);
        }
        max = keep(absolute(max) < __builtin_inff(), max);
        for (size_t i = 0; i < n; i++)
            sum += exp_v(load_any(x + i * step, left) - max);
        return max + log_v(sum);
    }
    default: {
        const int wants_larger = reduction == LEPTON_K_REDUCE_MAX || reduction == LEPTON_K_REDUCE_ARGMAX;
        vf best = load_any(x, left), place = {0};
        for (size_t i = 1; i < n; i++) {
            const vf v = load_any(x + i * step, left);
            const vi better = wants_larger ? gives_way(best, v, 1) : gives_way(best, v, 0);
            best = choose(better, v, best);
            place = choose(better, splat((float)i), place);
        }
        return reduction == LEPTON_K_REDUCE_MAX || reduction == LEPTON_K_REDUCE_MIN ? best : place;
    }
    }
}

static void reduce_f32(float *out, const float *in, size_t outer, size_t n, size_t inner, int reduction) {
    if (inner == 1) {
        for (size_t o = 0; o < outer; o++)
            out[o] = reduce_row(in + o * n, n, reduction);
        return;
    }
    for (size_t o = 0; o < outer; o++, in += n * inner, out += inner) {
        for (size_t i = 0; i < inner; i += W)
            store_any(out + i, reduce_lanes(in + i, n, inner, inner - i, reduction), inner - i);
    }
}

/** d(product)/dx without a division where an element is 0. */
INLINE void product_grad(float *dx, float dy, const float *x, float y, size_t n, size_t step) {
    size_t zeros = 0, place = 0;
    float others = 1.0f;
    for (size_t j = 0; j < n; j++) {
        if (x[j * step] == 0.0f) {
            zeros++;
            place = j;
        } else {
            others *= x[j * step];
        }
    }
    for (size_t j = 0; j < n; j++) {
        if (zeros == 0) {
            dx[j * step] = dy * (y / x[j * step]);
        } else {
            dx[j * step] = zeros == 1 && j == place ? dy * others : 0.0f;
        }
    }
}

/** dx of a run of neighbours along `inner`, or of a whole stretch, whose dy and y may stand still. */
INLINE void reduce_grad_run(float *dx, const float *dy, const float *x, const float *y, ptrdiff_t step, size_t n,
                            float scale, int reduction) {
    for (size_t i = 0; i < n; i += W) {
        const size_t left = n - i;
        const vf g = load_run(dy, step, i, left);
        vf slope = g * scale;
        if (reduction == LEPTON_K_REDUCE_LOGSUMEXP) {
            slope = g * exp_v(load_any(x + i, left) - load_run(y, step, i, left));
        }
        store_any(dx + i, slope, left);
    }
}

/** dx of `left` (or W) neighbours; their extremes share dy. */
INLINE void extreme_grad_lanes(float *dx, vf dy, const float *x, vf y, size_t n, size_t step, size_t left) {
    vf ties = {0};
    for (size_t j = 0; j < n; j++)
        ties += truth(load_any(x + j * step, left) == y);
    const vf share = dy / ties;
    for (size_t j = 0; j < n; j++)
        store_any(dx + j * step, keep(load_any(x + j * step, left) == y, share), left);
}

INLINE void extreme_grad_row(float *dx, float dy, const float *x, float y, size_t n) {
    size_t ties = 0;
    for (size_t j = 0; j < n; j++)
        ties += x[j] == y;
    const float share = dy / (float)ties;
    for (size_t j = 0; j < n; j++)
        dx[j] = x[j] == y ? share : 0.0f;
}

static void reduce_grad_f32(float *dx, const float *dy, const float *x, const float *y, size_t outer, size_t n,
                            size_t inner, int reduction) {
    const float scale = reduction == LEPTON_K_REDUCE_MEAN ? 1.0f / (float)n : 1.0f;
    for (size_t o = 0; o < outer; o++, dx += n * inner, x += n * inner, dy += inner, y += inner) {
        switch (reduction) {
        case LEPTON_K_REDUCE_MAX:
        case LEPTON_K_REDUCE_MIN:
            if (inner == 1) {
                extreme_grad_row(dx, *dy, x, *y, n);
            } else {
                for (size_t i = 0; i < inner; i += W) {
                    const size_t left = inner - i;
                    extreme_grad_lanes(dx + i, load_any(dy + i, left), x + i, load_any(y + i, left), n, inner, left);
                }
            }
            break;
        case LEPTON_K_REDUCE_PRODUCT:
            for (size_t i = 0; i < inner; i++)
                product_grad(dx + i, dy[i], x + i, y[i], n, inner);
            break;
        default:
            if (inner == 1) {
                reduce_grad_run(dx, dy, x, y, 0, n, scale, reduction);
            } else {
                for (size_t j = 0; j < n; j++)
                    reduce_grad_run(dx + j * inner, dy, x + j * inner, y, 1, inner, scale, reduction);
            }
            break;
        }
    }
}
