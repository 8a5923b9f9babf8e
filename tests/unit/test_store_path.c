#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void the_first_place_that_is_named_wins(void **state)
{
    (void)state;
    static const struct {
        const char *asked;
        struct assay_store_env env;
        const char *wanted;
    } CASES[] = {
        {"a.db", {"b.db", "/data", "/people/u"}, "a.db"},
        {NULL, {"b.db", "/data", "/people/u"}, "b.db"},
        {"", {"", "/data", "/people/u"}, "/data/assay/history.db"},
        {NULL, {NULL, "relative", "/people/u"}, "/people/u/.local/share/assay/history.db"},
        {NULL, {NULL, NULL, "/people/u"}, "/people/u/.local/share/assay/history.db"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_buf path;
        assay_buf_init(&path, 4096);
        assert_int_equal(assay_store_path(CASES[i].asked, &CASES[i].env, &path, NULL), ASSAY_OK);
        assert_string_equal(path.data, CASES[i].wanted);
        assay_buf_done(&path);
    }
}

static void without_any_place_it_is_a_usage_error(void **state)
{
    (void)state;
    struct assay_buf path;
    assay_err err = {0};
    assay_buf_init(&path, 4096);
    assert_int_equal(assay_store_path(NULL, &(struct assay_store_env){0}, &path, &err), ASSAY_USAGE);
    assay_buf_done(&path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_place_that_is_named_wins),
        cmocka_unit_test(without_any_place_it_is_a_usage_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
