/* Gates of a policy over receipts that are made and verified in memory: the worked examples of statistics.md 4.2, and
 * everything that must not pass. */
#include "judge/judge.h"

#include "crypto/crypto.h"
#include "support/honest_run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)64 << 20)
#define DAY 20458 /* 2026-01-05, the day of the made runs */
enum { RUNS_MAX = 12 };

/* ---- made receipts ---------------------------------------------------------------------------------------------- */

/* What the operations of a made run take. */
struct story {
    double speedup, spread;             /* arm a takes so much longer than b; half-spread of the ratio */
    uint64_t base_ns, step_ns, last_ns; /* one arm: base, then step more each; the last one, if given */
    size_t count, rounds;
    uint64_t trend_ns; /* more with each operation, of arm b alone if is_trend_of_b */
    bool is_trend_of_b;
    uint64_t rss_bytes;
    const char *commit; /* of the source that it measured, or NULL */
    struct assay_process process;
};

static void spend(const struct assay_plan_op *op, uint64_t *ret_service_ns, uint64_t *ret_cpu_ns, void *context)
{
    struct story *story = context;
    *ret_service_ns = story->base_ns + story->step_ns * (story->count * 37 % 100);
    if (story->speedup > 0 && op->arm == 0) { /* spread evenly, and in no order that a scan could call a trend */
        double place = (double)((op->round * 17 + 11) % story->rounds) / (double)(story->rounds - 1) * 2 - 1;
        *ret_service_ns = (uint64_t)((double)story->base_ns * story->speedup * (1 + story->spread * place));
    }
    *ret_service_ns += story->is_trend_of_b && op->arm == 0 ? 0 : story->trend_ns * story->count;
    story->count++;
    if (story->last_ns && story->count == 10) {
        *ret_service_ns = story->last_ns;
    }
    *ret_cpu_ns = *ret_service_ns;
}

static void add_process(struct assay_sample *sample, void *context)
{
    struct story *story = context;
    story->process = (struct assay_process){
        .spawn_ns = 1000, .cpu_tree_ns = 1000, .maxrss_bytes = story->rss_bytes, .rss_floor_bytes = 1 << 19};
    sample->process = &story->process;
}

struct made {
    struct honest_run runs[RUNS_MAX];
    struct story stories[RUNS_MAX];
    struct assay_opened *opened[RUNS_MAX];
    size_t count;
    struct assay_arena arena;
    struct assay_verdict_document document;
};

static void begin(struct made *made)
{
    *made = (struct made){.count = 0};
    assay_arena_init(&made->arena, ARENA_BYTES);
}

static void done(struct made *made)
{
    for (size_t i = 0; i < made->count; i++) {
        assay_opened_free(made->opened[i]);
        honest_run_done(&made->runs[i]);
    }
    assay_arena_done(&made->arena);
}

