/*
 * binary.h - functions of two numbers with broadcasting, and their gradients.
 *
 * A loop's innermost axis is a run: each operand either moves along it or stands still. The outer axes are counted
 * through by hand.
 */

#define BOTH_LANES(name, function)                                                                                     \
    INLINE vf name(vf a, vf b) {                                                                                       \
        for (int i = 0; i < W; i++)                                                                                    \
            a[i] = function(a[i], b[i]);                                                                               \
        return a;                                                                                                      \
    }

BOTH_LANES(pow_lanes, __builtin_powf)
BOTH_LANES(atan2_lanes, __builtin_atan2f)
BOTH_LANES(remainder_lanes, lepton_remainder)
BOTH_LANES(floor_divide_lanes, lepton_floor_divide)
#undef BOTH_LANES

INLINE vf binary_v(vf a, vf b, const int function) {
    switch (function) {
    case LEPTON_K_B_ADD:
        return a + b;
    case LEPTON_K_B_SUBTRACT:
        return a - b;
    case LEPTON_K_B_MULTIPLY:
        return a * b;
    case LEPTON_K_B_DIVIDE:
        return a / b;
    case LEPTON_K_B_POWER:
        return pow_lanes(a, b);
    case LEPTON_K_B_MAXIMUM:
        return choose((a > b) | (a != a), a, b);
    case LEPTON_K_B_MINIMUM:
        return choose((a < b) | (a != a), a, b);
    case LEPTON_K_B_SQUARED_DIFFERENCE:
        return (a - b) * (a - b);
    case LEPTON_K_B_ARCTAN2:
        return atan2_lanes(a, b);
    case LEPTON_K_B_REMAINDER:
        return remainder_lanes(a, b);
    case LEPTON_K_B_KEEP_WHERE:
        return keep(b != 0.0f, a);
    case LEPTON_K_B_KEEP_UNLESS:
        return keep(b == 0.0f, a);
    case LEPTON_K_B_FLOOR_DIVIDE:
        return floor_divide_lanes(a, b);
    case LEPTON_K_B_EQUAL:
        return truth(a == b);
    case LEPTON_K_B_NOT_EQUAL:
        return truth(a != b);
    case LEPTON_K_B_LESS:
        return truth(a < b);
    case LEPTON_K_B_LESS_EQUAL:
        return truth(a <= b);
    case LEPTON_K_B_GREATER:
        return truth(a > b);
    case LEPTON_K_B_GREATER_EQUAL:
        return truth(a >= b);
    case LEPTON_K_B_AND:
        return truth((a != 0.0f) & (b != 0.0f));
    case LEPTON_K_B_OR:
        return truth((a != 0.0f) | (b != 0.0f));
    default:
        return truth((a != 0.0f) ^ (b != 0.0f));
    }
}

/** dy * df/da, or with `second` dy * df/db. */
INLINE vf binary_slope_v(vf dy, vf a, vf b, const int function, const int second) {
    switch (function) {
    case LEPTON_K_B_ADD:
        return dy;
    case LEPTON_K_B_SUBTRACT:
        return second ? -dy : dy;
    case LEPTON_K_B_MULTIPLY:
        return dy * (second ? a : b);
    case LEPTON_K_B_DIVIDE:
        return second ? -dy * (a / b) / b : dy / b;
    case LEPTON_K_B_POWER:
        if (second) return keep(a != 0.0f, dy * (pow_lanes(a, b) * log_v(a)));
        return keep(b != 0.0f, dy * (b * pow_lanes(a, b - 1.0f)));
    case LEPTON_K_B_MAXIMUM:
        return choose(a == b, 0.5f * dy, keep(second ? ~(a > b) : a > b, dy));
    case LEPTON_K_B_MINIMUM:
        return choose(a == b, 0.5f * dy, keep(second ? ~(a < b) : a < b, dy));
    case LEPTON_K_B_SQUARED_DIFFERENCE:
        return (second ? -2.0f : 2.0f) * (a - b) * dy;
    case LEPTON_K_B_ARCTAN2:
        return dy * ((second ? -a : b) / (a * a + b * b));
    case LEPTON_K_B_REMAINDER:
        return second ? -dy * __builtin_elementwise_floor(a / b) : dy;
    case LEPTON_K_B_KEEP_WHERE:
        return second ? (vf){0} : keep(b != 0.0f, dy);
    case LEPTON_K_B_KEEP_UNLESS:
        return second ? (vf){0} : keep(b == 0.0f, dy);
    default:
        return (vf){0};
    }
}

/** The vector at place i of a run, which may stand still. */
INLINE vf load_run(const float *p, ptrdiff_t step, size_t i, size_t left) {
    return step ? load_any(p + i, left) : splat(*p);
}

INLINE void binary_run(float *out, const float *a, ptrdiff_t a_step, const float *b, ptrdiff_t b_step, size_t n,
                       const int function) {
    size_t i = 0;
    if (a_step && b_step) {
        for (; i + W <= n; i += W)
            store(out + i, binary_v(load(a + i), load(b + i), function));
    } else if (a_step) {
        const vf y = splat(*b);
        for (; i + W <= n; i += W)
            store(out + i, binary_v(load(a + i), y, function));
    } else if (b_step) {
        const vf x = splat(*a);
        for (; i + W <= n; i += W)
            store(out + i, binary_v(x, load(b + i), function));
    }
    for (; i < n; i += W) {
        const size_t left = n - i;
        store_any(out + i, binary_v(load_run(a, a_step, i, left), load_run(b, b_step, i, left), function), left);
    }
}

