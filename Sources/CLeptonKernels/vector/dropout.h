/*
 * dropout.h - inverted dropout, W Philox blocks (4 W elements) at a time.
 */

/** out = the words of the W blocks from `block` on, in order: 4 W words. */
INLINE void philox_blocks(uint32_t out[4 * W], uint64_t seed, uint64_t stream, uint64_t block) {
    vu64 number;
    for (int i = 0; i < W; i++) number[i] = block + (uint64_t)i;
    const vu zero = {0};
    vu c0 = __builtin_convertvector(number, vu), c1 = __builtin_convertvector(number >> 32, vu);
    vu c2 = (uint32_t)stream + zero, c3 = (uint32_t)(stream >> 32) + zero;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        vu64 p0 = __builtin_convertvector(c0, vu64) * (uint64_t)philox_m0;
        vu64 p1 = __builtin_convertvector(c2, vu64) * (uint64_t)philox_m1;
        c0 = __builtin_convertvector(p1 >> 32, vu) ^ c1 ^ k0;
        c2 = __builtin_convertvector(p0 >> 32, vu) ^ c3 ^ k1;
        c1 = __builtin_convertvector(p1, vu);
        c3 = __builtin_convertvector(p0, vu);
        k0 += philox_w0;
        k1 += philox_w1;
    }
    /* From one vector per word to one group of four words per block. */
    uint32_t words[4][W];
    __builtin_memcpy(words[0], &c0, sizeof c0);
    __builtin_memcpy(words[1], &c1, sizeof c1);
    __builtin_memcpy(words[2], &c2, sizeof c2);
    __builtin_memcpy(words[3], &c3, sizeof c3);
    for (int i = 0; i < W; i++) {
        for (int word = 0; word < 4; word++) out[4 * i + word] = words[word][i];
    }
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
    uint32_t words[4 * W];
    for (; i + 4 * W <= n; i += 4 * W) {
        philox_blocks(words, seed, stream, (offset + i) / 4);
        for (size_t part = 0; part < 4; part++) {
            vu word;
            __builtin_memcpy(&word, words + part * W, sizeof word);
            vf kept = keep((vi)(word >= threshold), splat(scale));
            store(mask + i + part * W, kept);
            store(y + i + part * W, load(x + i + part * W) * kept);
        }
    }
    if (i < n) {
        philox_blocks(words, seed, stream, (offset + i) / 4);
        for (size_t start = i; i < n; i++) {
            mask[i] = words[i - start] < threshold ? 0.0f : scale;
            y[i] = x[i] * mask[i];
        }
    }
}
