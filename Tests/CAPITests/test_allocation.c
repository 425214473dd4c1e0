/* Section "client" of lepton.h: requests and allocations. */
#define _GNU_SOURCE
#include "support.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

static void defaults_are_the_documented_ones(void **state) {
    (void)state;
    lepton_resource_request request;
    memset(&request, 0xFF, sizeof request);
    lepton_resource_request_init(&request);
    assert_int_equal(request.struct_size, sizeof request);
    assert_int_equal(request.nodes, 1);
    assert_int_equal(request.cores_per_node, 1);
    assert_int_equal(request.memory_per_node, 0);
    assert_int_equal(request.storage_bytes, 0);
    assert_true(isinf(request.lease_seconds) && request.lease_seconds > 0);
    assert_null(request.labels);
    lepton_resource_request_init_sized(NULL, 0);
}

static void an_allocation_is_described(void **state) {
    (void)state;
    lepton_client *client = make_client(3);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.nodes = 2;
    request.memory_per_node = 4096;
    request.storage_bytes = 1000;
    request.lease_seconds = 3600;
    request.labels = "{\"team\": \"cards\", \"job\": \"scores\"}";
    lepton_allocation *allocation = NULL;
    must(lepton_client_allocate(client, &request, &allocation, &error));
    lepton_allocation_info info;
    memset(&info, 0xFF, sizeof info);
    info.struct_size = sizeof info;
    must(lepton_allocation_get_info(allocation, &info, &error));
    assert_int_equal(info.struct_size, sizeof info);
    assert_int_equal(info.state, LEPTON_ALLOCATION_ACTIVE);
    assert_int_equal(info.nodes, 2);
    assert_int_equal(info.cores_per_node, 1);
    assert_int_equal(info.reserved, 0);
    assert_int_equal(info.memory_per_node, 4096);
    assert_int_equal(info.storage_bytes, 1000);
    assert_true(info.lease_remaining > 3000 && info.lease_remaining <= 3600);
    assert_true(strnlen(info.id, sizeof info.id) > 0 && strnlen(info.id, sizeof info.id) < sizeof info.id);

    must(lepton_allocation_renew(allocation, 7200, &error));
    must(lepton_allocation_get_info(allocation, &info, &error));
    assert_true(info.lease_remaining > 7000 && info.lease_remaining <= 7200);
    must(lepton_allocation_renew(allocation, INFINITY, &error));
    must(lepton_allocation_get_info(allocation, &info, &error));
    assert_true(isinf(info.lease_remaining));

    must(lepton_allocation_close(allocation, &error));
    must(lepton_allocation_close(allocation, &error));
    must(lepton_allocation_get_info(allocation, &info, &error));
    assert_int_equal(info.state, LEPTON_ALLOCATION_RELEASED);
    assert_true(info.lease_remaining == 0);
    refused(LEPTON_INVALID_STATE, NULL, lepton_allocation_renew(allocation, 60, &error));
    lepton_allocation_release(allocation);
    refused(LEPTON_INVALID_HANDLE, "allocation", lepton_allocation_get_info(allocation, &info, &error));
    refused(LEPTON_INVALID_HANDLE, "allocation", lepton_allocation_renew(allocation, 60, &error));
    refused(LEPTON_INVALID_HANDLE, "allocation", lepton_allocation_close(allocation, &error));
    lepton_allocation_release(allocation);
    lepton_allocation_release(NULL);
    lepton_client_release(client);
}

static void bad_requests_are_refused(void **state) {
    (void)state;
    lepton_client *client = make_client(3);
    lepton_allocation *allocation = UNTOUCHED;
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    refused(LEPTON_INVALID_ARGUMENT, "request", lepton_client_allocate(client, NULL, &allocation, &error));
    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_client_allocate(client, &request, NULL, &error));
    refused(LEPTON_INVALID_HANDLE, "client", lepton_client_allocate(NULL, &request, &allocation, &error));

