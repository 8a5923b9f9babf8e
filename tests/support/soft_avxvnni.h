/*
 * VPDPBUSD on 256 bits as software, for running the source of a variant on a processor that lacks it: include it,
 * define KERNEL_EMULATED, then include the variant's source.
 */
#ifndef ASSAY_TESTS_SOFT_AVXVNNI_H
#define ASSAY_TESTS_SOFT_AVXVNNI_H

#ifdef __AVX2__

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

/* Four products of an unsigned by a signed byte added to each int32, which wraps. */
static inline __m256i soft_dpbusd256(__m256i sum, __m256i a, __m256i b)
{
    uint32_t sums[8];
    uint8_t left[32];
    int8_t right[32];
    memcpy(sums, &sum, sizeof sums);
    memcpy(left, &a, sizeof left);
    memcpy(right, &b, sizeof right);
    for (int i = 0; i < 32; i++) {
        sums[i / 4] += (uint32_t)(left[i] * right[i]);
    }
    memcpy(&sum, sums, sizeof sum);
    return sum;
}

#undef _mm256_dpbusd_avx_epi32 /* a macro already, in headers of some compilers */
#define _mm256_dpbusd_avx_epi32 soft_dpbusd256

#endif

#endif
