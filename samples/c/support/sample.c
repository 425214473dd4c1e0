#include "sample.h"

#include <stdio.h>
#include <stdlib.h>

void check(lepton_status status, lepton_error *error) {
    if (status == LEPTON_OK) return;
    fprintf(stderr, "%s: %s\n", lepton_status_name(status), lepton_error_message(error));
    lepton_error_release(error);
    exit(EXIT_FAILURE);
}

lepton_tensor_view matrix(float *data, const int64_t shape[2]) {
    lepton_tensor_view view = {.data = data, .dtype = LEPTON_FLOAT32, .ndim = 2, .shape = shape};
    return view;
}

void print_loss(lepton_history *history) {
    lepton_error *error = NULL;
    size_t epochs = 0;
    check(lepton_history_epoch_count(history, &epochs, &error), error);
    double *loss = malloc(epochs * sizeof *loss);
    if (loss == NULL) exit(EXIT_FAILURE);
    check(lepton_history_values(history, "loss", loss, epochs, &epochs, &error), error);
    printf("loss: %.4f in the first epoch, %.4f in the last\n", loss[0], loss[epochs - 1]);
    free(loss);
}

void print_bill(lepton_client *client) {
    lepton_error *error = NULL;
    size_t length = 0;
    check(lepton_client_usage(client, LEPTON_REPORT_TEXT, NULL, 0, &length, &error), error);
    /* The figures grow while an allocation is active, so leave room for a longer text than was announced. */
    size_t capacity = length + 256;
    char *text = malloc(capacity);
    if (text == NULL) exit(EXIT_FAILURE);
    check(lepton_client_usage(client, LEPTON_REPORT_TEXT, text, capacity, &length, &error), error);
    printf("bill:\n%s\n", text);
    free(text);
}