static void open_run(struct made *made, size_t i)
{
    assay_err err = {0};
    struct honest_run *run = &made->runs[i];
    static const char *const NAMES[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11"};
    const struct assay_judge_files files = {.name = NAMES[i],
                                            .document = {run->receipt.data, run->receipt.len},
                                            .plan = {run->plan.data, run->plan.len},
                                            .trace = {run->trace.data, run->trace.len}};
    const struct assay_judge_input how = {.now_real_ns = HONEST_NOW_NS};
    if (assay_opened_open(&files, &how, &made->opened[i], &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    if (made->opened[i]->trust != ASSAY_TRUST_GOOD) {
        fail_msg("a made receipt is not good: %s", made->opened[i]->why);
    }
}

static void add_run(struct made *made, const struct honest_options *options, struct story story)
{
    size_t i = made->count++;
    struct honest_options with = *options;
    made->stories[i] = story;
    made->stories[i].rounds = options->arms_count ? options->count / options->arms_count : 0;
    with.context = &made->stories[i];
    with.spend = spend;
    honest_run_make(&with, &made->runs[i]);
    open_run(made, i);
}

static void add_pairs(struct made *made, double speedup, double spread)
{
    add_run(made, &(struct honest_options){.workload = "noop", .count = 80, .arms_count = 2, .seed = made->count + 1},
            (struct story){.base_ns = 2000000, .speedup = speedup, .spread = spread});
}

static json_t *output_checks(const char *rule)
{
    return json_pack("[{s:s,s:s,s:i,s:{s:i}}]", "id", "output-b", "rule", rule, "n", 6, "data", "failures", 0);
}

static void add_successes(struct made *made, size_t count, size_t failed_every, bool has_oracle)
{
    json_t *checks = has_oracle ? output_checks("output_reference@1") : NULL;
    add_run(made,
            &(struct honest_options){.workload = "noop",
                                     .count = count,
                                     .failed_every = failed_every,
                                     .seed = made->count + 1,
                                     .checks = checks},
            (struct story){.base_ns = 100000});
    json_decref(checks);
}

/* ---- judging ---------------------------------------------------------------------------------------------------- */

static const char *policy_of(char text[4096], const char *gates)
{
    (void)snprintf(text, 4096, "assay_policy: 1\nname: test\n%s\n", gates);
    return text;
}

struct extra {
    const struct assay_gate_file *files;
    size_t files_count, baselines; /* the last so many runs are baselines */
    const enum assay_ancestry *ancestries;
    int64_t day;
    const struct assay_verdict_document *previous;
    bool wants_rollout;
};

static void judge_with(struct made *made, const char *gates, const struct extra *extra)
{
    char text[4096];
    assay_err err = {0};
    struct assay_policy *policy = NULL;
    policy_of(text, gates);
    if (assay_policy_parse(text, strlen(text), &policy, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    const struct assay_opened *runs[RUNS_MAX];
    for (size_t i = 0; i < made->count; i++) {
        runs[i] = made->opened[i];
    }
    const struct assay_gate_question question = {.policy = policy,
                                                 .runs = runs,
                                                 .runs_count = made->count - extra->baselines,
                                                 .baselines = runs + made->count - extra->baselines,
                                                 .baselines_count = extra->baselines,
                                                 .ancestries = extra->ancestries,
                                                 .files = extra->files,
                                                 .files_count = extra->files_count,
                                                 .day = extra->day ? extra->day : DAY,
                                                 .previous = extra->previous,
                                                 .wants_rollout = extra->wants_rollout};
    if (assay_judge_gate(&question, &made->arena, &made->document, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    struct assay_buf bytes; /* the policy's texts end here: what the test looks at is read back */
    assay_buf_init(&bytes, ASSAY_VERDICT_BYTES_MAX);
    if (assay_verdict_encode(&made->document, &bytes, &err) != ASSAY_OK ||
        assay_verdict_parse(bytes.data, bytes.len, &made->arena, &made->document, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assay_buf_done(&bytes);
    assay_policy_free(policy);
}

static void judge(struct made *made, const char *gates)
{
    judge_with(made, gates, &(struct extra){.day = DAY});
}

static const struct assay_verdict_row *row(const struct made *made, const char *id)
{
    for (size_t i = 0; i < made->document.rows_count; i++) {
        if (strcmp(made->document.rows[i].id, id) == 0) {
            return &made->document.rows[i];
        }
    }
    fail_msg("no row '%s'", id);
    return NULL;
}

static void says(const struct made *made, const char *id, enum assay_verdict verdict, const char *reason)
{
    const struct assay_verdict_row *found = row(made, id);
    if (found->verdict != verdict || (reason && (!found->reason || !strstr(found->reason, reason)))) {
        fail_msg("%s: %s, %s [%g, %g]", id, assay_verdict_text(found->verdict), found->reason ? found->reason : "-",
                 found->lower, found->upper);
    }
}

#define SPEED "gates: [{id: speed, kind: speedup, metric: service, arm: b, versus: a, min: 1.40}]"

/* ---- speedup ---- */

static void forty_pairs_with_a_lower_bound_above_the_limit_pass(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_pairs(&made, 1.46, 0.1);
    judge(&made, SPEED);
    says(&made, "speed", ASSAY_VERDICT_PASS, NULL);
    assert_int_equal(row(&made, "speed")->n, 40);
    assert_true(fabs(row(&made, "speed")->lower - 1.46 * (1 - 0.1 * (1 - 2.0 * 14 / 39))) < 1e-3); /* k(40, .10) = 15 */
    assert_int_equal(assay_verdict_code(&made.document), ASSAY_OK);
    done(&made);
}

static void a_bound_on_either_side_is_undecided_with_the_pairs_that_would_decide(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_pairs(&made, 1.46, 0.25);
    judge(&made, SPEED);
    says(&made, "speed", ASSAY_VERDICT_UNDECIDED, "holds the limit");
    assert_true(row(&made, "speed")->pairs_needed > 40);
    assert_int_equal(assay_verdict_code(&made.document), ASSAY_UNDECIDED);
    done(&made);
}

static void an_upper_bound_below_the_limit_fails(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_pairs(&made, 1.20, 0.05);
    judge(&made, SPEED);
    says(&made, "speed", ASSAY_VERDICT_FAIL, NULL);
    assert_int_equal(row(&made, "speed")->gate, 501);
    assert_int_equal(assay_verdict_code(&made.document), ASSAY_WANTING);
    done(&made);
}

static void one_slow_element_fails_a_good_mean(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_pairs(&made, 2.0, 0.02);
    add_pairs(&made, 0.9, 0.02);
    judge(&made, "gates: [{id: mean, kind: speedup, metric: service, arm: b, versus: a, min: 1.10},\n"
                 "  {id: worst, kind: speedup, metric: service, arm: b, versus: a, min: 1.10, worst_min: 0.98}]");
    says(&made, "mean", ASSAY_VERDICT_PASS, NULL);
    says(&made, "worst", ASSAY_VERDICT_FAIL, "slower than worst_min");
    assert_string_equal(row(&made, "worst")->element, "r1");
    done(&made);
}

static void a_ratio_that_the_receipt_withholds_is_not_measured(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "noop", .count = 160, .arms_count = 2, .failed_every = 20},
            (struct story){.base_ns = 2000000, .speedup = 1.5, .spread = 0.01});
    judge(&made, "gates: [{id: speed, kind: speedup, metric: service, arm: b, versus: a, min: 1.1},\n"
                 "  {id: small, kind: change, metric: service, arm: b, versus: a, max_change: 0.9}]");
    says(&made, "speed", ASSAY_VERDICT_NOT_MEASURED, "no value in");
    says(&made, "small", ASSAY_VERDICT_NOT_MEASURED, "no value in");
    done(&made);
}

static void an_arm_that_no_receipt_has_is_missing(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_pairs(&made, 1.5, 0.01);
    judge(&made, "gates: [{id: speed, kind: speedup, metric: service, arm: c, versus: a, min: 1.40}]");
    says(&made, "speed", ASSAY_VERDICT_FAIL, "no receipt carries");
    assert_true(row(&made, "speed")->is_missing);
    assert_int_equal(row(&made, "speed")->gate, 502);
    done(&made);
}

static void a_metric_that_nobody_knows_is_missing_whatever_the_outputs(void **state)
{
    (void)state;
    struct made made;
    json_t *checks = json_pack("[{s:s,s:s,s:i,s:{s:i}}]", "id", "output-b", "rule", "output_reference@1", "n", 6,
                               "data", "failures", 1);
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "noop", .count = 80, .arms_count = 2, .checks = checks},
            (struct story){.base_ns = 2000000, .speedup = 2, .spread = 0.01});
    judge(&made, "gates: [{id: speed, kind: speedup, metric: warp, arm: b, versus: a, min: 1.40}]");
    says(&made, "speed", ASSAY_VERDICT_FAIL, "no receipt carries warp");
    assert_true(row(&made, "speed")->is_missing);
    json_decref(checks);
    done(&made);
}

static void wrong_outputs_fail_whatever_the_speed(void **state)
{
    (void)state;
    struct made made;
    json_t *checks = json_pack("[{s:s,s:s,s:i,s:{s:i}}]", "id", "output-b", "rule", "output_reference@1", "n", 6,
                               "data", "failures", 1);
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "noop", .count = 80, .arms_count = 2, .checks = checks},
            (struct story){.base_ns = 2000000, .speedup = 2, .spread = 0.01});
    judge(&made, SPEED);
    says(&made, "speed", ASSAY_VERDICT_FAIL, "outputs are wrong");
    json_decref(checks);
    done(&made);
}

/* ---- budget ---- */

#define FIRST "gates: [{id: first, kind: budget, metric: service, statistic: p99, max: 250ms}]"

static void budget_of(size_t count, uint64_t step_ns, enum assay_verdict verdict, const char *reason, double upper)
{
    struct made made;
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "noop", .count = count},
            (struct story){.base_ns = 144000000, .step_ns = step_ns});
    judge(&made, FIRST);
    says(&made, "first", verdict, reason);
    assert_true(upper == 0 || row(&made, "first")->upper == upper);
    done(&made);
}

static void the_largest_of_320_bounds_the_99th_percentile(void **state)
{
    (void)state;
    budget_of(320, 1000000, ASSAY_VERDICT_PASS, NULL, 243000000);
}

static void two_hundred_and_ninety_eight_are_too_few(void **state)
{
    (void)state;
    budget_of(298, 1000000, ASSAY_VERDICT_NOT_MEASURED, "n too small (298 of 299)", 0);
}

static void a_lower_bound_above_the_budget_fails_and_one_sample_above_is_undecided(void **state)
{
    (void)state;
    budget_of(320, 2000000, ASSAY_VERDICT_FAIL, NULL, 0);
    struct made made;
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "noop", .count = 320},
            (struct story){.base_ns = 144000000, .last_ns = 300000000});
    judge(&made, FIRST);
    says(&made, "first", ASSAY_VERDICT_UNDECIDED, "holds the limit");
    done(&made);
}

