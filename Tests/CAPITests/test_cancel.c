/* Section "cancel" of lepton.h. */
#define _GNU_SOURCE
#include "support.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void life_of_a_token(void **state) {
    (void)state;
    lepton_cancel *cancel = NULL;
    must(lepton_cancel_create(&cancel, &error));
    assert_non_null(cancel);
    must(lepton_cancel_trigger(cancel, &error));
    must(lepton_cancel_trigger(cancel, &error));
    lepton_cancel_release(cancel);
    refused(LEPTON_INVALID_HANDLE, "cancel", lepton_cancel_trigger(cancel, &error));
    lepton_cancel_release(cancel);
    lepton_cancel_release(NULL);
    refused(LEPTON_INVALID_HANDLE, "cancel", lepton_cancel_trigger(NULL, &error));
    refused(LEPTON_INVALID_ARGUMENT, "out", lepton_cancel_create(NULL, &error));
}

static lepton_cancel *token = NULL;

static void trigger_from_signal(int number) {
    (void)number;
    lepton_cancel_trigger(token, NULL);
}

static int32_t raise_signal(const lepton_progress *progress, void *context) {
    (void)context;
    if (progress->event == LEPTON_BATCH_END && progress->step == 2) raise(SIGUSR1);
    return 0;
}

/* Fits for a very long time unless it is stopped, and expects LEPTON_CANCELLED. */
static void fit_until_cancelled(lepton_progress_fn progress, void *context) {
    lepton_client *client = make_client(2);
    lepton_model *model = make_classifier(3);
    dataset data;
    dataset_init(&data, 300);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 100000000;
    options.batch_size = 10;
    options.progress = progress;
    options.progress_context = context;
    options.cancel = token;
    lepton_history *history = UNTOUCHED;
    refused(LEPTON_CANCELLED, NULL,
            lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, &history, &error));
    assert_ptr_equal(history, UNTOUCHED);

    /* The model is still good for prediction and for more training. */
    float got[3] = {0};
    matrix row, output;
    matrix_init(&row, data.features, 1, 4);
    matrix_init(&output, got, 1, 3);
    must(lepton_model_predict(model, &row.view, 1, &output.view, 1, &error));
    assert_true(got[0] + got[1] + got[2] > 0.999f && got[0] + got[1] + got[2] < 1.001f);
    options.epochs = 1;
    options.cancel = NULL;
    options.progress = NULL;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
}

static void a_signal_handler_may_cancel(void **state) {
    (void)state;
    must(lepton_cancel_create(&token, &error));
    struct sigaction action = {.sa_handler = trigger_from_signal}, old;
    sigaction(SIGUSR1, &action, &old);
    fit_until_cancelled(raise_signal, NULL);
    sigaction(SIGUSR1, &old, NULL);
    lepton_cancel_release(token);
}

static sem_t training;

static int32_t say_training(const lepton_progress *progress, void *context) {
    (void)context;
    if (progress->event == LEPTON_BATCH_END && progress->epoch == 0 && progress->step == 1) sem_post(&training);
    return 0;
}

static void *cancel_while_training(void *context) {
    (void)context;
    sem_wait(&training);
    return (void *)(intptr_t)lepton_cancel_trigger(token, NULL);
}

static void another_thread_may_cancel(void **state) {
    (void)state;
    must(lepton_cancel_create(&token, &error));
    sem_init(&training, 0, 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, cancel_while_training, NULL), 0);
    fit_until_cancelled(say_training, NULL);
    void *status = UNTOUCHED;
    pthread_join(thread, &status);
    assert_ptr_equal(status, (void *)LEPTON_OK);
    sem_destroy(&training);
    lepton_cancel_release(token);
}

static void a_cancelled_token_stops_the_first_step(void **state) {
    (void)state;
    must(lepton_cancel_create(&token, &error));
    must(lepton_cancel_trigger(token, &error));
    lepton_client *client = make_client(1);
    lepton_model *model = make_classifier(3);
    dataset data;
    dataset_init(&data, 30);
    size_t bytes = 0;
    float *before = copy_weights(model, &bytes);
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.cancel = token;
    refused(LEPTON_CANCELLED, NULL,
            lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    float *after = copy_weights(model, &bytes);
    assert_memory_equal(before, after, bytes);

    lepton_run_options run;
    lepton_run_options_init(&run);
    run.cancel = token;
    lepton_history *history = UNTOUCHED;
    refused(LEPTON_CANCELLED, NULL,
            lepton_client_evaluate(client, model, &data.x.view, 1, &data.y.view, 1, &run, &history, &error));
    assert_ptr_equal(history, UNTOUCHED);
    float got[90];
    memset(got, 0x5A, sizeof got);
    matrix output;
    matrix_init(&output, got, 30, 3);
    refused(LEPTON_CANCELLED, NULL,
            lepton_client_predict(client, model, &data.x.view, 1, &output.view, 1, &run, &error));
    for (size_t i = 0; i < sizeof got; i++)
        assert_int_equal(((unsigned char *)got)[i], 0x5A);

    free(before);
    free(after);
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
    lepton_cancel_release(token);
}

static int32_t release_token(const lepton_progress *progress, void *context) {
    (void)context;
    if (progress->event == LEPTON_BATCH_END && progress->epoch == 0 && progress->step == 1) {
        lepton_cancel_trigger(token, NULL);
        lepton_cancel_release(token);
    }
    return 0;
}

static void a_token_may_be_released_during_the_call(void **state) {
    (void)state;
    must(lepton_cancel_create(&token, &error));
    fit_until_cancelled(release_token, NULL);
    refused(LEPTON_INVALID_HANDLE, "cancel", lepton_cancel_trigger(token, &error));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(life_of_a_token),
        cmocka_unit_test(a_signal_handler_may_cancel),
        cmocka_unit_test(another_thread_may_cancel),
        cmocka_unit_test(a_cancelled_token_stops_the_first_step),
        cmocka_unit_test(a_token_may_be_released_during_the_call),
    };
    return cmocka_run_group_tests_name("cancel", tests, NULL, NULL);
}
