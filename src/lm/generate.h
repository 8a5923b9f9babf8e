/*
 * Generation: from a prompt to a text, one sequence, until something ends it (kernels.md 5.2, 5.3).
 *
 *     struct assay_generation how = {.prompt = ids, .prompt_count = n, .sampling = {.seed = s}, .tokens_max = 64};
 *     rc = assay_generate(session, &how, &generated, err);
 *     assay_generated_done(&generated);
 *
 * With drafts, the tokens that followed the last few ones earlier in the sequence are proposed, and one pass checks all
 * of them. A proposal is kept only if the sampler, with the logits of the pass and its own next draw, picks it: ids and
 * logits are the same as without, whatever is proposed.
 */
#ifndef ASSAY_LM_GENERATE_H
#define ASSAY_LM_GENERATE_H

#include "lm/sampler.h"
#include "lm/session.h"
#include "lm/stream.h"

#define ASSAY_DRAFT_TOKENS_MAX 16 /* one pass serves so many for little more than the price of one (kernels.md 4.1) */

enum assay_ended {
    ASSAY_ENDED_STOP,   /* an end token or a stop string */
    ASSAY_ENDED_LENGTH, /* tokens_max, or the context is full */
    ASSAY_ENDED_CANCELLED
};
const char *assay_ended_text(enum assay_ended finish); /* "stop" */

struct assay_generation {
    const int32_t *prompt;
    size_t prompt_count; /* at least 1 */
    struct assay_sampling sampling;
    uint64_t tokens_max;
    const struct assay_slice *stops;
    size_t stops_count;
    bool ignores_end; /* goes on after an end token */
    bool drafts;
    /* Each may be NULL. Text as it becomes clear; false ends the generation as cancelled. */
    bool (*on_text)(void *context, struct assay_slice text);
    /* The logits from which each token was picked, in order; of greedy choices by a screened head the largest alone. */
    void (*on_logits)(void *context, const float *logits, size_t count);
    void *context;
};

struct assay_generated {
    struct assay_tokens tokens; /* that were picked; the end token is the last one, where there is one */
    enum assay_ended finish;
    uint64_t prompt_ns, first_ns, decode_ns; /* first: the start to the first token; decode: from there to the end */
    uint64_t passes;                         /* after the prompt */
    uint64_t drafted, accepted;
};

/* The session is rewound to 0 first. TOO_LARGE: the prompt fills the context. */
assay_code assay_generate(struct assay_session *session, const struct assay_generation *how,
                          struct assay_generated *ret, assay_err *err);
void assay_generated_done(struct assay_generated *generated);

/* Proposes what followed the last tokens where they stood before, latest place first, at most `most` ids; 0: nowhere.
 */
size_t assay_draft_find(const int32_t *ids, size_t count, size_t most, int32_t *ret_ids);

#endif
