/* Section "model" of lepton.h: weights, and model files. */
#define _GNU_SOURCE
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void weights_are_described(void **state) {
    (void)state;
    lepton_model *model = make_classifier(1);
    size_t count = 0;
    must(lepton_model_weight_count(model, &count, &error));
    assert_int_equal(count, 4);
    static const struct {
        int32_t ndim;
        int64_t shape[2];
        const char *name;
    } wanted[] = {{2, {4, 8}, "kernel"}, {1, {8, 0}, "bias"}, {2, {8, 3}, "kernel"}, {1, {3, 0}, "bias"}};
    for (size_t i = 0; i < count; i++) {
        lepton_weight_info info;
        memset(&info, 0xFF, sizeof info);
        info.struct_size = sizeof info;
        must(lepton_model_weight_info(model, i, &info, &error));
        assert_int_equal(info.struct_size, sizeof info);
        assert_int_equal(info.ndim, wanted[i].ndim);
        assert_int_equal(info.shape[0], wanted[i].shape[0]);
        assert_int_equal(info.shape[1], wanted[i].shape[1]);
        assert_int_equal(info.shape[7], 0);
        assert_int_equal(info.trainable, 1);
        assert_non_null(memchr(info.name, 0, sizeof info.name));
        assert_non_null(strstr(info.name, wanted[i].name));
    }
    lepton_weight_info info = {.struct_size = sizeof info, .ndim = 77};
    refused(LEPTON_INVALID_ARGUMENT, "index", lepton_model_weight_info(model, 4, &info, &error));
    refused(LEPTON_INVALID_ARGUMENT, "index", lepton_model_weight_info(model, SIZE_MAX, &info, &error));
    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_model_weight_info(model, 0, NULL, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_weight_info(NULL, 0, &info, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_weight_count(NULL, &count, &error));
    refused(LEPTON_INVALID_ARGUMENT, "count", lepton_model_weight_count(model, NULL, &error));
    info.struct_size = 0;
    refused(LEPTON_INVALID_ARGUMENT, "out.struct_size", lepton_model_weight_info(model, 0, &info, &error));
    assert_int_equal(info.ndim, 77);
    lepton_model_release(model);
}

/* The longest name a layer may have fits the field whole. */
static void long_names_are_whole(void **state) {
    (void)state;
    lepton_model *model = make_model(1);
    char config[512] = "{\"units\": 1, \"input_shape\": [1], \"name\": \"", wanted[256] = "";
    for (int i = 0; i < 66; i++) {
        strcat(config, "\xE2\x82\xAC"); /* a character of three bytes */
        strcat(wanted, "\xE2\x82\xAC");
    }
    strcat(config, "\"}");
    strcat(wanted, "/kernel");
    must(lepton_model_add_layer(model, "Dense", config, &error));
    lepton_weight_info info = {.struct_size = sizeof info};
    must(lepton_model_weight_info(model, 0, &info, &error));
    assert_string_equal(info.name, wanted);
    lepton_model_release(model);
}

static void weights_make_the_round_trip(void **state) {
    (void)state;
    lepton_model *model = make_linear(3);
    double kernel[] = {1.5, -2, 0.25};
    int32_t bias[] = {4};
    const int64_t kernel_shape[] = {3, 1}, bias_shape[] = {1};
    lepton_tensor_view views[] = {{kernel, LEPTON_FLOAT64, 2, kernel_shape, NULL, 0},
                                  {bias, LEPTON_INT32, 1, bias_shape, NULL, 0}};
    must(lepton_model_set_weights(model, views, 2, &error));
    size_t bytes = 0;
    float *weights = copy_weights(model, &bytes);
    assert_int_equal(bytes, 16);
    assert_memory_equal(weights, ((float[]){1.5f, -2, 0.25f, 4}), 16);
    free(weights);
    lepton_model_release(model);
}

static void bad_weights_change_nothing(void **state) {
    (void)state;
    lepton_model *model = make_linear(3);
    size_t bytes = 0;
    float *before = copy_weights(model, &bytes);
    float kernel[] = {9, 9, 9}, bias[] = {9}, broken[] = {9, NAN, 9}, endless[] = {INFINITY};
    double wide[] = {9, 9, 9};
    const int64_t kernel_shape[] = {3, 1}, turned[] = {1, 3}, bias_shape[] = {1};
    lepton_tensor_view good_kernel = {kernel, LEPTON_FLOAT32, 2, kernel_shape, NULL, 0};
    lepton_tensor_view good_bias = {bias, LEPTON_FLOAT32, 1, bias_shape, NULL, 0};
    lepton_tensor_view views[] = {good_kernel, good_bias, good_bias};
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_set_weights(NULL, views, 2, &error));
    refused(LEPTON_SHAPE_MISMATCH, "count", lepton_model_set_weights(model, views, 1, &error));
    refused(LEPTON_SHAPE_MISMATCH, "count", lepton_model_set_weights(model, views, 3, &error));
    refused(LEPTON_SHAPE_MISMATCH, "count", lepton_model_set_weights(model, views, SIZE_MAX, &error));
    refused(LEPTON_INVALID_ARGUMENT, "views", lepton_model_set_weights(model, NULL, 2, &error));
    views[1] = (lepton_tensor_view){bias, LEPTON_FLOAT32, 1, kernel_shape, NULL, 0};
    refused(LEPTON_SHAPE_MISMATCH, NULL, lepton_model_set_weights(model, views, 2, &error));
    views[1] = (lepton_tensor_view){endless, LEPTON_FLOAT32, 1, bias_shape, NULL, 0};
    refused(LEPTON_NON_FINITE, NULL, lepton_model_set_weights(model, views, 2, &error));
    views[0] = (lepton_tensor_view){broken, LEPTON_FLOAT32, 2, kernel_shape, NULL, 0};
    views[1] = good_bias;
    refused(LEPTON_NON_FINITE, NULL, lepton_model_set_weights(model, views, 2, &error));
    views[0] = (lepton_tensor_view){kernel, LEPTON_FLOAT32, 2, turned, NULL, 0};
    refused(LEPTON_SHAPE_MISMATCH, NULL, lepton_model_set_weights(model, views, 2, &error));
    views[0] = (lepton_tensor_view){NULL, LEPTON_FLOAT32, 2, kernel_shape, NULL, 0};
    refused(LEPTON_INVALID_ARGUMENT, "views[0].data", lepton_model_set_weights(model, views, 2, &error));

    float *after = copy_weights(model, &bytes);
    assert_memory_equal(before, after, bytes);

    views[0] = good_kernel;
    views[1] = (lepton_tensor_view){wide, LEPTON_FLOAT64, 1, bias_shape, NULL, 0};
    refused(LEPTON_TYPE_MISMATCH, "views[1].dtype", lepton_model_get_weights(model, views, 2, &error));
    views[1] = (lepton_tensor_view){bias, LEPTON_FLOAT32, 1, kernel_shape, NULL, 0};
    refused(LEPTON_SHAPE_MISMATCH, NULL, lepton_model_get_weights(model, views, 2, &error));
    refused(LEPTON_SHAPE_MISMATCH, "count", lepton_model_get_weights(model, views, 0, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_get_weights(NULL, views, 2, &error));
    assert_memory_equal(kernel, ((float[]){9, 9, 9}), sizeof kernel);
    free(before);
    free(after);
    lepton_model_release(model);
}

static void files_make_the_round_trip(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    lepton_model *model = make_classifier(5), *loaded = NULL;
    dataset data;
    dataset_init(&data, 60);
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, NULL, NULL, &error));
    char *path = temporary_path("model.safetensors");
    must(lepton_model_save(model, path, &error));
    must(lepton_model_save(model, path, &error));
    must(lepton_model_load(path, &loaded, &error));
    size_t bytes = 0;
    float *a = copy_weights(model, &bytes), *b = copy_weights(loaded, &bytes);
    assert_memory_equal(a, b, bytes);
    free(a);
    free(b);

    /* The optimizer's state came along, so both go on to the same weights. */
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.shuffle = 0;
    lepton_model *both[] = {model, loaded};
    for (int i = 0; i < 2; i++)
        must(lepton_client_evaluate(client, both[i], &data.x.view, 1, &data.y.view, 1, NULL, (lepton_history *[]){NULL},
                                    &error));
    lepton_model_release(loaded);
    lepton_model_release(model);
    lepton_client_release(client);
    dataset_free(&data);
    free(path);
}

