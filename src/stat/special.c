#include "stat/special.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#define LN2_HI 0x1.62e42fee00000p-1  /* the first 32 bits of ln 2: k * LN2_HI is exact for every exponent k */
#define LN2_LO 0x1.a39ef35793c76p-33 /* the rest of it */
#define SQRT_HALF 0x1.6a09e667f3bcdp-1
#define LN_SQRT_2PI 0x1.d67f1c864beb5p-1
#define SQRT_2PI 0x1.40d931ff62706p+1

double assay_stat_log(double x)
{
    assert(x > 0.0 && x <= DBL_MAX);
    int k;
    double m = frexp(x, &k);
    if (m < SQRT_HALF) { /* m in [sqrt(1/2), sqrt(2)): the series below then needs few terms */
        m *= 2.0;
        k--;
    }
    double f = m - 1.0;
    double s = f / (2.0 + f);
    double z = s * s; /* at most 0.0295 */
    double series = 0.0;
    for (int n = 23; n >= 3; n -= 2) { /* atanh(s) = s + s^3/3 + s^5/5 + ...: what is left out is below 2^-60 */
        series = (series + 1.0 / n) * z;
    }
    double tail = 2.0 * s * series + k * LN2_LO;
    return k * LN2_HI + (2.0 * s + tail);
}

double assay_stat_exp(double x)
{
    if (x > 709.782712893384) {
        return HUGE_VAL;
    }
    if (x < -745.2) {
        return 0.0;
    }
    double k = floor(x / (LN2_HI + LN2_LO) + 0.5);
    double r = (x - k * LN2_HI) - k * LN2_LO; /* |r| <= 0.347 */
    double series = 0.0;
    for (int n = 14; n >= 2; n--) { /* e^r - 1 - r by Taylor; r^15/15! is below 2^-60 */
        series = (series + 1.0) * r / n;
    }
    return ldexp(1.0 + (r + r * series), (int)k);
}

double assay_stat_log_gamma(double x)
{
    assert(x > 0.0);
    enum { SHIFT_TO = 16 }; /* Stirling's series with six terms is exact to 1e-17 from here on */
    double product = 1.0;
    double log_product = 0.0;
    while (x < SHIFT_TO) {
        product *= x;
        x += 1.0;
    }
    log_product = assay_stat_log(product);
    double z = 1.0 / (x * x);
    double series =
        1.0 / 12.0 -
        z * (1.0 / 360.0 - z * (1.0 / 1260.0 - z * (1.0 / 1680.0 - z * (1.0 / 1188.0 - z * 691.0 / 360360.0))));
    return (x - 0.5) * assay_stat_log(x) - x + LN_SQRT_2PI + series / x - log_product;
}

double assay_stat_normal_density(double z)
{
    return assay_stat_exp(-0.5 * z * z) / SQRT_2PI;
}

/* The upper tail for z > 0 by Laplace's continued fraction, from the far end. */
static double normal_tail(double z)
{
    enum { TERMS = 120 }; /* at z = 2, where the series takes over, 1e-16 */
    double fraction = z;
    for (int n = TERMS; n >= 1; n--) {
        fraction = z + n / fraction;
    }
    return assay_stat_normal_density(z) / fraction;
}

double assay_stat_normal_below(double z)
{
    if (z < -2.0) {
        return normal_tail(-z);
    }
    if (z > 2.0) {
        return 1.0 - normal_tail(z);
    }
    double term = z, sum = z; /* Phi = 1/2 + phi(z) (z + z^3/3 + z^5/15 + ...) */
    for (int n = 3; n < 80; n += 2) {
        term *= z * z / n;
        sum += term;
    }
    return 0.5 + assay_stat_normal_density(z) * sum;
}

/* A lower-tail start, good to 5e-4 (Abramowitz and Stegun, 26.2.23). */
static double normal_start(double p)
{
    double t = sqrt(-2.0 * assay_stat_log(p));
    return -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
}

