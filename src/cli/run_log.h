/*
 * A run that is signed and logged: `run --key FILE [--log DIR]` (evidence.md 2.5). Read the head, derive the choices,
 * append the intent, measure, sign, write the document, append its entry, leave receipt.tlog-proof and
 * receipt.tlog-entry in the run directory.
 *
 *     assay_run_log_open(around, &log, err);        // keys and log are there: said before anything is measured
 *     assay_run_log_prepare(log, &setup, err);       // seed, hooks
 *     ... assay_run ...
 *     assay_run_log_finish(log, &result, err);       // outcome, proof, state of the key
 *     assay_run_log_close(log);
 */
#ifndef ASSAY_CLI_RUN_LOG_H
#define ASSAY_CLI_RUN_LOG_H

#include "cli/run_options.h"

struct assay_run_log;

/* *ret stays NULL without --key and --log. */
assay_code assay_run_log_open(const struct assay_around_options *around, struct assay_run_log **ret, assay_err *err);
assay_code assay_run_log_prepare(struct assay_run_log *log, struct assay_run_setup *setup, assay_err *err);
assay_code assay_run_log_finish(struct assay_run_log *log, const struct assay_run_result *result, assay_err *err);
void assay_run_log_close(struct assay_run_log *log); /* fine on NULL */

#endif