static void another_confidence_is_computed_from_the_trace(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "noop", .count = 320},
            (struct story){.base_ns = 144000000, .step_ns = 1000000});
    judge(&made, "gates: [{id: strict, kind: budget, metric: service, statistic: p99, max: 250ms, confidence: 0.99},\n"
                 "  {id: median, kind: budget, metric: service, statistic: p50, max: 250ms, confidence: 0.99}]");
    says(&made, "strict", ASSAY_VERDICT_UNDECIDED, "holds the limit"); /* 0.99^320 = 0.04 > 0.01 */
    says(&made, "median", ASSAY_VERDICT_PASS, NULL);
    assert_true(row(&made, "median")->confidence == 0.99);
    done(&made);
}

static void a_metric_that_is_deleted_fails(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "noop", .count = 100}, (struct story){.base_ns = 100000});
    judge(&made, "gates: [{id: first, kind: budget, metric: ttft, statistic: p99, max: 250ms},\n"
                 "  {id: gone, kind: stability, metric: top10_score, max: 0.05}]");
    says(&made, "first", ASSAY_VERDICT_FAIL, "no receipt carries ttft_p99");
    says(&made, "gone", ASSAY_VERDICT_FAIL, "no receipt carries top10_score");
    assert_true(row(&made, "gone")->is_missing);
    done(&made);
}

static void memory_of(uint64_t rss_bytes, size_t count, enum assay_verdict verdict, const char *reason)
{
    struct made made;
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "command", .count = count, .tamper = add_process},
            (struct story){.base_ns = 1000000, .rss_bytes = rss_bytes});
    judge(&made, "gates: [{id: memory, kind: budget, metric: peak_rss, statistic: max, max: 6GiB, plausible_min: "
                 "21MiB, min_n: 59}]");
    says(&made, "memory", verdict, reason);
    done(&made);
}

static void memory_is_every_sample_and_nothing_implausible(void **state)
{
    (void)state;
    memory_of(UINT64_C(5100) << 20, 64, ASSAY_VERDICT_PASS, NULL);
    memory_of(UINT64_C(7) << 30, 64, ASSAY_VERDICT_FAIL, NULL);
    memory_of(UINT64_C(1) << 20, 64, ASSAY_VERDICT_NOT_MEASURED, "below plausible_min");
    memory_of(UINT64_C(5100) << 20, 58, ASSAY_VERDICT_NOT_MEASURED, "n too small (58 of 59)");
}

/* ---- success_rate ---- */

static void successes_of(size_t count, size_t failed_every, enum assay_verdict verdict, double lower, double upper)
{
    struct made made;
    begin(&made);
    add_successes(&made, count, failed_every, true);
    judge(&made, "gates: [{id: correct, kind: success_rate, min: 0.95}]");
    says(&made, "correct", verdict, NULL);
    const struct assay_verdict_row *found = row(&made, "correct");
    assert_true(fabs(found->lower - lower) < 6e-4);
    assert_true(upper == 0 || fabs(found->upper - upper) < 6e-4);
    done(&made);
}

static void success_rates_are_bounded_by_wilson(void **state)
{
    (void)state;
    successes_of(300, 100, ASSAY_VERDICT_PASS, 0.9752, 0);
    successes_of(60, 20, ASSAY_VERDICT_UNDECIDED, 0.881, 0.980);
    successes_of(60, 6, ASSAY_VERDICT_FAIL, 0.740, 0.898);
}

static void a_run_that_is_given_twice_counts_once(void **state)
{
    (void)state;
    struct made made;
    json_t *checks = output_checks("output_reference@1");
    begin(&made);
    for (int i = 0; i < 5; i++) {
        add_run(&made, &(struct honest_options){.workload = "noop", .count = 20, .seed = 3, .checks = checks},
                (struct story){.base_ns = 100000});
    }
    json_decref(checks);
    judge(&made, "gates: [{id: correct, kind: success_rate, min: 0.95}]");
    says(&made, "correct", ASSAY_VERDICT_UNDECIDED, NULL);
    assert_int_equal(row(&made, "correct")->n, 20);
    assert_non_null(strstr(made.document.notes[0], "'r1' is the same run as 'r0'"));
    done(&made);
}

static void without_an_oracle_nothing_is_correct(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_successes(&made, 300, 0, false);
    judge(&made, "gates: [{id: correct, kind: success_rate, min: 0.95}]");
    says(&made, "correct", ASSAY_VERDICT_NOT_MEASURED, "no oracle ran");
    done(&made);
}

/* ---- stability ---- */

static void seeds_of(size_t seeds, uint64_t step_ns, bool repeats, enum assay_verdict verdict, const char *reason)
{
    struct made made;
    begin(&made);
    for (size_t i = 0; i < seeds; i++) {
        add_run(&made,
                &(struct honest_options){
                    .workload = "noop", .count = 20, .seed = repeats ? 7 : i + 1, .number = (uint8_t)i},
                (struct story){.base_ns = 1000000 + step_ns * i});
    }
    judge(&made, "gates: [{id: stable, kind: stability, metric: service_p50, statistic: max_dev, relative: true, max: "
                 "0.05, min_seeds: 8}]");
    says(&made, "stable", verdict, reason);
    assert_string_equal(row(&made, "stable")->expected, "max_dev at most 0.05");
    done(&made);
}

static void stability_is_over_different_seeds_and_never_exactly_zero(void **state)
{
    (void)state;
    seeds_of(8, 8000, false, ASSAY_VERDICT_PASS, NULL);
    seeds_of(8, 20000, false, ASSAY_VERDICT_FAIL, NULL);
    seeds_of(8, 0, false, ASSAY_VERDICT_NOT_MEASURED, "spread exactly 0");
    seeds_of(7, 8000, false, ASSAY_VERDICT_NOT_MEASURED, "n too small (7 of 8 seeds)");
    seeds_of(8, 8000, true, ASSAY_VERDICT_NOT_MEASURED, "a seed is there twice");
}

static void arms_are_no_seeds(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    for (size_t i = 0; i < 4; i++) {
        add_pairs(&made, 1.0 + 0.001 * (double)i, 0.01);
    }
    judge(&made,
          "gates: [{id: stable, kind: stability, metric: service_p50, relative: true, max: 0.05, min_seeds: 8}]");
    says(&made, "stable", ASSAY_VERDICT_NOT_MEASURED, "several arms");
    done(&made);
}

/* ---- change ---- */

