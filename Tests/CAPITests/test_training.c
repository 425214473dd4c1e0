/* Section "training" of lepton.h: fit, evaluate, predict and their options. */
#define _GNU_SOURCE
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static lepton_client *client = NULL;
static lepton_model *model = NULL;
static dataset data;

static int set_up(void **state) {
    (void)state;
    client = make_client(2);
    model = make_classifier(11);
    dataset_init(&data, 100);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
    return 0;
}

static void defaults_are_the_documented_ones(void **state) {
    (void)state;
    lepton_fit_options fit, zero = {0};
    memset(&fit, 0xFF, sizeof fit);
    lepton_fit_options_init(&fit);
    zero.struct_size = sizeof zero;
    zero.batch_size = 32;
    zero.epochs = 1;
    zero.shuffle = 1;
    assert_memory_equal(&fit, &zero, sizeof fit);
    lepton_run_options run, none = {0};
    memset(&run, 0xFF, sizeof run);
    lepton_run_options_init(&run);
    none.struct_size = sizeof none;
    none.batch_size = 32;
    assert_memory_equal(&run, &none, sizeof run);
    lepton_fit_options_init_sized(NULL, 0);
    lepton_run_options_init_sized(NULL, 0);
}

static double first_value(lepton_history *history, const char *name) {
    double value = NAN;
    must(lepton_history_values(history, name, &value, SIZE_MAX, NULL, &error));
    return value;
}

static void a_model_learns_and_is_evaluated(void **state) {
    (void)state;
    lepton_history *before = NULL, *after = NULL, *history = NULL;
    must(lepton_client_evaluate(client, model, &data.x.view, 1, &data.y.view, 1, NULL, &before, &error));
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 60;
    options.batch_size = 8;
    must(lepton_model_set_learning_rate(model, 0.02, &error));
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, &history, &error));
    must(lepton_client_evaluate(client, model, &data.x.view, 1, &data.y.view, 1, NULL, &after, &error));
    assert_true(first_value(after, "loss") < first_value(before, "loss"));
    assert_true(first_value(after, "accuracy") > 0.7);
    size_t epochs = 0;
    must(lepton_history_epoch_count(after, &epochs, &error));
    assert_int_equal(epochs, 1);
    must(lepton_history_epoch_count(history, &epochs, &error));
    assert_int_equal(epochs, 60);
    lepton_history_release(before);
    lepton_history_release(after);
    lepton_history_release(history);
}

static void both_predictions_agree(void **state) {
    (void)state;
    float here[300], there[300];
    matrix a, b;
    matrix_init(&a, here, 100, 3);
    matrix_init(&b, there, 100, 3);
    must(lepton_model_predict(model, &data.x.view, 1, &a.view, 1, &error));
    must(lepton_client_predict(client, model, &data.x.view, 1, &b.view, 1, NULL, &error));
    assert_memory_equal(here, there, sizeof here);
    for (int row = 0; row < 100; row++) {
        float one[3];
        matrix input, output;
        matrix_init(&input, data.features + row * 4, 1, 4);
        matrix_init(&output, one, 1, 3);
        must(lepton_model_predict(model, &input.view, 1, &output.view, 1, &error));
        for (int column = 0; column < 3; column++)
            assert_true(fabsf(one[column] - here[row * 3 + column]) < 1e-6f);
    }
}

