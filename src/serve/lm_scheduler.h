/*
 * Inside serve/: the scheduler of one model. Requests wait in one queue, first come first served; a fixed number of
 * slots share each pass over the weights (kernels.md 5.4).
 *
 *     rc = lm_scheduler_new(&setup, &engine, err);                // starts its thread
 *     rc = lm_scheduler_submit(engine, work);                     // LM_ACCEPTED: the engine holds it from now on
 *     ... on_news is called, from the engine's thread; then:
 *     while ((work = lm_scheduler_news(engine))) { ... drop it }  // works whose output has changed
 *     lm_scheduler_lock(engine); ... read work->output ...; lm_scheduler_unlock(engine);
 *     lm_scheduler_cancel(engine, work);                          // nobody reads it any more
 *     lm_scheduler_close(engine);                                 // no new ones
 *     lm_scheduler_cut(engine);                                   // those that are there end between two layers
 *     lm_scheduler_free(engine);
 *
 * A pass takes one token of every stream that is decoding and fills up with tokens of prompts. The last token of a
 * prompt is evaluated like a decoded one: it gives the first token, so a stream of n tokens has n decoding passes, and
 * its time is that of exactly n tokens. What comes out of a stream does not depend on who shares its passes, since the
 * kernels' rows do not (kernels.md 3.3).
 */
#ifndef ASSAY_SERVE_LM_SCHEDULER_H
#define ASSAY_SERVE_LM_SCHEDULER_H

#include "serve/lm_card.h"
#include "serve/lm_work.h"

#include <pthread.h>

#define LM_SLOTS_MAX 64 /* sequences of one pass */

struct lm_scheduler;

struct lm_scheduler_setup {
    const struct assay_lm_served *served;
    const struct assay_lm_serve_setup *server;
    pthread_mutex_t *pass_lock; /* models take turns: two passes at once would halve each other's threads */
    void (*on_news)(void *context);
    void *context;
};
/* Starts the thread, which opens the model and then owns it; returns when it is there or why it is not. */
assay_code lm_scheduler_new(const struct lm_scheduler_setup *setup, struct lm_scheduler **ret, assay_err *err);
/* Ends the thread; what was still there is cut. Fine on NULL. */
void lm_scheduler_free(struct lm_scheduler *scheduler);

const struct lm_card *lm_scheduler_card(const struct lm_scheduler *scheduler);

enum lm_submitted { LM_ACCEPTED, LM_QUEUE_FULL, LM_CLOSED };
enum lm_submitted lm_scheduler_submit(struct lm_scheduler *scheduler, struct lm_work *work);
struct lm_work *lm_scheduler_news(struct lm_scheduler *scheduler); /* held for the caller, who drops it; NULL: none */
void lm_scheduler_cancel(struct lm_scheduler *scheduler, struct lm_work *work);
void lm_scheduler_close(struct lm_scheduler *scheduler);
void lm_scheduler_cut(struct lm_scheduler *scheduler);
void lm_scheduler_lock(struct lm_scheduler *scheduler);
void lm_scheduler_unlock(struct lm_scheduler *scheduler);

/* Since the start, and now. */
struct lm_scheduler_totals {
    uint64_t finished[LM_FAILED + 1];      /* by enum lm_finish */
    uint64_t prompt_tokens, output_tokens; /* evaluated; drawn */
    uint64_t passes, pass_tokens, pass_ns;
    uint64_t queue, busy, slots; /* now */
    uint64_t positions_free;     /* of the caches, after the last pass */
    uint64_t queue_full;         /* refused for it */
};
void lm_scheduler_read(struct lm_scheduler *scheduler, struct lm_scheduler_totals *ret);
/* The kernels' counters as they stood after a pass less than LM_SNAPSHOT_NS ago, or when the engine came to rest.
 * Returns how many rows there are. */
#define LM_SNAPSHOT_NS (100 * ASSAY_NS_PER_MS)
size_t lm_scheduler_kernels(struct lm_scheduler *scheduler, struct assay_lm_kernel *rows, size_t max);

#endif
