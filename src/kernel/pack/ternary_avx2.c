/* pack_ternary_lane2_avx2: a unit of eight rows at a time. */
#include "kernel/families.h"
#include "kernel/pack/pack.h"
#include "kernel/part.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

/* Word `word` of a unit of `count` rows, one a lane; lanes without a row hold codes 1. */
KERNEL_INLINE __m256i words_of(const uint8_t *at, size_t stride, size_t count, size_t word)
{
    uint32_t words[TERNARY_GROUP];
    memset(words, PACK_ONES, sizeof words);
    for (size_t row = 0; row < TERNARY_GROUP && row < count; row++) {
        memcpy(&words[row], at + row * stride + 4 * word, sizeof words[row]);
    }
    return _mm256_loadu_si256((const __m256i *)words);
}

KERNEL_INLINE void pack_unit(const uint8_t *from, size_t stride, size_t count, uint8_t *to)
{
    const __m256i pairs = _mm256_set1_epi32((int)PACK_PAIRS);
    __m256i words[PACK_WORDS];
    for (size_t i = 0; i < PACK_WORDS; i++) {
        words[i] = words_of(from, stride, count, i);
    }
    for (int chunk = 0; chunk < PACK_CHUNKS; chunk++) {
        __m256i lanes = _mm256_setzero_si256();
        for (int plane = 0; plane < PACK_PLANES; plane++) {
            __m256i codes =
                _mm256_and_si256(_mm256_srli_epi32(words[4 * (chunk % 2) + plane], 6 - 2 * (chunk / 2)), pairs);
            lanes = _mm256_or_si256(lanes, _mm256_slli_epi32(codes, 2 * plane));
        }
        _mm256_storeu_si256((__m256i *)(to + chunk * TERNARY_CHUNK_BYTES), lanes);
    }
}

static void run_lane2(const struct assay_kernel_call *call)
{
    const size_t rows = (size_t)call->shape.rows, stride = (size_t)call->shape.columns / 4;
    const struct kernel_range range = kernel_range_of(call, kernel_ternary_groups(rows));
    for (size_t group = range.first; group < range.end; group++) {
        const uint8_t *from = (const uint8_t *)call->in[0] + group * TERNARY_GROUP * stride;
        uint8_t *to = (uint8_t *)call->out[0] + group * TERNARY_GROUP * stride;
        size_t left = rows - group * TERNARY_GROUP;
        for (size_t at = 0; at < stride; at += TERNARY_UNIT_BYTES) {
            if (left >= TERNARY_GROUP) {
                pack_unit(from + at, stride, TERNARY_GROUP, to + at * TERNARY_GROUP);
            } else {
                pack_unit(from + at, stride, left, to + at * TERNARY_GROUP);
            }
        }
    }
    _mm256_zeroupper();
}

#else
#define run_lane2 NULL
#endif

const struct assay_kernel_row kernel_row_pack_ternary_lane2_avx2 = {
    .id = "pack_ternary_lane2_avx2",
    .kind = ASSAY_KERNEL_NATIVE,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run_lane2,
    .help = "eight rows at a time",
};
