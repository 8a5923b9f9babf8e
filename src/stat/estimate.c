#include "stat/estimate.h"

#include "stat/special.h"
#include "stat/stat.h"

#include <assert.h>
#include <math.h>
#include <string.h>

double assay_stat_quantile_type7(const double *sorted, size_t count, double p)
{
    assert(count > 0 && p >= 0.0 && p <= 1.0);
    double h = (double)(count - 1) * p;
    double below = floor(h);
    size_t i = (size_t)below;
    if (i + 1 >= count) {
        return sorted[count - 1];
    }
    return sorted[i] + (h - below) * (sorted[i + 1] - sorted[i]);
}

struct assay_stat_smooth assay_stat_quantile_hd(const double *sorted, size_t count, double p)
{
    assert(count > 0 && p > 0.0 && p < 1.0);
    double n = (double)count, a = p * (n + 1), b = (1 - p) * (n + 1);
    double before = 0.0, sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        double upto = i + 1 == count ? 1.0 : assay_stat_beta_below((double)(i + 1) / n, a, b);
        double weight = upto - before;
        before = upto;
        sum += weight * sorted[i];
        squares += weight * sorted[i] * sorted[i];
    }
    double variance = squares - sum * sum;
    return (struct assay_stat_smooth){.value = sum, .error = variance > 0.0 ? sqrt(variance) : 0.0};
}

static double beta_log_density(double x, double a, double b)
{
    return (a - 1) * assay_stat_log(x) + (b - 1) * assay_stat_log(1 - x);
}

/* Left end of the densest interval of this width under Beta(a, b). */
static double densest_left(double a, double b, double width)
{
    if (a <= 1 && b > 1) {
        return 0.0;
    }
    if (b <= 1 && a > 1) {
        return 1.0 - width;
    }
    double mode = (a - 1) / (a + b - 2);
    double low = mode - width > 0.0 ? mode - width : 0.0;
    double high = mode < 1.0 - width ? mode : 1.0 - width;
    for (int i = 0; i < 100 && low < high; i++) { /* the density rises left of the mode and falls right of it */
        double left = 0.5 * (low + high);
        if (left <= 0.0 || left + width >= 1.0) {
            break;
        }
        if (beta_log_density(left, a, b) < beta_log_density(left + width, a, b)) {
            low = left;
        } else {
            high = left;
        }
    }
    return 0.5 * (low + high);
}

double assay_stat_quantile_thd(const double *sorted, size_t count, double p)
{
    assert(count > 0 && p > 0.0 && p < 1.0);
    double n = (double)count, a = p * (n + 1), b = (1 - p) * (n + 1), width = 1.0 / sqrt(n);
    if ((a <= 1 && b <= 1) || count == 1) {
        return assay_stat_quantile_hd(sorted, count, p).value;
    }
    double left = densest_left(a, b, width), right = left + width;
    double from = assay_stat_beta_below(left, a, b),
           whole = assay_stat_beta_below(right < 1 ? right : 1.0, a, b) - from;
    double before = 0.0, sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        double end = (double)(i + 1) / n;
        double upto = end <= left ? 0.0 : end >= right ? 1.0 : (assay_stat_beta_below(end, a, b) - from) / whole;
        sum += (upto - before) * sorted[i];
        before = upto;
    }
    return sum;
}

struct assay_stat_ratio assay_stat_ratio_fieller(struct assay_stat_moments x, struct assay_stat_moments y, double alpha)
{
    assert(x.count > 1 && y.count > 1);
    struct assay_stat_ratio ret = {.point = y.mean / x.mean};
    double t = assay_stat_t_quantile(1.0 - alpha / 2.0, (double)(x.count + y.count - 2));
    double hx2 = t * t * x.variance / (double)x.count, hy2 = t * t * y.variance / (double)y.count;
    double denominator = x.mean * x.mean - hx2, product = x.mean * y.mean;
    double under_root = product * product - denominator * (y.mean * y.mean - hy2);
    if (denominator <= 0.0 || under_root < 0.0) {
        return ret;
    }
    double root = sqrt(under_root);
    ret.lower = (product - root) / denominator;
    ret.upper = (product + root) / denominator;
    ret.has_interval = true;
    return ret;
}

static double sum_of_squares(const double *values, size_t count)
{
    double mean = assay_stat_mean(values, count), sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += (values[i] - mean) * (values[i] - mean);
    }
    return sum;
}

enum assay_stat_steady assay_stat_steady_find(const double *values, size_t count, size_t *ret_cut)
{
    enum { BATCHES = 40, BATCH_MAX = 5, BATCHES_MAX = 4096 }; /* more batches than this are made longer instead */
    double means[BATCHES_MAX];
    *ret_cut = 0;
    if (count < ASSAY_STEADY_N_MIN) {
        return ASSAY_STEADY_TOO_SHORT;
    }
    size_t batch = count / BATCHES < BATCH_MAX ? count / BATCHES : BATCH_MAX;
    while (count / batch > BATCHES_MAX) {
        batch *= 2;
    }
    size_t m = count / batch, best = 0;
    for (size_t i = 0; i < m; i++) {
        means[i] = assay_stat_mean(values + i * batch, batch);
    }
    double least = HUGE_VAL;
    for (size_t d = 0; d <= m / 2; d++) {
        double left = (double)(m - d), score = sum_of_squares(means + d, m - d) / (left * left);
        if (score < least) {
            least = score;
            best = d;
        }
    }
    if (best == m / 2) {
        return ASSAY_STEADY_NONE;
    }
    *ret_cut = best * batch;
    return best ? ASSAY_STEADY_WARMED : ASSAY_STEADY_FLAT;
}
