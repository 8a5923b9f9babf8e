#include "base/mem.h"
#include "base/rng.h"
#include "serve/truth_log.h"
#include "serve/truth_timer.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct assay_truth_record RECORDS[] = {
    {.kind = ASSAY_TRUTH_CLOCK, .event = UINT32_MAX, .planned_ns = 10, .before_ns = 20, .tx_real_ns = 1015},
    {.kind = ASSAY_TRUTH_TOKENS,
     .flags = ASSAY_TRUTH_RETRANSMITTED,
     .stream = 0x01020304,
     .event = 5,
     .events = 2,
     .tokens = 3,
     .bytes = 205,
     .connection = 9,
     .planned_ns = UINT64_C(0x1122334455667788),
     .before_ns = 40,
     .tx_real_ns = 1060},
};

static void a_log_reads_back_as_it_was_written(void **state)
{
    (void)state;
    struct assay_truth_log log = {.records = RECORDS, .count = 2, .dropped = 4}, *back = NULL;
    struct assay_buf bytes;
    assay_err err = {0};
    assay_buf_init(&bytes, 65536);
    assay_truth_log_encode(&log, &bytes);
    assert_int_equal(bytes.len, 64 + 2 * 48);
    assert_int_equal(assay_truth_log_parse(bytes.data, bytes.len, &back, &err), ASSAY_OK);
    assert_int_equal(back->count, 2);
    assert_int_equal(back->dropped, 4);
    assert_memory_equal(back->records, RECORDS, sizeof RECORDS);
    assay_truth_log_free(back);
    assay_buf_done(&bytes);
}

static void a_log_that_is_cut_or_foreign_is_malformed(void **state)
{
    (void)state;
    struct assay_truth_log log = {.records = RECORDS, .count = 2}, *back = NULL;
    struct assay_buf bytes;
    assay_err err = {0};
    assay_buf_init(&bytes, 65536);
    assay_truth_log_encode(&log, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(assay_truth_log_parse(bytes.data, len, &back, &err), ASSAY_MALFORMED);
    }
    bytes.data[64] = 99;
    assert_int_equal(assay_truth_log_parse(bytes.data, bytes.len, &back, &err), ASSAY_MALFORMED);
    assert_non_null(strstr(err.message, "unknown kind 99"));
    assay_buf_done(&bytes);
}

static void a_log_without_memory_is_refused_and_leaks_nothing(void **state)
{
    (void)state;
    struct assay_truth_log log = {.records = RECORDS, .count = 2}, *back = NULL;
    struct assay_buf bytes;
    assay_buf_init(&bytes, 65536);
    assay_truth_log_encode(&log, &bytes);
    for (unsigned long n = 1; n <= 2; n++) {
        assay_mem_fail_at(n);
        assert_int_equal(assay_truth_log_parse(bytes.data, bytes.len, &back, NULL), ASSAY_NO_MEMORY);
        assay_mem_fail_at(0);
    }
    assert_null(back);
    assay_buf_done(&bytes);
}

static void the_csv_gives_both_clocks(void **state)
{
    (void)state;
    struct assay_truth_log log = {.records = RECORDS, .count = 2};
    struct assay_buf out;
    assay_buf_init(&out, 65536);
    assay_truth_log_csv(&log, &out);
    /* real - mono = 1000: before 40 is 1040 real, tx 1060 real is 60 mono */
    assert_non_null(strstr(out.data, "tokens,16909060,5,2,3,205,9,1234605616436508552,40,1040,60,1060,4\n"));
    assay_buf_done(&out);
}

static void timers_fire_in_order_whatever_was_set_moved_or_cleared(void **state)
{
    (void)state;
    enum { IDS = 200, STEPS = 20000 };
    struct truth_timer timer;
    struct assay_rng rng;
    uint64_t due[IDS];
    assay_rng_seed(&rng, 42, "test.timer");
    assert_int_equal(truth_timer_init(&timer, IDS, NULL), ASSAY_OK);
    for (size_t i = 0; i < IDS; i++) {
        due[i] = ASSAY_NS_ABSENT;
    }
    for (int step = 0; step < STEPS; step++) {
        uint32_t id = (uint32_t)assay_rng_below(&rng, IDS);
        uint64_t what = assay_rng_below(&rng, 10);
        if (what < 6) {
            due[id] = assay_rng_below(&rng, 1000);
            truth_timer_set(&timer, id, due[id]);
        } else if (what < 8) {
            due[id] = ASSAY_NS_ABSENT;
            truth_timer_clear(&timer, id);
        } else {
            uint64_t least = ASSAY_NS_ABSENT;
            for (size_t i = 0; i < IDS; i++) {
                least = due[i] < least ? due[i] : least;
            }
            assert_int_equal(truth_timer_next_ns(&timer), least);
            if (least != ASSAY_NS_ABSENT) {
                uint32_t taken = truth_timer_take(&timer);
                assert_int_equal(due[taken], least);
                due[taken] = ASSAY_NS_ABSENT;
            }
        }
    }
    truth_timer_done(&timer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_reads_back_as_it_was_written),
        cmocka_unit_test(a_log_that_is_cut_or_foreign_is_malformed),
        cmocka_unit_test(a_log_without_memory_is_refused_and_leaks_nothing),
        cmocka_unit_test(the_csv_gives_both_clocks),
        cmocka_unit_test(timers_fire_in_order_whatever_was_set_moved_or_cleared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
