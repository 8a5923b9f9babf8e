/*
 * Gates: receipts against a policy file (statistics.md 4).
 *
 *     struct assay_gate_question question = {.policy = policy, .runs = runs, .runs_count = n, .day = day, ...};
 *     rc = assay_judge_gate(&question, &arena, &document, err);
 *     assay_verdict_code(&document);       // 0 pass, 1 fail, 2 undecided or not measured
 *     assay_rollout_code(&document);       // with a roll-out: 0 promote, 1 rollback, 2 hold
 *
 * Every gate of the policy has a row, whatever the receipts hold: a metric, arm, output or set that no receipt carries
 * fails as missing; what is carried as not-measured leaves its gate not-measured. Nothing else than pass on every gate
 * is a pass. Pure: receipts are opened, files (manifests, prices) are bytes, the day is an argument.
 */
#ifndef ASSAY_JUDGE_GATE_H
#define ASSAY_JUDGE_GATE_H

#include "judge/opened.h"
#include "record/record.h"

struct assay_opened;

/* A file that the policy names: a manifest of `sets`, or `prices`. */
struct assay_gate_file {
    const char *path; /* as the policy spells it */
    struct assay_judge_bytes bytes;
};

struct assay_gate_question {
    const struct assay_policy *policy;
    const char *policy_name; /* the file as the user named it */
    const char *base_sha256; /* of the same file on the base branch; NULL: not asked. Another policy is gate 423 */
    uint64_t version_min;    /* what the trust file demands of this policy; 0: nothing. An earlier one is gate 423 */
    const struct assay_opened *const *runs, *const *baselines;
    size_t runs_count, baselines_count;
    const enum assay_ancestry *ancestries; /* of each baseline to all runs, as git says; NULL: nobody could say */
    const struct assay_gate_file *files;
    size_t files_count;
    int64_t day; /* since 1970: the day that waivers, ages and prices are judged by */
    const char *date, *tool, *binary_sha256;
    /* Policy entries of this log, by receipt keys of this trust file, bind too. Both may be NULL. */
    const struct assay_trust *trust;
    const struct assay_tlog_book *log;
    bool wants_rollout;
    const struct assay_verdict_document *previous; /* of the roll-out, or NULL at its first look */
};

assay_code assay_judge_gate(const struct assay_gate_question *question, struct assay_arena *arena,
                            struct assay_verdict_document *ret, assay_err *err);

/* OK promote, WANTING rollback, UNDECIDED hold. */
assay_code assay_rollout_code(const struct assay_verdict_document *document);

#endif
