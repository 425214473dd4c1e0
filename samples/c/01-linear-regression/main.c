/*
 * Linear regression on five nodes: request compute and storage, train one Dense unit on the squares of 1 to 5,
 * predict 6, and report utilisation and cost.
 *
 *   cc -Isamples/c/support samples/c/01-linear-regression/main.c samples/c/support/sample.c \
 *      $(pkg-config --cflags --libs lepton) -o linear-regression
 */
#include "sample.h"

#include <math.h>
#include <stdio.h>

static void print_utilization(const char *when, lepton_client *client) {
    lepton_error *error = NULL;
    lepton_utilization use = {.struct_size = sizeof use};
    check(lepton_client_utilization(client, &use, &error), error);
    printf("utilisation %s: cores %.1f %%, memory %.1f %%, storage %.1f %%\n", when, use.cores * 100, use.memory * 100,
           use.storage * 100);
    printf("  dominant share %.1f %%, mean of compute and storage %.1f %%\n", use.dominant_share * 100, use.mean * 100);
}

int main(void) {
    lepton_error *error = NULL;

    lepton_client_options client_options;
    lepton_client_options_init(&client_options);
    client_options.nodes = 5;
    lepton_client *client = NULL;
    check(lepton_client_create(&client_options, &client, &error), error);

    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.nodes = 5;
    request.storage_bytes = 1 << 20;
    lepton_allocation *allocation = NULL;
    check(lepton_client_allocate(client, &request, &allocation, &error), error);

    lepton_model *model = NULL;
    check(lepton_model_create(NULL, &model, &error), error);
    check(lepton_model_set_seed(model, 1, &error), error);
    check(lepton_model_add_layer(model, "Dense", "{\"units\": 1, \"input_shape\": [1]}", &error), error);

    lepton_compile_options compile_options;
    lepton_compile_options_init(&compile_options);
    compile_options.optimizer = "sgd";
    compile_options.loss = "mean_squared_error";
    check(lepton_model_compile(model, &compile_options, &error), error);

    float xs[] = {1, 2, 3, 4, 5};
    float ys[] = {1, 4, 9, 16, 25};
    lepton_tensor_view x = matrix(xs, (const int64_t[]){5, 1});
    lepton_tensor_view y = matrix(ys, (const int64_t[]){5, 1});

    lepton_fit_options fit_options;
    lepton_fit_options_init(&fit_options);
    fit_options.epochs = 100;
    fit_options.allocation = allocation;
    lepton_history *history = NULL;
    check(lepton_client_fit(client, model, &x, 1, &y, 1, &fit_options, &history, &error), error);
    print_loss(history);

    float six = 6, predicted = NAN;
    lepton_tensor_view input = matrix(&six, (const int64_t[]){1, 1});
    lepton_tensor_view output = matrix(&predicted, (const int64_t[]){1, 1});
    lepton_run_options run_options;
    lepton_run_options_init(&run_options);
    run_options.allocation = allocation;
    check(lepton_client_predict(client, model, &input, 1, &output, 1, &run_options, &error), error);
    printf("prediction for 6: %.4f\n", predicted);

    print_utilization("while allocated", client);
    check(lepton_allocation_close(allocation, &error), error);
    print_utilization("after release", client);
    print_bill(client);

    lepton_history_release(history);
    lepton_model_release(model);
    lepton_allocation_release(allocation);
    lepton_client_release(client);
    return 0;
}
