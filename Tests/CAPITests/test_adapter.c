/* Section "adapter" of lepton.h, and text as input of models. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {"cat", "dog", "cat", "bird", "cat", "dog"};

static lepton_tensor_view texts(const char *const *data, int64_t *shape, int64_t rows, int64_t columns) {
    shape[0] = rows;
    shape[1] = columns;
    lepton_tensor_view view = {(void *)(uintptr_t)data, LEPTON_STRING, columns < 0 ? 1 : 2, shape, NULL, 0};
    return view;
}

/* The text of a size-query call; the caller frees it. */
static char *finish(lepton_adapter *adapter) {
    size_t length = 0;
    must(lepton_adapter_finish(adapter, NULL, 0, &length, &error));
    char *text = malloc(length + 1);
    must(lepton_adapter_finish(adapter, text, length + 1, &length, &error));
    assert_int_equal(strlen(text), length);
    return text;
}

static void a_lookup_learns_its_vocabulary(void **state) {
    (void)state;
    lepton_adapter *adapter = NULL;
    must(lepton_adapter_create("{\"class_name\": \"StringLookup\", \"config\": {\"name\": \"look\"}}", &adapter,
                               &error));
    size_t length = 7;
    refused(LEPTON_INVALID_STATE, NULL, lepton_adapter_finish(adapter, NULL, 0, &length, &error));
    assert_int_equal(length, 7);
    int64_t shape[2];
    lepton_tensor_view view = texts(words, shape, 2, -1);
    must(lepton_adapter_update(adapter, &view, &error));
    view = texts(words + 2, shape, 4, 1);
    must(lepton_adapter_update(adapter, &view, &error));
    char *config = finish(adapter);
    assert_non_null(strstr(config, "\"vocabulary\": [\"cat\", \"dog\", \"bird\"]"));
    free(config);
    lepton_adapter_release(adapter);
    refused(LEPTON_INVALID_HANDLE, "adapter", lepton_adapter_update(adapter, &view, &error));
    lepton_adapter_release(NULL);
}

static void a_saved_model_takes_text(void **state) {
    (void)state;
    lepton_model *model = make_model(3);
    must(lepton_model_add_layer(model, "InputLayer", "{\"batch_shape\": [null, 1], \"dtype\": \"string\"}", &error));
    must(lepton_model_add_layer(model, "TextVectorization", "{\"name\": \"text\", \"output_sequence_length\": 3}",
                                &error));
    must(lepton_model_add_layer(model, "Dense", "{\"units\": 2}", &error));
    const char *lines[] = {"The cat, the dog.", "a bird", "", "dog DOG dog dog"};
    int64_t shape[2];
    lepton_tensor_view x = texts(lines, shape, 4, 1);
    must(lepton_model_adapt(model, "text", &x, &error));
    refused(LEPTON_NOT_FOUND, NULL, lepton_model_adapt(model, "texts", &x, &error));
    refused(LEPTON_NOT_SUPPORTED, NULL, lepton_model_adapt(model, "dense", &x, &error));

    float numbers[8], again[8];
    matrix out, out2;
    matrix_init(&out, numbers, 4, 2);
    matrix_init(&out2, again, 4, 2);
    must(lepton_model_predict(model, &x, 1, &out.view, 1, &error));
    char *path = temporary_path("text.safetensors");
    must(lepton_model_save(model, path, &error));
    lepton_model *loaded = NULL;
    must(lepton_model_load(path, &loaded, &error));
    must(lepton_model_predict(loaded, &x, 1, &out2.view, 1, &error));
    assert_memory_equal(numbers, again, sizeof numbers);
    free(path);
    lepton_model_release(loaded);
    lepton_model_release(model);
}

/* The same text trains to the same bits on 1 and on 5 nodes. */
static void training_on_text_is_bit_identical(void **state) {
    (void)state;
    enum { ROWS = 200 };
    const char *lines[ROWS];
    float targets[ROWS];
    for (int i = 0; i < ROWS; i++) {
        lines[i] = words[(i * 7 + i / 3) % 6];
        targets[i] = (float)(i % 2);
    }
    int64_t shape[2];
    lepton_tensor_view x = texts(lines, shape, ROWS, 1);
    matrix y;
    matrix_init(&y, targets, ROWS, 1);
    float *weights[2];
    size_t bytes[2];
    for (int run = 0; run < 2; run++) {
        lepton_client *client = make_client(run == 0 ? 1 : 5);
        lepton_model *model = make_model(9);
        must(
            lepton_model_add_layer(model, "InputLayer", "{\"batch_shape\": [null, 1], \"dtype\": \"string\"}", &error));
        must(lepton_model_add_layer(
            model, "StringLookup",
            "{\"vocabulary\": [\"cat\", \"dog\"], \"output_mode\": \"multi_hot\", \"num_oov_indices\": 2}", &error));
        must(lepton_model_add_layer(model, "Dense", "{\"units\": 4, \"activation\": \"tanh\"}", &error));
        must(lepton_model_add_layer(model, "Dense", "{\"units\": 1}", &error));
        lepton_compile_options compile;
        lepton_compile_options_init(&compile);
        compile.loss = "mean_squared_error";
        must(lepton_model_compile(model, &compile, &error));
        lepton_fit_options fit;
        lepton_fit_options_init(&fit);
        fit.epochs = 3;
        must(lepton_client_fit(client, model, &x, 1, &y.view, 1, &fit, NULL, &error));
        weights[run] = copy_weights(model, &bytes[run]);
        lepton_model_release(model);
        lepton_client_release(client);
    }
    assert_int_equal(bytes[0], bytes[1]);
    assert_memory_equal(weights[0], weights[1], bytes[0]);
    free(weights[0]);
    free(weights[1]);
}

