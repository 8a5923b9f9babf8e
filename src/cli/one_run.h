/*
 * One run of one workload, from options that are read to files, history and the result on standard output. Used by
 * `assay run WORKLOAD` and, once a run, by suites.
 */
#ifndef ASSAY_CLI_ONE_RUN_H
#define ASSAY_CLI_ONE_RUN_H

#include "cli/cli.h"
#include "cli/run_options.h"

struct assay_one_run {
    const struct assay_workload *workload;
    struct assay_run_table table;
    void *values; /* struct assay_run_options, then the workload's state */
    struct assay_opt_seen seen;
};

assay_code assay_one_run_init(struct assay_one_run *run, const struct assay_workload *workload, assay_err *err);
void assay_one_run_done(struct assay_one_run *run);
struct assay_run_options *assay_one_run_options(const struct assay_one_run *run);
void *assay_one_run_state(const struct assay_one_run *run); /* the workload's */

/* Measures, stores, prints. The code is that of the run: OK, UNDECIDED (invalid, partial, aborted), NETWORK (failed),
 * with cli->has_judged set, or the harness's own failure. */
assay_code assay_one_run_do(struct assay_cli *cli, struct assay_one_run *run, assay_err *err);

#endif