static void bad_fit_options_change_nothing(void **state) {
    (void)state;
    size_t bytes = 0;
    float *before = copy_weights(model, &bytes);
    lepton_history *history = UNTOUCHED;
    lepton_fit_options options;
    lepton_cancel *gone = NULL;
    must(lepton_cancel_create(&gone, &error));
    lepton_cancel_release(gone);
    float ones[100], hole[100];
    for (int i = 0; i < 100; i++)
        ones[i] = hole[i] = 1;
    hole[50] = NAN;
    matrix weights, short_weights, hollow;
    matrix_init(&weights, ones, 100, -1);
    matrix_init(&short_weights, ones, 99, -1);
    matrix_init(&hollow, hole, 100, -1);
    const int64_t classes[] = {0, 1, 1};
    const double values[] = {1, 2, 3}, negative[] = {1, -2, 3}, hollow_values[] = {NAN};

#define REFUSED_WITH(status, argument, change)                                                                         \
    do {                                                                                                               \
        lepton_fit_options_init(&options);                                                                             \
        change;                                                                                                        \
        refused(status, argument,                                                                                      \
                lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, &history, &error));       \
        assert_ptr_equal(history, UNTOUCHED);                                                                          \
    } while (0)

    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "batch_size", options.batch_size = 0);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "batch_size", options.batch_size = INT32_MIN);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "epochs", options.epochs = 0);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "epochs", options.epochs = -1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "initial_epoch", options.initial_epoch = -1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "initial_epoch", options.initial_epoch = 2);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "shuffle", options.shuffle = 2);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "shuffle", options.shuffle = -1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "validation_split", options.validation_split = 1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "validation_split", options.validation_split = -0.1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "validation_split", options.validation_split = NAN);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "validation_batch_size", options.validation_batch_size = -1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "validation_x", options.validation_y = &data.y.view);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "validation_y", options.validation_x = &data.x.view);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "validation_x", options.validation_sample_weight = &weights.view);
    REFUSED_WITH(LEPTON_SHAPE_MISMATCH, NULL,
                 (options.validation_x = &data.y.view, options.validation_y = &data.y.view));
    REFUSED_WITH(LEPTON_SHAPE_MISMATCH, NULL,
                 (options.validation_x = &data.x.view, options.validation_y = &data.y.view,
                  options.validation_sample_weight = &short_weights.view));
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "nonfinite", options.nonfinite = 2);
    REFUSED_WITH(LEPTON_SHAPE_MISMATCH, NULL, options.sample_weight = &short_weights.view);
    REFUSED_WITH(LEPTON_SHAPE_MISMATCH, NULL, options.sample_weight = &data.x.view);
    REFUSED_WITH(LEPTON_NON_FINITE, NULL, options.sample_weight = &hollow.view);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "class_weight_count",
                 (options.class_weight_classes = classes, options.class_weight_values = values,
                  options.class_weight_count = SIZE_MAX));
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "class_weight_classes",
                 (options.class_weight_values = values, options.class_weight_count = 2));
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "class_weight_values",
                 (options.class_weight_classes = classes, options.class_weight_count = 2));
    REFUSED_WITH(
        LEPTON_INVALID_ARGUMENT, "class_weight_classes[2]",
        (options.class_weight_classes = classes, options.class_weight_values = values, options.class_weight_count = 3));
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "class_weight_values[1]",
                 (options.class_weight_classes = classes, options.class_weight_values = negative,
                  options.class_weight_count = 2));
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "class_weight_values[0]",
                 (options.class_weight_classes = classes, options.class_weight_values = hollow_values,
                  options.class_weight_count = 1));
    REFUSED_WITH(LEPTON_INVALID_HANDLE, "allocation", options.allocation = (lepton_allocation *)client);
    REFUSED_WITH(LEPTON_INVALID_HANDLE, "cancel", options.cancel = gone);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "store_name", options.store_name = "\xFF");
#undef REFUSED_WITH

    float *after = copy_weights(model, &bytes);
    assert_memory_equal(before, after, bytes);
    free(before);
    free(after);
}

