/* Section "training" of lepton.h: single batches, and data sources. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 60, BATCH = 16, FEATURES = 4 };

/* Gives the rows of a dataset batch by batch, from a buffer that the next batch overwrites, and begins anew. */
typedef struct feeder {
    const dataset *data;
    int64_t next;
    int64_t stop_after; /* batches after which it stops the call; 0: never */
    int64_t given;
    int once; /* does not begin anew */
    float features[BATCH * FEATURES], classes[BATCH];
    matrix x, y;
} feeder;

static int32_t feed(lepton_batch *batch, void *context) {
    feeder *f = context;
    assert_int_equal(batch->struct_size, sizeof *batch);
    assert_null(batch->x);
    if (f->stop_after > 0 && f->given == f->stop_after) return -1;
    if (f->next >= ROWS) {
        if (!f->once) f->next = 0;
        return 0;
    }
    int64_t rows = ROWS - f->next < BATCH ? ROWS - f->next : BATCH;
    memcpy(f->features, f->data->features + f->next * FEATURES, (size_t)(rows * FEATURES) * sizeof(float));
    memcpy(f->classes, f->data->classes + f->next, (size_t)rows * sizeof(float));
    matrix_init(&f->x, f->features, rows, FEATURES);
    matrix_init(&f->y, f->classes, rows, -1);
    batch->x = &f->x.view;
    batch->x_count = 1;
    batch->y = &f->y.view;
    batch->y_count = 1;
    f->next += rows;
    f->given++;
    return 1;
}

static double last_value(lepton_history *history, const char *name) {
    double values[8];
    size_t count = 0;
    must(lepton_history_values(history, name, values, 8, &count, &error));
    assert_true(count >= 1 && count <= 8);
    return values[count - 1];
}

/* A source with the rows in order trains to the same bits as the arrays that they come from. */
static void a_source_trains_as_arrays_do(void **state) {
    (void)state;
    lepton_client *client = make_client(3);
    lepton_model *models[] = {make_classifier(5), make_classifier(5)};
    dataset data;
    dataset_init(&data, ROWS);
    lepton_fit_options fit;
    lepton_fit_options_init(&fit);
    fit.batch_size = BATCH;
    fit.epochs = 3;
    fit.shuffle = 0;
    fit.validation_x = &data.x.view;
    fit.validation_y = &data.y.view;
    lepton_history *histories[2];
    must(lepton_client_fit(client, models[0], &data.x.view, 1, &data.y.view, 1, &fit, &histories[0], &error));

    feeder train = {.data = &data}, validation = {.data = &data};
    lepton_source_options options;
    lepton_source_options_init(&options);
    assert_int_equal(options.epochs, 1);
    options.epochs = 3;
    options.validation = feed;
    options.validation_context = &validation;
    must(lepton_client_fit_source(client, models[1], feed, &train, &options, &histories[1], &error));

    size_t bytes = 0;
    float *a = copy_weights(models[0], &bytes), *b = copy_weights(models[1], &bytes);
    assert_memory_equal(a, b, bytes);
    const char *const names[] = {"loss", "accuracy", "val_loss", "val_accuracy"};
    for (size_t i = 0; i < 4; i++)
        assert_true(fabs(last_value(histories[0], names[i]) - last_value(histories[1], names[i])) < 1e-12);

    /* Evaluating, too. */
    lepton_history *whole = NULL, *batched = NULL;
    lepton_run_options run;
    lepton_run_options_init(&run);
    run.batch_size = BATCH;
    feeder all = {.data = &data};
    must(lepton_client_evaluate(client, models[0], &data.x.view, 1, &data.y.view, 1, &run, &whole, &error));
    must(lepton_client_evaluate_source(client, models[1], feed, &all, 0, &run, &batched, &error));
    assert_true(last_value(whole, "loss") == last_value(batched, "loss"));
    lepton_history_release(whole);
    lepton_history_release(batched);

    free(a);
    free(b);
    for (int i = 0; i < 2; i++) {
        lepton_history_release(histories[i]);
        lepton_model_release(models[i]);
    }
    dataset_free(&data);
    lepton_client_release(client);
}

