/*
 * What the AVX2 variants share. Only their files include it: everything is static, and inlined, so that nothing of it
 * can be linked into code for smaller processors. Internal to kernel/.
 */
#ifndef ASSAY_KERNEL_AVX2_H
#define ASSAY_KERNEL_AVX2_H

#ifdef __AVX2__

#include "kernel/float.h"

#include <immintrin.h>

/* A function that is specialised by its constant arguments. */
#define KERNEL_INLINE static inline __attribute__((always_inline))

KERNEL_INLINE int32_t kernel_sum_i32(__m256i lanes)
{
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

/* The tree of float.h: lanes 0 to 7 and 8 to 15. */
KERNEL_INLINE float kernel_tree_avx2(__m256 low, __m256 high)
{
    __m256 eight = _mm256_add_ps(low, high);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}

/* kernel_exp, lane by lane, with the same bits. */
KERNEL_INLINE __m256 kernel_exp_avx2(__m256 x)
{
    const __m256 magic = _mm256_set1_ps(12582912.0F), one = _mm256_set1_ps(1);
    __m256 is_zero = _mm256_cmp_ps(x, _mm256_set1_ps(KERNEL_EXP_LEAST), _CMP_LT_OQ);
    __m256 is_nan = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);
    __m256 bounded = _mm256_max_ps(_mm256_min_ps(x, _mm256_set1_ps(KERNEL_EXP_MOST)), _mm256_set1_ps(KERNEL_EXP_LEAST));
    __m256 n = _mm256_sub_ps(_mm256_fmadd_ps(bounded, _mm256_set1_ps(1.44269504F), magic), magic);
    __m256 r = _mm256_fmadd_ps(n, _mm256_set1_ps(-0.693359375F), bounded);
    r = _mm256_fmadd_ps(n, _mm256_set1_ps(2.12194440e-4F), r);
    __m256 p = _mm256_fmadd_ps(r, _mm256_set1_ps(8.312502e-3F), _mm256_set1_ps(4.1890334e-2F));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.6667116e-1F));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(4.999923e-1F));
    p = _mm256_add_ps(_mm256_fmadd_ps(p, _mm256_mul_ps(r, r), r), one);
    __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvttps_epi32(n), _mm256_set1_epi32(127)), 23);
    __m256 y = _mm256_andnot_ps(is_zero, _mm256_mul_ps(p, _mm256_castsi256_ps(power)));
    return _mm256_blendv_ps(y, x, is_nan);
}

#endif

#endif
