/*
 * What the verifier remembers (evidence.md 2.4): for each trust file the last version and, for each log, the last head,
 * in $XDG_STATE_HOME/assay/trust-ID.json (else ~/.local/state/assay). Going back is then refused.
 */
#ifndef ASSAY_CLI_MEMORY_H
#define ASSAY_CLI_MEMORY_H

#include "judge/judge.h"

#define ASSAY_MEMORY_STEPS_MAX 256

struct assay_cli_memory {
    struct assay_buf path; /* of the state file */
    json_t *state;         /* owned; NULL: nothing yet */
    struct assay_buf step_bytes[ASSAY_MEMORY_STEPS_MAX];
    struct assay_judge_bytes steps[ASSAY_MEMORY_STEPS_MAX];
    size_t steps_count;
};

/* What is remembered of a trust file that says this version (0: it could not be read); the steps to it are read from
 * TRUST.N beside it. Once an invocation. */
assay_code assay_cli_memory_load(const char *trust_path, uint64_t version, struct assay_cli_memory *ret,
                                 assay_err *err);
/* The same for the judge, with the head of one log; slices belong to `memory`. origin: of that log, borrowed, or NULL.
 */
assay_code assay_cli_memory_look(const struct assay_cli_memory *memory, const char *origin,
                                 struct assay_judge_memory *ret_memory, assay_err *err);
/* After a judgement whose CRYPTO did not fail. A place that cannot be written is a warning and no error. */
void assay_cli_memory_save(struct assay_cli_memory *memory, const struct assay_judgement *judgement);
void assay_cli_memory_done(struct assay_cli_memory *memory); /* fine on a zeroed one */

#endif
