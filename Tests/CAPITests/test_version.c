/* Section "version" of lepton.h. */
#include "support.h"

#include <stdio.h>

static void abi_version_is_the_headers(void **state) {
    (void)state;
    assert_int_equal(lepton_abi_version(), LEPTON_ABI_VERSION);
}

static void version_is_the_headers(void **state) {
    (void)state;
    assert_string_equal(lepton_version(), LEPTON_VERSION_STRING);
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", LEPTON_VERSION_MAJOR, LEPTON_VERSION_MINOR, LEPTON_VERSION_PATCH);
    assert_string_equal(text, LEPTON_VERSION_STRING);
}

static void version_is_static_text(void **state) {
    (void)state;
    assert_ptr_equal(lepton_version(), lepton_version());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(abi_version_is_the_headers),
        cmocka_unit_test(version_is_the_headers),
        cmocka_unit_test(version_is_static_text),
    };
    return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
