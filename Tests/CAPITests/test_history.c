/* Section "training" of lepton.h: histories. */
#include "support.h"

#include <math.h>
#include <string.h>

static lepton_history *history = NULL;

static int train(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    lepton_model *model = make_classifier(1);
    dataset data;
    dataset_init(&data, 50);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 4;
    options.validation_x = &data.x.view;
    options.validation_y = &data.y.view;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, &history, &error));
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
    return 0;
}

static int release(void **state) {
    (void)state;
    lepton_history_release(history);
    return 0;
}

static void counts_are_the_training_s(void **state) {
    (void)state;
    size_t count = 0;
    must(lepton_history_epoch_count(history, &count, &error));
    assert_int_equal(count, 4);
    must(lepton_history_metric_count(history, &count, &error));
    assert_int_equal(count, 4);
    refused(LEPTON_INVALID_HANDLE, "history", lepton_history_epoch_count(NULL, &count, &error));
    refused(LEPTON_INVALID_HANDLE, "history", lepton_history_metric_count(NULL, &count, &error));
    refused(LEPTON_INVALID_ARGUMENT, "count", lepton_history_epoch_count(history, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "count", lepton_history_metric_count(history, NULL, &error));
    assert_int_equal(count, 4);
}

static void names_are_keras_s(void **state) {
    (void)state;
    int found = 0;
    for (size_t i = 0; i < 4; i++) {
        char name[32] = "";
        size_t length = 0;
        must(lepton_history_metric_name(history, i, name, sizeof name, &length, &error));
        assert_int_equal(length, strlen(name));
        found += strcmp(name, "loss") == 0 || strcmp(name, "accuracy") == 0 || strcmp(name, "val_loss") == 0 ||
                 strcmp(name, "val_accuracy") == 0;
    }
    assert_int_equal(found, 4);
    char name[32] = "before";
    size_t length = 0;
    refused(LEPTON_INVALID_ARGUMENT, "capacity", lepton_history_metric_name(history, 0, name, 1, &length, &error));
    refused(LEPTON_INVALID_ARGUMENT, "capacity", lepton_history_metric_name(history, 0, name, 0, &length, &error));
    refused(LEPTON_INVALID_ARGUMENT, "index",
            lepton_history_metric_name(history, 4, name, sizeof name, &length, &error));
    refused(LEPTON_INVALID_ARGUMENT, "index",
            lepton_history_metric_name(history, SIZE_MAX, name, sizeof name, &length, &error));
    refused(LEPTON_INVALID_HANDLE, "history", lepton_history_metric_name(NULL, 0, name, sizeof name, &length, &error));
    assert_string_equal(name, "before");
}

static void values_are_one_per_epoch(void **state) {
    (void)state;
    size_t count = 0;
    must(lepton_history_values(history, "loss", NULL, 0, &count, &error));
    assert_int_equal(count, 4);
    double values[5] = {-1, -1, -1, -1, -1};
    must(lepton_history_values(history, "loss", values, 4, &count, &error));
    for (int i = 0; i < 4; i++)
        assert_true(isfinite(values[i]) && values[i] > 0);
    assert_true(values[4] == -1);
    must(lepton_history_values(history, "val_accuracy", values, 5, NULL, &error));
    for (int i = 0; i < 4; i++)
        assert_true(values[i] >= 0 && values[i] <= 1);
    values[0] = -1;
    refused(LEPTON_INVALID_ARGUMENT, "capacity", lepton_history_values(history, "loss", values, 3, &count, &error));
    refused(LEPTON_NOT_FOUND, "name", lepton_history_values(history, "los", values, 4, &count, &error));
    refused(LEPTON_NOT_FOUND, "name", lepton_history_values(history, "", values, 4, &count, &error));
    refused(LEPTON_INVALID_ARGUMENT, "name", lepton_history_values(history, NULL, values, 4, &count, &error));
    refused(LEPTON_INVALID_ARGUMENT, "name", lepton_history_values(history, "\xFF", values, 4, &count, &error));
    refused(LEPTON_INVALID_ARGUMENT, "count", lepton_history_values(history, "loss", NULL, 0, NULL, &error));
    refused(LEPTON_INVALID_HANDLE, "history", lepton_history_values(NULL, "loss", values, 4, &count, &error));
    assert_true(values[0] == -1);
}

static void released_histories_are_recognised(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    lepton_model *model = make_linear(4);
    dataset data;
    dataset_init(&data, 8);
    lepton_history *own = NULL;
    must(lepton_client_evaluate(client, model, &data.x.view, 1, &data.y.view, 1, NULL, &own, &error));
    lepton_history_release(own);
    size_t count = 77;
    refused(LEPTON_INVALID_HANDLE, "history", lepton_history_epoch_count(own, &count, &error));
    assert_int_equal(count, 77);
    lepton_history_release(own);
    lepton_history_release(NULL);
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_the_training_s),
        cmocka_unit_test(names_are_keras_s),
        cmocka_unit_test(values_are_one_per_epoch),
        cmocka_unit_test(released_histories_are_recognised),
    };
    return cmocka_run_group_tests_name("history", tests, train, release);
}
