#include "measure/engine.h"

#include <assert.h>
#include <inttypes.h>

/*
 * One thread a worker. Until shortly before the next due time it waits for what happens (reap), then it spins: waking
 * from a wait costs tens of microseconds that no timer can promise away, and the due time is not to be missed.
 */
#define POLL_NS (20 * ASSAY_NS_PER_MS) /* how late a worker may notice that the run was stopped */
#define SPIN_MIN_NS (60 * ASSAY_NS_PER_US)
#define SPIN_MAX_NS (250 * ASSAY_NS_PER_US) /* a quarter of the gap at 1,000 a second */
#define SPIN_MARGIN_NS (20 * ASSAY_NS_PER_US)
#define REAP_BATCH 256
#define ISSUES_PER_REAP 16 /* in a burst, what arrives meanwhile must still be read */
#define CANCEL_GRACE_NS (2 * ASSAY_NS_PER_S)

static uint64_t now_of(const struct assay_worker *worker)
{
    const struct assay_clock *clock = worker->engine->clock;
    return clock->now_ns(clock->self);
}

static bool is_open_loop(const struct assay_worker *worker)
{
    return worker->engine->plan->load.mode == ASSAY_LOAD_OPEN;
}

static bool is_paired(const struct assay_worker *worker)
{
    return worker->engine->plan->load.mode == ASSAY_LOAD_PAIRED;
}

/* ---- what ended --------------------------------------------------------------------------------------------------*/

static void free_user(struct assay_worker *worker, uint64_t end_ns)
{
    if (!is_open_loop(worker)) {
        assert(worker->ready_count < worker->slots);
        size_t place = (worker->ready_first + worker->ready_count++) % worker->slots;
        worker->ready[place] = end_ns + worker->engine->plan->load.think_ns;
    }
}

static assay_code note_end(struct assay_worker *worker, const struct assay_completion *completion, assay_err *err)
{
    struct assay_engine *engine = worker->engine;
    assay_code rc = assay_op_move(engine->op_states, engine->plan->ops_count, completion->id, ASSAY_OP_ENDED, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    worker->in_flight--;
    worker->recorded++;
    assay_account_end(&worker->account, completion->status);
    free_user(worker, completion->end_ns);
    if (completion->end_ns > worker->cell_last_ns) {
        worker->cell_last_ns = completion->end_ns;
    }
    if (engine->looks) {
        assay_looks_add(engine->looks, completion);
    }
    if (completion->status != ASSAY_STATUS_OK) {
        assay_engine_break_on_errors(engine);
        return ASSAY_OK;
    }
    if (!engine->plan->ops[completion->id].is_warmup) {
        assay_live_add(&worker->service, completion->end_ns - completion->start_ns);
        if (completion->first_ns != ASSAY_NS_ABSENT) {
            assay_live_add(&worker->first, completion->first_ns - completion->start_ns);
        }
    }
    return ASSAY_OK;
}

static assay_code check_recorded(const struct assay_worker *worker, assay_err *err)
{
    size_t there = assay_recorder_samples(worker->recorder);
    return there == worker->recorded
               ? ASSAY_OK
               : assay_fail(err, ASSAY_BUG, "accounting: worker %zu has %zu samples of %" PRIu64 " ended operations",
                            worker->index, there, worker->recorded);
}

/* ---- waiting -----------------------------------------------------------------------------------------------------*/

static assay_code reap(struct assay_worker *worker, uint64_t deadline_ns, assay_err *err)
{
    struct assay_completion ended[REAP_BATCH];
    size_t count = 0;
    assay_code rc = worker->engine->workload->reap(worker->block, deadline_ns, ended, REAP_BATCH, &count, err);
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        rc = note_end(worker, &ended[i], err);
    }
    return rc == ASSAY_OK ? check_recorded(worker, err) : rc;
}

/* Learns how late this machine wakes a waiting thread: a maximum that fades. */
static void learn_wake(struct assay_worker *worker, uint64_t deadline_ns, uint64_t now_ns)
{
    uint64_t late_ns = now_ns > deadline_ns ? now_ns - deadline_ns + SPIN_MARGIN_NS : 0;
    uint64_t faded_ns = worker->spin_ns - worker->spin_ns / 64;
    uint64_t spin_ns = late_ns > faded_ns ? late_ns : faded_ns;
    spin_ns = spin_ns < SPIN_MIN_NS ? SPIN_MIN_NS : spin_ns;
    worker->spin_ns = spin_ns > SPIN_MAX_NS ? SPIN_MAX_NS : spin_ns;
}

