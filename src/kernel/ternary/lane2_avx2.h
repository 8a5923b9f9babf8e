/*
 * What the variants of ternary_gemv_lane2 share that have vectors of eight rows. Internal to kernel/.
 */
#ifndef ASSAY_KERNEL_TERNARY_LANE2_AVX2_H
#define ASSAY_KERNEL_TERNARY_LANE2_AVX2_H

#ifdef __AVX2__

#include "kernel/avx2.h"
#include "kernel/part.h"
#include "kernel/ternary/ternary.h"

/* (f32(centred) / s) x scale of eight rows of one token, centred = acc - S; only those of the range are written, for
 * the first and the last group may belong to others too. */
KERNEL_INLINE void lane2_put_centred(const struct assay_kernel_call *call, struct kernel_range range, size_t token,
                                     size_t group, __m256i centred)
{
    const size_t rows = (size_t)call->shape.rows, row = group * TERNARY_GROUP;
    const __m256 s = _mm256_set1_ps(((const float *)call->in[TERNARY_S])[token]);
    const __m256 scale = _mm256_set1_ps(*(const float *)call->in[TERNARY_SCALE]);
    __m256 y = _mm256_mul_ps(_mm256_div_ps(_mm256_cvtepi32_ps(centred), s), scale);
    float *to = (float *)call->out[0] + token * rows + row;
    if (row >= range.first && row + TERNARY_GROUP <= range.end) {
        _mm256_storeu_ps(to, y);
        return;
    }
    _Alignas(32) float all[TERNARY_GROUP];
    _mm256_store_ps(all, y);
    for (size_t i = 0; i < TERNARY_GROUP; i++) {
        if (row + i >= range.first && row + i < range.end) {
            to[i] = all[i];
        }
    }
}

/* The same of sums of codes 0, 1, 2. */
KERNEL_INLINE void lane2_put(const struct assay_kernel_call *call, struct kernel_range range, size_t token,
                             size_t group, __m256i acc)
{
    const __m256i sum = _mm256_set1_epi32(((const int32_t *)call->in[TERNARY_SUMS])[token]);
    lane2_put_centred(call, range, token, group, _mm256_sub_epi32(acc, sum));
}

#endif

#endif
