#include "host/build_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_binary_knows_its_compiler_flags_and_commit(void **state)
{
    (void)state;
    const struct assay_build_record *record = &assay_build_record;
    assert_non_null(strpbrk(record->compiler, "0123456789"));
    assert_true(record->flags.count > 2);
    assert_int_equal(strncmp(record->flags.items[0], "-std=", 5), 0);
    assert_null(record->flags.items[record->flags.count]);
    assert_true(strcmp(record->commit, "unknown") == 0 || strspn(record->commit, "0123456789abcdef") == 40);
}

static void a_tree_is_clean_or_has_the_digest_of_its_difference(void **state)
{
    (void)state;
    const struct assay_build_record *record = &assay_build_record;
    if (strcmp(record->commit, "unknown") == 0) {
        assert_true(record->is_dirty); /* what cannot be known is not called clean */
        assert_null(record->dirty_diff_sha256);
    } else if (record->is_dirty) {
        assert_int_equal(strspn(record->dirty_diff_sha256, "0123456789abcdef"), 64);
    } else {
        assert_null(record->dirty_diff_sha256);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_binary_knows_its_compiler_flags_and_commit),
        cmocka_unit_test(a_tree_is_clean_or_has_the_digest_of_its_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
