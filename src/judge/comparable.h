/*
 * Comparable or refused (inside this room; statistics.md 3.3): every field in which two receipts differ, and whether it
 * refuses the comparison.
 */
#ifndef ASSAY_JUDGE_COMPARABLE_H
#define ASSAY_JUDGE_COMPARABLE_H

#include "judge/draft.h"

struct comparable_rule {
    const char *const *may_differ; /* names as "host.governor", "subject.model": listed, and no refusal */
    size_t may_differ_count;
    const char *const *must_match; /* refuse although the table below would only list them */
    size_t must_match_count;
};

/* Adds a row of kind "difference" (refuses) or "listed" for every field in which right differs from left. Returns how
 * many refuse. */
size_t comparable_rows(struct verdict_draft *draft, const struct assay_opened *left, const struct assay_opened *right,
                       const struct comparable_rule *rule);

/* Only the fields of the host class; no rows are added if draft is NULL. */
size_t comparable_host(struct verdict_draft *draft, const struct assay_opened *left, const struct assay_opened *right);

#endif
