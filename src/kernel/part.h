/*
 * What a call is to compute: all of its units, or the part that one thread has taken. Internal to kernel/.
 */
#ifndef ASSAY_KERNEL_PART_H
#define ASSAY_KERNEL_PART_H

#include "assay/kernel.h"

struct kernel_range {
    size_t first, end;
};

static inline struct kernel_range kernel_range_of(const struct assay_kernel_call *call, uint64_t units)
{
    struct assay_kernel_part part = call->part;
    return (struct kernel_range){.first = (size_t)part.first, .end = (size_t)(part.end > 0 ? part.end : units)};
}

#endif
