/* Weights after a fit are the same bits on one, two and five nodes. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

static float *weights_after_fit(int32_t nodes, int use_allocation, int64_t rows, int32_t batch_size, size_t *bytes) {
    lepton_client *client = make_client(nodes);
    lepton_allocation *allocation = NULL;
    if (use_allocation) {
        lepton_resource_request request;
        lepton_resource_request_init(&request);
        request.nodes = nodes;
        must(lepton_client_allocate(client, &request, &allocation, &error));
    }
    lepton_model *model = make_classifier(99);
    dataset data;
    dataset_init(&data, rows);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 4;
    options.batch_size = batch_size;
    options.allocation = allocation;
    options.validation_split = 0.1;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    float *weights = copy_weights(model, bytes);
    dataset_free(&data);
    lepton_model_release(model);
    lepton_allocation_release(allocation);
    lepton_client_release(client);
    return weights;
}

static void compare(int64_t rows, int32_t batch_size) {
    size_t bytes = 0;
    float *one = weights_after_fit(1, 0, rows, batch_size, &bytes);
    const int32_t nodes[] = {1, 2, 5};
    for (size_t i = 0; i < 3; i++)
        for (int use_allocation = 0; use_allocation <= 1; use_allocation++) {
            float *other = weights_after_fit(nodes[i], use_allocation, rows, batch_size, &bytes);
            assert_memory_equal(one, other, bytes);
            free(other);
        }
    free(one);
}

static void whole_batches(void **state) {
    (void)state;
    compare(1280, 128);
}

static void a_remainder(void **state) {
    (void)state;
    compare(1001, 100);
}

static void batches_smaller_than_the_nodes(void **state) {
    (void)state;
    compare(50, 3);
}

static void one_batch_of_everything(void **state) {
    (void)state;
    compare(700, 10000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_batches),
        cmocka_unit_test(a_remainder),
        cmocka_unit_test(batches_smaller_than_the_nodes),
        cmocka_unit_test(one_batch_of_everything),
    };
    return cmocka_run_group_tests_name("bit identity", tests, NULL, NULL);
}