static void bad_data_changes_nothing(void **state) {
    (void)state;
    size_t bytes = 0;
    float *before = copy_weights(model, &bytes);
    lepton_history *history = UNTOUCHED;
    dataset bad;
    dataset_init(&bad, 100);
    matrix short_y;
    matrix_init(&short_y, data.classes, 99, 1);

#define REFUSED_WITH(status, argument, x, y)                                                                           \
    do {                                                                                                               \
        refused(status, argument,                                                                                      \
                lepton_client_fit(client, model, &(x).view, 1, &(y).view, 1, NULL, &history, &error));                 \
        refused(status, argument,                                                                                      \
                lepton_client_evaluate(client, model, &(x).view, 1, &(y).view, 1, NULL, &history, &error));            \
        assert_ptr_equal(history, UNTOUCHED);                                                                          \
    } while (0)

    REFUSED_WITH(LEPTON_SHAPE_MISMATCH, NULL, data.x, short_y);
    REFUSED_WITH(LEPTON_SHAPE_MISMATCH, NULL, data.y, data.y);
    REFUSED_WITH(LEPTON_SHAPE_MISMATCH, NULL, data.x, data.x);
    bad.features[399] = NAN;
    REFUSED_WITH(LEPTON_NON_FINITE, "x", bad.x, data.y);
    bad.features[399] = -INFINITY;
    REFUSED_WITH(LEPTON_NON_FINITE, "x", bad.x, data.y);
    bad.classes[0] = INFINITY;
    REFUSED_WITH(LEPTON_NON_FINITE, "y", data.x, bad.y);
    bad.classes[0] = 3;
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, NULL, data.x, bad.y);
    bad.classes[0] = -1;
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, NULL, data.x, bad.y);
    bad.classes[0] = 0.5f;
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, NULL, data.x, bad.y);
#undef REFUSED_WITH

    lepton_tensor_view twice[] = {data.x.view, data.x.view};
    refused(LEPTON_SHAPE_MISMATCH, NULL,
            lepton_client_fit(client, model, twice, 2, &data.y.view, 1, NULL, &history, &error));
    refused(LEPTON_SHAPE_MISMATCH, NULL,
            lepton_client_fit(client, model, &data.x.view, 1, NULL, 0, NULL, &history, &error));
    refused(LEPTON_INVALID_ARGUMENT, "x", lepton_client_fit(client, model, NULL, 1, NULL, 1, NULL, &history, &error));
    refused(LEPTON_INVALID_ARGUMENT, "y_count",
            lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, SIZE_MAX, NULL, &history, &error));
    refused(LEPTON_INVALID_HANDLE, "client",
            lepton_client_fit(NULL, model, &data.x.view, 1, &data.y.view, 1, NULL, &history, &error));
    refused(LEPTON_INVALID_HANDLE, "model",
            lepton_client_fit(client, NULL, &data.x.view, 1, &data.y.view, 1, NULL, &history, &error));
    refused(LEPTON_INVALID_ARGUMENT, "out",
            lepton_client_evaluate(client, model, &data.x.view, 1, &data.y.view, 1, NULL, NULL, &error));
    assert_ptr_equal(history, UNTOUCHED);

    float *after = copy_weights(model, &bytes);
    assert_memory_equal(before, after, bytes);
    free(before);
    free(after);
    dataset_free(&bad);
}

static void non_finite_data_may_be_allowed(void **state) {
    (void)state;
    lepton_model *own = make_classifier(2);
    dataset bad;
    dataset_init(&bad, 20);
    bad.features[3] = NAN;
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.nonfinite = LEPTON_NONFINITE_ALLOW;
    must(lepton_client_fit(client, own, &bad.x.view, 1, &bad.y.view, 1, &options, NULL, &error));
    float got[60];
    matrix output;
    matrix_init(&output, got, 20, 3);
    must(lepton_model_predict(own, &bad.x.view, 1, &output.view, 1, &error));
    memset(got, 0x5A, sizeof got);
    refused(LEPTON_NON_FINITE, "x", lepton_client_predict(client, own, &bad.x.view, 1, &output.view, 1, NULL, &error));
    for (size_t i = 0; i < sizeof got; i++)
        assert_int_equal(((unsigned char *)got)[i], 0x5A);
    lepton_run_options run;
    lepton_run_options_init(&run);
    run.nonfinite = LEPTON_NONFINITE_ALLOW;
    must(lepton_client_predict(client, own, &bad.x.view, 1, &output.view, 1, &run, &error));
    dataset_free(&bad);
    lepton_model_release(own);
}

