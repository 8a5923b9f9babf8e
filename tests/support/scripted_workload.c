#include "support/scripted_workload.h"

#include <assert.h>
#include <string.h>

static uint64_t scripted_now(void *self)
{
    struct scripted_clock *clock = self;
    return atomic_fetch_add(&clock->now_ns, clock->look_ns) + clock->look_ns;
}

static void scripted_sleep_until(void *self, uint64_t mono_ns)
{
    struct scripted_clock *clock = self;
    if (atomic_load(&clock->now_ns) < mono_ns) {
        atomic_store(&clock->now_ns, mono_ns + clock->oversleep_ns);
    }
}

void scripted_clock_init(struct scripted_clock *clock, uint64_t now_ns)
{
    atomic_init(&clock->now_ns, now_ns);
    clock->look_ns = 100;
    clock->oversleep_ns = 0;
    clock->clock = (struct assay_clock){.now_ns = scripted_now, .sleep_until_ns = scripted_sleep_until, .self = clock};
}

struct flight {
    uint64_t id, start_ns, end_ns;
    struct assay_operation operation;
    enum assay_status status;
};

struct scripted_worker {
    struct scripted_state *state;
    struct assay_recorder *recorder;
    size_t slots, count;
    struct flight flights[SCRIPTED_IN_FLIGHT_MAX];
};

static const struct assay_opt OPTIONS[] = {
    {"takes", "T", "how long an operation takes", ASSAY_OPT_DURATION, 0},
    {"fail-every", "N", "every Nth operation fails", ASSAY_OPT_U64, sizeof(uint64_t)},
};

static assay_code scripted_verify(void *argument, enum assay_moment moment, assay_err *err)
{
    struct scripted_state *state = argument;
    state->verified++;
    bool is_bad = (moment == ASSAY_BEFORE_RUN && state->fault == SCRIPTED_FAIL_BEFORE) ||
                  (moment == ASSAY_AFTER_RUN && state->fault == SCRIPTED_FAIL_AFTER);
    return is_bad ? assay_fail(err, ASSAY_NETWORK, "planted: the subject does not answer") : ASSAY_OK;
}

static assay_code scripted_worker_open(void *argument, void *block, const struct assay_worker_setup *setup,
                                       assay_err *err)
{
    struct scripted_worker *worker = block;
    worker->state = argument;
    worker->recorder = setup->recorder;
    worker->slots = setup->slots;
    if (worker->state->fault == SCRIPTED_FAIL_OPEN) {
        return assay_fail(err, ASSAY_NETWORK, "planted: the worker cannot open");
    }
    if (worker->state->count_allocations) {
        worker->state->allocations_at_open = worker->state->count_allocations();
    }
    return ASSAY_OK;
}

static assay_code scripted_submit(void *block, const struct assay_operation *operation, assay_err *err)
{
    struct scripted_worker *worker = block;
    struct scripted_state *state = worker->state;
    assert(worker->count < worker->slots && worker->count < SCRIPTED_IN_FLIGHT_MAX);
    if (state->fault == SCRIPTED_FAIL_SUBMIT && operation->id == 2) {
        return assay_fail(err, ASSAY_NETWORK, "planted: the harness cannot submit");
    }
    const struct scripted_op *op = &state->ops[operation->id % state->ops_count];
    uint64_t now_ns = scripted_now(state->clock);
    worker->flights[worker->count++] =
        (struct flight){.id = operation->id,
                        .operation = *operation,
                        .start_ns = now_ns,
                        .end_ns = op->takes_ns == UINT64_MAX ? UINT64_MAX : now_ns + op->takes_ns,
                        .status = op->status};
    if (operation->id < SCRIPTED_IN_FLIGHT_MAX) {
        state->due_ns[operation->id] = operation->due_ns;
        state->queued_ns[operation->id] = operation->queued_ns;
    }
    state->submitted++;
    if (worker->count > state->most_in_flight) {
        state->most_in_flight = worker->count;
    }
    if (state->stop_flag && operation->id == state->stop_at) {
        *state->stop_flag = 1;
    }
    return ASSAY_OK;
}

