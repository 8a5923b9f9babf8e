#include "measure/engine.h"

#include "base/mem.h"

#include <assert.h>

#define CLOCK_EVERY_NS (100 * ASSAY_NS_PER_MS) /* endpoints.md 1.2 */
#define HOST_EVERY_NS ASSAY_NS_PER_S           /* evidence.md 6: series beside the samples */
#define ORIGIN_LEAD_NS ASSAY_NS_PER_MS         /* workers are back from the gate when the run begins */
#define TAIL_NS (10 * ASSAY_NS_PER_S)          /* cancelling, and a monitor that was kept waiting */
#define EVENT_LOG_MAX ((size_t)1 << 28)        /* events of a run: 8 GiB of log at 32 bytes each */
#define QUOTA_MARGIN 64                        /* of a small plan one worker may take all */

static size_t users_of(const struct assay_plan *plan, size_t worker, size_t workers)
{
    return plan->load.concurrency / workers + (worker < plan->load.concurrency % workers);
}

/* How many operations one worker may come to hold: any worker takes what is next, so one that is luckier than the
 * others takes more than its share. */
static size_t quota_of(const struct assay_plan *plan, size_t workers)
{
    size_t share = plan->ops_count / workers * 2 + QUOTA_MARGIN;
    return share < plan->ops_count && workers > 2 ? share : plan->ops_count;
}

static size_t events_of(const struct assay_run_setup *setup, const struct assay_plan *plan, size_t workers)
{
    if (!setup->workload->events) {
        return 0;
    }
    size_t sum = 0;
    for (size_t i = 0; i < plan->ops_count && sum < EVENT_LOG_MAX; i++) {
        sum += setup->workload->events(setup->state, &plan->ops[i]);
    }
    size_t share = workers > 2 ? sum / workers * 2 + QUOTA_MARGIN : sum;
    return share < EVENT_LOG_MAX / workers ? share : EVENT_LOG_MAX / workers;
}

static assay_code init_worker(struct assay_engine *engine, size_t index, size_t events, assay_err *err)
{
    struct assay_worker *worker = &engine->workers[index];
    const struct assay_plan *plan = engine->plan;
    size_t quota = quota_of(plan, engine->workers_count);
    worker->engine = engine;
    worker->index = index;
    worker->spin_ns = 60 * ASSAY_NS_PER_US;
    worker->slots = quota < ASSAY_OPEN_SLOTS_MAX ? quota : ASSAY_OPEN_SLOTS_MAX;
    if (plan->load.mode != ASSAY_LOAD_OPEN) {
        worker->slots = users_of(plan, index, engine->workers_count);
        worker->ready_count = worker->slots;
    }
    if (!engine->workload->submit) {
        worker->slots = 1; /* steps cannot overlap */
    }
    assert(worker->slots > 0);
    size_t block_bytes = engine->workload->worker_bytes;
    worker->block = assay_alloc(1, block_bytes ? block_bytes : 1);
    worker->ready = assay_alloc(worker->slots, sizeof *worker->ready);
    if (!worker->block || !worker->ready) {
        return assay_nomem(err);
    }
    return assay_recorder_new((struct assay_recorder_config){.samples_max = quota, .events_max = events},
                              &worker->recorder, err);
}

static assay_code init_readings(struct assay_engine *engine, assay_err *err)
{
    uint64_t longest_ns = engine->plan->stop.max_duration_ns + engine->setup->drain_ns + TAIL_NS;
    engine->clock_readings_max = longest_ns / CLOCK_EVERY_NS + 2;
    engine->host_readings_max = longest_ns / HOST_EVERY_NS + 2;
    engine->clock_readings = assay_alloc(engine->clock_readings_max, sizeof *engine->clock_readings);
    engine->host_readings = assay_alloc(engine->host_readings_max, sizeof *engine->host_readings);
    engine->worker_cpu_ns = assay_alloc(engine->workers_count, sizeof *engine->worker_cpu_ns);
    if (!engine->clock_readings || !engine->host_readings || !engine->worker_cpu_ns) {
        return assay_nomem(err);
    }
    assay_code rc = assay_host_watch_begin("", &engine->watch, err);
    uint16_t ports[ASSAY_PLAN_ARMS_MAX];
    size_t ports_count = 0;
    if (rc == ASSAY_OK && engine->workload->local_ports) {
        ports_count = engine->workload->local_ports(engine->setup->state, ports, ASSAY_PLAN_ARMS_MAX);
    }
    for (size_t i = 0; i < ports_count; i++) {
        (void)assay_host_watch_spare_listener(engine->watch, ports[i]);
    }
    if (rc == ASSAY_OK && engine->workload->helper) {
        (void)assay_host_watch_own_helper(engine->watch, engine->workload->helper(engine->setup->state));
    }
    return rc;
}

