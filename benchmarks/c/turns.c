#include "turns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

void take_turns(work_fn work, void *context) {
    work(context);
    puts("ready");
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin) != NULL) {
        const double wanted = strtod(line, NULL), start = now();
        double elapsed = 0;
        size_t samples = 0;
        while (elapsed < wanted) {
            samples += work(context);
            elapsed = now() - start;
        }
        printf("%zu %.9f\n", samples, elapsed);
        fflush(stdout);
    }
}

float *floats(size_t count) {
    const size_t bytes = (count * sizeof(float) + 63) / 64 * 64;
    float *memory = aligned_alloc(64, bytes);
    if (memory == NULL) fail("out of memory");
    memset(memory, 0, bytes);
    return memory;
}

uint64_t random_next(void) {
    static uint64_t state = 88172645463325252u;
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 2685821657736338717u;
}

void fill_random(float *to, size_t count, float scale) {
    for (size_t i = 0; i < count; i++)
        to[i] = scale * ((float)(random_next() >> 40) / (float)(1 << 23) - 1.0f);
}

void fail(const char *message) {
    fprintf(stderr, "%s\n", message);
    exit(EXIT_FAILURE);
}

size_t count_argument(const char *text) {
    char *end;
    const unsigned long value = strtoul(text, &end, 10);
    if (value == 0 || *end != '\0') fail("expected a whole number of at least 1");
    return value;
}
