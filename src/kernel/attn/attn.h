/*
 * Attention over a cache (kernels.md 3.2): score = T16(q k) / sqrt(d), the true maximum first, Z = T16(exp), o = sum of
 * p v in ascending positions, then o / Z. Internal to kernel/.
 */
#ifndef ASSAY_KERNEL_ATTN_H
#define ASSAY_KERNEL_ATTN_H

#include "base/half.h"
#include "kernel/float.h"

enum attn_input { ATTN_Q, ATTN_K, ATTN_V };

#endif
