#include "stat/change.h"

#include "stat/special.h"
#include "stat/stat.h"

#include <assert.h>
#include <math.h>

#define CLIP_SIGMAS 2.5 /* a lone spike is clipped, a shift of three points is not */
#define MAD_TO_SIGMA 1.4826
#define RHO_MAX 0.9
#define P_LEAST 1e-12 /* the table ends at 1e-4; the slope beyond it bears no finer answer */

/* Quantiles of the statistic under no change, the larger of AR(1) 0 and 0.3 (statistics.md 5.2), as
 * tools/change_table.c drew them. */
static const double ALPHAS[] = {
#define ALPHA(value) value,
#include "stat/change_table.h"
#undef ALPHA
};
enum { LEVELS = sizeof ALPHAS / sizeof ALPHAS[0] };
static const struct {
    double n, critical[LEVELS];
} CRITICAL[] = {
#define ROW(n, ...) {n, {__VA_ARGS__}},
#include "stat/change_table.h"
#undef ROW
};
enum { CRITICAL_ROWS = sizeof CRITICAL / sizeof CRITICAL[0] };

/* The quantile of a column of the table, linear in ln n. */
static double critical_at(double n, size_t column)
{
    for (size_t i = 0; i + 1 < CRITICAL_ROWS; i++) {
        if (n <= CRITICAL[i + 1].n) {
            double from = assay_stat_log(CRITICAL[i].n), to = assay_stat_log(CRITICAL[i + 1].n);
            double share = (assay_stat_log(n) - from) / (to - from);
            double low = CRITICAL[i].critical[column], high = CRITICAL[i + 1].critical[column];
            return low + share * (high - low);
        }
    }
    return CRITICAL[CRITICAL_ROWS - 1].critical[column];
}

double assay_change_critical(size_t count, enum assay_change_level level)
{
    static const double WANTED[] = {[ASSAY_CHANGE_05] = 0.05, [ASSAY_CHANGE_01] = 0.01, [ASSAY_CHANGE_001] = 0.001};
    size_t column = 0;
    while (column + 1 < LEVELS && ALPHAS[column] > WANTED[level]) {
        column++;
    }
    return critical_at((double)count, column);
}

double assay_change_p(size_t count, double statistic)
{
    if (count < ASSAY_CHANGE_N_MIN) {
        return 1.0;
    }
    double n = (double)count, before = critical_at(n, 0);
    if (statistic <= before) {
        return 1.0; /* commoner than the first level: nobody asks how common */
    }
    if (!(statistic < HUGE_VAL)) {
        return P_LEAST;
    }
    size_t column = 1;
    double after = critical_at(n, column);
    while (statistic > after && column + 1 < LEVELS) {
        before = after;
        after = critical_at(n, ++column);
    }
    double from = assay_stat_log(ALPHAS[column - 1]), to = assay_stat_log(ALPHAS[column]);
    double share = assay_stat_log(statistic / before) / assay_stat_log(after / before);
    double p = assay_stat_exp(from + share * (to - from));
    return p > P_LEAST ? p : P_LEAST;
}

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static void order(double *low, double *high)
{
    double a = *low, b = *high;
    *low = a < b ? a : b;
    *high = a < b ? b : a;
}

/* Median of the values about i, two to either side, cut at the ends: 3, 4 or 5 of them. */
static double small_median(const double *values, size_t count, size_t i)
{
    size_t from = i < 2 ? 0 : i - 2, to = i + 3 > count ? count : i + 3;
    const double *v = values + from;
    double a = v[0], b = v[1], c = v[2];
    if (to - from == 3) {
        order(&a, &b);
        order(&b, &c);
        return a < b ? b : a;
    }
    double d = v[3];
    order(&a, &b);
    order(&c, &d);
    order(&a, &c); /* a is the least, and d or b the greatest, of four */
    order(&b, &d);
    if (to - from == 4) {
        return 0.5 * (b + c);
    }
    double e = v[4]; /* the median of five is that of the middle two and the fifth */
    order(&b, &c);
    return e < b ? b : e > c ? c : e;
}

