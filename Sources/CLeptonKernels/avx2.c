/*
 * avx2.c - the vector kernels for AVX2 with fused multiply-add. The target is set by a pragma, not by a compiler flag,
 * so that the package builds wherever Swift does.
 */
#include "philox.h"
#include "table.h"

#if LEPTON_X86
#include <immintrin.h>

#define LEPTON_W 8
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "vector/all.h"
#pragma clang attribute pop

LEPTON_DEFINE_TABLE(lepton_table_avx2, "avx2");
#endif
