/* The measured phase under a clock of the test's own: pacing, loops, stopping, drain, accounting. */
#include "measure/engine.h"
#include "support/scripted_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define US ASSAY_NS_PER_US
#define MS ASSAY_NS_PER_MS
#define S ASSAY_NS_PER_S
#define EPOCH                                                                                              \
    (1000 * S) /* the clock's first reading: not 0, so that relative and absolute times cannot be mixed up \
                */

static const struct scripted_op TEN_MS[] = {{10 * MS, ASSAY_STATUS_OK}};

struct bench {
    struct scripted_clock clock;
    struct scripted_state state;
    struct assay_run_setup setup;
    struct assay_plan *plan;
    struct assay_engine engine;
    assay_err err;
    assay_code code;
};

static void bench_init(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    scripted_clock_init(&bench->clock, EPOCH);
    bench->state = (struct scripted_state){.clock = &bench->clock, .ops = TEN_MS, .ops_count = 1};
    bench->setup = (struct assay_run_setup){
        .workload = &scripted_workload,
        .state = &bench->state,
        .load = {.mode = ASSAY_LOAD_CLOSED, .concurrency = 1, .workers = 1},
        .stop = {.rule = ASSAY_STOP_COUNT, .count = 20, .max_duration_ns = 3600 * S, .error_share_max = 0.5},
        .drain_ns = S,
        .has_seed = true,
        .seed = 7,
        .clock = &bench->clock.clock};
}

static void open_loop(struct bench *bench, double rate_per_s)
{
    bench->setup.load = (struct assay_load){
        .mode = ASSAY_LOAD_OPEN, .arrivals = ASSAY_ARRIVALS_CONSTANT, .rate_per_s = rate_per_s, .workers = 1};
}

/* Plans and runs; what came of it is in bench->code and the engine. */
static void bench_run(struct bench *bench)
{
    assert_int_equal(assay_plan_new(&bench->plan, &bench->err), ASSAY_OK);
    bench->plan->load = bench->setup.load;
    bench->plan->stop = bench->setup.stop;
    bench->plan->warmup = bench->setup.warmup;
    bench->plan->seed = bench->setup.seed;
    if (assay_schedule_draw(bench->plan, &bench->setup.shape, 100, &bench->err) != ASSAY_OK ||
        assay_engine_init(&bench->engine, &bench->setup, bench->plan, &bench->err) != ASSAY_OK) {
        fail_msg("%s", bench->err.message);
    }
    bench->code = assay_engine_run(&bench->engine, &bench->err);
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

static void expect_ok(const struct bench *bench, enum assay_stop_reason reason)
{
    if (bench->code != ASSAY_OK) {
        fail_msg("%s", bench->err.message);
    }
    assert_string_equal(assay_stop_reason_text(assay_engine_stopped(&bench->engine)), assay_stop_reason_text(reason));
}

static void a_closed_loop_issues_when_its_slot_is_free(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_REACHED);
    assert_int_equal(counts_of(&bench).ended[ASSAY_GROUP_OK], 20);
    assert_int_equal(bench.state.most_in_flight, 1);
    assert_int_equal(bench.state.due_ns[0], bench.engine.origin_ns);
    for (size_t i = 1; i < 20; i++) {
        uint64_t gap_ns = bench.state.due_ns[i] - bench.state.due_ns[i - 1];
        assert_true(gap_ns >= 10 * MS && gap_ns < 10 * MS + 20 * US); /* the operation, and looks at the clock */
        assert_true(bench.state.queued_ns[i] - bench.state.due_ns[i] < 20 * US);
    }
    bench_done(&bench);
}

static void think_time_moves_the_due_time(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench.setup.load.think_ns = 30 * MS;
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_REACHED);
    for (size_t i = 1; i < 20; i++) {
        uint64_t gap_ns = bench.state.due_ns[i] - bench.state.due_ns[i - 1];
        assert_true(gap_ns >= 40 * MS && gap_ns < 40 * MS + 20 * US);
        assert_true(bench.state.queued_ns[i] >= bench.state.due_ns[i]); /* never early */
    }
    bench_done(&bench);
}

static void users_keep_their_number_in_flight(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench.setup.load.concurrency = 8;
    bench.setup.stop.count = 200;
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_REACHED);
    assert_int_equal(bench.state.most_in_flight, 8);
    assert_int_equal(counts_of(&bench).ended[ASSAY_GROUP_OK], 200);
    bench_done(&bench);
}

static void an_open_loop_issues_by_absolute_time_however_many_are_outstanding(void **state)
{
    (void)state;
    struct bench bench;
    static const struct scripted_op slow[] = {{2 * S, ASSAY_STATUS_OK}};
    bench_init(&bench);
    open_loop(&bench, 1000);
    bench.state.ops = slow;
    bench.setup.stop.count = 1000;
    bench.setup.drain_ns = 10 * S;
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_REACHED);
    assert_int_equal(bench.state.most_in_flight, 1000); /* no answer came before the last one was sent */
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(bench.state.due_ns[i], bench.engine.origin_ns + i * MS);
        assert_true(bench.state.queued_ns[i] >= bench.state.due_ns[i]);
        assert_true(bench.state.queued_ns[i] - bench.state.due_ns[i] <= 50 * US);
    }
    bench_done(&bench);
}

