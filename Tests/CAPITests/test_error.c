/* Section "status, error" of lepton.h. */
#include "support.h"

#include <limits.h>
#include <string.h>

static void every_status_has_its_name(void **state) {
    (void)state;
    static const char *const names[] = {
        "LEPTON_OK",
        "LEPTON_INVALID_ARGUMENT",
        "LEPTON_SHAPE_MISMATCH",
        "LEPTON_TYPE_MISMATCH",
        "LEPTON_NOT_FOUND",
        "LEPTON_NOT_SUPPORTED",
        "LEPTON_INVALID_STATE",
        "LEPTON_INVALID_HANDLE",
        "LEPTON_NON_FINITE",
        "LEPTON_OUT_OF_MEMORY",
        "LEPTON_RESOURCE_EXHAUSTED",
        "LEPTON_CANCELLED",
        "LEPTON_TIMED_OUT",
        "LEPTON_IO",
        "LEPTON_CORRUPT_DATA",
        "LEPTON_PERMISSION_DENIED",
        "LEPTON_INTERNAL_ERROR",
    };
    for (lepton_status status = 0; status <= LEPTON_INTERNAL_ERROR; status++)
        assert_string_equal(lepton_status_name(status), names[status]);
    assert_string_equal(lepton_status_name(LEPTON_INTERNAL_ERROR + 1), "LEPTON_UNKNOWN");
    assert_string_equal(lepton_status_name(-1), "LEPTON_UNKNOWN");
    assert_string_equal(lepton_status_name(INT32_MIN), "LEPTON_UNKNOWN");
    assert_string_equal(lepton_status_name(INT32_MAX), "LEPTON_UNKNOWN");
}

static void accessors_take_null(void **state) {
    (void)state;
    assert_int_equal(lepton_error_status(NULL), LEPTON_OK);
    assert_string_equal(lepton_error_message(NULL), "");
    assert_null(lepton_error_argument(NULL));
    assert_null(lepton_error_expected(NULL));
    assert_null(lepton_error_received(NULL));
    lepton_error_release(NULL);
}

static void an_error_says_what_was_wrong(void **state) {
    (void)state;
    assert_int_equal(lepton_cancel_create(NULL, &error), LEPTON_INVALID_ARGUMENT);
    assert_non_null(error);
    assert_int_equal(lepton_error_status(error), LEPTON_INVALID_ARGUMENT);
    assert_string_equal(lepton_error_argument(error), "out");
    assert_string_equal(lepton_error_received(error), "NULL");
    assert_string_equal(lepton_error_message(error), "out: expected the address of a result. Received: NULL");
    lepton_error_release(error);
    error = NULL;
}

static void success_leaves_the_error_alone(void **state) {
    (void)state;
    lepton_error *mine = UNTOUCHED;
    lepton_cancel *cancel = NULL;
    assert_int_equal(lepton_cancel_create(&cancel, &mine), LEPTON_OK);
    assert_ptr_equal(mine, UNTOUCHED);
    lepton_cancel_release(cancel);
}

static void errors_may_be_ignored(void **state) {
    (void)state;
    assert_int_equal(lepton_cancel_create(NULL, NULL), LEPTON_INVALID_ARGUMENT);
    assert_int_equal(lepton_cancel_trigger(NULL, NULL), LEPTON_INVALID_HANDLE);
}

static void errors_outlive_the_next_call(void **state) {
    (void)state;
    lepton_error *first = NULL, *second = NULL;
    assert_int_equal(lepton_cancel_create(NULL, &first), LEPTON_INVALID_ARGUMENT);
    assert_int_equal(lepton_cancel_trigger(NULL, &second), LEPTON_INVALID_HANDLE);
    assert_ptr_not_equal(first, second);
    assert_int_equal(lepton_error_status(first), LEPTON_INVALID_ARGUMENT);
    assert_int_equal(lepton_error_status(second), LEPTON_INVALID_HANDLE);
    lepton_error_release(first);
    lepton_error_release(second);
}

static void quoted_input_keeps_its_characters(void **state) {
    (void)state;
    lepton_model *model = make_model(1);
    assert_int_equal(lepton_model_add_layer(model, "D\xC3\xA9nse-\xE2\x9C\x93", NULL, &error), LEPTON_INVALID_ARGUMENT);
    assert_non_null(strstr(lepton_error_message(error), "D\xC3\xA9nse-\xE2\x9C\x93"));
    lepton_error_release(error);
    error = NULL;
    lepton_model_release(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_name),
        cmocka_unit_test(accessors_take_null),
        cmocka_unit_test(an_error_says_what_was_wrong),
        cmocka_unit_test(success_leaves_the_error_alone),
        cmocka_unit_test(errors_may_be_ignored),
        cmocka_unit_test(errors_outlive_the_next_call),
        cmocka_unit_test(quoted_input_keeps_its_characters),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
