#include "serve/lm_work.h"

#include "base/mem.h"

#include <string.h>

#define ARENA_BYTES_MAX ((size_t)2 * LM_STOPS_MAX * LM_STOP_BYTES_MAX + 4096)

static assay_code copy_stops(struct lm_work *work, const struct lm_ask *ask, assay_err *err)
{
    for (size_t i = 0; i < ask->stops_count; i++) {
        char *copy = assay_arena_text(&work->arena, ask->stops[i].data, ask->stops[i].len);
        if (!copy) {
            return assay_nomem(err);
        }
        work->stops[i] = (struct assay_slice){copy, ask->stops[i].len};
        work->stops_count++;
    }
    return ASSAY_OK;
}

assay_code lm_work_new(const struct lm_ask *ask, struct assay_tokens *prompt, const struct assay_sampling *sampling,
                       struct lm_work **ret, assay_err *err)
{
    struct lm_work *work = assay_alloc(1, sizeof *work);
    if (!work) {
        return assay_nomem(err);
    }
    atomic_init(&work->holders, 1);
    atomic_init(&work->is_cancelled, false);
    assay_arena_init(&work->arena, ARENA_BYTES_MAX);
    lm_output_init(&work->output, ask->wants_logprobs, (size_t)ask->top_logprobs);
    assay_code rc = copy_stops(work, ask, err);
    if (rc != ASSAY_OK) {
        lm_work_drop(work);
        return rc;
    }
    work->sampling = *sampling;
    work->max_tokens = ask->max_tokens;
    work->ignores_eos = ask->ignores_eos;
    work->prompt = *prompt;
    *prompt = (struct assay_tokens){0};
    *ret = work;
    return ASSAY_OK;
}

void lm_work_hold(struct lm_work *work)
{
    atomic_fetch_add_explicit(&work->holders, 1, memory_order_relaxed);
}

/* What one holder wrote is seen by the one that frees. */
void lm_work_drop(struct lm_work *work)
{
    if (work && atomic_fetch_sub_explicit(&work->holders, 1, memory_order_acq_rel) == 1) {
        assay_tokens_done(&work->prompt);
        lm_output_done(&work->output);
        assay_arena_done(&work->arena);
        assay_free(work);
    }
}