static void bad_paths_are_refused(void **state) {
    (void)state;
    lepton_model *model = make_linear(1), *loaded = UNTOUCHED, *unbuilt = make_model(1);
    char *path = temporary_path("unwritten.safetensors");
    refused(LEPTON_INVALID_ARGUMENT, "path", lepton_model_save(model, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "path", lepton_model_save(model, "\xFF/x", &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_save(NULL, path, &error));
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_save(unbuilt, path, &error));
    const char *const unwritable[] = {"/proc/lepton/model", "/nonesuch/folder/model", "", "/"};
    for (size_t i = 0; i < sizeof unwritable / sizeof *unwritable; i++) {
        lepton_status status = lepton_model_save(model, unwritable[i], &error);
        if (status == LEPTON_OK) fail_msg("saved to '%s'", unwritable[i]);
        refused_at(status, status, NULL, "lepton_model_save", __FILE__, __LINE__);
    }
    refused(LEPTON_INVALID_ARGUMENT, "path", lepton_model_load(NULL, &loaded, &error));
    refused(LEPTON_INVALID_ARGUMENT, "path", lepton_model_load("\xFF", &loaded, &error));
    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_model_load(path, NULL, &error));
    refused(LEPTON_NOT_FOUND, NULL, lepton_model_load(path, &loaded, &error));
    lepton_status status = lepton_model_load("/tmp", &loaded, &error);
    assert_true(status != LEPTON_OK && status != LEPTON_INTERNAL_ERROR);
    refused_at(status, status, NULL, "lepton_model_load of a folder", __FILE__, __LINE__);
    assert_ptr_equal(loaded, UNTOUCHED);
    free(path);
    lepton_model_release(unbuilt);
    lepton_model_release(model);
}