static void models_must_be_ready(void **state) {
    (void)state;
    lepton_model *empty = make_model(1);
    lepton_status status = lepton_client_fit(client, empty, &data.x.view, 1, &data.y.view, 1, NULL, NULL, &error);
    refused_at(status, LEPTON_INVALID_STATE, NULL, "fit of an empty model", __FILE__, __LINE__);
    must(lepton_model_add_layer(empty, "Dense", "{\"units\": 1, \"input_shape\": [4]}", &error));
    refused(LEPTON_INVALID_STATE, NULL,
            lepton_client_fit(client, empty, &data.x.view, 1, &data.y.view, 1, NULL, NULL, &error));
    must(lepton_model_compile(empty, NULL, &error));
    status = lepton_client_fit(client, empty, &data.x.view, 1, &data.y.view, 1, NULL, NULL, &error);
    assert_true(status == LEPTON_INVALID_STATE || status == LEPTON_INVALID_ARGUMENT);
    refused_at(status, status, NULL, "fit without a loss", __FILE__, __LINE__);
    lepton_model_release(empty);
}

static void bad_run_options_are_refused(void **state) {
    (void)state;
    float got[300];
    memset(got, 0x5A, sizeof got);
    float ones[100];
    for (int i = 0; i < 100; i++)
        ones[i] = 1;
    matrix output, weights;
    matrix_init(&output, got, 100, 3);
    matrix_init(&weights, ones, 100, -1);
    lepton_history *history = UNTOUCHED;
    lepton_run_options options;

#define REFUSED_WITH(status, argument, change)                                                                         \
    do {                                                                                                               \
        lepton_run_options_init(&options);                                                                             \
        change;                                                                                                        \
        refused(status, argument,                                                                                      \
                lepton_client_predict(client, model, &data.x.view, 1, &output.view, 1, &options, &error));             \
    } while (0)

    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "batch_size", options.batch_size = 0);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "nonfinite", options.nonfinite = -1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "sample_weight", options.sample_weight = &weights.view);
    REFUSED_WITH(LEPTON_INVALID_HANDLE, "allocation", options.allocation = UNTOUCHED);
    REFUSED_WITH(LEPTON_INVALID_HANDLE, "cancel", options.cancel = (lepton_cancel *)model);
#undef REFUSED_WITH
    for (size_t i = 0; i < sizeof got; i++)
        assert_int_equal(((unsigned char *)got)[i], 0x5A);

    lepton_run_options_init(&options);
    options.batch_size = -5;
    refused(LEPTON_INVALID_ARGUMENT, "batch_size",
            lepton_client_evaluate(client, model, &data.x.view, 1, &data.y.view, 1, &options, &history, &error));
    lepton_run_options_init(&options);
    weights.shape[0] = 99;
    options.sample_weight = &weights.view;
    refused(LEPTON_SHAPE_MISMATCH, NULL,
            lepton_client_evaluate(client, model, &data.x.view, 1, &data.y.view, 1, &options, &history, &error));
    assert_ptr_equal(history, UNTOUCHED);
    weights.shape[0] = 100;
    must(lepton_client_evaluate(client, model, &data.x.view, 1, &data.y.view, 1, &options, &history, &error));
    lepton_history_release(history);
}

typedef struct record {
    int events[8], stop_after, calls;
    int64_t steps;
    double last_loss;
    int had_validation;
} record;

static const double *value_of(const lepton_progress *progress, const char *name) {
    for (size_t i = 0; i < progress->count; i++)
        if (strcmp(progress->names[i], name) == 0) return &progress->values[i];
    return NULL;
}

