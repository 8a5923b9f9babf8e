/* Paired runs from plan and trace: order, what counts, ratios, and what is refused. */
#include "support/run_case.h"

#include "base/mem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OP_NS UINT64_C(1000000)
#define GAP_NS UINT64_C(500)

/* A paired run of noop whose operations take what the test says. */
struct made {
    struct run_case run;
    uint64_t at_ns;
};

typedef uint64_t duration(uint32_t round, unsigned arm);

static void made_init(struct made *made, size_t arms, size_t rounds, size_t warmup_rounds)
{
    static const char *const IDS[] = {"a", "b", "c"};
    *made = (struct made){.at_ns = 0};
    run_case_init(&made->run, "noop", ASSAY_LOAD_PAIRED);
    struct assay_plan *plan = made->run.plan;
    plan->load =
        (struct assay_load){.mode = ASSAY_LOAD_PAIRED, .concurrency = 1, .workers = 1, .window = 1, .gap_ns = GAP_NS};
    plan->seed = 42;
    plan->arms_count = arms;
    for (size_t i = 0; i < arms; i++) {
        plan->arms[i] = (struct assay_plan_arm){.label = IDS[i]};
        memcpy(plan->arms[i].id, IDS[i], 2);
    }
    plan->warmup.samples = (uint32_t)(warmup_rounds * arms);
    made->run.planned = rounds * arms;
    assay_err err = {0};
    assert_int_equal(assay_plan_make_ops(plan, rounds * arms, &err), ASSAY_OK);
    assay_paired_order(plan);
}

/* The next `count` operations of the plan. */
static void made_run(struct made *made, size_t count, duration *takes)
{
    for (size_t i = 0; i < count; i++) {
        const struct assay_plan_op *op = &made->run.plan->ops[made->run.count];
        uint64_t ns = takes(op->round, op->arm);
        run_case_add(&made->run, (struct case_sample){.sample = {.arm = op->arm,
                                                                 .due_ns = made->at_ns,
                                                                 .start_ns = made->at_ns,
                                                                 .end_ns = made->at_ns + ns,
                                                                 .cpu_ns = ns}});
        made->at_ns += ns + GAP_NS;
    }
}

/* Arm b takes 2% longer, c half of the time; every round is a little longer than the one before. */
static uint64_t two_percent(uint32_t round, unsigned arm)
{
    static const uint64_t PER_MILLE[] = {1000, 1020, 500};
    return (OP_NS + (round % 7) * 100) * PER_MILLE[arm] / 1000;
}

static struct assay_trace *open_trace(struct made *made, const char *const *metrics)
{
    struct assay_trace *trace = NULL;
    assay_err err = {0};
    run_case_write(&made->run, metrics);
    assert_int_equal(assay_trace_open(made->run.trace_bytes.data, made->run.trace_bytes.len, &trace, NULL, &err),
                     ASSAY_OK);
    return trace;
}

static const char *const NO_METRICS[] = {NULL};