/** grad(n) (+)= the slopes of a run; where it stands still, their sum is added. */
INLINE void binary_grad_run(float *grad, ptrdiff_t grad_step, const float *dy, const float *a, ptrdiff_t a_step,
                            const float *b, ptrdiff_t b_step, size_t n, const int function, const int second,
                            int overwrite) {
    vf sum = {0};
    for (size_t i = 0; i < n; i += W) {
        const size_t left = n - i;
        vf slope = binary_slope_v(load_any(dy + i, left), load_run(a, a_step, i, left), load_run(b, b_step, i, left),
                                  function, second);
        if (!grad_step) {
            sum += left < W ? keep(lanes_below(left), slope) : slope;
        } else if (overwrite) {
            store_any(grad + i, slope, left);
        } else {
            store_any(grad + i, load_any(grad + i, left) + slope, left);
        }
    }
    if (!grad_step) *grad += sum_lanes(sum);
}

/** Moves on to the next run: counts the outer axes up, the last of them first. Returns 0 after the last run. */
INLINE int next_run(const lepton_k_loop *loop, size_t *places, ptrdiff_t *a, ptrdiff_t *b, ptrdiff_t *out) {
    for (size_t axis = loop->axes - 1; axis-- > 0;) {
        *a += loop->a[axis];
        *b += loop->b[axis];
        *out += loop->out[axis];
        if (++places[axis] < loop->extents[axis]) return 1;
        places[axis] = 0;
        const ptrdiff_t extent = (ptrdiff_t)loop->extents[axis];
        *a -= extent * loop->a[axis];
        *b -= extent * loop->b[axis];
        *out -= extent * loop->out[axis];
    }
    return 0;
}

INLINE int is_empty(const lepton_k_loop *loop) {
    for (size_t axis = 0; axis < loop->axes; axis++) {
        if (loop->extents[axis] == 0) return 1;
    }
    return 0;
}

INLINE void binary_all(float *out, const float *a, const float *b, const lepton_k_loop *loop, const int function) {
    size_t places[LEPTON_K_LOOP_AXES] = {0};
    const size_t last = loop->axes - 1, n = loop->extents[last];
    ptrdiff_t at_a = 0, at_b = 0, at_out = 0;
    if (is_empty(loop)) return;
    do {
        binary_run(out, a + at_a, loop->a[last], b + at_b, loop->b[last], n, function);
        out += n;
    } while (next_run(loop, places, &at_a, &at_b, &at_out));
}

INLINE void binary_grad_all(float *grad, const float *dy, const float *a, const float *b, const lepton_k_loop *loop,
                            int overwrite, const int function, const int second) {
    size_t places[LEPTON_K_LOOP_AXES] = {0};
    const size_t last = loop->axes - 1, n = loop->extents[last];
    ptrdiff_t at_a = 0, at_b = 0, at_out = 0;
    if (is_empty(loop)) return;
    do {
        binary_grad_run(grad + at_out, loop->out[last], dy, a + at_a, loop->a[last], b + at_b, loop->b[last], n,
                        function, second, overwrite);
        dy += n;
    } while (next_run(loop, places, &at_a, &at_b, &at_out));
}

#define FOR_BINARY(DO)                                                                                                 \
    DO(LEPTON_K_B_ADD)                                                                                                 \
    DO(LEPTON_K_B_SUBTRACT)                                                                                            \
    DO(LEPTON_K_B_MULTIPLY)                                                                                            \
    DO(LEPTON_K_B_DIVIDE)                                                                                              \
    DO(LEPTON_K_B_POWER)                                                                                               \
    DO(LEPTON_K_B_MAXIMUM)                                                                                             \
    DO(LEPTON_K_B_MINIMUM)                                                                                             \
    DO(LEPTON_K_B_SQUARED_DIFFERENCE)                                                                                  \
    DO(LEPTON_K_B_ARCTAN2)                                                                                             \
    DO(LEPTON_K_B_REMAINDER)                                                                                           \
    DO(LEPTON_K_B_KEEP_WHERE)                                                                                          \
    DO(LEPTON_K_B_KEEP_UNLESS)

#define FOR_FLAT_BINARY(DO)                                                                                            \
    DO(LEPTON_K_B_FLOOR_DIVIDE)                                                                                        \
    DO(LEPTON_K_B_EQUAL)                                                                                               \
    DO(LEPTON_K_B_NOT_EQUAL)                                                                                           \
    DO(LEPTON_K_B_LESS)                                                                                                \
    DO(LEPTON_K_B_LESS_EQUAL)                                                                                          \
    DO(LEPTON_K_B_GREATER)                                                                                             \
    DO(LEPTON_K_B_GREATER_EQUAL)                                                                                       \
    DO(LEPTON_K_B_AND)                                                                                                 \
    DO(LEPTON_K_B_OR)                                                                                                  \
    DO(LEPTON_K_B_XOR)

static void binary_f32(float *out, const float *a, const float *b, const lepton_k_loop *loop, int function) {
    switch (function) {
#define CASE(f)                                                                                                        \
    case f:                                                                                                            \
        binary_all(out, a, b, loop, f);                                                                                \
        break;
        FOR_BINARY(CASE)
        FOR_FLAT_BINARY(CASE)
#undef CASE
    default:
        break;
    }
}

static void binary_grad_f32(float *grad, const float *dy, const float *a, const float *b, const lepton_k_loop *loop,
                            int function, int second, int overwrite) {
    switch (function) {
#define CASE(f)                                                                                                        \
    case f:                                                                                                            \
        if (second) {                                                                                                  \
            binary_grad_all(grad, dy, a, b, loop, overwrite, f, 1);                                                    \
        } else {                                                                                                       \
            binary_grad_all(grad, dy, a, b, loop, overwrite, f, 0);                                                    \
        }                                                                                                              \
        break;
        FOR_BINARY(CASE)
#undef CASE
    default:
        break;
    }
}
#undef FOR_BINARY
#undef FOR_FLAT_BINARY
