/* Steps of a training after the first take no memory from the heap, on any thread, whatever the number of nodes.
 *
 * This program's malloc and its kin stand before the C library's, for liblepton.so as well; they count and pass on. */
#define _GNU_SOURCE
#include "support.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_REPLACED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_REPLACED 1
#endif
#endif

static atomic_long allocations;

#ifndef IS_REPLACED

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void count(void) { atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed); }

void *malloc(size_t size) {
    count();
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count();
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count();
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
    count();
    void *block = __libc_memalign(alignment, size);
    if (block == NULL) return ENOMEM;
    *out = block;
    return 0;
}

#endif

typedef struct counts {
    long before_step, in_first_step, in_later_steps;
    int steps;
} counts;

/* A step lasts from EPOCH_BEGIN, or the BATCH_END before it, to its BATCH_END; it includes the shuffling of the rows.
 * What an epoch's end adds to the history is no part of a step. */
static int32_t look(const lepton_progress *progress, void *context) {
    counts *seen = context;
    long now = atomic_load(&allocations);
    if (progress->event == LEPTON_BATCH_END) {
        if (seen->steps++ == 0)
            seen->in_first_step = now - seen->before_step;
        else
            seen->in_later_steps += now - seen->before_step;
    }
    seen->before_step = now;
    return 0;
}

static void fit_counts_nothing(int32_t nodes) {
#ifdef IS_REPLACED
    skip();
#endif
    lepton_client *client = make_client(nodes);
    lepton_model *model = make_classifier(1);
    dataset data;
    dataset_init(&data, 1000);
    counts seen = {0};
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.batch_size = 96; /* ten whole batches and a remainder */
    options.epochs = 3;
    options.progress = look;
    options.progress_context = &seen;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    assert_int_equal(seen.steps, 33);
    assert_true(atomic_load(&allocations) > 0);
    assert_int_equal(seen.in_later_steps, 0);
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
}

static void one_node(void **state) {
    (void)state;
    fit_counts_nothing(1);
}

static void two_nodes(void **state) {
    (void)state;
    fit_counts_nothing(2);
}

static void five_nodes(void **state) {
    (void)state;
    fit_counts_nothing(5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_node),
        cmocka_unit_test(two_nodes),
        cmocka_unit_test(five_nodes),
    };
    return cmocka_run_group_tests_name("no allocation", tests, NULL, NULL);
}
