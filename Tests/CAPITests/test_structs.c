/* Programs that were built against an older or a newer header, told apart by `struct_size`. */
#include "support.h"

#include <stdlib.h>
#include <string.h>

/* A struct of a header to come, with room for fields that this library does not know. */
typedef union newer {
    lepton_client_options client;
    lepton_fit_options fit;
    lepton_allocation_info info;
    lepton_weight_info weight;
    unsigned char bytes[512];
} newer;

static void sizes_that_cannot_be_are_refused(void **state) {
    (void)state;
    const size_t sizes[] = {0,
                            1,
                            7,
                            9,
                            12,
                            sizeof(lepton_client_options) - 1,
                            sizeof(lepton_client_options) + 1,
                            1 << 20,
                            SIZE_MAX / 2,
                            SIZE_MAX - 7,
                            SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        lepton_client_options options;
        lepton_client_options_init(&options);
        options.struct_size = sizes[i];
        lepton_client *client = UNTOUCHED;
        refused(LEPTON_INVALID_ARGUMENT, "options.struct_size", lepton_client_create(&options, &client, &error));
        assert_ptr_equal(client, UNTOUCHED);
    }
}

/* Everything after `known` bytes lies outside the block: a read there is found by the address sanitizer. */
static void *cut(const void *options, size_t known) {
    void *block = malloc(known);
    assert_non_null(block);
    memcpy(block, options, known);
    memcpy(block, &known, sizeof known);
    return block;
}

/* `_init` tells the library the size that the program was built with, and no more is written. */
static void defaults_fill_the_program_s_struct(void **state) {
    (void)state;
    newer options;
    memset(&options, 0xFF, sizeof options);
    lepton_client_options_init_sized(&options.client, sizeof options);
    assert_int_equal(options.client.struct_size, sizeof options);
    for (size_t byte = sizeof(size_t); byte < sizeof options; byte++)
        assert_int_equal(options.bytes[byte], 0);

    memset(&options, 0xFF, sizeof options);
    const size_t known = offsetof(lepton_fit_options, initial_epoch);
    lepton_fit_options_init_sized(&options.fit, known);
    assert_int_equal(options.fit.struct_size, known);
    assert_int_equal(options.fit.batch_size, 32);
    assert_int_equal(options.fit.epochs, 1);
    for (size_t byte = known; byte < sizeof options; byte++)
        assert_int_equal(options.bytes[byte], 0xFF);

    memset(&options, 0xFF, sizeof options);
    lepton_fit_options_init_sized(&options.fit, 0);
    lepton_fit_options_init_sized(&options.fit, sizeof(size_t) - 1);
    for (size_t byte = 0; byte < sizeof options; byte++)
        assert_int_equal(options.bytes[byte], 0xFF);
    lepton_fit_options_init_sized(&options.fit, SIZE_MAX);
    for (size_t byte = sizeof(size_t); byte < sizeof options; byte++)
        assert_int_equal(options.bytes[byte], 0xFF);
    lepton_fit_options_init_sized(NULL, sizeof(lepton_fit_options));
}

static void init_writes_no_more_than_the_callers_struct(void **state) {
    (void)state;
    newer options;
    memset(options.bytes, 0xAA, sizeof options.bytes);
    lepton_fit_options_init_sized(&options.fit, offsetof(lepton_fit_options, initial_epoch));
    assert_int_equal(options.fit.struct_size, offsetof(lepton_fit_options, initial_epoch));
    assert_int_equal(options.fit.batch_size, 32);
    assert_int_equal(options.fit.epochs, 1);
    for (size_t i = offsetof(lepton_fit_options, initial_epoch); i < sizeof options.bytes; i++)
        assert_int_equal(options.bytes[i], 0xAA);

    lepton_fit_options_init_sized(&options.fit, sizeof options.bytes);
    for (size_t i = sizeof(lepton_fit_options); i < sizeof options.bytes; i++)
        assert_int_equal(options.bytes[i], 0);
}

static void older_options_take_defaults(void **state) {
    (void)state;
    lepton_client_options options;
    memset(&options, 0xFF, sizeof options);
    options.nodes = 3;
    options.cores_per_node = 1;
    lepton_client_options *older = cut(&options, offsetof(lepton_client_options, memory_per_node));
    lepton_client *client = NULL;
    must(lepton_client_create(older, &client, &error));
    lepton_utilization use = {.struct_size = sizeof use};
    must(lepton_client_utilization(client, &use, &error));
    assert_true(use.cores_total == 3);
    lepton_client_release(client);
    free(older);

    older = cut(&options, sizeof(size_t));
    must(lepton_client_create(older, &client, &error));
    free(older);

    lepton_model *model = make_linear(4);
    dataset data;
    dataset_init(&data, 8);
    lepton_fit_options fit;
    memset(&fit, 0xFF, sizeof fit);
    fit.batch_size = 4;
    fit.epochs = 2;
    lepton_fit_options *older_fit = cut(&fit, offsetof(lepton_fit_options, initial_epoch));
    lepton_history *history = NULL;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, older_fit, &history, &error));
    size_t epochs = 0;
    must(lepton_history_epoch_count(history, &epochs, &error));
    assert_int_equal(epochs, 2);
    free(older_fit);
    lepton_history_release(history);
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
}

static void newer_options_must_be_zero_where_unknown(void **state) {
    (void)state;
    newer options;
    memset(&options, 0, sizeof options);
    lepton_client_options_init(&options.client);
    options.client.nodes = 2;
    options.client.struct_size = sizeof options;
    lepton_client *client = NULL;
    must(lepton_client_create(&options.client, &client, &error));
    for (size_t byte = sizeof options.client; byte < sizeof options; byte += 41) {
        lepton_client *other = UNTOUCHED;
        options.bytes[byte] = 1;
        refused(LEPTON_NOT_SUPPORTED, "options", lepton_client_create(&options.client, &other, &error));
        assert_ptr_equal(other, UNTOUCHED);
        options.bytes[byte] = 0;
    }
    lepton_client_release(client);
}

static void newer_results_are_zero_where_unknown(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    lepton_allocation *allocation = NULL;
    must(lepton_client_allocate(client, &request, &allocation, &error));
    newer info;
    memset(&info, 0xFF, sizeof info);
    info.info.struct_size = 256;
    must(lepton_allocation_get_info(allocation, &info.info, &error));
    assert_int_equal(info.info.struct_size, 256);
    assert_int_equal(info.info.nodes, 1);
    for (size_t byte = sizeof info.info; byte < 256; byte++)
        assert_int_equal(info.bytes[byte], 0);
    assert_int_equal(info.bytes[256], 0xFF);
    lepton_allocation_release(allocation);
    lepton_client_release(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_cannot_be_are_refused),
        cmocka_unit_test(defaults_fill_the_program_s_struct),
        cmocka_unit_test(init_writes_no_more_than_the_callers_struct),
        cmocka_unit_test(older_options_take_defaults),
        cmocka_unit_test(newer_options_must_be_zero_where_unknown),
        cmocka_unit_test(newer_results_are_zero_where_unknown),
    };
    return cmocka_run_group_tests_name("structs", tests, NULL, NULL);
}
