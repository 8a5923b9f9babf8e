/* dense_gemv_{q80,q40,q41}lane_vnni512: two groups of eight rows fill a vector; VPDPBUSD adds four products a lane. One
 * token: eight streams; more: a block for four of them.
 *
 * No machine that this was developed on could run it: its arithmetic is tested with software in the place of the
 * instructions (test_kernel_emulated), and before it is used anywhere the self-check holds it against the reference. */
#include "kernel/dense/dense.h"
#include "kernel/families.h"
#include "kernel/part.h"

#if defined(__AVX512VNNI__) || defined(KERNEL_EMULATED)

#include "kernel/dense/lane_avx2.h"

enum { BLOCK = 32, PAIRS = 4, STREAMS = 2 * PAIRS, TOKENS = 4, WORD = 4, VECTOR = 32, WORDS = BLOCK / WORD };

/* The sums of T16 of sixteen rows. */
struct lanes {
    __m512 all[KERNEL_LANES];
};

/* A block of sixteen rows: words as unsigned bytes, of q80 plus 128. */
struct block {
    __m512i words[WORDS];
    __m512 d, m;
};

KERNEL_INLINE __m512i load_pair(const uint8_t *low, const uint8_t *high)
{
    __m512i pair = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)low));
    return _mm512_inserti64x4(pair, _mm256_loadu_si256((const __m256i *)high), 1);
}

KERNEL_INLINE __m512 halves(const uint8_t *low, const uint8_t *high)
{
    return _mm512_cvtph_ps(_mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)low)),
                                                   _mm_loadu_si128((const __m128i *)high), 1));
}

KERNEL_INLINE void unpack(enum dense_format format, const uint8_t *low, const uint8_t *high, struct block *block)
{
    const __m512i nibble = _mm512_set1_epi32(0x0f0f0f0f), sign = _mm512_set1_epi32(INT32_C(-0x7f7f7f80));
    const size_t heads = format == DENSE_Q41 ? 32 : 16;
    block->d = halves(low, high);
    block->m = format == DENSE_Q41 ? halves(low + 16, high + 16) : _mm512_setzero_ps();
    for (size_t i = 0; i < (format == DENSE_Q80 ? WORDS : WORDS / 2); i++) {
        __m512i words = load_pair(low + heads + i * VECTOR, high + heads + i * VECTOR);
        if (format == DENSE_Q80) {
            block->words[i] = _mm512_xor_si512(words, sign);
        } else {
            block->words[i] = _mm512_and_si512(words, nibble);
            block->words[i + WORDS / 2] = _mm512_and_si512(_mm512_srli_epi16(words, 4), nibble);
        }
    }
}

KERNEL_INLINE __m512i spread(const int8_t *q)
{
    int32_t four;
    memcpy(&four, q, sizeof four);
    return _mm512_set1_epi32(four);
}

KERNEL_INLINE __m512 add_block(enum dense_format format, const struct block *block, const struct lane_activation *x,
                               __m512 lane)
{
    const int32_t offset = format == DENSE_Q80 ? 128 : format == DENSE_Q40 ? 8 : 0; /* of the words, times sum of q */
    const __m512 d = _mm512_set1_ps(x->d);
    __m512i dots = _mm512_set1_epi32(-offset * x->sum);
    for (int i = 0; i < WORDS; i++) {
        dots = _mm512_dpbusd_epi32(dots, block->words[i], spread(x->q + i * WORD));
    }
    lane = _mm512_fmadd_ps(_mm512_mul_ps(block->d, d), _mm512_cvtepi32_ps(dots), lane);
    if (format == DENSE_Q41) {
        lane = _mm512_fmadd_ps(_mm512_mul_ps(block->m, d), _mm512_set1_ps((float)x->sum), lane);
    }
    return lane;
}

KERNEL_INLINE void clear(struct lanes *lanes, int count)
{
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < KERNEL_LANES; k++) {
            lanes[i].all[k] = _mm512_setzero_ps();
        }
    }
}

/* The tree of float.h, in every lane. */
KERNEL_INLINE __m512 tree(const struct lanes *lanes)
{
    __m512 four[4];
    for (int i = 0; i < 4; i++) {
        four[i] = _mm512_add_ps(_mm512_add_ps(lanes->all[i], lanes->all[i + 8]),
                                _mm512_add_ps(lanes->all[i + 4], lanes->all[i + 12]));
    }
    return _mm512_add_ps(_mm512_add_ps(four[0], four[2]), _mm512_add_ps(four[1], four[3]));
}

KERNEL_INLINE void put_pair(const struct assay_kernel_call *call, struct kernel_range range, size_t token, size_t low,
                            size_t high, __m512 y)
{
    lane_put(call, range, token, low, _mm512_castps512_ps256(y));
    lane_put(call, range, token, high, _mm256_castsi256_ps(_mm512_extracti64x4_epi64(_mm512_castps_si512(y), 1)));
}

