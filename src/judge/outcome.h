/*
 * Outcomes of a comparison (statistics.md 3.1): faster, slower, parity or inconclusive, from ratios other/base.
 *
 * Not resolved is never "same": parity is shown by equivalence testing (TOST), and an inconclusive row says which
 * effect it could have seen and how many pairs would decide.
 */
#ifndef ASSAY_JUDGE_OUTCOME_H
#define ASSAY_JUDGE_OUTCOME_H

#include "base/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum assay_word { ASSAY_WORD_INCONCLUSIVE, ASSAY_WORD_PARITY, ASSAY_WORD_FASTER, ASSAY_WORD_SLOWER, ASSAY_WORD_COUNT };
const char *assay_word_text(enum assay_word word); /* "inconclusive", "parity", "faster", "slower" */

enum assay_level { ASSAY_LEVEL_ADVISORY, ASSAY_LEVEL_GATE };

struct assay_outcome_rule {
    double alpha;  /* two-sided; 0 = 0.05 */
    double family; /* level gate takes faster and slower at this two-sided level: q R / m of the family; 0 = 0.01 */
    double margin; /* 0.02 = 2 %; 0 = 0.02 */
    double power;  /* for the effect that could be seen; 0 = 0.9 */
    enum assay_level level;
    bool may_stop_early; /* spend ASSAY_PAIRED_ALPHA_SHARE of alpha */
    size_t rivals;       /* arms compared with the same base: alpha is split, and family if it is not given; 0 = 1 */
    bool is_higher_better;
    double quantum_ratio; /* clock quantum / median value: with constant arms parity needs it below margin / 10 */
};

struct assay_outcome {
    enum assay_word word;
    bool is_resolved;       /* 1 outside the interval, whatever the margin */
    bool is_small_but_real; /* parity, and resolved */
    bool has_interval;
    double point, lower, upper, confidence; /* ratio other/base; > 1 is worse if lower is better */
    double tost_lower, tost_upper;          /* interval at 1 - 2 alpha */
    uint64_t n, n_effective, ties;
    double effect_min;     /* as a share: 0.012 = 1.2 % could have been found; 0 = unknown */
    uint64_t pairs_needed; /* to decide against the margin; 0 = it cannot, or it is decided */
    const char *reason; /* of an inconclusive one: "n too small (4 of 6)", "autocorrelated", "too coarse" ...; static or
                           in arena */
    const char *method; /* "sign interval of paired ratios" ... */
};
/* confidence is what the interval is good for: a run that may stop early, and one of several rivals, computes it at a
 * higher level (1.4, 2.3). n = 0: nothing but reason is set. */

/* ratios in order of time, all finite and above 0. */
struct assay_outcome assay_outcome_of_pairs(const double *ratios, size_t count, const struct assay_outcome_rule *rule,
                                            struct assay_arena *arena);
/* Unpaired advice: two sets of run medians (Hodges-Lehmann on logarithms). At least 5 a side. */
struct assay_outcome assay_outcome_of_samples(const double *base, size_t base_count, const double *other,
                                              size_t other_count, const struct assay_outcome_rule *rule,
                                              struct assay_arena *arena);
/* Several rows of one family (2.7): which of them may be called faster or slower at level gate. ps[i] is the two-sided
 * p of row i against its margin (assay_outcome_p). Gives rule.family for all rows: q R / m, R = rejections by
 * Benjamini-Hochberg; q / m if there are none. ret_pairs_least: a family of that size needs so many pairs. order,
 * adjusted: scratch of count each. */
double assay_outcome_family(const double *ps, size_t count, double q, uint64_t *ret_pairs_least, double *adjusted,
                            size_t *order);
/* Two-sided sign p of "the ratio is beyond the margin", and, with margin 0, of "the ratio is not 1"; 1 without pairs.
 */
double assay_outcome_p(const double *ratios, size_t count, double margin, struct assay_arena *arena);

/* Wall clock with CPU time as second witness, under Holm. What is printed is wall; ret_by_cpu says that the CPU time
 * decided; a contradiction is inconclusive. */
enum assay_word assay_outcome_join(const struct assay_outcome *wall, const struct assay_outcome *cpu,
                                   const double *wall_ratios, size_t wall_count, const double *cpu_ratios,
                                   size_t cpu_count, const struct assay_outcome_rule *rule, bool *ret_by_cpu,
                                   struct assay_arena *arena);

#endif