static void change_of(size_t runs, double factor, const char *allow, enum assay_verdict verdict, const char *reason)
{
    struct made made;
    char gates[256];
    begin(&made);
    for (size_t i = 0; i < 2 * runs; i++) {
        double scale = i < runs ? factor : 1.0; /* baselines come last */
        add_run(&made, &(struct honest_options){.workload = "noop", .count = 20, .seed = i + 1},
                (struct story){.base_ns = (uint64_t)(1000000 * scale) + 1000 * i});
    }
    (void)snprintf(gates, sizeof gates,
                   "compare: {may_differ: [host., build., protocol.seed]}\n"
                   "gates: [{id: drift, kind: change, metric: service, versus: baseline, max_change: 0.10%s}]",
                   allow);
    judge_with(&made, gates, &(struct extra){.baselines = runs, .day = DAY});
    says(&made, "drift", verdict, reason);
    done(&made);
}

static void change_against_a_baseline_needs_leave_and_five_runs_a_side(void **state)
{
    (void)state;
    change_of(6, 1.01, ", unpaired: allow", ASSAY_VERDICT_PASS, NULL);
    change_of(6, 1.30, ", unpaired: allow", ASSAY_VERDICT_FAIL, NULL);
    change_of(6, 1.01, "", ASSAY_VERDICT_UNDECIDED, "unpaired results are advice");
    change_of(4, 1.30, ", unpaired: allow", ASSAY_VERDICT_UNDECIDED, "n too small (4 and 4 of 5 runs a side");
}

#define DRIFT                                                 \
    "compare: {may_differ: [host., build., protocol.seed]}\n" \
    "gates: [{id: drift, kind: change, metric: service, versus: baseline, max_change: 0.10, unpaired: allow}]\n"

/* Twelve runs of one speed: six candidates, six baselines; one of the candidates may fail more than half of its
 * operations. */
static void add_both_sides(struct made *made, bool has_failed, uint64_t same_seed)
{
    begin(made);
    for (size_t i = 0; i < 12; i++) {
        add_run(made,
                &(struct honest_options){.workload = "noop",
                                         .count = has_failed ? 21 : 20,
                                         .failed_every = has_failed && i == 0 ? 2 : 0,
                                         .seed = same_seed && i >= 6 ? same_seed : i + 1},
                (struct story){.base_ns = 1000000 + 1000 * (same_seed && i >= 6 ? 6 : i)});
    }
}

static void an_invalid_baseline_decides_nothing_and_no_waiver_covers_it(void **state)
{
    (void)state;
    struct made made;
    add_both_sides(&made, false, 0);
    judge_with(&made, DRIFT, &(struct extra){.baselines = 6, .day = DAY});
    says(&made, "drift", ASSAY_VERDICT_PASS, NULL);
    made.opened[9]->trust = ASSAY_TRUST_INVALID;
    made.opened[9]->why = "the run is invalid: noise";
    judge_with(&made,
               DRIFT "waivers: [{gate: drift, covers: undecided, reason: r, issued: 2026-01-01, expires: 2026-02-01}]",
               &(struct extra){.baselines = 6, .day = DAY});
    says(&made, "drift", ASSAY_VERDICT_UNDECIDED, "invalid: noise");
    assert_false(row(&made, "drift")->is_waived);
    done(&made);
}

static void a_candidate_without_a_value_is_not_left_out(void **state)
{
    (void)state;
    struct made made;
    add_both_sides(&made, true, 0);
    judge_with(&made, DRIFT, &(struct extra){.baselines = 6, .day = DAY});
    says(&made, "drift", ASSAY_VERDICT_FAIL, "falls among failed");
    done(&made);
}

static void one_baseline_given_six_times_is_one(void **state)
{
    (void)state;
    struct made made;
    add_both_sides(&made, false, 77);
    judge_with(&made, DRIFT, &(struct extra){.baselines = 6, .day = DAY});
    says(&made, "drift", ASSAY_VERDICT_UNDECIDED, "n too small (1 and 6 of 5 runs a side");
    done(&made);
}

static void a_baseline_that_differs_or_is_too_old_is_refused(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "noop", .count = 20, .seed = 1},
            (struct story){.base_ns = 1000000});
    add_run(&made, &(struct honest_options){.workload = "noop", .count = 20, .seed = 2},
            (struct story){.base_ns = 1000000});
    judge_with(&made, "gates: [{id: drift, kind: change, metric: service, versus: baseline, max_change: 0.10}]",
               &(struct extra){.baselines = 1, .day = DAY});
    says(&made, "drift", ASSAY_VERDICT_NOT_MEASURED, "baseline refused"); /* governor unknown equals nothing */
    assert_string_equal(row(&made, "host.governor")->kind, "difference");
    judge_with(&made,
               "defaults: {max_age: 14d}\ncompare: {may_differ: [host., build.]}\n"
               "gates: [{id: drift, kind: change, metric: service, versus: baseline, max_change: 0.10}]",
               &(struct extra){.baselines = 1, .day = DAY + 30});
    says(&made, "drift", ASSAY_VERDICT_NOT_MEASURED, "older than max_age");
    assert_int_equal(row(&made, "baseline")->gate, 411);
    says(&made, "baseline", ASSAY_VERDICT_FAIL, NULL);
    done(&made);
}

/* ---- gate 411, whatever the gates of the policy look at ---- */

#define EASY "gates: [{id: quick, kind: budget, metric: service, statistic: p50, max: 1s}]"

static void name_source(json_t *facts, void *context)
{
    const struct story *story = context;
    json_t *subjects = assay_json_at(facts, "/subject");
    if (story->commit) {
        assert_int_equal(json_array_append_new(subjects, json_pack("{s:s,s:{s:s}}", "name", "source:tree", "digest",
                                                                   "gitCommit", story->commit)),
                         0);
    }
}

static void two_sources(struct made *made, const char *commit, const char *baseline_commit)
{
    const char *commits[] = {commit, baseline_commit};
    begin(made);
    for (uint64_t i = 0; i < 2; i++) {
        add_run(made,
                &(struct honest_options){.workload = "noop", .count = 20, .seed = i + 1, .tamper_facts = name_source},
                (struct story){.base_ns = 1000000, .commit = commits[i]});
    }
}

static void finds_baseline(struct made *made, const enum assay_ancestry *ancestry, enum assay_verdict verdict,
                           const char *found)
{
    judge_with(made, EASY, &(struct extra){.baselines = 1, .ancestries = ancestry});
    const struct assay_verdict_row *baseline = row(made, "baseline");
    assert_int_equal(baseline->verdict, verdict);
    assert_int_equal(baseline->gate, verdict == ASSAY_VERDICT_PASS ? 0 : 411);
    if (found) {
        assert_string_equal(baseline->found, found);
    }
    says(made, "quick", ASSAY_VERDICT_PASS, NULL);
    done(made);
}

