/*
 * gates.h - the activations inside recurrent cells, where they are most of the work beside the products.
 *
 * tanh(x) is x P(x^2) / Q(x^2) up to |x| = 9.02, beyond which it is 1 in float32: P and Q of degree 4, fitted to
 * tanh(x) / x for the smallest largest relative error (2.1e-8), iterated least squares after Lawson. Rounding makes
 * that at most 6 ulp, 4e-7 at most, against 1.5 ulp of tanh_v at more than twice the time. The sigmoid is that of
 * half the argument, (1 + tanh(x / 2)) / 2, so its error is absolute: 2.5e-7.
 */

INLINE vf gate_tanh(vf x) {
    /* NaN fails the comparisons and stays. */
    x = choose(x > 9.02f, splat(9.02f), x);
    x = choose(x < -9.02f, splat(-9.02f), x);
    const vf z = x * x;
    vf p = splat(1.3318963439701007e-8f);
    vf q = splat(7.7619743151241930e-7f);
    p = p * z + 2.0583400835660650e-5f;
    q = q * z + 3.2830848040303530e-4f;
    p = p * z + 3.4940296419176567e-3f;
    q = q * z + 2.5871054519005548e-2f;
    p = p * z + 1.3379713813576538e-1f;
    q = q * z + 4.6713029057598265e-1f;
    p = p * z + 9.9999997902833350e-1f;
    q = q * z + 1.0f;
    const vf y = x * p / q;
    /* Rounding must not lead beyond 1, where the slope would change its sign. */
    return choose(y > 1.0f, splat(1.0f), choose(y < -1.0f, splat(-1.0f), y));
}

/** As activate(), for what happens at each time step. */
INLINE vf gate_activate(vf x, const int activation) {
    switch (activation) {
    case LEPTON_K_TANH:
        return gate_tanh(x);
    case LEPTON_K_SIGMOID:
        return 0.5f + 0.5f * gate_tanh(0.5f * x);
    default:
        return activate(x, activation);
    }
}
