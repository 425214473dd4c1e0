/* lepton_allocator.h: a program that grants resources itself. */
#include "support.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Four nodes of two cores, counted. */
typedef struct pool {
    pthread_mutex_t lock;
    int nodes, granted, releases, destroyed;
    int bad; /* the kind of wrong answer to give */
    char last_queue[32], last_labels[64];
} pool;

static void pool_capacity(void *context, lepton_resource_shape *total, lepton_resource_shape *allocated) {
    pool *p = context;
    pthread_mutex_lock(&p->lock);
    total->cores = 2 * p->nodes;
    allocated->cores = 2 * p->granted;
    pthread_mutex_unlock(&p->lock);
}

static lepton_status pool_grant(void *context, const lepton_resource_request *request, lepton_grant *out) {
    pool *p = context;
    pthread_mutex_lock(&p->lock);
    snprintf(p->last_queue, sizeof p->last_queue, "%s", request->queue);
    snprintf(p->last_labels, sizeof p->last_labels, "%s", request->labels);
    lepton_status status = LEPTON_OK;
    if (p->granted + request->nodes > p->nodes) {
        status = LEPTON_RESOURCE_EXHAUSTED;
        snprintf(out->reason, sizeof out->reason, "only %d nodes are free", p->nodes - p->granted);
    } else {
        p->granted += request->nodes;
        snprintf(out->id, sizeof out->id, "grant-%d", p->granted);
        out->nodes = request->nodes;
        out->lease_seconds = request->lease_seconds;
        if (p->bad == 1) memset(out->id, 'x', sizeof out->id);
        if (p->bad == 2) memset(out->id, 0, sizeof out->id);
        if (p->bad == 3) out->nodes = request->nodes + 1;
        if (p->bad == 4) out->nodes = INT32_MIN;
        if (p->bad == 5) out->lease_seconds = NAN;
        if (p->bad == 6) memcpy(out->id, "\xFF\xFE", 3);
        if (p->bad == 7) status = 12345;
    }
    pthread_mutex_unlock(&p->lock);
    return status;
}

static void pool_release(void *context, const char *id) {
    pool *p = context;
    pthread_mutex_lock(&p->lock);
    assert_non_null(id);
    p->releases++;
    p->granted = 0;
    pthread_mutex_unlock(&p->lock);
}

static lepton_status pool_resize(void *context, const char *id, int32_t nodes) {
    pool *p = context;
    assert_memory_equal(id, "grant-", 6);
    if (nodes > p->nodes) return LEPTON_RESOURCE_EXHAUSTED;
    p->granted = nodes;
    return LEPTON_OK;
}

static void pool_destroy(void *context) { ((pool *)context)->destroyed++; }

static lepton_allocator table_of(pool *p) {
    *p = (pool){.lock = PTHREAD_MUTEX_INITIALIZER, .nodes = 4};
    return (lepton_allocator){
        .struct_size = sizeof(lepton_allocator),
        .context = p,
        .capacity = pool_capacity,
        .grant = pool_grant,
        .release = pool_release,
        .resize = pool_resize,
        .destroy = pool_destroy,
    };
}

