/*
 * dropout.h - inverted dropout, W Philox blocks (4 W elements) at a time.
 */

/** The high and the low halves of the products of each lane with `factor`. Even and odd lanes are multiplied apart,
 *  in place, because that is what the processors' widening multiplications do. */
INLINE void multiply_wide(vu x, uint32_t factor, vu *high, vu *low) {
    const uint64_t low_half = 0xffffffffu;
    vu64 even = ((vu64)x & low_half) * (uint64_t)factor;
    vu64 odd = ((vu64)x >> 32) * (uint64_t)factor;
    *high = (vu)((even >> 32) | (odd & ~low_half));
    *low = (vu)((even & low_half) | (odd << 32));
}

/** words = the words of the W blocks from `block` on, in order: 4 W words. */
INLINE void philox_blocks(vu words[4], uint64_t seed, uint64_t stream, uint64_t block) {
    vu c0, c1;
    for (int i = 0; i < W; i++) {
        c0[i] = (uint32_t)(block + (uint64_t)i);
        c1[i] = (uint32_t)((block + (uint64_t)i) >> 32);
    }
    const vu zero = {0};
    vu c2 = (uint32_t)stream + zero, c3 = (uint32_t)(stream >> 32) + zero;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
#pragma clang loop unroll(full)
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        vu high0, low0, high1, low1;
        multiply_wide(c0, philox_m0, &high0, &low0);
        multiply_wide(c2, philox_m1, &high1, &low1);
        c0 = high1 ^ c1 ^ k0;
        c2 = high0 ^ c3 ^ k1;
        c1 = low1;
        c3 = low0;
        k0 += philox_w0;
        k1 += philox_w1;
    }
    /* From one vector per word to the four words of each block next to each other. */
    const vu even_first = zip_first(c0, c2), odd_first = zip_first(c1, c3);
    const vu even_last = zip_last(c0, c2), odd_last = zip_last(c1, c3);
    words[0] = zip_first(even_first, odd_first);
    words[1] = zip_last(even_first, odd_first);
    words[2] = zip_first(even_last, odd_last);
    words[3] = zip_last(even_last, odd_last);
}

static void dropout_f32(float *y, float *mask, const float *x, size_t n, float rate, uint64_t seed, uint64_t stream,
                        uint64_t offset) {
    const uint32_t threshold = philox_threshold(rate);
    const float scale = 1.0f / (1.0f - rate);
    size_t i = 0;

    /* One by one up to the next whole block. */
    for (; i < n && (offset + i) % 4 != 0; i++) {
        mask[i] = philox_word(seed, stream, offset + i) < threshold ? 0.0f : scale;
        y[i] = x[i] * mask[i];
    }
    for (; i < n; i += 4 * W) {
        vu words[4];
        philox_blocks(words, seed, stream, (offset + i) / 4);
        for (size_t part = 0, at = i; part < 4 && at < n; part++, at += W) {
            vf kept = keep((vi)(words[part] >= threshold), splat(scale));
            store_any(mask + at, kept, n - at);
            store_any(y + at, load_any(x + at, n - at) * kept, n - at);
        }
    }
}
