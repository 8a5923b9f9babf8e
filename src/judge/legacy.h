/*
 * The legacy profile bitnet-1.0.0 (evidence.md 4): receipts of BitNet-rs, schema 1.0.0, held against the eight gates of
 * its own verifier, as it is, and with `is_strict` also against the gates that close what it lets through.
 *
 *     struct assay_legacy_question question = {.name = "old.json", .bytes = ..., .now_real_ns = ...};
 *     rc = assay_judge_legacy(&question, &verdict, err);       // fails only for lack of memory or a bug
 *     assay_legacy_render(verdict, out);                        // four lines, violations, what the original does
 *     status = assay_judgement_exit(verdict->judgement);        // 0, 1, 3 (no JSON, over our cap) or 5
 *     assay_legacy_verdict_free(verdict);
 *
 * Such a receipt keeps no samples and no signature: CRYPTO and RECOMPUTE stay not-measured, the tier is 0.
 */
#ifndef ASSAY_JUDGE_LEGACY_H
#define ASSAY_JUDGE_LEGACY_H

#include "judge/judge.h"

struct assay_legacy_question {
    const char *name; /* as the user named the file: the original quotes it when it cannot read it */
    const char *bytes;
    size_t len;
    const char *unreadable; /* why the file could not be read, or NULL */
    bool is_over_cap;       /* more than ASSAY_LEGACY_BYTES_MAX: the bytes are not looked at */
    bool needs_gpu;         /* the original's --require-gpu-kernels */
    bool is_strict;
    uint64_t now_real_ns;
};

#define ASSAY_LEGACY_EXIT_UNKNOWN (-1) /* the file is over our cap: not put to the gates */

struct assay_legacy_verdict {
    struct assay_judgement *judgement;
    /* What is_strict would have said: set if it was not asked for and the original accepts. */
    struct assay_judgement *strict;
    enum assay_legacy_shape shape;
    int original_exit;            /* of the original program: 0, or from a search of its own message */
    const char *original_message; /* what that message holds; NULL: it accepts */
    bool is_duplicate_warned;     /* gate 805, which is a warning of the original and nothing else */
    const char *library;          /* why its library's validate() refuses a file of shape B; NULL: it does not */
};

assay_code assay_judge_legacy(const struct assay_legacy_question *question, struct assay_legacy_verdict **ret,
                              assay_err *err);
void assay_legacy_verdict_free(struct assay_legacy_verdict *verdict); /* fine on NULL */

void assay_legacy_render(const struct assay_legacy_verdict *verdict, struct assay_buf *out);
/* Adds its members to an object: the judgement's, and originalExit, originalMessage, shape, wouldRefuse ... */
assay_code assay_legacy_json(const struct assay_legacy_verdict *verdict, json_t **ret, assay_err *err);

#endif
