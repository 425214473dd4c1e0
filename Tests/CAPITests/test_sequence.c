/* Section "sequence" of lepton.h. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static lepton_model *make_recurrent(const char *batch_shape, const char *layer) {
    lepton_model *model = make_model(4);
    must(lepton_model_add_layer(model, "InputLayer", batch_shape, &error));
    must(lepton_model_add_layer(model, "LSTM", layer, &error));
    must(lepton_model_add_layer(model, "Dense", "{\"units\": 2}", &error));
    return model;
}

static lepton_tensor_view sequence(float *data, int64_t *shape, int64_t rows, int64_t time) {
    shape[0] = rows;
    shape[1] = time;
    shape[2] = 3;
    for (int64_t i = 0; i < rows * time * 3; i++)
        data[i] = sinf((float)i);
    lepton_tensor_view view = {data, LEPTON_FLOAT32, 3, shape, NULL, 0};
    return view;
}

static void lengths_are_those_of_the_data(void **state) {
    (void)state;
    lepton_model *model =
        make_recurrent("{\"batch_shape\": [null, null, 3]}", "{\"units\": 4, \"return_sequences\": true}");
    int64_t shape[8];
    int32_t ndim = 0;
    must(lepton_model_input_shape(model, 0, shape, 8, &ndim, &error));
    assert_int_equal(ndim, 3);
    assert_int_equal(shape[1], -1);
    must(lepton_model_output_shape(model, 0, shape, 8, &ndim, &error));
    assert_int_equal(shape[1], -1);
    assert_int_equal(shape[2], 2);

    float data[2 * 7 * 3], out[2 * 7 * 2], again[2 * 7 * 2];
    for (int64_t time = 7; time >= 5; time--) {
        int64_t extents[3], expected[3] = {2, time, 2};
        lepton_tensor_view x = sequence(data, extents, 2, time);
        must(lepton_model_output_shape_for(model, &x, 1, 0, shape, 8, &ndim, &error));
        assert_int_equal(ndim, 3);
        assert_memory_equal(shape, expected, sizeof expected);
        lepton_tensor_view y = {out, LEPTON_FLOAT32, 3, expected, NULL, 0};
        must(lepton_model_predict(model, &x, 1, &y, 1, &error));
        y.data = again;
        must(lepton_model_predict(model, &x, 1, &y, 1, &error));
        assert_memory_equal(out, again, sizeof(float) * (size_t)(4 * time));
        expected[1]++;
        refused(LEPTON_SHAPE_MISMATCH, "outputs[0]", lepton_model_predict(model, &x, 1, &y, 1, &error));
    }
    int64_t extents[3];
    lepton_tensor_view x = sequence(data, extents, 2, 7);
    refused(LEPTON_INVALID_ARGUMENT, "index", lepton_model_output_shape_for(model, &x, 1, 1, shape, 8, &ndim, &error));
    extents[2] = 2;
    refused(LEPTON_SHAPE_MISMATCH, "x", lepton_model_output_shape_for(model, &x, 1, 0, shape, 8, &ndim, &error));
    lepton_model_release(model);

    model = make_model(4);
    must(lepton_model_add_layer(model, "GlobalAveragePooling1D", NULL, &error));
    int64_t unknown[2] = {-1, 3};
    must(lepton_model_build(model, unknown, 2, &error));
    must(lepton_model_output_shape(model, 0, shape, 8, &ndim, &error));
    assert_int_equal(ndim, 2);
    assert_int_equal(shape[1], 3);
    lepton_model_release(model);

    model = make_model(4);
    must(lepton_model_add_layer(model, "Dense", "{\"units\": 2}", &error));
    int64_t last[1] = {-1};
    refused(LEPTON_SHAPE_MISMATCH, NULL, lepton_model_build(model, last, 1, &error));
    lepton_model_release(model);
}

static void states_go_from_batch_to_batch(void **state) {
    (void)state;
    lepton_model *model = make_recurrent("{\"batch_shape\": [2, null, 3]}", "{\"units\": 4, \"stateful\": true}");
    float data[4 * 6 * 3], first[4], second[4], both[8];
    int64_t extents[3];
    lepton_tensor_view x = sequence(data, extents, 2, 6);
    matrix y;
    matrix_init(&y, first, 2, 2);
    must(lepton_model_predict(model, &x, 1, &y.view, 1, &error));
    matrix_init(&y, second, 2, 2);
    must(lepton_model_predict(model, &x, 1, &y.view, 1, &error));
    assert_memory_not_equal(first, second, sizeof first);

    must(lepton_model_reset_states(model, NULL, &error));
    /* Two batches in one call. */
    memcpy(data + 2 * 6 * 3, data, sizeof(float) * 2 * 6 * 3);
    extents[0] = 4;
    matrix_init(&y, both, 4, 2);
    must(lepton_model_predict(model, &x, 1, &y.view, 1, &error));
    assert_memory_equal(both, first, sizeof first);
    assert_memory_equal(both + 4, second, sizeof second);

    must(lepton_model_reset_states(model, "lstm", &error));
    extents[0] = 2;
    matrix_init(&y, second, 2, 2);
    must(lepton_model_predict(model, &x, 1, &y.view, 1, &error));
    assert_memory_equal(first, second, sizeof first);
    refused(LEPTON_NOT_FOUND, NULL, lepton_model_reset_states(model, "dense", &error));
    refused(LEPTON_NOT_FOUND, NULL, lepton_model_reset_states(model, "lstms", &error));
    extents[0] = 3;
    matrix_init(&y, both, 3, 2);
    refused(LEPTON_SHAPE_MISMATCH, NULL, lepton_model_predict(model, &x, 1, &y.view, 1, &error));
    lepton_model_release(model);
    refused(LEPTON_INVALID_HANDLE, "model", lepton_model_reset_states(model, NULL, &error));

    model = make_model(1);
    must(lepton_model_add_layer(model, "InputLayer", "{\"batch_shape\": [null, 5, 3]}", &error));
    refused(LEPTON_INVALID_ARGUMENT, NULL,
            lepton_model_add_layer(model, "GRU", "{\"units\": 4, \"stateful\": true}", &error));
    lepton_model_release(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_are_those_of_the_data),
        cmocka_unit_test(states_go_from_batch_to_batch),
    };
    return cmocka_run_group_tests_name("sequence", tests, NULL, NULL);
}
