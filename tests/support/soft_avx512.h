/*
 * AVX-512 instructions as software, each after its definition in the manual, for running the source of a variant on a
 * processor that lacks them: include it, define KERNEL_EMULATED, then include the variant's source. Vectors are pairs
 * of 256-bit ones; only what our variants use is here.
 */
#ifndef ASSAY_TESTS_SOFT_AVX512_H
#define ASSAY_TESTS_SOFT_AVX512_H

#ifdef __AVX2__

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

struct soft512 {
    __m256i half[2];
};

struct soft512f {
    __m256 half[2];
};

/* op applied to both halves */
#define SOFT_BOTH(result, name, op, ...)          \
    static inline struct result name(__VA_ARGS__) \
    {                                             \
        return (struct result){{op(0), op(1)}};   \
    }

#define SOFT_ZERO(i) _mm256_setzero_si256()
#define SOFT_SET1(i) _mm256_set1_epi32(value)
#define SOFT_AND(i) _mm256_and_si256(a.half[i], b.half[i])
#define SOFT_XOR(i) _mm256_xor_si256(a.half[i], b.half[i])
#define SOFT_ADD(i) _mm256_add_epi32(a.half[i], b.half[i])
#define SOFT_SUB(i) _mm256_sub_epi32(a.half[i], b.half[i])
#define SOFT_SRAI32(i) _mm256_srai_epi32(a.half[i], (int)count)
#define SOFT_SRLI16(i) _mm256_srli_epi16(a.half[i], (int)count)
#define SOFT_ZERO_PS(i) _mm256_setzero_ps()
#define SOFT_SET1_PS(i) _mm256_set1_ps(value)
#define SOFT_ADD_PS(i) _mm256_add_ps(a.half[i], b.half[i])
#define SOFT_MUL_PS(i) _mm256_mul_ps(a.half[i], b.half[i])
#define SOFT_FMA_PS(i) _mm256_fmadd_ps(a.half[i], b.half[i], c.half[i])
#define SOFT_CVT_PS(i) _mm256_cvtepi32_ps(a.half[i])
SOFT_BOTH(soft512, soft_setzero, SOFT_ZERO, void)
SOFT_BOTH(soft512, soft_set1_epi32, SOFT_SET1, int32_t value)
SOFT_BOTH(soft512, soft_and, SOFT_AND, struct soft512 a, struct soft512 b)
SOFT_BOTH(soft512, soft_xor, SOFT_XOR, struct soft512 a, struct soft512 b)
SOFT_BOTH(soft512, soft_add_epi32, SOFT_ADD, struct soft512 a, struct soft512 b)
SOFT_BOTH(soft512, soft_sub_epi32, SOFT_SUB, struct soft512 a, struct soft512 b)
SOFT_BOTH(soft512, soft_srai_epi32, SOFT_SRAI32, struct soft512 a, unsigned count)
SOFT_BOTH(soft512, soft_srli_epi16, SOFT_SRLI16, struct soft512 a, unsigned count)
SOFT_BOTH(soft512f, soft_setzero_ps, SOFT_ZERO_PS, void)
SOFT_BOTH(soft512f, soft_set1_ps, SOFT_SET1_PS, float value)
SOFT_BOTH(soft512f, soft_add_ps, SOFT_ADD_PS, struct soft512f a, struct soft512f b)
SOFT_BOTH(soft512f, soft_mul_ps, SOFT_MUL_PS, struct soft512f a, struct soft512f b)
SOFT_BOTH(soft512f, soft_fmadd_ps, SOFT_FMA_PS, struct soft512f a, struct soft512f b, struct soft512f c)
SOFT_BOTH(soft512f, soft_cvtepi32_ps, SOFT_CVT_PS, struct soft512 a)

static inline struct soft512 soft_widen(__m256i low)
{
    return (struct soft512){{low, _mm256_set1_epi8(0x5a)}}; /* the upper half is undefined */
}

static inline struct soft512 soft_insert(struct soft512 a, __m256i b, int which)
{
    a.half[which] = b;
    return a;
}

static inline __m256i soft_extract(struct soft512 a, int which)
{
    return a.half[which];
}

static inline __m256 soft_low_ps(struct soft512f a)
{
    return a.half[0];
}

static inline struct soft512 soft_as_integers(struct soft512f a)
{
    return (struct soft512){{_mm256_castps_si256(a.half[0]), _mm256_castps_si256(a.half[1])}};
}

static inline __m256i soft_low(struct soft512 a)
{
    return a.half[0];
}

static inline struct soft512 soft_load(const void *from)
{
    struct soft512 a;
    memcpy(&a, from, sizeof a);
    return a;
}

static inline void soft_store(void *to, struct soft512 a)
{
    memcpy(to, &a, sizeof a);
}

static inline struct soft512f soft_cvtph_ps(__m256i halves)
{
    return (struct soft512f){
        {_mm256_cvtph_ps(_mm256_castsi256_si128(halves)), _mm256_cvtph_ps(_mm256_extracti128_si256(halves, 1))}};
}

/* VPDBUSD: four products of an unsigned by a signed byte added to each int32, without saturation. */
static inline struct soft512 soft_dpbusd(struct soft512 sum, struct soft512 a, struct soft512 b)
{
    int32_t sums[16];
    uint8_t left[64];
    int8_t right[64];
    memcpy(sums, &sum, sizeof sums);
    memcpy(left, &a, sizeof left);
    memcpy(right, &b, sizeof right);
    for (int i = 0; i < 64; i++) {
        sums[i / 4] += left[i] * right[i];
    }
    memcpy(&sum, sums, sizeof sums);
    return sum;
}

#undef _mm512_inserti64x4 /* macros already, in headers of some compilers */
#undef _mm512_extracti64x4_epi64
#define __m512i struct soft512
#define __m512 struct soft512f
#define _mm512_setzero_si512 soft_setzero
#define _mm512_set1_epi32 soft_set1_epi32
#define _mm512_and_si512 soft_and
#define _mm512_xor_si512 soft_xor
#define _mm512_add_epi32 soft_add_epi32
#define _mm512_sub_epi32 soft_sub_epi32
#define _mm512_srai_epi32 soft_srai_epi32
#define _mm512_srli_epi16 soft_srli_epi16
#define _mm512_castsi256_si512 soft_widen
#define _mm512_inserti64x4 soft_insert
#define _mm512_extracti64x4_epi64 soft_extract
#define _mm512_castsi512_si256 soft_low
#define _mm512_dpbusd_epi32 soft_dpbusd
#define _mm512_store_si512 soft_store
#define _mm512_load_si512 soft_load
#define _mm512_setzero_ps soft_setzero_ps
#define _mm512_set1_ps soft_set1_ps
#define _mm512_add_ps soft_add_ps
#define _mm512_mul_ps soft_mul_ps
#define _mm512_fmadd_ps soft_fmadd_ps
#define _mm512_cvtepi32_ps soft_cvtepi32_ps
#define _mm512_cvtph_ps soft_cvtph_ps
#define _mm512_castps512_ps256 soft_low_ps
#define _mm512_castps_si512 soft_as_integers

#endif

#endif
