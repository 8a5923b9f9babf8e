/*
 * Metrics: the formula table, and their computation from plan and trace. The only place where a trace becomes a number.
 *
 * A metric name is an id of endpoints.md 2 or statistics.md 1.6, alone or as ID_STAT with STAT one of mean sd min max
 * p50 p90 p95 p99 p99.9. Of a ranked id, failed and timed-out samples count as worse than any value, and ID_ok_STAT
 * leaves them out. In a paired run NAME_ratio of an arm b, c ... is the ratio to arm a, NAME an id alone (cells of one
 * operation), ID_STAT or an id of one value a run; its interval is two-sided, its n the pairs, its censored the rounds
 * dropped, and both terms stand beside it (of an id alone: ID_p50). Unit, direction and formula follow from the row.
 * Values are canonical text (type `dec`), so that two computations can be compared byte for byte.
 * docs/formats/metrics.md is made from the table.
 */
#ifndef ASSAY_RECORD_METRIC_H
#define ASSAY_RECORD_METRIC_H

#include "base/err.h"
#include "base/num.h"
#include "record/plan.h"
#include "record/trace.h"

struct assay_metric_row {
    const char *id;        /* "ttft" */
    const char *workloads; /* "llm", "noop command kernel lm pipeline" */
    const char *unit;      /* "ns", "1/s", "1", "bytes" */
    const char *direction; /* "lower", "higher", "none" */
    const char *formula;   /* of a row without statistic; NULL: that of the statistic */
    bool takes_stat;       /* per sample or per gap: ID_STAT; false: one value a run */
    bool is_ranked;        /* failures rank as worst; ID_ok_STAT exists */
    const char *help;      /* one line, with the formula */
};

const struct assay_metric_row *assay_metric_rows(size_t *ret_count);

/* A statistic of takes_stat rows. */
struct assay_metric_stat {
    const char *name;    /* "p50" */
    const char *formula; /* "quantile_nearest@1" */
    const char *formula_ok;
    unsigned p_milli; /* 500; 0: no percentile */
    uint64_t least_n;
};
const struct assay_metric_stat *assay_metric_stats(size_t *ret_count);

struct assay_metric_key {
    const struct assay_metric_row *row;
    const char *stat;    /* "p50", or NULL */
    const char *formula; /* "quantile_nearest@1"; of a ratio: assay_metric_formula */
    bool is_ok_only;
    bool is_ratio; /* of the arm's value to arm 0's; row and stat are those of the terms */
};
/* USAGE for an unknown name, with the nearest one. */
assay_code assay_metric_find(const char *name, struct assay_metric_key *ret, assay_err *err);
/* What a ratio is made of: an id alone, ID_STAT, or an id of one value a run. */
assay_code assay_metric_find_term(const char *name, struct assay_metric_key *ret, assay_err *err);

#define ASSAY_FORMULA_PAIRS "pairs_sign@1"           /* median of the ratios, sign interval (statistics.md 2.3) */
#define ASSAY_FORMULA_PAIRS_STOP "pairs_sign_stop@1" /* the same where the run may stop early: 0.8 alpha (1.4) */
/* A ratio's formula depends on the stop rule of the plan. */
const char *assay_metric_formula(const struct assay_plan *plan, const struct assay_metric_key *key);

/* The default set of a workload: appended to the plan for every arm. */
assay_code assay_metric_add_defaults(struct assay_plan *plan, assay_err *err);

struct assay_metric {
    uint32_t arm;
    const char *name, *formula, *unit, *direction;
    const char *absent; /* why there is no value: "n too small (40 of 59)", "not finite", "censored" ...; or NULL */
    double value;
    double lower, upper, confidence; /* one-sided bounds, each at that confidence */
    bool has_bounds;
    uint64_t n;        /* samples (gaps, segments) used; of a ranked metric the failed ones too */
    uint64_t censored; /* of them timed out, cancelled or in flight; of ID_ok_STAT all that were left out */
};

/* Computes the plan's metrics in (arm, name) order. *ret belongs to arena. UNSUPPORTED: a formula that this build does
 * not know. */
assay_code assay_metrics_compute(const struct assay_plan *plan, struct assay_trace *trace, struct assay_arena *arena,
                                 struct assay_metric **ret, size_t *ret_count, assay_err *err);

/* One metric again, with each bound of a percentile at confidence 1 - alpha instead of the receipt's: for judges whose
 * policy asks for another one. A bound that n does not bear is infinite. USAGE: no such arm or metric. */
assay_code assay_metric_at(const struct assay_plan *plan, struct assay_trace *trace, uint32_t arm, const char *name,
                           double alpha, struct assay_arena *arena, struct assay_metric *ret, assay_err *err);

/* Order of the receipt: by arm, then name. */
int assay_metric_compare(const struct assay_metric *a, const struct assay_metric *b);

/* Least n of a percentile (95% upper bound): p50 5, p90 29, p95 59, p99 299, p99.9 2,995. */
uint64_t assay_metric_least_n(const char *stat);

#endif
