/*
 * claims/: the numbers of documents, held against each other and against receipts. Pure: bytes and facts in, findings
 * out; it opens no file, knows no clock, and prints nothing (report/ renders).
 *
 *     struct assay_claims_request request = {.inputs = inputs, .inputs_count = n, .options = {.level = ...}};
 *     struct assay_findings *findings = NULL;
 *     rc = assay_claims_check(&request, &findings, err);       // fails only for lack of memory or a bug
 *     assay_report_claims(findings, ASSAY_CLAIMS_TEXT, &out);  // report/
 *     status = assay_claims_exit(findings, &request);          // 0, 1, 2 or 3
 *     assay_findings_free(findings);
 *
 * All inputs of one call are one set: a table of one document is held against a JSON file of another. The order of the
 * inputs does not matter: they are sorted by path. Bytes must outlive the findings, which borrow lines from them.
 *
 * What is wrong with a document is a finding, never an error code. A rule that cannot decide says nothing, or an entry
 * of `undecided`. Equal bytes and options give equal findings.
 *
 * Inside the room: doc.c (Markdown, the only user of md4c), table.c, scan.c (the quantity grammar), label.c (what a
 * quantity speaks of), interval.c (printed precision), relation.c (pairs and groups), rule_FAMILY.c, rules.def (one
 * line a rule), directive.c, bind.c, fix.c. model.h has the types that they share.
 */
#ifndef ASSAY_CLAIMS_CLAIMS_H
#define ASSAY_CLAIMS_CLAIMS_H

#include "base/buf.h"
#include "base/err.h"
#include "record/record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Caps: each is reported as `complete: false`. */
#define ASSAY_CLAIMS_FILE_BYTES_MAX ((size_t)64 << 20)  /* a document that people read is far smaller */
#define ASSAY_CLAIMS_JSON_BYTES_MAX ((size_t)256 << 20) /* a result file with all its samples */
#define ASSAY_CLAIMS_FILES_MAX 4096
#define ASSAY_CLAIMS_LINE_BYTES_MAX ((size_t)1 << 20)
#define ASSAY_CLAIMS_QUANTITIES_MAX 1000000u
#define ASSAY_CLAIMS_FINDINGS_MAX 5000u

enum assay_claims_kind {
    ASSAY_CLAIMS_BY_NAME, /* .json, .jsonl, .csv, .txt; everything else is Markdown */
    ASSAY_CLAIMS_MARKDOWN,
    ASSAY_CLAIMS_PLAIN,
    ASSAY_CLAIMS_JSON,
    ASSAY_CLAIMS_JSON_LINES,
    ASSAY_CLAIMS_CSV,
    ASSAY_CLAIMS_SOURCE /* a program's text: C820 to C822 */
};

struct assay_claims_input {
    const char *path; /* as the user named it; '/' between parts */
    const char *bytes;
    size_t len;
    enum assay_claims_kind kind;
    bool is_evidence; /* a result file beside the documents: its quantities make no claims of their own */
};

enum assay_claims_fresh { ASSAY_CLAIMS_FRESH_UNKNOWN, ASSAY_CLAIMS_FRESH, ASSAY_CLAIMS_STALE };

/* A receipt as the caller verified it. */
struct assay_claims_receipt {
    const char *path;        /* by which bindings name it, relative to the root */
    const json_t *statement; /* the decoded payload; borrowed */
    bool is_verified;        /* every required line of verify passed */
    const char *why_not;     /* the first violation, if not */
    bool is_signed, is_run_record;
    const char *compute_path; /* "real", "scripted", "imported" */
    enum assay_claims_fresh fresh;
    const char *stale_why; /* "its commit is no ancestor of HEAD" */
    const char *changed;   /* paths that changed since its commit, each ended by a NUL; NULL: another reason, or none */
    size_t changed_len;
    const char *report; /* what 'assay report --format md' renders of it, where a document holds that; or NULL */
};

/* A path that a document names, as the caller found it: C706, C707, and targets of bindings. */
enum assay_claims_found { ASSAY_CLAIMS_ABSENT, ASSAY_CLAIMS_IS_FILE, ASSAY_CLAIMS_IS_DIR, ASSAY_CLAIMS_REFUSED };
struct assay_claims_path {
    const char *path;
    enum assay_claims_found found;
    uint64_t count;      /* files of a directory, lines of a file */
    uint64_t deep_count; /* of a directory: with those of the directories in it */
};

enum assay_claims_unbound {
    ASSAY_CLAIMS_UNBOUND_NONE, /* nothing is forbidden */
    ASSAY_CLAIMS_UNBOUND_HEADLINE,
    ASSAY_CLAIMS_UNBOUND_TABLES,
    ASSAY_CLAIMS_UNBOUND_ALL
};

