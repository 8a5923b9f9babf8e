/*
 * Two independent samples (statistics.md 2.4): Hodges-Lehmann shift and its interval from the exact distribution of the
 * Mann-Whitney count U, without ever forming the n * m differences.
 */
#ifndef ASSAY_STAT_SHIFT_H
#define ASSAY_STAT_SHIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assay_stat_shift {
    double point, lower, upper;
    bool has_interval; /* false: alpha is below what n and m allow */
    uint64_t index;    /* k: bounds are the k-th smallest and k-th largest difference */
};

/* Median of all x_i - y_j. Both sorted ascending, counts > 0. work: room for n * m + 2 doubles if n + m <= 400
 * (NULL above: the Edgeworth series is used). On logarithms exp(point) is the ratio. */
struct assay_stat_shift assay_stat_shift_compare(const double *x, size_t n, const double *y, size_t m, double alpha,
                                                 double *work);

/* P(U <= c); exact for n + m <= ASSAY_STAT_SHIFT_EXACT_MAX (work: n * m + 2 doubles), else by the Edgeworth series. */
#define ASSAY_STAT_SHIFT_EXACT_MAX 400
double assay_stat_shift_u_below(uint64_t n, uint64_t m, uint64_t c, double *work);

/* The k-th smallest of all x_i - y_j, 1-based. */
double assay_stat_shift_select(const double *x, size_t n, const double *y, size_t m, uint64_t k);

#endif
