#include "stat/shift.h"

#include "stat/special.h"

#include <assert.h>
#include <math.h>

/* Numbers of arrangements with U = 0..c_max: the coefficients of the Gaussian binomial, built factor by factor. Each
 * coefficient depends only on lower ones, and up to c_max = n m / 2 they ascend, so the relative error stays near 1e-13
 * although counts of 400 values exceed any integer type. */
static void count_arrangements(uint64_t n, uint64_t m, uint64_t c_max, double *counts)
{
    counts[0] = 1.0;
    for (uint64_t c = 1; c <= c_max; c++) {
        counts[c] = 0.0;
    }
    for (uint64_t i = 1; i <= n; i++) {
        for (uint64_t c = c_max; c >= m + i; c--) {
            counts[c] -= counts[c - (m + i)];
        }
        for (uint64_t c = i; c <= c_max; c++) {
            counts[c] += counts[c - i];
        }
    }
}

static double log_binomial(uint64_t n, uint64_t k)
{
    return assay_stat_log_gamma((double)n + 1) - assay_stat_log_gamma((double)k + 1) -
           assay_stat_log_gamma((double)(n - k) + 1);
}

static double u_below_exact(uint64_t n, uint64_t m, uint64_t c, double *work)
{
    uint64_t all = n * m;
    if (c >= all) {
        return 1.0;
    }
    if (c > all / 2) { /* symmetric: P(U <= c) = 1 - P(U <= nm - c - 1) */
        return 1.0 - u_below_exact(n, m, all - c - 1, work);
    }
    count_arrangements(n, m, c, work);
    double sum = 0.0;
    for (uint64_t i = 0; i <= c; i++) {
        sum += work[i];
    }
    return assay_stat_exp(assay_stat_log(sum) - log_binomial(n + m, n));
}

/* Edgeworth series to the sixth cumulant, with the moments of U (statistics.md 2.4; Fix and Hodges, 1955). */
static double u_below_series(double n, double m, double c)
{
    double nm = n * m, N = n + m, n2 = n * n, m2 = m * m;
    double mu2 = nm * (N + 1) / 12;
    double mu4 = mu2 / 20 * (5 * nm * N - 2 * (n2 + m2) + 3 * nm - 2 * N);
    double mu6 = nm * (N + 1) / 4032 *
                 (35 * n2 * m2 * (n2 + m2) + 70 * n2 * n * m2 * m - 42 * nm * (n2 * n + m2 * m) - 14 * n2 * m2 * N +
                  16 * (n2 * n2 + m2 * m2) - 52 * nm * (n2 + m2) - 43 * n2 * m2 + 32 * (n2 * n + m2 * m) + 14 * nm * N +
                  8 * (n2 + m2) + 16 * nm - 8 * N);
    double excess = mu4 / (mu2 * mu2) - 3;
    double e3 = excess / 24;
    double e5 = (mu6 / (mu2 * mu2 * mu2) - 15 * mu4 / (mu2 * mu2) + 30) / 720;
    double e7 = 35 * excess * excess / 40320;
    double z = (c - nm / 2 + 0.5) / sqrt(mu2), z2 = z * z;
    double h3 = z * (z2 - 3), h5 = z * (z2 * (z2 - 10) + 15), h7 = z * (z2 * (z2 * (z2 - 21) + 105) - 105);
    double p = assay_stat_normal_below(z) - assay_stat_normal_density(z) * (e3 * h3 + e5 * h5 + e7 * h7);
    return p < 0.0 ? 0.0 : p > 1.0 ? 1.0 : p;
}

double assay_stat_shift_u_below(uint64_t n, uint64_t m, uint64_t c, double *work)
{
    return n + m <= ASSAY_STAT_SHIFT_EXACT_MAX ? u_below_exact(n, m, c, work)
                                               : u_below_series((double)n, (double)m, (double)c);
}

/* The largest k with P(U <= k - 1) <= alpha / 2; 0 if there is none. */
static uint64_t shift_index(uint64_t n, uint64_t m, double alpha, double *work)
{
    uint64_t low = 0, high = n * m / 2 + 1; /* P(U <= low - 1) is small enough, P(U <= high - 1) is not */
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (assay_stat_shift_u_below(n, m, middle - 1, work) <= alpha / 2) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* How many differences are <= t, and the nearest ones on either side of t. Two pointers: x ascending, y ascending. */
struct around {
    uint64_t count;
    double at_or_below, above;
};

static struct around count_to(const double *x, size_t n, const double *y, size_t m, double t)
{
    struct around ret = {.at_or_below = -HUGE_VAL, .above = HUGE_VAL};
    size_t j = 0; /* y[0..j) give differences above t: the smaller y, the larger x - y */
    for (size_t i = 0; i < n; i++) {
        while (j < m && x[i] - y[j] > t) {
            j++;
        }
        ret.count += m - j;
        if (j < m && x[i] - y[j] > ret.at_or_below) {
            ret.at_or_below = x[i] - y[j];
        }
        if (j > 0 && x[i] - y[j - 1] < ret.above) {
            ret.above = x[i] - y[j - 1];
        }
    }
    return ret;
}

double assay_stat_shift_select(const double *x, size_t n, const double *y, size_t m, uint64_t k)
{
    assert(n > 0 && m > 0 && k >= 1 && k <= (uint64_t)n * m);
    double low = x[0] - y[m - 1], high = x[n - 1] - y[0];
    for (;;) {
        double middle = low + (high - low) / 2;
        struct around seen = count_to(x, n, y, m, middle);
        if (seen.count >= k) {
            if (count_to(x, n, y, m, nextafter(seen.at_or_below, -HUGE_VAL)).count < k) {
                return seen.at_or_below;
            }
            high = nextafter(seen.at_or_below, -HUGE_VAL);
        } else {
            if (seen.count + 1 == k || middle >= high) {
                return seen.above;
            }
            low = seen.above; /* an order statistic itself: progress even where doubles run out */
            if (count_to(x, n, y, m, low).count >= k) {
                return low;
            }
        }
    }
}

struct assay_stat_shift assay_stat_shift_compare(const double *x, size_t n, const double *y, size_t m, double alpha,
                                                 double *work)
{
    uint64_t all = (uint64_t)n * m;
    struct assay_stat_shift ret = {0};
    double below_middle = assay_stat_shift_select(x, n, y, m, (all + 1) / 2);
    double above_middle = all % 2 ? below_middle : assay_stat_shift_select(x, n, y, m, all / 2 + 1);
    ret.point = below_middle + (above_middle - below_middle) / 2;
    ret.index = shift_index(n, m, alpha, work);
    if (ret.index > 0) {
        ret.has_interval = true;
        ret.lower = assay_stat_shift_select(x, n, y, m, ret.index);
        ret.upper = assay_stat_shift_select(x, n, y, m, all + 1 - ret.index);
    }
    return ret;
}