static int32_t record_event(const lepton_progress *progress, void *context) {
    record *seen = context;
    if (progress->struct_size != sizeof *progress || progress->event < 0 || progress->event > LEPTON_VALIDATION_END)
        return -1;
    seen->events[progress->event]++;
    if (progress->event == LEPTON_BATCH_END) seen->steps = progress->steps;
    if (progress->event == LEPTON_BATCH_END || progress->event == LEPTON_EPOCH_END) {
        if (value_of(progress, "loss") == NULL || value_of(progress, "accuracy") == NULL) return -1;
        seen->last_loss = *value_of(progress, "loss");
    }
    if (progress->event == LEPTON_EPOCH_END) seen->had_validation = value_of(progress, "val_loss") != NULL;
    /* Calls on the model are allowed here. */
    double rate = 0;
    if (lepton_model_get_learning_rate(model, &rate, NULL) != LEPTON_OK ||
        lepton_model_set_learning_rate(model, rate, NULL) != LEPTON_OK)
        return -1;
    float out[3];
    matrix input, output;
    matrix_init(&input, data.features, 1, 4);
    matrix_init(&output, out, 1, 3);
    if (lepton_model_predict(model, &input.view, 1, &output.view, 1, NULL) != LEPTON_OK) return -1;
    return ++seen->calls == seen->stop_after;
}

static void progress_is_told_in_order(void **state) {
    (void)state;
    record seen = {{0}, 0, 0, 0, 0, 0};
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 3;
    options.batch_size = 32;
    options.validation_split = 0.2;
    options.progress = record_event;
    options.progress_context = &seen;
    lepton_history *history = NULL;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, &history, &error));
    assert_int_equal(seen.events[LEPTON_TRAIN_BEGIN], 1);
    assert_int_equal(seen.events[LEPTON_EPOCH_BEGIN], 3);
    assert_int_equal(seen.events[LEPTON_BATCH_END], 9);
    assert_int_equal(seen.events[LEPTON_EPOCH_END], 3);
    assert_int_equal(seen.events[LEPTON_TRAIN_END], 1);
    assert_int_equal(seen.events[LEPTON_VALIDATION_BEGIN], 3);
    assert_int_equal(seen.events[LEPTON_VALIDATION_BATCH_END], 3);
    assert_int_equal(seen.events[LEPTON_VALIDATION_END], 3);
    assert_int_equal(seen.steps, 3);
    assert_int_equal(seen.had_validation, 1);
    double losses[3] = {0};
    must(lepton_history_values(history, "loss", losses, 3, NULL, &error));
    assert_true(losses[2] == seen.last_loss);
    must(lepton_history_values(history, "val_accuracy", losses, 3, NULL, &error));
    lepton_history_release(history);
}

static void progress_may_stop_the_training(void **state) {
    (void)state;
    record seen = {{0}, 5, 0, 0, 0, 0};
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 1000000;
    options.batch_size = 50;
    options.progress = record_event;
    options.progress_context = &seen;
    lepton_history *history = NULL;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, &history, &error));
    assert_non_null(history);
    size_t epochs = 0;
    must(lepton_history_epoch_count(history, &epochs, &error));
    assert_true(epochs <= 2);
    lepton_history_release(history);
}

static int32_t fit_again(const lepton_progress *progress, void *context) {
    if (progress->event != LEPTON_BATCH_END) return 0;
    /* Not through the same client: all its cores are at work. */
    lepton_client *other = make_client(1);
    *(lepton_status *)context = lepton_client_fit(other, model, &data.x.view, 1, &data.y.view, 1, NULL, NULL, NULL);
    lepton_client_release(other);
    return 1;
}

static void a_second_fit_of_one_model_is_refused(void **state) {
    (void)state;
    lepton_status status = LEPTON_OK;
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.progress = fit_again;
    options.progress_context = &status;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    assert_int_equal(status, LEPTON_INVALID_STATE);
    options.progress = NULL;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
}