#define COMMIT_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define COMMIT_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void a_baseline_of_no_ancestor_fails_and_one_of_unknown_descent_is_undecided(void **state)
{
    (void)state;
    struct made made;
    const enum assay_ancestry is = ASSAY_ANCESTRY_IS, is_not = ASSAY_ANCESTRY_IS_NOT, unknown = ASSAY_ANCESTRY_UNKNOWN;
    two_sources(&made, COMMIT_B, COMMIT_A);
    finds_baseline(&made, &is, ASSAY_VERDICT_PASS, NULL);
    two_sources(&made, COMMIT_B, COMMIT_A);
    finds_baseline(&made, &is_not, ASSAY_VERDICT_FAIL, "its source is no ancestor");
    two_sources(&made, COMMIT_B, COMMIT_A);
    finds_baseline(&made, &unknown, ASSAY_VERDICT_UNDECIDED, "its source is of unknown descent");
    two_sources(&made, COMMIT_B, COMMIT_A);
    finds_baseline(&made, NULL, ASSAY_VERDICT_UNDECIDED, "its source is of unknown descent");
    two_sources(&made, COMMIT_B, NULL);
    finds_baseline(&made, NULL, ASSAY_VERDICT_UNDECIDED, "its source is of unknown descent");
}

static void sources_that_are_one_or_that_nobody_names_have_no_descent_to_ask_for(void **state)
{
    (void)state;
    struct made made;
    two_sources(&made, COMMIT_A, COMMIT_A);
    finds_baseline(&made, NULL, ASSAY_VERDICT_PASS, NULL);
    two_sources(&made, NULL, NULL);
    finds_baseline(&made, NULL, ASSAY_VERDICT_PASS, NULL);
}

static void a_receipt_is_no_baseline_of_itself(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    for (int i = 0; i < 2; i++) { /* the same run twice */
        add_run(&made, &(struct honest_options){.workload = "noop", .count = 20, .seed = 1},
                (struct story){.base_ns = 1000000});
    }
    finds_baseline(&made, NULL, ASSAY_VERDICT_FAIL, "it is the receipt itself");
}

static void change_between_arms_is_paired(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_pairs(&made, 1.02, 0.02);
    judge(&made, "gates: [{id: small, kind: change, metric: service, arm: a, versus: b, max_change: 0.10},\n"
                 "  {id: none, kind: change, metric: service, arm: a, versus: b, max_change: 0.005}]");
    says(&made, "small", ASSAY_VERDICT_PASS, NULL);
    says(&made, "none", ASSAY_VERDICT_FAIL, NULL);
    done(&made);
}

/* ---- parity of outputs ---- */

static void outputs_of(json_t *data, enum assay_verdict verdict, const char *found)
{
    struct made made;
    json_t *checks =
        json_pack("[{s:s,s:s,s:i,s:o}]", "id", "logits-b", "rule", "output_reference@1", "n", 6, "data", data);
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "noop", .count = 20, .checks = checks},
            (struct story){.base_ns = 1000000});
    judge(&made,
          "gates: [{id: numbers, kind: parity, output: logits, max_ulp: 64, cosine_min: 0.999999, dot_bound: 8}]");
    says(&made, "numbers", verdict, NULL);
    assert_true(!found || strstr(row(&made, "numbers")->found, found));
    json_decref(checks);
    done(&made);
}

static json_t *numbers(const char *ulp, const char *cosine, const char *tight)
{
    return json_pack("{s:i,s:i,s:i,s:s,s:s,s:s,s:i}", "failures", 0, "binary64", 1, "placesWrong", 0, "ulpMax", ulp,
                     "cosine", cosine, "tightUsed", tight, "terms", 2560);
}

static void all_limits_of_an_output_hold_or_one_is_named(void **state)
{
    (void)state;
    outputs_of(numbers("12", "0.9999999", "0.5"), ASSAY_VERDICT_PASS, NULL);
    outputs_of(numbers("65", "0.9999999", "0.5"), ASSAY_VERDICT_FAIL, "ulpMax 65");
    outputs_of(numbers("12", "0.99", "0.5"), ASSAY_VERDICT_FAIL, "cosine 0.99");
    outputs_of(numbers("12", "0.9999999", "1.5"), ASSAY_VERDICT_FAIL, "1.5 of the bound");
    outputs_of(json_pack("{s:i,s:i}", "failures", 0, "binary64", 0), ASSAY_VERDICT_NOT_MEASURED, NULL);
    outputs_of(json_pack("{s:i,s:i,s:i}", "failures", 0, "binary64", 1, "placesWrong", 2), ASSAY_VERDICT_FAIL,
               "2 wrong places");
}

static void an_output_that_nobody_compared_is_missing(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_successes(&made, 20, 0, true);
    judge(&made, "gates: [{id: numbers, kind: parity, output: logits, max_ulp: 64}]");
    says(&made, "numbers", ASSAY_VERDICT_FAIL, "no receipt carries a check of output logits");
    done(&made);
}

/* ---- cost ---- */

#define PRICES \
    "assay_prices: 1\nvalid_from: 2026-01-01\nvalid_until: 2026-02-01\nprices: {request: 0.001USD, hour: 1USD}\n"

static void cost_of(size_t count, size_t failed_every, const char *max, const char *prices, enum assay_verdict verdict,
                    const char *reason)
{
    struct made made;
    char gates[256];
    const struct assay_gate_file file = {.path = "prices.yaml", .bytes = {prices, prices ? strlen(prices) : 0}};
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "noop", .count = count, .failed_every = failed_every},
            (struct story){.base_ns = 100000000, .step_ns = 1000000});
    (void)snprintf(gates, sizeof gates, "gates: [{id: cost, kind: cost, per: correct, max: %s, prices: prices.yaml}]",
                   max);
    judge_with(&made, gates, &(struct extra){.files = &file, .files_count = prices != NULL, .day = DAY});
    says(&made, "cost", verdict, reason);
    done(&made);
}

static void cost_is_all_cost_for_each_correct_answer(void **state)
{
    (void)state;
    cost_of(100, 0, "0.0020USD", PRICES, ASSAY_VERDICT_PASS, NULL);
    cost_of(100, 2, "0.0015USD", PRICES, ASSAY_VERDICT_FAIL, NULL); /* half fail: each right answer costs twice */
    cost_of(49, 0, "0.0020USD", PRICES, ASSAY_VERDICT_NOT_MEASURED, "n too small (49 of 50)");
    cost_of(100, 0, "0.0020USD", NULL, ASSAY_VERDICT_FAIL, "are not there");
    cost_of(100, 0, "0.0020USD",
            "assay_prices: 1\nvalid_from: 2026-02-01\nvalid_until: 2026-03-01\nprices: {request: 1USD}\n",
            ASSAY_VERDICT_NOT_MEASURED, "not valid on the run's day");
}

static void keep_one_answer(struct assay_sample *sample, void *context)
{
    const struct story *story = context;
    if (story->count != 7) {
        sample->status = ASSAY_STATUS_RESET;
    }
}