static void large_numbers_keep_their_identity(void **state) {
    (void)state;
    lepton_model *model = make_model(1);
    must(lepton_model_add_layer(model, "InputLayer", "{\"batch_shape\": [null, 1], \"dtype\": \"int64\"}", &error));
    must(lepton_model_add_layer(model, "IntegerLookup", "{\"vocabulary\": [1099511627776, 1099511627777]}", &error));
    int64_t ids[] = {1099511627777, 1099511627776, 1099511627778};
    int64_t shape[] = {3, 1};
    lepton_tensor_view x = {ids, LEPTON_INT64, 2, shape, NULL, 0};
    float numbers[3];
    matrix out;
    matrix_init(&out, numbers, 3, 1);
    must(lepton_model_predict(model, &x, 1, &out.view, 1, &error));
    assert_true(numbers[0] == 2 && numbers[1] == 1 && numbers[2] == 0);
    lepton_model_release(model);
}

static void adapting_normalization_sets_its_weights(void **state) {
    (void)state;
    lepton_model *model = make_model(1);
    must(lepton_model_add_layer(model, "Normalization", "{\"name\": \"norm\", \"input_shape\": [2]}", &error));
    float data[] = {1, 10, 3, 30};
    matrix x, out;
    matrix_init(&x, data, 2, 2);
    must(lepton_model_adapt(model, "norm", &x.view, &error));
    float numbers[4];
    matrix_init(&out, numbers, 2, 2);
    must(lepton_model_predict(model, &x.view, 1, &out.view, 1, &error));
    assert_true(numbers[0] == -1 && numbers[1] == -1 && numbers[2] == 1 && numbers[3] == 1);
    data[1] = NAN;
    refused(LEPTON_NON_FINITE, "data", lepton_model_adapt(model, "norm", &x.view, &error));
    int64_t shape[2];
    lepton_tensor_view text = texts(words, shape, 3, 2);
    refused(LEPTON_TYPE_MISMATCH, "data", lepton_model_adapt(model, "norm", &text, &error));
    lepton_model_release(model);
}

static void bad_text_is_refused(void **state) {
    (void)state;
    lepton_model *model = make_model(1);
    must(lepton_model_add_layer(model, "InputLayer", "{\"batch_shape\": [null, 2], \"dtype\": \"string\"}", &error));
    must(lepton_model_add_layer(model, "Hashing", "{\"num_bins\": 10}", &error));
    const char *data[] = {"a", NULL, "b", "c"};
    int64_t shape[2];
    lepton_tensor_view x = texts(data, shape, 2, 2);
    float numbers[4] = {7, 7, 7, 7};
    matrix out;
    matrix_init(&out, numbers, 2, 2);
    refused(LEPTON_INVALID_ARGUMENT, "x", lepton_model_predict(model, &x, 1, &out.view, 1, &error));
    const char *broken[] = {"\xff", "\xc3", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xc0\x80", "\xe2\x82"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        data[1] = broken[i];
        refused(LEPTON_INVALID_ARGUMENT, "x", lepton_model_predict(model, &x, 1, &out.view, 1, &error));
    }
    assert_true(numbers[0] == 7);
    data[1] = "\xf0\x9f\x90\x88 \xe6\x97\xa5 \xc3\xa4";
    must(lepton_model_predict(model, &x, 1, &out.view, 1, &error));

    /* Text where numbers belong. */
    lepton_model *plain = make_linear(2);
    refused(LEPTON_TYPE_MISMATCH, "x", lepton_model_predict(plain, &x, 1, &out.view, 1, &error));
    refused(LEPTON_TYPE_MISMATCH, "views[0].dtype",
            lepton_model_set_weights(plain, (lepton_tensor_view[]){x, x}, 2, &error));
    /* An operation on text. */
    lepton_model *wrong = make_model(1);
    must(lepton_model_add_layer(wrong, "InputLayer", "{\"batch_shape\": [null, 2], \"dtype\": \"string\"}", &error));
    refused(LEPTON_TYPE_MISMATCH, NULL, lepton_model_add_layer(wrong, "Dense", "{\"units\": 1}", &error));
    lepton_model_release(wrong);
    lepton_model_release(plain);
    lepton_model_release(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lookup_learns_its_vocabulary),          cmocka_unit_test(a_saved_model_takes_text),
        cmocka_unit_test(training_on_text_is_bit_identical),       cmocka_unit_test(large_numbers_keep_their_identity),
        cmocka_unit_test(adapting_normalization_sets_its_weights), cmocka_unit_test(bad_text_is_refused),
    };
    return cmocka_run_group_tests_name("adapter", tests, NULL, NULL);
}
