#include "stat/stat.h"

#include <assert.h>
#include <math.h>

#define EXACT_MAX 9007199254740992.0 /* 2^53: below it a double that is an integer is exactly that integer */

static bool are_exact_integers(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!(fabs(values[i]) < EXACT_MAX) || values[i] != floor(values[i])) {
            return false;
        }
    }
    return true;
}

static double sum_exact(const double *values, size_t count)
{
    __extension__ __int128 sum = 0; /* 2^53 times 2^64 values fit */
    for (size_t i = 0; i < count; i++) {
        sum += (int64_t)values[i];
    }
    return (double)sum;
}

struct neumaier {
    double sum, lost;
};

/* Neumaier, 1974: the low part of whichever operand is larger is kept apart. */
static void neumaier_add(struct neumaier *total, double x)
{
    double sum = total->sum + x;
    if (fabs(total->sum) >= fabs(x)) {
        total->lost += (total->sum - sum) + x;
    } else {
        total->lost += (x - sum) + total->sum;
    }
    total->sum = sum;
}

double assay_stat_sum(const double *values, size_t count)
{
    if (are_exact_integers(values, count)) {
        return sum_exact(values, count);
    }
    struct neumaier total = {0};
    for (size_t i = 0; i < count; i++) {
        assert(isfinite(values[i]));
        neumaier_add(&total, values[i]);
    }
    return total.sum + total.lost;
}

double assay_stat_mean(const double *values, size_t count)
{
    assert(count > 0);
    return assay_stat_sum(values, count) / (double)count;
}

double assay_stat_sd(const double *values, size_t count)
{
    assert(count > 1);
    double mean = assay_stat_mean(values, count);
    struct neumaier total = {0};
    for (size_t i = 0; i < count; i++) {
        double d = values[i] - mean;
        neumaier_add(&total, d * d);
    }
    return sqrt((total.sum + total.lost) / (double)(count - 1));
}

struct assay_stat_bounds assay_stat_wilson(uint64_t hits, uint64_t total, double z)
{
    assert(total > 0 && hits <= total);
    double n = (double)total;
    double p = (double)hits / n;
    double zz = z * z;
    double scale = 1 + zz / n;
    double centre = (p + zz / (2 * n)) / scale;
    double half = z / scale * sqrt(p * (1 - p) / n + zz / (4 * n * n));
    struct assay_stat_bounds bounds = {.lower = centre - half, .upper = centre + half};
    if (hits == 0) {
        bounds.lower = 0; /* exact there; the formula leaves a rounding rest */
    }
    if (hits == total) {
        bounds.upper = 1;
    }
    return bounds;
}
