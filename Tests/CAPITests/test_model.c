/* Section "model" of lepton.h: structure, config, summary, shapes, compile. Weights and files: test_weights.c. */
#define _GNU_SOURCE
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *config_text(lepton_model *model) {
    size_t length = 0;
    must(lepton_model_get_config(model, NULL, 0, &length, &error));
    char *text = malloc(length + 1);
    assert_non_null(text);
    must(lepton_model_get_config(model, text, length + 1, &length, &error));
    assert_int_equal(strlen(text), length);
    return text;
}

static void references_are_counted(void **state) {
    (void)state;
    lepton_model *model = NULL;
    must(lepton_model_create("scores", &model, &error));
    must(lepton_model_retain(model, &error));
    lepton_model_release(model);
    char *text = config_text(model);
    assert_non_null(strstr(text, "\"scores\""));
    free(text);
    lepton_model_release(model);
    size_t length = 5;
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_get_config(model, NULL, 0, &length, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_retain(model, &error));
    assert_int_equal(length, 5);
    lepton_model_release(model);
    lepton_model_release(NULL);
}

static void creation_checks_its_arguments(void **state) {
    (void)state;
    lepton_model *model = UNTOUCHED;
    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_model_create(NULL, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "name", lepton_model_create("\xFF", &model, &error));
    assert_ptr_equal(model, UNTOUCHED);
    must(lepton_model_create(NULL, &model, &error));
    char *text = config_text(model);
    assert_non_null(strstr(text, "\"sequential\""));
    free(text);
    lepton_model_release(model);
}

static void a_config_makes_the_same_model(void **state) {
    (void)state;
    lepton_model *model = make_classifier(7), *twin = NULL;
    char *text = config_text(model);
    must(lepton_model_create_from_config(text, SIZE_MAX, &twin, &error));
    char *again = config_text(twin);
    assert_string_equal(again, text);
    lepton_model_release(twin);
    must(lepton_model_create_from_config(text, strlen(text), &twin, &error));
    size_t count = 0;
    must(lepton_model_weight_count(twin, &count, &error));
    assert_int_equal(count, 4);
    lepton_model_release(twin);
    lepton_model_release(model);
    free(again);
    free(text);
}

