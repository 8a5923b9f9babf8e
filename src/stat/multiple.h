/*
 * Several comparisons at once (statistics.md 2.7).
 */
#ifndef ASSAY_STAT_MULTIPLE_H
#define ASSAY_STAT_MULTIPLE_H

#include <stddef.h>

/* Benjamini-Hochberg: ret_adjusted[i] belongs to p[i]. Returns how many are rejected at false-discovery rate q.
 * order: scratch for count indices. */
size_t assay_stat_multiple_fdr(const double *p, size_t count, double q, double *ret_adjusted, size_t *order);

/* Holm: family-wise. Same shape; returns how many are rejected at alpha. */
size_t assay_stat_multiple_holm(const double *p, size_t count, double alpha, double *ret_adjusted, size_t *order);

#endif
