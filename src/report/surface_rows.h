/*
 * Rows: the one model that all surfaces are written from. A group is a document or the policy; a row is one of the four
 * lines, a violation, or a gate. Inside report/ only.
 */
#ifndef ASSAY_REPORT_SURFACE_ROWS_H
#define ASSAY_REPORT_SURFACE_ROWS_H

#include "report/report.h"
#include "report/surface.h"
#include "report/view.h"

enum assay_surface_kind { ASSAY_SURFACE_LINE, ASSAY_SURFACE_VIOLATION, ASSAY_SURFACE_GATE };

struct assay_surface_row {
    enum assay_surface_kind kind;
    size_t group;
    const char *id;   /* "CRYPTO", "203", "first": unique within its group but for violations */
    const char *rule; /* what kind of thing it is, the same in every run: "crypto", "203", "budget" */
    enum assay_verdict verdict;
    bool is_required;
    bool is_finding;           /* something to act on; what is all right, and what stands in another row, is none */
    bool does_stop;            /* the job */
    enum assay_severity level; /* of a finding: error if it stops the job */
    const char *text;          /* one line; foreign text in it is raw */
    const char *path;          /* file that it speaks of */
    const char *pointer;       /* JSON pointer of a violation, or "" */
    uint32_t line;
    uint64_t duration_ns;
    char fingerprint[65]; /* the same for the same finding in another run */
};

struct assay_surface_group {
    const char *name; /* unique; foreign */
    const char *path;
    const struct assay_surface_receipt *receipt; /* NULL: this is the policy */
    struct assay_view *view;                     /* NULL: not readable */
    bool has_figures;                            /* derived again without a fault: its numbers may be shown */
    size_t first, count;                         /* rows */
    uint64_t start_ms, stop_ms, duration_ns;     /* 0: not known */
};

struct assay_surface {
    const struct assay_surface_input *input;
    struct assay_arena arena;
    struct assay_surface_group *groups;
    size_t groups_count;
    struct assay_surface_row *rows;
    size_t rows_count;
    const struct assay_surface_row **findings; /* gravest first */
    size_t findings_count, stops_count, warns_count;
    enum assay_verdict verdict; /* of all rows: fail, undecided, pass, not-measured */
};

/* MALFORMED is no error of this one: what cannot be read has no view. On failure nothing is left to release. */
assay_code assay_surface_init(struct assay_surface *surface, const struct assay_surface_input *input, assay_err *err);
void assay_surface_done(struct assay_surface *surface);

/* surface_stops.c: whether it stops the job; whether a gate counts at all (a waived one does not). */
bool assay_surface_violation_stops(const struct assay_surface_violation *violation);
bool assay_surface_gate_counts(const struct assay_verdict_row *gate);
bool assay_surface_gate_stops(const struct assay_surface_input *input, const struct assay_verdict_row *gate);

/* What a rule demands: a title and a sentence. Never NULL. */
struct assay_surface_rule {
    const char *title, *help;
};
struct assay_surface_rule assay_surface_rule(const char *rule);

/* Whether a row counts as a test of its group: violations stand within their line. */
bool assay_surface_is_test(const struct assay_surface_row *row);
/* The violations of a line, one a line of text, as `verify` prints them; nothing for other rows. Foreign text is
 * visible and cut: none of it begins a line. */
void assay_surface_put_violations(const struct assay_surface *surface, const struct assay_surface_row *row,
                                  struct assay_buf *out);

/* surface_lines.c: the four lines of every receipt, as the member `receipts`. */
void assay_surface_put_receipts(struct assay_json_builder *b, json_t *object, const struct assay_surface *surface);

/* The commit of the first `source:` subject, or NULL. */
const char *assay_surface_commit(const struct assay_view *view);

/* Writers, one a form. */
assay_code assay_surface_bundle(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
assay_code assay_surface_sarif(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
assay_code assay_surface_junit(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
assay_code assay_surface_ctrf(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
assay_code assay_surface_openmetrics(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
assay_code assay_surface_github_summary(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
assay_code assay_surface_github_annotations(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
assay_code assay_surface_github_outputs(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
assay_code assay_surface_gitlab_metrics(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
assay_code assay_surface_gitlab_codequality(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
assay_code assay_surface_pr_comment(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
assay_code assay_surface_attest_predicate(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);
assay_code assay_surface_attest_subjects(const struct assay_surface *surface, struct assay_buf *out, assay_err *err);

#endif
