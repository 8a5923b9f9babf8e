/* Whether printed numbers can agree: the specification's intervals, computed apart from the program under test. */
#include "claims/honest.h"

#include <float.h>
#include <math.h>

struct range {
    double lo, hi;
};

#define LITTLE_SLACK 1.02 /* the specification's 2 % over Little's law */

static int zeros_of(double value)
{
    int zeros = 0;
    for (double v = fabs(value); v >= 10 && fmod(v, 10) == 0; v /= 10) {
        zeros++;
    }
    return zeros;
}

/* W of specification 3: one unit in the last printed place; an integer of a measured unit may be rounded further. */
static double width(const struct honest_site *site)
{
    if (site->decimals > 0) {
        return pow(10, -site->decimals);
    }
    int zeros = zeros_of(site->value);
    if (site->is_sample_size || (site->is_count && zeros < 3)) {
        return 0;
    }
    return fmin(pow(10, zeros), fmax(1, 0.05 * fabs(site->value)));
}

static struct range range_of(const struct honest *report, size_t part)
{
    const struct honest_site *site = &report->sites[part];
    double scale = honest_units[site->unit].scale, w = width(site);
    return (struct range){(site->value - w) * scale, (site->value + w) * scale};
}

static double exact_of(const struct honest *report, size_t part)
{
    return report->sites[part].value * honest_units[report->sites[part].unit].scale;
}

static bool meet(struct range a, struct range b)
{
    double slack = 1e-9 * fmax(fabs(a.lo), fabs(b.lo));
    return a.lo <= b.hi + slack && b.lo <= a.hi + slack;
}

static struct range divide(struct range a, struct range b)
{
    if (b.lo <= 0) {
        return (struct range){-DBL_MAX, DBL_MAX};
    }
    return (struct range){fmin(a.lo / b.lo, a.lo / b.hi), fmax(a.hi / b.lo, a.hi / b.hi)};
}

static struct range multiply(struct range a, struct range b)
{
    return (struct range){a.lo * b.lo, a.hi * b.hi};
}

static struct range plus(struct range a, double b)
{
    return (struct range){a.lo + b, a.hi + b};
}

#define PART(i) range_of(report, relation->parts[i])
#define VALUE(i) exact_of(report, relation->parts[i])
#define COUNT relation->parts_count

/* In a table the arms are tried in both orders (specification 3, readings). */
static bool change(const struct honest *report, const struct honest_relation *relation)
{
    struct range percent = PART(2), forth = plus(divide(PART(1), PART(0)), -1),
                 back = plus(divide(PART(0), PART(1)), -1);
    bool is_in_table = report->sites[relation->parts[2]].table > 0;
    return meet(forth, percent) || (is_in_table && meet(back, percent));
}

static bool ratio(const struct honest *report, const struct honest_relation *relation)
{
    struct range stated = PART(2);
    struct range forth = divide(PART(0), PART(1)), back = divide(PART(1), PART(0));
    return meet(forth, stated) || meet(back, stated) || meet(plus(forth, -1), stated);
}

static bool total(const struct honest *report, const struct honest_relation *relation)
{
    struct range sum = {0, 0};
    for (size_t i = 0; i + 1 < COUNT; i++) {
        sum = (struct range){sum.lo + PART(i).lo, sum.hi + PART(i).hi};
    }
    return meet(sum, PART(COUNT - 1));
}

static bool mean(const struct honest *report, const struct honest_relation *relation)
{
    struct range plain = {0, 0}, logs = {0, 0}, inverse = {0, 0};
    double n = (double)(COUNT - 1);
    for (size_t i = 0; i + 1 < COUNT; i++) {
        struct range part = PART(i);
        if (part.lo <= 0) {
            return true; /* no geometric mean: nothing is said */
        }
        plain = (struct range){plain.lo + part.lo / n, plain.hi + part.hi / n};
        logs = (struct range){logs.lo + log(part.lo) / n, logs.hi + log(part.hi) / n};
        inverse = (struct range){inverse.lo + 1 / part.hi / n, inverse.hi + 1 / part.lo / n};
    }
    struct range stated = PART(COUNT - 1), geometric = {exp(logs.lo), exp(logs.hi)};
    struct range harmonic = {1 / inverse.hi, 1 / inverse.lo};
    return meet(plain, stated) || meet(geometric, stated) || meet(harmonic, stated);
}

static bool order(const struct honest *report, const struct honest_relation *relation)
{
    for (size_t i = 0; i + 1 < COUNT; i++) {
        for (size_t k = i + 1; k < COUNT; k++) {
            if (PART(i).lo > PART(k).hi) {
                return false;
            }
        }
    }
    return true;
}

