#include "measure/engine.h"

#define BREAKER_LEAST 20 /* operations ended before a share of failures says anything */

const char *assay_stop_reason_text(enum assay_stop_reason reason)
{
    static const char *const TEXTS[ASSAY_STOP_REASON_COUNT] = {
        [ASSAY_GOING_ON] = "going-on",      [ASSAY_STOPPED_REACHED] = "reached", [ASSAY_STOPPED_TIME] = "time",
        [ASSAY_STOPPED_PAIRS] = "pairs",    [ASSAY_STOPPED_ERRORS] = "errors",   [ASSAY_STOPPED_SIGNAL] = "signal",
        [ASSAY_STOPPED_HARNESS] = "harness"};
    return TEXTS[reason];
}

void assay_engine_stop(struct assay_engine *engine, enum assay_stop_reason reason)
{
    int going_on = ASSAY_GOING_ON;
    (void)atomic_compare_exchange_strong(&engine->stop_reason, &going_on, (int)reason);
}

enum assay_stop_reason assay_engine_stopped(const struct assay_engine *engine)
{
    return (enum assay_stop_reason)atomic_load_explicit(&engine->stop_reason, memory_order_relaxed);
}

/* A closed or paired loop that is asked for a duration: has it been reached? Open loops end with their plan. */
static bool is_duration_over(const struct assay_engine *engine, uint64_t now_ns)
{
    const struct assay_stop *stop = &engine->plan->stop;
    if (engine->plan->load.mode == ASSAY_LOAD_OPEN || stop->duration_ns == 0) {
        return false;
    }
    uint64_t from_ns = atomic_load_explicit(&engine->measured_from_ns, memory_order_relaxed);
    uint64_t issued = assay_handout_peek(&engine->handout);
    bool is_maximum =
        engine->plan->load.mode == ASSAY_LOAD_PAIRED; /* the count is; of a loop it is to be reached too */
    return from_ns != 0 && now_ns >= from_ns && now_ns - from_ns >= stop->duration_ns &&
           (is_maximum || issued >= engine->plan->warmup.samples + stop->count);
}

/* Why a plan that was issued to its end ended there. */
static enum assay_stop_reason reason_at_end(const struct assay_plan *plan)
{
    if (plan->stop.rule == ASSAY_STOP_PRECISION) {
        return ASSAY_STOPPED_PAIRS;
    }
    bool is_reached = plan->load.mode != ASSAY_LOAD_CLOSED || plan->stop.rule == ASSAY_STOP_COUNT;
    return is_reached ? ASSAY_STOPPED_REACHED : ASSAY_STOPPED_TIME;
}

bool assay_engine_must_stop(struct assay_engine *engine, uint64_t now_ns)
{
    const struct assay_plan *plan = engine->plan;
    if (assay_engine_stopped(engine) != ASSAY_GOING_ON) {
        return true;
    }
    if (engine->setup->stop_flag && *engine->setup->stop_flag) { /* at once, not when the monitor looks next */
        assay_engine_stop(engine, ASSAY_STOPPED_SIGNAL);
        return true;
    }
    if (is_duration_over(engine, now_ns)) {
        bool is_rule = plan->stop.rule == ASSAY_STOP_DURATION; /* of a precision rule the time is a limit */
        assay_engine_stop(engine, is_rule ? ASSAY_STOPPED_REACHED : ASSAY_STOPPED_TIME);
        return true;
    }
    if (assay_handout_peek(&engine->handout) >= plan->ops_count) {
        assay_engine_stop(engine, reason_at_end(plan));
        return true;
    }
    if (now_ns >= engine->origin_ns && now_ns - engine->origin_ns >= plan->stop.max_duration_ns) {
        assay_engine_stop(engine, ASSAY_STOPPED_TIME);
        return true;
    }
    return false;
}

bool assay_stop_share_exceeded(const struct assay_stop *stop, const struct assay_counts *counts)
{
    uint64_t ended = assay_counts_ended(counts);
    uint64_t bad = counts->ended[ASSAY_GROUP_FAILED] + counts->ended[ASSAY_GROUP_TIMED_OUT];
    return ended >= BREAKER_LEAST && (double)bad > stop->error_share_max * (double)ended;
}

void assay_engine_break_on_errors(struct assay_engine *engine)
{
    struct assay_counts sum = {0};
    for (size_t i = 0; i < engine->workers_count; i++) {
        struct assay_counts counts = assay_account_read(&engine->workers[i].account);
        assay_counts_add(&sum, &counts);
    }
    if (assay_stop_share_exceeded(&engine->plan->stop, &sum)) {
        assay_engine_stop(engine, ASSAY_STOPPED_ERRORS);
    }
}
