/*
 * baseline.c - the vector kernels for what every processor of the architecture has: SSE2 on x86-64, NEON on arm64.
 */
#define LEPTON_W 4
#include "vector/all.h"

LEPTON_DEFINE_TABLE(lepton_table_baseline, "baseline");
