/*
 * A session: one sequence of tokens through a model, with its cache of keys and values.
 *
 *     rc = assay_session_new(engine, 0, &session, err);
 *     rc = assay_session_eval(session, ids, count, &logits, err);   // any number of tokens; logits of the last one
 *     assay_session_rewind(session, 0);                             // forgets all positions from 0 on
 *     assay_session_free(session);
 *
 * Many sessions share one pass over the weights:
 *
 *     struct assay_session_step steps[] = {{.session = a, .ids = &id_a, .count = 1}, {.session = b, ...}};
 *     rc = assay_session_eval_many(steps, 2, err);                  // steps[i].logits
 *
 * Evaluating n tokens at once, or beside other sequences, on any number of threads, gives the bits of evaluating them
 * one by one and alone (kernels.md 3.3): all of that is only a matter of speed. The head is computed for wanted logits
 * only. Sessions belong to the thread of their engine.
 */
#ifndef ASSAY_LM_SESSION_H
#define ASSAY_LM_SESSION_H

#include "lm/engine.h"

struct assay_session;

/* context: positions that it may come to; 0 = the engine's. No memory is taken before positions are. */
assay_code assay_session_new(struct assay_engine *engine, uint64_t context, struct assay_session **ret, assay_err *err);
void assay_session_free(struct assay_session *session); /* fine on NULL; its pages go back to the pool */

/* Takes and touches the cache of so many positions in all, so that evaluating them allocates nothing. TOO_LARGE: beyond
 * the context. UNDECIDED: the pool has too few pages left; nothing is taken. */
assay_code assay_session_reserve(struct assay_session *session, uint64_t positions, assay_err *err);

/* *ret_logits: one a token of the vocabulary, valid until the next call on the engine. TOO_LARGE: the context is full.
 * UNDECIDED: the pool is. MALFORMED: an id beyond the vocabulary, or numbers that are no longer finite. INTERRUPTED:
 * the engine's watch said so. After a failure the session stands where it stood. */
assay_code assay_session_eval(struct assay_session *session, const int32_t *ids, size_t count, const float **ret_logits,
                              assay_err *err);

enum assay_logits {
    ASSAY_LOGITS_LAST, /* of the last token */
    ASSAY_LOGITS_BEST, /* the same, but whoever asks wants the largest one alone, ties to the lowest id: with a screened
                        * head, rows that cannot be it may be -infinity */
    ASSAY_LOGITS_ALL,  /* [token][vocabulary] */
    ASSAY_LOGITS_NONE
};
struct assay_session_step {
    struct assay_session *session; /* each one once */
    const int32_t *ids;
    size_t count;
    enum assay_logits wants;
    const float *logits; /* comes out, valid until the next call on the engine; NULL with NONE */
};
/* Sessions of one engine. Errors as assay_session_eval; after one all sessions stand where they stood. TOO_LARGE: more
 * rows of logits than the engine was set up for. */
assay_code assay_session_eval_many(struct assay_session_step *steps, size_t count, assay_err *err);

const struct assay_model *assay_session_model(const struct assay_session *session);
/* Where the keys and the values of a layer lie: the same number of bytes each, of the positions so far. */
struct assay_session_cache {
    const void *keys, *values;
    uint64_t bytes;
};
struct assay_session_cache assay_session_cache_of(const struct assay_session *session, uint64_t layer);

uint64_t assay_session_position(const struct assay_session *session);
uint64_t assay_session_context(const struct assay_session *session);
void assay_session_rewind(struct assay_session *session, uint64_t position); /* to one that it has passed */

#endif