static bool fraction(const struct honest *report, const struct honest_relation *relation)
{
    return PART(0).lo <= PART(1).hi && meet(divide(PART(0), PART(1)), PART(2));
}

static bool product(const struct honest *report, const struct honest_relation *relation)
{
    struct range count = PART(0), made = multiply(PART(1), PART(2));
    return meet(made, count) || meet(made, plus(count, -1)) || meet(made, plus(count, 1));
}

/* The mean of n values between min and max, one of them min and one max. */
static bool mean_for_n(const struct honest *report, const struct honest_relation *relation)
{
    double n = VALUE(0);
    struct range min = PART(1), max = PART(2);
    struct range possible = {((n - 1) * min.lo + max.lo) / n, (min.hi + (n - 1) * max.hi) / n};
    return n < 2 || meet(possible, PART(3));
}

static bool share_of_n(const struct honest *report, const struct honest_relation *relation)
{
    double n = VALUE(1);
    struct range percent = PART(0);
    for (double k = 0; k <= n; k++) {
        if (meet((struct range){k / n, k / n}, percent)) {
            return true;
        }
    }
    return false;
}

static bool gate(const struct honest *report, const struct honest_relation *relation)
{
    double limit = VALUE(1);
    struct range value = PART(2);
    if (VALUE(3) > 0) { /* marked as met: it may lie within */
        return VALUE(0) > 0 ? value.lo <= limit : value.hi >= limit;
    }
    return VALUE(0) > 0 ? value.hi > limit : value.lo < limit;
}

static bool all_met(const struct honest *report, const struct honest_relation *relation)
{
    for (size_t i = 0; i < COUNT; i++) {
        if (VALUE(i) <= 0) {
            return false;
        }
    }
    return true;
}

static bool met_count(const struct honest *report, const struct honest_relation *relation)
{
    double met = 0;
    for (size_t i = 2; i < COUNT; i++) {
        met += VALUE(i) > 0;
    }
    return VALUE(0) == met && VALUE(1) == (double)(COUNT - 2);
}

static bool span(const struct honest *report, const struct honest_relation *relation)
{
    double seconds = VALUE(1) - VALUE(0);
    return seconds >= 0 && meet((struct range){seconds, seconds}, PART(2));
}

static bool margin(const struct honest *report, const struct honest_relation *relation)
{
    struct range t = {VALUE(0), VALUE(0)}, m = PART(1), stated = PART(2), share = divide(m, t), inverse = divide(t, m);
    struct range room = {1 - share.hi, 1 - share.lo};
    return meet(room, stated) || meet(plus(inverse, -1), stated) || meet(share, stated) || meet(inverse, stated);
}

static bool limit(const struct honest *report, const struct honest_relation *relation)
{
    struct range percent = PART(0), base = PART(1), left = {1 - percent.hi, 1 - percent.lo};
    return meet(multiply(left, base), (struct range){VALUE(2), VALUE(2)});
}

static bool little(const struct honest *report, const struct honest_relation *relation)
{
    return PART(1).lo * PART(2).lo <= VALUE(0) * LITTLE_SLACK;
}

static bool direction(const struct honest *report, const struct honest_relation *relation)
{
    struct range a = PART(1), b = PART(2);
    return meet(a, b) || (VALUE(0) > 0) == (b.lo > a.hi);
}

static bool stat(const struct honest *report, const struct honest_relation *relation)
{
    return meet(PART(1), PART(2 + (size_t)VALUE(0)));
}

static bool same(const struct honest *report, const struct honest_relation *relation)
{
    return meet(PART(0), PART(1));
}

static bool cost(const struct honest *report, const struct honest_relation *relation)
{
    return meet(multiply(PART(0), PART(1)), PART(2));
}

bool honest_holds(const struct honest *report, const struct honest_relation *relation)
{
    static bool (*const BY_TYPE[REL_COUNT_TYPES])(const struct honest *, const struct honest_relation *) = {
        [REL_CHANGE] = change,
        [REL_RATIO] = ratio,
        [REL_TOTAL] = total,
        [REL_MEAN] = mean,
        [REL_ORDER] = order,
        [REL_FRACTION] = fraction,
        [REL_PRODUCT] = product,
        [REL_COST] = cost,
        [REL_SAME] = same,
        [REL_MEAN_FOR_N] = mean_for_n,
        [REL_SHARE_OF_N] = share_of_n,
        [REL_GATE] = gate,
        [REL_ALL_MET] = all_met,
        [REL_MET_COUNT] = met_count,
        [REL_SPAN] = span,
        [REL_MARGIN] = margin,
        [REL_LIMIT] = limit,
        [REL_LITTLE] = little,
        [REL_DIRECTION] = direction,
        [REL_READY] = all_met,
        [REL_STAT] = stat,
    };
    return BY_TYPE[relation->type](report, relation);
}
