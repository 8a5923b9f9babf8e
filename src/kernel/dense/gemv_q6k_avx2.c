/* dense_gemv_q6k_avx2: a block of 256 unpacked to eight vectors of bytes, once for four tokens. */
#include "kernel/dense/dense.h"
#include "kernel/families.h"
#include "kernel/part.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

enum { BLOCK = 256, BLOCK_BYTES = 210, VECTORS = 8, LANE_BYTES = 32, HIGH = 128, SCALES = 192, D = 208, TOKENS = 4 };

/* Weights plus 32, so that they are unsigned, and their scales: one for the lower, one for the upper half of a vector.
 */
struct block {
    __m256i quants[VECTORS], scales[VECTORS];
    float d;
};

KERNEL_INLINE __m256i load(const void *at)
{
    return _mm256_loadu_si256((const __m256i *)at);
}

/* 128 elements: the lower four bits of two vectors, the upper two of one. */
KERNEL_INLINE void unpack_half(const uint8_t *low, const uint8_t *high, __m256i ret[4])
{
    const __m256i four = _mm256_set1_epi8(15), two = _mm256_set1_epi8(0x30);
    __m256i low0 = load(low), low1 = load(low + LANE_BYTES), bits = load(high);
    ret[0] = _mm256_or_si256(_mm256_and_si256(low0, four), _mm256_and_si256(_mm256_slli_epi16(bits, 4), two));
    ret[1] = _mm256_or_si256(_mm256_and_si256(low1, four), _mm256_and_si256(_mm256_slli_epi16(bits, 2), two));
    ret[2] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low0, 4), four), _mm256_and_si256(bits, two));
    ret[3] = _mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(low1, 4), four),
                             _mm256_and_si256(_mm256_srli_epi16(bits, 2), two));
}

KERNEL_INLINE void unpack(const uint8_t *at, struct block *block)
{
    __m128i scales = _mm_loadu_si128((const __m128i *)(at + SCALES));
    __m128i pick = _mm_unpacklo_epi64(_mm_setzero_si128(), _mm_set1_epi8(1)); /* eight times each of two neighbours */
    unpack_half(at, at + HIGH, block->quants);
    unpack_half(at + 64, at + HIGH + LANE_BYTES, block->quants + 4);
    for (int i = 0; i < VECTORS; i++) {
        block->scales[i] = _mm256_cvtepi8_epi16(_mm_shuffle_epi8(scales, pick));
        pick = _mm_add_epi8(pick, _mm_set1_epi8(2));
    }
    block->d = _cvtsh_ss(dense_u16(at + D));
}

/* Two products fit into int16 (2 x 32 x 128), their scaled sums into int32 with room for 256. */
KERNEL_INLINE int32_t dot_of(const struct block *block, const int8_t *q)
{
    __m256i sum = _mm256_setzero_si256();
    for (int i = 0; i < VECTORS; i++) {
        __m256i x = load(q + i * LANE_BYTES);
        __m256i pairs =
            _mm256_sub_epi16(_mm256_maddubs_epi16(block->quants[i], x), _mm256_maddubs_epi16(_mm256_set1_epi8(32), x));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, block->scales[i]));
    }
    return kernel_sum_i32(sum);
}

/* One row against `count` tokens; their activations lie `columns` and `blocks` apart. */
KERNEL_INLINE void row_dots(const uint8_t *row, size_t blocks, const int8_t *q, const float *d, int count,
                            float ret[TOKENS])
{
    float lanes[TOKENS][KERNEL_LANES] = {{0}};
    for (size_t b = 0; b < blocks; b++) {
        struct block block;
        unpack(row + b * BLOCK_BYTES, &block);
        for (int t = 0; t < count; t++) {
            size_t at = (size_t)t * blocks + b;
            float *lane = &lanes[t][b % KERNEL_LANES];
            *lane = fmaf(block.d * d[at], (float)dot_of(&block, q + at * BLOCK), *lane);
        }
    }
    for (int t = 0; t < count; t++) {
        ret[t] = kernel_tree(lanes[t]);
    }
}

static void run_q6k(const struct assay_kernel_call *call)
{
    const size_t rows = (size_t)call->shape.rows, tokens = (size_t)call->shape.tokens;
    const size_t columns = (size_t)call->shape.columns, blocks = columns / BLOCK;
    const int8_t *q = call->in[DENSE_Q];
    const float *d = call->in[DENSE_D];
    const struct kernel_range range = kernel_range_of(call, rows);
    float *y = call->out[0], dots[TOKENS];
    for (size_t row = range.first; row < range.end; row++) {
        const uint8_t *weights = (const uint8_t *)call->in[DENSE_WEIGHTS] + row * blocks * BLOCK_BYTES;
        size_t token = 0;
        for (; token + TOKENS <= tokens; token += TOKENS) {
            row_dots(weights, blocks, q + token * columns, d + token * blocks, TOKENS, dots);
            for (size_t t = 0; t < TOKENS; t++) {
                y[(token + t) * rows + row] = dots[t];
            }
        }
        for (; token < tokens; token++) {
            row_dots(weights, blocks, q + token * columns, d + token * blocks, 1, dots);
            y[token * rows + row] = dots[0];
        }
    }
    _mm256_zeroupper();
}

#else
#define run_q6k NULL
#endif

const struct assay_kernel_row kernel_row_dense_gemv_q6k_avx2 = {
    .id = "dense_gemv_q6k_avx2",
    .kind = ASSAY_KERNEL_QUANTISED,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run_q6k,
    .help = "one block a step, four tokens a row",
};