/* The k-th smallest (0-based); afterwards what lies before it is not larger. Hoare's selection with the middle of three
 * as pivot: the values are steps of a measured series, not an opponent's. */
static double select_nth(double *values, size_t count, size_t k)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        order(&values[low], &values[middle]);
        order(&values[middle], &values[high]);
        order(&values[low], &values[middle]);
        double pivot = values[middle];
        size_t i = low, j = high;
        for (;; i++, j--) {
            while (values[i] < pivot) {
                i++;
            }
            while (values[j] > pivot) {
                j--;
            }
            if (i >= j) {
                break;
            }
            double swapped = values[i];
            values[i] = values[j];
            values[j] = swapped;
        }
        if (k <= j) {
            high = j;
        } else {
            low = j + 1;
        }
    }
    return values[k];
}

static double median_of(double *values, size_t count)
{
    double upper = select_nth(values, count, count / 2);
    if (count % 2) {
        return upper;
    }
    double lower = values[0];
    for (size_t i = 1; i < count / 2; i++) {
        lower = values[i] > lower ? values[i] : lower;
    }
    return 0.5 * (lower + upper);
}

/* Noise from the steps between neighbours, which a change of level hardly touches. */
static double noise_of(const double *values, size_t count, double *steps)
{
    double sum = 0.0;
    for (size_t i = 0; i + 1 < count; i++) {
        steps[i] = fabs(values[i + 1] - values[i]);
        sum += steps[i];
    }
    double noise = MAD_TO_SIGMA * median_of(steps, count - 1) / sqrt(2.0);
    return noise > 0.0 ? noise : 0.886 * sum / (double)(count - 1); /* over half of the steps are 0 */
}

static void clip_spikes(const double *values, size_t count, double noise, double *ret)
{
    for (size_t i = 0; i < count; i++) {
        double middle = small_median(values, count, i);
        ret[i] = middle + clamp(values[i] - middle, -CLIP_SIGMAS * noise, CLIP_SIGMAS * noise);
    }
}

struct split {
    size_t at;
    double statistic, left, right; /* means of both sides */
    bool is_exact;
};

/* The split with the largest t, by prefix sums of centred values: O(n). With S the prefix sum and k its length the sum
 * of squares between both sides is n S^2 / (k (n - k)), and t grows with it, so one division a split is enough. */
static struct split best_split(const double *values, size_t count)
{
    double centre = assay_stat_mean(values, count), total = 0.0, squares = 0.0, n = (double)count;
    for (size_t i = 0; i < count; i++) {
        total += values[i] - centre;
        squares += (values[i] - centre) * (values[i] - centre);
    }
    double drift = total / n; /* what rounding left of the mean */
    double prefix = 0.0, best = -1.0, best_prefix = 0.0;
    size_t at = ASSAY_CHANGE_EDGE;
    for (size_t i = 0; i + ASSAY_CHANGE_EDGE < count; i++) {
        prefix += values[i] - centre - drift;
        double k = (double)(i + 1), between = prefix * prefix / (k * (n - k));
        if (i + 1 >= ASSAY_CHANGE_EDGE && between > best) {
            best = between;
            best_prefix = prefix;
            at = i + 1;
        }
    }
    double k = (double)at, left = best_prefix / k, right = -best_prefix / (n - k), within = squares - n * best;
    struct split ret = {.at = at, .left = left + centre, .right = right + centre};
    ret.is_exact = within <= 1e-14 * squares && fabs(left - right) > 0.0;
    ret.statistic = ret.is_exact   ? HUGE_VAL
                    : within > 0.0 ? fabs(left - right) / sqrt(within / (n - 2) * (1 / k + 1 / (n - k)))
                                   : 0.0;
    return ret;
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
    double *clipped = work, *white = work + count;
    clip_spikes(values, count, noise_of(values, count, white), clipped);
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