/* A second model of the same kind, brought to the first one's state in two ways, trains on to the same bits. */
static void optimizer_state_makes_the_round_trip(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    lepton_model *models[] = {make_classifier(5), make_classifier(6), make_classifier(5)};
    dataset data;
    dataset_init(&data, 60);
    must(lepton_client_fit(client, models[0], &data.x.view, 1, &data.y.view, 1, NULL, NULL, &error));
    uint64_t steps = 0;
    must(lepton_model_get_iterations(models[0], &steps, &error));
    assert_int_equal(steps, 2);

    char *path = temporary_path("state.safetensors");
    must(lepton_model_save(models[0], path, &error));
    must(lepton_model_load_state(models[1], path, &error));

    enum { LARGEST = 64, MOST = 16 };
    float numbers[MOST][LARGEST];
    lepton_tensor_view views[MOST];
    lepton_weight_info infos[MOST];
    size_t weights = 0, count = 0;
    must(lepton_model_weight_count(models[0], &weights, &error));
    must(lepton_model_optimizer_weight_count(models[0], &count, &error));
    assert_true(count > 0 && count <= MOST && count % weights == 0);
    for (size_t i = 0; i < count; i++) {
        infos[i] = (lepton_weight_info){.struct_size = sizeof infos[i]};
        must(lepton_model_optimizer_weight_info(models[0], i, &infos[i], &error));
        assert_non_null(strchr(infos[i].name, '/'));
        views[i] = (lepton_tensor_view){numbers[i], LEPTON_FLOAT32, infos[i].ndim, infos[i].shape, NULL, 0};
    }
    must(lepton_model_get_optimizer_weights(models[0], views, count, &error));
    must(lepton_model_set_optimizer_weights(models[2], views, count, &error));
    must(lepton_model_set_iterations(models[2], steps, &error));
    lepton_tensor_view copies[MOST];
    lepton_weight_info own[MOST];
    float parameters[MOST][LARGEST];
    for (size_t i = 0; i < weights; i++) {
        own[i] = (lepton_weight_info){.struct_size = sizeof own[i]};
        must(lepton_model_weight_info(models[0], i, &own[i], &error));
        copies[i] = (lepton_tensor_view){parameters[i], LEPTON_FLOAT32, own[i].ndim, own[i].shape, NULL, 0};
    }
    must(lepton_model_get_weights(models[0], copies, weights, &error));
    must(lepton_model_set_weights(models[2], copies, weights, &error));

    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.shuffle = 0;
    size_t bytes = 0;
    float *trained[3];
    for (int i = 0; i < 3; i++) {
        must(lepton_client_fit(client, models[i], &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
        trained[i] = copy_weights(models[i], &bytes);
        if (i > 0) assert_memory_equal(trained[0], trained[i], bytes);
    }
    for (int i = 0; i < 3; i++) {
        free(trained[i]);
        lepton_model_release(models[i]);
    }
    dataset_free(&data);
    free(path);
    lepton_client_release(client);
}

static void bad_optimizer_state_changes_nothing(void **state) {
    (void)state;
    lepton_model *model = make_linear(3), *other = make_classifier(1), *unbuilt = make_model(1);
    size_t count = 7;
    uint64_t steps = 7;
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_optimizer_weight_count(NULL, &count, &error));
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_optimizer_weight_count(unbuilt, &count, &error));
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_get_iterations(unbuilt, &steps, &error));
    refused(LEPTON_INVALID_ARGUMENT, "count", lepton_model_optimizer_weight_count(other, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "iterations", lepton_model_set_iterations(other, UINT64_MAX, &error));
    refused(LEPTON_SHAPE_MISMATCH, "count", lepton_model_set_optimizer_weights(other, NULL, SIZE_MAX, &error));
    lepton_weight_info info = {.struct_size = sizeof info};
    refused(LEPTON_INVALID_ARGUMENT, "index", lepton_model_optimizer_weight_info(other, 1000, &info, &error));
    char *path = temporary_path("other.safetensors");
    must(lepton_model_save(other, path, &error));
    refused(LEPTON_SHAPE_MISMATCH, NULL, lepton_model_load_state(model, path, &error));
    refused(LEPTON_INVALID_STATE, NULL, lepton_model_load_state(unbuilt, path, &error));
    refused(LEPTON_NOT_FOUND, NULL, lepton_model_load_state(model, "/nonesuch/model", &error));
    refused(LEPTON_INVALID_ARGUMENT, "path", lepton_model_load_state(model, NULL, &error));
    assert_int_equal(count, 7);
    assert_int_equal(steps, 7);
    free(path);
    lepton_model_release(unbuilt);
    lepton_model_release(other);
    lepton_model_release(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_described),
        cmocka_unit_test(long_names_are_whole),
        cmocka_unit_test(weights_make_the_round_trip),
        cmocka_unit_test(bad_weights_change_nothing),
        cmocka_unit_test(files_make_the_round_trip),
        cmocka_unit_test(bad_paths_are_refused),
        cmocka_unit_test(optimizer_state_makes_the_round_trip),
        cmocka_unit_test(bad_optimizer_state_changes_nothing),
    };
    return cmocka_run_group_tests_name("weights", tests, NULL, NULL);
}
