/*
 * A run that is ready to be read options into: the combined table, and one block of values with the workload's state.
 */
#ifndef ASSAY_CLI_PREPARED_RUN_H
#define ASSAY_CLI_PREPARED_RUN_H

#include "cli/run_options.h"

#include "base/mem.h"

struct assay_prepared_run {
    const struct assay_workload *workload;
    struct assay_run_table table;
    void *values; /* struct assay_run_options, then the workload's state */
    struct assay_opt_seen seen;
    const json_t *checks; /* measured beforehand by the verb, borrowed; NULL: none */
};

assay_code assay_prepared_run_init(struct assay_prepared_run *run, const struct assay_workload *workload,
                                   assay_err *err);
void assay_prepared_run_done(struct assay_prepared_run *run);
struct assay_run_options *assay_prepared_run_options(const struct assay_prepared_run *run);
void *assay_prepared_run_state(const struct assay_prepared_run *run); /* the workload's */

/* Sets an option by name, as a command line would; value NULL: nothing. The text is borrowed. */
assay_code assay_prepared_run_set(struct assay_prepared_run *run, const char *name, const char *value, assay_err *err);
/* An arm as "a=TEXT": with its letter in front a text is never taken for one. The copy belongs to arena. */
assay_code assay_prepared_run_arm(struct assay_prepared_run *run, char id, const char *text, struct assay_arena *arena,
                                  assay_err *err);
/* One arm an argument, a, b, ... in their order. */
assay_code assay_prepared_run_arms(struct assay_prepared_run *run, const struct assay_opt_result *given,
                                   struct assay_arena *arena, assay_err *err);

/* Options that a verb hands on as they were given: by name, and where the text (or NULL) stands in the verb's values.
 */
struct assay_passed {
    const char *name;
    size_t offset;
};
assay_code assay_prepared_run_pass(struct assay_prepared_run *run, const struct assay_passed *passed, size_t count,
                                   const void *values, assay_err *err);

#endif
