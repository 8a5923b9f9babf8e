/*
 * A run that is ready to be read options into: the combined table, and one block of values with the workload's state.
 */
#ifndef ASSAY_CLI_PREPARED_RUN_H
#define ASSAY_CLI_PREPARED_RUN_H

#include "cli/run_options.h"

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

#endif