#define REFUSED_WITH(status, argument, field, value)                                                                   \
    do {                                                                                                               \
        lepton_resource_request_init(&request);                                                                        \
        request.field = value;                                                                                         \
        refused(status, argument, lepton_client_allocate(client, &request, &allocation, &error));                      \
        assert_ptr_equal(allocation, UNTOUCHED);                                                                       \
    } while (0)

    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "nodes", nodes, 0);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "nodes", nodes, -3);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "cores_per_node", cores_per_node, 0);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "memory_per_node", memory_per_node, -1);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "storage_bytes", storage_bytes, INT64_MIN);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "lease_seconds", lease_seconds, 0.0);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "lease_seconds", lease_seconds, -1.0);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "lease_seconds", lease_seconds, NAN);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "lease_seconds", lease_seconds, -INFINITY);
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "labels", labels, "[]");
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "labels", labels, "{\"team\": 1}");
    REFUSED_WITH(LEPTON_INVALID_ARGUMENT, "labels", labels, "\xF0\x28\x8C\x28");
    REFUSED_WITH(LEPTON_CORRUPT_DATA, NULL, labels, "{\"team\"");
    REFUSED_WITH(LEPTON_RESOURCE_EXHAUSTED, NULL, nodes, 4);
    REFUSED_WITH(LEPTON_RESOURCE_EXHAUSTED, NULL, cores_per_node, 2);
    REFUSED_WITH(LEPTON_RESOURCE_EXHAUSTED, NULL, memory_per_node, INT64_MAX);
    REFUSED_WITH(LEPTON_RESOURCE_EXHAUSTED, NULL, storage_bytes, INT64_MAX);
#undef REFUSED_WITH

    lepton_resource_request_init(&request);
    request.nodes = INT32_MAX;
    request.memory_per_node = INT64_MAX;
    refused(LEPTON_INVALID_ARGUMENT, "memory_per_node", lepton_client_allocate(client, &request, &allocation, &error));

    lepton_utilization use = {.struct_size = sizeof use};
    must(lepton_client_utilization(client, &use, &error));
    assert_true(use.cores_allocated == 0 && use.memory_allocated == 0 && use.storage_allocated == 0);
    lepton_client_release(client);
}

/* What a subscription was told. The test reads it after `finished`, which is called last. */
typedef struct told {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int states[16];
    int count, is_finished;
} told;

static int32_t note_event(const lepton_allocation_event *event, void *context) {
    told *t = context;
    pthread_mutex_lock(&t->lock);
    if (t->count < 16) t->states[t->count++] = event->state;
    pthread_mutex_unlock(&t->lock);
    return 0;
}

static void note_end(void *context) {
    told *t = context;
    pthread_mutex_lock(&t->lock);
    t->is_finished = 1;
    pthread_cond_signal(&t->changed);
    pthread_mutex_unlock(&t->lock);
}

