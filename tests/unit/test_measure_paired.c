/* Arms that take turns, under a clock of the test's own: cells, gaps, stop rules. */
#include "measure/engine.h"
#include "support/scripted_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MS ASSAY_NS_PER_MS
#define S ASSAY_NS_PER_S
#define EPOCH (1000 * S)

static const struct scripted_op TEN_MS[] = {{10 * MS, ASSAY_STATUS_OK}};

struct bench {
    struct scripted_clock clock;
    struct scripted_state state;
    struct assay_run_setup setup;
    struct assay_plan *plan;
    struct assay_engine engine;
    assay_err err;
};

static void bench_init(struct bench *bench, uint32_t window, uint32_t users, uint64_t rounds)
{
    memset(bench, 0, sizeof *bench);
    scripted_clock_init(&bench->clock, EPOCH);
    bench->state = (struct scripted_state){.clock = &bench->clock, .ops = TEN_MS, .ops_count = 1};
    bench->setup = (struct assay_run_setup){
        .workload = &scripted_workload,
        .state = &bench->state,
        .load = {.mode = ASSAY_LOAD_PAIRED, .concurrency = users, .workers = 1, .window = window, .gap_ns = 5 * MS},
        .stop = {.rule = ASSAY_STOP_COUNT,
                 .count = rounds * 2 * window,
                 .max_duration_ns = 3600 * S,
                 .error_share_max = 0.5},
        .drain_ns = S,
        .clock = &bench->clock.clock};
}

static void bench_run(struct bench *bench)
{
    assert_int_equal(assay_plan_new(&bench->plan, &bench->err), ASSAY_OK);
    bench->plan->load = bench->setup.load;
    bench->plan->stop = bench->setup.stop;
    bench->plan->seed = 7;
    bench->plan->arms_count = 2;
    if (assay_schedule_draw(bench->plan, &bench->setup.shape, 100, &bench->err) != ASSAY_OK ||
        assay_engine_init(&bench->engine, &bench->setup, bench->plan, &bench->err) != ASSAY_OK ||
        assay_engine_run(&bench->engine, &bench->err) != ASSAY_OK) {
        fail_msg("%s", bench->err.message);
    }
}

static void bench_done(struct bench *bench)
{
    assay_engine_done(&bench->engine);
    assay_plan_free(bench->plan);
}

static struct assay_counts counts_of(const struct bench *bench)
{
    struct assay_counts counts;
    assert_int_equal(assay_engine_counts(&bench->engine, &counts, NULL), ASSAY_OK);
    return counts;
}

static void an_operation_is_due_a_gap_after_the_one_before_has_ended(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, 1, 1, 10);
    bench_run(&bench);
    assert_int_equal(assay_engine_stopped(&bench.engine), ASSAY_STOPPED_REACHED);
    assert_int_equal(counts_of(&bench).ended[ASSAY_GROUP_OK], 20);
    assert_int_equal(bench.state.most_in_flight, 1);
    for (size_t i = 1; i < 20; i++) { /* an operation takes 10 ms from when it was picked up */
        assert_in_range(bench.state.due_ns[i], bench.state.queued_ns[i - 1] + 15 * MS,
                        bench.state.queued_ns[i - 1] + 15 * MS + MS);
        assert_true(bench.state.queued_ns[i] >= bench.state.due_ns[i]);
    }
    bench_done(&bench);
}

static void a_window_of_many_operations_ends_before_the_next_arm_begins(void **state)
{
    (void)state;
    struct bench bench;
    enum { WINDOW = 6, ROUNDS = 4 };
    bench_init(&bench, WINDOW, 3, ROUNDS);
    bench_run(&bench);
    assert_int_equal(counts_of(&bench).ended[ASSAY_GROUP_OK], WINDOW * ROUNDS * 2);
    assert_int_equal(bench.state.most_in_flight, 3);
    for (size_t first = 0; first < (size_t)WINDOW * ROUNDS * 2; first += WINDOW) {
        for (size_t i = 1; i < WINDOW; i++) {
            assert_int_equal(bench.plan->ops[first].arm, bench.plan->ops[first + i].arm);
        }
        for (size_t i = 1; i < 3; i++) { /* all users of a window begin together */
            assert_int_equal(bench.state.due_ns[first + i], bench.state.due_ns[first]);
        }
        if (first > 0) { /* two turns of 10 ms for 6 operations of 3 users, and the gap */
            assert_true(bench.state.due_ns[first] >= bench.state.due_ns[first - WINDOW] + 25 * MS);
        }
    }
    bench_done(&bench);
}

static void a_duration_ends_a_run_in_the_middle_of_a_block(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, 1, 1, 100);
    bench.setup.stop.rule = ASSAY_STOP_DURATION;
    bench.setup.stop.duration_ns = 95 * MS; /* six operations and a half of 15 ms */
    bench_run(&bench);
    assert_int_equal(assay_engine_stopped(&bench.engine), ASSAY_STOPPED_REACHED);
    assert_int_equal(counts_of(&bench).issued, 7); /* the last one began before the end, and ended */
    assert_int_equal(counts_of(&bench).ended[ASSAY_GROUP_OK], 7);
    bench_done(&bench);
}

static void a_precision_rule_stops_at_its_first_look_where_nothing_varies(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, 1, 1, 100);
    bench.setup.stop.rule = ASSAY_STOP_PRECISION;
    bench.setup.stop.precision = 0.05;
    bench.setup.stop.confidence = 0.95;
    bench_run(&bench);
    assert_int_equal(assay_engine_stopped(&bench.engine), ASSAY_STOPPED_REACHED);
    assert_int_equal(counts_of(&bench).issued, 2 * ASSAY_PAIRED_LOOK_FIRST);
    bench_done(&bench);
}

/* Arms differ from round to round by far more than the rule allows. */
static const struct scripted_op WILD[] = {{10 * MS, ASSAY_STATUS_OK},
                                          {30 * MS, ASSAY_STATUS_OK},
                                          {90 * MS, ASSAY_STATUS_OK},
                                          {10 * MS, ASSAY_STATUS_OK},
                                          {50 * MS, ASSAY_STATUS_OK}};

static void a_precision_rule_that_is_not_met_ends_with_its_pairs(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench, 1, 1, 50);
    bench.state.ops = WILD;
    bench.state.ops_count = sizeof WILD / sizeof WILD[0];
    bench.setup.stop.rule = ASSAY_STOP_PRECISION;
    bench.setup.stop.precision = 0.01;
    bench.setup.stop.confidence = 0.95;
    bench_run(&bench);
    assert_int_equal(assay_engine_stopped(&bench.engine), ASSAY_STOPPED_PAIRS);
    assert_int_equal(counts_of(&bench).issued, 100);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operation_is_due_a_gap_after_the_one_before_has_ended),
        cmocka_unit_test(a_window_of_many_operations_ends_before_the_next_arm_begins),
        cmocka_unit_test(a_duration_ends_a_run_in_the_middle_of_a_block),
        cmocka_unit_test(a_precision_rule_stops_at_its_first_look_where_nothing_varies),
        cmocka_unit_test(a_precision_rule_that_is_not_met_ends_with_its_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
