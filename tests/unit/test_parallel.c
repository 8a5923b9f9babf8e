#include "base/parallel.h"
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT 200

struct steps {
    atomic_int taken[COUNT];
    size_t failing[2]; /* COUNT: none */
    bool waits;        /* the first failing one fails after the second */
    atomic_bool second_failed;
    size_t workers;
};

static assay_code step(void *context, size_t worker, size_t number, assay_err *err)
{
    struct steps *steps = context;
    assert_true(worker < steps->workers);
    (void)atomic_fetch_add(&steps->taken[number], 1);
    if (number == steps->failing[0]) {
        while (steps->waits && !atomic_load(&steps->second_failed)) {
            assay_thread_pause();
        }
        return assay_fail(err, ASSAY_WANTING, "the first");
    }
    if (number == steps->failing[1]) {
        atomic_store(&steps->second_failed, true);
        return assay_fail(err, ASSAY_MALFORMED, "the second");
    }
    return ASSAY_OK;
}

static assay_code run(struct steps *steps, size_t count, size_t workers_max, assay_err *err)
{
    const struct assay_parallel work = {
        .name = "test", .count = count, .workers_max = workers_max, .step = step, .context = steps};
    steps->workers = assay_parallel_workers(&work);
    return assay_parallel_run(&work, err);
}

static void every_number_is_taken_once(void **state)
{
    (void)state;
    for (size_t count = 0; count <= COUNT; count += count < 4 ? 1 : 49) {
        for (size_t workers_max = 0; workers_max < 3; workers_max++) {
            struct steps steps = {.failing = {COUNT, COUNT}};
            assert_int_equal(run(&steps, count, workers_max, NULL), ASSAY_OK);
            for (size_t i = 0; i < COUNT; i++) {
                assert_int_equal(steps.taken[i], i < count ? 1 : 0);
            }
        }
    }
}

static void the_lowest_number_that_fails_gives_the_error_though_a_higher_one_failed_before(void **state)
{
    (void)state;
    const struct assay_parallel work = {.count = COUNT};
    struct steps steps = {.failing = {7, 90}, .waits = true};
    assay_err err = {0};
    if (assay_parallel_workers(&work) < 2) {
        skip(); /* one CPU: nothing happens at once */
    }
    assert_int_equal(run(&steps, COUNT, 0, &err), ASSAY_WANTING);
    assert_non_null(strstr(err.message, "the first"));
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(steps.taken[i], 1);
    }
    assert_int_equal(steps.taken[90], 1);
}

static void after_a_failure_no_higher_number_is_taken(void **state)
{
    (void)state;
    struct steps steps = {.failing = {7, COUNT}};
    assay_err err = {0};
    assert_int_equal(run(&steps, COUNT, 1, &err), ASSAY_WANTING);
    assert_int_equal(steps.taken[7], 1);
    assert_int_equal(steps.taken[8], 0);
    assert_int_equal(run(&steps, COUNT, 1, NULL), ASSAY_WANTING); /* whoever wants no words gets the code */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_is_taken_once),
        cmocka_unit_test(the_lowest_number_that_fails_gives_the_error_though_a_higher_one_failed_before),
        cmocka_unit_test(after_a_failure_no_higher_number_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