static void requests_wait_and_give_way(void **state) {
    (void)state;
    lepton_client *client = make_client(2);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.nodes = 2;
    lepton_allocation *low = NULL, *high = NULL;
    must(lepton_client_allocate(client, &request, &low, &error));
    request.nodes = 1;
    refused(LEPTON_RESOURCE_EXHAUSTED, NULL, lepton_client_allocate(client, &request, &high, &error));
    must(lepton_client_submit(client, &request, &high, &error));
    refused(LEPTON_TIMED_OUT, NULL, lepton_allocation_wait(high, 0, NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "seconds", lepton_allocation_wait(high, NAN, NULL, &error));
    lepton_cancel *cancel = NULL;
    must(lepton_cancel_create(&cancel, &error));
    must(lepton_cancel_trigger(cancel, &error));
    refused(LEPTON_CANCELLED, NULL, lepton_allocation_wait(high, INFINITY, cancel, &error));
    lepton_cancel_release(cancel);
    lepton_allocation_release(high);

    told t = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    must(lepton_allocation_subscribe(low, note_event, note_end, &t, &error));
    refused(LEPTON_INVALID_ARGUMENT, "function", lepton_allocation_subscribe(low, NULL, NULL, NULL, &error));
    request.priority = 1;
    must(lepton_client_submit(client, &request, &high, &error));
    must(lepton_allocation_wait(high, 10, NULL, &error));
    lepton_allocation_release(high);
    must(lepton_allocation_wait(low, 10, NULL, &error));
    must(lepton_allocation_close(low, &error));
    pthread_mutex_lock(&t.lock);
    while (!t.is_finished)
        pthread_cond_wait(&t.changed, &t.lock);
    pthread_mutex_unlock(&t.lock);
    const int expected[] = {LEPTON_ALLOCATION_PENDING, LEPTON_ALLOCATION_ACTIVE, LEPTON_ALLOCATION_DRAINING,
                            LEPTON_ALLOCATION_PENDING, LEPTON_ALLOCATION_ACTIVE, LEPTON_ALLOCATION_RELEASED};
    assert_int_equal(t.count, 6);
    assert_memory_equal(t.states, expected, sizeof expected);
    lepton_allocation_release(low);
    lepton_client_release(client);
}

static void allocations_are_resized(void **state) {
    (void)state;
    lepton_client *client = make_client(4);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.nodes = 2;
    request.min_nodes = 1;
    request.max_nodes = 6;
    lepton_allocation *allocation = NULL;
    must(lepton_client_allocate(client, &request, &allocation, &error));
    must(lepton_allocation_resize(allocation, 4, &error));
    lepton_allocation_info info = {.struct_size = sizeof info};
    must(lepton_allocation_get_info(allocation, &info, &error));
    assert_int_equal(info.nodes, 4);
    refused(LEPTON_RESOURCE_EXHAUSTED, "nodes", lepton_allocation_resize(allocation, 5, &error));
    const int32_t wrong[] = {0, -1, 7, INT32_MAX, INT32_MIN};
    for (int i = 0; i < 5; i++)
        refused(LEPTON_INVALID_ARGUMENT, "nodes", lepton_allocation_resize(allocation, wrong[i], &error));
    refused(LEPTON_INVALID_HANDLE, "allocation", lepton_allocation_resize(NULL, 1, &error));

    lepton_allocation_event event = {.struct_size = sizeof event};
    must(lepton_allocation_next_event(allocation, 2, 0, &event, &error));
    assert_int_equal(event.sequence, 3);
    assert_int_equal(event.kind, LEPTON_ALLOCATION_RESIZED);
    assert_int_equal(event.nodes, 4);
    refused(LEPTON_TIMED_OUT, NULL, lepton_allocation_next_event(allocation, 3, 0, &event, &error));
    refused(LEPTON_INVALID_ARGUMENT, "after", lepton_allocation_next_event(allocation, -1, 0, &event, &error));
    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_allocation_next_event(allocation, 0, 0, NULL, &error));
    must(lepton_allocation_close(allocation, &error));
    must(lepton_allocation_next_event(allocation, 3, 0, &event, &error));
    assert_int_equal(event.state, LEPTON_ALLOCATION_RELEASED);
    refused(LEPTON_NOT_FOUND, NULL, lepton_allocation_next_event(allocation, 4, INFINITY, &event, &error));
    refused(LEPTON_INVALID_STATE, NULL, lepton_allocation_resize(allocation, 1, &error));
    lepton_allocation_release(allocation);
    lepton_client_release(client);
}

/* One key, one allocation, two handles: it is closed with the last of them. */
static void a_key_stands_for_one_allocation(void **state) {
    (void)state;
    lepton_client *client = make_client(2);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.idempotency_key = "key";
    lepton_allocation *first = NULL, *again = NULL, *other = UNTOUCHED;
    must(lepton_client_allocate(client, &request, &first, &error));
    must(lepton_client_allocate(client, &request, &again, &error));
    request.nodes = 2;
    refused(LEPTON_INVALID_ARGUMENT, "idempotency_key", lepton_client_allocate(client, &request, &other, &error));
    assert_ptr_equal(other, UNTOUCHED);
    lepton_allocation_release(again);
    lepton_allocation_info info = {.struct_size = sizeof info};
    must(lepton_allocation_get_info(first, &info, &error));
    assert_int_equal(info.state, LEPTON_ALLOCATION_ACTIVE);
    lepton_allocation_release(first);
    lepton_utilization use = {.struct_size = sizeof use};
    must(lepton_client_utilization(client, &use, &error));
    assert_true(use.cores_allocated == 0);
    request.nodes = 1;
    request.queue = "nowhere";
    refused(LEPTON_NOT_FOUND, "queue", lepton_client_submit(client, &request, &other, &error));
    lepton_client_release(client);
}

static void bad_leases_are_refused(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.lease_seconds = 1e300;
    lepton_allocation *allocation = NULL;
    must(lepton_client_allocate(client, &request, &allocation, &error));
    refused(LEPTON_INVALID_ARGUMENT, "seconds", lepton_allocation_renew(allocation, 0, &error));
    refused(LEPTON_INVALID_ARGUMENT, "seconds", lepton_allocation_renew(allocation, -1, &error));
    refused(LEPTON_INVALID_ARGUMENT, "seconds", lepton_allocation_renew(allocation, NAN, &error));
    must(lepton_allocation_renew(allocation, 1e300, &error));
    /* So short that it may be over before the call is. */
    lepton_status status = lepton_allocation_renew(allocation, 5e-324, &error);
    if (status != LEPTON_OK) refused_at(status, LEPTON_TIMED_OUT, NULL, "a short lease", __FILE__, __LINE__);
    lepton_allocation_info info = {.struct_size = sizeof info};
    must(lepton_allocation_get_info(allocation, &info, &error));
    assert_int_equal(info.state, LEPTON_ALLOCATION_EXPIRED);
    refused(LEPTON_TIMED_OUT, NULL, lepton_allocation_renew(allocation, 60, &error));
    must(lepton_allocation_close(allocation, &error));
    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_allocation_get_info(allocation, NULL, &error));
    info.struct_size = 16;
    refused(LEPTON_INVALID_ARGUMENT, "out.struct_size", lepton_allocation_get_info(allocation, &info, &error));
    lepton_allocation_release(allocation);
    lepton_client_release(client);
}

