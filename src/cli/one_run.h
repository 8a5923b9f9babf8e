/*
 * One run of one workload, from options that are read to files, history and the result on standard output. Used by
 * `assay run WORKLOAD` and, once a run, by suites.
 */
#ifndef ASSAY_CLI_ONE_RUN_H
#define ASSAY_CLI_ONE_RUN_H

#include "cli/cli.h"
#include "cli/prepared_run.h"

/* Measures, stores, prints. The code is that of the run: OK, UNDECIDED (invalid, partial, aborted), NETWORK (failed),
 * with cli->has_judged set, or the harness's own failure. */
assay_code assay_one_run_do(struct assay_cli *cli, struct assay_prepared_run *run, assay_err *err);

/* Measures and stores, and prints nothing: for verbs that judge the run. *ret is zeroed storage; the caller releases it
 * with assay_run_result_done, also after a failure. */
assay_code assay_one_run_keep(struct assay_prepared_run *run, struct assay_run_result *ret, assay_err *err);

#endif
