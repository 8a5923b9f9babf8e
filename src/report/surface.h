/*
 * Surfaces: what a CI system shows of receipts and of a policy's gates: job summaries, annotations, comments, test
 * reports, metrics, attestations (evidence.md 7).
 *
 * The caller verifies each receipt, and judges by the policy, and hands over what came out; here it is only told. No
 * template holds a verdict, a tick or a number: verdicts are those of the input, figures those of receipts that were
 * derived again without a fault, and a document that cannot be read still has its place and its four lines.
 *
 *     struct assay_surface_input input = {.receipts = list, .receipts_count = n, .gates = &verdict, ...};
 *     rc = assay_report_surface(ASSAY_SURFACE_JUNIT, &input, &out, err);
 *     rc = assay_surface_code(&input);      // what the job ends with; see below
 *
 * What stops a job: a document that is missing or malformed, a failed CRYPTO, RECOMPUTE or POLICY line, a trace that
 * was not given, and a gate that fails for a reason that noise cannot give (a missing metric, a requirement, parity).
 * A gate that is decided from samples stops the job only if `do_noisy_gates_stop`; else it warns.
 */
#ifndef ASSAY_REPORT_SURFACE_H
#define ASSAY_REPORT_SURFACE_H

#include "report/input.h"

#include "base/buf.h"
#include "base/err.h"
#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum assay_surface_form {
    ASSAY_SURFACE_IN_TOTO_BUNDLE,
    ASSAY_SURFACE_SARIF,
    ASSAY_SURFACE_JUNIT,
    ASSAY_SURFACE_CTRF,
    ASSAY_SURFACE_OPENMETRICS,
    ASSAY_SURFACE_GITHUB_SUMMARY,
    ASSAY_SURFACE_GITHUB_ANNOTATIONS,
    ASSAY_SURFACE_GITHUB_OUTPUTS,
    ASSAY_SURFACE_GITLAB_METRICS,
    ASSAY_SURFACE_GITLAB_CODEQUALITY,
    ASSAY_SURFACE_PR_COMMENT,
    ASSAY_SURFACE_ATTEST_PREDICATE,
    ASSAY_SURFACE_ATTEST_SUBJECTS,
    ASSAY_SURFACE_FORM_COUNT
};
const char *assay_surface_form_text(enum assay_surface_form form); /* "in-toto-bundle", "sarif" ... */
bool assay_surface_form_read(const char *text, enum assay_surface_form *ret);

#define ASSAY_SURFACE_LINES 4 /* CRYPTO, RECOMPUTE, POLICY, ASSURANCE */

struct assay_surface_line {
    const char *name; /* "CRYPTO" */
    enum assay_verdict verdict;
    bool has_verdict; /* ASSURANCE says what is proven; it passes or fails nothing */
    bool is_required;
    const char *text;
};

struct assay_surface_violation {
    unsigned gate; /* of evidence.md 3.2 */
    enum assay_verdict verdict;
    const char *pointer, *found, *expected;
};

/* One document and what the verifier says of it. */
struct assay_surface_receipt {
    struct assay_report_input files; /* document may be NULL: it could not be read */
    const char *path;                /* of the document: the place of its findings */
    bool is_readable;                /* it is a statement of a known type */
    int exit;                        /* what `verify` answers */
    int tier;
    struct assay_surface_line lines[ASSAY_SURFACE_LINES];
    const struct assay_surface_violation *violations;
    size_t violations_count, violations_left_out;
};

/* Where a gate stands in the policy file. */
struct assay_surface_place {
    const char *id;
    uint32_t line;
};

struct assay_surface_input {
    const struct assay_surface_receipt *receipts;
    size_t receipts_count;
    const struct assay_verdict_document *gates; /* the answer of `gate`, or NULL: no policy file was given */
    const char *policy_path;
    const struct assay_surface_place *places; /* of gates; may be NULL */
    size_t places_count;
    bool do_noisy_gates_stop;
    const char *noisy_why; /* why they stop the job or do not, for people; NULL: nothing is said */
    const char *tool;      /* "assay 0.1.0" */
    const char *key;       /* which sticky comment this is: letters, digits, - _ . */
};

/* At most ASSAY_REPORT_BYTES_MAX, and less where the surface takes less: what was left out is then said and counted.
 * in-toto-bundle and the two attest forms hand evidence on: WANTING or UNDECIDED, and nothing written, unless every
 * document is sound. UNSUPPORTED: an attestation of anything but one receipt. */
assay_code assay_report_surface(enum assay_surface_form form, const struct assay_surface_input *input,
                                struct assay_buf *out, assay_err *err);

/* What the job ends with: OK; WANTING, something stops it; UNDECIDED, nothing stops it and something required is not
 * decided; MALFORMED, IO. Once a document parsed, 1 beats 5 beats 3 beats 2 beats 0 (evidence.md 3.1). */
assay_code assay_surface_code(const struct assay_surface_input *input);

#endif
