#include "lm/engine_room.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define HUGE_PAGE_BYTES ((uint64_t)2 << 20)
#define SMALL_PAGE_BYTES 4096

/* ---- cache -------------------------------------------------------------------------------------------------------*/

static uint64_t row_values(const struct assay_session *session)
{
    const struct assay_model_shape *shape = &session->engine->model->shape;
    return shape->kv_heads * shape->head;
}

assay_code assay_session_new(struct assay_engine *engine, uint64_t context, struct assay_session **ret, assay_err *err)
{
    context = context ? context : engine->context;
    if (context > engine->context) {
        return assay_fail(err, ASSAY_USAGE, "a context of %" PRIu64 ", expected at most %" PRIu64, context,
                          engine->context);
    }
    struct assay_session *session = assay_alloc(1, sizeof *session);
    if (!session) {
        return assay_nomem(err);
    }
    session->engine = engine;
    session->context = context;
    uint64_t values = engine->model->shape.layers * context * row_values(session);
    uint64_t layer_bytes = context * row_values(session) * sizeof(uint16_t);
    /* a page of 2 MB over many layers of a short context would be taken for nothing */
    enum assay_pages pages = layer_bytes < HUGE_PAGE_BYTES ? ASSAY_PAGES_SMALL : engine->pages;
    assay_code rc = assay_pages_map(2 * values * sizeof(uint16_t), pages, &session->memory, err);
    if (rc != ASSAY_OK) {
        assay_free(session);
        return rc;
    }
    session->keys = session->memory.at;
    session->values = session->keys + values;
    *ret = session;
    return ASSAY_OK;
}

void assay_session_free(struct assay_session *session)
{
    if (session) {
        session->engine->pool_pages_free += session->pages;
        assay_pages_unmap(&session->memory);
        assay_free(session);
    }
}

/* One byte of every page: the system gives memory on the first write. */
static void touch(uint16_t *from, uint64_t values)
{
    for (uint64_t i = 0; i < values; i += SMALL_PAGE_BYTES / sizeof *from) {
        *(volatile uint16_t *)(from + i) = 0;
    }
    if (values > 0) {
        *(volatile uint16_t *)(from + values - 1) = 0;
    }
}

static void touch_positions(struct assay_session *session, uint64_t from, uint64_t to)
{
    uint64_t row = row_values(session);
    for (uint64_t layer = 0; layer < session->engine->model->shape.layers; layer++) {
        uint64_t at = (layer * session->context + from) * row;
        touch(session->keys + at, (to - from) * row);
        touch(session->values + at, (to - from) * row);
    }
}

assay_code assay_session_reserve(struct assay_session *session, uint64_t positions, assay_err *err)
{
    struct assay_engine *engine = session->engine;
    if (positions > session->context) {
        return assay_fail(err, ASSAY_TOO_LARGE, "%" PRIu64 " positions, expected at most %" PRIu64 " (the context)",
                          positions, session->context);
    }
    uint64_t pages = (positions + ASSAY_KV_PAGE_POSITIONS - 1) / ASSAY_KV_PAGE_POSITIONS;
    if (pages <= session->pages) {
        return ASSAY_OK;
    }
    if (pages - session->pages > engine->pool_pages_free) {
        return assay_fail(err, ASSAY_UNDECIDED,
                          "a cache of %" PRIu64 " positions: %" PRIu64 " are free beside the %" PRIu64
                          " that this sequence has, of %" PRIu64,
                          positions, engine->pool_pages_free * ASSAY_KV_PAGE_POSITIONS,
                          session->pages * ASSAY_KV_PAGE_POSITIONS, engine->pool_pages * ASSAY_KV_PAGE_POSITIONS);
    }
    engine->pool_pages_free -= pages - session->pages;
    session->pages = pages;
    uint64_t end = pages * ASSAY_KV_PAGE_POSITIONS;
    end = end < session->context ? end : session->context;
    touch_positions(session, session->touched, end);
    engine_fill_angles(engine, end);
    session->touched = end;
    return ASSAY_OK;
}

const struct assay_model *assay_session_model(const struct assay_session *session)
{
    return session->engine->model;
}

struct assay_session_cache assay_session_cache_of(const struct assay_session *session, uint64_t layer)
{
    const struct assay_model_shape *shape = &session->engine->model->shape;
    uint64_t narrow = shape->kv_heads * shape->head, at = layer * session->context * narrow;
    return (struct assay_session_cache){.keys = session->keys + at,
                                        .values = session->values + at,
                                        .bytes = session->position * narrow * sizeof *session->keys};
}

uint64_t assay_session_position(const struct assay_session *session)
{
    return session->position;
}

uint64_t assay_session_context(const struct assay_session *session)
{
    return session->context;
}

void assay_session_rewind(struct assay_session *session, uint64_t position)
{
    assert(position <= session->position);
    session->position = position;
}

/* ---- passes ------------------------------------------------------------------------------------------------------*/

#define SPANS_MAX ASSAY_ENGINE_BATCH_MAX /* a span has a token at least */