static void an_allocation_keeps_its_client_alive(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    lepton_allocation *allocation = NULL;
    must(lepton_client_allocate(client, &request, &allocation, &error));
    lepton_client_release(client);
    lepton_allocation_info info = {.struct_size = sizeof info};
    must(lepton_allocation_get_info(allocation, &info, &error));
    assert_int_equal(info.state, LEPTON_ALLOCATION_ACTIVE);
    lepton_allocation_release(allocation);
}

static void the_last_release_gives_the_resources_back(void **state) {
    (void)state;
    lepton_client *client = make_client(1);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    lepton_allocation *first = NULL, *second = UNTOUCHED;
    must(lepton_client_allocate(client, &request, &first, &error));
    refused(LEPTON_RESOURCE_EXHAUSTED, NULL, lepton_client_allocate(client, &request, &second, &error));
    assert_ptr_equal(second, UNTOUCHED);
    lepton_allocation_release(first);
    must(lepton_client_allocate(client, &request, &second, &error));
    lepton_allocation_release(second);
    lepton_client_release(client);
}

/* During a fit: closing is refused, and releasing the handle only takes effect when the fit is over. */
static int32_t close_and_release(const lepton_progress *progress, void *context) {
    lepton_allocation *allocation = *(lepton_allocation **)context;
    if (progress->event == LEPTON_BATCH_END && progress->step == 1) {
        refused(LEPTON_INVALID_STATE, NULL, lepton_allocation_close(allocation, &error));
        lepton_allocation_release(allocation);
        refused(LEPTON_INVALID_HANDLE, "allocation", lepton_allocation_close(allocation, &error));
    }
    return 0;
}

static void a_running_fit_holds_its_allocation(void **state) {
    (void)state;
    lepton_client *client = make_client(2);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    request.nodes = 2;
    lepton_allocation *allocation = NULL;
    must(lepton_client_allocate(client, &request, &allocation, &error));
    lepton_model *model = make_classifier(1);
    dataset data;
    dataset_init(&data, 100);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.allocation = allocation;
    options.progress = close_and_release;
    options.progress_context = &allocation;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    lepton_utilization use = {.struct_size = sizeof use};
    must(lepton_client_utilization(client, &use, &error));
    assert_true(use.cores_allocated == 0);
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
}

static void a_closed_allocation_trains_nothing(void **state) {
    (void)state;
    lepton_client *client = make_client(1), *other = make_client(1);
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    lepton_allocation *allocation = NULL;
    must(lepton_client_allocate(client, &request, &allocation, &error));
    lepton_model *model = make_classifier(1);
    dataset data;
    dataset_init(&data, 10);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.allocation = allocation;
    must(lepton_allocation_close(allocation, &error));
    refused(LEPTON_INVALID_STATE, NULL,
            lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    lepton_allocation_release(allocation);
    refused(LEPTON_INVALID_HANDLE, "options.allocation",
            lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(other);
    lepton_client_release(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_documented_ones),
        cmocka_unit_test(an_allocation_is_described),
        cmocka_unit_test(bad_requests_are_refused),
        cmocka_unit_test(requests_wait_and_give_way),
        cmocka_unit_test(allocations_are_resized),
        cmocka_unit_test(a_key_stands_for_one_allocation),
        cmocka_unit_test(bad_leases_are_refused),
        cmocka_unit_test(an_allocation_keeps_its_client_alive),
        cmocka_unit_test(the_last_release_gives_the_resources_back),
        cmocka_unit_test(a_running_fit_holds_its_allocation),
        cmocka_unit_test(a_closed_allocation_trains_nothing),
    };
    return cmocka_run_group_tests_name("allocation", tests, NULL, NULL);
}
