/* lepton_objectives.h: losses and metrics that are a program's own, as graphs. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TENSOR(layer, shape)                                                                                           \
    "{\"class_name\": \"__keras_tensor__\", \"config\": {\"shape\": [" shape "], \"dtype\": \"float32\", "             \
    "\"keras_history\": [\"" layer "\", 0, 0]}}"
#define INPUT(name)                                                                                                    \
    "{\"module\": \"keras.layers\", \"class_name\": \"InputLayer\", \"config\": {\"name\": \"" name "\", "             \
    "\"batch_shape\": [null, 1]}, \"name\": \"" name "\", \"inbound_nodes\": []}"
#define FUNCTION(name, class_name, arguments)                                                                          \
    "{\"module\": \"keras.ops\", \"class_name\": \"" class_name "\", \"config\": {\"name\": \"" name "\"}, "           \
    "\"name\": \"" name "\", \"inbound_nodes\": [{\"args\": [" arguments "], \"kwargs\": {}}]}"
#define STATE(name)                                                                                                    \
    "{\"module\": \"leptonai.layers\", \"class_name\": \"Variable\", \"config\": {\"name\": \"" name "\", "            \
    "\"shape\": [], \"initializer\": \"zeros\"}, \"name\": \"" name "\", \"inbound_nodes\": []}"
#define GRAPH(layers, inputs, output)                                                                                  \
    "{\"class_name\": \"Functional\", \"config\": {\"name\": \"g\", \"layers\": [" layers "], \"input_layers\": "      \
    "[" inputs "], \"output_layers\": [[\"" output "\", 0, 0]]}}"
#define PAIR "[\"y\", 0, 0], [\"p\", 0, 0]"

/* The mean of (y - p)^2 over the batch. */
#define ERROR                                                                                                          \
    INPUT("y")                                                                                                         \
    ", " INPUT("p") ", " FUNCTION("d", "Subtract", TENSOR("y", "null, 1") ", " TENSOR("p", "null, 1")) ", " FUNCTION(  \
        "s", "Square", TENSOR("d", "null, 1")) ", " FUNCTION("m", "Mean", TENSOR("s", "null, 1"))
#define LOSS(graph) "{\"class_name\": \"TracedLoss\", \"config\": {\"name\": \"own\", \"graph\": " graph "}}"

/* Twice the sum of these means. */
#define METRIC                                                                                                         \
    "{\"class_name\": \"TracedMetric\", \"config\": {\"name\": \"own\", \"state\": [{\"name\": \"total\", "            \
    "\"shape\": []}], \"update\": " GRAPH(ERROR, PAIR, "m") ", \"result\": " GRAPH(                                    \
        INPUT("b") ", " STATE("total") ", " FUNCTION("r", "Add", TENSOR("total", "") ", " TENSOR("total", "")),        \
        "[\"b\", 0, 0]", "r") "}}"

static void compile(lepton_model *model, const char *loss, lepton_status expected) {
    const char *metrics[] = {METRIC};
    lepton_compile_options how;
    lepton_compile_options_init(&how);
    how.optimizer = "sgd";
    how.loss = loss;
    how.metrics = metrics;
    how.metric_count = 1;
    if (expected == LEPTON_OK)
        must(lepton_model_compile(model, &how, &error));
    else
        refused(expected, NULL, lepton_model_compile(model, &how, &error));
}

static void a_graph_trains_like_the_loss_that_it_is(void **state) {
    (void)state;
    float xs[] = {1, 2, 3, 4, 5}, ys[] = {1, 4, 9, 16, 25};
    matrix x, y;
    matrix_init(&x, xs, 5, 1);
    matrix_init(&y, ys, 5, 1);
    lepton_client *client = make_client(2);
    lepton_fit_options fit;
    lepton_fit_options_init(&fit);
    fit.epochs = 20;
    double values[2][20], own[20];
    for (int place = 0; place < 2; place++) {
        lepton_model *model = make_linear(1);
        compile(model, place ? LOSS(GRAPH(ERROR, PAIR, "m")) : "mse", LEPTON_OK);
        lepton_history *history = NULL;
        must(lepton_client_fit(client, model, &x.view, 1, &y.view, 1, &fit, &history, &error));
        must(lepton_history_values(history, "loss", values[place], 20, NULL, &error));
        must(lepton_history_values(history, "own", own, 20, NULL, &error));
        for (int epoch = 0; epoch < 20; epoch++)
            assert_true(fabs(own[epoch] - 2 * values[place][epoch]) < 1e-3);
        lepton_history_release(history);
        lepton_model_release(model);
    }
    for (int epoch = 0; epoch < 20; epoch++)
        assert_true(fabs(values[0][epoch] - values[1][epoch]) < 1e-3);
    lepton_client_release(client);
}

static void a_graph_may_come_later(void **state) {
    (void)state;
    float xs[] = {1, 2, 3, 4, 5};
    matrix x;
    matrix_init(&x, xs, 5, 1);
    lepton_client *client = make_client(1);
    lepton_model *model = make_linear(1);
    compile(model, LOSS("null"), LEPTON_OK);
    lepton_fit_options fit;
    lepton_fit_options_init(&fit);
    refused(LEPTON_INVALID_STATE, NULL, lepton_client_fit(client, model, &x.view, 1, &x.view, 1, &fit, NULL, &error));
    lepton_compile_options how;
    lepton_compile_options_init(&how);
    how.loss = LOSS(GRAPH(ERROR, PAIR, "m"));
    must(lepton_model_set_objectives(model, &how, &error));
    must(lepton_client_fit(client, model, &x.view, 1, &x.view, 1, &fit, NULL, &error));
    double rate = 0;
    must(lepton_model_get_learning_rate(model, &rate, &error));
    assert_true(fabs(rate - 0.01) < 1e-9);

    compile(model, LOSS("{\"class_name\": \"Functional\", \"config\": {}}"), LEPTON_INVALID_ARGUMENT);
    compile(model, LOSS(GRAPH(ERROR, "[\"y\", 0, 0]", "m")), LEPTON_INVALID_ARGUMENT);
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_set_objectives(NULL, &how, &error));
    lepton_model *fresh = make_model(1);
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_set_objectives(fresh, &how, &error));
    lepton_model_release(fresh);
    lepton_model_release(model);
    lepton_client_release(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_graph_trains_like_the_loss_that_it_is),
        cmocka_unit_test(a_graph_may_come_later),
    };
    return cmocka_run_group_tests_name("objectives", tests, NULL, NULL);
}
