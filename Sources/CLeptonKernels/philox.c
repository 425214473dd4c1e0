/*
 * philox.c - the public form of the generator.
 */
#include "philox.h"
#include "lepton_kernels.h"

void lepton_k_philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]) {
    philox_block(out, counter, key);
}
