/* How often a policy fails what did not change: counted from made A/A runs, and bounded as Clopper and Pearson do. */
#include "judge/judge.h"

#include "support/honest_run.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)256 << 20)
#define DAY 20458   /* 2026-01-05, the day of the made runs */
enum { RUNS = 14 }; /* 1 - 0.05^(1/14) is below 0.2, and with 13 it is not */

/* At most 200 us at the median: the runs take 100 us, the slow one 300. */
static const char POLICY[] = "assay_policy: 1\nname: test\ndefaults: {family_q: 0.2}\ngates:\n"
                             "  - {id: speed, kind: budget, metric: service, statistic: p50, max: 200us}\n";

static void spend(const struct assay_plan_op *op, uint64_t *ret_service_ns, uint64_t *ret_cpu_ns, void *context)
{
    (void)op;
    const uint64_t *service_ns = context;
    *ret_service_ns = *ret_cpu_ns = *service_ns;
}

struct made {
    struct honest_run runs[RUNS + 2];
    struct assay_opened *opened[RUNS + 2];
    size_t count;
};

static void add(struct made *made, uint64_t seed, size_t operations, uint64_t service_ns)
{
    size_t i = made->count++;
    honest_run_make(
        &(struct honest_options){
            .workload = "noop", .count = operations, .seed = seed, .spend = spend, .context = &service_ns},
        &made->runs[i]);
    const struct assay_judge_files files = {.name = "run",
                                            .document = {made->runs[i].receipt.data, made->runs[i].receipt.len},
                                            .plan = {made->runs[i].plan.data, made->runs[i].plan.len},
                                            .trace = {made->runs[i].trace.data, made->runs[i].trace.len}};
    const struct assay_judge_input how = {.now_real_ns = HONEST_NOW_NS};
    assert_int_equal(assay_opened_open(&files, &how, &made->opened[i], NULL), ASSAY_OK);
    if (made->opened[i]->trust != ASSAY_TRUST_GOOD) {
        fail_msg("a made run is not good: %s", made->opened[i]->why);
    }
}

static int make(void **state)
{
    static struct made made;
    made.count = 0;
    for (size_t i = 0; i < RUNS; i++) {
        add(&made, i + 1, 40, 100000);
    }
    add(&made, RUNS + 1, 40, 300000); /* same request, too slow */
    add(&made, RUNS + 2, 44, 100000); /* another request */
    *state = &made;
    return 0;
}

static int done(void **state)
{
    struct made *made = *state;
    for (size_t i = 0; i < made->count; i++) {
        assay_opened_free(made->opened[i]);
        honest_run_done(&made->runs[i]);
    }
    return 0;
}

static struct assay_false_fails ask(const struct made *made, const size_t *indices, size_t count, char why[256])
{
    const struct assay_opened *runs[RUNS + 2];
    struct assay_arena arena;
    struct assay_policy *policy = NULL;
    struct assay_false_fails answer = {0};
    assay_arena_init(&arena, ARENA_BYTES);
    for (size_t i = 0; i < count; i++) {
        runs[i] = made->opened[indices[i]];
    }
    assert_int_equal(assay_policy_parse(POLICY, strlen(POLICY), &policy, NULL), ASSAY_OK);
    const struct assay_gate_question question = {
        .policy = policy, .runs = runs, .runs_count = count, .day = DAY, .date = "2026-01-05"};
    assert_int_equal(assay_judge_false_fails(&question, &arena, &answer, NULL), ASSAY_OK);
    (void)snprintf(why, 256, "%s", answer.why);
    assay_policy_free(policy);
    assay_arena_done(&arena);
    return answer;
}