double assay_stat_normal_quantile(double p)
{
    assert(p > 0.0 && p < 1.0);
    if (p > 0.5) {
        return -assay_stat_normal_quantile(1.0 - p);
    }
    double z = normal_start(p);
    for (int i = 0; i < 3; i++) { /* Halley's steps triple the digits: 5e-4, 1e-10, exact */
        double error = (assay_stat_normal_below(z) - p) / assay_stat_normal_density(z);
        z -= error / (1.0 + 0.5 * z * error);
    }
    return z;
}

/* Lentz's continued fraction of the incomplete beta function; converges fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
    enum { TERMS_MAX = 20000 }; /* about sqrt(max(a, b)) are needed: enough for a sample of 10^8 */
    const double tiny = 1e-300;
    double c = 1.0, d = 1.0 - (a + b) * x / (a + 1.0);
    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    double h = d;
    for (int m = 1; m < TERMS_MAX; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        d = 1.0 + even * d;
        c = 1.0 + even / c;
        d = 1.0 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        d = 1.0 + odd * d;
        c = 1.0 + odd / c;
        d = 1.0 / (fabs(d) < tiny ? tiny : d);
        c = fabs(c) < tiny ? tiny : c;
        h *= d * c;
        if (fabs(d * c - 1.0) < DBL_EPSILON) {
            break;
        }
    }
    return h;
}

double assay_stat_beta_below(double x, double a, double b)
{
    assert(a > 0.0 && b > 0.0 && x >= 0.0 && x <= 1.0);
    if (x == 0.0 || x == 1.0) {
        return x;
    }
    double front = assay_stat_exp(assay_stat_log_gamma(a + b) - assay_stat_log_gamma(a) - assay_stat_log_gamma(b) +
                                  a * assay_stat_log(x) + b * assay_stat_log(1.0 - x));
    if (x < (a + 1.0) / (a + b + 2.0)) {
        return front * beta_fraction(x, a, b) / a;
    }
    return 1.0 - front * beta_fraction(1.0 - x, b, a) / b;
}

double assay_stat_beta_quantile(double p, double a, double b)
{
    assert(p >= 0.0 && p <= 1.0);
    double low = 0.0, high = 1.0;
    for (int i = 0; i < 200; i++) { /* bisection: as many steps as a double has values between 0 and 1, in halves */
        double middle = 0.5 * (low + high);
        if (middle == low || middle == high) {
            break;
        }
        if (assay_stat_beta_below(middle, a, b) < p) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return 0.5 * (low + high);
}

double assay_stat_t_below(double t, double degrees)
{
    double tail = 0.5 * assay_stat_beta_below(degrees / (degrees + t * t), 0.5 * degrees, 0.5);
    return t > 0.0 ? 1.0 - tail : tail;
}

double assay_stat_t_quantile(double p, double degrees)
{
    assert(p > 0.0 && p < 1.0 && degrees > 0.0);
    if (p == 0.5) {
        return 0.0;
    }
    double tail = p < 0.5 ? p : 1.0 - p;
    double x = assay_stat_beta_quantile(2.0 * tail, 0.5 * degrees, 0.5);
    double t = sqrt(degrees * (1.0 - x) / x);
    return p < 0.5 ? -t : t;
}

/* P(a, x) by its series (Abramowitz and Stegun, 6.5.29): all terms are positive, so nothing cancels, and quantiles of
 * the degrees that occur (tens) need a few hundred terms at most. */
double assay_stat_gamma_below(double a, double x)
{
    assert(a > 0 && x >= 0);
    if (x <= 0) {
        return 0.0;
    }
    double term = 1.0, sum = 1.0;
    for (double n = a + 1; term > sum * 0x1p-60; n += 1) {
        term *= x / n;
        sum += term;
    }
    double p = assay_stat_exp(a * assay_stat_log(x) - x - assay_stat_log_gamma(a + 1)) * sum;
    return p < 1.0 ? p : 1.0;
}

double assay_stat_chi2_quantile(double p, double degrees)
{
    assert(p > 0 && p < 1 && degrees > 0);
    double low = 0, high = degrees;
    while (assay_stat_gamma_below(degrees / 2, high / 2) < p) {
        low = high;
        high *= 2;
    }
    for (;;) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high) {
            return middle;
        }
        if (assay_stat_gamma_below(degrees / 2, middle / 2) < p) {
            low = middle;
        } else {
            high = middle;
        }
    }
}
