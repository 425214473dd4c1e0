/* Counts what a program takes from the heap, liblepton.so included.
 *
 * The definitions here stand before the C library's and pass on to them, so exactly one file of a program includes
 * this header. Under the sanitizers and valgrind, which do the same for purposes of their own, nothing is counted. */
#ifndef LEPTON_TEST_COUNTING_H
#define LEPTON_TEST_COUNTING_H

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define LEPTON_TEST_CANNOT_COUNT
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEPTON_TEST_CANNOT_COUNT
#endif
#endif

static atomic_long blocks_taken, blocks_returned;

static inline long allocations_made(void) { return atomic_load(&blocks_taken); }

static inline long blocks_in_use(void) { return atomic_load(&blocks_taken) - atomic_load(&blocks_returned); }

#ifndef LEPTON_TEST_CANNOT_COUNT

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);
void *memalign(size_t alignment, size_t size);

static void *counted(void *block) {
    if (block != NULL) atomic_fetch_add_explicit(&blocks_taken, 1, memory_order_relaxed);
    return block;
}

void *malloc(size_t size) { return counted(__libc_malloc(size)); }
void *calloc(size_t number, size_t size) { return counted(__libc_calloc(number, size)); }
void *memalign(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return counted(__libc_memalign(alignment, size)); }

void *realloc(void *block, size_t size) {
    void *moved = counted(__libc_realloc(block, size));
    if (block != NULL && (moved != NULL || size == 0))
        atomic_fetch_add_explicit(&blocks_returned, 1, memory_order_relaxed);
    return moved;
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    void *block = counted(__libc_memalign(alignment, size));
    if (block == NULL) return ENOMEM;
    *out = block;
    return 0;
}

void free(void *block) {
    if (block != NULL) atomic_fetch_add_explicit(&blocks_returned, 1, memory_order_relaxed);
    __libc_free(block);
}

#endif

#endif
