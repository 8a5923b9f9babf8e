/*
 * Inside serve/: one request on its way through the engine. The server makes it and may let go of it at any time; the
 * engine lets go when it is done with it; whoever is last frees it.
 */
#ifndef ASSAY_SERVE_LM_WORK_H
#define ASSAY_SERVE_LM_WORK_H

#include "lm/lm.h"
#include "serve/lm_ask.h"
#include "serve/lm_output.h"

#include <stdatomic.h>

struct lm_work {
    /* What is asked: written before it is submitted, read-only afterwards. */
    struct assay_tokens prompt; /* at least one */
    struct assay_sampling sampling;
    struct assay_slice stops[LM_STOPS_MAX];
    size_t stops_count;
    uint64_t max_tokens, context; /* context: positions that this request may fill */
    bool ignores_eos;
    void *owner; /* the server's */

    atomic_uint holders;
    atomic_bool is_cancelled;

    /* Under the engine's lock. */
    struct lm_output output;
    struct lm_work *next, *next_news;
    bool has_news;
    struct assay_arena arena; /* stop texts */
};

/* Takes the tokens over. The sampling has its seed. */
assay_code lm_work_new(const struct lm_ask *ask, struct assay_tokens *prompt, const struct assay_sampling *sampling,
                       struct lm_work **ret, assay_err *err);
void lm_work_hold(struct lm_work *work);
void lm_work_drop(struct lm_work *work); /* fine on NULL */

#endif