assay_code assay_engine_init(struct assay_engine *engine, const struct assay_run_setup *setup,
                             const struct assay_plan *plan, assay_err *err)
{
    *engine = (struct assay_engine){.setup = setup,
                                    .workload = setup->workload,
                                    .clock = setup->clock ? setup->clock : &assay_clock_system,
                                    .plan = plan,
                                    .handout = {.count = plan->ops_count},
                                    .workers_count = plan->load.workers,
                                    .turn_fd = -1,
                                    .stop_fd = -1};
    int rc_mutex = pthread_mutex_init(&engine->mutex, NULL);
    int rc_cond = pthread_cond_init(&engine->changed, NULL);
    assert(rc_mutex == 0 && rc_cond == 0); /* glibc: without attributes they cannot fail */
    engine->workers = assay_alloc(engine->workers_count, sizeof *engine->workers);
    engine->op_states = assay_alloc(plan->ops_count, sizeof *engine->op_states);
    if (!engine->workers || !engine->op_states) {
        return assay_nomem(err);
    }
    size_t events = events_of(setup, plan, engine->workers_count);
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < engine->workers_count; i++) {
        rc = init_worker(engine, i, events, err);
    }
    rc = rc == ASSAY_OK ? assay_quiet_init(engine, err) : rc;
    if (rc == ASSAY_OK && plan->stop.rule == ASSAY_STOP_PRECISION) {
        rc = assay_looks_new(plan, &engine->looks, err);
    }
    return rc == ASSAY_OK ? init_readings(engine, err) : rc;
}

void assay_engine_done(struct assay_engine *engine)
{
    for (size_t i = 0; engine->workers && i < engine->workers_count; i++) {
        assay_recorder_free(engine->workers[i].recorder);
        assay_free(engine->workers[i].block);
        assay_free(engine->workers[i].ready);
    }
    assay_free(engine->workers);
    assay_free(engine->op_states);
    assay_free(engine->clock_readings);
    assay_free(engine->host_readings);
    assay_free(engine->worker_cpu_ns);
    if (engine->watch) {
        assay_host_watch_end(engine->watch);
    }
    assay_looks_free(engine->looks);
    if (engine->clock) { /* it was initialised */
        assay_quiet_done(engine);
        pthread_mutex_destroy(&engine->mutex);
        pthread_cond_destroy(&engine->changed);
    }
    *engine = (struct assay_engine){0};
}

static assay_code start_workers(struct assay_engine *engine, size_t *ret_started, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    while (*ret_started < engine->workers_count) {
        struct assay_worker *worker = &engine->workers[*ret_started];
        rc = assay_thread_start(&worker->thread, "assay-worker", assay_worker_main, worker, err);
        if (rc != ASSAY_OK) {
            assay_engine_stop(engine, ASSAY_STOPPED_HARNESS);
            break;
        }
        ++*ret_started;
    }
    return rc;
}

/* When all have opened, sets the origin and lets them go; when one failed, lets them go home. */
static void open_gate(struct assay_engine *engine, size_t started)
{
    pthread_mutex_lock(&engine->mutex);
    while (engine->opened_count < started) {
        pthread_cond_wait(&engine->changed, &engine->mutex);
    }
    if (assay_engine_stopped(engine) == ASSAY_GOING_ON) {
        engine->origin_ns = engine->clock->now_ns(engine->clock->self) + ORIGIN_LEAD_NS;
        engine->is_open = true;
    }
    pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->mutex);
}

static assay_code first_error(const struct assay_engine *engine, assay_err *err)
{
    for (size_t i = 0; i < engine->workers_count; i++) {
        const struct assay_worker *worker = &engine->workers[i];
        if (worker->code != ASSAY_OK) {
            if (err) {
                *err = worker->err;
            }
            return worker->code;
        }
    }
    return ASSAY_OK;
}

assay_code assay_engine_run(struct assay_engine *engine, assay_err *err)
{
    size_t started = 0;
    assay_code rc = start_workers(engine, &started, err);
    open_gate(engine, started);
    if (engine->is_open) {
        assay_code watched = assay_engine_monitor(engine, err);
        rc = rc == ASSAY_OK ? watched : rc;
    }
    for (size_t i = 0; i < started; i++) {
        assay_thread_join(&engine->workers[i].thread);
    }
    if (rc == ASSAY_OK) {
        rc = first_error(engine, err);
    }
    struct assay_counts counts;
    if (rc == ASSAY_OK) {
        rc = assay_engine_counts(engine, &counts, err);
    }
    if (rc == ASSAY_OK && (counts.in_flight != 0 || counts.issued != assay_handout_peek(&engine->handout))) {
        rc = assay_fail(err, ASSAY_BUG, "accounting: %llu operations handed out, %llu issued, %llu left in flight",
                        (unsigned long long)assay_handout_peek(&engine->handout), (unsigned long long)counts.issued,
                        (unsigned long long)counts.in_flight);
    }
    return rc;
}

assay_code assay_engine_counts(const struct assay_engine *engine, struct assay_counts *ret, assay_err *err)
{
    *ret = (struct assay_counts){0};
    for (size_t i = 0; i < engine->workers_count; i++) {
        struct assay_counts counts = assay_account_read(&engine->workers[i].account);
        assay_code rc = assay_counts_check(&counts, engine->plan->ops_count, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "worker %zu", i);
            return rc;
        }
        assay_counts_add(ret, &counts);
    }
    return assay_counts_check(ret, engine->plan->ops_count, err);
}
