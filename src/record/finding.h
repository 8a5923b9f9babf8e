/*
 * Finding: what a rule says about documents, and everything a renderer needs to show it. claims/ makes them, report/
 * renders them; neither knows the other.
 *
 * All texts and places of a struct assay_findings live in its arena, except `line` of a place, which borrows from the
 * bytes that were checked: keep those until the rendering is done. Findings are sorted by path, place, rule.
 */
#ifndef ASSAY_RECORD_FINDING_H
#define ASSAY_RECORD_FINDING_H

#include "base/mem.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum assay_severity { ASSAY_SEVERITY_NOTE, ASSAY_SEVERITY_WARNING, ASSAY_SEVERITY_ERROR };
const char *assay_severity_text(enum assay_severity level); /* "note", "warning", "error" */

/* A row of the rule table: stable id and slug, the usual level, and the words of help, man page and SARIF. */
struct assay_finding_rule {
    const char *id, *slug;
    enum assay_severity level;
    const char *brief; /* one line */
    const char *help;  /* what is wrong, and what would be right */
};

struct assay_place {
    const char *path;
    uint32_t line, column;     /* from 1; columns count code points */
    uint32_t column16;         /* the same in UTF-16 code units, as SARIF wants it */
    uint32_t offset, len;      /* bytes in the file */
    struct assay_slice source; /* the bytes themselves, borrowed */
    struct assay_slice whole;  /* the whole line, borrowed */
};

struct assay_reading {
    const char *name; /* "b/a - 1" */
    double lo, hi;    /* what the printed operands allow, in the base unit */
};

struct assay_finding {
    const struct assay_finding_rule *rule;
    enum assay_severity level;
    const char *message; /* what is stated, what follows from what, what would be right */
    const char *hint;    /* beside the underline; may be NULL */
    struct assay_place place;
    const struct assay_place *operands; /* the other places that take part */
    size_t operands_count;
    const char *const *notes; /* the arithmetic, one line each */
    size_t notes_count;
    const struct assay_reading *readings;
    size_t readings_count;
    const char *replacement; /* of the primary place: what a bound receipt renders to; or NULL */
    bool is_suppressed;
    const char *reason; /* of the suppression, or NULL */
    char fingerprint[65];
};

struct assay_undecided {
    const struct assay_finding_rule *rule;
    struct assay_place place;
    const char *reason;
};

/* X(name, text): the worst first. */
#define ASSAY_CLAIM_STATUSES(X)     \
    X(IMPOSSIBLE, "impossible")     \
    X(WRONG, "wrong")               \
    X(CONTRADICTED, "contradicted") \
    X(UNSUPPORTED, "unsupported")   \
    X(UNDECIDED, "undecided")       \
    X(CONSISTENT, "consistent")     \
    X(SUPPORTED, "supported")
enum assay_claim_status {
#define ASSAY_CLAIM_STATUS_ENUM(name, text) ASSAY_CLAIM_##name,
    ASSAY_CLAIM_STATUSES(ASSAY_CLAIM_STATUS_ENUM)
#undef ASSAY_CLAIM_STATUS_ENUM
        ASSAY_CLAIM_STATUS_COUNT
};
const char *assay_claim_status_text(enum assay_claim_status status);

struct assay_claim_row {
    char id[13]; /* 12 hex digits */
    struct assay_place place;
    const char *text, *key, *unit;
    double value, lo, hi; /* base unit; lo and hi under correct rounding */
    enum assay_claim_status status;
    const char *binding; /* path and fragment, or NULL */
};

struct assay_findings_input {
    const char *path;
    size_t bytes, lines;
    char sha256[65];
    uint64_t claims, bound;
    bool is_document; /* false: evidence, receipts */
};

struct assay_findings {
    struct assay_arena arena;
    const struct assay_findings_input *inputs;
    size_t inputs_count;
    const struct assay_claim_row *claims;
    size_t claims_count;
    const struct assay_finding *findings;
    size_t findings_count;
    const struct assay_undecided *undecided;
    size_t undecided_count;
    const struct assay_finding_rule *rules; /* all rules there are */
    size_t rules_count;
    uint64_t quantities, suppressed, html_tables;
    uint64_t by_status[ASSAY_CLAIM_STATUS_COUNT];
    bool is_complete;                 /* false: a cap was hit or an input is malformed; never clean */
    const char *incomplete_why;       /* or NULL */
    const char *const *policy_misses; /* coverage, unbound, stale: what the policy asked and did not get */
    size_t policy_misses_count;
    const char *summary_name; /* path of the summary line: the only document, or NULL */
};

void assay_findings_free(struct assay_findings *findings); /* fine on NULL */

#endif
