/*
 * Live latency: a coarse histogram a worker, for the progress line only. No number of a receipt comes from here.
 * Internal to measure/.
 */
#ifndef ASSAY_MEASURE_PROGRESS_H
#define ASSAY_MEASURE_PROGRESS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define ASSAY_LIVE_BINS 512 /* 8 a doubling: within 6% of the value, enough for a line that is rewritten */

struct assay_live_histogram {
    atomic_uint_fast32_t bins[ASSAY_LIVE_BINS]; /* one writer */
};

void assay_live_add(struct assay_live_histogram *histogram, uint64_t ns);

/* Quantile of several histograms together, in (0, 1); ABSENT below least_n values. */
uint64_t assay_live_quantile(const struct assay_live_histogram *const *histograms, size_t count, double p,
                             uint64_t least_n);

#endif
