/* startup.c - creates a client and a model and exits. */
#include <lepton.h>
#include <stdio.h>

int main(void) {
    lepton_client *client = NULL;
    lepton_model *model = NULL;
    lepton_error *error = NULL;
    if (lepton_client_create(NULL, &client, &error) != LEPTON_OK ||
        lepton_model_create(NULL, &model, &error) != LEPTON_OK ||
        lepton_model_add_layer(model, "Dense", "{\"units\": 1, \"input_shape\": [1]}", &error) != LEPTON_OK) {
        fprintf(stderr, "%s\n", lepton_error_message(error));
        return 1;
    }
    lepton_model_release(model);
    lepton_client_release(client);
    return 0;
}
