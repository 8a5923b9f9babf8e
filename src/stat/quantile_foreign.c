/* Percentiles and spreads as other tools define them: for `explain` and for reading their files, never for a verdict.
 */
#include "stat/stat.h"

#include <assert.h>
#include <math.h>

double assay_stat_quantile_linear(const double *sorted, size_t count, double p)
{
    assert(sorted && count > 0 && p >= 0 && p <= 1);
    double place = p * (double)(count - 1);
    size_t below = (size_t)floor(place);
    size_t above = below + 1 < count ? below + 1 : below;
    double share = place - (double)below, gap = sorted[above] - sorted[below];
    /* numpy's lerp, from the nearer end, so that the last digit is numpy's, too */
    return share >= 0.5 ? sorted[above] - gap * (1 - share) : sorted[below] + gap * share;
}

double assay_stat_quantile_inverse_cdf(const double *sorted, const double *weights, size_t count, double p)
{
    assert(sorted && count > 0 && p >= 0 && p <= 1);
    double total = 0, reached = 0;
    for (size_t i = 0; i < count; i++) {
        total += weights != NULL ? weights[i] : 1;
    }
    for (size_t i = 0; i < count;) {
        double weight = 0;
        size_t next = i;
        for (; next < count && sorted[next] == sorted[i]; next++) { /* equal values are one step of the function */
            weight += weights != NULL ? weights[next] : 1;
        }
        reached += weight / total;
        if (reached >= p && weight > 0) {
            return sorted[i];
        }
        i = next;
    }
    return sorted[count - 1];
}

double assay_stat_quantile_index(const double *sorted, size_t count, double p)
{
    assert(sorted && count > 0 && p >= 0 && p <= 1);
    size_t index = (size_t)floor((double)count * p);
    return sorted[index < count ? index : count - 1];
}

struct assay_stat_spread assay_stat_spread_weighted(const double *values, const double *weights, size_t count)
{
    assert(values && count > 0);
    double total = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double weight = weights != NULL ? weights[i] : 1;
        total += weight;
        sum += weight * values[i];
    }
    double mean = total > 0 ? sum / total : 0;
    for (size_t i = 0; i < count; i++) {
        double away = values[i] - mean;
        squares += (weights != NULL ? weights[i] : 1) * away * away;
    }
    return (struct assay_stat_spread){.mean = mean,
                                      .sd_population = total > 0 ? sqrt(squares / total) : 0,
                                      .sd_sample = total > 1 ? sqrt(squares / (total - 1)) : 0};
}
