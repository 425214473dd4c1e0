/*
 * movement.c - kernels that move numbers: transposes, broadcasts, slices and indices. Copies are the C library's or in
 * squares of 4 by 4, which every instruction set has; none of it is arithmetic.
 */
#include "lepton_kernels.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------- transposes, broadcasts */

typedef float v4 __attribute__((vector_size(16)));

static v4 load4(const float *p) {
    v4 v;
    memcpy(&v, p, sizeof v);
    return v;
}

static void store4(float *p, v4 v) { memcpy(p, &v, sizeof v); }

static void transpose_square(float *out, size_t out_step, const float *in, size_t in_step) {
    const v4 a0 = load4(in), a1 = load4(in + in_step), a2 = load4(in + 2 * in_step), a3 = load4(in + 3 * in_step);
    const v4 t0 = __builtin_shufflevector(a0, a1, 0, 4, 1, 5), t1 = __builtin_shufflevector(a2, a3, 0, 4, 1, 5);
    const v4 t2 = __builtin_shufflevector(a0, a1, 2, 6, 3, 7), t3 = __builtin_shufflevector(a2, a3, 2, 6, 3, 7);
    store4(out, __builtin_shufflevector(t0, t1, 0, 1, 4, 5));
    store4(out + out_step, __builtin_shufflevector(t0, t1, 2, 3, 6, 7));
    store4(out + 2 * out_step, __builtin_shufflevector(t2, t3, 0, 1, 4, 5));
    store4(out + 3 * out_step, __builtin_shufflevector(t2, t3, 2, 3, 6, 7));
}

/** out(cols, rows) = the transpose of in(rows, cols), rows of either `step` apart. */
static void transpose(float *out, size_t out_step, const float *in, size_t in_step, size_t rows, size_t cols) {
    size_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        size_t c = 0;
        for (; c + 4 <= cols; c += 4)
            transpose_square(out + c * out_step + r, out_step, in + r * in_step + c, in_step);
        for (; c < cols; c++) {
            for (size_t i = r; i < r + 4; i++)
                out[c * out_step + i] = in[i * in_step + c];
        }
    }
    for (; r < rows; r++) {
        for (size_t c = 0; c < cols; c++)
            out[c * out_step + r] = in[r * in_step + c];
    }
}

/** One run along the innermost axis. */
static void copy_run(float *out, const float *in, ptrdiff_t step, size_t n) {
    if (step == 1) {
        memcpy(out, in, n * sizeof(float));
    } else if (step == 0) {
        const float x = *in;
        for (size_t i = 0; i < n; i++)
            out[i] = x;
    } else {
        for (size_t i = 0; i < n; i++)
            out[i] = in[(ptrdiff_t)i * step];
    }
}

void lepton_k_permute_f32(float *out, const float *in, const lepton_k_loop *loop) {
    const size_t last = loop->axes - 1;
    size_t out_steps[LEPTON_K_LOOP_AXES];
    size_t count = 1, fast = last;
    for (size_t axis = loop->axes; axis-- > 0;) {
        out_steps[axis] = count;
        count *= loop->extents[axis];
        if (loop->a[axis] == 1 && loop->extents[axis] >= 4) fast = axis;
    }
    if (count == 0) return;
    /* Where another axis than the last is contiguous in the input, the two make a matrix to transpose. */
    const int is_transpose = fast != last && loop->a[last] > 1;
    size_t places[LEPTON_K_LOOP_AXES] = {0};
    for (;;) {
        const float *source = in;
        float *target = out;
        for (size_t axis = 0; axis < last; axis++) {
            source += (ptrdiff_t)places[axis] * loop->a[axis];
            target += places[axis] * out_steps[axis];
        }
        if (is_transpose) {
            transpose(target, out_steps[fast], source, (size_t)loop->a[last], loop->extents[last], loop->extents[fast]);
        } else {
            copy_run(target, source, loop->a[last], loop->extents[last]);
        }
        size_t axis = last;
        for (;;) {
            if (axis == 0) return;
            axis--;
            if (is_transpose && axis == fast) continue;
            if (++places[axis] < loop->extents[axis]) break;
            places[axis] = 0;
        }
    }
}

