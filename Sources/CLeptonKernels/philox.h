/*
 * philox.h - Philox4x32-10 (J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the constants,
 * and one block in plain C. vector/dropout.h computes W blocks at once with the same constants.
 */
#ifndef LEPTON_PHILOX_H
#define LEPTON_PHILOX_H

#include <math.h>
#include <stdint.h>

enum { PHILOX_ROUNDS = 10 };
static const uint32_t philox_m0 = 0xD2511F53u, philox_m1 = 0xCD9E8D57u;
static const uint32_t philox_w0 = 0x9E3779B9u, philox_w1 = 0xBB67AE85u;

static inline void philox_block(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t p0 = (uint64_t)philox_m0 * c0, p1 = (uint64_t)philox_m1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += philox_w0;
        k1 += philox_w1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/** The word of position `position` of a stream: word position % 4 of block position / 4. */
static inline uint32_t philox_word(uint64_t seed, uint64_t stream, uint64_t position) {
    uint64_t block = position / 4;
    const uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t words[4];
    philox_block(words, counter, key);
    return words[position % 4];
}

/** The smallest word that is kept at `rate`: word * 2^-32 < rate exactly when word < this. rate is in [0, 1), and the
 *  largest float below 1 gives 2^32 - 256, so the result fits. */
static inline uint32_t philox_threshold(float rate) { return (uint32_t)ceil((double)rate * 4294967296.0); }

#endif /* LEPTON_PHILOX_H */
