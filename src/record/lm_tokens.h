/*
 * Tokens of a run of the built-in language model: what the plan says an operation computes, held against what the
 * kernels counted (kernels.md 1.3: no token that no forward pass made). Inside this room only.
 *
 * An arm's arguments say the tokens and logits of one operation, and the products that a token takes in the layers and
 * a logit in the head. The counters must show at least that many for every operation that is ok.
 */
#ifndef ASSAY_RECORD_LM_TOKENS_H
#define ASSAY_RECORD_LM_TOKENS_H

#include "record/plan.h"
#include "record/trace.h"

struct lm_tokens {
    uint64_t tokens;   /* of all operations that are ok */
    uint64_t failures; /* operations with another number of tokens, and arms with too few products */
    struct {
        uint64_t tokens,
            wall_ns; /* of the arm's operations that are ok, warm-up included: what its counters are about */
    } arms[ASSAY_PLAN_ARMS_MAX];
};

/* MALFORMED: arguments are missing. */
assay_code assay_lm_tokens_of(const struct assay_plan *plan, struct assay_trace *trace, struct lm_tokens *ret,
                              assay_err *err);

#endif