void lepton_k_copy_blocks_f32(float *out, size_t out_step, const float *in, size_t in_step, size_t outer,
                              size_t count) {
    for (size_t o = 0; o < outer; o++)
        memcpy(out + o * out_step, in + o * in_step, count * sizeof(float));
}

/* --------------------------------------------------------- fixed indices  */

void lepton_k_take_f32(float *out, const float *in, const int32_t *indices, size_t outer, size_t n, size_t taken,
                       size_t inner, float fill) {
    for (size_t o = 0; o < outer; o++, in += n * inner, out += taken * inner) {
        for (size_t i = 0; i < taken;) {
            if (indices[i] < 0) {
                for (size_t k = 0; k < inner; k++)
                    out[i * inner + k] = fill;
                i++;
                continue;
            }
            /* Neighbours that stay neighbours are copied in one go. */
            size_t run = 1;
            while (i + run < taken && indices[i + run] == indices[i] + (int32_t)run)
                run++;
            const float *source = in + (size_t)indices[i] * inner;
            if (run * inner == 1) {
                out[i] = *source;
            } else {
                memcpy(out + i * inner, source, run * inner * sizeof(float));
            }
            i += run;
        }
    }
}

void lepton_k_take_grad_f32(float *dx, const float *dy, const int32_t *indices, size_t outer, size_t n, size_t taken,
                            size_t inner) {
    memset(dx, 0, outer * n * inner * sizeof(float));
    for (size_t o = 0; o < outer; o++, dx += n * inner, dy += taken * inner) {
        for (size_t i = 0; i < taken; i++) {
            if (indices[i] < 0) continue;
            float *target = dx + (size_t)indices[i] * inner;
            for (size_t k = 0; k < inner; k++)
                target[k] += dy[i * inner + k];
        }
    }
}

/* ------------------------------------------------------ computed indices  */

/** The index as a place in [0, n), or n where it is outside. */
static size_t place_of(float index, size_t n) {
    if (!(index >= -(float)n && index < (float)n)) return n;
    const ptrdiff_t whole = (ptrdiff_t)index;
    const ptrdiff_t place = whole < 0 ? whole + (ptrdiff_t)n : whole;
    return place < (ptrdiff_t)n ? (size_t)place : n;
}

void lepton_k_take_along_f32(float *out, const float *in, const float *indices, size_t outer, size_t n, size_t taken,
                             size_t inner) {
    for (size_t o = 0; o < outer; o++, in += n * inner) {
        for (size_t i = 0; i < taken; i++, out += inner, indices += inner) {
            for (size_t k = 0; k < inner; k++) {
                const size_t place = place_of(indices[k], n);
                out[k] = place < n ? in[place * inner + k] : NAN;
            }
        }
    }
}

void lepton_k_take_along_grad_f32(float *dx, const float *dy, const float *indices, size_t outer, size_t n,
                                  size_t taken, size_t inner) {
    for (size_t o = 0; o < outer; o++, dx += n * inner) {
        for (size_t i = 0; i < taken; i++, dy += inner, indices += inner) {
            for (size_t k = 0; k < inner; k++) {
                const size_t place = place_of(indices[k], n);
                if (place < n) dx[place * inner + k] += dy[k];
            }
        }
    }
}

void lepton_k_take_at_f32(float *out, const float *in, const float *indices, size_t outer, size_t n, size_t taken,
                          size_t inner) {
    for (size_t o = 0; o < outer; o++, in += n * inner) {
        for (size_t i = 0; i < taken; i++, out += inner) {
            const size_t place = place_of(indices[i], n);
            if (place < n) {
                memcpy(out, in + place * inner, inner * sizeof(float));
            } else {
                for (size_t k = 0; k < inner; k++)
                    out[k] = NAN;
            }
        }
    }
}

void lepton_k_take_at_grad_f32(float *dx, const float *dy, const float *indices, size_t outer, size_t n, size_t taken,
                               size_t inner) {
    for (size_t o = 0; o < outer; o++, dx += n * inner) {
        for (size_t i = 0; i < taken; i++, dy += inner) {
            const size_t place = place_of(indices[i], n);
            if (place == n) continue;
            for (size_t k = 0; k < inner; k++)
                dx[place * inner + k] += dy[k];
        }
    }
}

