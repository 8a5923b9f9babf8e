/* dense_gemv_q6klane_avx2: a lane is a row, and each half of it has a scale of its own, so that no sum is horizontal.
 * Four groups of eight rows, a quarter of the part apart, as four streams, against up to four tokens; more tokens: two
 * streams against sixteen of them. */
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
 * second 16; and the sums of either 16 as a pair of int16, for codes are by 32 too large. */
struct activation {
    _Alignas(VECTOR) int8_t q[BLOCK];
    int32_t sums[DENSE_Q6K_PARTS];
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
        const __m128i one = _mm_set1_epi8(1); /* 16 x 128 fits into int16 */
        __m128i pairs = _mm_add_epi16(_mm_maddubs_epi16(one, low), _mm_maddubs_epi16(one, high));
        pairs = _mm_add_epi16(pairs, _mm_unpackhi_epi64(pairs, pairs));
        x->sums[part] = _mm_cvtsi128_si32(_mm_add_epi16(pairs, _mm_srli_epi64(pairs, 32)));
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

/* Four products of a code fit into int16: 4 x 63 x 128 = 32,256. So does a scale times 32, and a sum of 16 activations.
 */
KERNEL_INLINE __m256i dots(const __m256i codes[CODES], __m256i scales, const struct activation *x, int part)
{
    __m256i excess = _mm256_madd_epi16(spread(&x->sums[part]), _mm256_slli_epi16(scales, 5));
    __m256i sum = _mm256_sub_epi32(_mm256_setzero_si256(), excess);
    for (int i = 0; i < CODES; i += 2) {
        const int8_t *q = x->q + part * PART + 4 * i;
        __m256i pairs = _mm256_add_epi16(_mm256_maddubs_epi16(codes[i], spread(q)),
                                         _mm256_maddubs_epi16(codes[i + 1], spread(q + 4)));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, scales));
    }
    return sum;
}

/* Of a part of the block at `at`: one for either half of every row's lane. */
KERNEL_INLINE __m256i scales_of(const uint8_t *at, int part)
{
    __m256i both = load(at + SCALES_AT + part / 2 * VECTOR);
    return _mm256_srai_epi16(part % 2 == 0 ? _mm256_slli_epi16(both, 8) : both, 8);
}

/* A part of the block at `at` of eight rows against `count` tokens. */
KERNEL_INLINE void add_part(const uint8_t *at, int part, const struct activation *x, int count, __m256i sums[TOKENS])
{
    const uint8_t *words = at + CODES_AT + (size_t)part * DENSE_Q6K_WORDS * VECTOR;
    __m256i codes[CODES], scales = scales_of(at, part);
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

/* ---- many tokens ------------------------------------------------------------------------------------------------- */

/* From here on activations are put in order once a call, and a part is unpacked once for sixteen tokens: their sums are
 * in the L1 cache then, since the registers have the codes. */
enum { MANY = 5, MANY_TOKENS = 16, MANY_STREAMS = 2 };

static uint64_t scratch_bytes(const struct assay_kernel_shape *shape)
{
    return shape->tokens < MANY ? 0 : shape->tokens * (shape->columns / BLOCK) * sizeof(struct activation);
}

/* Blocks of all tokens side by side. */
static const struct activation *prepare_all(const struct assay_kernel_call *call)
{
    const size_t tokens = (size_t)call->shape.tokens, blocks = (size_t)call->shape.columns / BLOCK;
    struct activation *all = call->scratch;
    for (size_t token = 0; token < tokens; token++) {
        for (size_t b = 0; b < blocks; b++) {
            size_t at = token * blocks + b;
            prepare((const int8_t *)call->in[DENSE_Q] + at * BLOCK, ((const float *)call->in[DENSE_D])[at],
                    &all[b * tokens + token]);
        }
    }
    return all;
}

/* The block at `at` of eight rows against `count` tokens. */
KERNEL_INLINE void add_block(const uint8_t *at, const struct activation *x, size_t count, size_t lane,
                             struct lanes lanes[MANY_TOKENS])
{
    const __m256 d = _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)at));
    __m256i sums[MANY_TOKENS];
    for (size_t t = 0; t < count; t++) {
        sums[t] = _mm256_setzero_si256();
    }
    for (int part = 0; part < DENSE_Q6K_PARTS; part++) {
        __m256i codes[CODES], scales = scales_of(at, part);
        unpack(at + CODES_AT + (size_t)part * DENSE_Q6K_WORDS * VECTOR, codes);
        for (size_t t = 0; t < count; t++) {
            sums[t] = _mm256_add_epi32(sums[t], dots(codes, scales, &x[t], part));
        }
    }
    for (size_t t = 0; t < count; t++) {
        __m256 *to = &lanes[t].all[lane];
        *to = _mm256_fmadd_ps(_mm256_mul_ps(d, _mm256_set1_ps(x[t].d)), _mm256_cvtepi32_ps(sums[t]), *to);
    }
}

