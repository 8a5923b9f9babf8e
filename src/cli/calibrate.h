/*
 * Self-calibration (endpoints.md 7): before a run, the same client code measures a truth server on another core with
 * the same streams, for at most two seconds, and the difference of both logs is the error bar of the run.
 */
#ifndef ASSAY_CLI_CALIBRATE_H
#define ASSAY_CLI_CALIBRATE_H

#include "cli/prepared_run.h"
#include "measure/measure.h"

/* *ret_checks: an array with the check `stamp_calibration`, owned by the caller; left NULL for workloads without an
 * endpoint. A calibration that cannot be made is noted and left out, never invented: only a lack of memory or a stop by
 * the user is an error. */
assay_code assay_calibrate(const struct assay_prepared_run *run, const struct assay_run_setup *setup,
                           json_t **ret_checks, assay_err *err);

#endif
