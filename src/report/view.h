/*
 * View: one run as the report sees it: the statement taken apart, names resolved, nothing computed that the receipt
 * does not say. Inside report/ only.
 */
#ifndef ASSAY_REPORT_VIEW_H
#define ASSAY_REPORT_VIEW_H

#include "report/report.h"

#include "base/mem.h"
#include "record/record.h"
#include "json/json.h"

#include <stdbool.h>
#include <stdint.h>

#define ASSAY_VIEW_BYTES_MAX \
    ((size_t)64 << 20) /* texts made for one view: metrics and arms are capped by the receipt */

struct assay_metric_view {
    size_t arm; /* index into arms */
    const char *name, *formula, *unit, *direction;
    const char *id, *stat; /* "ttft", "p50"; stat NULL if the name has none */
    const char *absent;    /* why there is no value, or NULL */
    double value, lower, upper, confidence;
    const char *value_text, *lower_text, *upper_text, *confidence_text; /* as the receipt spells them */
    bool has_bounds;
    uint64_t n, censored;
};

struct assay_arm_view {
    const char *id, *label;
    const char *model; /* never NULL: "" if the workload has none */
    const char *shape; /* "closed, 4 users; prompt 128, output 64 tokens": without the state */
    const char *state; /* "cold", "warm", "cached", "mixed" or "" */
};

struct assay_view {
    struct assay_arena arena;
    json_t *statement, *identity; /* owned; identity NULL if not given */
    struct assay_plan *plan;      /* owned; NULL if not given */
    enum assay_document document;
    const char *place;
    char digest[65]; /* SHA-256 of the payload: the name of the receipt */
    const json_t *predicate;
    const char *workload, *compute_path, *run_id, *started_at, *url, *engine, *reason;
    const char *outcome; /* "valid", "invalid", the run record's reason class, "imported" */
    struct assay_arm_view *arms;
    size_t arms_count;
    struct assay_metric_view *metrics;
    size_t metrics_count;
    uint64_t count, planned, warmup, ok, failed, timed_out, cancelled, in_flight;
};

/* Reads one input. MALFORMED if the document is not a known statement. */
assay_code assay_view_init(struct assay_view *view, const struct assay_report_input *input, assay_err *err);
void assay_view_done(struct assay_view *view);

/* NULL if the receipt has no such metric. */
const struct assay_metric_view *assay_view_metric(const struct assay_view *view, size_t arm, const char *name);

/* A check of the receipt by its rule ("stamp_calibration"), or NULL. */
const json_t *assay_view_check(const struct assay_view *view, const char *rule);

/* The text at a JSON pointer of the predicate; {"absent": why} and {"unknown": why} give why. "" if nothing is there.
 */
const char *assay_view_text(const struct assay_view *view, const char *pointer);

/* An option of the plan as text ("prompt-tokens"), in the view's arena; NULL if unknown. An argument of the arm goes
 * before the option of the run. */
const char *assay_view_option(struct assay_view *view, const char *name);
const char *assay_view_arg(struct assay_view *view, size_t arm, const char *name);

bool assay_view_is_valid(const struct assay_view *view); /* a receipt that breaks no validity rule */

#endif