/* evaluate and predict call back, too, and there, too, calls on the model are allowed. */
static int32_t use_model(const lepton_progress *progress, void *context) {
    size_t length = 0;
    if (progress->event == LEPTON_BATCH_END) ++*(int *)context;
    return lepton_model_get_config(model, NULL, 0, &length, NULL);
}

static void evaluate_and_predict_report_progress(void **state) {
    (void)state;
    int calls = 0;
    lepton_run_options options;
    lepton_run_options_init(&options);
    options.batch_size = 10;
    options.progress = use_model;
    options.progress_context = &calls;
    lepton_history *history = NULL;
    must(lepton_client_evaluate(client, model, &data.x.view, 1, &data.y.view, 1, &options, &history, &error));
    assert_true(calls > 0);
    lepton_history_release(history);
    calls = 0;
    float got[300];
    matrix output;
    matrix_init(&output, got, 100, 3);
    must(lepton_client_predict(client, model, &data.x.view, 1, &output.view, 1, &options, &error));
    assert_true(calls > 0);
}

static void class_weights_act_as_sample_weights(void **state) {
    (void)state;
    lepton_model *by_class = make_classifier(4), *by_sample = make_classifier(4);
    const int64_t classes[] = {1, 2};
    const double values[] = {2, 0.5};
    const float of_class[] = {1, 2, 0.5f};
    float weights[100];
    for (int row = 0; row < 100; row++)
        weights[row] = of_class[(int)data.classes[row]];
    matrix view;
    matrix_init(&view, weights, 100, -1);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.class_weight_classes = classes;
    options.class_weight_values = values;
    options.class_weight_count = 2;
    must(lepton_client_fit(client, by_class, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    lepton_fit_options_init(&options);
    options.sample_weight = &view.view;
    must(lepton_client_fit(client, by_sample, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    size_t bytes = 0;
    float *a = copy_weights(by_class, &bytes), *b = copy_weights(by_sample, &bytes);
    assert_memory_equal(a, b, bytes);
    free(a);
    free(b);
    lepton_model_release(by_class);
    lepton_model_release(by_sample);
}

static void training_from_the_store_gives_the_same_weights(void **state) {
    (void)state;
    lepton_model *stored = make_classifier(6), *plain = make_classifier(6);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 2;
    must(lepton_client_fit(client, plain, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    options.store_name = "flowers";
    refused(LEPTON_INVALID_STATE, "store",
            lepton_client_fit(client, stored, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    char *folder = temporary_path("training-store");
    lepton_client_options client_options;
    lepton_client_options_init(&client_options);
    client_options.nodes = 2;
    client_options.store_path = folder;
    lepton_client *with_store = NULL;
    must(lepton_client_create(&client_options, &with_store, &error));
    must(lepton_client_fit(with_store, stored, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    lepton_client_release(with_store);
    free(folder);
    size_t bytes = 0;
    float *a = copy_weights(stored, &bytes), *b = copy_weights(plain, &bytes);
    assert_memory_equal(a, b, bytes);
    free(a);
    free(b);
    lepton_model_release(stored);
    lepton_model_release(plain);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_documented_ones),
        cmocka_unit_test(a_model_learns_and_is_evaluated),
        cmocka_unit_test(both_predictions_agree),
        cmocka_unit_test(bad_fit_options_change_nothing),
        cmocka_unit_test(bad_data_changes_nothing),
        cmocka_unit_test(non_finite_data_may_be_allowed),
        cmocka_unit_test(models_must_be_ready),
        cmocka_unit_test(bad_run_options_are_refused),
        cmocka_unit_test(progress_is_told_in_order),
        cmocka_unit_test(progress_may_stop_the_training),
        cmocka_unit_test(a_second_fit_of_one_model_is_refused),
        cmocka_unit_test(evaluate_and_predict_report_progress),
        cmocka_unit_test(class_weights_act_as_sample_weights),
        cmocka_unit_test(training_from_the_store_gives_the_same_weights),
    };
    return cmocka_run_group_tests_name("training", tests, set_up, tear_down);
}
