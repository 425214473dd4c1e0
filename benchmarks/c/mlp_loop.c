/*
 * mlp_loop.c - training as a plain C loop: gather, forward, backward, Adam. With two threads each takes half of every
 * batch, and half of the weights in the update.
 *
 *   mlp_loop THREADS BATCH ROWS WIDTH WIDTH...
 */
#include "network.h"
#include "turns.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct training {
    network net;
    size_t threads, batch, rows;
    float *x;
    int *labels;
    size_t *order;
    scratch memories[2];
    pthread_barrier_t barrier;
} training;

typedef struct thread_start {
    training *job;
    size_t thread;
} thread_start;

static void meet(training *job) {
    if (job->threads > 1) pthread_barrier_wait(&job->barrier);
}

static void gather(training *job, scratch *memory, size_t first, size_t rows) {
    const size_t width = job->net.widths[0];
    for (size_t i = 0; i < rows; i++) {
        const size_t row = job->order[first + i];
        memcpy(memory->values[0] + i * width, job->x + row * width, width * sizeof(float));
        memory->labels[i] = job->labels[row];
    }
}

static void *run_epoch(void *argument) {
    const thread_start *start = argument;
    training *job = start->job;
    scratch *memory = &job->memories[start->thread];
    const size_t share = job->batch / job->threads;
    const size_t begin = job->net.parameters * start->thread / job->threads;
    const size_t end = job->net.parameters * (start->thread + 1) / job->threads;
    for (size_t first = 0; first + job->batch <= job->rows; first += job->batch) {
        gather(job, memory, first + start->thread * share, share);
        network_gradients(&job->net, memory, share, job->batch);
        if (start->thread == 0) job->net.step++;
        meet(job);
        network_update(&job->net, job->memories, job->threads, begin, end);
        meet(job);
    }
    return NULL;
}

static size_t epoch(void *context) {
    training *job = context;
    for (size_t i = job->rows - 1; i > 0; i--) {
        const size_t other = random_next() % (i + 1), row = job->order[i];
        job->order[i] = job->order[other];
        job->order[other] = row;
    }
    thread_start starts[2] = {{job, 0}, {job, 1}};
    pthread_t second;
    if (job->threads > 1 && pthread_create(&second, NULL, run_epoch, &starts[1]) != 0) fail("no second thread");
    run_epoch(&starts[0]);
    if (job->threads > 1) pthread_join(second, NULL);
    return job->rows / job->batch * job->batch;
}

int main(int argc, char **argv) {
    if (argc < 6) fail("usage: mlp_loop THREADS BATCH ROWS WIDTH WIDTH...");
    training job = {
        .threads = count_argument(argv[1]), .batch = count_argument(argv[2]), .rows = count_argument(argv[3])};
    if (job.threads > 2 || job.batch % job.threads != 0) fail("expected 1 or 2 threads that divide the batch");
    network_create(&job.net, argc - 4, argv + 4);
    const size_t classes = job.net.widths[job.net.layers];
    job.x = floats(job.rows * job.net.widths[0]);
    fill_random(job.x, job.rows * job.net.widths[0], 1);
    job.labels = malloc(job.rows * sizeof *job.labels);
    job.order = malloc(job.rows * sizeof *job.order);
    if (job.labels == NULL || job.order == NULL) fail("out of memory");
    for (size_t i = 0; i < job.rows; i++) {
        job.labels[i] = (int)(random_next() % (classes == 1 ? 2 : classes));
        job.order[i] = i;
    }
    for (size_t thread = 0; thread < job.threads; thread++)
        scratch_create(&job.memories[thread], &job.net, job.batch / job.threads);
    if (pthread_barrier_init(&job.barrier, NULL, (unsigned)job.threads) != 0) fail("no barrier");
    take_turns(epoch, &job);
    return 0;
}
