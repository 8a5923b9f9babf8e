/*
 * Paired comparison (statistics.md 2.3): n ratios other/base, one a round, in order of time.
 *
 * The interval is the sign test's: order statistics of the ratios at the exact binomial index, widened for positive
 * autocorrelation. It needs no symmetry and no logarithm.
 */
#ifndef ASSAY_STAT_PAIRS_H
#define ASSAY_STAT_PAIRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assay_stat_pairs {
    double point;                         /* median; of an even count the geometric mean of the middle two */
    double lower, upper;                  /* valid if has_interval */
    bool has_interval;                    /* false: n too small, or autocorrelated beyond what n bears */
    bool is_constant;                     /* all ratios are equal */
    bool is_autocorrelated;               /* the reason why there is no interval */
    uint64_t n, n_effective, index, ties; /* ties: ratios of exactly 1 */
};

/* ratios: positive, finite; count > 0. scratch: room for 4 * count. alpha: two-sided, 1e-6..0.5. */
struct assay_stat_pairs assay_stat_pairs_compare(const double *ratios, size_t count, double alpha, double *scratch);

/* P that at least this many of m fair coins fall on the side seen: one-sided sign test against the ratio t, ties left
 * out, shrunk to n_effective. is_greater: is the ratio above t? */
double assay_stat_pairs_sign_p(const double *ratios, size_t count, uint64_t n_effective, double t, bool is_greater);

/* Log ratio that is found with probability `power`, from the half-width (log scale) of the interval at two-sided alpha.
 */
double assay_stat_pairs_effect_min(double half_width, double alpha, double power);
/* Pairs to find effect e (log ratio, above 0) given the smallest effect that n pairs find. */
uint64_t assay_stat_pairs_to_find(uint64_t n, double effect_min, double effect);
/* Pairs to show parity within a margin (2 % = 0.02), d = log of the point; 0 = it cannot be shown. half_width is that
 * of the interval at 1 - 2 alpha. */
uint64_t assay_stat_pairs_to_show_parity(uint64_t n, double half_width, double alpha, double power, double d,
                                         double margin);

#endif