static void bad_configs_are_refused(void **state) {
    (void)state;
    lepton_model *model = UNTOUCHED;
    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_model_create_from_config("{}", SIZE_MAX, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "json", lepton_model_create_from_config(NULL, 2, &model, &error));
    refused(LEPTON_INVALID_ARGUMENT, "length", lepton_model_create_from_config("{}", SIZE_MAX - 1, &model, &error));
    const struct {
        const char *json;
        lepton_status status;
    } cases[] = {
        {"", LEPTON_CORRUPT_DATA},
        {"{", LEPTON_CORRUPT_DATA},
        {"{}", LEPTON_INVALID_ARGUMENT},
        {"[]", LEPTON_INVALID_ARGUMENT},
        {"null", LEPTON_INVALID_ARGUMENT},
        {"{\"class_name\": \"Sequential\"", LEPTON_CORRUPT_DATA},
        {"{\"class_name\": \"Sequential\", \"config\": {\"name\": \"\xFF\"}}", LEPTON_CORRUPT_DATA},
        {"{\"class_name\": \"Sequentail\", \"config\": {\"name\": \"m\", \"layers\": []}}", LEPTON_INVALID_ARGUMENT},
        {"{\"class_name\": \"Sequential\", \"config\": {\"name\": \"m\", \"layers\": [{\"class_name\": \"Danse\", "
         "\"config\": {\"units\": 1}}]}}",
         LEPTON_INVALID_ARGUMENT},
        {"{\"class_name\": \"Sequential\", \"config\": {\"name\": \"m\", \"layers\": [{\"class_name\": \"Dense\", "
         "\"config\": {\"units\": -1}}]}}",
         LEPTON_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        refused(cases[i].status, NULL, lepton_model_create_from_config(cases[i].json, SIZE_MAX, &model, &error));
        assert_ptr_equal(model, UNTOUCHED);
    }
    assert_int_equal(lepton_model_create_from_config(cases[8].json, SIZE_MAX, &model, &error), LEPTON_INVALID_ARGUMENT);
    assert_non_null(strstr(lepton_error_message(error), "Dense"));
    lepton_error_release(error);
    error = NULL;
}

/* Whatever a layer asks for that is larger than memory, the answer is an error. */
static void sizes_beyond_memory_are_refused(void **state) {
    (void)state;
    const char *layers[] = {
        "{\"units\": 9223372036854775807, \"input_shape\": [9223372036854775807]}",
        "{\"units\": 4611686018427387904, \"input_shape\": [2]}",
        "{\"units\": 1000000000, \"input_shape\": [1000000000]}",
        "{\"units\": 1e300, \"input_shape\": [1]}",
        "{\"units\": 0, \"input_shape\": [1]}",
        "{\"units\": 1, \"input_shape\": [0]}",
        "{\"units\": 1, \"input_shape\": [-4]}",
        "{\"units\": 1, \"input_shape\": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]}",
        "{\"units\": 1, \"input_shape\": [9223372036854775807, 9223372036854775807]}",
        "{\"units\": 1, \"input_shape\": 3}",
        "{\"units\": 1, \"input_shape\": {}}",
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        lepton_model *model = make_model(1);
        char *before = config_text(model);
        lepton_status status = lepton_model_add_layer(model, "Dense", layers[i], &error);
        if (status == LEPTON_OK) fail_msg("accepted %s", layers[i]);
        refused_at(status, status, NULL, layers[i], __FILE__, __LINE__);
        char *after = config_text(model);
        assert_string_equal(before, after);
        free(before);
        free(after);
        lepton_model_release(model);
    }
}

static void layers_are_checked_as_they_are_added(void **state) {
    (void)state;
    lepton_model *model = make_model(1);
    must(lepton_model_add_layer(model, "Dense", "{\"units\": 2, \"input_shape\": [3]}", &error));
    char *before = config_text(model);
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_add_layer(NULL, "Dense", NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "class_name", lepton_model_add_layer(model, NULL, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "class_name", lepton_model_add_layer(model, "\x80", NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL, lepton_model_add_layer(model, "", NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL, lepton_model_add_layer(model, "Dens", "{\"units\": 1}", &error));
    refused(LEPTON_INVALID_ARGUMENT, "config", lepton_model_add_layer(model, "Dense", "[1]", &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL, lepton_model_add_layer(model, "Dense", "{}", &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL, lepton_model_add_layer(model, "Dense", NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL,
            lepton_model_add_layer(model, "Dense", "{\"units\": 1, \"unitz\": 2}", &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL, lepton_model_add_layer(model, "Dense", "{\"units\": \"many\"}", &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL,
            lepton_model_add_layer(model, "Dense", "{\"units\": 1, \"activation\": \"rellu\"}", &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL, lepton_model_add_layer(model, "Dropout", "{\"rate\": 1.5}", &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL, lepton_model_add_layer(model, "Dropout", "{\"rate\": NaN}", &error));
    refused(LEPTON_CORRUPT_DATA, NULL, lepton_model_add_layer(model, "Dense", "{\"units\": 1", &error));
    char *after = config_text(model);
    assert_string_equal(before, after);
    must(lepton_model_add_layer(model, "Flatten", NULL, &error));
    must(lepton_model_add_layer(model, "Activation", "{\"activation\": \"tanh\"}", &error));
    free(before);
    free(after);
    lepton_model_release(model);
}

static void building_fixes_the_shapes(void **state) {
    (void)state;
    lepton_model *model = make_model(1);
    must(lepton_model_add_layer(model, "Flatten", NULL, &error));
    must(lepton_model_add_layer(model, "Dense", "{\"units\": 5}", &error));
    size_t inputs = 9, outputs = 9, count = 9;
    int32_t ndim = 9;
    int64_t shape[8] = {9, 9, 9, 9, 9, 9, 9, 9};
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_io_count(model, &inputs, &outputs, &error));
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_input_shape(model, 0, shape, 8, &ndim, &error));
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_output_shape(model, 0, shape, 8, &ndim, &error));
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_weight_count(model, &count, &error));
    assert_true(inputs == 9 && outputs == 9 && count == 9 && ndim == 9 && shape[0] == 9);

    const int64_t extents[] = {2, 3};
    refused(LEPTON_INVALID_ARGUMENT, "shape", lepton_model_build(model, NULL, 2, &error));
    refused(LEPTON_INVALID_ARGUMENT, "ndim", lepton_model_build(model, extents, -1, &error));
    refused(LEPTON_INVALID_ARGUMENT, "ndim", lepton_model_build(model, extents, 8, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_build(NULL, extents, 2, &error));
    const int64_t bad[][2] = {{-1, 2}, {INT64_MAX, INT64_MAX}, {INT64_MIN, 1}, {0, 3}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        lepton_status status = lepton_model_build(model, bad[i], 2, &error);
        if (status == LEPTON_OK) fail_msg("built with (%lld, %lld)", (long long)bad[i][0], (long long)bad[i][1]);
        refused_at(status, status, NULL, "lepton_model_build", __FILE__, __LINE__);
    }
    must(lepton_model_build(model, extents, 2, &error));
    must(lepton_model_build(model, extents, 2, &error));
    const int64_t other[] = {3, 3};
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_build(model, other, 2, &error));

    must(lepton_model_io_count(model, &inputs, NULL, &error));
    must(lepton_model_io_count(model, NULL, &outputs, &error));
    must(lepton_model_io_count(model, NULL, NULL, &error));
    assert_true(inputs == 1 && outputs == 1);
    must(lepton_model_input_shape(model, 0, NULL, 0, &ndim, &error));
    assert_int_equal(ndim, 3);
    must(lepton_model_input_shape(model, 0, shape, 8, &ndim, &error));
    assert_true(shape[0] == -1 && shape[1] == 2 && shape[2] == 3 && shape[3] == 9);
    shape[1] = 9;
    must(lepton_model_output_shape(model, 0, shape, 1, &ndim, &error));
    assert_true(ndim == 2 && shape[0] == -1 && shape[1] == 9);
    must(lepton_model_output_shape(model, 0, shape, 2, &ndim, &error));
    assert_int_equal(shape[1], 5);
    refused(LEPTON_INVALID_ARGUMENT, "index", lepton_model_input_shape(model, 1, shape, 8, &ndim, &error));
    refused(LEPTON_INVALID_ARGUMENT, "index", lepton_model_output_shape(model, SIZE_MAX, shape, 8, &ndim, &error));
    refused(LEPTON_INVALID_ARGUMENT, "capacity", lepton_model_input_shape(model, 0, shape, -1, &ndim, &error));
    refused(LEPTON_INVALID_ARGUMENT, "ndim", lepton_model_input_shape(model, 0, shape, 8, NULL, &error));
    lepton_model_release(model);
}

static void the_summary_is_a_size_query(void **state) {
    (void)state;
    lepton_model *model = make_classifier(1);
    size_t needed = 0, length = 0;
    must(lepton_model_summary(model, 0, NULL, 0, &needed, &error));
    char *text = malloc(needed + 1);
    assert_non_null(text);
    must(lepton_model_summary(model, 0, text, needed + 1, &length, &error));
    assert_int_equal(length, needed);
    assert_non_null(strstr(text, "dense"));
    assert_non_null(strstr(text, "67")); /* 4 x 8 + 8 + 8 x 3 + 3 parameters */
    text[0] = '?';
    refused(LEPTON_INVALID_ARGUMENT, "capacity", lepton_model_summary(model, 0, text, needed, &length, &error));
    assert_int_equal(text[0], '?');
    for (int32_t width = 1; width < 200; width += 13)
        must(lepton_model_summary(model, width, NULL, 0, &length, &error));
    refused(LEPTON_INVALID_ARGUMENT, "line_length", lepton_model_summary(model, -1, NULL, 0, &length, &error));
    refused(LEPTON_INVALID_ARGUMENT, "line_length", lepton_model_summary(model, INT32_MAX, NULL, 0, &length, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_summary(NULL, 0, NULL, 0, &length, &error));
    free(text);
    lepton_model_release(model);
}

static void compile_takes_names_and_configs(void **state) {
    (void)state;
    lepton_compile_options options;
    memset(&options, 0xFF, sizeof options);
    lepton_compile_options_init(&options);
    assert_int_equal(options.struct_size, sizeof options);
    assert_true(options.optimizer == NULL || strcmp(options.optimizer, "adam") == 0);
    assert_null(options.loss);
    assert_true(options.metrics == NULL && options.metric_count == 0);
    assert_true(options.weighted_metrics == NULL && options.weighted_metric_count == 0);
    lepton_compile_options_init_sized(NULL, 0);

    lepton_model *model = make_model(1);
    must(lepton_model_add_layer(model, "Dense", "{\"units\": 1, \"input_shape\": [3]}", &error));
    double rate = 7;
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_get_learning_rate(model, &rate, &error));
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_set_learning_rate(model, 0.5, &error));
    assert_true(rate == 7);
    must(lepton_model_compile(model, NULL, &error));
    must(lepton_model_get_learning_rate(model, &rate, &error));
    assert_true(fabs(rate - 0.001) < 1e-9);

    const char *metrics[] = {"mae", " {\"class_name\": \"MeanSquaredError\", \"config\": {\"name\": \"square\"}}"};
    const char *weighted[] = {"mse"};
    options.optimizer = " {\"class_name\": \"SGD\", \"config\": {\"learning_rate\": 0.25, \"momentum\": 0.9}}";
    options.loss = "mse";
    options.metrics = metrics;
    options.metric_count = 2;
    options.weighted_metrics = weighted;
    options.weighted_metric_count = 1;
    must(lepton_model_compile(model, &options, &error));
    must(lepton_model_get_learning_rate(model, &rate, &error));
    assert_true(rate == 0.25);
    must(lepton_model_set_learning_rate(model, 0, &error));
    must(lepton_model_set_learning_rate(model, 0.125, &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL, lepton_model_set_learning_rate(model, -0.5, &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL, lepton_model_set_learning_rate(model, NAN, &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL, lepton_model_set_learning_rate(model, INFINITY, &error));
    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_model_get_learning_rate(model, NULL, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_get_learning_rate(NULL, &rate, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_set_learning_rate(NULL, 0.1, &error));
    must(lepton_model_get_learning_rate(model, &rate, &error));
    assert_true(rate == 0.125);
    lepton_model_release(model);
}

static void bad_compile_options_are_refused(void **state) {
    (void)state;
    lepton_model *model = make_linear(3);
    must(lepton_model_set_learning_rate(model, 0.125, &error));
    const char *known[] = {"mae"}, *unknown[] = {"accurazy"}, *holes[] = {NULL};
    lepton_compile_options options;

#define REFUSED_WITH(status, argument, change)                                                                         \
    do {                                                                                                               \
        lepton_compile_options_init(&options);                                                                         \
        options.loss = "mse";                                                                                          \
        change;                                                                                                        \
        refused(status, argument, lepton_model_compile(model, &options, &error));                                      \
    } while (0)

    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, NULL, options.optimizer = "adamm");
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, NULL, options.optimizer = "");
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "options.optimizer", options.optimizer = "\xFE");
    REFUSED_WITH(LEPTON_CORRUPT_DATA, NULL, options.optimizer = "{\"class_name\": ");
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, NULL,
                 options.optimizer = "{\"class_name\": \"SGD\", \"config\": {\"learning_rate\": -1}}");
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, NULL,
                 options.optimizer = "{\"class_name\": \"SGD\", \"config\": {\"learning_rate\": NaN}}");
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, NULL,
                 options.optimizer = "{\"class_name\": \"SGD\", \"config\": {\"momentum\": 2}}");
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, NULL, options.loss = "mean_squared_eror");
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, NULL, (options.metrics = unknown, options.metric_count = 1));
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "options.metrics[0]", (options.metrics = holes, options.metric_count = 1));
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "options.metrics", options.metric_count = 1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "options.metric_count",
                 (options.metrics = known, options.metric_count = SIZE_MAX));
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "options.weighted_metrics", options.weighted_metric_count = 2);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "options.weighted_metric_count",
                 (options.weighted_metrics = known, options.weighted_metric_count = SIZE_MAX / 2));
