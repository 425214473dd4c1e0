/* What was taken from the heap is given back: after a first round, which fills caches and tables, more rounds leave no
 * more blocks behind. Counted here rather than by the leak sanitizer, which takes Swift's tagged pointers for none. */
#include "counting.h"
#include "support.h"

#include <stdlib.h>

static void count_rounds(void (*round)(void)) {
#ifdef LEPTON_TEST_CANNOT_COUNT
    (void)round;
    skip();
#else
    enum { ROUNDS = 20 };
    for (int i = 0; i < 3; i++)
        round();
    long before = blocks_in_use();
    for (int i = 0; i < ROUNDS; i++)
        round();
    long left = blocks_in_use() - before;
    /* Caches of the C library may grow by a few blocks, a leak grows with every round. */
    if (left >= ROUNDS) fail_msg("%ld blocks were left behind by %d rounds", left, ROUNDS);
#endif
}

static void make_handles(void) {
    lepton_cancel *cancel = NULL;
    must(lepton_cancel_create(&cancel, &error));
    lepton_cancel_release(cancel);
    lepton_client *client = make_client(2);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.labels = "{\"team\": \"cards\"}";
    lepton_allocation *allocation = NULL;
    must(lepton_client_allocate(client, &request, &allocation, &error));
    lepton_client_release(client);
    lepton_allocation_release(allocation);
    lepton_model *model = make_classifier(1);
    must(lepton_model_retain(model, &error));
    lepton_model_release(model);
    lepton_model_release(model);
}

static void make_errors(void) {
    lepton_model *model = make_model(1), *none = NULL;
    refused(LEPTON_INVALID_ARGUMENT, NULL, lepton_model_add_layer(model, "Danse", NULL, &error));
    refused(LEPTON_CORRUPT_DATA, NULL, lepton_model_create_from_config("{\"a\": [1, {", SIZE_MAX, &none, &error));
    refused(LEPTON_NOT_FOUND, NULL, lepton_model_load("/nonesuch", &none, &error));
    refused(LEPTON_INVALID_HANDLE, NULL, lepton_cancel_trigger(NULL, &error));
    lepton_model_release(model);
}

static int32_t stop_later(const lepton_progress *progress, void *context) {
    (void)context;
    return progress->epoch == 1;
}

static void train(void) {
    lepton_client *client = make_client(2);
    lepton_model *model = make_classifier(1);
    dataset data;
    dataset_init(&data, 100);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 3;
    options.validation_split = 0.2;
    options.progress = stop_later;
    lepton_history *history = NULL;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, &history, &error));
    lepton_history_release(history);
    must(lepton_client_evaluate(client, model, &data.x.view, 1, &data.y.view, 1, NULL, &history, &error));
    lepton_history_release(history);
    float got[300];
    matrix output;
    matrix_init(&output, got, 100, 3);
    must(lepton_client_predict(client, model, &data.x.view, 1, &output.view, 1, NULL, &error));
    must(lepton_model_predict(model, &data.x.view, 1, &output.view, 1, &error));
    size_t length = 0;
    must(lepton_client_usage(client, LEPTON_REPORT_TEXT, NULL, 0, &length, &error));
    must(lepton_model_summary(model, 0, NULL, 0, &length, &error));
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
}

static void save_and_load(void) {
    lepton_model *model = make_classifier(1), *loaded = NULL;
    char *path = temporary_path("leaks.safetensors");
    must(lepton_model_save(model, path, &error));
    must(lepton_model_load(path, &loaded, &error));
    free(path);
    lepton_model_release(model);
    lepton_model_release(loaded);
}

static void handles(void **state) {
    (void)state;
    count_rounds(make_handles);
}

static void errors(void **state) {
    (void)state;
    count_rounds(make_errors);
}

static void training(void **state) {
    (void)state;
    count_rounds(train);
}

static void files(void **state) {
    (void)state;
    count_rounds(save_and_load);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handles),
        cmocka_unit_test(errors),
        cmocka_unit_test(training),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests_name("leaks", tests, NULL, NULL);
}
