/*
 * noise.h - random masks and noise, W Philox blocks (4 W elements) at a time.
 */

/** The normal deviate of a word: Giles's single-precision inverse error function of 2 u - 1, times sqrt(2), with
 *  u = (word + 1/2) 2^-32. Near the ends 1 - |2 u - 1| is taken from the word itself, where it is exact. */
INLINE vf normal_v(vu word) {
    vi is_upper = (vi)word < 0;
    /* The distance to the nearer end, in (0, 1/2]. */
    vu from_end = (vu)((is_upper & (vi)~word) | (~is_upper & (vi)word));
    vf end = (__builtin_convertvector((vi)from_end, vf) + 0.5f) * 0x1p-32f;
    vf w = -log_v(4.0f * end * (1.0f - end));
    vf x = 1.0f - 2.0f * end;
    x = choose(is_upper, x, -x);

    vf near = w - 2.5f, p = splat(2.81022636e-08f);
    p = p * near + 3.43273939e-07f;
    p = p * near - 3.5233877e-06f;
    p = p * near - 4.39150654e-06f;
    p = p * near + 0.00021858087f;
    p = p * near - 0.00125372503f;
    p = p * near - 0.00417768164f;
    p = p * near + 0.246640727f;
    p = p * near + 1.50140941f;

    vf far = __builtin_elementwise_sqrt(w) - 3.0f, q = splat(-0.000200214257f);
    q = q * far + 0.000100950558f;
    q = q * far + 0.00134934322f;
    q = q * far - 0.00367342844f;
    q = q * far + 0.00573950773f;
    q = q * far - 0.0076224613f;
    q = q * far + 0.00943887047f;
    q = q * far + 1.00167406f;
    q = q * far + 2.83297682f;
    return 1.41421356237f * x * choose(w < 5.0f, p, q);
}

static void mask_f32(float *mask, size_t n, float rate, float kept, uint64_t seed, uint64_t stream, uint64_t offset) {
    const uint32_t threshold = philox_threshold(rate);
    size_t i = 0;
    for (; i < n && (offset + i) % 4 != 0; i++)
        mask[i] = philox_word(seed, stream, offset + i) < threshold ? 0.0f : kept;
    for (; i < n; i += 4 * W) {
        vu words[4];
        philox_blocks(words, seed, stream, (offset + i) / 4);
        for (size_t part = 0, at = i; part < 4 && at < n; part++, at += W)
            store_any(mask + at, keep((vi)(words[part] >= threshold), splat(kept)), n - at);
    }
}

static void normal_f32(float *out, size_t n, float mean, float deviation, uint64_t seed, uint64_t stream,
                       uint64_t offset) {
    size_t i = 0;
    for (; i < n && (offset + i) % 4 != 0; i++)
        out[i] = mean + deviation * normal_v(philox_word(seed, stream, offset + i) - (vu){0})[0];
    for (; i < n; i += 4 * W) {
        vu words[4];
        philox_blocks(words, seed, stream, (offset + i) / 4);
        for (size_t part = 0, at = i; part < 4 && at < n; part++, at += W)
            store_any(out + at, mean + deviation * normal_v(words[part]), n - at);
    }
}

static void masked_f32(float *y, const float *x, const float *mask, size_t n, float shift, float base) {
    EACH_VECTOR(i, n, left)
    store_any(y + i, load_any(mask + i, left) * (load_any(x + i, left) - shift) + base, left);
}

static void spread_f32(float *out, const float *in, size_t rank, const size_t *extents, const size_t *strides) {
    size_t index[LEPTON_K_MAX_RANK] = {0}, total = 1, from = 0;
    if (rank > LEPTON_K_MAX_RANK) return;
    for (size_t axis = 0; axis < rank; axis++)
        total *= extents[axis];
    const size_t inner = rank > 0 ? extents[rank - 1] : 1, stride = rank > 0 ? strides[rank - 1] : 0;
    for (size_t done = 0; done < total; done += inner) {
        if (stride == 1) {
            EACH_VECTOR(j, inner, left) store_any(out + done + j, load_any(in + from + j, left), left);
        } else {
            for (size_t j = 0; j < inner; j++)
                out[done + j] = in[from + j * stride];
        }
        for (size_t axis = rank > 0 ? rank - 1 : 0; axis-- > 0;) {
            from += strides[axis];
            if (++index[axis] < extents[axis]) break;
            from -= strides[axis] * extents[axis];
            index[axis] = 0;
        }
    }
}
