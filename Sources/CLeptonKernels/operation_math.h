/*
 * operation_math.h - what the scalar and the vector kernels of operations share, number by number.
 */
#ifndef LEPTON_OPERATION_MATH_H
#define LEPTON_OPERATION_MATH_H

/** a mod b with the sign of b; NaN for b = 0. */
static inline float lepton_remainder(float a, float b) {
    float rest = __builtin_fmodf(a, b);
    if (rest != 0.0f && (rest < 0.0f) != (b < 0.0f)) rest += b;
    return rest;
}

/** The largest whole number not above a / b, exact also where the quotient rounds up to one. */
static inline float lepton_floor_divide(float a, float b) {
    if (b == 0.0f) return a / b;
    float rest = __builtin_fmodf(a, b);
    float quotient = (a - rest) / b;
    if (rest != 0.0f && (rest < 0.0f) != (b < 0.0f)) quotient -= 1.0f;
    float whole = __builtin_floorf(quotient);
    return quotient - whole > 0.5f ? whole + 1.0f : whole;
}

#endif /* LEPTON_OPERATION_MATH_H */