/* The section `claims:` of a policy document, read by whoever reads policies. All zero = no policy. */
struct assay_claims_rule_level {
    const char *rule;      /* "C602", or a family "C6" */
    bool is_off, is_usual; /* otherwise `level`; usual: that of the rule table */
    enum assay_severity level;
};
struct assay_claims_suppression {
    const char *fingerprint, *reason;
};
struct assay_claims_same {
    const char *const *words; /* [tps, decode_rate]: one metric */
    size_t count;
};
struct assay_claims_policy {
    bool has_fail_on;
    enum assay_severity fail_on;
    double min_coverage; /* share, 0..1 */
    enum assay_claims_unbound forbid_unbound;
    bool requires_signed, allows_stale;
    uint64_t max_age_ns; /* 0 = any */
    const struct assay_claims_rule_level *rules;
    size_t rules_count;
    const struct assay_claims_same *same_as;
    size_t same_as_count;
    const struct assay_claims_suppression *suppress;
    size_t suppress_count;
};

struct assay_claims_stamp {
    const char *what; /* "committed", "approved", "tagged" */
    int64_t unix_s;
    const char *path; /* the file it contains; NULL: every input */
};

struct assay_claims_options {
    enum assay_severity level; /* the least level kept in findings */
    bool is_verbose;           /* level note, and undecided */
    bool reads_quotes, has_decimal_comma, ignores_suppressions;
    bool is_terse;     /* claims have status and binding only, inputs no digest: what text output shows */
    bool is_rooted;    /* --root was given: paths in `paths` are meaningful */
    bool has_receipts; /* --receipts was given: an unresolved binding is an error, not undecided */
    enum assay_severity fail_on;
    const struct assay_claims_rule_level *rules; /* --enable and --disable */
    size_t rules_count;
};

struct assay_claims_request {
    const struct assay_claims_input *inputs;
    size_t inputs_count;
    const struct assay_claims_receipt *receipts;
    size_t receipts_count;
    const struct assay_claims_path *paths; /* sorted by path, each once */
    size_t paths_count;
    const struct assay_claims_stamp *stamps;
    size_t stamps_count;
    const json_t *hardware;              /* share/hardware.json, or NULL */
    const char *const *old_fingerprints; /* --base: findings that are not new; sorted */
    size_t old_fingerprints_count;
    struct assay_claims_policy policy;
    struct assay_claims_options options;
};

assay_code assay_claims_check(const struct assay_claims_request *request, struct assay_findings **ret, assay_err *err);

/* 1 a finding at or above fail_on, or the policy missed; 3 incomplete; 2 a bound claim is undecided; else 0. */
int assay_claims_exit(const struct assay_findings *findings, const struct assay_claims_request *request);

/* The rule table: id, slug, level, help. */
const struct assay_finding_rule *assay_claims_rules(size_t *ret_count);

/* ---- binding ---------------------------------------------------------------------------------------------------- */

/* Paths that the bindings of a document name, for the caller to read; each once for every time it stands there. */
typedef void assay_claims_visit(void *user, struct assay_slice path);
void assay_claims_targets(const char *bytes, size_t len, assay_claims_visit *visit, void *user);

/* Receipts whose rendered report stands in a document, between begin report=PATH and end; each as often as it does. */
void assay_claims_reported(const char *bytes, size_t len, assay_claims_visit *visit, void *user);

/* Paths below the root that a document names in links and code, for the caller to look for: C706, C707. */
void assay_claims_named(const char *bytes, size_t len, assay_claims_visit *visit, void *user);

/* What `bind` proposes for one unbound claim. */
struct assay_claims_proposal {
    struct assay_place place;
    const char *text;              /* of the claim */
    const char *const *references; /* "r/enc/receipt.json#a/rate"; one: proposed; several: the reader chooses */
    size_t references_count;       /* 0: unsupported */
    uint32_t insert_at;            /* where the comment goes: behind the quantity, outside code and emphasis marks */
};
struct assay_claims_proposals {
    struct assay_arena arena;
    const struct assay_claims_proposal *at;
    size_t count;
};
assay_code assay_claims_bind(const struct assay_claims_request *request, struct assay_claims_proposals **ret,
                             assay_err *err);
void assay_claims_proposals_free(struct assay_claims_proposals *proposals);

/* Documents with their bound numbers re-rendered: the findings' replacements for one path, applied to its bytes. */
assay_code assay_claims_fix(const struct assay_findings *findings, const char *path, const char *bytes, size_t len,
                            struct assay_buf *out, size_t *ret_edits, assay_err *err);
/* The document with the comments of all proposals that have exactly one reference. */
assay_code assay_claims_insert(const struct assay_claims_proposals *proposals, const char *path, const char *bytes,
                               size_t len, struct assay_buf *out, size_t *ret_edits, assay_err *err);

#endif
