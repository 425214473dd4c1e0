/*
 * dispatch.c - chooses the instruction set and forwards the public functions to its table.
 */
#include "table.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* NULL until the first use. Every thread that finds NULL makes the same choice, so it does not matter who stores. */
static _Atomic(const lepton_kernel_table *) current;

#if LEPTON_X86
static int has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

static int has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif

static const lepton_kernel_table *best_table(void) {
#if LEPTON_X86
    if (has_avx512()) return &lepton_table_avx512;
    if (has_avx2()) return &lepton_table_avx2;
#endif
    return &lepton_table_baseline;
}

/** The table of that name, or NULL when it is unknown or the processor cannot run it. */
static const lepton_kernel_table *table_named(const char *name) {
    if (name == NULL) return NULL;
    if (strcmp(name, "scalar") == 0) return &lepton_table_scalar;
    if (strcmp(name, "baseline") == 0) return &lepton_table_baseline;
#if LEPTON_X86
    if (strcmp(name, "avx2") == 0 && has_avx2()) return &lepton_table_avx2;
    if (strcmp(name, "avx512") == 0 && has_avx512()) return &lepton_table_avx512;
#endif
    return NULL;
}

static const lepton_kernel_table *choose_table(void) {
#if LEPTON_X86
    __builtin_cpu_init();
#endif
    const lepton_kernel_table *chosen = table_named(getenv("LEPTON_ISA"));
    if (chosen == NULL) chosen = best_table();
    /* Only from NULL, so that a selection made meanwhile by another thread stands. */
    const lepton_kernel_table *expected = NULL;
    if (atomic_compare_exchange_strong(&current, &expected, chosen)) return chosen;
    return expected;
}

const lepton_kernel_table *lepton_kernels(void) {
    const lepton_kernel_table *table = atomic_load_explicit(&current, memory_order_acquire);
    return table != NULL ? table : choose_table();
}

const char *lepton_k_isa(void) { return lepton_kernels()->isa; }

int lepton_k_select_isa(const char *name) {
#if LEPTON_X86
    __builtin_cpu_init();
#endif
    const lepton_kernel_table *table = table_named(name);
    if (table == NULL) return -1;
    atomic_store(&current, table);
    return 0;
}

/* The public functions: lepton_k_<name> calls <name> of the table in use. */
#define LEPTON_PUBLIC_DO(name, parameters, arguments)                                                                  \
    void lepton_k_##name parameters { lepton_kernels()->name arguments; }
#define LEPTON_PUBLIC_GET(type, name, parameters, arguments)                                                           \
    type lepton_k_##name parameters { return lepton_kernels()->name arguments; }

LEPTON_KERNEL_LIST(LEPTON_PUBLIC_DO, LEPTON_PUBLIC_GET)
