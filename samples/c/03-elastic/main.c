/*
 * An elastic fit: nodes join and leave while it runs, and the whole process is killed and goes on. The weights are those of
 * a fit that nothing disturbed, byte for byte.
 *
 *   cc -Isamples/c/support samples/c/03-elastic/main.c samples/c/support/sample.c \
 *      $(pkg-config --cflags --libs lepton) -o elastic
 *   ./elastic [FOLDER]       the folder keeps the checkpoints
 */
#define _POSIX_C_SOURCE 200809L
#include "sample.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { ROWS = 256, COLUMNS = 8, EPOCHS = 10, LAST_EPOCH = 4 };

static lepton_client *make_client(int nodes, const char *folder) {
    lepton_error *error = NULL;
    lepton_client_options options;
    lepton_client_options_init(&options);
    options.nodes = nodes;
    options.store_path = folder;
    lepton_client *client = NULL;
    check(lepton_client_create(&options, &client, &error), error);
    return client;
}

static lepton_model *make_model(void) {
    lepton_error *error = NULL;
    lepton_model *model = NULL;
    check(lepton_model_create(NULL, &model, &error), error);
    check(lepton_model_set_seed(model, 1, &error), error);
    check(lepton_model_add_layer(model, "Dense", "{\"units\": 32, \"activation\": \"relu\", \"input_shape\": [8]}",
                                 &error),
          error);
    check(lepton_model_add_layer(model, "Dropout", "{\"rate\": 0.1}", &error), error);
    check(lepton_model_add_layer(model, "Dense", "{\"units\": 1}", &error), error);
    lepton_compile_options options;
    lepton_compile_options_init(&options);
    options.optimizer = "adam";
    options.loss = "mean_squared_error";
    check(lepton_model_compile(model, &options, &error), error);
    return model;
}

static lepton_history *train(lepton_client *client, lepton_model *model, lepton_fit_options *options) {
    static float x[ROWS * COLUMNS], y[ROWS];
    for (int row = 0; row < ROWS; row++) {
        float *features = x + row * COLUMNS;
        for (int column = 0; column < COLUMNS; column++)
            features[column] = (float)(row * (column + 3) % 23) / 23.0f;
        y[row] = features[0] * features[1] - features[2];
    }
    lepton_error *error = NULL;
    lepton_tensor_view features = matrix(x, (const int64_t[]){ROWS, COLUMNS});
    lepton_tensor_view targets = matrix(y, (const int64_t[]){ROWS, 1});
    options->epochs = EPOCHS;
    lepton_history *history = NULL;
    check(lepton_client_fit(client, model, &features, 1, &targets, 1, options, &history, &error), error);
    return history;
}

/* What a progress callback needs to know. */
typedef struct journey {
    lepton_allocation *allocation; /* to be resized; NULL: none */
    int epochs, dies;
} journey;

static int32_t after_epoch(const lepton_progress *progress, void *context) {
    journey *j = context;
    if (progress->event != LEPTON_EPOCH_END) return 0;
    j->epochs++;
    if (j->allocation != NULL) {
        static const int sizes[] = {5, 2, 1, 4, 3};
        lepton_error *error = NULL;
        check(lepton_allocation_resize(j->allocation, sizes[j->epochs % 5], &error), error);
    }
    if (j->dies && j->epochs == LAST_EPOCH) raise(SIGKILL);
    return 0;
}

/* The weights, one after the other. */
static float *weights_of(lepton_model *model, size_t *bytes) {
    lepton_error *error = NULL;
    static float memory[COLUMNS * 32 + 32 + 32 + 1];
    lepton_tensor_view views[4];
    const int64_t shapes[4][2] = {{COLUMNS, 32}, {32, 0}, {32, 1}, {1, 0}};
    float *next = memory;
    for (int i = 0; i < 4; i++) {
        views[i] = matrix(next, shapes[i]);
        views[i].ndim = i % 2 == 0 ? 2 : 1;
        next += shapes[i][0] * (i % 2 == 0 ? shapes[i][1] : 1);
    }
    check(lepton_model_get_weights(model, views, 4, &error), error);
    *bytes = sizeof memory;
    float *copy = malloc(sizeof memory);
    if (copy == NULL) exit(EXIT_FAILURE);
    memcpy(copy, memory, sizeof memory);
    return copy;
}

static void compare(const char *what, lepton_model *model, const float *expected) {
    size_t bytes = 0;
    float *weights = weights_of(model, &bytes);
    printf("%s: the same bits: %s\n", what, memcmp(weights, expected, bytes) == 0 ? "yes" : "no");
    free(weights);
    lepton_model_release(model);
}

/* A fit with checkpoints; the child process of this program does not survive it. */
static lepton_model *train_with_checkpoints(lepton_client *client, int dies) {
    lepton_model *model = make_model();
    journey j = {.dies = dies};
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.checkpoint_name = "elastic";
    options.checkpoint_steps = 5;
    options.progress = after_epoch;
    options.progress_context = &j;
    lepton_history_release(train(client, model, &options));
    if (!dies) printf("killed after %d of %d epochs, it went on and ended %d more\n", LAST_EPOCH, EPOCHS, j.epochs);
    return model;
}

int main(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[1], "--die") == 0) {
        train_with_checkpoints(make_client(2, arguments[2]), 1);
        return EXIT_FAILURE;
    }
    char temporary[] = "/tmp/lepton-elastic-XXXXXX";
    const char *folder = count > 1 ? arguments[1] : mkdtemp(temporary);
    if (folder == NULL) return EXIT_FAILURE;
    lepton_error *error = NULL;
    lepton_client *client = make_client(5, folder);

    /* Nothing happens to this one. */
    lepton_model *model = make_model();
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    lepton_history *history = train(client, model, &options);
    print_loss(history);
    lepton_history_release(history);
    size_t bytes = 0;
    float *expected = weights_of(model, &bytes);
    lepton_model_release(model);

    /* Another number of nodes after each epoch. */
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.nodes = 2;
    request.min_nodes = 1;
    request.max_nodes = 5;
    journey j = {0};
    check(lepton_client_allocate(client, &request, &j.allocation, &error), error);
    model = make_model();
    lepton_fit_options_init(&options);
    options.allocation = j.allocation;
    options.progress = after_epoch;
    options.progress_context = &j;
    lepton_history_release(train(client, model, &options));
    compare("1 to 5 nodes", model, expected);
    lepton_allocation_release(j.allocation);

    /* A process that is killed in the middle, and this one, which goes on from its last checkpoint. */
    char *child[] = {arguments[0], "--die", (char *)folder, NULL};
    pid_t process;
    int status = 0;
    if (posix_spawn(&process, arguments[0], NULL, NULL, child, environ) != 0) return EXIT_FAILURE;
    if (waitpid(process, &status, 0) != process || !WIFSIGNALED(status)) return EXIT_FAILURE;
    compare("killed and gone on", train_with_checkpoints(client, 0), expected);

    print_bill(client);
    free(expected);
    lepton_client_release(client);
    return EXIT_SUCCESS;
}