/* Every third resample has no correct answer at all: its cost is beyond any limit, and a number all the same. */
static void one_correct_answer_bounds_its_cost_by_numbers(void **state)
{
    (void)state;
    struct made made;
    static const char ONLY_REQUESTS[] =
        "assay_prices: 1\nvalid_from: 2026-01-01\nvalid_until: 2026-02-01\nprices: {request: 0.001USD}\n";
    const struct assay_gate_file file = {.path = "prices.yaml", .bytes = {ONLY_REQUESTS, strlen(ONLY_REQUESTS)}};
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "noop", .count = 60, .tamper = keep_one_answer},
            (struct story){.base_ns = 100000});
    judge_with(&made, "gates: [{id: cost, kind: cost, per: correct, max: 1USD, prices: prices.yaml}]",
               &(struct extra){.files = &file, .files_count = 1, .day = DAY});
    says(&made, "cost", ASSAY_VERDICT_UNDECIDED, "holds the limit");
    const struct assay_verdict_row *cost = row(&made, "cost");
    assert_true(fabs(cost->point - 0.060) < 1e-12);
    assert_true(cost->has_interval && cost->lower > 0 && cost->lower < 1);
    assert_true(isfinite(cost->upper) && cost->upper > 1e6);
    done(&made);
}

/* ---- sets ---- */

static char set_digest[65];

static void sets_with(struct made *made, const char *manifest, const char *named)
{
    struct assay_digest digest;
    char gates[512];
    const struct assay_gate_file file = {.path = "golden.tsv", .bytes = {manifest, strlen(manifest)}};
    assay_sha256_of(manifest, strlen(manifest), &digest);
    assay_digest_print(&digest, set_digest);
    (void)snprintf(gates, sizeof gates,
                   "sets: [{id: golden, manifest: golden.tsv, sha256: %s}]\n"
                   "gates: [{id: first, kind: budget, metric: service, statistic: p50, max: 250ms, set: golden}]",
                   named ? named : set_digest);
    judge_with(made, gates, &(struct extra){.files = &file, .files_count = 1, .day = DAY});
}

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void add_data_subject(json_t *facts, void *context)
{
    (void)context;
    json_t *subject = json_object_get(facts, "subject");
    json_t *data = json_pack("{s:s,s:{s:s}}", "name", "data:one", "digest", "sha256", SHA_A);
    assert_int_equal(json_array_append_new(subject, data), 0);
}

static void the_measured_set_must_be_the_listed_one(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_run(&made, &(struct honest_options){.workload = "noop", .count = 40, .tamper_facts = add_data_subject},
            (struct story){.base_ns = 1000000});
    sets_with(&made, SHA_A "\t10\tsmall\treal\tone.json\n", NULL);
    says(&made, "first", ASSAY_VERDICT_PASS, NULL);
    sets_with(&made, SHA_A "\t10\tsmall\treal\tone.json\n" SHA_B "\t10\tsmall\treal\ttwo.json\n", NULL);
    says(&made, "first", ASSAY_VERDICT_FAIL, "measured set is not the listed one: 1 of 2");
    assert_int_equal(row(&made, "first")->gate, 503);
    sets_with(&made, SHA_B "\t10\tsmall\treal\ttwo.json\n", NULL);
    says(&made, "first", ASSAY_VERDICT_FAIL, "no receipt was measured on set golden");
    sets_with(&made, SHA_A "\t10\tsmall\treal\tone.json\n", SHA_B);
    says(&made, "first", ASSAY_VERDICT_FAIL, "not the one that the policy names");
    sets_with(&made, SHA_B "\t10\tsmall\treal\ttwo.json\n" SHA_A "\t10\tsmall\treal\tone.json\n", NULL);
    says(&made, "first", ASSAY_VERDICT_FAIL, "sorted by path");
    done(&made);
}

/* ---- waivers, requirements, the whole ---- */

#define WAIVED(days) \
    SPEED "\nwaivers: [{gate: speed, covers: fail, reason: known, issued: 2026-01-01, expires: " days "}]"

static void a_waiver_covers_a_fail_until_it_expires_and_nothing_missing(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_pairs(&made, 1.20, 0.05);
    judge(&made, WAIVED("2026-02-01"));
    says(&made, "speed", ASSAY_VERDICT_FAIL, NULL);
    assert_true(row(&made, "speed")->is_waived);
    assert_int_equal(made.document.verdict, ASSAY_VERDICT_PASS);
    assert_int_equal(made.document.waivers_used, 1);
    assert_non_null(strstr(made.document.summary, "with 1 waiver"));
    judge(&made, WAIVED("2026-01-05"));
    assert_int_equal(made.document.verdict, ASSAY_VERDICT_FAIL);
    assert_non_null(strstr(made.document.notes[0], "does nothing"));
    judge(&made, "gates: [{id: speed, kind: speedup, metric: service, arm: c, versus: a, min: 1.40}]\n"
                 "waivers: [{gate: speed, covers: fail, reason: known, issued: 2026-01-01, expires: 2026-02-01}]");
    assert_int_equal(made.document.verdict, ASSAY_VERDICT_FAIL);
    done(&made);
}

static void requirements_are_rows_with_their_numbers(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_pairs(&made, 1.0, 0.01);
    judge(&made, "require: {compute_path: [real], tree: clean, build: release, subjects: [binary, model], tier: 1, "
                 "host_fields: [governor], attempts_max: 1, failed_share_max: 0.05, fallback_share_max: 0.5, "
                 "choices: [challenge]}");
    says(&made, "require.compute_path", ASSAY_VERDICT_PASS, NULL);
    says(&made, "require.tree", ASSAY_VERDICT_PASS, NULL);
    says(&made, "require.failed", ASSAY_VERDICT_PASS, NULL);
    says(&made, "require.subjects", ASSAY_VERDICT_FAIL, NULL);
    assert_int_equal(row(&made, "require.subjects")->gate, 401);
    says(&made, "require.tier", ASSAY_VERDICT_FAIL, NULL);
    says(&made, "require.host_fields", ASSAY_VERDICT_UNDECIDED, NULL);
    assert_int_equal(row(&made, "require.host_fields")->gate, 410);
    says(&made, "require.choices", ASSAY_VERDICT_FAIL, NULL);
    says(&made, "require.fallback", ASSAY_VERDICT_UNDECIDED, NULL); /* no kernel was counted in it */
    done(&made);
}

static void an_undecided_or_unmeasured_gate_is_no_pass(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_successes(&made, 298, 0, false);
    judge(&made, FIRST);
    assert_int_equal(made.document.verdict, ASSAY_VERDICT_UNDECIDED);
    assert_int_equal(assay_verdict_code(&made.document), ASSAY_UNDECIDED);
    done(&made);
}

