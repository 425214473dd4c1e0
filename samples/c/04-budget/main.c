/*
 * Budget: what a fit will take is estimated before it starts, a budget stops one that would cost too much, and the bill
 * says what was spent.
 *
 *   cc -Isamples/c/support samples/c/04-budget/main.c samples/c/support/sample.c \
 *      $(pkg-config --cflags --libs lepton) -o budget && ./budget
 */
#include "sample.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 256 };

/* A second of a core costs a cent, so that the sample is over soon. */
static const char *prices =
    "{\"currency\": \"EUR\", \"core_hour\": \"36\", \"memory_gib_hour\": \"0\", \"storage_gib_month\": \"0\"}";

static void warn(const char *status, void *context) {
    (void)status, (void)context;
    printf("warning: half of the budget is spent\n");
}

/* Ends the program unless the call was refused for the budget. */
static void expect_refusal(const char *what, lepton_status status, lepton_error *error) {
    const char *argument = lepton_error_argument(error);
    if (status != LEPTON_RESOURCE_EXHAUSTED || argument == NULL || strcmp(argument, "budget") != 0) {
        check(status, error);
        exit(EXIT_FAILURE);
    }
    printf("%s\n", what);
    lepton_error_release(error);
}

static lepton_model *create_model(void) {
    lepton_error *error = NULL;
    lepton_model *model = NULL;
    check(lepton_model_create("parabola", &model, &error), error);
    check(lepton_model_set_seed(model, 1, &error), error);
    const char *layers[] = {"{\"units\": 32, \"activation\": \"tanh\", \"input_shape\": [1]}", "{\"units\": 1}"};
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        check(lepton_model_add_layer(model, "Dense", layers[i], &error), error);
    lepton_compile_options options;
    lepton_compile_options_init(&options);
    options.optimizer = "adam";
    options.loss = "mean_squared_error";
    check(lepton_model_compile(model, &options, &error), error);
    return model;
}

int main(void) {
    lepton_error *error = NULL;
    static float xs[ROWS], ys[ROWS];
    for (int i = 0; i < ROWS; i++) {
        xs[i] = (float)i / ROWS;
        ys[i] = xs[i] * xs[i];
    }
    lepton_tensor_view x = matrix(xs, (const int64_t[]){ROWS, 1});
    lepton_tensor_view y = matrix(ys, (const int64_t[]){ROWS, 1});

    lepton_client_options client_options;
    lepton_client_options_init(&client_options);
    client_options.nodes = 2;
    client_options.price_list = prices;
    lepton_client *client = NULL;
    check(lepton_client_create(&client_options, &client, &error), error);
    lepton_model *model = create_model();

    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 10;
    lepton_estimate estimate = {.struct_size = sizeof estimate};
    check(lepton_client_estimate(client, model, &x, 1, &y, 1, &options, NULL, &estimate, &error), error);
    printf("estimated: %d steps on %d cores for %s %s\n", (int)estimate.steps, (int)estimate.cores, estimate.cost,
           estimate.currency);
    lepton_history *history = NULL;
    check(lepton_client_fit(client, model, &x, 1, &y, 1, &options, &history, &error), error);
    print_loss(history);

    check(lepton_client_set_budget(client, "{\"limit\": \"0.06\", \"warn_at\": 0.5}", warn, NULL, &error), error);
    options.epochs = 100000000;
    lepton_status status = lepton_client_fit(client, model, &x, 1, &y, 1, &options, NULL, &error);
    expect_refusal("the fit was stopped by its budget", status, error);
    error = NULL;
    float half = 0.5f, predicted = NAN;
    lepton_tensor_view input = matrix(&half, (const int64_t[]){1, 1});
    lepton_tensor_view output = matrix(&predicted, (const int64_t[]){1, 1});
    check(lepton_model_predict(model, &input, 1, &output, 1, &error), error);
    printf("its weights are usable: %s\n", fabsf(predicted - 0.25f) < 0.1f ? "yes" : "no");

    lepton_resource_request request;
    lepton_resource_request_init(&request);
    lepton_allocation *allocation = NULL;
    status = lepton_client_allocate(client, &request, &allocation, &error);
    expect_refusal("a further request is refused", status, error);
    error = NULL;

    static char bill[16384];
    check(lepton_client_report(client, "{\"format\": \"text\"}", bill, sizeof bill, NULL, &error), error);
    printf("bill:\n%s", bill);

    lepton_history_release(history);
    lepton_model_release(model);
    lepton_client_release(client);
    return 0;
}
