/*
 * predict_row.c - one row through the layers, with no Python: by lepton_model_predict ("lepton"), or by the loops that
 * are the arithmetic alone ("plain").
 *
 *   predict_row lepton|plain WIDTH WIDTH...
 */
#include "network.h"
#include "turns.h"

#include <lepton.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CALLS = 100 };

typedef struct row {
    network net;
    scratch memory;
    lepton_model *model;
} row;

static void check(lepton_status status, lepton_error *error) {
    if (status != LEPTON_OK) fail(lepton_error_message(error));
}

static size_t by_lepton(void *context) {
    row *job = context;
    const size_t last = job->net.layers;
    const int64_t input[] = {1, (int64_t)job->net.widths[0]}, output[] = {1, (int64_t)job->net.widths[last]};
    const lepton_tensor_view x = {.data = job->memory.values[0], .dtype = LEPTON_FLOAT32, .ndim = 2, .shape = input};
    const lepton_tensor_view y = {
        .data = job->memory.values[last], .dtype = LEPTON_FLOAT32, .ndim = 2, .shape = output};
    lepton_error *error = NULL;
    for (int call = 0; call < CALLS; call++)
        check(lepton_model_predict(job->model, &x, 1, &y, 1, &error), error);
    return CALLS;
}

static void activate(float *y, size_t units, int is_last) {
    if (!is_last) {
        for (size_t j = 0; j < units; j++)
            y[j] = y[j] < 0 ? 0 : y[j];
    } else if (units == 1) {
        y[0] = 1 / (1 + expf(-y[0]));
    } else {
        float sum = 0;
        for (size_t j = 0; j < units; j++)
            sum += y[j] = expf(y[j]);
        for (size_t j = 0; j < units; j++)
            y[j] /= sum;
    }
}

static size_t by_plain_loops(void *context) {
    row *job = context;
    const network *net = &job->net;
    for (int call = 0; call < CALLS; call++) {
        for (size_t layer = 0; layer < net->layers; layer++) {
            const size_t inputs = net->widths[layer], units = net->widths[layer + 1];
            const float *x = job->memory.values[layer], *kernel = net->weights + net->kernel_at[layer];
            float *y = job->memory.values[layer + 1];
            memcpy(y, net->weights + net->bias_at[layer], units * sizeof(float));
            for (size_t i = 0; i < inputs; i++) {
                for (size_t j = 0; j < units; j++)
                    y[j] += x[i] * kernel[i * units + j];
            }
            activate(y, units, layer + 1 == net->layers);
        }
    }
    return CALLS;
}

static void create_model(row *job) {
    lepton_error *error = NULL;
    check(lepton_model_create(NULL, &job->model, &error), error);
    for (size_t layer = 0; layer < job->net.layers; layer++) {
        const size_t units = job->net.widths[layer + 1];
        const char *activation = layer + 1 < job->net.layers ? "relu" : units == 1 ? "sigmoid" : "softmax";
        char shape[64] = "", config[160];
        if (layer == 0) snprintf(shape, sizeof shape, ", \"input_shape\": [%zu]", job->net.widths[0]);
        snprintf(config, sizeof config, "{\"units\": %zu, \"activation\": \"%s\"%s}", units, activation, shape);
        check(lepton_model_add_layer(job->model, "Dense", config, &error), error);
    }
}

int main(int argc, char **argv) {
    if (argc < 4) fail("usage: predict_row lepton|plain WIDTH WIDTH...");
    row job = {.model = NULL};
    network_create(&job.net, argc - 2, argv + 2);
    scratch_create(&job.memory, &job.net, 1);
    fill_random(job.memory.values[0], job.net.widths[0], 1);
    if (strcmp(argv[1], "lepton") == 0) {
        create_model(&job);
        take_turns(by_lepton, &job);
        lepton_model_release(job.model);
    } else {
        take_turns(by_plain_loops, &job);
    }
    return 0;
}