static void enough_runs_without_a_fail_bound_the_rate(void **state)
{
    size_t all[RUNS];
    char why[256];
    for (size_t i = 0; i < RUNS; i++) {
        all[i] = i;
    }
    struct assay_false_fails answer = ask(*state, all, RUNS, why);
    assert_int_equal(answer.runs, RUNS);
    assert_int_equal(answer.fails, 0);
    assert_true(answer.is_bounded);
    assert_true(fabs(answer.upper - (1 - pow(0.05, 1.0 / RUNS))) < 1e-9);
    assert_non_null(strstr(why, "0 false fails in 14 A/A runs"));
    answer = ask(*state, all, RUNS - 1, why);
    assert_false(answer.is_bounded);
    assert_true(answer.upper > 0.2);
}

static void one_false_fail_takes_the_bound_away(void **state)
{
    size_t some[RUNS];
    char why[256];
    for (size_t i = 0; i < RUNS; i++) {
        some[i] = i + 1; /* the slow one is the last */
    }
    struct assay_false_fails answer = ask(*state, some, RUNS, why);
    assert_int_equal(answer.runs, RUNS);
    assert_int_equal(answer.fails, 1);
    assert_false(answer.is_bounded);
}

static void a_run_that_is_given_twice_counts_once(void **state)
{
    char why[256];
    struct assay_false_fails answer = ask(*state, (const size_t[]){0, 0, 1}, 3, why);
    assert_int_equal(answer.runs, 2);
}

static void runs_of_different_requests_bound_nothing(void **state)
{
    size_t all[RUNS + 1];
    char why[256];
    for (size_t i = 0; i < RUNS; i++) {
        all[i] = i;
    }
    all[RUNS] = RUNS + 1;
    struct assay_false_fails answer = ask(*state, all, RUNS + 1, why);
    assert_false(answer.is_bounded);
    assert_string_equal(why, "the A/A runs are not all of one build and one request");
}

/* ---- arms that a gate compares ---- */

static void make_pairs(struct honest_run *run, struct assay_opened **ret, bool has_equal_arms,
                       void (*tamper)(json_t *, void *))
{
    honest_run_make(&(struct honest_options){.workload = "noop",
                                             .count = 80,
                                             .arms_count = 2,
                                             .has_equal_arms = has_equal_arms,
                                             .seed = 1,
                                             .op_ns = 100000,
                                             .tamper_facts = tamper},
                    run);
    const struct assay_judge_files files = {.name = "run",
                                            .document = {run->receipt.data, run->receipt.len},
                                            .plan = {run->plan.data, run->plan.len},
                                            .trace = {run->trace.data, run->trace.len}};
    const struct assay_judge_input how = {.now_real_ns = HONEST_NOW_NS};
    assert_int_equal(assay_opened_open(&files, &how, ret, NULL), ASSAY_OK);
    assert_int_equal((*ret)->trust, ASSAY_TRUST_GOOD);
}

static void subjects_of(json_t *facts, char b)
{
    char digests[2][65];
    json_t *subjects = json_array();
    memset(digests, 0, sizeof digests);
    memset(digests[0], '1', 64);
    memset(digests[1], b, 64);
    (void)json_array_append_new(subjects,
                                json_pack("{s:s,s:{s:s}}", "name", "binary:a", "digest", "sha256", digests[0]));
    (void)json_array_append_new(subjects,
                                json_pack("{s:s,s:{s:s}}", "name", "binary:b", "digest", "sha256", digests[1]));
    (void)json_object_set_new(facts, "subject", subjects);
}

static void equal_subjects(json_t *facts, void *context)
{
    (void)context;
    subjects_of(facts, '1');
}

static void different_subjects(json_t *facts, void *context)
{
    (void)context;
    subjects_of(facts, '2');
}

/* Both arms are one binary, and each has a model of its own. */
static void different_models(json_t *facts, void *context)
{
    (void)context;
    subjects_of(facts, '1');
    char digest[65] = {0};
    memset(digest, '3', 64);
    json_t *subjects = json_object_get(facts, "subject");
    (void)json_array_append_new(subjects, json_pack("{s:s,s:{s:s}}", "name", "model:a", "digest", "sha256", digest));
    digest[0] = '4';
    (void)json_array_append_new(subjects, json_pack("{s:s,s:{s:s}}", "name", "model:b", "digest", "sha256", digest));
}

