#include "stat/change.h"

#include "stat/special.h"
#include "stat/stat.h"

#include <assert.h>
#include <math.h>

#define CLIP_SIGMAS 2.5 /* a lone spike is clipped, a shift of three points is not */
#define MAD_TO_SIGMA 1.4826
#define RHO_MAX 0.9

/* Quantiles of the statistic under no change, the larger of AR(1) 0 and 0.3 (statistics.md 5.2). */
static const struct {
    double n, critical[3];
} CRITICAL[] = {
    {12, {3.99, 5.45, 7.54}},  {16, {3.85, 5.11, 6.99}},   {20, {3.78, 4.91, 6.49}},  {30, {3.62, 4.60, 6.01}},
    {50, {3.46, 4.31, 5.49}},  {65, {3.40, 4.21, 5.22}},   {100, {3.32, 4.02, 4.92}}, {200, {3.26, 3.87, 4.66}},
    {400, {3.26, 3.80, 4.47}}, {1000, {3.30, 3.86, 4.51}},
};
enum { CRITICAL_ROWS = sizeof CRITICAL / sizeof CRITICAL[0] };

double assay_change_critical(size_t count, enum assay_change_level level)
{
    double n = (double)count;
    for (size_t i = 0; i + 1 < CRITICAL_ROWS; i++) {
        if (n <= CRITICAL[i + 1].n) {
            double from = assay_stat_log(CRITICAL[i].n), to = assay_stat_log(CRITICAL[i + 1].n);
            double share = (assay_stat_log(n) - from) / (to - from);
            return CRITICAL[i].critical[level] +
                   share * (CRITICAL[i + 1].critical[level] - CRITICAL[i].critical[level]);
        }
    }
    return CRITICAL[CRITICAL_ROWS - 1].critical[level];
}

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* Median of values[from..to), at most five of them. */
static double small_median(const double *values, size_t from, size_t to)
{
    double sorted[5], scratch[5];
    size_t count = to - from;
    for (size_t i = 0; i < count; i++) {
        sorted[i] = values[from + i];
    }
    assay_stat_sort(sorted, scratch, count);
    return count % 2 ? sorted[count / 2] : 0.5 * (sorted[count / 2 - 1] + sorted[count / 2]);
}

/* Noise from the steps between neighbours, which a change of level hardly touches. */
static double noise_of(const double *values, size_t count, double *steps, double *scratch)
{
    double sum = 0.0;
    for (size_t i = 0; i + 1 < count; i++) {
        steps[i] = fabs(values[i + 1] - values[i]);
        sum += steps[i];
    }
    assay_stat_sort(steps, scratch, count - 1);
    size_t m = count - 1;
    double median = m % 2 ? steps[m / 2] : 0.5 * (steps[m / 2 - 1] + steps[m / 2]);
    double noise = MAD_TO_SIGMA * median / sqrt(2.0);
    return noise > 0.0 ? noise : 0.886 * sum / (double)m; /* over half of the steps are 0 */
}

static void clip_spikes(const double *values, size_t count, double noise, double *ret)
{
    for (size_t i = 0; i < count; i++) {
        size_t from = i < 2 ? 0 : i - 2, to = i + 3 > count ? count : i + 3;
        double middle = small_median(values, from, to);
        ret[i] = middle + clamp(values[i] - middle, -CLIP_SIGMAS * noise, CLIP_SIGMAS * noise);
    }
}

struct split {
    size_t at;
    double statistic, left, right; /* means of both sides */
    bool is_exact;
};

/* The split with the largest t, by prefix sums of centred values: O(n). */
static struct split best_split(const double *values, size_t count)
{
    struct split best = {.statistic = -1.0};
    double centre = assay_stat_mean(values, count), total = 0.0, squares = 0.0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        total += values[i] - centre;
        squares += (values[i] - centre) * (values[i] - centre);
    }
    double prefix = 0.0;
    for (size_t i = 0; i + ASSAY_CHANGE_EDGE < count; i++) {
        prefix += values[i] - centre;
        size_t tau = i + 1;
        if (tau < ASSAY_CHANGE_EDGE) {
            continue;
        }
        double k = (double)tau, left = prefix / k, right = (total - prefix) / (n - k);
        double within = squares - k * left * left - (n - k) * right * right;
        double gap = fabs(left - right);
        bool is_exact = within <= 1e-14 * squares && gap > 0.0;
        double t = is_exact ? HUGE_VAL : within > 0.0 ? gap / sqrt(within / (n - 2) * (1 / k + 1 / (n - k))) : 0.0;
        if (t > best.statistic) {
            best = (struct split){tau, t, left + centre, right + centre, is_exact};
        }
    }
    return best;
}

/* Lag-one correlation of the residuals about both means: without the split a step would pass for correlation. */
static double residual_rho(const double *values, size_t count, const struct split *split)
{
    double products = 0.0, squares = 0.0, before = 0.0;
    for (size_t i = 0; i < count; i++) {
        double e = values[i] - (i < split->at ? split->left : split->right);
        products += i > 0 ? e * before : 0.0;
        squares += e * e;
        before = e;
    }
    if (squares <= 0.0) {
        return 0.0;
    }
    double r = products / squares;
    return clamp(r + (2.0 + 4.0 * (r > 0.0 ? r : 0.0)) / (double)count, 0.0, RHO_MAX);
}

struct assay_change assay_change_scan(const double *values, size_t count, enum assay_change_level level, double *work)
{
    struct assay_change ret = {0};
    if (count < ASSAY_CHANGE_N_MIN) {
        return ret;
    }
    double *clipped = work, *white = work + count, *scratch = work + 2 * count;
    clip_spikes(values, count, noise_of(values, count, white, scratch), clipped);
    struct split split = best_split(clipped, count);
    ret.critical = assay_change_critical(count, level);
    if (!split.is_exact) {
        ret.rho = residual_rho(clipped, count, &split);
        white[0] = (1.0 - ret.rho) * clipped[0];
        for (size_t i = 1; i < count; i++) {
            white[i] = clipped[i] - ret.rho * clipped[i - 1];
        }
        split = best_split(white, count);
    }
    ret.is_exact = split.is_exact;
    ret.at = split.at;
    ret.statistic = split.statistic;
    ret.is_change = split.statistic > ret.critical;
    return ret;
}
