/* Input that means harm: handles that are none, JSON that is malformed or absurdly deep, files that are truncated or
 * altered. Every one is an error, none is a crash. */
#define _GNU_SOURCE
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void refuse_handle(void *handle) {
    lepton_error *none = NULL;
    size_t length = 77;
    double rate = 77;
    lepton_utilization use = {.struct_size = sizeof use, .mean = 77};
    lepton_allocation_info info = {.struct_size = sizeof info, .nodes = 77};
    refused(LEPTON_INVALID_HANDLE, "cancel", lepton_cancel_trigger(handle, &error));
    refused(LEPTON_INVALID_HANDLE, "client", lepton_client_retain(handle, &error));
    refused(LEPTON_INVALID_HANDLE, "client", lepton_client_utilization(handle, &use, &error));
    refused(LEPTON_INVALID_HANDLE, "allocation", lepton_allocation_close(handle, &error));
    refused(LEPTON_INVALID_HANDLE, "allocation", lepton_allocation_get_info(handle, &info, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_retain(handle, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_get_learning_rate(handle, &rate, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_get_config(handle, NULL, 0, &length, &error));
    refused(LEPTON_INVALID_HANDLE, "history", lepton_history_epoch_count(handle, &length, &error));
    assert_int_equal(lepton_model_retain(handle, NULL), LEPTON_INVALID_HANDLE);
    lepton_cancel_release(handle);
    lepton_client_release(handle);
    lepton_allocation_release(handle);
    lepton_model_release(handle);
    lepton_history_release(handle);
    assert_true(length == 77 && rate == 77 && use.mean == 77 && info.nodes == 77 && none == NULL);
}

static void values_that_are_no_handles(void **state) {
    (void)state;
    int on_the_stack = 0;
    void *on_the_heap = malloc(64);
    assert_non_null(on_the_heap);
    memset(on_the_heap, 0, 64);
    refuse_handle(NULL);
    refuse_handle(&on_the_stack);
    refuse_handle(on_the_heap);
    refuse_handle((void *)(uintptr_t)&lepton_version);
    free(on_the_heap);
    for (unsigned bit = 0; bit < 64; bit++) {
        refuse_handle((void *)((uintptr_t)1 << bit));
        refuse_handle((void *)(((uintptr_t)1 << bit) - 1));
        refuse_handle((void *)~((uintptr_t)1 << bit));
    }
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 2000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        refuse_handle((void *)(uintptr_t)random);
    }
}

/* One bit of a living handle changed: never the same object, whatever the bit. */
static void handles_with_a_bit_changed(void **state) {
    (void)state;
    lepton_cancel *cancel = NULL;
    must(lepton_cancel_create(&cancel, &error));
    for (unsigned bit = 0; bit < 64; bit++)
        refuse_handle((void *)((uintptr_t)cancel ^ (uintptr_t)1 << bit));
    must(lepton_cancel_trigger(cancel, &error));
    lepton_cancel_release(cancel);
}

static void handles_of_the_wrong_kind(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    lepton_model *model = make_linear(4);
    lepton_cancel *cancel = NULL;
    must(lepton_cancel_create(&cancel, &error));
    size_t length = 0;
    refused(LEPTON_INVALID_HANDLE, "model",
            lepton_model_get_config((lepton_model *)(void *)client, NULL, 0, &length, &error));
    refused(LEPTON_INVALID_HANDLE, "client", lepton_client_retain((lepton_client *)(void *)model, &error));
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_retain((lepton_model *)(void *)cancel, &error));
    assert_int_equal(lepton_model_retain((lepton_model *)(void *)cancel, &error), LEPTON_INVALID_HANDLE);
    assert_string_equal(lepton_error_received(error), "a lepton_cancel handle");
    lepton_error_release(error);
    error = NULL;
    /* Releasing through the wrong type releases nothing. */
    lepton_model_release((lepton_model *)(void *)client);
    lepton_client_release((lepton_client *)(void *)model);
    must(lepton_client_retain(client, &error));
    must(lepton_model_retain(model, &error));
    lepton_client_release(client);
    lepton_client_release(client);
    lepton_model_release(model);
    lepton_model_release(model);
    lepton_cancel_release(cancel);
}

/* A slot is used again and again; the old handles stay dead. */
static void released_handles_stay_released(void **state) {
    (void)state;
    enum { COUNT = 5000 };
    static lepton_cancel *old[COUNT];
    for (int i = 0; i < COUNT; i++) {
        must(lepton_cancel_create(&old[i], &error));
        lepton_cancel_release(old[i]);
    }
    lepton_cancel *living = NULL;
    must(lepton_cancel_create(&living, &error));
    for (int i = 0; i < COUNT; i++) {
        assert_ptr_not_equal(old[i], living);
        assert_int_equal(lepton_cancel_trigger(old[i], NULL), LEPTON_INVALID_HANDLE);
        lepton_cancel_release(old[i]);
    }
    must(lepton_cancel_trigger(living, &error));
    lepton_cancel_release(living);
}

static void many_handles_live_at_once(void **state) {
    (void)state;
    enum { COUNT = 20000 };
    static lepton_cancel *all[COUNT];
    for (int i = 0; i < COUNT; i++)
        must(lepton_cancel_create(&all[i], &error));
    for (int i = 0; i < COUNT; i++)
        must(lepton_cancel_trigger(all[i], &error));
    for (int i = 0; i < COUNT; i++)
        lepton_cancel_release(all[i]);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(lepton_cancel_trigger(all[i], NULL), LEPTON_INVALID_HANDLE);
}

static void references_have_an_end(void **state) {
    (void)state;
    lepton_model *model = make_model(1);
    size_t references = 1;
    lepton_status status;
    while ((status = lepton_model_retain(model, NULL)) == LEPTON_OK && references < 3000000)
        references++;
    assert_int_equal(status, LEPTON_RESOURCE_EXHAUSTED);
    while (references-- > 0)
        lepton_model_release(model);
    assert_int_equal(lepton_model_retain(model, NULL), LEPTON_INVALID_HANDLE);
}

static char *repeat(const char *open, const char *middle, const char *close, size_t count) {
    size_t a = strlen(open), b = strlen(middle), c = strlen(close);
    char *text = malloc(count * (a + c) + b + 1), *end = text;
    assert_non_null(text);
    for (size_t i = 0; i < count; i++, end += a)
        memcpy(end, open, a);
    memcpy(end, middle, b);
    end += b;
    for (size_t i = 0; i < count; i++, end += c)
        memcpy(end, close, c);
    *end = '\0';
    return text;
}

static void deep_json_is_refused(void **state) {
    (void)state;
    lepton_model *model = UNTOUCHED, *target = make_model(1);
    const struct {
        const char *open, *middle, *close;
    } shapes[] = {{"[", "1", "]"}, {"{\"a\": ", "1", "}"}, {"[", "", ""}, {"[{\"a\":", "null", "}]"}};
    const size_t depths[] = {129, 1000, 100000, 1000000};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (size_t j = 0; j < sizeof depths / sizeof *depths; j++) {
            char *text = repeat(shapes[i].open, shapes[i].middle, shapes[i].close, depths[j]);
            refused(LEPTON_CORRUPT_DATA, NULL, lepton_model_create_from_config(text, SIZE_MAX, &model, &error));
            refused(LEPTON_CORRUPT_DATA, NULL, lepton_model_add_layer(target, "Dense", text, &error));
            free(text);
        }
    /* Layers within layers are a depth of their own. */
    char *nested =
        repeat("{\"class_name\": \"Sequential\", \"config\": {\"name\": \"m\", \"layers\": [", "", "]}}", 40);
    lepton_status status = lepton_model_create_from_config(nested, SIZE_MAX, &model, &error);
    assert_int_not_equal(status, LEPTON_OK);
    refused_at(status, status, NULL, "nested models", __FILE__, __LINE__);
    assert_ptr_equal(model, UNTOUCHED);
    free(nested);
    lepton_model_release(target);
}

static const char config[] =
    "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"m\", \"layers\": [{\"class_name\": \"InputLayer\", "
    "\"config\": {\"batch_shape\": [null, 2], \"dtype\": \"float32\", \"name\": \"i\"}}, {\"class_name\": \"Dense\", "
    "\"config\": {\"name\": \"d\", \"units\": 3, \"activation\": \"relu\", \"use_bias\": true}}]}}";

static void truncated_configs_are_refused(void **state) {
    (void)state;
    lepton_model *model = NULL;
    must(lepton_model_create_from_config(config, SIZE_MAX, &model, &error));
    lepton_model_release(model);
    model = UNTOUCHED;
    for (size_t length = 0; length < sizeof config - 1; length++) {
        /* An exact block, so that a read beyond `length` is found. */
        char *part = malloc(length + (length == 0));
        assert_non_null(part);
        memcpy(part, config, length);
        refused(LEPTON_CORRUPT_DATA, NULL, lepton_model_create_from_config(part, length, &model, &error));
        free(part);
    }
    assert_ptr_equal(model, UNTOUCHED);
}

static void altered_configs_never_crash(void **state) {
    (void)state;
    static const char replacements[] = "\"{}[]:,-0 9e\\\x01\xFF";
    char text[sizeof config];
    for (size_t at = 0; at < sizeof config - 1; at++)
        for (size_t i = 0; i < sizeof replacements; i++) {
            memcpy(text, config, sizeof config);
            text[at] = replacements[i];
            lepton_model *model = NULL;
            if (lepton_model_create_from_config(text, sizeof config - 1, &model, NULL) == LEPTON_OK)
                lepton_model_release(model);
            else
                assert_null(model);
        }
}

static unsigned char *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

static void write_file(const char *path, const unsigned char *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static unsigned char *saved_model(char **path, size_t *size) {
    lepton_model *model = make_linear(2);
    *path = temporary_path("hostile.safetensors");
    must(lepton_model_save(model, *path, &error));
    lepton_model_release(model);
    return read_file(*path, size);
}

static void truncated_files_are_refused(void **state) {
    (void)state;
    char *path = NULL;
    size_t size = 0;
    unsigned char *bytes = saved_model(&path, &size);
    lepton_model *model = UNTOUCHED;
    for (size_t length = 0; length < size; length++) {
        write_file(path, bytes, length);
        refused(LEPTON_CORRUPT_DATA, NULL, lepton_model_load(path, &model, &error));
        assert_ptr_equal(model, UNTOUCHED);
    }
    free(bytes);
    free(path);
}

static void altered_files_never_crash(void **state) {
    (void)state;
    char *path = NULL;
    size_t size = 0;
    unsigned char *bytes = saved_model(&path, &size);
    static const unsigned char masks[] = {0x01, 0x80, 0xFF};
    for (size_t at = 0; at < size; at++)
        for (size_t i = 0; i < sizeof masks; i++) {
            bytes[at] ^= masks[i];
            write_file(path, bytes, size);
            lepton_model *model = NULL;
            lepton_status status = lepton_model_load(path, &model, NULL);
            assert_int_not_equal(status, LEPTON_INTERNAL_ERROR);
            if (status == LEPTON_OK)
                lepton_model_release(model);
            else
                assert_null(model);
            bytes[at] ^= masks[i];
        }
    free(bytes);
    free(path);
}

/* safetensors headers that claim what cannot be. */
static void invented_files_are_refused(void **state) {
    (void)state;
    char *path = temporary_path("invented.safetensors");
    const char *const headers[] = {
        "",
        "{",
        "{}",
        "[]",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [0, 4]}}",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [9223372036854775807, 9], \"data_offsets\": [0, 4]}}",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [-1], \"data_offsets\": [0, 4]}}",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [4, 0]}}",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [-4, 0]}}",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [9223372036854775804, 9223372036854775807]}}",
        "{\"a\": {\"dtype\": 32, \"shape\": [1], \"data_offsets\": [0, 4]}}",
        "{\"a\": 1}",
        "{\"__metadata__\": {\"lepton\": \"{\"}}",
        "{\"__metadata__\": 7}",
    };
    lepton_model *model = UNTOUCHED;
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        unsigned char bytes[512] = {0};
        uint64_t length = strlen(headers[i]);
        memcpy(bytes, &length, 8);
        memcpy(bytes + 8, headers[i], length);
        write_file(path, bytes, 8 + length + 4);
        refused(LEPTON_CORRUPT_DATA, NULL, lepton_model_load(path, &model, &error));
    }
    const uint64_t lengths[] = {1, 4096, (uint64_t)1 << 32, INT64_MAX, UINT64_MAX, (uint64_t)INT64_MAX + 1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        write_file(path, (const unsigned char *)&lengths[i], 8);
        refused(LEPTON_CORRUPT_DATA, NULL, lepton_model_load(path, &model, &error));
    }
    assert_ptr_equal(model, UNTOUCHED);
    free(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_that_are_no_handles),  cmocka_unit_test(handles_with_a_bit_changed),
        cmocka_unit_test(handles_of_the_wrong_kind),   cmocka_unit_test(released_handles_stay_released),
        cmocka_unit_test(many_handles_live_at_once),   cmocka_unit_test(references_have_an_end),
        cmocka_unit_test(deep_json_is_refused),        cmocka_unit_test(truncated_configs_are_refused),
        cmocka_unit_test(altered_configs_never_crash), cmocka_unit_test(truncated_files_are_refused),
        cmocka_unit_test(altered_files_never_crash),   cmocka_unit_test(invented_files_are_refused),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
