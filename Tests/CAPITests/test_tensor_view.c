/* Section "tensor" of lepton.h: what views a call takes and refuses, seen through lepton_model_predict. */
#include "support.h"

#include <math.h>
#include <string.h>

/* A model that gives back its two inputs. */
static lepton_model *model = NULL;

static int make_identity(void **state) {
    (void)state;
    model = make_model(1);
    must(lepton_model_add_layer(model, "Dense", "{\"units\": 2, \"input_shape\": [2]}", &error));
    float kernel[] = {1, 0, 0, 1}, bias[] = {0, 0};
    matrix weights[2];
    matrix_init(&weights[0], kernel, 2, 2);
    matrix_init(&weights[1], bias, 2, -1);
    lepton_tensor_view views[] = {weights[0].view, weights[1].view};
    must(lepton_model_set_weights(model, views, 2, &error));
    return 0;
}

static int release_identity(void **state) {
    (void)state;
    lepton_model_release(model);
    return 0;
}

/* Predicts from `view` (2 x 2) and compares with four numbers. */
static void expect(lepton_tensor_view view, const float wanted[4]) {
    float got[4] = {NAN, NAN, NAN, NAN};
    matrix output;
    matrix_init(&output, got, 2, 2);
    must(lepton_model_predict(model, &view, 1, &output.view, 1, &error));
    assert_memory_equal(got, wanted, sizeof got);
}

static const int64_t two_by_two[] = {2, 2};

static void every_element_type_is_converted(void **state) {
    (void)state;
    const float wanted[] = {1, 2, 3, 0};
    float f32[] = {1, 2, 3, 0};
    double f64[] = {1, 2, 3, 0};
    int32_t i32[] = {1, 2, 3, 0};
    int64_t i64[] = {1, 2, 3, 0};
    uint8_t u8[] = {1, 2, 3, 0};
    const struct {
        void *data;
        int32_t dtype;
    } inputs[] = {
        {f32, LEPTON_FLOAT32}, {f64, LEPTON_FLOAT64}, {i32, LEPTON_INT32}, {i64, LEPTON_INT64}, {u8, LEPTON_UINT8},
    };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        expect((lepton_tensor_view){inputs[i].data, inputs[i].dtype, 2, two_by_two, NULL, 0}, wanted);
    uint8_t truth[] = {1, 0, 1, 1};
    expect((lepton_tensor_view){truth, LEPTON_BOOL, 2, two_by_two, NULL, 0}, (const float[]){1, 0, 1, 1});
}

static void strides_and_offsets_are_followed(void **state) {
    (void)state;
    float data[] = {0, 1, 2, 3, 4, 5, 6, 7};
    const int64_t transposed[] = {1, 2};
    expect((lepton_tensor_view){data, LEPTON_FLOAT32, 2, two_by_two, transposed, 0}, (const float[]){0, 2, 1, 3});
    const int64_t spread[] = {4, 2};
    expect((lepton_tensor_view){data, LEPTON_FLOAT32, 2, two_by_two, spread, 4}, (const float[]){1, 3, 5, 7});
    const int64_t backwards[] = {-2, -1};
    expect((lepton_tensor_view){data, LEPTON_FLOAT32, 2, two_by_two, backwards, 12}, (const float[]){3, 2, 1, 0});
    const int64_t repeated[] = {0, 0};
    expect((lepton_tensor_view){data, LEPTON_FLOAT32, 2, two_by_two, repeated, 8}, (const float[]){2, 2, 2, 2});
}

static void outputs_may_be_strided(void **state) {
    (void)state;
    float data[] = {1, 2, 3, 4}, got[8] = {0};
    matrix input;
    matrix_init(&input, data, 2, 2);
    const int64_t strides[] = {-4, 2};
    lepton_tensor_view output = {got, LEPTON_FLOAT32, 2, two_by_two, strides, 16};
    must(lepton_model_predict(model, &input.view, 1, &output, 1, &error));
    const float wanted[] = {3, 0, 4, 0, 1, 0, 2, 0};
    assert_memory_equal(got, wanted, sizeof got);
}

