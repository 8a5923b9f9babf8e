/*
 * Questions: comparisons that end in a verdict document (record/verdict.h).
 *
 *     assay_judge_arms      arms of one receipt against its first arm, by pairs (verb ab, run with several arms)
 *     assay_judge_compare   two sets of receipts: comparable or refused, then unpaired advice (verb compare)
 *
 * Everything is an argument, the date included. The document's texts belong to the arena and to the opened receipts.
 */
#ifndef ASSAY_JUDGE_QUESTION_H
#define ASSAY_JUDGE_QUESTION_H

#include "judge/opened.h"
#include "judge/outcome.h"

struct assay_opened; /* either header may come first */

struct assay_asked {
    const char *question;           /* "ab", "compare", "parity" */
    struct assay_outcome_rule rule; /* alpha, margin, power, level; the rest is filled in from the receipts */
    double family_q;                /* of several rows; 0 = 0.01 */
    const char *const *metrics;     /* names without "_ratio"; none: those of the workload */
    size_t metrics_count;
    const char *date, *tool, *binary_sha256; /* may be NULL */
    /* Question "parity" (statistics.md 5.4): faster is as wrong as slower, arms must be the same model under the same
     * engine and settings, and of more than two arms the base is the one of the median first metric. Of a server that
     * names no digest, the word for its model is taken only if this says so. */
    bool takes_model_names;
};

/* pass: every arm faster or at parity; fail: one slower, or outputs wrong; undecided: inconclusive, the run invalid, or
 * only one arm has settled; not-measured: the receipt has no second arm, or is none. */
assay_code assay_judge_arms(const struct assay_opened *run, const struct assay_asked *asked, struct assay_arena *arena,
                            struct assay_verdict_document *ret, assay_err *err);

/* Where two receipts differ in what a comparison needs equal (3.3): one row a field, "host" or "manifest". */
#define ASSAY_COMPARE_RUNS_MAX 256 /* a side */
struct assay_sides {
    const struct assay_opened *const *base, *const *other;
    size_t base_count, other_count;
    bool is_across;                /* both columns with a ratio, and never a verdict */
    const char *const *may_differ; /* fields named by the caller that are listed and do not refuse */
    size_t may_differ_count;
};
/* rows of kind "difference": refused, not comparable. Otherwise advice of level `advisory` (verdict undecided, since
 * unpaired results are none), or at level `gate` pass, fail or undecided with the words "unpaired". */
assay_code assay_judge_compare(const struct assay_sides *sides, const struct assay_asked *asked,
                               struct assay_arena *arena, struct assay_verdict_document *ret, bool *ret_is_comparable,
                               assay_err *err);

/* Exit status of a document: 0 pass, 1 fail, 2 the rest. */
assay_code assay_verdict_code(const struct assay_verdict_document *document);

#endif