static void steps_count_and_sources_may_end(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    lepton_model *model = make_classifier(1);
    dataset data;
    dataset_init(&data, ROWS);
    lepton_source_options options;
    lepton_source_options_init(&options);
    options.epochs = 2;
    options.steps_per_epoch = 3;
    feeder source = {.data = &data, .once = 1};
    lepton_history *history = NULL;
    size_t epochs = 0;
    uint64_t steps = 0;
    /* 4 batches: an epoch of 3 and one of 1. */
    must(lepton_client_fit_source(client, model, feed, &source, &options, &history, &error));
    must(lepton_history_epoch_count(history, &epochs, &error));
    must(lepton_model_get_iterations(model, &steps, &error));
    assert_int_equal(epochs, 2);
    assert_int_equal(steps, 4);
    lepton_history_release(history);

    /* A third epoch would have none. */
    options.steps_per_epoch = 0;
    options.epochs = 3;
    source = (feeder){.data = &data, .once = 1};
    must(lepton_client_fit_source(client, model, feed, &source, &options, &history, &error));
    must(lepton_history_epoch_count(history, &epochs, &error));
    assert_int_equal(epochs, 1);
    lepton_history_release(history);

    source = (feeder){.data = &data, .stop_after = 2};
    history = UNTOUCHED;
    refused(LEPTON_CANCELLED, NULL, lepton_client_fit_source(client, model, feed, &source, &options, &history, &error));
    must(lepton_model_get_iterations(model, &steps, &error));
    assert_int_equal(steps, 10);
    source = (feeder){.data = &data, .stop_after = 1};
    refused(LEPTON_CANCELLED, NULL,
            lepton_client_evaluate_source(client, model, feed, &source, 0, NULL, &history, &error));
    source = (feeder){.data = &data, .once = 1, .next = ROWS};
    refused(LEPTON_INVALID_ARGUMENT, "source",
            lepton_client_fit_source(client, model, feed, &source, &options, &history, &error));
    refused(LEPTON_INVALID_ARGUMENT, "source",
            lepton_client_evaluate_source(client, model, feed, &source, 0, NULL, &history, &error));
    refused(LEPTON_INVALID_ARGUMENT, "source",
            lepton_client_fit_source(client, model, NULL, NULL, &options, &history, &error));
    refused(LEPTON_INVALID_ARGUMENT, "steps",
            lepton_client_evaluate_source(client, model, feed, &source, -1, NULL, &history, &error));
    options.steps_per_epoch = -1;
    refused(LEPTON_INVALID_ARGUMENT, "steps_per_epoch",
            lepton_client_fit_source(client, model, feed, &source, &options, &history, &error));
    assert_ptr_equal(history, UNTOUCHED);
    lepton_model_release(model);
    dataset_free(&data);
    lepton_client_release(client);
}

/* The means of batches go on through predictions, also of more rows than before and refused ones. */
static void predictions_leave_the_means_alone(void **state) {
    (void)state;
    lepton_model *models[] = {make_classifier(5), make_classifier(5)};
    dataset small, large;
    dataset_init(&small, ROWS / 2);
    dataset_init(&large, ROWS);
    double values[2][2];
    float *predictions = malloc(ROWS * 3 * sizeof *predictions);
    assert_non_null(predictions);
    matrix output;
    matrix_init(&output, predictions, ROWS, 3);
    for (int i = 0; i < 2; i++) {
        lepton_model *model = models[i];
        must(lepton_model_train_on_batch(model, &small.x.view, 1, &small.y.view, 1, NULL, values[i], 2, NULL, &error));
        if (i == 1) {
            must(lepton_model_predict(model, &large.x.view, 1, &output.view, 1, &error));
            refused(LEPTON_SHAPE_MISMATCH, NULL,
                    lepton_model_predict(model, &small.x.view, 1, &output.view, 1, &error));
        }
        must(lepton_model_test_on_batch(model, &large.x.view, 1, &large.y.view, 1, NULL, values[i], 2, NULL, &error));
    }
    assert_memory_equal(values[0], values[1], sizeof values[0]);
    double alone[2];
    must(lepton_model_reset_metrics(models[0], &error));
    must(lepton_model_test_on_batch(models[0], &large.x.view, 1, &large.y.view, 1, NULL, alone, 2, NULL, &error));
    assert_true(alone[1] != values[0][1]);
    free(predictions);
    for (int i = 0; i < 2; i++)
        lepton_model_release(models[i]);
    dataset_free(&small);
    dataset_free(&large);
}

