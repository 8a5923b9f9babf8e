#include "stat/stat.h"

#include <assert.h>
#include <math.h>

#define MILLI 1000u
#define NEGLIGIBLE 0x1p-70 /* of the mode's probability: all terms beyond it together are below the last bit */
#define MAD_TO_SIGMA 1.4826
#define CLIP_SIGMAS 3.0
#define RHO_MAX 0.9

uint64_t assay_stat_quantile_rank(uint64_t n, unsigned p_milli)
{
    assert(n > 0 && p_milli > 0 && p_milli < MILLI && n <= UINT64_MAX / MILLI);
    return (n * p_milli + MILLI - 1) / MILLI;
}

uint64_t assay_stat_quantile_least_n(unsigned p_milli, double alpha)
{
    assert(p_milli > 0 && p_milli < MILLI && alpha > 0 && alpha < 1);
    double p = (double)p_milli / MILLI, power = p;
    uint64_t n = 1;
    while (power > alpha) {
        power *= p;
        n++;
    }
    return n;
}

/* Bin(n, p) from its mode outwards, in units of the mode's probability: no power, no logarithm, no underflow. */
struct binomial {
    double n, p, q;
    uint64_t mode;
    double below, above; /* sums over k < mode and k > mode */
};

static double ratio_up(const struct binomial *b, double k) /* P(k+1) / P(k) */
{
    return (b->n - k) * b->p / ((k + 1) * b->q);
}

static struct binomial binomial_of(uint64_t n, unsigned p_milli)
{
    struct binomial b = {.n = (double)n, .p = (double)p_milli / MILLI, .q = (double)(MILLI - p_milli) / MILLI};
    b.mode = (n + 1) * p_milli / MILLI;
    double weight = 1;
    for (uint64_t k = b.mode; k < n && weight > NEGLIGIBLE; k++) {
        weight *= ratio_up(&b, (double)k);
        b.above += weight;
    }
    weight = 1;
    for (uint64_t k = b.mode; k > 0 && weight > NEGLIGIBLE; k--) {
        weight /= ratio_up(&b, (double)(k - 1));
        b.below += weight;
    }
    return b;
}

/* Walks up from the mode while P(X >= k) is above alpha. */
static uint64_t first_with_tail(const struct binomial *b, uint64_t n, double limit)
{
    double tail = b->above, weight = 1;
    uint64_t k = b->mode + 1;
    while (k <= n && tail > limit) {
        weight *= ratio_up(b, (double)(k - 1));
        tail -= weight;
        k++;
    }
    return k; /* n + 1: P(X > n) = 0 */
}

/* Walks down from the mode while P(X <= k) is above alpha. */
static uint64_t last_with_tail(const struct binomial *b, double limit)
{
    double tail = b->below, weight = 1;
    uint64_t k = b->mode; /* P(X <= k-1) is the tail */
    while (k > 0 && tail > limit) {
        weight /= ratio_up(b, (double)(k - 1));
        tail -= weight;
        k--;
    }
    return k;
}

uint64_t assay_stat_quantile_upper(uint64_t n, unsigned p_milli, double alpha)
{
    assert(p_milli > 0 && p_milli < MILLI && alpha >= 1e-6 && alpha <= 0.5);
    if (n == 0) {
        return 0;
    }
    /* P(X <= u-1) >= 1-alpha  iff  P(X >= u) <= alpha */
    struct binomial b = binomial_of(n, p_milli);
    uint64_t u = first_with_tail(&b, n, alpha * (b.below + 1 + b.above));
    return u <= n ? u : 0;
}

uint64_t assay_stat_quantile_lower(uint64_t n, unsigned p_milli, double alpha)
{
    assert(p_milli > 0 && p_milli < MILLI && alpha >= 1e-6 && alpha <= 0.5);
    if (n == 0) {
        return 0;
    }
    struct binomial b = binomial_of(n, p_milli);
    return last_with_tail(&b, alpha * (b.below + 1 + b.above));
}

uint64_t assay_stat_sign_index(uint64_t n, double alpha)
{
    assert(n < (UINT64_C(1) << 52) && alpha > 0 && alpha < 1);
    /* P(X = k) as fraction * 2^exponent, from 2^-n on: exact while the counts are, for any n */
    int exponent = 0;
    double fraction = 1, total = 0;
    int64_t power = -(int64_t)n; /* of two, kept apart */
    double limit = alpha / 2;
    uint64_t k = 0;
    for (; k < n; k++) {
        int64_t e = power + exponent;
        total += e > -1070 ? ldexp(fraction, (int)e) : 0; /* smaller terms are below the last bit of any alpha */
        if (total > limit) {
            break;
        }
        int shift;
        fraction = frexp(fraction * (double)(n - k) / (double)(k + 1), &shift);
        exponent += shift;
    }
    return k;
}

static double median_of_sorted(const double *sorted, size_t count)
{
    size_t half = count / 2;
    return count % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

static double clip(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* Lag-1 autocorrelation of the clipped series; 0 for a constant one. */
static double autocorrelation(const double *values, size_t count, double low, double high)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += clip(values[i], low, high);
    }
    double mean = sum / (double)count;
    double squares = 0, products = 0, previous = 0;
    for (size_t i = 0; i < count; i++) {
        double c = clip(values[i], low, high) - mean;
        squares += c * c;
        products += c * previous;
        previous = c;
    }
    return squares > 0 ? products / squares : 0;
}

uint64_t assay_stat_effective_n(const double *values, const double *sorted, double *scratch, size_t count)
{
    if (count < 2 || sorted[0] >= sorted[count - 1]) {
        return count;
    }
    double median = median_of_sorted(sorted, count);
    for (size_t i = 0; i < count; i++) {
        scratch[i] = fabs(sorted[i] - median);
    }
    assay_stat_sort(scratch, scratch + count, count);
    double reach = CLIP_SIGMAS * MAD_TO_SIGMA * median_of_sorted(scratch, count);
    if (reach <= 0) {
        return count; /* more than half are equal: the clipped series is constant */
    }
    double n = (double)count;
    double rho = clip(autocorrelation(values, count, median - reach, median + reach) + 1 / n, 0, RHO_MAX);
    return (uint64_t)floor(n * (1 - rho) / (1 + rho));
}
