/*
 * Numeric parity of outputs (statistics.md 3.4): how far an arm's numbers lie from a binary64 reference of the same
 * inputs. Its own verdict, never mixed with speed.
 *
 *     double *work = room for 3 * count doubles;
 *     struct assay_stat_parity parity = assay_stat_parity_of(&input, work);
 *     parity.places_wrong == 0 && parity.ulp.max <= 64 && parity.cosine >= 0.999999 ...
 *
 * NaN and infinity must stand at the same places; such pairs are counted and leave every other figure. Differences are
 * formed in binary64 from the exact values of the format. The reference is rounded to the format once, to nearest even,
 * for ulps and for bit-equality.
 */
#ifndef ASSAY_STAT_PARITY_H
#define ASSAY_STAT_PARITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum assay_stat_format {
    ASSAY_STAT_F32,
    ASSAY_STAT_F16,
    ASSAY_STAT_BF16,
    ASSAY_STAT_F64,
    ASSAY_STAT_I32,
    ASSAY_STAT_I8,
    ASSAY_STAT_U8,
    ASSAY_STAT_U64
};
size_t assay_stat_format_bytes(enum assay_stat_format format);

/* Unit roundoff of the format: 2^-24, 2^-11, 2^-8, 2^-53; 0 for integers. */
double assay_stat_format_unit(enum assay_stat_format format);

/* The value at index, exactly (u64 above 2^53: to nearest). */
double assay_stat_value_at(enum assay_stat_format format, const void *values, size_t index);

/* The bits of the value nearest to x, ties to even, overflow to infinity; integers saturate, NaN becomes 0. */
uint64_t assay_stat_bits_nearest(enum assay_stat_format format, double x);

/* Distance of two bit patterns in units of the last place: bits mapped to ordered integers, +0 = -0. Neither is NaN. */
uint64_t assay_stat_ulps_between(enum assay_stat_format format, uint64_t a, uint64_t b);

/* |x - r| of a K-term dot product whose terms sum to `magnitude` in absolute value, in a format of unit u, plus one
 * rounding of r to the output format. Hard: beyond it there is an error in the code. Tight: min(K, factor sqrt(K)) u.
 */
double assay_stat_dot_bound_hard(uint64_t terms, double unit, double magnitude, double rounding);
double assay_stat_dot_bound_tight(uint64_t terms, double factor, double unit, double magnitude, double rounding);
#define ASSAY_STAT_DOT_BOUND_FACTOR 8.0 /* statistics.md 3.4: the default of `dot_bound` */

/* Whether `claimed` can be the difference of two values of the format, none of them 0 and smaller than `least` in size:
 * it is then a multiple of the last place of `least`. A rounded decimal almost never is. */
bool assay_stat_is_difference(enum assay_stat_format format, double claimed, double least);

/* A limit more than a hundred times above what was seen binds nothing. */
#define ASSAY_STAT_SLACK_MAX 100.0
double assay_stat_slack(double limit, double observed); /* infinity if nothing was observed */

struct assay_stat_errors {
    double p50, p90, p99, p999, max; /* x(ceil(p n)) */
};

struct assay_stat_parity_input {
    enum assay_stat_format format;
    const void *values;       /* of the arm, count of the format */
    const double *reference;  /* count */
    const double *magnitudes; /* sum of |a b| of each value; NULL: no dot bound */
    size_t count;
    uint64_t terms;    /* K, with magnitudes */
    double unit;       /* of the accumulator; 0: the format's */
    double dot_factor; /* of the tight bound; 0: the default */
    double floor;      /* of |r| in relative errors; 0: the largest |r| times the format's unit */
};

struct assay_stat_parity {
    size_t count, places_wrong, first_wrong; /* NaN or infinity at unequal places; first_wrong = count: none */
    size_t compared;                         /* finite pairs */
    struct assay_stat_errors absolute, relative, ulp;
    size_t worst;                     /* index of the largest absolute error; count: none */
    double rms, cosine, equal_share;  /* cosine 1 and share 1 if nothing was compared */
    size_t beyond_hard, beyond_tight; /* values beyond the dot bounds */
    double tight_used;                /* largest error over its tight bound; 0 without magnitudes */
    double least;                     /* smallest non-zero |value| on either side, for assay_stat_is_difference */
};

/* work: room for 3 * count doubles. */
struct assay_stat_parity assay_stat_parity_of(const struct assay_stat_parity_input *input, double *work);

#endif
