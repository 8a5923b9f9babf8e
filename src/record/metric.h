/*
 * Metrics: the formula table, and their computation from plan and trace. The only place where a trace becomes a number.
 *
 * A metric name is an id of endpoints.md 2 or statistics.md 1.6, alone or as ID_STAT with STAT one of mean sd min max
 * p50 p90 p95 p99 p99.9. Unit, direction and formula follow from the row. Values are canonical text (type `dec`), so
 * that two computations can be compared byte for byte.
 */
#ifndef ASSAY_RECORD_METRIC_H
#define ASSAY_RECORD_METRIC_H

#include "base/err.h"
#include "base/num.h"
#include "record/plan.h"
#include "record/trace.h"

struct assay_metric_row {
    const char *id;        /* "ttft" */
    const char *workloads; /* "llm", "llm noop command kernel" */
    const char *unit;      /* "ns", "1/s", "1", "bytes" */
    const char *direction; /* "lower", "higher", "none" */
    bool takes_stat;       /* per sample or per gap: ID_STAT; false: one value a run */
    const char *help;      /* one line, with the formula */
};

const struct assay_metric_row *assay_metric_rows(size_t *ret_count);

struct assay_metric_key {
    const struct assay_metric_row *row;
    const char *stat;    /* "p50", or NULL */
    const char *formula; /* "quantile_nearest@1" */
};
/* USAGE for an unknown name, with the nearest one. */
assay_code assay_metric_find(const char *name, struct assay_metric_key *ret, assay_err *err);

/* The default set of a workload: appended to the plan for every arm. */
assay_code assay_metric_add_defaults(struct assay_plan *plan, assay_err *err);

struct assay_metric {
    uint32_t arm;
    const char *name, *formula, *unit, *direction;
    const char *absent; /* why there is no value: "n too small (40 of 59)", "not finite", "censored" ...; or NULL */
    double value, lower, upper, confidence;
    bool has_bounds;
    uint64_t n, censored;
};

/* Computes the plan's metrics in (arm, name) order. *ret belongs to arena. */
assay_code assay_metrics_compute(const struct assay_plan *plan, struct assay_trace *trace, struct assay_arena *arena,
                                 struct assay_metric **ret, size_t *ret_count, assay_err *err);

/* Least n of a percentile (95% upper bound): p50 5, p90 29, p95 59, p99 299, p99.9 2,995. */
uint64_t assay_metric_least_n(const char *stat);

#endif
