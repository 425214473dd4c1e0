#define _GNU_SOURCE
#include "support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

lepton_error *error = NULL;

/* So that nothing that was reported is lost when a test does not come back. */
__attribute__((constructor)) static void write_lines_at_once(void) { setvbuf(stdout, NULL, _IOLBF, BUFSIZ); }

void must_at(lepton_status status, const char *call, const char *file, int line) {
    if (status != LEPTON_OK || error != NULL) {
        print_error("%s\n  gave %s: %s\n", call, lepton_status_name(status), lepton_error_message(error));
        lepton_error_release(error);
        error = NULL;
        _fail(file, line);
    }
}

void refused_at(lepton_status status, lepton_status expected, const char *argument, const char *call, const char *file,
                int line) {
    const char *name = lepton_error_argument(error);
    const char *message = lepton_error_message(error);
    int is_right = status == expected && lepton_error_status(error) == expected && *message != '\0';
    if (argument != NULL) is_right = is_right && name != NULL && strstr(name, argument) != NULL;
    if (is_right && name != NULL)
        is_right = lepton_error_expected(error) != NULL && lepton_error_received(error) != NULL &&
                   strstr(message, name) != NULL && strstr(message, lepton_error_expected(error)) != NULL &&
                   strstr(message, lepton_error_received(error)) != NULL;
    if (!is_right) {
        print_error("%s\n  gave %s (argument %s): %s\n  instead of %s (argument %s)\n", call,
                    lepton_status_name(status), name ? name : "none", message, lepton_status_name(expected),
                    argument ? argument : "any");
        lepton_error_release(error);
        error = NULL;
        _fail(file, line);
    }
    lepton_error_release(error);
    error = NULL;
}

void matrix_init(matrix *m, float *data, int64_t rows, int64_t columns) {
    m->shape[0] = rows;
    m->shape[1] = columns;
    m->view = (lepton_tensor_view){
        .data = data, .dtype = LEPTON_FLOAT32, .ndim = columns < 0 ? 1 : 2, .shape = m->shape, .strides = NULL};
}

lepton_client *make_client(int32_t nodes) {
    lepton_client_options options;
    lepton_client_options_init(&options);
    options.nodes = nodes;
    lepton_client *client = NULL;
    must(lepton_client_create(&options, &client, &error));
    assert_non_null(client);
    return client;
}

lepton_model *make_model(uint64_t seed) {
    lepton_model *model = NULL;
    must(lepton_model_create(NULL, &model, &error));
    assert_non_null(model);
    must(lepton_model_set_seed(model, seed, &error));
    return model;
}

lepton_model *make_linear(int inputs) {
    lepton_model *model = make_model(1);
    char config[64];
    snprintf(config, sizeof config, "{\"units\": 1, \"input_shape\": [%d]}", inputs);
    must(lepton_model_add_layer(model, "Dense", config, &error));
    lepton_compile_options options;
    lepton_compile_options_init(&options);
    options.optimizer = "sgd";
    options.loss = "mean_squared_error";
    must(lepton_model_compile(model, &options, &error));
    return model;
}

lepton_model *make_classifier(uint64_t seed) {
    lepton_model *model = make_model(seed);
    must(lepton_model_add_layer(model, "Dense", "{\"units\": 8, \"activation\": \"relu\", \"input_shape\": [4]}",
                                &error));
    must(lepton_model_add_layer(model, "Dropout", "{\"rate\": 0.25}", &error));
    must(lepton_model_add_layer(model, "Dense", "{\"units\": 3, \"activation\": \"softmax\"}", &error));
    const char *metrics[] = {"accuracy"};
    lepton_compile_options options;
    lepton_compile_options_init(&options);
    options.loss = "sparse_categorical_crossentropy";
    options.metrics = metrics;
    options.metric_count = 1;
    must(lepton_model_compile(model, &options, &error));
    return model;
}

void dataset_init(dataset *d, int64_t rows) {
    d->features = malloc((size_t)rows * 4 * sizeof(float));
    d->classes = malloc((size_t)rows * sizeof(float));
    assert_non_null(d->features);
    assert_non_null(d->classes);
    uint32_t state = 12345;
    for (int64_t row = 0; row < rows; row++) {
        int class = (int)(row % 3);
        d->classes[row] = (float)class;
        for (int column = 0; column < 4; column++) {
            state = state * 1664525u + 1013904223u;
            float noise = (float)(state >> 8) / (float)(1 << 24) - 0.5f;
            d->features[row * 4 + column] = noise + (column == class ? 1.0f : 0.0f);
        }
    }
    matrix_init(&d->x, d->features, rows, 4);
    matrix_init(&d->y, d->classes, rows, 1);
}

void dataset_free(dataset *d) {
    free(d->features);
    free(d->classes);
}

float *copy_weights(lepton_model *model, size_t *bytes) {
    size_t count = 0;
    must(lepton_model_weight_count(model, &count, &error));
    lepton_tensor_view views[16];
    lepton_weight_info infos[16];
    assert_true(count <= 16);
    size_t offsets[16], total = 0;
    for (size_t i = 0; i < count; i++) {
        infos[i].struct_size = sizeof infos[i];
        must(lepton_model_weight_info(model, i, &infos[i], &error));
        offsets[i] = total;
        size_t elements = 1;
        for (int32_t axis = 0; axis < infos[i].ndim; axis++)
            elements *= (size_t)infos[i].shape[axis];
        total += elements;
    }
    float *weights = malloc(total * sizeof(float));
    assert_non_null(weights);
    for (size_t i = 0; i < count; i++)
        views[i] = (lepton_tensor_view){
            .data = weights + offsets[i], .dtype = LEPTON_FLOAT32, .ndim = infos[i].ndim, .shape = infos[i].shape};
    must(lepton_model_get_weights(model, views, count, &error));
    *bytes = total * sizeof(float);
    return weights;
}

static char folder[] = "/tmp/lepton-c-test-XXXXXX";
static pid_t folder_owner = 0;

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *position) {
    (void)status, (void)type, (void)position;
    return remove(path);
}

static void remove_folder(void) {
    if (getpid() == folder_owner) nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

char *temporary_path(const char *name) {
    if (folder_owner == 0) {
        assert_non_null(mkdtemp(folder));
        folder_owner = getpid();
        atexit(remove_folder);
    }
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}