static void a_machine_that_wakes_late_is_learned_and_met_by_spinning(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    open_loop(&bench, 100);
    bench.setup.stop.count = 200;
    bench.clock.oversleep_ns = 150 * US; /* more than the spinning that a worker begins with */
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_REACHED);
    size_t late = 0;
    for (size_t i = 20; i < 200; i++) {
        late += bench.state.queued_ns[i] - bench.state.due_ns[i] > 50 * US;
    }
    assert_true(late <= 1); /* below the 99th percentile */
    bench_done(&bench);
}

static void an_operation_that_stalls_the_client_makes_the_next_ones_late_and_not_fewer(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    open_loop(&bench, 1000);
    bench.clock.look_ns = 3 * MS; /* a client three times too slow for its load */
    bench.setup.stop.count = 100;
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_REACHED);
    assert_int_equal(counts_of(&bench).issued, 100);
    assert_true(bench.state.queued_ns[99] - bench.state.due_ns[99] > 100 * MS); /* seen, not hidden */
    bench_done(&bench);
}

static void a_closed_loop_for_a_duration_stops_issuing_at_its_end(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench.setup.stop = (struct assay_stop){
        .rule = ASSAY_STOP_DURATION, .duration_ns = S / 2, .max_duration_ns = 3600 * S, .error_share_max = 0.5};
    bench.setup.warmup.samples = 5;
    bench.state.ops = (const struct scripted_op[]){{11 * MS, ASSAY_STATUS_OK}};
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_REACHED);
    uint64_t issued = counts_of(&bench).issued;
    assert_true(issued >= 5 + 45 && issued <= 5 + 46); /* the warm-up does not count into the half second */
    assert_true(bench.plan->ops_count > issued);       /* the plan held the maximum */
    bench_done(&bench);
}

static void a_plan_that_ends_before_the_duration_did_not_reach_it(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench.state.ops = (const struct scripted_op[]){{MS, ASSAY_STATUS_OK}}; /* ten times what the plan allows for */
    bench.setup.stop = (struct assay_stop){
        .rule = ASSAY_STOP_DURATION, .duration_ns = S, .max_duration_ns = 3600 * S, .error_share_max = 0.5};
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_TIME);
    assert_int_equal(counts_of(&bench).issued, 100);
    bench_done(&bench);
}

static void the_maximum_duration_ends_every_run(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench.setup.stop.count = 1000;
    bench.setup.stop.max_duration_ns = 255 * MS;
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_TIME);
    assert_int_equal(counts_of(&bench).issued, 26);
    assert_int_equal(counts_of(&bench).in_flight, 0);
    bench_done(&bench);
}

static void the_breaker_needs_twenty_and_then_stops(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench.state.ops = (const struct scripted_op[]){{MS, ASSAY_STATUS_REFUSED}};
    bench.setup.stop.count = 1000;
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_ERRORS);
    assert_int_equal(counts_of(&bench).ended[ASSAY_GROUP_FAILED], 20);
    bench_done(&bench);
}

static void failures_below_the_share_do_not_stop_a_run(void **state)
{
    (void)state;
    struct bench bench;
    static const struct scripted_op third[] = {
        {MS, ASSAY_STATUS_OK}, {MS, ASSAY_STATUS_OK}, {MS, ASSAY_STATUS_TIMEOUT_FIRST}};
    bench_init(&bench);
    bench.state.ops = third;
    bench.state.ops_count = 3;
    bench.setup.stop.count = 300;
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_REACHED);
    assert_int_equal(counts_of(&bench).ended[ASSAY_GROUP_TIMED_OUT], 100);
    assert_int_equal(counts_of(&bench).ended[ASSAY_GROUP_OK], 200);
    bench_done(&bench);
}

static void what_never_ends_is_cancelled_after_the_drain(void **state)
{
    (void)state;
    struct bench bench;
    static const struct scripted_op last_hangs[] = {
        {MS, ASSAY_STATUS_OK}, {MS, ASSAY_STATUS_OK}, {MS, ASSAY_STATUS_OK}, {UINT64_MAX, ASSAY_STATUS_OK}};
    bench_init(&bench);
    open_loop(&bench, 100);
    bench.state.ops = last_hangs;
    bench.state.ops_count = 4;
    bench.setup.stop.count = 40;
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_REACHED);
    struct assay_counts counts = counts_of(&bench);
    assert_int_equal(counts.ended[ASSAY_GROUP_OK], 30);
    assert_int_equal(counts.ended[ASSAY_GROUP_CANCELLED], 10);
    assert_int_equal(counts.in_flight, 0);
    assert_int_equal(bench.state.closed_workers, 1);
    bench_done(&bench);
}