static void ask_pairs(const char *gate, bool has_equal_arms, void (*tamper)(json_t *, void *), char why[256])
{
    char text[1024];
    struct honest_run run;
    struct assay_opened *opened = NULL;
    struct assay_policy *policy = NULL;
    struct assay_arena arena;
    struct assay_false_fails answer = {0};
    assay_arena_init(&arena, ARENA_BYTES);
    make_pairs(&run, &opened, has_equal_arms, tamper);
    (void)snprintf(text, sizeof text, "assay_policy: 1\nname: test\ngates: [%s]\n", gate);
    assert_int_equal(assay_policy_parse(text, strlen(text), &policy, NULL), ASSAY_OK);
    const struct assay_opened *runs[] = {opened};
    const struct assay_gate_question question = {
        .policy = policy, .runs = runs, .runs_count = 1, .day = DAY, .date = "2026-01-05"};
    assert_int_equal(assay_judge_false_fails(&question, &arena, &answer, NULL), ASSAY_OK);
    assert_false(answer.is_bounded); /* of one run in any case */
    (void)snprintf(why, 256, "%s", answer.why);
    assay_policy_free(policy);
    assay_opened_free(opened);
    honest_run_done(&run);
    assay_arena_done(&arena);
}

static void arms_that_are_not_the_same_thing_make_no_aa_run(void **state)
{
    (void)state;
    static const char AGAINST_ARM[] = "{id: g, kind: change, metric: service, arm: a, versus: b, max_change: 0.10}";
    static const char OTHERS[] = "the arms that a gate compares are not the same thing in the A/A runs";
    char why[256];
    ask_pairs(AGAINST_ARM, true, equal_subjects, why);
    assert_non_null(strstr(why, "false fails in 1 A/A runs"));
    ask_pairs(AGAINST_ARM, false, equal_subjects, why);
    assert_string_equal(why, OTHERS);
    ask_pairs(AGAINST_ARM, true, different_subjects, why);
    assert_string_equal(why, OTHERS);
    ask_pairs(AGAINST_ARM, true, different_models,
              why); /* not the first subject of an arm is another, but the second */
    assert_string_equal(why, OTHERS);
    ask_pairs("{id: g, kind: budget, metric: service, arm: a, statistic: p50, max: 1s}", false, different_subjects,
              why);
    assert_non_null(strstr(why, "false fails in 1 A/A runs")); /* it compares no arms */
}

static void runs_judged_one_by_one_say_nothing_of_a_gate_against_a_baseline(void **state)
{
    (void)state;
    char why[256];
    ask_pairs("{id: g, kind: change, metric: service, versus: baseline, max_change: 0.10}", true, NULL, why);
    assert_string_equal(why, "a gate of the policy compares with a baseline, of which A/A runs say nothing");
}

static void without_runs_nothing_is_bounded(void **state)
{
    char why[256];
    struct assay_false_fails answer = ask(*state, NULL, 0, why);
    assert_false(answer.is_bounded);
    assert_true(answer.upper == 1);
    assert_string_equal(why, "no A/A runs were given");
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enough_runs_without_a_fail_bound_the_rate),
        cmocka_unit_test(one_false_fail_takes_the_bound_away),
        cmocka_unit_test(a_run_that_is_given_twice_counts_once),
        cmocka_unit_test(runs_of_different_requests_bound_nothing),
        cmocka_unit_test(arms_that_are_not_the_same_thing_make_no_aa_run),
        cmocka_unit_test(runs_judged_one_by_one_say_nothing_of_a_gate_against_a_baseline),
        cmocka_unit_test(without_runs_nothing_is_bounded),
    };
    return cmocka_run_group_tests(tests, make, done);
}