/* Up to sixteen tokens from `token` on against `streams` groups that lie `apart` groups from each other. */
KERNEL_INLINE void sweep_many(const struct assay_kernel_call *call, struct kernel_range range,
                              const struct activation *x, size_t group, size_t apart, size_t streams, size_t token)
{
    const size_t tokens = (size_t)call->shape.tokens, blocks = (size_t)call->shape.columns / BLOCK;
    const size_t count = tokens - token < MANY_TOKENS ? tokens - token : MANY_TOKENS;
    const uint8_t *weights = (const uint8_t *)call->in[DENSE_WEIGHTS] + group * blocks * STEP;
    struct lanes lanes[MANY_STREAMS][MANY_TOKENS];
    for (size_t i = 0; i < streams * count; i++) {
        clear(&lanes[i / count][i % count]);
    }
    for (size_t b = 0; b < blocks; b++) {
        for (size_t i = 0; i < streams; i++) {
            add_block(weights + (i * apart * blocks + b) * STEP, x + b * tokens + token, count, b % KERNEL_LANES,
                      lanes[i]);
        }
    }
    for (size_t i = 0; i < streams; i++) {
        for (size_t t = 0; t < count; t++) {
            lane_put(call, range, token + t, group + i * apart, lane_tree(lanes[i][t].all));
        }
    }
}

static void run_many(const struct assay_kernel_call *call, struct kernel_range range)
{
    const size_t first = range.first / DENSE_GROUP, end = kernel_dense_groups(range.end), tokens = call->shape.tokens;
    const size_t half = (end - first) / MANY_STREAMS;
    const struct activation *x = prepare_all(call);
    for (size_t group = first; group < first + half; group++) {
        for (size_t token = 0; token < tokens; token += MANY_TOKENS) {
            sweep_many(call, range, x, group, half, MANY_STREAMS, token);
        }
    }
    if (first + half * MANY_STREAMS < end) {
        for (size_t token = 0; token < tokens; token += MANY_TOKENS) {
            sweep_many(call, range, x, end - 1, 0, 1, token);
        }
    }
}

static void run_few(const struct assay_kernel_call *call, struct kernel_range range)
{
    const size_t first = range.first / DENSE_GROUP, end = kernel_dense_groups(range.end);
    const size_t quarter = (end - first) / STREAMS;
    for (size_t group = first; group < first + quarter; group++) {
        run_streams(call, range, group, quarter, STREAMS);
    }
    for (size_t group = first + quarter * STREAMS; group < end; group++) {
        run_streams(call, range, group, 0, 1);
    }
}

static void run_q6klane(const struct assay_kernel_call *call)
{
    const struct kernel_range range = kernel_range_of(call, call->shape.rows);
    (call->shape.tokens < MANY ? run_few : run_many)(call, range);
    _mm256_zeroupper();
}

#define SCRATCH scratch_bytes
#else
#define run_q6klane NULL
#define SCRATCH NULL
#endif

const struct assay_kernel_row kernel_row_dense_gemv_q6klane_avx2 = {
    .id = "dense_gemv_q6klane_avx2",
    .kind = ASSAY_KERNEL_QUANTISED,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run_q6klane,
    .scratch_bytes = SCRATCH,
    .help = "four streams, or sixteen tokens a block",
};
