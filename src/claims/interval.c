#include "claims/interval.h"

#include "claims/scan.h"

#include <assert.h>
#include <math.h>

/* One operation of binary64 errs by half a unit in the last place; four units cover the few that a formula chains. */
#define OUTWARDS 8.9e-16
#define CARELESS_SHARE 0.05 /* of a round integer: what people round away (spec, C2) */
#define ABOUT_SHARE 0.10    /* "about": ten percent */
#define FAR HUGE_VAL

struct range range_of(double lo, double hi)
{
    return (struct range){lo - fabs(lo) * OUTWARDS, hi + fabs(hi) * OUTWARDS};
}

struct range range_add(struct range a, struct range b)
{
    return range_of(a.lo + b.lo, a.hi + b.hi);
}

struct range range_sub(struct range a, struct range b)
{
    return range_of(a.lo - b.hi, a.hi - b.lo);
}

/* 0 times infinity is 0 here: a half line that begins at 0 times 0. */
static double product(double a, double b)
{
    return a == 0 || b == 0 ? 0 : a * b;
}

struct range range_mul(struct range a, struct range b)
{
    double p[] = {product(a.lo, b.lo), product(a.lo, b.hi), product(a.hi, b.lo), product(a.hi, b.hi)};
    double lo = p[0], hi = p[0];
    for (int i = 1; i < 4; i++) {
        lo = p[i] < lo ? p[i] : lo;
        hi = p[i] > hi ? p[i] : hi;
    }
    return range_of(lo, hi);
}

bool range_div(struct range a, struct range b, struct range *ret)
{
    if (b.lo <= 0 && b.hi >= 0) {
        return false;
    }
    *ret = range_mul(a, range_of(1 / b.hi, 1 / b.lo));
    return true;
}

struct range range_scale(struct range a, double factor)
{
    return factor < 0 ? range_of(a.hi * factor, a.lo * factor) : range_of(a.lo * factor, a.hi * factor);
}

struct range range_abs(struct range a)
{
    if (a.lo >= 0) {
        return a;
    }
    return a.hi <= 0 ? (struct range){-a.hi, -a.lo} : (struct range){0, -a.lo > a.hi ? -a.lo : a.hi};
}

struct range range_hull(struct range a, struct range b)
{
    return (struct range){a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi};
}

bool range_meets(struct range a, struct range b)
{
    return a.lo <= b.hi && b.lo <= a.hi;
}

bool range_holds(struct range a, double x)
{
    return a.lo <= x && x <= a.hi;
}

/* ---- what a printed number allows --- */

static uint32_t trailing_zeros(const struct decimal *num)
{
    uint32_t zeros = 0;
    for (uint64_t left = num->digits; left > 0 && left % 10 == 0; left /= 10) {
        zeros++;
    }
    for (int left = num->exp10; left > 0; left--) {
        zeros++;
    }
    return zeros;
}

static double power_of_ten(uint32_t exponent)
{
    return decimal_value(&(struct decimal){.digits = 1, .exp10 = (int16_t)exponent});
}

/* Width of W in the printed unit: one in the last place; a round integer may have been rounded to its zeros. */
static double careless(const struct quantity *q, double printed)
{
    double step = q->num.exp10 > 0 ? power_of_ten((uint32_t)q->num.exp10)
                                   : decimal_value(&(struct decimal){.digits = 1, .exp10 = q->num.exp10});
    uint32_t zeros = trailing_zeros(&q->num);
    if (q->num.exp10 < 0 || zeros == 0 || q->num.digits == 0) {
        return step;
    }
    double round = power_of_ten(zeros);
    double share = fabs(printed) * CARELESS_SHARE;
    share = share < 1 ? 1 : share;
    double wide = round < share ? round : share;
    return wide > step ? wide : step;
}

static bool is_exact(const struct quantity *q)
{
    if (q->bound != BOUND_EXACT) {
        return false;
    }
    if (q->num.count >= 15) { /* all of a binary64 */
        return true;
    }
    bool is_count = q->dim == DIM_COUNT && q->num.exp10 == 0;
    return is_count && trailing_zeros(&q->num) < 3;
}

void quantity_measure(struct quantity *q, const struct measure *measure)
{
    double printed = decimal_value(&q->num);
    double unit = measure->scale;
    double step = decimal_value(&(struct decimal){.digits = 1, .exp10 = q->num.exp10});
    double wide = careless(q, printed);
    q->unit = measure->unit;
    q->dim = measure->dim;
    q->noun = measure->noun;
    q->per = measure->per;
    q->alt = measure->alt;
    q->value = printed * unit;
    q->step = step * unit;
    q->scale = unit;
    if (is_exact(q)) {
        q->h = q->w = range_of(q->value, q->value);
        return;
    }
    /* An integer of a measured unit: one unit; "1.2k": one in the last printed place. */
    q->h = range_of((printed - step / 2) * unit, (printed + step / 2) * unit);
    q->w = range_of((printed - wide) * unit, (printed + wide) * unit);
    switch (q->bound) {
    case BOUND_ABOUT: {
        double about = fabs(printed) * ABOUT_SHARE;
        about = about > step / 2 ? about : step / 2;
        q->h = q->w = range_of((printed - about) * unit, (printed + about) * unit);
        break;
    }
    case BOUND_UPPER:
        q->h.lo = q->w.lo = -FAR;
        break;
    case BOUND_LOWER:
        q->h.hi = q->w.hi = FAR;
        break;
    default:
        break;
    }
}
