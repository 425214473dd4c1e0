/*
 * gemm_limit.c - the matrix products of mlp_loop.c and nothing else: no gathering, no activation, no update, no
 * waiting for the other thread. No loop over this BLAS can train faster.
 *
 *   gemm_limit THREADS BATCH ROWS WIDTH WIDTH...
 */
#include "network.h"
#include "turns.h"

#include <pthread.h>

typedef struct products {
    network net;
    size_t threads, batch, rows;
    scratch memories[2];
} products;

typedef struct thread_start {
    products *job;
    size_t thread;
} thread_start;

static void *run_epoch(void *argument) {
    const thread_start *start = argument;
    const products *job = start->job;
    const scratch *memory = &job->memories[start->thread];
    const size_t share = job->batch / job->threads;
    for (size_t step = 0; step < job->rows / job->batch; step++) {
        for (size_t layer = 0; layer < job->net.layers; layer++)
            product_forward(&job->net, layer, memory, share);
        for (size_t layer = job->net.layers; layer-- > 0;) {
            product_kernel_gradient(&job->net, layer, memory, share);
            if (layer > 0) product_input_gradient(&job->net, layer, memory, share);
        }
    }
    return NULL;
}

static size_t epoch(void *context) {
    products *job = context;
    thread_start starts[2] = {{job, 0}, {job, 1}};
    pthread_t second;
    if (job->threads > 1 && pthread_create(&second, NULL, run_epoch, &starts[1]) != 0) fail("no second thread");
    run_epoch(&starts[0]);
    if (job->threads > 1) pthread_join(second, NULL);
    return job->rows / job->batch * job->batch;
}

int main(int argc, char **argv) {
    if (argc < 6) fail("usage: gemm_limit THREADS BATCH ROWS WIDTH WIDTH...");
    products job = {
        .threads = count_argument(argv[1]), .batch = count_argument(argv[2]), .rows = count_argument(argv[3])};
    if (job.threads > 2 || job.batch % job.threads != 0) fail("expected 1 or 2 threads that divide the batch");
    network_create(&job.net, argc - 4, argv + 4);
    for (size_t thread = 0; thread < job.threads; thread++) {
        const size_t share = job.batch / job.threads;
        scratch_create(&job.memories[thread], &job.net, share);
        /* Ordinary numbers everywhere: products that grow from step to step would end in infinities. */
        fill_random(job.memories[thread].values[0], share * job.net.widths[0], 1);
        fill_random(job.memories[thread].deltas[job.net.layers], share * job.net.widths[job.net.layers], 1);
    }
    take_turns(epoch, &job);
    return 0;
}