static void a_stop_flag_cancels_at_once_and_keeps_a_prefix(void **state)
{
    (void)state;
    struct bench bench;
    static const struct scripted_op hang[] = {{UINT64_MAX, ASSAY_STATUS_OK}};
    volatile sig_atomic_t flag = 0;
    bench_init(&bench);
    open_loop(&bench, 1000);
    bench.state.ops = hang;
    bench.setup.stop.count = 1000000;
    bench.setup.drain_ns = 3600 * S;
    bench.setup.stop_flag = bench.state.stop_flag = &flag;
    bench.state.stop_at = 10;
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_SIGNAL);
    struct assay_counts counts = counts_of(&bench);
    assert_true(counts.issued > 10 && counts.issued < 1000000);
    assert_int_equal(counts.ended[ASSAY_GROUP_CANCELLED], counts.issued);
    for (uint64_t id = 0; id < bench.plan->ops_count; id++) {
        assert_int_equal(bench.engine.op_states[id], id < counts.issued ? ASSAY_OP_ENDED : ASSAY_OP_PLANNED);
    }
    bench_done(&bench);
}

static void expect_bug(enum scripted_fault fault, const char *says)
{
    struct bench bench;
    bench_init(&bench);
    open_loop(&bench, 100); /* several in flight */
    bench.state.ops = (const struct scripted_op[]){{30 * MS, ASSAY_STATUS_OK}};
    bench.state.fault = fault;
    bench_run(&bench);
    assert_int_equal(bench.code, ASSAY_BUG);
    assert_non_null(strstr(bench.err.message, says));
    bench_done(&bench);
}

static void an_operation_recorded_twice_is_a_bug(void **state)
{
    (void)state;
    expect_bug(SCRIPTED_RECORD_TWICE, "samples of");
}

static void an_operation_reported_twice_is_a_bug(void **state)
{
    (void)state;
    expect_bug(SCRIPTED_REPORT_TWICE, "operation 2 is ended and became ended");
}

static void an_operation_without_a_sample_is_a_bug(void **state)
{
    (void)state;
    expect_bug(SCRIPTED_FORGET, "samples of");
}

static void an_operation_that_survives_its_cancelling_is_a_bug(void **state)
{
    (void)state;
    struct bench bench;
    static const struct scripted_op hang[] = {{UINT64_MAX, ASSAY_STATUS_OK}};
    bench_init(&bench);
    bench.state.ops = hang;
    bench.state.fault = SCRIPTED_IGNORE_CANCEL;
    bench.setup.stop.count = 1;
    bench_run(&bench);
    assert_int_equal(bench.code, ASSAY_BUG);
    assert_non_null(strstr(bench.err.message, "cancelled and never ended"));
    bench_done(&bench);
}

static void an_error_of_the_workload_ends_the_run_with_its_message(void **state)
{
    (void)state;
    static const enum scripted_fault faults[] = {SCRIPTED_FAIL_OPEN, SCRIPTED_FAIL_SUBMIT};
    for (size_t i = 0; i < 2; i++) {
        struct bench bench;
        bench_init(&bench);
        bench.state.fault = faults[i];
        bench_run(&bench);
        assert_int_equal(bench.code, ASSAY_NETWORK);
        assert_non_null(strstr(bench.err.message, "planted"));
        assert_int_equal(bench.state.closed_workers, 1);
        bench_done(&bench);
    }
}

static void clocks_are_read_at_start_and_end(void **state)
{
    (void)state;
    struct bench bench;
    bench_init(&bench);
    bench_run(&bench);
    expect_ok(&bench, ASSAY_STOPPED_REACHED);
    assert_true(bench.engine.clock_readings_count >= 2);
    for (size_t i = 0; i < bench.engine.clock_readings_count; i++) {
        assert_true(bench.engine.clock_readings[i].mono_before_ns >= bench.engine.origin_ns);
    }
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_loop_issues_when_its_slot_is_free),
        cmocka_unit_test(think_time_moves_the_due_time),
        cmocka_unit_test(users_keep_their_number_in_flight),
        cmocka_unit_test(an_open_loop_issues_by_absolute_time_however_many_are_outstanding),
        cmocka_unit_test(a_machine_that_wakes_late_is_learned_and_met_by_spinning),
        cmocka_unit_test(an_operation_that_stalls_the_client_makes_the_next_ones_late_and_not_fewer),
        cmocka_unit_test(a_closed_loop_for_a_duration_stops_issuing_at_its_end),
        cmocka_unit_test(a_plan_that_ends_before_the_duration_did_not_reach_it),
        cmocka_unit_test(the_maximum_duration_ends_every_run),
        cmocka_unit_test(the_breaker_needs_twenty_and_then_stops),
        cmocka_unit_test(failures_below_the_share_do_not_stop_a_run),
        cmocka_unit_test(what_never_ends_is_cancelled_after_the_drain),
        cmocka_unit_test(a_stop_flag_cancels_at_once_and_keeps_a_prefix),
        cmocka_unit_test(an_operation_recorded_twice_is_a_bug),
        cmocka_unit_test(an_operation_reported_twice_is_a_bug),
        cmocka_unit_test(an_operation_without_a_sample_is_a_bug),
        cmocka_unit_test(an_operation_that_survives_its_cancelling_is_a_bug),
        cmocka_unit_test(an_error_of_the_workload_ends_the_run_with_its_message),
        cmocka_unit_test(clocks_are_read_at_start_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
