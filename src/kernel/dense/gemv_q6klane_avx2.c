/* dense_gemv_q6klane_avx2: a lane is a row, and each half of it has a scale of its own, so that no sum is horizontal.
 * Four groups of eight rows, a quarter of the part apart, as four streams, against up to four tokens. */
#include "kernel/dense/dense.h"
#include "kernel/families.h"
#include "kernel/part.h"

#ifdef __AVX2__

#include "kernel/dense/lane_avx2.h"

enum {
    BLOCK = 256,
    STREAMS = 4,
    TOKENS = 4,
    VECTOR = 32,
    CODES = 8, /* vectors of a part, unpacked from DENSE_Q6K_WORDS */
    PART = BLOCK / DENSE_Q6K_PARTS,
    SCALES_AT = 16,
    CODES_AT = SCALES_AT + 4 * VECTOR,
    STEP = DENSE_Q6K_BYTES * DENSE_GROUP
};

/* A block of a token, in the order of the words: two neighbours of the first 16 elements of a part, then two of the
 * second 16; and for every two words 32 times the sums of their four products of a half, as a pair of int16: what codes
 * come to too much, which are by 32 too large. */
struct activation {
    _Alignas(VECTOR) int8_t q[BLOCK];
    int32_t excess[DENSE_Q6K_PARTS * CODES / 2];
    float d;
};

KERNEL_INLINE __m256i load(const void *at)
{
    return _mm256_loadu_si256((const __m256i *)at);
}

KERNEL_INLINE __m256i spread(const void *at)
{
    int32_t four;
    memcpy(&four, at, sizeof four);
    return _mm256_set1_epi32(four);
}

KERNEL_INLINE void prepare(const int8_t *q, float d, struct activation *x)
{
    for (int part = 0; part < DENSE_Q6K_PARTS; part++) {
        __m128i first = _mm_loadu_si128((const __m128i *)(q + part * PART));
        __m128i second = _mm_loadu_si128((const __m128i *)(q + part * PART + PART / 2));
        __m128i low = _mm_unpacklo_epi16(first, second), high = _mm_unpackhi_epi16(first, second);
        _mm_store_si128((__m128i *)(x->q + part * PART), low);
        _mm_store_si128((__m128i *)(x->q + part * PART + PART / 2), high);
        const __m128i factor = _mm_set1_epi8(32); /* 4 x 32 x 128 fits into int16 */
        __m128 words01 = _mm_castsi128_ps(_mm_maddubs_epi16(factor, low));
        __m128 words23 = _mm_castsi128_ps(_mm_maddubs_epi16(factor, high));
        __m128i even = _mm_castps_si128(_mm_shuffle_ps(words01, words23, 0x88));
        __m128i odd = _mm_castps_si128(_mm_shuffle_ps(words01, words23, 0xdd));
        _mm_storeu_si128((__m128i *)(x->excess + part * CODES / 2), _mm_add_epi16(even, odd));
    }
    x->d = d;
}

/* Every fourth word is put together from the upper bits of the three before it. */
KERNEL_INLINE void unpack(const uint8_t *at, __m256i codes[CODES])
{
    const __m256i six = _mm256_set1_epi8(0x3f);
    for (int i = 0; i < 2; i++, at += 3 * VECTOR, codes += 4) {
        __m256i a = load(at), b = load(at + VECTOR), c = load(at + 2 * VECTOR);
        codes[0] = _mm256_and_si256(a, six);
        codes[1] = _mm256_and_si256(b, six);
        codes[2] = _mm256_and_si256(c, six);
        codes[3] = _mm256_or_si256(_mm256_or_si256(_mm256_and_si256(_mm256_srli_epi16(a, 2), _mm256_set1_epi8(0x30)),
                                                   _mm256_and_si256(_mm256_srli_epi16(b, 4), _mm256_set1_epi8(0x0c))),
                                   _mm256_and_si256(_mm256_srli_epi16(c, 6), _mm256_set1_epi8(0x03)));
    }
}

/* Four products of a code fit into int16: 4 x 63 x 128 = 32,256. */
KERNEL_INLINE __m256i dots(const __m256i codes[CODES], __m256i scales, const struct activation *x, int part)
{
    __m256i sum = _mm256_setzero_si256();
    for (int i = 0; i < CODES; i += 2) {
        const int8_t *q = x->q + part * PART + 4 * i;
        __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(codes[i], spread(q)),
                                         _mm256_maddubs_epi16(codes[i + 1], spread(q + 4)));
        pairs = _mm256_sub_epi16(pairs, spread(&x->excess[(part * CODES + i) / 2]));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, scales));
    }
    return sum;
}

