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
        cmocka_unit_test(without_runs_nothing_is_bounded),
    };
    return cmocka_run_group_tests(tests, make, done);
}
