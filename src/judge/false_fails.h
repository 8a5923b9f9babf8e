/*
 * How often a policy fails a thing that did not change (evidence.md 7): runs of one build, measured again and again,
 * are judged one by one, and those are counted in which a gate that is decided from samples fails.
 *
 *     struct assay_false_fails answer;
 *     rc = assay_judge_false_fails(&question, &arena, &answer, err);   // question.runs: the A/A runs
 *     if (answer.is_bounded) ... a fail of this policy may stop a job ...
 *
 * A run counts if it verifies, and once; all must be of the same request and the same subjects as the first, and the
 * arms that a gate compares must be the same thing (arguments, and digests of the subjects of their own); else the
 * answer says so and bounds nothing. Nor does it where a gate compares with a baseline: that takes several runs a side.
 * Pure.
 */
#ifndef ASSAY_JUDGE_FALSE_FAILS_H
#define ASSAY_JUDGE_FALSE_FAILS_H

#include "base/err.h"
#include "base/mem.h"

#include <stdbool.h>
#include <stdint.h>

struct assay_gate_question;

struct assay_false_fails {
    uint64_t runs, fails;
    double upper; /* one-sided 95 % bound of the rate (Clopper and Pearson, 1934); 1 without runs */
    double alpha; /* what the policy allows: its family_q */
    bool is_bounded;
    const char *why; /* one line for people; of the arena */
};

assay_code assay_judge_false_fails(const struct assay_gate_question *question, struct assay_arena *arena,
                                   struct assay_false_fails *ret, assay_err *err);

#endif