static assay_code wait_until(struct assay_worker *worker, uint64_t deadline_ns, assay_err *err)
{
    const struct assay_clock *clock = worker->engine->clock;
    if (!worker->engine->workload->reap) {
        clock->sleep_until_ns(clock->self, deadline_ns);
        learn_wake(worker, deadline_ns, now_of(worker));
        return ASSAY_OK;
    }
    size_t before = worker->in_flight;
    assay_code rc = reap(worker, deadline_ns, err);
    if (rc == ASSAY_OK && worker->in_flight == before) {
        learn_wake(worker, deadline_ns, now_of(worker));
    }
    return rc;
}

static uint64_t spin_until(const struct assay_worker *worker, uint64_t due_ns)
{
    uint64_t now_ns = now_of(worker);
    while (now_ns < due_ns) {
        assay_thread_pause();
        now_ns = now_of(worker);
    }
    return now_ns;
}

/* ---- issuing -----------------------------------------------------------------------------------------------------*/

/* Stamps of a process nearer to the operation lie between the harness's own: the clock is the same. */
static assay_code take_nearer_stamps(const struct assay_step *result, uint64_t *start_ns, uint64_t *end_ns,
                                     assay_err *err)
{
    if (result->start_ns < *start_ns || result->end_ns < result->start_ns || result->end_ns > *end_ns) {
        return assay_fail(err, ASSAY_BUG,
                          "stamps %" PRIu64 " to %" PRIu64 " of an operation that was under way from %" PRIu64
                          " to %" PRIu64,
                          result->start_ns, result->end_ns, *start_ns, *end_ns);
    }
    *start_ns = result->start_ns;
    *end_ns = result->end_ns;
    return ASSAY_OK;
}

