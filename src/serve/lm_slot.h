/* Inside serve/: one sequence of a pass, and the request that it belongs to. Of the engine's thread. */
#ifndef ASSAY_SERVE_LM_SLOT_H
#define ASSAY_SERVE_LM_SLOT_H

#include "serve/lm_card.h"
#include "serve/lm_work.h"

struct lm_slot {
    const struct lm_card *card;
    struct assay_engine *engine;
    struct lm_work *work; /* NULL: free */
    struct assay_session *session;
    struct assay_sampler *sampler;
    struct assay_stream stream;
    size_t fed;   /* tokens of the prompt that were evaluated */
    int32_t next; /* what the next decoding pass evaluates */
};

/* Makes the slot ready for the work, which the caller puts in under its lock: it is the first time that memory for it
 * is needed, and its cache is taken for all that it may come to. UNDECIDED: others hold too much of the caches; it has
 * to wait. On failure the slot stays free. */
assay_code lm_slot_start(struct lm_slot *slot, struct lm_work *work, assay_err *err);
void lm_slot_end(struct lm_slot *slot); /* frees the slot; the work is dropped */

bool lm_slot_is_decoding(const struct lm_slot *slot); /* its next pass gives a token */
/* What the next pass evaluates of it, at most `most` tokens, at least one. */
struct lm_slot_ids {
    const int32_t *ids;
    size_t count;
} lm_slot_ids(struct lm_slot *slot, size_t most);
void lm_slot_fed(struct lm_slot *slot, size_t count); /* a pass without a token */

/* What a decoding pass gave: drawn without the lock, shown to the server under it. */
struct lm_drawn {
    int32_t id;
    bool is_end;
    struct lm_top chosen, tops[LM_TOP_LOGPROBS_MAX];
};
void lm_slot_draw(struct lm_slot *slot, const float *logits, struct lm_drawn *ret);
/* Under the engine's lock. Sets work->output.finish when it was the last one. Returns whether there is news. */
bool lm_slot_show(struct lm_slot *slot, const struct lm_drawn *drawn, uint64_t now_ns);

#endif
