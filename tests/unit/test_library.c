#include "base/library.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct table {
    struct assay_library library;
    __typeof__(&abs) abs;
    __typeof__(&labs) labs;
};

static const char THERE[] = "libc.so.6", NOT_THERE[] = "libno.so.99";

static struct table table_of(const char *file)
{
    return (struct table){.library = {.lock = PTHREAD_MUTEX_INITIALIZER, .file = file, .package = "libno99"}};
}

static const struct assay_library_symbol SYMBOLS[] = {{"abs", offsetof(struct table, abs)},
                                                      {"labs", offsetof(struct table, labs)}};

static void functions_of_a_library_are_bound_once(void **state)
{
    (void)state;
    struct table table = table_of(THERE);
    assay_err err = {0};
    if (assay_library_bind(&table.library, SYMBOLS, 2, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(table.abs(-3), 3);
    assert_int_equal(table.labs(-4), 4);
    table.library.file = NOT_THERE;
    assert_int_equal(assay_library_bind(&table.library, SYMBOLS, 2, &err), ASSAY_OK); /* bound before */
}

static void a_library_that_is_not_there_is_named(void **state)
{
    (void)state;
    struct table table = table_of(NOT_THERE);
    assay_err err = {0};
    assert_int_equal(assay_library_bind(&table.library, SYMBOLS, 2, &err), ASSAY_IO);
    assert_non_null(strstr(err.message, "libno.so.99"));
    assert_non_null(strstr(err.message, "libno99")); /* and what to install */
    table.library.file = THERE;
    assert_int_equal(assay_library_bind(&table.library, SYMBOLS, 2, NULL), ASSAY_OK); /* tried again */
}

static void a_function_that_is_not_there_is_named(void **state)
{
    (void)state;
    static const struct assay_library_symbol WITH_MISSING[] = {{"abs", offsetof(struct table, abs)},
                                                               {"no_such_function", offsetof(struct table, labs)}};
    struct table table = table_of(THERE);
    assay_err err = {0};
    assert_int_equal(assay_library_bind(&table.library, WITH_MISSING, 2, &err), ASSAY_IO);
    assert_non_null(strstr(err.message, "no_such_function"));
    assert_int_equal(assay_library_bind(&table.library, WITH_MISSING, 2, NULL), ASSAY_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_of_a_library_are_bound_once),
        cmocka_unit_test(a_library_that_is_not_there_is_named),
        cmocka_unit_test(a_function_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
