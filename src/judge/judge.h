/*
 * judge/: verify (here), comparisons (question.h) and policy gates (gate.h). Pure: everything it needs is an argument,
 * the date included.
 *
 *     struct assay_judgement *judgement = NULL;
 *     rc = assay_judge_verify(&input, &judgement, err);    // fails only for lack of memory or a bug
 *     assay_judgement_render(judgement, &out);              // four lines, then all violations
 *     status = assay_judgement_exit(judgement);             // 0, 1, 2, 3 or 5
 *     assay_judgement_free(judgement);
 *
 * Whatever is wrong with the bytes is a violation in the judgement and never an error code. Every check that can run
 * runs; nothing in a file is read as a verdict (evidence.md 3).
 */
#ifndef ASSAY_JUDGE_JUDGE_H
#define ASSAY_JUDGE_JUDGE_H

#include "base/buf.h"
#include "base/err.h"
#include "record/record.h"
#include "json/json.h"

#include "judge/outcome.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assay_judge_bytes {
    const char *data; /* NULL: not given */
    size_t len;
};

struct assay_judge_input {
    struct assay_judge_bytes document; /* receipt.json, record.json or imported.json */
    struct assay_judge_bytes plan, trace, identity;
    uint64_t now_real_ns;
    bool is_interop;           /* accept white space and unknown members; CRYPTO says so; tier <= 1 */
    bool wants_default_policy; /* compute path real, clean tree, release build, no failed sanity */
    const char *nonce;         /* demanded nonce, 64 hex, or NULL */
    uint64_t max_age_ns;       /* 0 = any */
    /* The built-in kernels of this build, sorted lines "id class equality fallback legacyId LF" (kernels.md 1.1); its
     * SHA-256 is tableSha256. Not given: ids that are not of family ext are undecided. */
    struct assay_judge_bytes kernel_table;
};

enum assay_judge_line {
    ASSAY_LINE_CRYPTO,
    ASSAY_LINE_RECOMPUTE,
    ASSAY_LINE_POLICY,
    ASSAY_LINE_ASSURANCE,
    ASSAY_LINE_COUNT
};

struct assay_violation {
    unsigned gate;              /* stable number of evidence.md 3.2 */
    enum assay_verdict verdict; /* FAIL or UNDECIDED */
    const char *pointer;        /* JSON pointer, or "trace.assay" with chunk and offset */
    const char *found, *expected;
};

struct assay_judgement {
    struct assay_arena arena; /* owns the texts */
    struct {
        enum assay_verdict verdict;
        const char *text;
    } lines[ASSAY_LINE_COUNT];
    const struct assay_violation *violations; /* by gate number, then pointer */
    size_t violations_count;
    size_t violations_left_out; /* beyond ASSAY_VIOLATIONS_MAX */
    enum assay_document document;
    bool is_missing;  /* no document was given */
    bool is_readable; /* the document could be parsed: a statement of a known type */
    bool is_policy_required;
    int tier; /* -1: not even the conditions of tier 0 hold */
};

#define ASSAY_VIOLATIONS_MAX \
    4096 /* a hostile file could hold a million; nobody reads more, and memory and time are bounded */

assay_code assay_judge_verify(const struct assay_judge_input *input, struct assay_judgement **ret, assay_err *err);
void assay_judgement_free(struct assay_judgement *judgement);

/* 0 every required line passes; 1 one fails; 2 nothing fails, but something required is undecided or not measured; 3
 * malformed; 5 unreadable. Once the document parsed, 1 beats 5 beats 3 beats 2 beats 0. */
int assay_judgement_exit(const struct assay_judgement *judgement);

void assay_judgement_render(const struct assay_judgement *judgement, struct assay_buf *out);
assay_code assay_judgement_json(const struct assay_judgement *judgement, json_t **ret, assay_err *err);

/* What is built on verified receipts; these need the types above. */
#include "judge/opened.h"
#include "judge/question.h"

#endif
