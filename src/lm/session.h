/*
 * A session: one sequence of tokens through a model, with its cache of keys and values.
 *
 *     rc = assay_session_new(model, context, batch, threads_counters, &session, err);
 *     rc = assay_session_eval(session, ids, count, &logits, err);   // any number of tokens; logits of the last one
 *     assay_session_rewind(session, 0);                             // forgets all positions from 0 on
 *     assay_session_free(session);
 *
 * Everything is allocated when the session is made. Evaluating n tokens at once gives the bits of evaluating them one
 * by one (kernels.md 3.3): a batch is only a matter of speed. A session belongs to one thread at a time.
 */
#ifndef ASSAY_LM_SESSION_H
#define ASSAY_LM_SESSION_H

#include "lm/model.h"

#define ASSAY_SESSION_BATCH_MAX 512

struct assay_session;

struct assay_session_setup {
    uint64_t context;                     /* positions; 0 = the model's, at most the model's */
    uint64_t batch;                       /* tokens of one pass, 1..ASSAY_SESSION_BATCH_MAX; 0 = 32 */
    struct assay_kernel_thread *counters; /* of the thread that evaluates */
};

assay_code assay_session_new(const struct assay_model *model, const struct assay_session_setup *setup,
                             struct assay_session **ret, assay_err *err);
void assay_session_free(struct assay_session *session); /* fine on NULL */

/* *ret_logits: one a token of the vocabulary, valid until the next call. TOO_LARGE: the context is full. MALFORMED: an
 * id beyond the vocabulary, or numbers that are no longer finite. */
assay_code assay_session_eval(struct assay_session *session, const int32_t *ids, size_t count, const float **ret_logits,
                              assay_err *err);
uint64_t assay_session_position(const struct assay_session *session);
uint64_t assay_session_context(const struct assay_session *session);
void assay_session_rewind(struct assay_session *session, uint64_t position);

#endif
