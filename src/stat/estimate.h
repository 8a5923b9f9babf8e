/*
 * Estimators for comparing quantiles and smooth statistics (statistics.md 2.2, 2.5, 2.6, 2.8).
 */
#ifndef ASSAY_STAT_ESTIMATE_H
#define ASSAY_STAT_ESTIMATE_H

#include "base/rng.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Type 7 of Hyndman and Fan: what numpy and most tools print. sorted ascending, count > 0, 0 <= p <= 1. */
double assay_stat_quantile_type7(const double *sorted, size_t count, double p);

/* Harrell and Davis, 1982, with its standard error; smooth, for comparing quantiles. 0 < p < 1. */
struct assay_stat_smooth {
    double value, error;
};
struct assay_stat_smooth assay_stat_quantile_hd(const double *sorted, size_t count, double p);

/* Trimmed Harrell-Davis, width 1/sqrt(n) (Akinshin, 2022): for tails with outliers. */
double assay_stat_quantile_thd(const double *sorted, size_t count, double p);

/* BCa bootstrap of a statistic of one sample of independent units, with the t quantile in place of the normal one. */
struct assay_stat_bootstrap {
    double point, lower, upper;
    bool has_interval; /* false: n < ASSAY_STAT_BOOTSTRAP_N_MIN, or the resamples are all equal */
};
#define ASSAY_STAT_BOOTSTRAP_N_MIN 15
/* statistic: of count units of `stride` doubles each. work: room for count * stride + 2 * resamples + count doubles. */
struct assay_stat_bootstrap
assay_stat_bootstrap_bca(const double *units, size_t count, size_t stride,
                         double (*statistic)(const double *units, size_t count, size_t stride), double alpha,
                         size_t resamples, struct assay_rng *rng, double *work);

/* Fieller's interval of mean(y) / mean(x) for independent samples given by mean, sample variance and count. */
struct assay_stat_moments {
    double mean, variance;
    size_t count;
};
struct assay_stat_ratio {
    double point, lower, upper;
    bool has_interval; /* false: the denominator cannot be told from 0 */
};
struct assay_stat_ratio assay_stat_ratio_fieller(struct assay_stat_moments x, struct assay_stat_moments y,
                                                 double alpha);

/* MSER with batches (statistics.md 2.8): how many values to cut off the front. */
enum assay_stat_steady {
    ASSAY_STEADY_FLAT,     /* nothing to cut */
    ASSAY_STEADY_WARMED,   /* cut values, the rest is steady */
    ASSAY_STEADY_NONE,     /* the best cut is the largest allowed: no steady state */
    ASSAY_STEADY_TOO_SHORT /* under ASSAY_STEADY_N_MIN values */
};
#define ASSAY_STEADY_N_MIN 40
enum assay_stat_steady assay_stat_steady_find(const double *values, size_t count, size_t *ret_cut);

#endif