static assay_code step(struct assay_worker *worker, const struct assay_operation *operation, assay_err *err)
{
    struct assay_step result = {.status = ASSAY_STATUS_OK,
                                .start_ns = ASSAY_NS_ABSENT,
                                .end_ns = ASSAY_NS_ABSENT,
                                .cpu_ns = ASSAY_NS_ABSENT,
                                .iterations = 1};
    uint64_t cpu_before_ns = assay_clock_thread_cpu_ns(); /* outside the stamps: it is a system call */
    uint64_t start_ns = now_of(worker);
    assay_code rc = worker->engine->workload->step(worker->block, operation, &result, err);
    uint64_t end_ns = now_of(worker);
    if (result.cpu_ns == ASSAY_NS_ABSENT && !result.process) { /* a thread that waits is no witness */
        result.cpu_ns = assay_clock_thread_cpu_ns() - cpu_before_ns;
    }
    if (rc == ASSAY_OK && result.start_ns != ASSAY_NS_ABSENT) {
        rc = take_nearer_stamps(&result, &start_ns, &end_ns, err);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_sample sample = {.id = operation->id,
                                  .arm = operation->op->arm,
                                  .worker = (uint32_t)worker->index,
                                  .status = result.status,
                                  .iterations = result.iterations,
                                  .due_ns = operation->due_ns,
                                  .queued_ns = operation->queued_ns,
                                  .start_ns = start_ns,
                                  .end_ns = end_ns,
                                  .cpu_ns = result.cpu_ns,
                                  .process = result.process};
    assay_recorder_sample(worker->recorder, &sample);
    struct assay_completion completion = {.id = operation->id,
                                          .start_ns = start_ns,
                                          .first_ns = ASSAY_NS_ABSENT,
                                          .end_ns = end_ns,
                                          .status = result.status,
                                          .iterations = result.iterations};
    rc = note_end(worker, &completion, err);
    return rc == ASSAY_OK ? check_recorded(worker, err) : rc;
}

static void note_measured(struct assay_engine *engine, uint64_t id, uint64_t now_ns)
{
    if (id == engine->plan->warmup.samples) {
        atomic_store_explicit(&engine->measured_from_ns, now_ns, memory_order_relaxed);
    }
}

static assay_code issue(struct assay_worker *worker, uint64_t id, uint64_t due_ns, assay_err *err)
{
    struct assay_engine *engine = worker->engine;
    assay_code rc = assay_op_move(engine->op_states, engine->plan->ops_count, id, ASSAY_OP_ISSUED, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_account_issue(&worker->account);
    worker->in_flight++;
    struct assay_operation operation = {
        .op = &engine->plan->ops[id], .id = id, .due_ns = due_ns, .queued_ns = spin_until(worker, due_ns)};
    note_measured(engine, id, operation.queued_ns);
    return engine->workload->submit ? engine->workload->submit(worker->block, &operation, err)
                                    : step(worker, &operation, err);
}

/* Paired: behind a cell everything has ended, the gap passes, and all slots open at once. Behind a block the main
 * thread takes its turn, and a precision rule looks. */
static assay_code enter_cell(struct assay_worker *worker, assay_err *err)
{
    struct assay_engine *engine = worker->engine;
    const struct assay_plan *plan = engine->plan;
    size_t next = (size_t)assay_handout_peek(&engine->handout);
    if (next < worker->cell_end || next >= plan->ops_count || worker->in_flight > 0 ||
        assay_engine_stopped(engine) != ASSAY_GOING_ON) {
        return ASSAY_OK;
    }
    if (next > 0 && engine->workload->turn) {
        assay_code rc = engine->workload->turn(worker->block, plan->ops[next - 1].arm, plan->ops[next].arm, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    if (next % (plan->arms_count * plan->arms_count * plan->load.window) == 0) {
        if (engine->looks && assay_looks_is_enough(engine->looks, next)) {
            assay_engine_stop(engine, ASSAY_STOPPED_REACHED);
            return ASSAY_OK;
        }
        if (engine->is_quiet) {
            assay_quiet_take_turn(engine);
        }
    }
    uint64_t from_ns = next == 0 ? engine->origin_ns : worker->cell_last_ns + plan->load.gap_ns;
    worker->cell_end = next + plan->load.window;
    worker->ready_first = 0;
    worker->ready_count = worker->slots;
    for (size_t i = 0; i < worker->slots; i++) {
        worker->ready[i] = from_ns;
    }
    return ASSAY_OK;
}

/* When this worker could issue next, and in an open loop what. False: nothing before something ends. */
static bool next_due(const struct assay_worker *worker, uint64_t *ret_id, uint64_t *ret_due_ns)
{
    const struct assay_engine *engine = worker->engine;
    if (worker->in_flight == worker->slots) {
        return false;
    }
    if (is_paired(worker) && assay_handout_peek(&engine->handout) >= worker->cell_end) {
        return false;
    }
    if (!is_open_loop(worker)) {
        *ret_due_ns = worker->ready[worker->ready_first];
        return worker->ready_count > 0;
    }
    *ret_id = assay_handout_peek(&engine->handout);
    if (*ret_id >= engine->plan->ops_count) {
        return false;
    }
    *ret_due_ns = engine->origin_ns + engine->plan->ops[*ret_id].due_ns;
    return true;
}

static bool claim(struct assay_worker *worker, uint64_t *id)
{
    struct assay_handout *handout = &worker->engine->handout;
    if (is_open_loop(worker)) {
        return assay_handout_claim(handout, *id);
    }
    *id = assay_handout_take(handout);
    if (*id >= handout->count) {
        return false;
    }
    worker->ready_first = (worker->ready_first + 1) % worker->slots;
    worker->ready_count--;
    return true;
}

static assay_code issue_all(struct assay_worker *worker, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    size_t since_reap = 0;
    while (rc == ASSAY_OK) {
        if (is_paired(worker)) {
            rc = enter_cell(worker, err);
            if (rc != ASSAY_OK) {
                break;
            }
        } else if (worker->engine->is_quiet && worker->in_flight == 0) {
            assay_quiet_take_turn(worker->engine);
        }
        uint64_t now_ns = now_of(worker), id = 0, due_ns = 0;
        if (assay_engine_must_stop(worker->engine, now_ns)) {
            break;
        }
        bool has_due = next_due(worker, &id, &due_ns);
        if (has_due && due_ns <= now_ns + worker->spin_ns) {
            if (claim(worker, &id)) {
                rc = issue(worker, id, due_ns, err);
                since_reap++;
            }
            if (rc == ASSAY_OK && worker->engine->workload->reap && since_reap >= ISSUES_PER_REAP) {
                since_reap = 0;
                rc = reap(worker, 0, err);
            }
            continue;
        }
        uint64_t until_ns = now_ns + POLL_NS;
        if (has_due && due_ns - worker->spin_ns < until_ns) {
            until_ns = due_ns - worker->spin_ns;
        }
        since_reap = 0;
        rc = wait_until(worker, until_ns, err);
    }
    return rc;
}

/* ---- the end -----------------------------------------------------------------------------------------------------*/

static bool must_hurry(const struct assay_worker *worker)
{
    enum assay_stop_reason reason = assay_engine_stopped(worker->engine);
    const volatile sig_atomic_t *flag = worker->engine->setup->stop_flag;
    return reason == ASSAY_STOPPED_SIGNAL || reason == ASSAY_STOPPED_HARNESS || (flag && *flag);
}

static assay_code drain(struct assay_worker *worker, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    uint64_t deadline_ns = now_of(worker) + worker->engine->setup->drain_ns;
    bool is_cancelled = false;
    while (rc == ASSAY_OK && worker->in_flight > 0) {
        uint64_t now_ns = now_of(worker);
        if (!is_cancelled && (now_ns >= deadline_ns || must_hurry(worker))) {
            worker->engine->workload->cancel(worker->block, ASSAY_STATUS_CANCELLED_STOP);
            is_cancelled = true;
            deadline_ns = now_ns + CANCEL_GRACE_NS;
        } else if (now_ns >= deadline_ns) {
            return assay_fail(err, ASSAY_BUG, "accounting: %zu operations were cancelled and never ended",
                              worker->in_flight);
        }
        uint64_t until_ns = now_ns + POLL_NS;
        rc = reap(worker, until_ns < deadline_ns ? until_ns : deadline_ns, err);
    }
    return rc;
}

static assay_code open_worker(struct assay_worker *worker)
{
    struct assay_engine *engine = worker->engine;
    struct assay_worker_setup setup = {.index = worker->index,
                                       .count = engine->workers_count,
                                       .slots = worker->slots,
                                       .recorder = worker->recorder,
                                       .plan = engine->plan,
                                       .stop_fd = engine->stop_fd};
    return engine->workload->worker_open
               ? engine->workload->worker_open(engine->setup->state, worker->block, &setup, &worker->err)
               : ASSAY_OK;
}

/* Waits until every worker is ready and the origin is set. False: the run does not begin. */
static bool pass_gate(struct assay_worker *worker)
{
    struct assay_engine *engine = worker->engine;
    pthread_mutex_lock(&engine->mutex);
    engine->opened_count++;
    pthread_cond_broadcast(&engine->changed);
    while (!engine->is_open && assay_engine_stopped(engine) != ASSAY_STOPPED_HARNESS) {
        pthread_cond_wait(&engine->changed, &engine->mutex);
    }
    bool is_open = engine->is_open;
    pthread_mutex_unlock(&engine->mutex);
    return is_open;
}

static void report_end(struct assay_worker *worker)
{
    struct assay_engine *engine = worker->engine;
    atomic_store_explicit(&worker->cpu_at_end_ns, assay_clock_thread_cpu_ns(), memory_order_release);
    pthread_mutex_lock(&engine->mutex);
    engine->ended_count++;
    pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->mutex);
    assay_quiet_wake(engine);
}

void *assay_worker_main(void *argument)
{
    struct assay_worker *worker = argument;
    struct assay_engine *engine = worker->engine;
    assay_thread_exact_timers();
    if (engine->setup->must_pin) {
        (void)assay_thread_pin(worker->index);
    }
    worker->code = open_worker(worker);
    if (worker->code != ASSAY_OK) {
        assay_engine_stop(engine, ASSAY_STOPPED_HARNESS);
    }
    bool is_open = pass_gate(worker);
    if (is_open && worker->code == ASSAY_OK) {
        for (size_t i = 0; i < worker->ready_count; i++) {
            worker->ready[i] = engine->origin_ns;
        }
        worker->code = issue_all(worker, &worker->err);
        if (worker->code == ASSAY_OK) {
            worker->code = drain(worker, &worker->err);
        }
        if (worker->code != ASSAY_OK) {
            assay_engine_stop(engine, ASSAY_STOPPED_HARNESS);
        }
    }
    if (engine->workload->worker_close) {
        engine->workload->worker_close(worker->block);
    }
    report_end(worker);
    return NULL;
}
