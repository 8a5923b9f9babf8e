/* When a limit of the machine is one, and when noise made it. */
#include "cli/limit_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void sweeps_that_differ_by_more_than_15_percent_are_invalid(void **state)
{
    (void)state;
    struct limit_sweeps sweeps = {.first = 100, .last = 85};
    assert_string_equal(assay_limit_state(&sweeps), "ok");
    sweeps.last = 84.9;
    assert_string_equal(assay_limit_state(&sweeps), "invalid");
    sweeps = (struct limit_sweeps){.first = 84.9, .last = 100};
    assert_string_equal(assay_limit_state(&sweeps), "invalid");
}

static void other_programs_and_stolen_time_pollute(void **state)
{
    (void)state;
    struct limit_sweeps sweeps = {.first = 10, .last = 10, .foreign_cpu_ppm = 79999, .steal_ppm = 9999};
    assert_string_equal(assay_limit_state(&sweeps), "ok");
    sweeps.foreign_cpu_ppm = 80000;
    assert_string_equal(assay_limit_state(&sweeps), "polluted");
    sweeps = (struct limit_sweeps){.first = 10, .last = 10, .foreign_cpu_ppm = UINT64_MAX, .steal_ppm = 10000};
    assert_string_equal(assay_limit_state(&sweeps), "polluted");
    sweeps.steal_ppm = UINT64_MAX; /* what nobody knows accuses nobody; it is not printed either */
    assert_string_equal(assay_limit_state(&sweeps), "ok");
}

static void a_small_buffer_is_no_memory(void **state)
{
    (void)state;
    const struct limit_sweeps sweeps = {.first = 10, .last = 10, .is_in_cache = true};
    assert_string_equal(assay_limit_state(&sweeps), "in-cache");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sweeps_that_differ_by_more_than_15_percent_are_invalid),
        cmocka_unit_test(other_programs_and_stolen_time_pollute),
        cmocka_unit_test(a_small_buffer_is_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
