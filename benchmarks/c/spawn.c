/*
 * spawn.c - runs a program a number of times, one after the other, and prints a line for each run: wall time in
 * seconds and peak memory in KiB. In C because the peak that the kernel reports for a child is at least that of its
 * parent, so the parent must be small.
 *
 *   spawn RUNS PROGRAM [ARGUMENT...]
 */
#include "turns.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
    if (argc < 3) fail("usage: spawn RUNS PROGRAM [ARGUMENT...]");
    const size_t runs = count_argument(argv[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    for (size_t run = 0; run < runs; run++) {
        const double start = now();
        pid_t child;
        int status = 0;
        struct rusage usage;
        if (posix_spawnp(&child, argv[2], &actions, NULL, argv + 2, environ) != 0) fail("the program does not start");
        if (wait4(child, &status, 0, &usage) != child || status != 0) fail("the program failed");
        printf("%.6f %ld\n", now() - start, usage.ru_maxrss);
    }
    posix_spawn_file_actions_destroy(&actions);
    return 0;
}
