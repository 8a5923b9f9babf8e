#include "measure/progress.h"

#include "base/clock.h"

#define SUB_BITS 3

static size_t bin_of(uint64_t ns)
{
    if (ns < (1u << SUB_BITS)) {
        return (size_t)ns;
    }
    unsigned top = 63u - (unsigned)__builtin_clzll(ns);
    return ((size_t)(top - SUB_BITS + 1) << SUB_BITS) | ((ns >> (top - SUB_BITS)) & ((1u << SUB_BITS) - 1));
}

static uint64_t middle_of(size_t bin)
{
    if (bin < (1u << SUB_BITS)) {
        return bin;
    }
    unsigned shift = (unsigned)(bin >> SUB_BITS) - 1;
    uint64_t low = ((uint64_t)(bin & ((1u << SUB_BITS) - 1)) | (1u << SUB_BITS)) << shift;
    return low + (UINT64_C(1) << shift) / 2;
}

void assay_live_add(struct assay_live_histogram *histogram, uint64_t ns)
{
    atomic_uint_fast32_t *bin = &histogram->bins[bin_of(ns)];
    atomic_store_explicit(bin, atomic_load_explicit(bin, memory_order_relaxed) + 1, memory_order_relaxed);
}

static uint64_t count_of(const struct assay_live_histogram *const *histograms, size_t count, size_t bin)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += atomic_load_explicit(&histograms[i]->bins[bin], memory_order_relaxed);
    }
    return sum;
}

uint64_t assay_live_quantile(const struct assay_live_histogram *const *histograms, size_t count, double p,
                             uint64_t least_n)
{
    uint64_t total = 0;
    for (size_t bin = 0; bin < ASSAY_LIVE_BINS; bin++) {
        total += count_of(histograms, count, bin);
    }
    if (total < least_n || total == 0) {
        return ASSAY_NS_ABSENT;
    }
    uint64_t below = 0;
    for (size_t bin = 0; bin < ASSAY_LIVE_BINS; bin++) {
        below += count_of(histograms, count, bin);
        if ((double)below >= p * (double)total) {
            return middle_of(bin);
        }
    }
    return ASSAY_NS_ABSENT;
}
