/*
 * What the variants of the layers in lanes share that have vectors of eight rows. Internal to kernel/.
 */
#ifndef ASSAY_KERNEL_DENSE_LANE_AVX2_H
#define ASSAY_KERNEL_DENSE_LANE_AVX2_H

#ifdef __AVX2__

#include "kernel/avx2.h"
#include "kernel/dense/dense.h"
#include "kernel/part.h"

/* What a block of every row is multiplied by. */
struct lane_activation {
    const int8_t *q;
    float d;
    int32_t sum;
};

KERNEL_INLINE struct lane_activation lane_activation_of(const struct assay_kernel_call *call, size_t at)
{
    return (struct lane_activation){.q = (const int8_t *)call->in[DENSE_Q] + at * 32,
                                    .d = ((const float *)call->in[DENSE_D])[at],
                                    .sum = ((const int32_t *)call->in[DENSE_SUMS])[at]};
}

KERNEL_INLINE size_t lane_bytes_of(enum dense_format format)
{
    return format == DENSE_Q80 ? 34 : format == DENSE_Q40 ? 18 : 20;
}

/* The tree of float.h, in every lane. */
KERNEL_INLINE __m256 lane_tree(const __m256 lanes[KERNEL_LANES])
{
    __m256 four[4];
    for (int i = 0; i < 4; i++) {
        four[i] = _mm256_add_ps(_mm256_add_ps(lanes[i], lanes[i + 8]), _mm256_add_ps(lanes[i + 4], lanes[i + 12]));
    }
    return _mm256_add_ps(_mm256_add_ps(four[0], four[2]), _mm256_add_ps(four[1], four[3]));
}

/* Eight results of a token; only rows of the range are written, for the first and the last group may belong to others.
 */
KERNEL_INLINE void lane_put(const struct assay_kernel_call *call, struct kernel_range range, size_t token, size_t group,
                            __m256 y)
{
    const size_t row = group * DENSE_GROUP;
    float *to = (float *)call->out[0] + token * (size_t)call->shape.rows + row;
    if (row >= range.first && row + DENSE_GROUP <= range.end) {
        _mm256_storeu_ps(to, y);
        return;
    }
    _Alignas(32) float all[DENSE_GROUP];
    _mm256_store_ps(all, y);
    for (size_t i = 0; i < DENSE_GROUP; i++) {
        if (row + i >= range.first && row + i < range.end) {
            to[i] = all[i];
        }
    }
}

#endif

#endif
