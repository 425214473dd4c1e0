/*
 * scalar_objective.h - the reference of the losses of elements; a part of scalar.c.
 */

/** Half of a slope at its bound, as JAX has it for maxima and clipped values. */
static float bounded_slope(float x, float bound, float slope) {
    return x > bound ? slope : x == bound ? 0.5f * slope : x < bound ? 0.0f : x;
}

static float sign_of(float x) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x; }

static float focal_loss(float p, float target, const float *o, float *slope) {
    const float smoothing = o[0], alpha = o[1], gamma = o[2];
    float t = target * (1.0f - smoothing) + 0.5f * smoothing;
    float rest = 1.0f - (t * p + (1.0f - t) * (1.0f - p));
    rest = rest < 0.0f ? 0.0f : rest;
    float power = powf(rest, gamma), below = gamma == 0.0f ? 0.0f : gamma * powf(rest, gamma - 1.0f);
    float q = clip(p), loss = -(t * logf(q) + (1.0f - t) * logf(1.0f - q));
    float derivative = is_clipped(p) ? 0.0f : (q - t) / (q * (1.0f - q));
    float w = o[3] != 0.0f ? t * alpha + (1.0f - t) * (1.0f - alpha) : 1.0f;
    *slope = w * (below * (1.0f - 2.0f * t) * loss + power * derivative);
    return w * (power * loss);
}

static float element_of(int kind, float p, float t, const float *o, float *slope) {
    float e = p - t;
    switch (kind) {
    case LEPTON_K_LOSS_ABSOLUTE:
        *slope = sign_of(e);
        return fabsf(e);
    case LEPTON_K_LOSS_PERCENTAGE: {
        float size = fabsf(t) > low ? fabsf(t) : low;
        *slope = 100.0f * sign_of(e) / size;
        return 100.0f * fabsf(e / size);
    }
    case LEPTON_K_LOSS_LOGARITHMIC: {
        float above = (p < low ? low : p) + 1.0f;
        float difference = logf(above) - logf((t < low ? low : t) + 1.0f);
        *slope = bounded_slope(p, low, 2.0f * difference / above);
        return difference * difference;
    }
    case LEPTON_K_LOSS_HUBER:
        *slope = fabsf(e) > o[0] ? o[0] * sign_of(e) : e;
        return fabsf(e) > o[0] ? o[0] * fabsf(e) - 0.5f * (o[0] * o[0]) : 0.5f * (e * e);
    case LEPTON_K_LOSS_LOG_COSH:
        *slope = tanhf(e);
        return fabsf(e) + log1pf(expf(-2.0f * fabsf(e))) - 0.69314718f;
    case LEPTON_K_LOSS_HINGE: {
        float label = o[0] * t + o[1], margin = 1.0f - label * p;
        *slope = bounded_slope(margin, 0.0f, -label);
        return margin < 0.0f ? 0.0f : margin;
    }
    case LEPTON_K_LOSS_SQUARED_HINGE: {
        float label = o[0] * t + o[1], margin = 1.0f - label * p;
        margin = margin < 0.0f ? 0.0f : margin;
        *slope = -2.0f * label * margin;
        return margin * margin;
    }
    case LEPTON_K_LOSS_POISSON:
        *slope = 1.0f - t / (p + low);
        return p - t * logf(p + low);
    case LEPTON_K_LOSS_KL_DIVERGENCE: {
        float q = p < low ? low : p > 1.0f ? 1.0f : p, share = t < low ? low : t > 1.0f ? 1.0f : t;
        *slope = bounded_slope(-p, -1.0f, bounded_slope(p, low, -share / q));
        return share * logf(share / q);
    }
    case LEPTON_K_LOSS_BINARY_FOCAL:
        return focal_loss(p, t, o, slope);
    default: {
        float q = sigmoid(p), loss = focal_loss(q, t, o, slope);
        *slope = *slope * (q * (1.0f - q));
        return loss;
    }
    }
}

static double loss_elementwise_f32(float *grad, const float *pred, const float *target, const float *weight,
                                   size_t rows_per_weight, size_t rows, size_t cols, float scale, int kind,
                                   const float *options) {
    const float divisor = kind == LEPTON_K_LOSS_KL_DIVERGENCE ? 1.0f : (float)cols;
    double total = 0.0;
    for (size_t i = 0; i < rows * cols; i++) {
        float w = weight_of(weight, i / cols, rows_per_weight), slope;
        total += (double)w * (double)element_of(kind, pred[i], target[i], options, &slope) / (double)divisor;
        if (grad != NULL) grad[i] = scale / divisor * w * slope;
    }
    return total;
}