#undef REFUSED_WITH

    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_compile(NULL, NULL, &error));
    lepton_compile_options_init(&options);
    options.loss = "mean_squared_eror";
    assert_int_equal(lepton_model_compile(model, &options, &error), LEPTON_INVALID_ARGUMENT);
    assert_non_null(strstr(lepton_error_message(error), "mean_squared_error"));
    lepton_error_release(error);
    error = NULL;

    /* The compile settings of before are still there. */
    double rate = 0;
    must(lepton_model_get_learning_rate(model, &rate, &error));
    assert_true(rate == 0.125);
    lepton_model_release(model);
}

static void a_seed_decides_the_weights(void **state) {
    (void)state;
    lepton_model *first = make_classifier(42), *second = make_classifier(42), *third = make_classifier(43);
    size_t bytes = 0;
    float *a = copy_weights(first, &bytes), *b = copy_weights(second, &bytes), *c = copy_weights(third, &bytes);
    assert_memory_equal(a, b, bytes);
    assert_memory_not_equal(a, c, bytes);
    free(a);
    free(b);
    free(c);
    lepton_model_release(first);
    lepton_model_release(second);
    lepton_model_release(third);
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_set_seed(NULL, 1, &error));
}

/* A model that is built draws its weights anew, until they are somebody's work. */
static void a_seed_may_follow_the_building(void **state) {
    (void)state;
    lepton_model *before = make_classifier(42), *after = make_classifier(1);
    must(lepton_model_set_seed(after, 42, &error));
    size_t bytes = 0;
    float *a = copy_weights(before, &bytes), *b = copy_weights(after, &bytes);
    assert_memory_equal(a, b, bytes);
    free(a);
    free(b);
    lepton_model_release(before);

    float kernel[] = {1, 2}, bias[] = {3};
    matrix views[2];
    matrix_init(&views[0], kernel, 2, 1);
    matrix_init(&views[1], bias, 1, -1);
    lepton_model *set = make_linear(2);
    must(lepton_model_set_weights(set, (lepton_tensor_view[]){views[0].view, views[1].view}, 2, &error));
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_set_seed(set, 5, &error));
    lepton_model_release(set);

    lepton_client *client = make_client(1);
    dataset data;
    dataset_init(&data, 10);
    must(lepton_client_fit(client, after, &data.x.view, 1, &data.y.view, 1, NULL, NULL, &error));
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_set_seed(after, 5, &error));
    dataset_free(&data);
    lepton_client_release(client);
    lepton_model_release(after);
}