/* A step on a batch is the step of a fit with that batch. */
static void a_batch_trains_as_a_fit_does(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    lepton_model *models[] = {make_classifier(5), make_classifier(5)};
    dataset data;
    dataset_init(&data, ROWS);
    lepton_fit_options fit;
    lepton_fit_options_init(&fit);
    fit.batch_size = ROWS;
    fit.shuffle = 0;
    fit.epochs = 3;
    lepton_history *history = NULL;
    must(lepton_client_fit(client, models[0], &data.x.view, 1, &data.y.view, 1, &fit, &history, &error));
    double first[2], values[2], tested[2];
    size_t count = 0, length = 0;
    for (int step = 0; step < 3; step++) {
        must(lepton_model_reset_metrics(models[1], &error));
        must(lepton_model_train_on_batch(models[1], &data.x.view, 1, &data.y.view, 1, NULL, values, 2, &count, &error));
        if (step == 0) memcpy(first, values, sizeof first);
    }
    assert_int_equal(count, 2);
    size_t bytes = 0;
    float *a = copy_weights(models[0], &bytes), *b = copy_weights(models[1], &bytes);
    assert_memory_equal(a, b, bytes);
    free(a);
    free(b);

    char name[16];
    must(lepton_model_batch_metric_name(models[1], 0, name, sizeof name, &length, &error));
    assert_string_equal(name, "accuracy");
    must(lepton_model_batch_metric_name(models[1], 1, name, sizeof name, &length, &error));
    assert_string_equal(name, "loss");
    assert_true(values[1] == last_value(history, "loss"));

    /* Means join until they are reset. */
    must(lepton_model_reset_metrics(models[1], &error));
    must(lepton_model_test_on_batch(models[1], &data.x.view, 1, &data.y.view, 1, NULL, first, 2, NULL, &error));
    must(lepton_model_train_on_batch(models[1], &data.x.view, 1, &data.y.view, 1, NULL, values, 2, NULL, &error));
    must(lepton_model_reset_metrics(models[1], &error));
    must(lepton_model_test_on_batch(models[1], &data.x.view, 1, &data.y.view, 1, NULL, tested, 2, NULL, &error));
    assert_true(values[1] != tested[1]);
    must(lepton_model_train_on_batch(models[1], &data.x.view, 1, &data.y.view, 1, NULL, NULL, 0, &count, &error));
    assert_int_equal(count, 2);

    lepton_history_release(history);
    lepton_model_release(models[0]);
    lepton_model_release(models[1]);
    dataset_free(&data);
    lepton_client_release(client);
}

static void bad_batches_change_nothing(void **state) {
    (void)state;
    lepton_model *model = make_classifier(1), *plain = make_model(1);
    dataset data;
    dataset_init(&data, ROWS);
    size_t bytes = 0, count = 77, length = 0;
    float *before = copy_weights(model, &bytes);
    double values[2] = {7, 7};
    char name[16];
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_batch_metric_name(model, 0, name, sizeof name, &length, &error));
    refused(LEPTON_INVALID_STATE, NULL,
            lepton_model_train_on_batch(plain, &data.x.view, 1, &data.y.view, 1, NULL, values, 2, &count, &error));
    refused(LEPTON_INVALID_HANDLE, "model",
            lepton_model_train_on_batch(NULL, &data.x.view, 1, &data.y.view, 1, NULL, values, 2, &count, &error));
    refused(LEPTON_INVALID_ARGUMENT, "capacity",
            lepton_model_train_on_batch(model, &data.x.view, 1, &data.y.view, 1, NULL, values, 1, &count, &error));
    refused(LEPTON_SHAPE_MISMATCH, NULL,
            lepton_model_train_on_batch(model, &data.y.view, 1, &data.y.view, 1, NULL, values, 2, &count, &error));
    lepton_batch_options options;
    lepton_batch_options_init(&options);
    const int64_t classes[] = {0};
    const double weights[] = {-1};
    options.class_weight_classes = classes;
    options.class_weight_values = weights;
    options.class_weight_count = 1;
    refused(LEPTON_INVALID_ARGUMENT, "options.class_weight_values[0]",
            lepton_model_train_on_batch(model, &data.x.view, 1, &data.y.view, 1, &options, values, 2, &count, &error));
    refused(LEPTON_INVALID_ARGUMENT, "options.class_weight_count",
            lepton_model_test_on_batch(model, &data.x.view, 1, &data.y.view, 1, &options, values, 2, &count, &error));
    data.features[5] = NAN;
    refused(LEPTON_NON_FINITE, "x",
            lepton_model_train_on_batch(model, &data.x.view, 1, &data.y.view, 1, NULL, values, 2, &count, &error));
    lepton_batch_options_init(&options);
    options.struct_size = 1;
    refused(LEPTON_INVALID_ARGUMENT, "options.struct_size",
            lepton_model_train_on_batch(model, &data.x.view, 1, &data.y.view, 1, &options, values, 2, &count, &error));
    assert_int_equal(count, 77);
    assert_true(values[0] == 7 && values[1] == 7);
    float *after = copy_weights(model, &bytes);
    assert_memory_equal(before, after, bytes);
    free(before);
    free(after);
    dataset_free(&data);
    lepton_model_release(plain);
    lepton_model_release(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_trains_as_arrays_do),      cmocka_unit_test(steps_count_and_sources_may_end),
        cmocka_unit_test(predictions_leave_the_means_alone), cmocka_unit_test(a_batch_trains_as_a_fit_does),
        cmocka_unit_test(bad_batches_change_nothing),
    };
    return cmocka_run_group_tests_name("batches", tests, NULL, NULL);
}
