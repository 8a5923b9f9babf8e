/* What a kernel entry may claim, given the probes of its run (kernels.md 1.3). */
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct claim {
    const char *kind, *bytes, *ops;
    int ns, threads;
};

static struct assay_roofline judge(struct claim claim, const char *highest, const char *lowest)
{
    json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:i}", "class", claim.kind, "isa", "avx2", "bytes", claim.bytes,
                              "ops", claim.ops, "ns", claim.ns);
    json_t *data = json_pack("{s:s, s:s, s:s, s:s}", "readHighest", highest, "readLowest", lowest, "opsHighest.avx2",
                             "400000000000", "opsLowest.avx2", "390000000000");
    struct assay_roofline roofline = assay_roofline_of(entry, claim.threads, data);
    json_decref(entry);
    json_decref(data);
    return roofline;
}

#define STEADY "20000000000", "18000000000"
#define ROUGH "20000000000", "10000000000"

/* 20 GB/s are 20 bytes a ns. */
static void a_rate_up_to_a_twentieth_over_the_probe_passes(void **state)
{
    (void)state;
    assert_int_equal(judge((struct claim){"quantised", "21000000", "0", 1000000, 1}, STEADY).verdict,
                     ASSAY_VERDICT_PASS);
    assert_int_equal(judge((struct claim){"quantised", "21100000", "0", 1000000, 1}, STEADY).verdict,
                     ASSAY_VERDICT_FAIL);
}

static void probes_that_disagree_leave_it_undecided(void **state)
{
    (void)state;
    assert_int_equal(judge((struct claim){"native", "30000000", "0", 1000000, 1}, ROUGH).verdict,
                     ASSAY_VERDICT_UNDECIDED);
    assert_int_equal(judge((struct claim){"native", "19000000", "0", 1000000, 1}, ROUGH).verdict, ASSAY_VERDICT_PASS);
}

static void nanoseconds_are_those_of_all_threads(void **state)
{
    (void)state;
    assert_int_equal(judge((struct claim){"native", "20000000", "0", 2000000, 2}, STEADY).verdict, ASSAY_VERDICT_PASS);
    assert_int_equal(judge((struct claim){"native", "40000000", "0", 2000000, 2}, STEADY).verdict, ASSAY_VERDICT_FAIL);
}

static void operations_have_a_roof_of_their_own(void **state)
{
    (void)state;
    struct assay_roofline roofline = judge((struct claim){"native", "1000", "500000000", 1000000, 1}, STEADY);
    assert_int_equal(roofline.verdict, ASSAY_VERDICT_FAIL);
    assert_true(roofline.ratio > 1.2 && roofline.ratio < 1.3);
}

static void limits_and_copies_are_not_held_against_themselves(void **state)
{
    (void)state;
    static const char *const KINDS[] = {"limit", "copy", "sync"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(judge((struct claim){KINDS[i], "90000000", "0", 1000000, 1}, STEADY).verdict,
                         ASSAY_VERDICT_NOT_MEASURED);
    }
}

static void without_a_probe_or_time_nothing_is_judged(void **state)
{
    (void)state;
    assert_int_equal(judge((struct claim){"native", "1000", "0", 0, 1}, STEADY).verdict, ASSAY_VERDICT_NOT_MEASURED);
    assert_int_equal(judge((struct claim){"native", "1000", "0", 1000, 0}, STEADY).verdict, ASSAY_VERDICT_NOT_MEASURED);
    json_t *entry = json_pack("{s:s, s:s, s:i}", "class", "native", "bytes", "1000", "ns", 10);
    assert_int_equal(assay_roofline_of(entry, 1, NULL).verdict, ASSAY_VERDICT_NOT_MEASURED);
    json_decref(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_up_to_a_twentieth_over_the_probe_passes),
        cmocka_unit_test(probes_that_disagree_leave_it_undecided),
        cmocka_unit_test(nanoseconds_are_those_of_all_threads),
        cmocka_unit_test(operations_have_a_roof_of_their_own),
        cmocka_unit_test(limits_and_copies_are_not_held_against_themselves),
        cmocka_unit_test(without_a_probe_or_time_nothing_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