static void the_compile_config_is_a_size_query(void **state) {
    (void)state;
    lepton_model *model = make_classifier(1), *raw = make_model(1);
    size_t needed = 0, length = 77;
    must(lepton_model_get_compile_config(model, NULL, 0, &needed, &error));
    char *text = malloc(needed + 1);
    assert_non_null(text);
    text[0] = '?';
    refused(LEPTON_INVALID_ARGUMENT, "capacity", lepton_model_get_compile_config(model, text, needed, &length, &error));
    assert_int_equal(text[0], '?');
    must(lepton_model_get_compile_config(model, text, needed + 1, &length, &error));
    assert_int_equal(length, needed);
    assert_non_null(strstr(text, "sparse_categorical_crossentropy"));
    assert_non_null(strstr(text, "accuracy"));
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_get_compile_config(raw, text, needed + 1, &length, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_get_compile_config(NULL, NULL, 0, &length, &error));
    refused(LEPTON_INVALID_ARGUMENT, "length", lepton_model_get_compile_config(model, NULL, 0, NULL, &error));
    free(text);
    lepton_model_release(raw);
    lepton_model_release(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(references_are_counted),
        cmocka_unit_test(creation_checks_its_arguments),
        cmocka_unit_test(a_config_makes_the_same_model),
        cmocka_unit_test(bad_configs_are_refused),
        cmocka_unit_test(sizes_beyond_memory_are_refused),
        cmocka_unit_test(layers_are_checked_as_they_are_added),
        cmocka_unit_test(building_fixes_the_shapes),
        cmocka_unit_test(the_summary_is_a_size_query),
        cmocka_unit_test(compile_takes_names_and_configs),
        cmocka_unit_test(bad_compile_options_are_refused),
        cmocka_unit_test(the_compile_config_is_a_size_query),
        cmocka_unit_test(a_seed_decides_the_weights),
        cmocka_unit_test(a_seed_may_follow_the_building),
    };
    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