/* One token against `pairs` pairs of groups; all groups lie `apart` groups from each other. */
KERNEL_INLINE void stream(enum dense_format format, const struct assay_kernel_call *call, struct kernel_range range,
                          size_t group, size_t apart, int pairs)
{
    const size_t blocks = (size_t)call->shape.columns / BLOCK, step = lane_bytes_of(format) * DENSE_GROUP;
    const uint8_t *weights = (const uint8_t *)call->in[DENSE_WEIGHTS] + group * blocks * step;
    struct lanes lanes[PAIRS];
    clear(lanes, pairs);
    for (size_t b = 0; b < blocks; b++) {
        const struct lane_activation x = lane_activation_of(call, b);
        for (int i = 0; i < pairs; i++) {
            const uint8_t *low = weights + (2 * (size_t)i * apart * blocks + b) * step;
            __m512 *lane = &lanes[i].all[b % KERNEL_LANES];
            struct block block;
            unpack(format, low, low + apart * blocks * step, &block);
            *lane = add_block(format, &block, &x, *lane);
        }
    }
    for (size_t i = 0; i < (size_t)pairs; i++) {
        if (apart == 0) { /* a group alone: twice the same */
            lane_put(call, range, 0, group, _mm512_castps512_ps256(tree(&lanes[i])));
        } else {
            put_pair(call, range, 0, group + 2 * i * apart, group + (2 * i + 1) * apart, tree(&lanes[i]));
        }
    }
}

/* `count` tokens against a pair of groups. */
KERNEL_INLINE void sweep(enum dense_format format, const struct assay_kernel_call *call, struct kernel_range range,
                         const size_t groups[2], size_t token, int count)
{
    const size_t blocks = (size_t)call->shape.columns / BLOCK, step = lane_bytes_of(format) * DENSE_GROUP;
    const uint8_t *weights = call->in[DENSE_WEIGHTS];
    struct lanes lanes[TOKENS];
    clear(lanes, count);
    for (size_t b = 0; b < blocks; b++) {
        struct block block;
        unpack(format, weights + (groups[0] * blocks + b) * step, weights + (groups[1] * blocks + b) * step, &block);
        for (int t = 0; t < count; t++) {
            const struct lane_activation x = lane_activation_of(call, (token + (size_t)t) * blocks + b);
            __m512 *lane = &lanes[t].all[b % KERNEL_LANES];
            *lane = add_block(format, &block, &x, *lane);
        }
    }
    for (int t = 0; t < count; t++) {
        put_pair(call, range, token + (size_t)t, groups[0], groups[1], tree(&lanes[t]));
    }
}

KERNEL_INLINE void run_one_token(enum dense_format format, const struct assay_kernel_call *call,
                                 struct kernel_range range)
{
    const size_t first = range.first / DENSE_GROUP, end = kernel_dense_groups(range.end);
    const size_t eighth = (end - first) / STREAMS;
    for (size_t group = first; group < first + eighth; group++) {
        stream(format, call, range, group, eighth, PAIRS);
    }
    for (size_t group = first + eighth * STREAMS; group < end; group++) {
        stream(format, call, range, group, 0, 1);
    }
}

KERNEL_INLINE void run_tokens(enum dense_format format, const struct assay_kernel_call *call, struct kernel_range range)
{
    const size_t tokens = (size_t)call->shape.tokens, end = kernel_dense_groups(range.end);
    for (size_t group = range.first / DENSE_GROUP; group < end; group += 2) {
        const size_t groups[2] = {group, group + 1 < end ? group + 1 : group};
        size_t token = 0;
        for (; token + TOKENS <= tokens; token += TOKENS) {
            sweep(format, call, range, groups, token, TOKENS);
        }
        for (; token < tokens; token++) {
            sweep(format, call, range, groups, token, 1);
        }
    }
}

#define RUN(name, id)                                                              \
    static void run_##name(const struct assay_kernel_call *call)                   \
    {                                                                              \
        const struct kernel_range range = kernel_range_of(call, call->shape.rows); \
        if (call->shape.tokens == 1) {                                             \
            run_one_token(id, call, range);                                        \
        } else {                                                                   \
            run_tokens(id, call, range);                                           \
        }                                                                          \
        _mm256_zeroupper();                                                        \
    }
RUN(q80lane, DENSE_Q80)
RUN(q40lane, DENSE_Q40)
RUN(q41lane, DENSE_Q41)
#undef RUN
#else
#define run_q80lane NULL
#define run_q40lane NULL
#define run_q41lane NULL
#endif

#define A_VARIANT(name)                                                                            \
    const struct assay_kernel_row kernel_row_dense_gemv_##name##_vnni512 = {                       \
        .id = "dense_gemv_" #name "_vnni512",                                                      \
        .kind = ASSAY_KERNEL_QUANTISED,                                                            \
        .equality = ASSAY_KERNEL_EXACT,                                                            \
        .run = run_##name,                                                                         \
        .help = "eight streams, or four tokens a block; never run on its hardware by its authors", \
    };
A_VARIANT(q80lane)
A_VARIANT(q40lane)
A_VARIANT(q41lane)
#undef A_VARIANT
