#include "stat/pairs.h"

#include "stat/special.h"
#include "stat/stat.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static double median_of_ratios(const double *sorted, size_t count)
{
    double upper = sorted[count / 2];
    return count % 2 ? upper : sqrt(sorted[count / 2 - 1] * upper);
}

/* The index for the effective n, moved to the scale of the whole sample (statistics.md 2.3). */
static uint64_t effective_index(uint64_t n, uint64_t n_effective, double alpha)
{
    uint64_t k = assay_stat_sign_index(n_effective, alpha);
    if (k == 0 || n_effective >= n) {
        return k;
    }
    uint64_t scaled = k * (n + 1) / (n_effective + 1);
    return scaled ? scaled : 1;
}

struct assay_stat_pairs assay_stat_pairs_compare(const double *ratios, size_t count, double alpha, double *scratch)
{
    assert(count > 0);
    struct assay_stat_pairs ret = {.n = count};
    double *logs = scratch, *sorted = scratch + count, *rest = scratch + 2 * count;
    for (size_t i = 0; i < count; i++) {
        assert(ratios[i] > 0.0);
        logs[i] = assay_stat_log(ratios[i]);
        ret.ties += ratios[i] == 1.0;
    }
    memcpy(sorted, logs, count * sizeof *sorted);
    assay_stat_sort(sorted, rest, count);
    ret.is_constant = sorted[0] == sorted[count - 1];
    ret.n_effective = ret.is_constant ? count : assay_stat_effective_n(logs, sorted, rest, count);
    memcpy(sorted, ratios, count * sizeof *sorted);
    assay_stat_sort(sorted, rest, count);
    ret.point = median_of_ratios(sorted, count);
    ret.index = effective_index(count, ret.n_effective, alpha);
    if (ret.index == 0) {
        ret.is_autocorrelated = assay_stat_sign_index(count, alpha) > 0;
        return ret;
    }
    ret.has_interval = true;
    ret.lower = sorted[ret.index - 1];
    ret.upper = sorted[count - ret.index];
    return ret;
}

/* P(Bin(m, 1/2) >= s), by summing from s upwards with the terms' ratio; 2^-m is kept as an exponent. */
static double coin_upper_tail(uint64_t m, uint64_t s)
{
    if (s == 0) {
        return 1.0;
    }
    double md = (double)m, sd = (double)s;
    double log_term = assay_stat_log_gamma(md + 1) - assay_stat_log_gamma(sd + 1) - assay_stat_log_gamma(md - sd + 1) -
                      md * assay_stat_log(2.0);
    double term = 1.0, sum = 0.0;
    for (uint64_t i = s; i <= m; i++) {
        sum += term;
        term *= (double)(m - i) / (double)(i + 1);
    }
    double p = assay_stat_exp(log_term) * sum;
    return p < 1.0 ? p : 1.0;
}

double assay_stat_pairs_sign_p(const double *ratios, size_t count, uint64_t n_effective, double t, bool is_greater)
{
    uint64_t above = 0, below = 0;
    for (size_t i = 0; i < count; i++) {
        above += ratios[i] > t;
        below += ratios[i] < t;
    }
    double m = (double)(above + below), s = (double)(is_greater ? above : below);
    if (m == 0) {
        return 1.0;
    }
    if (n_effective < count) { /* shrink in proportion, and round towards even chances: never to the claim's favour */
        double share = (double)n_effective / (double)count;
        m = floor(m * share);
        s = s * share;
        s = s > m / 2 ? floor(s) : ceil(s);
        s = s > m ? m : s;
    }
    return coin_upper_tail((uint64_t)m, (uint64_t)s);
}

double assay_stat_pairs_effect_min(double half_width, double alpha, double power)
{
    double z_alpha = assay_stat_normal_quantile(1.0 - alpha / 2.0);
    double z_power = assay_stat_normal_quantile(power);
    return (z_alpha + z_power) * half_width / z_alpha;
}

/* Counts are for people: what no run can reach is said to be the largest count. */
static uint64_t count_of(double pairs)
{
    const double largest = 1e15;
    return (uint64_t)ceil(pairs < largest ? pairs : largest);
}

uint64_t assay_stat_pairs_to_find(uint64_t n, double effect_min, double effect)
{
    assert(effect > 0.0);
    double ratio = effect_min / effect;
    return count_of((double)n * ratio * ratio);
}

uint64_t assay_stat_pairs_to_show_parity(uint64_t n, double half_width, double alpha, double power, double d,
                                         double margin)
{
    double room = assay_stat_log(1.0 + margin) - fabs(d);
    if (room <= 0.0) {
        return 0;
    }
    double z_alpha = assay_stat_normal_quantile(1.0 - alpha);
    double se = half_width / z_alpha; /* the interval at 1 - 2 alpha */
    double beta = 1.0 - power;
    double ratio = (z_alpha + assay_stat_normal_quantile(1.0 - beta / 2.0)) * se / room;
    return count_of((double)n * ratio * ratio);
}
