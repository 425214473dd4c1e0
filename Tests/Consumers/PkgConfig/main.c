/* The article's job, as a program that knows the SDK from its installed header and library alone. */
#include <lepton.h>
#include <stdio.h>

static int failed(lepton_status status, lepton_error *error) {
    if (status != LEPTON_OK) fprintf(stderr, "%s: %s\n", lepton_status_name(status), lepton_error_message(error));
    lepton_error_release(error);
    return status != LEPTON_OK;
}

int main(void) {
    lepton_error *error = NULL;
    if (lepton_abi_version() != LEPTON_ABI_VERSION) return 1;

    lepton_client *client = NULL;
    if (failed(lepton_client_create(NULL, &client, &error), error)) return 1;
    lepton_model *model = NULL;
    if (failed(lepton_model_create(NULL, &model, &error), error) ||
        failed(lepton_model_set_seed(model, 1, &error), error) ||
        failed(lepton_model_add_layer(model, "Dense", "{\"units\": 1, \"input_shape\": [1]}", &error), error))
        return 1;

    lepton_compile_options how;
    lepton_compile_options_init(&how);
    how.optimizer = "sgd";
    how.loss = "mean_squared_error";
    if (failed(lepton_model_compile(model, &how, &error), error)) return 1;

    float xs[] = {1, 2, 3, 4, 5}, ys[] = {1, 4, 9, 16, 25}, six = 6, answer = 0;
    int64_t rows[] = {5, 1}, row[] = {1, 1};
    lepton_tensor_view x = {.data = xs, .dtype = LEPTON_FLOAT32, .ndim = 2, .shape = rows};
    lepton_tensor_view y = {.data = ys, .dtype = LEPTON_FLOAT32, .ndim = 2, .shape = rows};
    lepton_tensor_view question = {.data = &six, .dtype = LEPTON_FLOAT32, .ndim = 2, .shape = row};
    lepton_tensor_view result = {.data = &answer, .dtype = LEPTON_FLOAT32, .ndim = 2, .shape = row};
    lepton_fit_options options;
    lepton_fit_options_init(&options);
    options.epochs = 100;
    if (failed(lepton_client_fit(client, model, &x, 1, &y, 1, &options, NULL, &error), error) ||
        failed(lepton_model_predict(model, &question, 1, &result, 1, &error), error))
        return 1;
    printf("prediction for 6: %.4f\n", answer);

    lepton_model_release(model);
    lepton_client_release(client);
    return 0;
}