void lepton_k_one_hot_f32(float *out, const float *indices, size_t n, size_t depth) {
    memset(out, 0, n * depth * sizeof(float));
    for (size_t i = 0; i < n; i++) {
        if (indices[i] >= 0.0f && indices[i] < (float)depth) {
            const size_t place = (size_t)indices[i];
            if (place < depth) out[i * depth + place] = 1.0f;
        }
    }
}

/* ---------------------------------------------------------------- sorting */

/** Whether x belongs before y; NaN belongs last. */
static int precedes(float x, float y, int descending) {
    if (x != x) return 0;
    return y != y || (descending ? x > y : x < y);
}

void lepton_k_argsort_f32(float *out, const float *in, float *work, size_t outer, size_t n, size_t inner,
                          int descending) {
    for (size_t o = 0; o < outer; o++, in += n * inner, out += n * inner) {
        for (size_t k = 0; k < inner; k++) {
            /* A merge sort of places from the bottom up, between the two halves of `work`. */
            float *from = work, *to = work + n;
            for (size_t i = 0; i < n; i++)
                from[i] = (float)i;
            for (size_t width = 1; width < n; width *= 2) {
                for (size_t start = 0; start < n; start += 2 * width) {
                    const size_t middle = start + width < n ? start + width : n;
                    const size_t end = middle + width < n ? middle + width : n;
                    size_t left = start, right = middle;
                    for (size_t i = start; i < end; i++) {
                        const int takes_right =
                            left == middle || (right < end && precedes(in[(size_t)from[right] * inner + k],
                                                                       in[(size_t)from[left] * inner + k], descending));
                        to[i] = takes_right ? from[right++] : from[left++];
                    }
                }
                float *sorted = to;
                to = from;
                from = sorted;
            }
            for (size_t i = 0; i < n; i++)
                out[i * inner + k] = from[i];
        }
    }
}

/* ----------------------------------------------------------- running sums */

void lepton_k_cumulative_f32(float *y, const float *x, size_t outer, size_t n, size_t inner, int product,
                             int reversed) {
    for (size_t o = 0; o < outer; o++, x += n * inner, y += n * inner) {
        for (size_t i = 0; i < n; i++) {
            const size_t at = (reversed ? n - 1 - i : i) * inner;
            const size_t before = reversed ? at + inner : at - inner;
            for (size_t k = 0; k < inner; k++) {
                if (i == 0) {
                    y[at + k] = x[at + k];
                } else {
                    y[at + k] = product ? y[before + k] * x[at + k] : y[before + k] + x[at + k];
                }
            }
        }
    }
}

void lepton_k_cumulative_product_grad_f32(float *dx, const float *dy, const float *x, size_t outer, size_t n,
                                          size_t inner, int reversed) {
    /* dx[j] = the product before j times s[j], with s[j] = dy[j] + x[j + 1] s[j + 1]: no division, so zeros are
     * nothing special. s is computed in dx from the end, then the products are multiplied in. */
    for (size_t o = 0; o < outer; o++, x += n * inner, dx += n * inner, dy += n * inner) {
        for (size_t k = 0; k < inner; k++) {
            float sum = 0.0f, next = 0.0f, before = 1.0f;
            for (size_t i = n; i-- > 0;) {
                const size_t at = (reversed ? n - 1 - i : i) * inner + k;
                sum = dy[at] + next * sum;
                next = x[at];
                dx[at] = sum;
            }
            for (size_t i = 0; i < n; i++) {
                const size_t at = (reversed ? n - 1 - i : i) * inner + k;
                dx[at] *= before;
                before *= x[at];
            }
        }
    }
}

/* ------------------------------------------------------------------ slopes */

int lepton_k_unary_slope_takes_value(int function) {
    switch (function) {
    case LEPTON_K_SQRT:
    case LEPTON_K_RSQRT:
    case LEPTON_K_RECIPROCAL:
    case LEPTON_K_EXP:
    case LEPTON_K_EXPM1:
    case LEPTON_K_TAN:
    case LEPTON_K_F_TANH:
    case LEPTON_K_F_SIGMOID:
    case LEPTON_K_F_RELU:
        return 1;
    default:
        return 0;
    }
}
