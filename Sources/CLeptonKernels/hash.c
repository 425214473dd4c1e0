/*
 * hash.c - hashes of words, defined bit by bit so that a word falls into the same bin on every machine.
 */
#include "lepton_kernels.h"

#include <string.h>

static uint64_t rotated(uint64_t x, int right) { return x >> right | x << (64 - right); }

static uint64_t rotated_left(uint64_t x, int left) { return x << left | x >> (64 - left); }

static uint64_t word64(const unsigned char *p) {
    uint64_t word = 0;
    for (int i = 7; i >= 0; i--)
        word = word << 8 | p[i];
    return word;
}

static uint64_t word32(const unsigned char *p) {
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

/* ---------------------------------------------------------------- FarmHash */

static const uint64_t K0 = 0xc3a5c85c97cb3127u, K1 = 0xb492b66fbe98f273u, K2 = 0x9ae16a3b2f90404fu;

static uint64_t shift_mixed(uint64_t x) { return x ^ x >> 47; }

static uint64_t mixed(uint64_t u, uint64_t v, uint64_t factor) {
    uint64_t a = shift_mixed((u ^ v) * factor);
    return shift_mixed((v ^ a) * factor) * factor;
}

static uint64_t hash_up_to_16(const unsigned char *s, size_t n) {
    if (n >= 8) {
        uint64_t factor = K2 + 2 * n, a = word64(s) + K2, b = word64(s + n - 8);
        return mixed(rotated(b, 37) * factor + a, (rotated(a, 25) + b) * factor, factor);
    }
    if (n >= 4) return mixed(n + (word32(s) << 3), word32(s + n - 4), K2 + 2 * n);
    if (n == 0) return K2;
    uint64_t y = s[0] + ((uint64_t)s[n >> 1] << 8), z = n + ((uint64_t)s[n - 1] << 2);
    return shift_mixed(y * K2 ^ z * K0) * K2;
}

static uint64_t hash_up_to_64(const unsigned char *s, size_t n) {
    uint64_t factor = K2 + 2 * n, a = word64(s) * (n <= 32 ? K1 : K2), b = word64(s + 8);
    uint64_t c = word64(s + n - 8) * factor, d = word64(s + n - 16) * K2;
    uint64_t y = rotated(a + b, 43) + rotated(c, 30) + d;
    uint64_t z = mixed(y, a + rotated(b + K2, 18) + c, factor);
    if (n <= 32) return z;
    uint64_t e = word64(s + 16) * factor, f = word64(s + 24);
    uint64_t g = (y + word64(s + n - 32)) * factor, h = (z + word64(s + n - 24)) * factor;
    return mixed(rotated(e + f, 43) + rotated(g, 30) + h, e + rotated(f + a, 18) + g, factor);
}

/* The state for longer texts, which takes in 64 bytes at a time. */
typedef struct {
    uint64_t x, y, z, v0, v1, w0, w1;
} farm_state;

static void take_32(const unsigned char *s, uint64_t a, uint64_t b, uint64_t *first, uint64_t *second) {
    a += word64(s);
    b = rotated(b + a + word64(s + 24), 21);
    uint64_t c = a;
    a += word64(s + 8) + word64(s + 16);
    b += rotated(a, 44);
    *first = a + word64(s + 24);
    *second = b + c;
}

static void take_64(farm_state *state, const unsigned char *s, uint64_t factor, uint64_t weight) {
    farm_state t = *state;
    t.x = rotated(t.x + t.y + t.v0 + word64(s + 8), 37) * factor;
    t.y = rotated(t.y + t.v1 + word64(s + 48), 42) * factor;
    t.x ^= t.w1 * weight;
    t.y += t.v0 * weight + word64(s + 40);
    t.z = rotated(t.z + t.w0, 33) * factor;
    take_32(s, t.v1 * factor, t.x + t.w0, &t.v0, &t.v1);
    take_32(s + 32, t.z + t.w1, t.y + word64(s + 16), &t.w0, &t.w1);
    state->v0 = t.v0, state->v1 = t.v1, state->w0 = t.w0, state->w1 = t.w1;
    state->x = t.z, state->y = t.y, state->z = t.x;
}

uint64_t lepton_k_farmhash64(const void *bytes, size_t length) {
    const unsigned char *s = bytes;
    if (length <= 16) return hash_up_to_16(s, length);
    if (length <= 64) return hash_up_to_64(s, length);
    farm_state t = {.x = 81, .y = 81 * K1 + 113};
    t.z = shift_mixed(t.y * K2 + 113) * K2;
    t.x = t.x * K2 + word64(s);
    const unsigned char *end = s + (length - 1) / 64 * 64, *last = s + length - 64;
    for (; s != end; s += 64)
        take_64(&t, s, K1, 1);
    uint64_t factor = K1 + ((t.z & 0xff) << 1);
    t.w0 += (length - 1) & 63;
    t.v0 += t.w0;
    t.w0 += t.v0;
    take_64(&t, last, factor, 9);
    return mixed(mixed(t.v0, t.w0, factor) + shift_mixed(t.y) * K0 + t.z, mixed(t.v1, t.w1, factor) + t.x, factor);
}

/* ----------------------------------------------------------------- SipHash */

static void sip_round(uint64_t v[4]) {
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotated_left(v[1], 13) ^ v[0];
    v[3] = rotated_left(v[3], 16) ^ v[2];
    v[0] = rotated_left(v[0], 32);
    v[2] += v[1];
    v[0] += v[3];
    v[1] = rotated_left(v[1], 17) ^ v[2];
    v[3] = rotated_left(v[3], 21) ^ v[0];
    v[2] = rotated_left(v[2], 32);
}

static void sip_take(uint64_t v[4], uint64_t word) {
    v[3] ^= word;
    sip_round(v);
    sip_round(v);
    v[0] ^= word;
}

uint64_t lepton_k_siphash64(const void *bytes, size_t length, uint64_t key0, uint64_t key1) {
    const unsigned char *s = bytes;
    uint64_t v[4] = {key0 ^ 0x736f6d6570736575u, key1 ^ 0x646f72616e646f6du, key0 ^ 0x6c7967656e657261u,
                     key1 ^ 0x7465646279746573u};
    size_t whole = length / 8 * 8;
    for (size_t i = 0; i < whole; i += 8)
        sip_take(v, word64(s + i));
    unsigned char rest[8] = {0};
    if (length > whole) memcpy(rest, s + whole, length - whole);
    rest[7] = (unsigned char)length;
    sip_take(v, word64(rest));
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
