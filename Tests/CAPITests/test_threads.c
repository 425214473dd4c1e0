/* What different threads may do at once. The threads count what went wrong; only the main one judges. */
#define _GNU_SOURCE
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

enum { THREADS = 4 };

static atomic_int failures;
static atomic_int finished;

static void count(int is_wrong) {
    if (is_wrong) atomic_fetch_add(&failures, 1);
}

static void run(void *(*body)(void *), void *context, void (*meanwhile)(void *)) {
    pthread_t threads[THREADS];
    atomic_store(&failures, 0);
    atomic_store(&finished, 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, body, context), 0);
    if (meanwhile != NULL) meanwhile(context);
    atomic_store(&finished, 1);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&failures), 0);
}

typedef struct job {
    lepton_client *client;
    lepton_model *model;
    dataset data;
    atomic_int predictions;
} job;

static void *predict_until_finished(void *context) {
    job *shared = context;
    float got[30];
    matrix input, output;
    matrix_init(&input, shared->data.features, 10, 4);
    matrix_init(&output, got, 10, 3);
    do {
        memset(got, 0, sizeof got);
        count(lepton_model_predict(shared->model, &input.view, 1, &output.view, 1, NULL) != LEPTON_OK);
        for (int row = 0; row < 10; row++) {
            float sum = got[row * 3] + got[row * 3 + 1] + got[row * 3 + 2];
            count(!(sum > 0.999f && sum < 1.001f));
        }
        double rate = 0;
        size_t length = 0;
        count(lepton_model_get_learning_rate(shared->model, &rate, NULL) != LEPTON_OK || !(rate > 0));
        count(lepton_model_summary(shared->model, 0, NULL, 0, &length, NULL) != LEPTON_OK || length == 0);
        atomic_fetch_add(&shared->predictions, 1);
    } while (!atomic_load(&finished));
    return NULL;
}

static int32_t wait_for_predictions(const lepton_progress *progress, void *context) {
    job *shared = context;
    /* Goes on until the other threads have predicted often, however busy the machine is. */
    return progress->event == LEPTON_EPOCH_END && atomic_load(&shared->predictions) > 200;
}

static void fit_meanwhile(void *context) {
    job *shared = context;
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 1000000;
    options.progress = wait_for_predictions;
    options.progress_context = shared;
    count(lepton_client_fit(shared->client, shared->model, &shared->data.x.view, 1, &shared->data.y.view, 1, &options,
                            NULL, NULL) != LEPTON_OK);
}

static void predictions_run_during_a_fit(void **state) {
    (void)state;
    job shared = {.client = make_client(2), .model = make_classifier(1)};
    dataset_init(&shared.data, 200);
    run(predict_until_finished, &shared, fit_meanwhile);
    dataset_free(&shared.data);
    lepton_model_release(shared.model);
    lepton_client_release(shared.client);
}

static void *create_and_release(void *context) {
    (void)context;
    for (int i = 0; i < 2000; i++) {
        lepton_cancel *tokens[5] = {NULL};
        for (int j = 0; j < 5; j++)
            count(lepton_cancel_create(&tokens[j], NULL) != LEPTON_OK || tokens[j] == NULL);
        for (int j = 0; j < 5; j++) {
            count(lepton_cancel_trigger(tokens[j], NULL) != LEPTON_OK);
            lepton_cancel_release(tokens[j]);
            count(lepton_cancel_trigger(tokens[j], NULL) != LEPTON_INVALID_HANDLE);
        }
        lepton_model *model = NULL;
        count(lepton_model_create(NULL, &model, NULL) != LEPTON_OK);
        count(lepton_model_retain(model, NULL) != LEPTON_OK);
        lepton_model_release(model);
        lepton_model_release(model);
    }
    return NULL;
}

static void handles_come_and_go_on_many_threads(void **state) {
    (void)state;
    run(create_and_release, NULL, NULL);
}

static _Atomic(lepton_model *) contested;

static void *use_contested(void *context) {
    (void)context;
    do {
        size_t length = 0;
        lepton_status status = lepton_model_get_config(atomic_load(&contested), NULL, 0, &length, NULL);
        count(status != LEPTON_OK && status != LEPTON_INVALID_HANDLE);
        status = lepton_model_retain(atomic_load(&contested), NULL);
        count(status != LEPTON_OK && status != LEPTON_INVALID_HANDLE && status != LEPTON_RESOURCE_EXHAUSTED);
    } while (!atomic_load(&finished));
    return NULL;
}

static void release_contested(void *context) {
    (void)context;
    for (int i = 0; i < 3000; i++) {
        lepton_model *model = NULL, *old = atomic_load(&contested);
        count(lepton_model_create(NULL, &model, NULL) != LEPTON_OK);
        atomic_store(&contested, model);
        /* Others retain it meanwhile: released often enough, it is gone. */
        while (lepton_model_retain(old, NULL) == LEPTON_OK) {
            lepton_model_release(old);
            lepton_model_release(old);
        }
    }
}

static void a_handle_is_used_while_it_is_released(void **state) {
    (void)state;
    lepton_model *model = make_model(1);
    atomic_store(&contested, model);
    run(use_contested, NULL, release_contested);
    model = atomic_load(&contested);
    while (lepton_model_retain(model, NULL) == LEPTON_OK) {
        lepton_model_release(model);
        lepton_model_release(model);
    }
}

static void *fit_the_same_model(void *context) {
    job *shared = context;
    lepton_status status = lepton_client_fit(shared->client, shared->model, &shared->data.x.view, 1,
                                             &shared->data.y.view, 1, NULL, NULL, NULL);
    /* Busy with another fit, or no cores free at this moment. */
    count(status != LEPTON_OK && status != LEPTON_INVALID_STATE && status != LEPTON_RESOURCE_EXHAUSTED);
    return NULL;
}

static void fits_of_one_model_exclude_each_other(void **state) {
    (void)state;
    job shared = {.client = make_client(2), .model = make_classifier(1)};
    dataset_init(&shared.data, 200);
    for (int i = 0; i < 20; i++)
        run(fit_the_same_model, &shared, NULL);
    dataset_free(&shared.data);
    lepton_model_release(shared.model);
    lepton_client_release(shared.client);
}

static void *allocate_and_close(void *context) {
    job *shared = context;
    lepton_resource_request request;
    lepton_resource_request_init(&request);
    for (int i = 0; i < 500; i++) {
        lepton_allocation *allocation = NULL;
        count(lepton_client_allocate(shared->client, &request, &allocation, NULL) != LEPTON_OK);
        lepton_utilization use = {.struct_size = sizeof use};
        count(lepton_client_utilization(shared->client, &use, NULL) != LEPTON_OK || use.cores <= 0 || use.cores > 1);
        if (i % 2) count(lepton_allocation_close(allocation, NULL) != LEPTON_OK);
        lepton_allocation_release(allocation);
    }
    return NULL;
}

static void allocations_come_and_go_on_many_threads(void **state) {
    (void)state;
    job shared = {.client = make_client(THREADS)};
    run(allocate_and_close, &shared, NULL);
    lepton_utilization use = {.struct_size = sizeof use};
    must(lepton_client_utilization(shared.client, &use, &error));
    assert_true(use.cores_allocated == 0);
    lepton_client_release(shared.client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions_run_during_a_fit),
        cmocka_unit_test(handles_come_and_go_on_many_threads),
        cmocka_unit_test(a_handle_is_used_while_it_is_released),
        cmocka_unit_test(fits_of_one_model_exclude_each_other),
        cmocka_unit_test(allocations_come_and_go_on_many_threads),
    };
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
