/*
 * activations.h - element-wise activations and their gradients.
 *
 * The activation is a constant inside each loop: the functions marked INLINE are expanded once per activation.
 */

INLINE vf activate(vf x, const int activation) {
    switch (activation) {
    case LEPTON_K_RELU:
        /* max(x, 0); NaN is not <= 0 and passes through. */
        return keep(~(x <= 0.0f), x);
    case LEPTON_K_SIGMOID:
        return sigmoid_v(x);
    case LEPTON_K_TANH:
        return tanh_v(x);
    default:
        return x;
    }
}

/** dy * f'(x), from y = f(x). */
INLINE vf activation_slope(vf dy, vf y, const int activation) {
    switch (activation) {
    case LEPTON_K_RELU:
        return keep(~(y <= 0.0f), dy);
    case LEPTON_K_SIGMOID:
        return dy * (y * (1.0f - y));
    case LEPTON_K_TANH:
        return dy * (1.0f - y * y);
    default:
        return dy;
    }
}

INLINE void activate_all(float *y, const float *x, size_t n, const int activation) {
    size_t i = 0;
    for (; i + W <= n; i += W)
        store(y + i, activate(load(x + i), activation));
    if (i < n) store_part(y + i, activate(load_part(x + i, n - i), activation), n - i);
}

INLINE void activate_biased(float *y, const float *x, const float *bias, size_t rows, size_t cols,
                            const int activation) {
    for (size_t r = 0; r < rows; r++, x += cols, y += cols) {
        size_t j = 0;
        for (; j + W <= cols; j += W)
            store(y + j, activate(load(x + j) + load(bias + j), activation));
        if (j < cols) {
            vf sum = load_part(x + j, cols - j) + load_part(bias + j, cols - j);
            store_part(y + j, activate(sum, activation), cols - j);
        }
    }
}

INLINE void bias_activation(float *y, const float *x, const float *bias, size_t rows, size_t cols,
                            const int activation) {
    if (bias == NULL) {
        if (activation != LEPTON_K_LINEAR || y != x) activate_all(y, x, rows * cols, activation);
    } else if (cols >= W) {
        activate_biased(y, x, bias, rows, cols, activation);
    } else {
        /* Narrow rows: the bias first, so that the costly part runs over full vectors. */
        for (size_t r = 0; r < rows; r++) {
            for (size_t j = 0; j < cols; j++)
                y[r * cols + j] = x[r * cols + j] + bias[j];
        }
        if (activation != LEPTON_K_LINEAR) activate_all(y, y, rows * cols, activation);
    }
}

static void bias_activation_f32(float *y, const float *x, const float *bias, size_t rows, size_t cols, int activation) {
    switch (activation) {
    case LEPTON_K_RELU:
        bias_activation(y, x, bias, rows, cols, LEPTON_K_RELU);
        break;
    case LEPTON_K_SIGMOID:
        bias_activation(y, x, bias, rows, cols, LEPTON_K_SIGMOID);
        break;
    case LEPTON_K_TANH:
        bias_activation(y, x, bias, rows, cols, LEPTON_K_TANH);
        break;
    default:
        bias_activation(y, x, bias, rows, cols, LEPTON_K_LINEAR);
        break;
    }
}

INLINE void activation_grad(float *dx, const float *dy, const float *y, size_t n, const int activation) {
    size_t i = 0;
    for (; i + W <= n; i += W)
        store(dx + i, activation_slope(load(dy + i), load(y + i), activation));
    if (i < n) {
        vf slope = activation_slope(load_part(dy + i, n - i), load_part(y + i, n - i), activation);
        store_part(dx + i, slope, n - i);
    }
}

static void activation_grad_f32(float *dx, const float *dy, const float *y, size_t n, int activation) {
    switch (activation) {
    case LEPTON_K_RELU:
        activation_grad(dx, dy, y, n, LEPTON_K_RELU);
        break;
    case LEPTON_K_SIGMOID:
        activation_grad(dx, dy, y, n, LEPTON_K_SIGMOID);
        break;
    case LEPTON_K_TANH:
        activation_grad(dx, dy, y, n, LEPTON_K_TANH);
        break;
    default:
        activation_grad(dx, dy, y, n, LEPTON_K_LINEAR);
        break;
    }
}

/** `count` rows at once, so that dbias is read and written once for them; added in row order all the same. */
INLINE void bias_grad_rows(float *dx, float *dbias, const float *dy, const float *y, const size_t count, size_t cols,
                           const int activation) {
    size_t j = 0;
    for (; j + W <= cols; j += W) {
        vf sum = load(dbias + j);
        for (size_t r = 0; r < count; r++) {
            vf slope = activation_slope(load(dy + r * cols + j), load(y + r * cols + j), activation);
            store(dx + r * cols + j, slope);
            sum += slope;
        }
        store(dbias + j, sum);
    }
    if (j < cols) {
        size_t left = cols - j;
        vf sum = load_part(dbias + j, left);
        for (size_t r = 0; r < count; r++) {
            vf slope =
                activation_slope(load_part(dy + r * cols + j, left), load_part(y + r * cols + j, left), activation);
            store_part(dx + r * cols + j, slope, left);
            sum += slope;
        }
        store_part(dbias + j, sum, left);
    }
}

INLINE void activation_bias_grad(float *dx, float *dbias, const float *dy, const float *y, size_t rows, size_t cols,
                                 const int activation) {
    size_t r = 0;
    for (; r + 4 <= rows; r += 4) {
        bias_grad_rows(dx + r * cols, dbias, dy + r * cols, y + r * cols, 4, cols, activation);
    }
    for (; r < rows; r++)
        bias_grad_rows(dx + r * cols, dbias, dy + r * cols, y + r * cols, 1, cols, activation);
}

static void activation_bias_grad_f32(float *dx, float *dbias, const float *dy, const float *y, size_t rows, size_t cols,
                                     int activation, int accumulate) {
    if (!accumulate) {
        for (size_t j = 0; j < cols; j++)
            dbias[j] = 0.0f;
    }
    switch (activation) {
    case LEPTON_K_RELU:
        activation_bias_grad(dx, dbias, dy, y, rows, cols, LEPTON_K_RELU);
        break;
    case LEPTON_K_SIGMOID:
        activation_bias_grad(dx, dbias, dy, y, rows, cols, LEPTON_K_SIGMOID);
        break;
    case LEPTON_K_TANH:
        activation_bias_grad(dx, dbias, dy, y, rows, cols, LEPTON_K_TANH);
        break;
    default:
        activation_bias_grad(dx, dbias, dy, y, rows, cols, LEPTON_K_LINEAR);
        break;
    }
}