static void a_receipt_without_its_trace_leaves_the_whole_undecided_and_its_gates_missing(void **state)
{
    (void)state;
    struct made made;
    begin(&made);
    add_pairs(&made, 1.46, 0.01);
    assay_opened_free(made.opened[0]);
    const struct assay_judge_files files = {.name = "bare",
                                            .document = {made.runs[0].receipt.data, made.runs[0].receipt.len}};
    const struct assay_judge_input how = {.now_real_ns = HONEST_NOW_NS};
    assert_int_equal(assay_opened_open(&files, &how, &made.opened[0], NULL), ASSAY_OK);
    assert_int_equal(made.opened[0]->trust, ASSAY_TRUST_OPEN);
    assert_string_equal(made.opened[0]->why, "2 violations, the first: 301 plan.json");
    judge(&made, SPEED);
    says(&made, "bare", ASSAY_VERDICT_UNDECIDED, NULL);
    assert_int_not_equal(made.document.verdict, ASSAY_VERDICT_PASS);
    done(&made);
}

/* ---- roll-out ---- */

#define ROLLOUT                                                                                                 \
    "gates: [{id: quick, kind: budget, metric: service, statistic: p50, max: 250ms}]\n"                         \
    "rollout: {stages: [0.05, 1.00], looks: 6, promote_after: 2, promote_margin: 0.02, rollback_margin: 0.05, " \
    "guards: "                                                                                                  \
    "[quick], max_holds: 2, cooldown: 24h}"

/* One look at a canary (arm b) that takes so much of the stable arm's time; the verdict before comes from memory. */
static struct assay_verdict_document look(struct made *made, double canary, double spread,
                                          const struct assay_verdict_document *previous, size_t number, int64_t day)
{
    begin(made);
    add_run(made, &(struct honest_options){.workload = "noop", .count = 160, .arms_count = 2, .seed = 100 + number},
            (struct story){.base_ns = 2000000, .speedup = 1 / canary, .spread = spread});
    judge_with(made, ROLLOUT, &(struct extra){.previous = previous, .wants_rollout = true, .day = day});
    return made->document;
}

static void is_decided(const struct assay_verdict_document *document, const char *decision, unsigned stage,
                       unsigned looks, const char *reason)
{
    const struct assay_rollout *rollout = &document->rollout;
    if (strcmp(rollout->decision, decision) != 0 || rollout->stage != stage || rollout->looks != looks ||
        !strstr(rollout->reason, reason)) {
        fail_msg("%s, stage %u, look %u: %s", rollout->decision, rollout->stage, rollout->looks, rollout->reason);
    }
}

static void two_good_looks_promote_and_the_state_replays(void **state)
{
    (void)state;
    struct made first, second, third;
    struct assay_verdict_document one = look(&first, 1.0, 0.01, NULL, 1, DAY);
    is_decided(&one, "hold", 0, 1, "not often enough");
    assert_int_equal(assay_rollout_code(&one), ASSAY_UNDECIDED);
    struct assay_verdict_document two = look(&second, 1.0, 0.01, &one, 2, DAY);
    is_decided(&two, "promote", 1, 0, "next stage");
    assert_int_equal(assay_rollout_code(&two), ASSAY_OK);
    struct assay_verdict_document three = look(&third, 1.0, 0.01, &two, 3, DAY);
    is_decided(&three, "hold", 1, 1, "not often enough");
    done(&first);
    done(&second);
    done(&third);
}

static void a_slow_canary_is_rolled_back_and_cools_down(void **state)
{
    (void)state;
    struct made first, second, third;
    struct assay_verdict_document one = look(&first, 1.2, 0.01, NULL, 1, DAY);
    is_decided(&one, "rollback", 0, 0, "rollback_margin");
    assert_string_equal(one.rollout.not_before, "2026-01-06");
    assert_int_equal(assay_rollout_code(&one), ASSAY_WANTING);
    struct assay_verdict_document two = look(&second, 1.0, 0.01, &one, 2, DAY);
    is_decided(&two, "hold", 0, 0, "cooling down");
    struct assay_verdict_document three = look(&third, 1.0, 0.01, &two, 3, DAY + 1);
    is_decided(&three, "hold", 0, 1, "not often enough");
    done(&first);
    done(&second);
    done(&third);
}

static void between_the_margins_it_holds_and_then_gives_up(void **state)
{
    (void)state;
    struct made first, second;
    struct assay_verdict_document one = look(&first, 1.035, 0.01, NULL, 1, DAY);
    is_decided(&one, "hold", 0, 1, "neither shown good nor bad");
    struct assay_verdict_document two = look(&second, 1.035, 0.01, &one, 2, DAY);
    is_decided(&two, "rollback", 0, 0, "too many holds");
    done(&first);
    done(&second);
}

static void the_same_receipt_is_no_second_look(void **state)
{
    (void)state;
    struct made first, again;
    struct assay_verdict_document one = look(&first, 1.0, 0.01, NULL, 1, DAY);
    struct assay_verdict_document two = look(&again, 1.0, 0.01, &one, 1, DAY);
    is_decided(&two, "hold", 0, 1, "was judged before");
    done(&first);
    done(&again);
}

static void a_receipt_of_any_look_before_is_no_new_look(void **state)
{
    (void)state;
    struct made first, second, third;
    struct assay_verdict_document one = look(&first, 1.0, 0.01, NULL, 1, DAY);
    struct assay_verdict_document two = look(&second, 1.0, 0.01, &one, 2, DAY);
    struct assay_verdict_document three = look(&third, 1.0, 0.01, &two, 1, DAY);
    is_decided(&three, "hold", 1, 0, "was judged before");
    done(&first);
    done(&second);
    done(&third);
}

static void a_good_receipt_does_not_hide_a_slow_or_invalid_one(void **state)
{
    (void)state;
    static const double FACTORS[] = {1.0, 1.2};
    struct made made;
    begin(&made);
    for (uint64_t i = 0; i < 2; i++) {
        add_run(&made, &(struct honest_options){.workload = "noop", .count = 160, .arms_count = 2, .seed = 200 + i},
                (struct story){.base_ns = 2000000, .speedup = 1 / FACTORS[i], .spread = 0.01});
    }
    judge_with(&made, ROLLOUT, &(struct extra){.wants_rollout = true, .day = DAY});
    is_decided(&made.document, "rollback", 0, 0, "rollback_margin");
    made.opened[1]->trust = ASSAY_TRUST_INVALID;
    made.opened[1]->why = "the run is invalid: noise";
    judge_with(&made, ROLLOUT, &(struct extra){.wants_rollout = true, .day = DAY});
    is_decided(&made.document, "hold", 0, 1, "'r1' decides nothing");
    assert_int_equal(made.document.rollout.streak, 0);
    done(&made);
}

/* ---- what has not settled ---- */

