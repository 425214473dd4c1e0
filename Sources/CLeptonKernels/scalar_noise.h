/*
 * scalar_noise.h - plain loops over the formulas of vector/noise.h; a part of scalar.c.
 */

static float polynomial(float x, const float *coefficients, int count) {
    float value = 0.0f;
    for (int i = 0; i < count; i++)
        value = value * x + coefficients[i];
    return value;
}

static float normal_deviate(uint32_t word) {
    static const float near[] = {2.81022636e-08f, 3.43273939e-07f, -3.5233877e-06f, -4.39150654e-06f, 0.00021858087f,
                                 -0.00125372503f, -0.00417768164f, 0.246640727f,    1.50140941f};
    static const float far[] = {-0.000200214257f, 0.000100950558f, 0.00134934322f, -0.00367342844f, 0.00573950773f,
                                -0.0076224613f,   0.00943887047f,  1.00167406f,    2.83297682f};
    int is_upper = word >> 31 != 0;
    float end = ((float)(is_upper ? ~word : word) + 0.5f) * 0x1p-32f;
    float w = -logf(4.0f * end * (1.0f - end)), x = is_upper ? 1.0f - 2.0f * end : 2.0f * end - 1.0f;
    return 1.41421356237f * x * (w < 5.0f ? polynomial(w - 2.5f, near, 9) : polynomial(sqrtf(w) - 3.0f, far, 9));
}

static void mask_f32(float *mask, size_t n, float rate, float kept, uint64_t seed, uint64_t stream, uint64_t offset) {
    for (size_t i = 0; i < n; i++)
        mask[i] = philox_word(seed, stream, offset + i) * 0x1p-32 < (double)rate ? 0.0f : kept;
}

static void normal_f32(float *out, size_t n, float mean, float deviation, uint64_t seed, uint64_t stream,
                       uint64_t offset) {
    for (size_t i = 0; i < n; i++)
        out[i] = mean + deviation * normal_deviate(philox_word(seed, stream, offset + i));
}

static void masked_f32(float *y, const float *x, const float *mask, size_t n, float shift, float base) {
    for (size_t i = 0; i < n; i++)
        y[i] = mask[i] * (x[i] - shift) + base;
}

static void spread_f32(float *out, const float *in, size_t rank, const size_t *extents, const size_t *strides) {
    size_t total = 1;
    for (size_t axis = 0; axis < rank; axis++)
        total *= extents[axis];
    for (size_t i = 0; i < total; i++) {
        size_t rest = i, from = 0;
        for (size_t axis = rank; axis-- > 0;) {
            from += rest % extents[axis] * strides[axis];
            rest /= extents[axis];
        }
        out[i] = in[from];
    }
}
