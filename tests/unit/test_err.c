#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_failure_keeps_code_message_and_place(void **state)
{
    (void)state;
    assay_err err = {0};
    assert_int_equal(assay_fail(&err, ASSAY_USAGE, "--rate is %d", -1), ASSAY_USAGE);
    assert_int_equal(err.code, ASSAY_USAGE);
    assert_string_equal(err.message, "--rate is -1");
    assert_non_null(strstr(err.place, "test_err.c:"));
}

static void context_goes_in_front_of_the_message(void **state)
{
    (void)state;
    assay_err err = {0};
    (void)assay_fail(&err, ASSAY_MALFORMED, "line 3 is empty");
    assay_wrap(&err, "receipt '%s'", "r.json");
    assert_string_equal(err.message, "receipt 'r.json': line 3 is empty");
    assert_int_equal(err.code, ASSAY_MALFORMED);
}

static void a_message_that_is_too_long_is_seen_to_be_cut(void **state)
{
    (void)state;
    assay_err err = {0};
    char text[2 * ASSAY_ERR_BYTES];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    (void)assay_fail(&err, ASSAY_IO, "%s", text);
    assert_int_equal(strlen(err.message), ASSAY_ERR_BYTES - 1);
    assert_string_equal(err.message + ASSAY_ERR_BYTES - 4, "...");
}

static void every_code_has_one_of_the_documented_exit_statuses(void **state)
{
    (void)state;
    for (int code = 0; code < ASSAY_CODE_COUNT; code++) {
        int status = assay_code_exit((assay_code)code);
        assert_true((status >= 0 && status <= 5) || status == 70);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_keeps_code_message_and_place),
        cmocka_unit_test(context_goes_in_front_of_the_message),
        cmocka_unit_test(a_message_that_is_too_long_is_seen_to_be_cut),
        cmocka_unit_test(every_code_has_one_of_the_documented_exit_statuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