/* A pass while it is filled from the steps of a call. */
struct plan {
    struct pass pass;
    struct span spans[SPANS_MAX];
    uint64_t wanted[ASSAY_ENGINE_BATCH_MAX];
    uint64_t rows_done, best_count; /* wanted ones of which only the largest is */
};

static assay_code check_ids(const struct assay_session_step *step, assay_err *err)
{
    uint64_t count = step->session->engine->model->shape.vocabulary;
    for (size_t i = 0; i < step->count; i++) {
        if (step->ids[i] < 0 || (uint64_t)step->ids[i] >= count) {
            return assay_fail(err, ASSAY_MALFORMED, "token id %" PRId32 ", expected 0 to %" PRIu64, step->ids[i],
                              count - 1);
        }
    }
    return ASSAY_OK;
}

static assay_code check_step(const struct assay_session_step *step, assay_err *err)
{
    struct assay_session *session = step->session;
    assert(step->count > 0);
    if (step->count > session->context - session->position) {
        return assay_fail(err, ASSAY_TOO_LARGE,
                          "%zu tokens after %" PRIu64 ", expected at most %" PRIu64 " in all (the context)",
                          step->count, session->position, session->context);
    }
    assay_code rc = check_ids(step, err);
    return rc == ASSAY_OK ? assay_session_reserve(session, session->position + step->count, err) : rc;
}

static assay_code check_steps(struct assay_session_step *steps, size_t count, assay_err *err)
{
    struct assay_engine *engine = steps[0].session->engine;
    uint64_t rows = 0;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        assert(steps[i].session->engine == engine);
        uint64_t wants = steps[i].wants == ASSAY_LOGITS_ALL ? steps[i].count : steps[i].wants != ASSAY_LOGITS_NONE;
        steps[i].logits = wants > 0 ? engine->work.logits + rows * engine->model->shape.vocabulary : NULL;
        rows += wants;
        if (rows > engine->logits_rows) {
            return assay_fail(err, ASSAY_TOO_LARGE, "logits of more than %" PRIu64 " tokens in one call",
                              engine->logits_rows);
        }
        rc = check_step(&steps[i], err);
    }
    return rc;
}

/* Takes tokens of the step, from number `from` on, into what room the pass has left. */
static size_t take_tokens(struct plan *plan, const struct assay_session_step *step, size_t from)
{
    struct pass *pass = &plan->pass;
    uint64_t room = pass->engine->batch - pass->tokens;
    size_t count = step->count - from < room ? step->count - from : (size_t)room;
    plan->spans[pass->spans_count++] = (struct span){.session = step->session,
                                                     .ids = step->ids + from,
                                                     .first = pass->tokens,
                                                     .count = count,
                                                     .position = step->session->position + from};
    for (size_t i = 0; i < count; i++) {
        bool is_last = from + i + 1 == step->count;
        if (step->wants == ASSAY_LOGITS_ALL || (step->wants != ASSAY_LOGITS_NONE && is_last)) {
            plan->wanted[pass->wanted_count++] = pass->tokens + i;
            plan->best_count += step->wants == ASSAY_LOGITS_BEST;
        }
    }
    pass->tokens += count;
    return count;
}

static assay_code run_plan(struct plan *plan, assay_err *err)
{
    plan->pass.first_row = plan->rows_done;
    plan->rows_done += plan->pass.wanted_count;
    plan->pass.wants_best = plan->best_count == plan->pass.wanted_count && plan->best_count > 0;
    assay_code rc = forward_run(&plan->pass, err);
    plan->pass.tokens = plan->pass.spans_count = plan->pass.wanted_count = plan->best_count = 0;
    return rc;
}

static assay_code run_steps(const struct assay_session_step *steps, size_t count, assay_err *err)
{
    struct plan plan = {.pass = {.engine = steps[0].session->engine}};
    plan.pass.spans = plan.spans;
    plan.pass.wanted = plan.wanted;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        for (size_t done = 0; rc == ASSAY_OK && done < steps[i].count;) {
            done += take_tokens(&plan, &steps[i], done);
            rc = plan.pass.tokens == plan.pass.engine->batch ? run_plan(&plan, err) : ASSAY_OK;
        }
    }
    return rc == ASSAY_OK && plan.pass.tokens > 0 ? run_plan(&plan, err) : rc;
}

assay_code assay_session_eval_many(struct assay_session_step *steps, size_t count, assay_err *err)
{
    assert(count > 0);
    assay_code rc = check_steps(steps, count, err);
    rc = rc == ASSAY_OK ? run_steps(steps, count, err) : rc;
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        steps[i].session->position += steps[i].count;
    }
    return rc;
}

assay_code assay_session_eval(struct assay_session *session, const int32_t *ids, size_t count, const float **ret_logits,
                              assay_err *err)
{
    struct assay_session_step step = {.session = session, .ids = ids, .count = count};
    assay_code rc = assay_session_eval_many(&step, 1, err);
    if (rc == ASSAY_OK) {
        *ret_logits = step.logits;
    }
    return rc;
}
