#include "stat/estimate.h"

#include "stat/special.h"
#include "stat/stat.h"

#include <assert.h>
#include <math.h>
#include <string.h>

typedef double (*statistic_fn)(const double *units, size_t count, size_t stride);

/* Acceleration: skewness of the jackknife (Efron, 1987, eq. 6.6). */
static double acceleration(const double *units, size_t count, size_t stride, statistic_fn statistic, double *resample,
                           double *jackknife)
{
    for (size_t i = 0; i < count; i++) {
        memcpy(resample, units, i * stride * sizeof *units);
        memcpy(resample + i * stride, units + (i + 1) * stride, (count - i - 1) * stride * sizeof *units);
        jackknife[i] = statistic(resample, count - 1, stride);
    }
    double mean = assay_stat_mean(jackknife, count), cubes = 0.0, squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        double influence = mean - jackknife[i];
        squares += influence * influence;
        cubes += influence * influence * influence;
    }
    return squares > 0.0 ? cubes / (6.0 * squares * sqrt(squares)) : 0.0;
}

/* Share of resamples below the point, half of the ties, kept off 0 and 1. */
static double share_below(const double *values, size_t count, double point)
{
    double below = 0.0;
    for (size_t i = 0; i < count; i++) {
        below += values[i] < point ? 1.0 : values[i] == point ? 0.5 : 0.0;
    }
    double least = 0.5 / (double)count, share = below / (double)count;
    return share < least ? least : share > 1.0 - least ? 1.0 - least : share;
}

static double corrected_level(double z0, double a, double z)
{
    return assay_stat_normal_below(z0 + (z0 + z) / (1.0 - a * (z0 + z)));
}

struct assay_stat_bootstrap assay_stat_bootstrap_bca(const double *units, size_t count, size_t stride,
                                                     statistic_fn statistic, double alpha, size_t resamples,
                                                     struct assay_rng *rng, double *work)
{
    struct assay_stat_bootstrap ret = {.point = statistic(units, count, stride)};
    double *resample = work, *values = work + count * stride, *scratch = values + resamples;
    double *jackknife = scratch + resamples;
    if (count < ASSAY_STAT_BOOTSTRAP_N_MIN) {
        return ret;
    }
    for (size_t b = 0; b < resamples; b++) {
        for (size_t i = 0; i < count; i++) {
            memcpy(resample + i * stride, units + assay_rng_below(rng, count) * stride, stride * sizeof *units);
        }
        values[b] = statistic(resample, count, stride);
    }
    double a = acceleration(units, count, stride, statistic, resample, jackknife);
    double z0 = assay_stat_normal_quantile(share_below(values, resamples, ret.point));
    double n = (double)count;
    double z = sqrt(n / (n - 1)) * assay_stat_t_quantile(1.0 - alpha / 2.0, n - 1);
    assay_stat_sort(values, scratch, resamples);
    ret.lower = assay_stat_quantile_type7(values, resamples, corrected_level(z0, a, -z));
    ret.upper = assay_stat_quantile_type7(values, resamples, corrected_level(z0, a, z));
    ret.has_interval = values[0] < values[resamples - 1];
    return ret;
}
