/*
 * Verdict: what a judge says. There is no default pass: a zeroed verdict is not-measured.
 */
#ifndef ASSAY_RECORD_VERDICT_H
#define ASSAY_RECORD_VERDICT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum assay_verdict {
    ASSAY_VERDICT_NOT_MEASURED,
    ASSAY_VERDICT_UNDECIDED,
    ASSAY_VERDICT_PASS,
    ASSAY_VERDICT_FAIL,
    ASSAY_VERDICT_COUNT
};

/* "not-measured", "undecided", "pass", "fail": the one place where these words are spelled. */
const char *assay_verdict_text(enum assay_verdict verdict);

/*
 * The verdict document, `assay.verdict/1` (statistics.md 3.2): what ab, compare, gate, parity, detect and selfcheck
 * answer. Canonical JSON; -o FILE writes it; the text and Markdown views are rendered from it (report/). Texts belong
 * to whoever filled them in, usually an arena; NULL = not given.
 */
#define ASSAY_VERDICT_FORMAT "assay.verdict/1"
#define ASSAY_VERDICT_BYTES_MAX ((size_t)16 << 20) /* 256 gates over 1,024 receipts, generously */

struct assay_verdict_row {
    unsigned gate;    /* number of evidence.md 3.2, or 0 */
    const char *id;   /* the gate's, or the comparison's: "speed", "service" */
    const char *kind; /* "speedup", "budget" ..., "comparison", "requirement", "host" */
    const char *metric, *unit, *arm, *versus, *element;
    bool has_base, has_other, has_point, has_interval;
    double base, other; /* the two medians, in the metric's unit */
    double point;       /* a ratio other/base; of a gate on one number, that number in `unit` */
    double lower, upper, confidence;
    uint64_t n, n_effective;
    const char *method;
    const char *word; /* "faster", "slower (cpu)", "parity", "inconclusive"; or NULL */
    bool is_resolved;
    double effect_min; /* a share; 0 = unknown */
    uint64_t pairs_needed;
    double position_effect; /* 0 = unknown */
    enum assay_verdict verdict;
    bool is_missing; /* fail, because no receipt carries it */
    bool is_waived;
    bool is_in_family; /* it counts for the verdict as a whole; false: shown beside it */
    const char *found, *expected, *reason;
};

/* Whether this is a fail that noise alone can give: of a gate that is decided from samples, by its value, and not
 * because something is missing or another. */
bool assay_verdict_is_noisy_fail(const struct assay_verdict_row *row);

struct assay_verdict_input {
    const char *name, *sha256, *document; /* file as given; of the document's bytes; "receipt", "record", "policy" */
};

struct assay_rollout {
    bool is_given;
    unsigned stage, looks, streak, holds;
    const char *decision; /* "promote", "hold", "rollback" */
    const char *reason, *not_before;
};

struct assay_verdict_document {
    const char *question; /* "ab", "compare", "gate", "parity", "detect", "selfcheck" */
    const char *level;    /* "gate", "advisory" */
    enum assay_verdict verdict;
    const char *summary; /* one sentence for people, made from the rows */
    const struct assay_verdict_input *inputs;
    size_t inputs_count;
    const char *policy_name, *policy_sha256;
    uint64_t policy_version;
    const char *tool, *binary_sha256;
    const char *date; /* the one that was judged by */
    const struct assay_verdict_row *rows;
    size_t rows_count;
    unsigned waivers_used;
    struct assay_rollout rollout;
    const char *const *notes; /* "layouts: one", dropped pairs, where the run ended, and why */
    size_t notes_count;
};

#define ASSAY_VERDICT_ROWS_MAX 65536  /* 256 gates, or all metrics of 16 receipts; nobody reads more */
#define ASSAY_VERDICT_INPUTS_MAX 4096 /* receipts, policy, prices, manifests */
#define ASSAY_VERDICT_NOTES_MAX 4096

/* For --json: the same members, owned by the caller. */
assay_code assay_verdict_json(const struct assay_verdict_document *document, json_t **ret, assay_err *err);
/* The canonical bytes with a final LF. */
assay_code assay_verdict_encode(const struct assay_verdict_document *document, struct assay_buf *out, assay_err *err);
/* Everything belongs to arena. MALFORMED with place: not canonical, a member unknown, missing or of another type;
 * UNSUPPORTED: another format. A verdict that was read is shown or replayed (roll-out), never believed. */
assay_code assay_verdict_parse(const char *bytes, size_t len, struct assay_arena *arena,
                               struct assay_verdict_document *ret, assay_err *err);

#endif
