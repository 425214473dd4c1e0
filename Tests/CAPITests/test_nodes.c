/* Nodes that fail: faults change what happens, never the weights. Worker processes: Tests of the Python package. */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Batches of 256 rows are of four shards, so that several nodes have work. */
enum { ROWS = 600, FEATURES = 64, BATCH = 256 };

static char *report(lepton_client *client) {
    size_t length = 0;
    must(lepton_client_node_report(client, NULL, 0, &length, &error));
    char *text = malloc(length + 1);
    must(lepton_client_node_report(client, text, length + 1, &length, &error));
    return text;
}

static lepton_model *wide_model(void) {
    lepton_model *model = make_model(11);
    must(lepton_model_add_layer(model, "Dense", "{\"units\": 256, \"activation\": \"relu\", \"input_shape\": [64]}",
                                &error));
    must(lepton_model_add_layer(model, "BatchNormalization", NULL, &error));
    must(lepton_model_add_layer(model, "Dense", "{\"units\": 1}", &error));
    return model;
}

static float *weights_after_fit(const char *nodes, char **what_happened, size_t *bytes) {
    lepton_client *client = make_client(2);
    must(lepton_client_set_nodes(client, nodes, &error));
    lepton_model *model = wide_model();
    lepton_compile_options compile;
    lepton_compile_options_init(&compile);
    compile.optimizer = "adam";
    compile.loss = "mse";
    must(lepton_model_compile(model, &compile, &error));
    float *x = malloc(sizeof(float) * ROWS * FEATURES), *y = malloc(sizeof(float) * ROWS);
    for (int i = 0; i < ROWS * FEATURES; i++)
        x[i] = (float)(i % 97) / 97 - 0.5F;
    for (int i = 0; i < ROWS; i++)
        y[i] = (float)(i % 7);
    matrix inputs, targets;
    matrix_init(&inputs, x, ROWS, FEATURES);
    matrix_init(&targets, y, ROWS, 1);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 2;
    options.batch_size = BATCH;
    must(lepton_client_fit(client, model, &inputs.view, 1, &targets.view, 1, &options, NULL, &error));
    float *weights = copy_weights(model, bytes);
    *what_happened = report(client);
    free(x);
    free(y);
    lepton_model_release(model);
    lepton_client_release(client);
    return weights;
}

static void faults_do_not_change_the_weights(void **state) {
    (void)state;
    size_t bytes = 0;
    char *what = NULL;
    float *undisturbed = weights_after_fit(NULL, &what, &bytes);
    assert_non_null(strstr(what, "\"started\": 0"));
    free(what);
    const struct {
        const char *faults, *seen;
    } cases[] = {
        {"[{\"kind\": \"kill\", \"node\": 1, \"step\": 1}]", "\"died\": 1"},
        {"[{\"kind\": \"stall\", \"node\": 0, \"step\": 2, \"phase\": 1}]", "\"late\": 1"},
        {"[{\"kind\": \"slow\", \"node\": 0, \"step\": 2, \"seconds\": 2}]", "\"late\": 1"},
        {"[{\"kind\": \"corrupt\", \"node\": 1, \"step\": 3, \"message\": \"results\"}]", "\"corrupt\": 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char nodes[256];
        snprintf(nodes, sizeof nodes, "{\"clock\": \"virtual\", \"faults\": %s}", cases[i].faults);
        float *disturbed = weights_after_fit(nodes, &what, &bytes);
        assert_memory_equal(undisturbed, disturbed, bytes);
        assert_non_null(strstr(what, cases[i].seen));
        free(what);
        free(disturbed);
    }
    free(undisturbed);
}

static void bad_options_are_refused(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    refused(LEPTON_CORRUPT_DATA, NULL, lepton_client_set_nodes(client, "{", &error));
    refused(LEPTON_INVALID_ARGUMENT, "nodes", lepton_client_set_nodes(client, "[]", &error));
    refused(LEPTON_INVALID_ARGUMENT, "kind", lepton_client_set_nodes(client, "{\"kind\": \"fibres\"}", &error));
    refused(LEPTON_INVALID_ARGUMENT, "field", lepton_client_set_nodes(client, "{\"kinds\": \"threads\"}", &error));
    refused(LEPTON_INVALID_ARGUMENT, "node",
            lepton_client_set_nodes(client, "{\"faults\": [{\"kind\": \"kill\", \"step\": 1}]}", &error));
    refused(LEPTON_INVALID_HANDLE, "client", lepton_client_set_nodes(NULL, NULL, &error));
    size_t length = 0;
    refused(LEPTON_INVALID_HANDLE, "client", lepton_client_node_report(NULL, NULL, 0, &length, &error));
    refused(LEPTON_INVALID_ARGUMENT, "length", lepton_client_node_report(client, NULL, 0, NULL, &error));
    lepton_client_release(client);
}

static void a_command_that_is_not_there_is_named(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    must(lepton_client_set_nodes(client, "{\"kind\": \"processes\", \"command\": \"/no/lepton\"}", &error));
    lepton_model *model = make_classifier(1);
    dataset data;
    dataset_init(&data, 20);
    refused(LEPTON_NOT_FOUND, "command",
            lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, NULL, NULL, &error));
    must(lepton_client_set_nodes(client, NULL, &error));
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, NULL, NULL, &error));
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_do_not_change_the_weights),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(a_command_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests_name("nodes", tests, NULL, NULL);
}