static void a_series_that_still_moves_decides_no_absolute_gate_and_one_arm_alone_no_ratio(void **state)
{
    (void)state;
    static const char GATES[] = "gates: [{id: quick, kind: budget, metric: service, statistic: p50, max: 250ms},\n"
                                "  {id: speed, kind: speedup, metric: service, arm: b, versus: a, min: 1.1}]";
    struct made both, one;
    begin(&both);
    add_run(&both, &(struct honest_options){.workload = "noop", .count = 160, .arms_count = 2},
            (struct story){.base_ns = 2000000, .speedup = 1.5, .spread = 0.01, .trend_ns = 20000});
    judge(&both, GATES);
    says(&both, "quick", ASSAY_VERDICT_UNDECIDED, "no steady state");
    done(&both);
    begin(&one);
    add_run(&one, &(struct honest_options){.workload = "noop", .count = 160, .arms_count = 2},
            (struct story){.base_ns = 2000000, .speedup = 3, .spread = 0.2, .trend_ns = 800, .is_trend_of_b = true});
    judge(&one, GATES);
    says(&one, "speed", ASSAY_VERDICT_UNDECIDED, "only one arm");
    done(&one);
}

/* ---- several gates at once ---- */

static void failing_is_taken_at_the_level_of_the_family(void **state)
{
    (void)state;
    /* 52 of 60 fails alone at 99 % against 0.95; beside 39 gates that pass it is undecided */
    struct made made;
    char gates[4096] = "gates:\n  - {id: g, kind: success_rate, min: 0.95}\n";
    begin(&made);
    add_successes(&made, 60, 8, true);
    judge(&made, gates);
    says(&made, "g", ASSAY_VERDICT_FAIL, NULL);
    for (int i = 0; i < 39; i++) {
        size_t len = strlen(gates);
        (void)snprintf(gates + len, sizeof gates - len, "  - {id: p%d, kind: success_rate, min: 0.5}\n", i);
    }
    judge(&made, gates);
    says(&made, "p0", ASSAY_VERDICT_PASS, NULL);
    says(&made, "g", ASSAY_VERDICT_UNDECIDED, NULL);
    done(&made);
}

static void where_nothing_fails_the_family_changes_nothing(void **state)
{
    (void)state;
    struct made made;
    char gates[4096] = "gates:\n  - {id: g, kind: change, metric: service, arm: b, versus: a, max_change: 0.05}\n";
    begin(&made);
    add_pairs(&made, 1.07, 0.2);
    judge(&made, gates);
    says(&made, "g", ASSAY_VERDICT_UNDECIDED, NULL);
    struct assay_verdict_row alone = *row(&made, "g");
    assert_true(alone.pairs_needed > 40);
    for (int i = 0; i < 19; i++) {
        size_t len = strlen(gates);
        (void)snprintf(gates + len, sizeof gates - len,
                       "  - {id: p%d, kind: change, metric: service, arm: b, versus: a, max_change: 0.9}\n", i);
    }
    judge(&made, gates);
    says(&made, "p0", ASSAY_VERDICT_PASS, NULL);
    says(&made, "g", ASSAY_VERDICT_UNDECIDED, NULL);
    assert_int_equal(row(&made, "g")->pairs_needed, alone.pairs_needed);
    done(&made);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forty_pairs_with_a_lower_bound_above_the_limit_pass),
        cmocka_unit_test(a_bound_on_either_side_is_undecided_with_the_pairs_that_would_decide),
        cmocka_unit_test(an_upper_bound_below_the_limit_fails),
        cmocka_unit_test(one_slow_element_fails_a_good_mean),
        cmocka_unit_test(a_ratio_that_the_receipt_withholds_is_not_measured),
        cmocka_unit_test(an_arm_that_no_receipt_has_is_missing),
        cmocka_unit_test(a_metric_that_nobody_knows_is_missing_whatever_the_outputs),
        cmocka_unit_test(wrong_outputs_fail_whatever_the_speed),
        cmocka_unit_test(the_largest_of_320_bounds_the_99th_percentile),
        cmocka_unit_test(two_hundred_and_ninety_eight_are_too_few),
        cmocka_unit_test(a_lower_bound_above_the_budget_fails_and_one_sample_above_is_undecided),
        cmocka_unit_test(another_confidence_is_computed_from_the_trace),
        cmocka_unit_test(a_metric_that_is_deleted_fails),
        cmocka_unit_test(memory_is_every_sample_and_nothing_implausible),
        cmocka_unit_test(success_rates_are_bounded_by_wilson),
        cmocka_unit_test(a_run_that_is_given_twice_counts_once),
        cmocka_unit_test(without_an_oracle_nothing_is_correct),
        cmocka_unit_test(stability_is_over_different_seeds_and_never_exactly_zero),
        cmocka_unit_test(arms_are_no_seeds),
        cmocka_unit_test(change_against_a_baseline_needs_leave_and_five_runs_a_side),
        cmocka_unit_test(an_invalid_baseline_decides_nothing_and_no_waiver_covers_it),
        cmocka_unit_test(a_candidate_without_a_value_is_not_left_out),
        cmocka_unit_test(one_baseline_given_six_times_is_one),
        cmocka_unit_test(a_baseline_that_differs_or_is_too_old_is_refused),
        cmocka_unit_test(a_baseline_of_no_ancestor_fails_and_one_of_unknown_descent_is_undecided),
        cmocka_unit_test(sources_that_are_one_or_that_nobody_names_have_no_descent_to_ask_for),
        cmocka_unit_test(a_receipt_is_no_baseline_of_itself),
        cmocka_unit_test(change_between_arms_is_paired),
        cmocka_unit_test(all_limits_of_an_output_hold_or_one_is_named),
        cmocka_unit_test(an_output_that_nobody_compared_is_missing),
        cmocka_unit_test(one_correct_answer_bounds_its_cost_by_numbers),
        cmocka_unit_test(cost_is_all_cost_for_each_correct_answer),
        cmocka_unit_test(the_measured_set_must_be_the_listed_one),
        cmocka_unit_test(a_waiver_covers_a_fail_until_it_expires_and_nothing_missing),
        cmocka_unit_test(requirements_are_rows_with_their_numbers),
        cmocka_unit_test(an_undecided_or_unmeasured_gate_is_no_pass),
        cmocka_unit_test(a_receipt_without_its_trace_leaves_the_whole_undecided_and_its_gates_missing),
        cmocka_unit_test(two_good_looks_promote_and_the_state_replays),
        cmocka_unit_test(a_slow_canary_is_rolled_back_and_cools_down),
        cmocka_unit_test(between_the_margins_it_holds_and_then_gives_up),
        cmocka_unit_test(the_same_receipt_is_no_second_look),
        cmocka_unit_test(a_receipt_of_any_look_before_is_no_new_look),
        cmocka_unit_test(a_good_receipt_does_not_hide_a_slow_or_invalid_one),
        cmocka_unit_test(a_series_that_still_moves_decides_no_absolute_gate_and_one_arm_alone_no_ratio),
        cmocka_unit_test(failing_is_taken_at_the_level_of_the_family),
        cmocka_unit_test(where_nothing_fails_the_family_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
