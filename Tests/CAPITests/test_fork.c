/* A forked child, made while other threads are inside the library, can go on using it. */
#define _GNU_SOURCE
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static atomic_int finished;

static void *keep_busy(void *context) {
    lepton_model *model = context;
    while (!atomic_load(&finished)) {
        lepton_cancel *cancel = NULL;
        if (lepton_cancel_create(&cancel, NULL) == LEPTON_OK) lepton_cancel_release(cancel);
        lepton_model_retain(model, NULL);
        lepton_model_release(model);
        sched_yield();
    }
    return NULL;
}

/* Runs `body` in a child and expects it to give 0 in time. */
static void in_child(int (*body)(void *), void *context) {
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(60);
        _exit(body(context));
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        fail_msg("the child died of signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int use_handles(void *context) {
    lepton_model *model = context;
    lepton_cancel *cancel = NULL;
    if (lepton_cancel_create(&cancel, NULL) != LEPTON_OK || lepton_cancel_trigger(cancel, NULL) != LEPTON_OK) return 1;
    lepton_cancel_release(cancel);
    if (lepton_cancel_trigger(cancel, NULL) != LEPTON_INVALID_HANDLE) return 2;
    if (lepton_model_retain(model, NULL) != LEPTON_OK) return 3;
    lepton_model_release(model);
    return 0;
}

static void handles_work_in_a_child(void **state) {
    (void)state;
    lepton_model *model = make_classifier(1);
    atomic_store(&finished, 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, keep_busy, model), 0);
    for (int i = 0; i < 50; i++)
        in_child(use_handles, model);
    atomic_store(&finished, 1);
    pthread_join(thread, NULL);
    lepton_model_release(model);
}

typedef struct job {
    lepton_client *client;
    lepton_model *model;
    dataset data;
} job;

static int train_anew(void *context) {
    job *shared = context;
    lepton_client_options options;
    lepton_client_options_init(&options);
    options.nodes = 2;
    lepton_client *client = NULL;
    if (lepton_client_create(&options, &client, NULL) != LEPTON_OK) return 1;
    float got[3];
    matrix input, output;
    matrix_init(&input, shared->data.features, 1, 4);
    matrix_init(&output, got, 1, 3);
    if (lepton_model_predict(shared->model, &input.view, 1, &output.view, 1, NULL) != LEPTON_OK) return 2;
    if (lepton_client_fit(client, shared->model, &shared->data.x.view, 1, &shared->data.y.view, 1, NULL, NULL, NULL) !=
        LEPTON_OK)
        return 3;
    lepton_client_release(client);
    return 0;
}

static void a_child_trains_with_a_client_of_its_own(void **state) {
    (void)state;
    job shared = {.client = make_client(2), .model = make_classifier(1)};
    dataset_init(&shared.data, 100);
    must(lepton_client_fit(shared.client, shared.model, &shared.data.x.view, 1, &shared.data.y.view, 1, NULL, NULL,
                           &error));
    in_child(train_anew, &shared);
    dataset_free(&shared.data);
    lepton_model_release(shared.model);
    lepton_client_release(shared.client);
}

/* The parent's client in the child: it works, or says why not; it neither hangs nor crashes. */
static int train_on(void *context) {
    job *shared = context;
    lepton_error *reason = NULL;
    lepton_status status = lepton_client_fit(shared->client, shared->model, &shared->data.x.view, 1,
                                             &shared->data.y.view, 1, NULL, NULL, &reason);
    return status != LEPTON_OK && *lepton_error_message(reason) == '\0';
}

static void a_child_gets_an_answer_from_its_parents_client(void **state) {
    (void)state;
    job shared = {.client = make_client(2), .model = make_classifier(1)};
    dataset_init(&shared.data, 100);
    must(lepton_client_fit(shared.client, shared.model, &shared.data.x.view, 1, &shared.data.y.view, 1, NULL, NULL,
                           &error));
    in_child(train_on, &shared);
    must(lepton_client_fit(shared.client, shared.model, &shared.data.x.view, 1, &shared.data.y.view, 1, NULL, NULL,
                           &error));
    dataset_free(&shared.data);
    lepton_model_release(shared.model);
    lepton_client_release(shared.client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handles_work_in_a_child),
        cmocka_unit_test(a_child_trains_with_a_client_of_its_own),
        cmocka_unit_test(a_child_gets_an_answer_from_its_parents_client),
    };
    return cmocka_run_group_tests_name("fork", tests, NULL, NULL);
}