/* A part of the block at `at` of eight rows against `count` tokens. */
KERNEL_INLINE void add_part(const uint8_t *at, int part, const struct activation *x, int count, __m256i sums[TOKENS])
{
    const uint8_t *words = at + CODES_AT + (size_t)part * DENSE_Q6K_WORDS * VECTOR;
    __m256i codes[CODES], scales = load(at + SCALES_AT + part / 2 * VECTOR);
    scales = _mm256_srai_epi16(part % 2 == 0 ? _mm256_slli_epi16(scales, 8) : scales, 8);
    unpack(words, codes);
    for (int t = 0; t < count; t++) {
        sums[t] = _mm256_add_epi32(sums[t], dots(codes, scales, &x[t], part));
    }
}

/* The sums of T16 of eight rows. */
struct lanes {
    __m256 all[KERNEL_LANES];
};

KERNEL_INLINE void clear(struct lanes *lanes)
{
    for (int k = 0; k < KERNEL_LANES; k++) {
        lanes->all[k] = _mm256_setzero_ps();
    }
}

/* `count` tokens against `streams` groups that lie `apart` groups from each other. */
KERNEL_INLINE void sweep(const struct assay_kernel_call *call, struct kernel_range range, size_t group, size_t apart,
                         int streams, size_t token, int count)
{
    const size_t columns = (size_t)call->shape.columns, blocks = columns / BLOCK;
    const uint8_t *weights = (const uint8_t *)call->in[DENSE_WEIGHTS] + group * blocks * STEP;
    struct lanes lanes[STREAMS][TOKENS];
    for (int i = 0; i < streams * count; i++) {
        clear(&lanes[i / count][i % count]);
    }
    for (size_t b = 0; b < blocks; b++) {
        struct activation x[TOKENS];
        for (int t = 0; t < count; t++) {
            size_t place = token + (size_t)t;
            prepare((const int8_t *)call->in[DENSE_Q] + place * columns + b * BLOCK,
                    ((const float *)call->in[DENSE_D])[place * blocks + b], &x[t]);
        }
        __m256i sums[STREAMS][TOKENS];
        for (int i = 0; i < streams * count; i++) {
            sums[i / count][i % count] = _mm256_setzero_si256();
        }
        const uint8_t *at = weights + b * STEP;
        for (int part = 0; part < DENSE_Q6K_PARTS; part++) {
            for (int i = 0; i < streams; i++) {
                add_part(at + (size_t)i * apart * blocks * STEP, part, x, count, sums[i]);
            }
        }
        for (int i = 0; i < streams; i++) {
            const uint8_t *scales = at + (size_t)i * apart * blocks * STEP;
            const __m256 d = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)scales));
            for (int t = 0; t < count; t++) {
                __m256 *lane = &lanes[i][t].all[b % KERNEL_LANES];
                *lane =
                    _mm256_fmadd_ps(_mm256_mul_ps(d, _mm256_set1_ps(x[t].d)), _mm256_cvtepi32_ps(sums[i][t]), *lane);
            }
        }
    }
    for (int i = 0; i < streams; i++) {
        for (int t = 0; t < count; t++) {
            lane_put(call, range, token + (size_t)t, group + (size_t)i * apart, lane_tree(lanes[i][t].all));
        }
    }
}

KERNEL_INLINE void run_streams(const struct assay_kernel_call *call, struct kernel_range range, size_t group,
                               size_t apart, int streams)
{
    const size_t tokens = (size_t)call->shape.tokens;
    size_t token = 0;
    for (; token + TOKENS <= tokens; token += TOKENS) {
        sweep(call, range, group, apart, streams, token, TOKENS);
    }
    for (; token < tokens; token++) {
        sweep(call, range, group, apart, streams, token, 1);
    }
}

static void run_q6klane(const struct assay_kernel_call *call)
{
    const struct kernel_range range = kernel_range_of(call, call->shape.rows);
    const size_t first = range.first / DENSE_GROUP, end = kernel_dense_groups(range.end);
    const size_t quarter = (end - first) / STREAMS;
    for (size_t group = first; group < first + quarter; group++) {
        run_streams(call, range, group, quarter, STREAMS);
    }
    for (size_t group = first + quarter * STREAMS; group < end; group++) {
        run_streams(call, range, group, 0, 1);
    }
    _mm256_zeroupper();
}

#else
#define run_q6klane NULL
#endif

const struct assay_kernel_row kernel_row_dense_gemv_q6klane_avx2 = {
    .id = "dense_gemv_q6klane_avx2",
    .kind = ASSAY_KERNEL_QUANTISED,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run_q6klane,
    .help = "four streams, up to four tokens a block",
};
