/*
 * Diagnosis: is a breast mass malignant? 569 patients, 30 measurements each (see samples/data/README.md).
 *
 * Every fifth row of the file is kept for the test. Both parts are scaled by the training rows' means and standard
 * deviations. With --store FOLDER the data set and the parameters are kept in that folder and trained from there.
 *
 *   cc -Isamples/c/support samples/c/02-diagnosis/{main,table}.c samples/c/support/sample.c \
 *      $(pkg-config --cflags --libs lepton) -lm -o diagnosis
 *   ./diagnosis samples/data/breast_cancer_wisconsin.csv [--store FOLDER]
 */
#include "sample.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lepton_model *create_model(void) {
    lepton_error *error = NULL;
    lepton_model *model = NULL;
    check(lepton_model_create("diagnosis", &model, &error), error);
    check(lepton_model_set_seed(model, 1, &error), error);
    const char *layers[] = {
        "{\"units\": 64, \"activation\": \"relu\", \"input_shape\": [30]}",
        "{\"units\": 32, \"activation\": \"relu\"}",
        "{\"units\": 1, \"activation\": \"sigmoid\"}",
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++)
        check(lepton_model_add_layer(model, "Dense", layers[i], &error), error);

    const char *metrics[] = {"accuracy"};
    lepton_compile_options options;
    lepton_compile_options_init(&options);
    options.optimizer = "adam";
    options.loss = "binary_crossentropy";
    options.metrics = metrics;
    options.metric_count = 1;
    check(lepton_model_compile(model, &options, &error), error);
    return model;
}

/* Counts [actual][predicted], 1 being malignant. */
static void print_confusion(const float *predicted, const split *test) {
    int counts[2][2] = {{0}};
    for (size_t row = 0; row < test->rows; row++)
        counts[test->y[row] > 0.5f][predicted[row] > 0.5f]++;
    double accuracy = (double)(counts[0][0] + counts[1][1]) / (double)test->rows;
    printf("test accuracy: %.2f %% of %zu\n", accuracy * 100, test->rows);
    printf("                 predicted benign  predicted malignant\n");
    printf("actually benign     %13d %20d\n", counts[0][0], counts[0][1]);
    printf("actually malignant  %13d %20d\n", counts[1][0], counts[1][1]);
}

int main(int argc, char **argv) {
    if (argc != 2 && !(argc == 4 && strcmp(argv[2], "--store") == 0)) {
        fprintf(stderr, "usage: %s breast_cancer_wisconsin.csv [--store FOLDER]\n", argv[0]);
        return 2;
    }
    const char *store = argc == 4 ? argv[3] : NULL;
    lepton_error *error = NULL;

    table table = table_read(argv[1]);
    split training, test;
    table_split(&table, &training, &test);
    printf("rows: %zu for training, %zu for the test\n", training.rows, test.rows);

    lepton_client_options client_options;
    lepton_client_options_init(&client_options);
    client_options.nodes = 2;
    client_options.store_path = store;
    lepton_client *client = NULL;
    check(lepton_client_create(&client_options, &client, &error), error);

    lepton_model *model = create_model();
    lepton_tensor_view x = matrix(training.x, (const int64_t[]){(int64_t)training.rows, FEATURES});
    lepton_tensor_view y = matrix(training.y, (const int64_t[]){(int64_t)training.rows, 1});
    lepton_fit_options fit_options;
    lepton_fit_options_init(&fit_options);
    fit_options.epochs = 20;
    fit_options.store_name = store != NULL ? "diagnosis" : NULL;
    lepton_history *history = NULL;
    check(lepton_client_fit(client, model, &x, 1, &y, 1, &fit_options, &history, &error), error);
    print_loss(history);

    float *predicted = calloc(test.rows, sizeof *predicted);
    if (predicted == NULL) return EXIT_FAILURE;
    lepton_tensor_view test_x = matrix(test.x, (const int64_t[]){(int64_t)test.rows, FEATURES});
    lepton_tensor_view output = matrix(predicted, (const int64_t[]){(int64_t)test.rows, 1});
    check(lepton_client_predict(client, model, &test_x, 1, &output, 1, NULL, &error), error);
    printf("first test rows: %.4f %.4f %.4f %.4f\n", predicted[0], predicted[1], predicted[2], predicted[3]);
    print_confusion(predicted, &test);
    print_bill(client);

    free(predicted);
    split_free(&training);
    split_free(&test);
    table_free(&table);
    lepton_history_release(history);
    lepton_model_release(model);
    lepton_client_release(client);
    return 0;
}
