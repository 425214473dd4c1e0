/*
 * elements.h - the losses of elements that have no kernel of their own. How they are added up is in losses.h.
 */

/** Half of a slope at its bound, as JAX has it for maxima and clipped values; NaN stays. */
INLINE vf bounded_slope_v(vf x, float bound, vf slope) {
    vf kept = choose(x == splat(bound), 0.5f * slope, slope);
    return choose(x < bound, splat(0.0f), choose(x == x, kept, x));
}

INLINE vf error_sign_v(vf x) { return choose(x > 0.0f, splat(1.0f), choose(x < 0.0f, splat(-1.0f), x)); }

/** x^y for x >= 0; y is the same for all. */
INLINE vf power_v(vf x, float y) {
    if (y == 2.0f) return x * x;
    if (y == 1.0f) return x;
    if (y == 0.0f) return splat(1.0f);
    return exp_v(y * log_v(x));
}

INLINE vf focal_v(vf p, vf target, const float *o, vf *slope) {
    const float floor = 1e-7f, ceiling = (float)(1.0 - 1e-7), smoothing = o[0], alpha = o[1], gamma = o[2];
    vf t = target * (1.0f - smoothing) + 0.5f * smoothing;
    vf rest = 1.0f - (t * p + (1.0f - t) * (1.0f - p));
    rest = choose(rest < 0.0f, splat(0.0f), rest);
    vf power = power_v(rest, gamma);
    vf below = gamma == 0.0f ? splat(0.0f) : gamma * power_v(rest, gamma - 1.0f);
    vi under = p<floor, over = p> ceiling;
    vf q = choose(under, splat(floor), choose(over, splat(ceiling), p));
    vf loss = -(t * log_v(q) + (1.0f - t) * log_v(1.0f - q));
    vf derivative = keep(~(under | over), (q - t) / (q * (1.0f - q)));
    vf w = o[3] != 0.0f ? t * alpha + (1.0f - t) * (1.0f - alpha) : splat(1.0f);
    *slope = w * (below * (1.0f - 2.0f * t) * loss + power * derivative);
    return w * (power * loss);
}

/** Of one vector of elements: the losses, and their derivatives with respect to p. */
INLINE vf element_of_v(const int kind, vf p, vf t, const float *o, vf *slope) {
    const float floor = 1e-7f;
    vf e = p - t;
    switch (kind) {
    case LEPTON_K_LOSS_ABSOLUTE:
        *slope = error_sign_v(e);
        return absolute(e);
    case LEPTON_K_LOSS_PERCENTAGE: {
        vf size = absolute(t);
        size = choose(size > floor, size, splat(floor));
        *slope = 100.0f * error_sign_v(e) / size;
        return 100.0f * absolute(e / size);
    }
    case LEPTON_K_LOSS_LOGARITHMIC: {
        vf above = choose(p < floor, splat(floor), p) + 1.0f;
        vf difference = log_v(above) - log_v(choose(t < floor, splat(floor), t) + 1.0f);
        *slope = bounded_slope_v(p, floor, 2.0f * difference / above);
        return difference * difference;
    }
    case LEPTON_K_LOSS_HUBER: {
        vf size = absolute(e);
        vi far = size > o[0];
        *slope = choose(far, o[0] * error_sign_v(e), e);
        return choose(far, o[0] * size - 0.5f * (o[0] * o[0]), 0.5f * (e * e));
    }
    case LEPTON_K_LOSS_LOG_COSH: {
        vf size = absolute(e);
        *slope = tanh_v(e);
        return size + log1p_v(exp_v(-2.0f * size)) - 0.69314718f;
    }
    case LEPTON_K_LOSS_HINGE: {
        vf label = o[0] * t + o[1], margin = 1.0f - label * p;
        *slope = bounded_slope_v(margin, 0.0f, -label);
        return choose(margin < 0.0f, splat(0.0f), margin);
    }
    case LEPTON_K_LOSS_SQUARED_HINGE: {
        vf label = o[0] * t + o[1], margin = 1.0f - label * p;
        margin = choose(margin < 0.0f, splat(0.0f), margin);
        *slope = -2.0f * label * margin;
        return margin * margin;
    }
    case LEPTON_K_LOSS_POISSON:
        *slope = 1.0f - t / (p + floor);
        return p - t * log_v(p + floor);
    case LEPTON_K_LOSS_KL_DIVERGENCE: {
        vf q = choose(p < floor, splat(floor), choose(p > 1.0f, splat(1.0f), p));
        vf share = choose(t < floor, splat(floor), choose(t > 1.0f, splat(1.0f), t));
        *slope = bounded_slope_v(-p, -1.0f, bounded_slope_v(p, floor, -share / q));
        return share * log_v(share / q);
    }
    case LEPTON_K_LOSS_BINARY_FOCAL:
        return focal_v(p, t, o, slope);
    default: {
        vf q = sigmoid_v(p), loss = focal_v(q, t, o, slope);
        *slope = *slope * (q * (1.0f - q));
        return loss;
    }
    }
}