static struct assay_pairs pairs_of(struct made *made, const char *metric, struct assay_arena *arena)
{
    struct assay_trace *trace = open_trace(made, NO_METRICS);
    const struct assay_paired_query query = {.metric = metric, .base = 0, .other = 1};
    struct assay_pairs pairs;
    assay_err err = {0};
    if (assay_paired_of(made->run.plan, trace, &query, arena, &pairs, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_trace_free(trace);
    return pairs;
}

static struct assay_derivation derive(struct made *made, assay_err *err, assay_code *ret)
{
    struct assay_derivation derivation = {0};
    run_case_write(&made->run, NULL);
    *ret = assay_receipt_derive(made->run.plan_bytes.data, made->run.plan_bytes.len, made->run.trace_bytes.data,
                                made->run.trace_bytes.len, &derivation, err);
    return derivation;
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

static void every_block_is_a_latin_square_drawn_from_the_seed(void **state)
{
    (void)state;
    enum { ARMS = 3, ROUNDS = 60 };
    struct made made, other;
    made_init(&made, ARMS, ROUNDS, 0);
    made_init(&other, ARMS, ROUNDS, 0);
    other.run.plan->seed = 43;
    assay_paired_order(other.run.plan);
    unsigned at_place[ARMS][ARMS] = {{0}};
    size_t differ = 0;
    for (size_t i = 0; i < (size_t)ARMS * ROUNDS; i++) {
        const struct assay_plan_op *op = &made.run.plan->ops[i];
        assert_int_equal(op->round, i / ARMS);
        assert_int_equal(op->block, i / ARMS / ARMS);
        at_place[op->arm][i % ARMS]++;
        differ += op->arm != other.run.plan->ops[i].arm;
    }
    for (size_t arm = 0; arm < ARMS; arm++) {
        for (size_t place = 0; place < ARMS; place++) {
            assert_int_equal(at_place[arm][place], ROUNDS / ARMS); /* every arm at every place equally often */
        }
    }
    assert_true(differ > 0);
    run_case_done(&made.run);
    run_case_done(&other.run);
}

static void two_arms_run_abba_or_baab(void **state)
{
    (void)state;
    struct made made;
    made_init(&made, 2, 40, 0);
    const struct assay_plan_op *ops = made.run.plan->ops;
    unsigned starts_with_a = 0;
    for (size_t i = 0; i < 80; i += 4) {
        assert_int_equal(ops[i].arm, ops[i + 3].arm);
        assert_int_equal(ops[i + 1].arm, ops[i + 2].arm);
        assert_int_not_equal(ops[i].arm, ops[i + 1].arm);
        starts_with_a += ops[i].arm == 0;
    }
    assert_in_range(starts_with_a, 2, 18);
    run_case_done(&made.run);
}

static void looks_are_at_20_pairs_and_then_each_time_a_quarter_more(void **state)
{
    (void)state;
    static const uint64_t TWO[] = {20, 26, 34, 44, 56}, THREE[] = {21, 27, 36, 45, 57};
    uint64_t two = 0, three = 0;
    for (size_t i = 0; i < 5; i++) {
        two = assay_paired_next_look(two, 2);
        three = assay_paired_next_look(three, 3);
        assert_int_equal(two, TWO[i]);
        assert_int_equal(three, THREE[i]);
    }
}

/* ---- what counts ------------------------------------------------------------------------------------------------ */

static void pairs_are_the_rounds_of_whole_blocks_behind_the_warm_up(void **state)
{
    (void)state;
    struct made made;
    struct assay_arena arena;
    assay_arena_init(&arena, 1 << 20);
    made_init(&made, 2, 22, 2);
    made_run(&made, 33, two_percent); /* 8 blocks and one operation of the ninth */
    struct assay_pairs pairs = pairs_of(&made, "service", &arena);
    assert_int_equal(pairs.rounds_planned, 22);
    assert_int_equal(pairs.rounds_whole, 16);
    assert_int_equal(pairs.rounds_warmup, 2);
    assert_int_equal(pairs.rounds_cut_off, 1);
    assert_int_equal(pairs.count, 14);
    assert_int_equal(pairs.steady_base, ASSAY_STEADY_TOO_SHORT);
    for (size_t i = 0; i < pairs.count; i++) {
        assert_int_equal(pairs.rounds[i], i + 2);
        assert_true(fabs(pairs.ratios[i] - 1.02) < 1e-6);
        assert_true(pairs.ratios[i] == pairs.other[i] / pairs.base[i]);
    }
    assert_true(pairs.position_effect > 0.9 && pairs.position_effect < 1.1);
    run_case_done(&made.run);
    assay_arena_done(&arena);
}

/* The base settles after 8 rounds, the other arm at once. */
static uint64_t slow_start(uint32_t round, unsigned arm)
{
    return (arm == 0 && round < 8 ? 3 : 1) * OP_NS + (round * 7919) % 101 * 1000;
}

static void the_largest_cut_over_the_arms_is_taken_from_all(void **state)
{
    (void)state;
    struct made made;
    struct assay_arena arena;
    assay_arena_init(&arena, 1 << 20);
    made_init(&made, 2, 60, 0);
    made_run(&made, 120, slow_start);
    struct assay_pairs pairs = pairs_of(&made, "cpu", &arena);
    assert_int_equal(pairs.steady_base, ASSAY_STEADY_WARMED);
    assert_in_range(pairs.rounds_warmup, 8, 14);
    assert_int_equal(pairs.count, 60 - pairs.rounds_warmup);
    assert_int_equal(pairs.rounds[0], pairs.rounds_warmup);
    run_case_done(&made.run);
    assay_arena_done(&arena);
}

static void a_failed_operation_takes_its_round_out_and_is_counted(void **state)
{
    (void)state;
    struct made made;
    struct assay_arena arena;
    assay_arena_init(&arena, 1 << 20);
    made_init(&made, 2, 20, 0);
    made_run(&made, 40, two_percent);
    made.run.samples[11].sample.status = ASSAY_STATUS_WRONG;
    struct assay_pairs pairs = pairs_of(&made, "service", &arena);
    assert_int_equal(pairs.rounds_dropped, 1);
    assert_int_equal(pairs.count, 19);
    for (size_t i = 0; i < pairs.count; i++) {
        assert_int_not_equal(pairs.rounds[i], 5);
    }
    run_case_done(&made.run);
    assay_arena_done(&arena);
}

/* ---- ratios ----------------------------------------------------------------------------------------------------- */

static const json_t *metric_of(const json_t *statement, const char *arm, const char *name)
{
    const json_t *metrics = assay_json_at(statement, "/predicate/metrics");
    for (size_t i = 0; i < json_array_size(metrics); i++) {
        const json_t *metric = json_array_get(metrics, i);
        if (strcmp(json_string_value(json_object_get(metric, "arm")), arm) == 0 &&
            strcmp(json_string_value(json_object_get(metric, "name")), name) == 0) {
            return metric;
        }
    }
    fail_msg("no metric %s of arm %s", name, arm);
    return NULL;
}

static double dec_of(const json_t *metric, const char *member)
{
    double value = 0;
    const char *text = json_string_value(json_object_get(metric, member));
    assert_non_null(text);
    assert_true(assay_json_dec_read(text, &value));
    return value;
}

static void a_receipt_has_the_ratio_of_every_later_arm_beside_its_terms(void **state)
{
    (void)state;
    struct made made;
    assay_err err = {0};
    assay_code rc;
    made_init(&made, 3, 21, 0);
    made_run(&made, 63, two_percent);
    struct assay_derivation derivation = derive(&made, &err, &rc);
    if (rc != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    const json_t *ratio = metric_of(derivation.statement, "b", "service_ratio");
    assert_string_equal(json_string_value(json_object_get(ratio, "formula")), "pairs_sign@1");
    assert_string_equal(json_string_value(json_object_get(ratio, "unit")), "1");
    assert_string_equal(json_string_value(json_object_get(ratio, "direction")), "lower");
    assert_true(fabs(dec_of(ratio, "value") - 1.02) < 1e-6);
    assert_true(dec_of(ratio, "lower") <= dec_of(ratio, "value"));
    assert_string_equal(json_string_value(json_object_get(ratio, "confidence")), "0.975"); /* alpha over two ratios */
    assert_int_equal(json_integer_value(json_object_get(ratio, "n")), 21);
    assert_true(fabs(dec_of(metric_of(derivation.statement, "c", "cpu_ratio"), "value") - 0.5) < 1e-6);
    (void)metric_of(derivation.statement, "a", "service_p50");
    (void)metric_of(derivation.statement, "b", "service_p50");
    json_decref(derivation.statement);
    run_case_done(&made.run);
}

static void a_ratio_is_absent_where_too_many_rounds_have_no_value(void **state)
{
    (void)state;
    struct made made;
    assay_err err = {0};
    assay_code rc;
    made_init(&made, 2, 40, 0);
    made_run(&made, 80, two_percent);
    made.run.samples[70].sample.status = ASSAY_STATUS_WRONG;
    struct assay_derivation derivation = derive(&made, &err, &rc);
    assert_int_equal(rc, ASSAY_OK);
    const json_t *ratio = metric_of(derivation.statement, "b", "service_ratio");
    const char *why = json_string_value(json_object_get(json_object_get(ratio, "value"), "absent"));
    assert_non_null(why);
    assert_memory_equal(why, "no value in 1 of ", 17); /* MSER may have cut the first round */
    assert_null(json_object_get(ratio, "lower"));
    json_decref(derivation.statement);
    run_case_done(&made.run);
}

/* Arm b is in turn slower and faster, so that no pair looks like the one before. */
static uint64_t noisy(uint32_t round, unsigned arm)
{
    uint64_t off = arm * (1000 + round * 37 % 1009 * 20);
    return round % 2 ? OP_NS + off : OP_NS - off;
}

static void a_run_that_may_stop_early_reports_the_wider_interval(void **state)
{
    (void)state;
    double width[2] = {0};
    for (int early = 0; early < 2; early++) {
        struct made made;
        assay_err err = {0};
        assay_code rc;
        made_init(&made, 2, 30, 0); /* k(30, 0.05) = 10, k(30, 0.04) = 9 */
        made_run(&made, 60, noisy);
        if (early) {
            made.run.plan->stop =
                (struct assay_stop){.rule = ASSAY_STOP_PRECISION, .precision = 0.5, .confidence = 0.95};
        }
        struct assay_derivation derivation = derive(&made, &err, &rc);
        assert_int_equal(rc, ASSAY_OK);
        const json_t *ratio = metric_of(derivation.statement, "b", "service_ratio");
        assert_string_equal(json_string_value(json_object_get(ratio, "formula")),
                            early ? "pairs_sign_stop@1" : "pairs_sign@1");
        assert_string_equal(json_string_value(json_object_get(ratio, "confidence")), "0.95");
        width[early] = dec_of(ratio, "upper") - dec_of(ratio, "lower");
        json_decref(derivation.statement);
        run_case_done(&made.run);
    }
    assert_true(width[1] > width[0]);
}

/* ---- checks ----------------------------------------------------------------------------------------------------- */

static const json_t *check_of(const json_t *statement, const char *id)
{
    const json_t *checks = assay_json_at(statement, "/predicate/checks");
    for (size_t i = 0; i < json_array_size(checks); i++) {
        if (strcmp(json_string_value(json_object_get(json_array_get(checks, i), "id")), id) == 0) {
            return json_array_get(checks, i);
        }
    }
    fail_msg("no check %s", id);
    return NULL;
}

static void expect_verdict(const json_t *statement, const char *id, const char *verdict)
{
    assert_string_equal(json_string_value(json_object_get(check_of(statement, id), "verdict")), verdict);
}

/* Arm b grows by half a percent a round and never settles; arm a is flat. */
static uint64_t drifting(uint32_t round, unsigned arm)
{
    return OP_NS + (round * 7919) % 101 * 10 + (arm == 1 ? round * 5000 : 0);
}

static void the_steady_state_is_judged_arm_by_arm(void **state)
{
    (void)state;
    struct made made;
    assay_err err = {0};
    assay_code rc;
    made_init(&made, 2, 60, 0);
    made_run(&made, 120, drifting);
    struct assay_derivation derivation = derive(&made, &err, &rc);
    assert_int_equal(rc, ASSAY_OK);
    expect_verdict(derivation.statement, "steady-state-a", "pass");
    expect_verdict(derivation.statement, "steady-state-b", "fail");
    json_decref(derivation.statement);
    run_case_done(&made.run);

    made_init(&made, 2, 38, 0);
    made_run(&made, 76, drifting);
    derivation = derive(&made, &err, &rc);
    assert_int_equal(rc, ASSAY_OK);
    expect_verdict(derivation.statement, "steady-state-b", "not-measured"); /* under 40 values */
    json_decref(derivation.statement);
    run_case_done(&made.run);
}

static void whether_outputs_are_the_same_is_counted_from_the_samples(void **state)
{
    (void)state;
    for (uint8_t differ = 0; differ < 2; differ++) {
        struct made made;
        assay_err err = {0};
        assay_code rc;
        made_init(&made, 2, 20, 0);
        made_run(&made, 40, two_percent);
        for (size_t i = 0; i < made.run.count; i++) {
            made.run.samples[i].has_process = true;
            memset(made.run.samples[i].process.output_sha256, 7, 32);
        }
        made.run.samples[3].process.output_sha256[0] += differ;
        json_t *check = json_pack("{s:s,s:s,s:i,s:{s:i}}", "id", "output-same", "rule", "output_same@1", "n", 99,
                                  "data", "failures", 0); /* what the run says of itself does not count */
        assert_int_equal(json_array_append_new(made.run.checks, check), 0);
        struct assay_derivation derivation = derive(&made, &err, &rc);
        if (rc != ASSAY_OK) {
            fail_msg("%s", err.message);
        }
        expect_verdict(derivation.statement, "output-same", differ ? "fail" : "pass");
        assert_int_equal(json_integer_value(json_object_get(check_of(derivation.statement, "output-same"), "n")), 20);
        json_decref(derivation.statement);
        run_case_done(&made.run);
    }
}

/* ---- what is refused -------------------------------------------------------------------------------------------- */

static void expect_gate(struct made *made, int gate)
{
    assay_err err = {0};
    assay_code rc;
    struct assay_derivation derivation = derive(made, &err, &rc);
    assert_int_not_equal(rc, ASSAY_OK);
    if (derivation.gate != gate) {
        fail_msg("gate %d, expected %d: %s", derivation.gate, gate, err.message);
    }
    run_case_done(&made->run);
}

static void an_operation_that_is_not_due_when_the_cell_before_ended_is_refused(void **state)
{
    (void)state;
    struct made made;
    made_init(&made, 2, 20, 0);
    made_run(&made, 40, two_percent);
    made.run.samples[9].sample.due_ns -= 1;
    made.run.samples[9].sample.queued_ns -= 1;
    expect_gate(&made, 309);
}

static void an_order_that_the_seed_does_not_draw_is_refused(void **state)
{
    (void)state;
    struct made made;
    made_init(&made, 2, 20, 0);
    made_run(&made, 40, two_percent);
    made.run.keeps_order = true; /* the plan is written with the order of seed 42 under another seed */
    made.run.plan->seed = 1;
    expect_gate(&made, 309);
}

static void a_ratio_without_both_terms_is_refused(void **state)
{
    (void)state;
    struct made made;
    assay_err err = {0};
    struct assay_derivation derivation = {0};
    made_init(&made, 2, 20, 0);
    made_run(&made, 40, two_percent);
    assert_int_equal(assay_plan_add_metric(made.run.plan, 1, "service_ratio", &err), ASSAY_OK);
    assert_int_equal(assay_plan_add_metric(made.run.plan, 1, "service_p50", &err), ASSAY_OK);
    run_case_write(&made.run, NO_METRICS);
    assert_int_equal(assay_receipt_derive(made.run.plan_bytes.data, made.run.plan_bytes.len, made.run.trace_bytes.data,
                                          made.run.trace_bytes.len, &derivation, &err),
                     ASSAY_MALFORMED);
    assert_int_equal(derivation.gate, 312);
    run_case_done(&made.run);
}

static void a_plan_of_a_precision_rule_reads_back_as_it_was_written(void **state)
{
    (void)state;
    struct made made;
    struct assay_plan *again = NULL;
    assay_err err = {0};
    made_init(&made, 2, 40, 2);
    made_run(&made, 40, two_percent);
    made.run.plan->stop = (struct assay_stop){.rule = ASSAY_STOP_PRECISION, .precision = 0.005, .confidence = 0.99};
    run_case_write(&made.run, NULL);
    assert_int_equal(assay_plan_parse(made.run.plan_bytes.data, made.run.plan_bytes.len, &again, &err), ASSAY_OK);
    assert_true(again->stop.precision == 0.005 && again->stop.confidence == 0.99);
    assert_int_equal(again->load.gap_ns, GAP_NS);
    assert_int_equal(again->load.window, 1);
    assert_int_equal(again->ops_count, 80);
    assay_plan_free(again);
    run_case_done(&made.run);
}

static void a_precision_rule_ends_when_every_ratio_is_narrow(void **state)
{
    (void)state;
    enum { ROUNDS = 40 };
    double cells[ROUNDS * 2], *work = calloc(ASSAY_PAIRED_WORK(ROUNDS), sizeof *work);
    assert_non_null(work);
    for (size_t i = 0; i < ROUNDS; i++) { /* ratios spread evenly over 1 to 1.039: k(40, 0.04) = 14, 15 in half */
        cells[2 * i] = 1000;
        cells[2 * i + 1] = 1000 + (double)((i * 17) % ROUNDS);
    }
    const struct assay_paired_table table = {
        .cells = cells, .arms_count = 2, .rounds_count = ROUNDS, .has_cut = true, .may_stop_early = true};
    assert_true(assay_paired_is_precise(&table, 0.95, 0.008, work));
    assert_false(assay_paired_is_precise(&table, 0.95, 0.005, work));
    free(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_is_a_latin_square_drawn_from_the_seed),
        cmocka_unit_test(two_arms_run_abba_or_baab),
        cmocka_unit_test(looks_are_at_20_pairs_and_then_each_time_a_quarter_more),
        cmocka_unit_test(pairs_are_the_rounds_of_whole_blocks_behind_the_warm_up),
        cmocka_unit_test(the_largest_cut_over_the_arms_is_taken_from_all),
        cmocka_unit_test(a_failed_operation_takes_its_round_out_and_is_counted),
        cmocka_unit_test(a_receipt_has_the_ratio_of_every_later_arm_beside_its_terms),
        cmocka_unit_test(a_ratio_is_absent_where_too_many_rounds_have_no_value),
        cmocka_unit_test(a_run_that_may_stop_early_reports_the_wider_interval),
        cmocka_unit_test(the_steady_state_is_judged_arm_by_arm),
        cmocka_unit_test(whether_outputs_are_the_same_is_counted_from_the_samples),
        cmocka_unit_test(an_operation_that_is_not_due_when_the_cell_before_ended_is_refused),
        cmocka_unit_test(an_order_that_the_seed_does_not_draw_is_refused),
        cmocka_unit_test(a_ratio_without_both_terms_is_refused),
        cmocka_unit_test(a_plan_of_a_precision_rule_reads_back_as_it_was_written),
        cmocka_unit_test(a_precision_rule_ends_when_every_ratio_is_narrow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
