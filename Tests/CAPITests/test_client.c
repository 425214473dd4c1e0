/* Section "client" of lepton.h: options, references, utilisation and usage. Allocations: test_allocation.c. */
#define _GNU_SOURCE
#include "support.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void defaults_are_the_documented_ones(void **state) {
    (void)state;
    lepton_client_options options;
    memset(&options, 0xFF, sizeof options);
    lepton_client_options_init(&options);
    assert_int_equal(options.struct_size, sizeof options);
    assert_int_equal(options.nodes, 0);
    assert_int_equal(options.cores_per_node, 0);
    assert_int_equal(options.memory_per_node, 0);
    assert_int_equal(options.storage_bytes, 0);
    assert_null(options.store_path);
    assert_null(options.price_list);
    lepton_client_options_init_sized(NULL, 0);
}

static void references_are_counted(void **state) {
    (void)state;
    lepton_client *client = NULL;
    must(lepton_client_create(NULL, &client, &error));
    must(lepton_client_retain(client, &error));
    lepton_client_release(client);
    lepton_utilization use = {.struct_size = sizeof use};
    must(lepton_client_utilization(client, &use, &error));
    lepton_client_release(client);
    refused(LEPTON_INVALID_HANDLE, "client", lepton_client_utilization(client, &use, &error));
    refused(LEPTON_INVALID_HANDLE, "client", lepton_client_retain(client, &error));
    refused(LEPTON_INVALID_HANDLE, "client", lepton_client_retain(NULL, &error));
    lepton_client_release(client);
    lepton_client_release(NULL);
}

static void bad_options_are_refused(void **state) {
    (void)state;
    lepton_client *client = UNTOUCHED;
    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_client_create(NULL, NULL, &error));
    lepton_client_options options;

#define REFUSED_WITH(status, argument, field, value)                                                                   \
    do {                                                                                                               \
        lepton_client_options_init(&options);                                                                          \
        options.field = value;                                                                                         \
        refused(status, argument, lepton_client_create(&options, &client, &error));                                    \
        assert_ptr_equal(client, UNTOUCHED);                                                                           \
    } while (0)

    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "nodes", nodes, -1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "nodes", nodes, INT32_MIN);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "cores_per_node", cores_per_node, -1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "memory_per_node", memory_per_node, -1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "memory_per_node", memory_per_node, INT64_MIN);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "storage_bytes", storage_bytes, -1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "store_path", store_path, "not \xFF utf-8");
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "price_list", price_list, "\xC3\x28");
    REFUSED_WITH(LEPTON_CORRUPT_DATA, NULL, price_list, "{\"currency\": ");
    REFUSED_WITH(LEPTON_CORRUPT_DATA, NULL, price_list, "not json");
#undef REFUSED_WITH
}

static void products_that_overflow_are_refused(void **state) {
    (void)state;
    lepton_client_options options;
    lepton_client_options_init(&options);
    options.nodes = INT32_MAX;
    options.memory_per_node = INT64_MAX;
    lepton_client *client = UNTOUCHED;
    lepton_status status = lepton_client_create(&options, &client, &error);
    assert_true(status == LEPTON_INVALID_ARGUMENT || status == LEPTON_OUT_OF_MEMORY);
    refused_at(status, status, NULL, "lepton_client_create", __FILE__, __LINE__);
    assert_ptr_equal(client, UNTOUCHED);
}

static void a_store_is_a_folder(void **state) {
    (void)state;
    char *path = temporary_path("store");
    lepton_client_options options;
    lepton_client_options_init(&options);
    options.store_path = path;
    lepton_client *client = NULL;
    must(lepton_client_create(&options, &client, &error));
    lepton_client_release(client);
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    free(path);

    client = UNTOUCHED;
    options.store_path = "/proc/version/store";
    lepton_status result = lepton_client_create(&options, &client, &error);
    assert_true(result == LEPTON_IO || result == LEPTON_PERMISSION_DENIED || result == LEPTON_NOT_FOUND);
    refused_at(result, result, NULL, "lepton_client_create", __FILE__, __LINE__);
    assert_ptr_equal(client, UNTOUCHED);
}

static void utilization_counts_what_is_declared(void **state) {
    (void)state;
    lepton_client *client = make_client(5);
    lepton_utilization use = {.struct_size = sizeof use};
    must(lepton_client_utilization(client, &use, &error));
    assert_int_equal(use.struct_size, sizeof use);
    assert_true(use.cores_total == 5);
    assert_true(use.cores_allocated == 0 && use.cores == 0);
    assert_true(use.memory_total > 0 && use.storage_total > 0);

    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.nodes = 2;
    request.storage_bytes = 1 << 20;
    lepton_allocation *allocation = NULL;
    must(lepton_client_allocate(client, &request, &allocation, &error));
    must(lepton_client_utilization(client, &use, &error));
    assert_true(use.cores_allocated == 2);
    assert_true(use.cores > 0.399 && use.cores < 0.401);
    assert_true(use.storage_allocated == 1 << 20);
    assert_true(use.dominant_share >= use.cores && use.dominant_share <= 1);
    assert_true(use.mean > (use.cores + use.storage) / 2 - 1e-9 && use.mean < (use.cores + use.storage) / 2 + 1e-9);
    lepton_allocation_release(allocation);
    must(lepton_client_utilization(client, &use, &error));
    assert_true(use.cores_allocated == 0);

    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_client_utilization(client, NULL, &error));
    refused(LEPTON_INVALID_HANDLE, "client", lepton_client_utilization(NULL, &use, &error));
    use.struct_size = 8;
    refused(LEPTON_INVALID_ARGUMENT, "out.struct_size", lepton_client_utilization(client, &use, &error));
    lepton_client_release(client);
}

static void usage_answers_size_queries(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    for (int format = LEPTON_REPORT_JSON; format <= LEPTON_REPORT_TEXT; format++) {
        size_t needed = 0, length = 0;
        must(lepton_client_usage(client, (lepton_report_format)format, NULL, 0, &needed, &error));
        assert_true(needed > 0);
        char *buffer = malloc(needed + 1);
        assert_non_null(buffer);
        memset(buffer, 'x', needed + 1);
        length = 0;
        refused(LEPTON_INVALID_ARGUMENT, "capacity",
                lepton_client_usage(client, (lepton_report_format)format, buffer, needed, &length, &error));
        assert_int_equal(length, needed);
        assert_int_equal(buffer[0], 'x');
        must(lepton_client_usage(client, (lepton_report_format)format, buffer, needed + 1, &length, &error));
        assert_int_equal(length, needed);
        assert_int_equal(strlen(buffer), needed);
        must(lepton_client_usage(client, (lepton_report_format)format, buffer, SIZE_MAX, NULL, &error));
        free(buffer);
    }
    size_t length = 99;
    refused(LEPTON_INVALID_ARGUMENT, "format",
            lepton_client_usage(client, (lepton_report_format)2, NULL, 0, &length, &error));
    refused(LEPTON_INVALID_HANDLE, "client", lepton_client_usage(NULL, LEPTON_REPORT_JSON, NULL, 0, &length, &error));
    assert_int_equal(length, 99);
    refused(LEPTON_INVALID_ARGUMENT, "length", lepton_client_usage(client, LEPTON_REPORT_JSON, NULL, 0, NULL, &error));
    lepton_client_release(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_documented_ones),
        cmocka_unit_test(references_are_counted),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(products_that_overflow_are_refused),
        cmocka_unit_test(a_store_is_a_folder),
        cmocka_unit_test(utilization_counts_what_is_declared),
        cmocka_unit_test(usage_answers_size_queries),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
