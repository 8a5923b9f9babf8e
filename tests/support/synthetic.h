/*
 * Synthetic runs for the tests of reports: a plan and a receipt (or run record) with the values that a test gives it,
 * in the form that the record room writes. Nothing in them was measured.
 */
#ifndef ASSAY_TESTS_SYNTHETIC_H
#define ASSAY_TESTS_SYNTHETIC_H

#include "base/buf.h"
#include "report/report.h"

#include <stddef.h>
#include <stdint.h>

struct synthetic_metric {
    const char *name, *unit, *direction; /* unit NULL: "ns", direction NULL: "lower" */
    const char *absent;                  /* or the numbers */
    double value, lower, upper;
    uint64_t n;
};

struct synthetic_run {
    const char *model, *url, *state, *label;
    unsigned users; /* closed loop; 0: open loop of rate_per_s, poisson */
    const char *rate_per_s;
    const struct synthetic_metric *metrics;
    size_t metrics_count;
    uint64_t ok, failed, timed_out;
    const char *invalid[4];    /* validity codes */
    const char *outcome, *why; /* a run record if not NULL */
    uint64_t stamp_error_ns;   /* p99 of the calibration check; 0: 12 us */
};

struct synthetic_files {
    struct assay_buf document, plan;
};

void synthetic_make(const struct synthetic_run *run, struct synthetic_files *ret);
void synthetic_done(struct synthetic_files *files);
struct assay_report_input synthetic_input(const struct synthetic_files *files, const char *place);

#endif