static void no_rows_are_no_work(void **state) {
    (void)state;
    const int64_t none[] = {0, 2};
    const int64_t wild[] = {INT64_MAX, INT64_MIN};
    lepton_tensor_view input = {NULL, LEPTON_FLOAT32, 2, none, wild, UINT64_MAX};
    lepton_tensor_view output = {NULL, LEPTON_FLOAT32, 2, none, NULL, 0};
    lepton_status status = lepton_model_predict(model, &input, 1, &output, 1, &error);
    /* Whether an empty batch is worth an error is the model's affair; reading through the view is not. */
    if (status != LEPTON_OK)
        refused_at(status, LEPTON_INVALID_ARGUMENT, NULL, "predict of no rows", __FILE__, __LINE__);
}

/* Each of these is refused as an input, and the output stays as it was. */
static void bad_views_are_refused(void **state) {
    (void)state;
    static float data[4];
    static const int64_t negative[] = {2, -1}, huge[] = {INT64_MAX, INT64_MAX}, many[] = {INT64_MAX / 4, 2};
    static const int64_t far_apart[] = {INT64_MAX, 1}, too_far[] = {INT64_MAX / 4, 1}, lowest[] = {INT64_MIN, 1};
    static const int64_t before[] = {-2, 1};
    static const int64_t nine[] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    char *odd = (char *)data + 1;
    const struct {
        lepton_tensor_view view;
        lepton_status status;
        const char *argument;
    } cases[] = {
        {{data, 7, 2, two_by_two, NULL, 0}, LEPTON_INVALID_ARGUMENT, "x[0].dtype"},
        {{data, -1, 2, two_by_two, NULL, 0}, LEPTON_INVALID_ARGUMENT, "x[0].dtype"},
        {{data, INT32_MAX, 2, two_by_two, NULL, 0}, LEPTON_INVALID_ARGUMENT, "x[0].dtype"},
        {{data, LEPTON_FLOAT32, -1, two_by_two, NULL, 0}, LEPTON_INVALID_ARGUMENT, "x[0].ndim"},
        {{data, LEPTON_FLOAT32, 9, nine, NULL, 0}, LEPTON_INVALID_ARGUMENT, "x[0].ndim"},
        {{data, LEPTON_FLOAT32, INT32_MIN, nine, NULL, 0}, LEPTON_INVALID_ARGUMENT, "x[0].ndim"},
        {{data, LEPTON_FLOAT32, 2, NULL, NULL, 0}, LEPTON_INVALID_ARGUMENT, "x[0].shape"},
        {{data, LEPTON_FLOAT32, 2, negative, NULL, 0}, LEPTON_INVALID_ARGUMENT, "x[0].shape[1]"},
        {{NULL, LEPTON_FLOAT32, 2, two_by_two, NULL, 0}, LEPTON_INVALID_ARGUMENT, "x[0].data"},
        {{odd, LEPTON_FLOAT32, 2, two_by_two, NULL, 0}, LEPTON_INVALID_ARGUMENT, "x[0].data"},
        {{data, LEPTON_FLOAT32, 2, two_by_two, NULL, 2}, LEPTON_INVALID_ARGUMENT, "x[0].data"},
        {{data, LEPTON_FLOAT32, 2, two_by_two, before, 4}, LEPTON_INVALID_ARGUMENT, "x[0].strides"},
        {{data, LEPTON_FLOAT32, 2, huge, NULL, 0}, LEPTON_OUT_OF_MEMORY, "x[0]"},
        {{data, LEPTON_FLOAT32, 2, many, NULL, 0}, LEPTON_OUT_OF_MEMORY, "x[0]"},
        {{data, LEPTON_FLOAT32, 2, two_by_two, far_apart, 0}, LEPTON_OUT_OF_MEMORY, "x[0]"},
        {{data, LEPTON_FLOAT64, 2, two_by_two, too_far, 0}, LEPTON_OUT_OF_MEMORY, "x[0]"},
        {{data, LEPTON_UINT8, 2, two_by_two, lowest, 0}, LEPTON_OUT_OF_MEMORY, "x[0]"},
        {{data, LEPTON_FLOAT32, 2, two_by_two, NULL, UINT64_MAX}, LEPTON_OUT_OF_MEMORY, "x[0]"},
        {{data, LEPTON_FLOAT32, 2, two_by_two, NULL, INT64_MAX}, LEPTON_OUT_OF_MEMORY, "x[0]"},
        {{data, LEPTON_FLOAT32, 2, (const int64_t[]){2, 3}, NULL, 0}, LEPTON_SHAPE_MISMATCH, NULL},
        {{data, LEPTON_FLOAT32, 1, two_by_two, NULL, 0}, LEPTON_SHAPE_MISMATCH, NULL},
        {{data, LEPTON_FLOAT32, 0, NULL, NULL, 0}, LEPTON_SHAPE_MISMATCH, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float got[4] = {7, 7, 7, 7};
        matrix output;
        matrix_init(&output, got, 2, 2);
        refused(cases[i].status, cases[i].argument,
                lepton_model_predict(model, &cases[i].view, 1, &output.view, 1, &error));
        assert_memory_equal(got, ((float[]){7, 7, 7, 7}), sizeof got);
    }
}

static void bad_outputs_are_refused(void **state) {
    (void)state;
    float data[] = {1, 2, 3, 4}, got[4] = {7, 7, 7, 7};
    double wide[4] = {7, 7, 7, 7};
    matrix input;
    matrix_init(&input, data, 2, 2);
    static const int64_t overlapping[] = {0, 1}, wrong[] = {2, 1};
    const struct {
        lepton_tensor_view view;
        lepton_status status;
        const char *argument;
    } cases[] = {
        {{wide, LEPTON_FLOAT64, 2, two_by_two, NULL, 0}, LEPTON_TYPE_MISMATCH, "outputs[0].dtype"},
        {{got, LEPTON_FLOAT32, 2, two_by_two, overlapping, 0}, LEPTON_INVALID_ARGUMENT, "outputs[0].strides[0]"},
        {{got, LEPTON_FLOAT32, 2, wrong, NULL, 0}, LEPTON_SHAPE_MISMATCH, NULL},
        {{got, LEPTON_FLOAT32, 1, two_by_two, NULL, 0}, LEPTON_SHAPE_MISMATCH, NULL},
        {{NULL, LEPTON_FLOAT32, 2, two_by_two, NULL, 0}, LEPTON_INVALID_ARGUMENT, "outputs[0].data"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        refused(cases[i].status, cases[i].argument,
                lepton_model_predict(model, &input.view, 1, &cases[i].view, 1, &error));
        assert_memory_equal(got, ((float[]){7, 7, 7, 7}), sizeof got);
    }
}

static void counts_are_checked(void **state) {
    (void)state;
    float data[4] = {0}, got[4] = {7, 7, 7, 7};
    matrix in[2], out[2];
    for (int i = 0; i < 2; i++) {
        matrix_init(&in[i], data, 2, 2);
        matrix_init(&out[i], got, 2, 2);
    }
    lepton_tensor_view inputs[] = {in[0].view, in[1].view}, outputs[] = {out[0].view, out[1].view};
    refused(LEPTON_INVALID_ARGUMENT, "x", lepton_model_predict(model, NULL, 1, outputs, 1, &error));
    refused(LEPTON_INVALID_ARGUMENT, "outputs", lepton_model_predict(model, inputs, 1, NULL, 1, &error));
    refused(LEPTON_INVALID_ARGUMENT, "x_count", lepton_model_predict(model, inputs, SIZE_MAX, outputs, 1, &error));
    refused(LEPTON_INVALID_ARGUMENT, "x_count", lepton_model_predict(model, inputs, SIZE_MAX / 2, outputs, 1, &error));
    refused(LEPTON_SHAPE_MISMATCH, NULL, lepton_model_predict(model, inputs, 2, outputs, 1, &error));
    refused(LEPTON_SHAPE_MISMATCH, NULL, lepton_model_predict(model, inputs, 1, outputs, 2, &error));
    refused(LEPTON_SHAPE_MISMATCH, NULL, lepton_model_predict(model, NULL, 0, outputs, 1, &error));
    refused(LEPTON_SHAPE_MISMATCH, NULL, lepton_model_predict(model, inputs, 1, NULL, 0, &error));
    const lepton_tensor_view *misaligned = (const lepton_tensor_view *)(const void *)((const char *)inputs + 1);
    refused(LEPTON_INVALID_ARGUMENT, "x", lepton_model_predict(model, misaligned, 1, outputs, 1, &error));
    assert_memory_equal(got, ((float[]){7, 7, 7, 7}), sizeof got);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_element_type_is_converted),
        cmocka_unit_test(strides_and_offsets_are_followed),
        cmocka_unit_test(outputs_may_be_strided),
        cmocka_unit_test(no_rows_are_no_work),
        cmocka_unit_test(bad_views_are_refused),
        cmocka_unit_test(bad_outputs_are_refused),
        cmocka_unit_test(counts_are_checked),
    };
    return cmocka_run_group_tests_name("tensor view", tests, make_identity, release_identity);
}
