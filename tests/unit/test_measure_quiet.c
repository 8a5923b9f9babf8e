/* Quiet runs under the real clock: readings are taken between operations, and whoever waits is told to stop. */
#include "measure/engine.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MS ASSAY_NS_PER_MS

/* Sleeps; in each operation looks how many readings there are at its begin and end. */
struct sleeper {
    const struct assay_engine *engine;
    uint64_t op_ns;
    int stop_fd;
    bool waits_for_stop;
    size_t readings_within; /* readings that came while an operation ran */
    volatile sig_atomic_t flag;
    uint64_t raise_at;
};

struct sleeper_worker {
    struct sleeper *sleeper;
};

static assay_code sleeper_open(void *state, void *worker, const struct assay_worker_setup *setup, assay_err *err)
{
    (void)err;
    ((struct sleeper_worker *)worker)->sleeper = state;
    ((struct sleeper *)state)->stop_fd = setup->stop_fd;
    return ASSAY_OK;
}

static assay_code sleeper_step(void *block, const struct assay_operation *operation, struct assay_step *ret,
                               assay_err *err)
{
    (void)err;
    struct sleeper *sleeper = ((struct sleeper_worker *)block)->sleeper;
    size_t before = sleeper->engine->clock_readings_count;
    if (sleeper->raise_at > 0 && operation->id == sleeper->raise_at) {
        sleeper->flag = 1;
    }
    if (sleeper->waits_for_stop) {
        struct pollfd stop = {.fd = sleeper->stop_fd, .events = POLLIN};
        assert_int_equal(poll(&stop, 1, 20000), 1);
        ret->status = ASSAY_STATUS_CANCELLED_STOP;
        return ASSAY_OK;
    }
    uint64_t until_ns = assay_clock_mono_ns() + sleeper->op_ns;
    assay_clock_system.sleep_until_ns(assay_clock_system.self, until_ns);
    if (operation->id > 0) { /* the first reading is taken at the origin, when the first operation may have begun */
        sleeper->readings_within += sleeper->engine->clock_readings_count - before;
    }
    return ASSAY_OK;
}

static const struct assay_workload SLEEPER = {.name = "noop",
                                              .summary = "sleeps",
                                              .pairing = ASSAY_PAIRING_ALWAYS,
                                              .is_quiet = true,
                                              .worker_bytes = sizeof(struct sleeper_worker),
                                              .worker_open = sleeper_open,
                                              .step = sleeper_step};

struct bench {
    struct sleeper sleeper;
    struct assay_run_setup setup;
    struct assay_plan *plan;
    struct assay_engine engine;
    assay_err err;
};

static void bench_run(struct bench *bench, uint64_t ops, uint64_t max_ns)
{
    bench->setup = (struct assay_run_setup){
        .workload = &SLEEPER,
        .state = &bench->sleeper,
        .load = {.mode = ASSAY_LOAD_PAIRED, .concurrency = 1, .workers = 1, .window = 1},
        .stop = {.rule = ASSAY_STOP_COUNT, .count = ops, .max_duration_ns = max_ns, .error_share_max = 1},
        .stop_flag = &bench->sleeper.flag};
    bench->sleeper.engine = &bench->engine;
    assert_int_equal(assay_plan_new(&bench->plan, &bench->err), ASSAY_OK);
    bench->plan->load = bench->setup.load;
    bench->plan->stop = bench->setup.stop;
    bench->plan->arms_count = 1;
    if (assay_schedule_draw(bench->plan, &bench->setup.shape, 100, &bench->err) != ASSAY_OK ||
        assay_engine_init(&bench->engine, &bench->setup, bench->plan, &bench->err) != ASSAY_OK ||
        assay_engine_run(&bench->engine, &bench->err) != ASSAY_OK) {
        fail_msg("%s", bench->err.message);
    }
    assert_true(bench->engine.is_quiet);
}

static void bench_done(struct bench *bench)
{
    assay_engine_done(&bench->engine);
    assay_plan_free(bench->plan);
}

static void readings_are_taken_between_operations_and_never_within(void **state)
{
    (void)state;
    struct bench bench = {.sleeper = {.op_ns = 30 * MS}};
    bench_run(&bench, 14, 60 * ASSAY_NS_PER_S);
    assert_int_equal(bench.sleeper.readings_within, 0);
    assert_true(bench.engine.clock_readings_count >= 4); /* at the origin, about every 120 ms, and at the end */
    assert_int_equal(assay_engine_stopped(&bench.engine), ASSAY_STOPPED_REACHED);
    bench_done(&bench);
}

static void the_longest_run_ends_an_operation_that_waits(void **state)
{
    (void)state;
    struct bench bench = {.sleeper = {.waits_for_stop = true}};
    bench_run(&bench, 4, 150 * MS);
    assert_int_equal(assay_engine_stopped(&bench.engine), ASSAY_STOPPED_TIME);
    bench_done(&bench);
}

static void a_stop_flag_ends_the_run_after_the_operation(void **state)
{
    (void)state;
    struct bench bench = {.sleeper = {.op_ns = MS, .raise_at = 3}};
    bench_run(&bench, 1000, 60 * ASSAY_NS_PER_S);
    assert_int_equal(assay_engine_stopped(&bench.engine), ASSAY_STOPPED_SIGNAL);
    struct assay_counts counts;
    assert_int_equal(assay_engine_counts(&bench.engine, &counts, NULL), ASSAY_OK);
    assert_int_equal(counts.issued, 4);
    bench_done(&bench);
}

/* What Ctrl-C does: the handler sets the flag, and the main thread's sleep ends. */
static volatile sig_atomic_t *signalled;

static void on_signal(int number)
{
    (void)number;
    *signalled = 1;
}

static void *send_signal(void *argument)
{
    assay_clock_system.sleep_until_ns(assay_clock_system.self, assay_clock_mono_ns() + 100 * MS);
    (void)pthread_kill(*(pthread_t *)argument, SIGTERM);
    return NULL;
}

static void a_signal_reaches_an_operation_that_waits(void **state)
{
    (void)state;
    struct bench bench = {.sleeper = {.waits_for_stop = true}};
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, before;
    pthread_t self = pthread_self(), sender;
    signalled = &bench.sleeper.flag;
    assert_int_equal(sigaction(SIGTERM, &action, &before), 0);
    assert_int_equal(pthread_create(&sender, NULL, send_signal, &self), 0);
    bench_run(&bench, 4, 60 * ASSAY_NS_PER_S);
    assert_int_equal(assay_engine_stopped(&bench.engine), ASSAY_STOPPED_SIGNAL);
    assert_int_equal(pthread_join(sender, NULL), 0);
    assert_int_equal(sigaction(SIGTERM, &before, NULL), 0);
    bench_done(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_are_taken_between_operations_and_never_within),
        cmocka_unit_test(the_longest_run_ends_an_operation_that_waits),
        cmocka_unit_test(a_stop_flag_ends_the_run_after_the_operation),
        cmocka_unit_test(a_signal_reaches_an_operation_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
