/* Marks of noise, and what outliers have in common. */
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define S ASSAY_NS_PER_S

static unsigned touches_of(uint64_t nivcsw, uint64_t majflt, uint64_t start_ns, uint64_t end_ns)
{
    static const struct assay_host_reading HOST[] = {
        {.at_ns = 1 * S, .steal_ppm = 0, .throttled_ns = 0},
        {.at_ns = 2 * S, .steal_ppm = 500, .throttled_ns = ASSAY_NS_ABSENT},
        {.at_ns = 3 * S, .steal_ppm = ASSAY_NS_ABSENT, .throttled_ns = 7},
    };
    const struct assay_process process = {.nivcsw = nivcsw, .majflt = majflt};
    const struct assay_sample sample = {.start_ns = start_ns, .end_ns = end_ns, .process = &process};
    return assay_sample_touches(&sample, HOST, 3);
}

static void a_sample_is_touched_by_what_rose_while_it_ran(void **state)
{
    (void)state;
    assert_int_equal(touches_of(0, 0, S / 2, S - 1), 0);
    assert_int_equal(touches_of(2, 0, S / 2, S - 1), ASSAY_TOUCH_SWITCHED);
    assert_int_equal(touches_of(0, 1, S / 2, S - 1), ASSAY_TOUCH_PAGED);
    assert_int_equal(touches_of(0, 0, S / 2, S + 1), ASSAY_TOUCH_STOLEN); /* the reading at 2 s covers its end */
    assert_int_equal(touches_of(0, 0, S + 1, 2 * S - 1), ASSAY_TOUCH_STOLEN);
    assert_int_equal(touches_of(0, 0, 2 * S, 3 * S - 1), ASSAY_TOUCH_THROTTLED);
    assert_int_equal(touches_of(0, 0, S + 1, 3 * S - 1), ASSAY_TOUCH_STOLEN | ASSAY_TOUCH_THROTTLED);
}

static void what_cannot_be_read_touches_nothing(void **state)
{
    (void)state;
    assert_int_equal(touches_of(ASSAY_NS_ABSENT, ASSAY_NS_ABSENT, S / 2, S - 1), 0);
    const struct assay_sample without = {.start_ns = ASSAY_NS_ABSENT, .end_ns = 5};
    assert_int_equal(assay_sample_touches(&without, NULL, 0), 0);
}

/* A trace of one arm whose sample i takes times[i] and was put off its CPU where switched says so. */
static struct assay_outliers outliers_of(const uint64_t *times, const bool *switched, size_t count)
{
    static const struct assay_trace_ident IDENT = {.run_id = {1}};
    struct assay_plan plan = {.arms_count = 1};
    struct assay_trace_writer *writer = NULL;
    struct assay_trace *trace = NULL;
    struct assay_outliers ret;
    struct assay_buf bytes;
    assay_buf_init(&bytes, (size_t)1 << 20);
    assert_int_equal(assay_trace_writer_new(&IDENT, &writer, NULL), ASSAY_OK);
    for (size_t i = 0; i < count; i++) {
        const struct assay_process process = {.nivcsw = switched[i]};
        const struct assay_sample sample = {.id = i,
                                            .due_ns = i * S,
                                            .queued_ns = i * S,
                                            .start_ns = i * S,
                                            .end_ns = i * S + times[i],
                                            .cpu_ns = ASSAY_NS_ABSENT,
                                            .process = &process};
        assert_int_equal(assay_trace_add_sample(writer, &sample, NULL), ASSAY_OK);
    }
    json_t *facts = json_object();
    assert_int_equal(assay_trace_finish(writer, facts, &bytes, NULL), ASSAY_OK);
    json_decref(facts);
    assert_int_equal(assay_trace_open(bytes.data, bytes.len, &trace, NULL, NULL), ASSAY_OK);
    assert_int_equal(assay_outliers_of(&plan, trace, 0, &ret, NULL), ASSAY_OK);
    assay_trace_free(trace);
    assay_trace_writer_free(writer);
    assay_buf_done(&bytes);
    return ret;
}

static void outliers_name_the_cause_that_they_have_more_often(void **state)
{
    (void)state;
    const uint64_t times[] = {100, 101, 102, 103, 104, 105, 106, 107, 900, 950};
    const bool switched[] = {0, 1, 0, 0, 0, 0, 0, 0, 1, 1};
    struct assay_outliers found = outliers_of(times, switched, 10);
    assert_int_equal(found.n, 10);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.cause, "a forced context switch");
    assert_true(found.share == 1.0 && found.share_of_rest == 0.125);
}

static void outliers_that_are_touched_as_often_as_the_rest_have_no_cause(void **state)
{
    (void)state;
    const uint64_t times[] = {100, 101, 102, 103, 104, 105, 106, 107, 900, 950};
    const bool all[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, none[10] = {0};
    assert_null(outliers_of(times, all, 10).cause);
    assert_null(outliers_of(times, none, 10).cause);
}

static void values_that_lie_together_have_no_outliers(void **state)
{
    (void)state;
    const uint64_t times[] = {100, 101, 102, 103, 104, 105, 106, 107, 108, 112};
    const bool none[10] = {0};
    assert_int_equal(outliers_of(times, none, 10).count, 0);
    assert_int_equal(outliers_of(times, none, 5).n, 0); /* too few to tell */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sample_is_touched_by_what_rose_while_it_ran),
        cmocka_unit_test(what_cannot_be_read_touches_nothing),
        cmocka_unit_test(outliers_name_the_cause_that_they_have_more_often),
        cmocka_unit_test(outliers_that_are_touched_as_often_as_the_rest_have_no_cause),
        cmocka_unit_test(values_that_lie_together_have_no_outliers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
