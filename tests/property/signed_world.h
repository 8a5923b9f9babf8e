/*
 * A world in which everything is good: an honest run of some shape, its receipt signed by a listed key, the trust file,
 * and, as asked, the log or the proof of its entry. Reach tests change one thing in it.
 */
#ifndef ASSAY_TESTS_SIGNED_WORLD_H
#define ASSAY_TESTS_SIGNED_WORLD_H

#include "judge/judge.h"
#include "negative/evidence.h"
#include "support/honest_run.h"

#define WORLD_FILE_BYTES_MAX ((size_t)4 << 20)

enum world_kind { WORLD_SIGNED, WORLD_LOGGED, WORLD_PROVEN };

struct world {
    struct honest_options options;
    struct honest_run run;
    struct evidence evidence;
    struct assay_buf payload, document;
    struct assay_judge_input input; /* without plan and trace: what is refused is refused by its bytes alone */
};

/* The n-th shape of an honest run: workload, counts, tokens, arms, failures, times and host all vary with n. */
void world_shape(unsigned n, struct honest_options *ret);

void world_make(struct world *world, const struct honest_options *options, enum world_kind kind);
/* Keeps so many metrics, and signs anew: a short receipt, honest but for what only the trace shows. */
void world_shorten(struct world *world, size_t metrics);
void world_done(struct world *world);
/* Plan, trace and identity too: what only holds if everything recomputes. */
void world_give_all(struct world *world);

/* The document of another statement, with the envelope's signatures made by `signer` over its payload; 0: none. */
void world_document(const json_t *statement, unsigned signer, struct assay_buf *out);

/* Whether some violation fails; the exit status is checked to say the same. ret may be NULL, else it is the caller's.
 */
bool world_is_refused(const struct world *world, struct assay_judgement **ret);

#endif
