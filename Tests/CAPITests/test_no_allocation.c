/* Steps of a training after the first take no memory from the heap, on any thread, whatever the number of nodes. */
#include "counting.h"
#include "support.h"

typedef struct counts {
    long before_step, in_first_step, in_later_steps;
    int steps;
} counts;

/* A step lasts from EPOCH_BEGIN, or the BATCH_END before it, to its BATCH_END; it includes the shuffling of the rows.
 * What an epoch's end adds to the history is no part of a step. */
static int32_t look(const lepton_progress *progress, void *context) {
    counts *seen = context;
    long now = allocations_made();
    if (progress->event == LEPTON_BATCH_END) {
        if (seen->steps++ == 0)
            seen->in_first_step = now - seen->before_step;
        else
            seen->in_later_steps += now - seen->before_step;
    }
    seen->before_step = now;
    return 0;
}

static void fit_counts_nothing(int32_t nodes) {
#ifdef LEPTON_TEST_CANNOT_COUNT
    skip();
#endif
    lepton_client *client = make_client(nodes);
    lepton_model *model = make_classifier(1);
    dataset data;
    dataset_init(&data, 1000);
    counts seen = {0};
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.batch_size = 96; /* ten whole batches and a remainder */
    options.epochs = 3;
    options.progress = look;
    options.progress_context = &seen;
    must(lepton_client_fit(client, model, &data.x.view, 1, &data.y.view, 1, &options, NULL, &error));
    assert_int_equal(seen.steps, 33);
    assert_true(allocations_made() > 0);
    assert_int_equal(seen.in_later_steps, 0);
    dataset_free(&data);
    lepton_model_release(model);
    lepton_client_release(client);
}

static void one_node(void **state) {
    (void)state;
    fit_counts_nothing(1);
}

static void two_nodes(void **state) {
    (void)state;
    fit_counts_nothing(2);
}

static void five_nodes(void **state) {
    (void)state;
    fit_counts_nothing(5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_node),
        cmocka_unit_test(two_nodes),
        cmocka_unit_test(five_nodes),
    };
    return cmocka_run_group_tests_name("no allocation", tests, NULL, NULL);
}
