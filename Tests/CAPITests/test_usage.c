/* lepton_usage.h: reports, the ledger, budgets and estimates. */
#define _GNU_SOURCE
#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *report(lepton_client *client, const char *query) {
    size_t length = 0;
    must(lepton_client_report(client, query, NULL, 0, &length, &error));
    /* Open allocations grow meanwhile, and their numbers with them. */
    char *text = malloc(length + 256);
    assert_non_null(text);
    must(lepton_client_report(client, query, text, length + 256, &length, &error));
    return text;
}

static lepton_client *client_with(const char *store, const char *prices) {
    lepton_client_options options;
    lepton_client_options_init(&options);
    options.nodes = 2;
    options.store_path = store;
    options.price_list = prices;
    lepton_client *client = NULL;
    must(lepton_client_create(&options, &client, &error));
    return client;
}

static void allocate_and_close(lepton_client *client, const char *labels) {
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.labels = labels;
    lepton_allocation *allocation = NULL;
    must(lepton_client_allocate(client, &request, &allocation, &error));
    lepton_allocation_release(allocation);
}

static void assert_contains(const char *text, const char *part) {
    if (strstr(text, part) == NULL) fail_msg("'%s' is not in: %s", part, text);
}

static void the_ledger_outlives_the_client(void **state) {
    (void)state;
    char *path = temporary_path("ledger");
    lepton_client *client = client_with(path, NULL);
    allocate_and_close(client, "{\"tenant\": \"physics\"}");
    must(lepton_client_flush_ledger(client, &error));
    lepton_client_release(client);

    client = client_with(path, NULL);
    char *own = report(client, "{\"scope\": \"client\"}");
    assert_contains(own, "\"records\": []");
    char *all = report(client, "{\"scope\": \"ledger\", \"tenant\": \"physics\"}");
    assert_contains(all, "\"tenant\": \"physics\"");
    char *none = report(client, "{\"scope\": \"ledger\", \"tenant\": \"chemistry\"}");
    assert_contains(none, "\"records\": []");
    char *table = report(client, "{\"scope\": \"ledger\", \"format\": \"text\"}");
    assert_contains(table, "tenant=physics");
    char *focus = report(client, "{\"scope\": \"ledger\", \"format\": \"focus\", \"account\": \"lab\"}");
    assert_contains(focus, "BilledCost,BillingAccountId,");
    assert_contains(focus, ",lab,");
    free(own), free(all), free(none), free(table), free(focus);
    lepton_client_release(client);
    free(path);
}

/* A child allocates, and is killed; its allocation is charged no longer than it lived. */
static void a_killed_process_is_charged_to_its_last_heartbeat(void **state) {
    (void)state;
    char *path = temporary_path("killed");
    lepton_client_release(client_with(path, NULL));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        lepton_client_options options;
        lepton_client_options_init(&options);
        options.nodes = 2;
        options.store_path = path;
        lepton_client *client = NULL;
        lepton_resource_request request;
        lepton_resource_request_init(&request);
        lepton_allocation *allocation = NULL;
        if (lepton_client_create(&options, &client, NULL) != LEPTON_OK ||
            lepton_client_allocate(client, &request, &allocation, NULL) != LEPTON_OK ||
            lepton_client_flush_ledger(client, NULL) != LEPTON_OK)
            _exit(1);
        raise(SIGKILL);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    sleep(1);
    lepton_client *client = client_with(path, NULL);
    char *text = report(client, "{\"scope\": \"ledger\"}");
    assert_contains(text, "\"open\": false");
    const char *duration = strstr(text, "\"duration_seconds\": \"");
    assert_non_null(duration);
    assert_true(atof(duration + strlen("\"duration_seconds\": \"")) < 0.9);
    free(text);
    lepton_client_release(client);
    free(path);
}

