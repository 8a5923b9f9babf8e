/*
 * Statistics on numbers in memory: sums, quantiles by rank, exact binomial indices (statistics.md 2.0 to 2.2, 2.6).
 *
 * Results are the same bits with any compiler, level and CPU: integer sums are exact (128 bits, rounded once), others
 * run in index order with Neumaier compensation, and of libm only sqrt, fabs, floor, ceil, fma, ldexp and frexp are
 * used. Quantiles are named in thousandths (500 = p50, 999 = p99.9), so that a rank is integer arithmetic.
 *
 * Inputs are finite: callers refuse NaN and infinity before (an assert here is a bug there).
 */
#ifndef ASSAY_STAT_STAT_H
#define ASSAY_STAT_STAT_H

#include "stat/change.h"
#include "stat/estimate.h"
#include "stat/multiple.h"
#include "stat/pairs.h"
#include "stat/parity.h"
#include "stat/shift.h"
#include "stat/special.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Sum of finite values: exact if all are integers below 2^53 in size, else compensated (Neumaier, 1974). */
double assay_stat_sum(const double *values, size_t count);
double assay_stat_mean(const double *values, size_t count); /* sum / count; count > 0 */
double assay_stat_sd(const double *values, size_t count);   /* divides by n - 1, two passes; count > 1 */

/* Ascending, in place; scratch has room for count. Linear time, and -0 comes before 0. */
void assay_stat_sort(double *values, double *scratch, size_t count);

/* ceil(p n), 1-based: the order statistic x(rank) is the percentile (`quantile_nearest@1`). n > 0. */
uint64_t assay_stat_quantile_rank(uint64_t n, unsigned p_milli);

/* Least n for which the largest sample is a one-sided upper bound of the percentile: p^n <= alpha. */
uint64_t assay_stat_quantile_least_n(unsigned p_milli, double alpha);

/* Exact one-sided bounds of percentile p by order statistics, 1-based; 0 = there is none (n too small). For a two-sided
 * interval give alpha/2 to each. alpha in 1e-6..0.5.
 * upper: the smallest u with P(Bin(n,p) <= u-1) >= 1-alpha; lower: the largest l with P(Bin(n,p) <= l-1) <= alpha. */
uint64_t assay_stat_quantile_upper(uint64_t n, unsigned p_milli, double alpha);
uint64_t assay_stat_quantile_lower(uint64_t n, unsigned p_milli, double alpha);

/* k(n, alpha): the largest k with P(Bin(n, 1/2) <= k-1) <= alpha/2; 0 = n too small (statistics.md 2.1). */
uint64_t assay_stat_sign_index(uint64_t n, double alpha);

/* Effective n of a series in order of time (statistics.md 2.3): values clipped to median +- 3 * 1.4826 * MAD, lag-1
 * autocorrelation plus 1/n, clamped to 0..0.9; n (1-rho)/(1+rho) rounded down. sorted: the same values ascending;
 * scratch has room for 2 * count. */
uint64_t assay_stat_effective_n(const double *values, const double *sorted, double *scratch, size_t count);

/* Wilson's bounds of a share (2.6); z is the normal quantile of the wanted confidence. total > 0. */
struct assay_stat_bounds {
    double lower, upper;
};
struct assay_stat_bounds assay_stat_wilson(uint64_t hits, uint64_t total, double z);
#define ASSAY_STAT_Z95_ONE_SIDED 1.6448536269514722
#define ASSAY_STAT_Z95_TWO_SIDED 1.959963984540054

/* ---- as other tools define them: for `explain`, never for a verdict ---------------------------------------------- */

/* Type 7, interpolated between order statistics: numpy's default, to its last digit. p in 0..1, count > 0. */
double assay_stat_quantile_linear(const double *sorted, size_t count, double p);
/* The first value at which the running sum of weight / total reaches p; weights NULL: all 1. The sum is formed value by
 * value as GuideLLM does, rounding included. */
double assay_stat_quantile_inverse_cdf(const double *sorted, const double *weights, size_t count, double p);
/* sorted[floor(count * p)], 0-based: LoadGen and truncating indices. */
double assay_stat_quantile_index(const double *sorted, size_t count, double p);

struct assay_stat_spread {
    double mean, sd_population, sd_sample;
};
/* weights NULL: all 1. */
struct assay_stat_spread assay_stat_spread_weighted(const double *values, const double *weights, size_t count);

#endif