static void record(struct scripted_worker *worker, const struct flight *flight)
{
    struct assay_sample sample = {.id = flight->id,
                                  .arm = flight->operation.op->arm,
                                  .status = flight->status,
                                  .iterations = 1,
                                  .due_ns = flight->operation.due_ns,
                                  .queued_ns = flight->operation.queued_ns,
                                  .start_ns = flight->start_ns,
                                  .end_ns = flight->end_ns,
                                  .cpu_ns = ASSAY_NS_ABSENT};
    if (worker->state->fault == SCRIPTED_FORGET && flight->id == 2) {
        return;
    }
    assay_recorder_sample(worker->recorder, &sample);
    if (worker->state->fault == SCRIPTED_RECORD_TWICE && flight->id == 2) {
        assay_recorder_sample(worker->recorder, &sample);
    }
}

/* The flight that ends first, or NULL. */
static struct flight *next_end(struct scripted_worker *worker)
{
    struct flight *first = NULL;
    for (size_t i = 0; i < worker->count; i++) {
        if (!first || worker->flights[i].end_ns < first->end_ns) {
            first = &worker->flights[i];
        }
    }
    return first;
}

static size_t finish(struct scripted_worker *worker, struct flight *flight, struct assay_completion *ret)
{
    record(worker, flight);
    *ret = (struct assay_completion){.id = flight->id,
                                     .start_ns = flight->start_ns,
                                     .first_ns = ASSAY_NS_ABSENT,
                                     .end_ns = flight->end_ns,
                                     .status = flight->status};
    *flight = worker->flights[--worker->count];
    if (worker->state->fault == SCRIPTED_REPORT_TWICE && ret->id == 2) {
        ret[1] = ret[0];
        return 2;
    }
    return 1;
}

static assay_code scripted_reap(void *block, uint64_t deadline_ns, struct assay_completion *ret, size_t max,
                                size_t *ret_count, assay_err *err)
{
    (void)err;
    struct scripted_worker *worker = block;
    struct scripted_clock *clock = worker->state->clock;
    struct flight *first = next_end(worker);
    size_t count = 0;
    uint64_t until_ns = first && first->end_ns < deadline_ns ? first->end_ns : deadline_ns;
    scripted_sleep_until(clock, until_ns);
    uint64_t now_ns = scripted_now(clock);
    while (first && first->end_ns <= now_ns && count + 1 < max) {
        count += finish(worker, first, &ret[count]);
        first = next_end(worker);
    }
    *ret_count = count;
    return ASSAY_OK;
}

static void scripted_cancel(void *block, enum assay_status status)
{
    struct scripted_worker *worker = block;
    worker->state->cancelled += worker->count;
    for (size_t i = 0; i < worker->count && worker->state->fault != SCRIPTED_IGNORE_CANCEL; i++) {
        worker->flights[i].status = status;
        worker->flights[i].end_ns = scripted_now(worker->state->clock);
    }
}

static void scripted_worker_close(void *block)
{
    struct scripted_worker *worker = block;
    if (worker->state) {
        if (worker->state->count_allocations) {
            worker->state->allocations_at_close = worker->state->count_allocations();
        }
        worker->state->closed_workers++;
    }
}

const struct assay_workload scripted_workload = {
    .name = "noop", /* the names are a closed list, and it does nothing */
    .summary = "plays a script",
    .options = OPTIONS,
    .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
    .state_bytes = sizeof(struct scripted_state),
    .worker_bytes = sizeof(struct scripted_worker),
    .verify = scripted_verify,
    .worker_open = scripted_worker_open,
    .submit = scripted_submit,
    .reap = scripted_reap,
    .cancel = scripted_cancel,
    .worker_close = scripted_worker_close,
};