static void bad_queries_are_refused(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    size_t length = 0;
    const char *cases[][2] = {
        {"{\"scope\": \"world\"}", "scope"},   {"{\"format\": \"xml\"}", "format"}, {"{\"from\": \"today\"}", "from"},
        {"{\"tenants\": \"x\"}", "query key"}, {"{\"tenant\": 5}", "tenant"},       {"[]", "query"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(LEPTON_INVALID_ARGUMENT, cases[i][1],
                lepton_client_report(client, cases[i][0], NULL, 0, &length, &error));
    refused(LEPTON_INVALID_STATE, "scope",
            lepton_client_report(client, "{\"scope\": \"ledger\"}", NULL, 0, &length, &error));
    refused(LEPTON_INVALID_HANDLE, "client", lepton_client_report(NULL, NULL, NULL, 0, &length, &error));
    must(lepton_client_flush_ledger(client, &error));
    lepton_client_release(client);
}

static void count_warning(const char *status, void *context) {
    assert_contains(status, "\"limit\": \"0.01\"");
    ++*(int *)context;
}

static void a_budget_stops_what_would_pass_it(void **state) {
    (void)state;
    const char *dear = "{\"currency\": \"EUR\", \"core_hour\": 36, \"memory_gib_hour\": 0, \"storage_gib_month\": 0}";
    lepton_client *client = client_with(NULL, dear);
    int warnings = 0;
    must(lepton_client_set_budget(client, "{\"limit\": \"0.01\", \"warn_at\": 0.5}", count_warning, &warnings, &error));
    /* A begun second of a core costs a cent: the second request is one too many. */
    allocate_and_close(client, NULL);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    lepton_allocation *allocation = UNTOUCHED;
    refused(LEPTON_RESOURCE_EXHAUSTED, "budget", lepton_client_allocate(client, &request, &allocation, &error));
    assert_ptr_equal(allocation, UNTOUCHED);
    assert_int_equal(warnings, 1);
    char text[512];
    must(lepton_client_budget(client, text, sizeof text, NULL, &error));
    assert_contains(text, "\"exceeded\": true");
    must(lepton_client_set_budget(client, NULL, NULL, NULL, &error));
    must(lepton_client_budget(client, text, sizeof text, NULL, &error));
    assert_string_equal(text, "null");
    allocate_and_close(client, NULL);

    refused(LEPTON_INVALID_ARGUMENT, "limit", lepton_client_set_budget(client, "{}", NULL, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "warn_at",
            lepton_client_set_budget(client, "{\"limit\": 1, \"warn_at\": 2}", NULL, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "budget key",
            lepton_client_set_budget(client, "{\"limits\": 1}", NULL, NULL, &error));
    lepton_client_release(client);
}

static void a_fit_ends_with_its_budget(void **state) {
    (void)state;
    const char *dear = "{\"currency\": \"EUR\", \"core_hour\": 36, \"memory_gib_hour\": 0, \"storage_gib_month\": 0}";
    lepton_client *client = client_with(NULL, dear);
    lepton_model *model = make_classifier(1);
    dataset data;
    dataset_init(&data, 100);
    must(lepton_client_set_budget(client, "{\"limit\": \"0.05\"}", NULL, NULL, &error));
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 100000000;
    refused(LEPTON_RESOURCE_EXHAUSTED, "budget",
            lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    /* Its nodes were given back. */
    lepton_utilization use = {.struct_size = sizeof use};
    must(lepton_client_utilization(client, &use, &error));
    assert_true(use.cores_allocated == 0);
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
}

static void a_fit_is_estimated_and_compared(void **state) {
    (void)state;
    lepton_client *client = make_client(2);
    lepton_model *model = make_classifier(1);
    dataset data;
    dataset_init(&data, 100);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 50;
    options.validation_split = 0.1;
    lepton_estimate estimate = {.struct_size = sizeof estimate};
    must(lepton_client_estimate(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &estimate, &error));
    assert_int_equal(estimate.steps, 50 * 3);
    assert_int_equal(estimate.cores, 2);
    assert_true(estimate.seconds > 0 && estimate.memory_bytes > 0);
    assert_string_equal(estimate.currency, "USD");
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    char *text = report(client, NULL);
    assert_contains(text, "\"estimated\": {");
    assert_contains(text, "\"ratio\": ");
    free(text);

    /* What is granted is what a fit may take. */
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.memory_per_node = 1000;
    must(lepton_client_allocate(client, &request, &options.allocation, &error));
    refused(LEPTON_RESOURCE_EXHAUSTED, "memory_per_node",
            lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    must(lepton_allocation_close(options.allocation, &error));
    lepton_allocation_release(options.allocation);
    request.memory_per_node = estimate.memory_bytes * 2;
    must(lepton_client_allocate(client, &request, &options.allocation, &error));
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    lepton_allocation_release(options.allocation);

    options.allocation = NULL;
    request.nodes = 0;
    refused(
        LEPTON_INVALID_ARGUMENT, "nodes",
        lepton_client_estimate(client, model, &data.x.view, 1, &data.y.view, 1, &options, &request, &estimate, &error));
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ledger_outlives_the_client),
        cmocka_unit_test(a_killed_process_is_charged_to_its_last_heartbeat),
        cmocka_unit_test(bad_queries_are_refused),
        cmocka_unit_test(a_budget_stops_what_would_pass_it),
        cmocka_unit_test(a_fit_ends_with_its_budget),
        cmocka_unit_test(a_fit_is_estimated_and_compared),
    };
    return cmocka_run_group_tests_name("usage", tests, NULL, NULL);
}