static void a_program_grants_its_own_resources(void **state) {
    (void)state;
    pool p;
    lepton_allocator table = table_of(&p);
    lepton_client *client = NULL;
    must(lepton_client_create_with_allocator(NULL, &table, &client, &error));
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.nodes = 3;
    request.cores_per_node = 2;
    request.queue = "blue";
    request.labels = "{\"team\": \"cards\"}";
    lepton_allocation *allocation = NULL;
    must(lepton_client_allocate(client, &request, &allocation, &error));
    assert_string_equal(p.last_queue, "blue");
    assert_non_null(strstr(p.last_labels, "cards"));
    lepton_utilization use = {.struct_size = sizeof use};
    must(lepton_client_utilization(client, &use, &error));
    assert_true(use.cores == 0.75);

    /* A fit runs on what was granted, and follows a resize. */
    lepton_model *model = make_classifier(1);
    dataset data;
    dataset_init(&data, 64);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.allocation = allocation;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    must(lepton_allocation_resize(allocation, 4, &error));
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    refused(LEPTON_RESOURCE_EXHAUSTED, NULL, lepton_allocation_resize(allocation, 5, &error));
    refused(LEPTON_NOT_SUPPORTED, NULL, lepton_allocation_renew(allocation, 5, &error));
    lepton_allocation *other = UNTOUCHED;
    refused(LEPTON_RESOURCE_EXHAUSTED, NULL, lepton_client_allocate(client, &request, &other, &error));
    lepton_status status = lepton_client_allocate(client, &request, &other, &error);
    assert_int_equal(status, LEPTON_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(lepton_error_message(error), "only 0 nodes are free"));
    lepton_error_release(error);
    error = NULL;
    refused(LEPTON_NOT_SUPPORTED, NULL, lepton_client_submit(client, &request, &other, &error));
    assert_ptr_equal(other, UNTOUCHED);

    dataset_free(&data);
    lepton_model_release(model);
    lepton_allocation_release(allocation);
    assert_int_equal(p.releases, 1);
    assert_int_equal(p.destroyed, 0);
    lepton_client_release(client);
    assert_int_equal(p.destroyed, 1);
}

static void wrong_answers_are_refused(void **state) {
    (void)state;
    pool p;
    lepton_allocator table = table_of(&p);
    lepton_client *client = NULL;
    must(lepton_client_create_with_allocator(NULL, &table, &client, &error));
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    for (int bad = 1; bad <= 7; bad++) {
        p.bad = bad;
        p.granted = 0;
        lepton_allocation *allocation = UNTOUCHED;
        lepton_status expected = bad == 7 ? LEPTON_RESOURCE_EXHAUSTED : LEPTON_INTERNAL_ERROR;
        refused(expected, NULL, lepton_client_allocate(client, &request, &allocation, &error));
        assert_ptr_equal(allocation, UNTOUCHED);
    }
    lepton_client_release(client);
}

static void bad_tables_are_refused(void **state) {
    (void)state;
    pool p;
    lepton_client *client = UNTOUCHED;
    refused(LEPTON_INVALID_ARGUMENT, "allocator", lepton_client_create_with_allocator(NULL, NULL, &client, &error));
    lepton_allocator table = table_of(&p);
    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_client_create_with_allocator(NULL, &table, NULL, &error));
    table.grant = NULL;
    refused(LEPTON_INVALID_ARGUMENT, "allocator.grant",
            lepton_client_create_with_allocator(NULL, &table, &client, &error));
    table = table_of(&p);
    table.release = NULL;
    refused(LEPTON_INVALID_ARGUMENT, "allocator.release",
            lepton_client_create_with_allocator(NULL, &table, &client, &error));
    table = table_of(&p);
    table.struct_size = 3;
    refused(LEPTON_INVALID_ARGUMENT, "allocator.struct_size",
            lepton_client_create_with_allocator(NULL, &table, &client, &error));
    table = table_of(&p);
    lepton_client_options options;
    lepton_client_options_init(&options);
    options.nodes = 2;
    refused(LEPTON_INVALID_ARGUMENT, "options", lepton_client_create_with_allocator(&options, &table, &client, &error));
    lepton_client_options_init(&options);
    options.store_path = "/proc/no/such/folder";
    lepton_status status = lepton_client_create_with_allocator(&options, &table, &client, &error);
    assert_int_not_equal(status, LEPTON_OK);
    lepton_error_release(error);
    error = NULL;
    assert_ptr_equal(client, UNTOUCHED);
    /* Without success the context stays the program's. */
    assert_int_equal(p.destroyed, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_grants_its_own_resources),
        cmocka_unit_test(wrong_answers_are_refused),
        cmocka_unit_test(bad_tables_are_refused),
    };
    return cmocka_run_group_tests_name("allocator", tests, NULL, NULL);
}
