/*
 * Sine and cosine: reduction by pi/2 in three pieces (Cody and Waite, 1980), then Taylor's series on |r| <= pi/4, whose
 * next term is below 1e-18.
 */
#include "stat/special.h"

#include <assert.h>
#include <math.h>

/* pi/2 = A + B + C; A and B have 33 bits each, so that n A and n B are exact for |n| < 2^20. */
#define HALF_PI_A 0x1.921fb544p+0
#define HALF_PI_B 0x1.0b4611a6p-34
#define HALF_PI_C 0x1.3198a2e037073p-69
#define ANGLE_MAX 0x1p20

static double sine(double r)
{
    double s = r * r, sum = 0;
    for (int n = 19; n >= 3; n -= 2) {
        sum = (sum + 1) * -s / ((double)n * (n - 1));
    }
    return r + r * sum;
}

static double cosine(double r)
{
    double s = r * r, sum = 0;
    for (int n = 20; n >= 4; n -= 2) {
        sum = (sum + 1) * -s / ((double)n * (n - 1));
    }
    return 1 - s / 2 * (1 + sum);
}

void assay_stat_sine_cosine(double x, double *ret_sine, double *ret_cosine)
{
    assert(fabs(x) <= ANGLE_MAX);
    double n = floor(x / (HALF_PI_A + HALF_PI_B) + 0.5);
    double r = ((x - n * HALF_PI_A) - n * HALF_PI_B) - n * HALF_PI_C;
    double s = sine(r), c = cosine(r);
    int quadrant = (int)(n - 4 * floor(n / 4));
    *ret_sine = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
    *ret_cosine = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
}
