/*
 * avx512.c - the vector kernels for AVX-512 as every server processor with it has it (F, DQ, BW and VL).
 */
#include "philox.h"
#include "table.h"

#if LEPTON_X86
#include <immintrin.h>

#define LEPTON_W 16
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx2,fma"))),                   \
                             apply_to = function)
#include "vector/all.h"
#pragma clang attribute pop

LEPTON_DEFINE_TABLE(lepton_table_avx512, "avx512");
#endif
