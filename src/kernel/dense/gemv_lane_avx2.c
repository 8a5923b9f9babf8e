/* dense_gemv_{q80,q40,q41}lane_avx2: a lane is a row, so that no sum is horizontal. One token: four groups of eight
 * rows, a quarter of the part apart, as four streams. More tokens: a group's block unpacked once for eight of them. */
#include "kernel/dense/dense.h"
#include "kernel/families.h"
#include "kernel/part.h"

#ifdef __AVX2__

#include "kernel/dense/lane_avx2.h"

enum { BLOCK = 32, STREAMS = 4, TOKENS = 8, WORD = 4, VECTOR = 32, WORDS = BLOCK / WORD };

/* The sums of T16 of eight rows: lane i holds the blocks i, i + 16 ... of each. */
struct lanes {
    __m256 all[KERNEL_LANES];
};

/* A block of eight rows: WORDS vectors, each four elements of every row. */
struct block {
    __m256i words[WORDS];
    __m256 d, m;
};

KERNEL_INLINE __m256i load(const uint8_t *at)
{
    return _mm256_loadu_si256((const __m256i *)at);
}

KERNEL_INLINE __m256 halves(const uint8_t *at)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)at));
}

/* Words of nibbles: the low ones are elements 0 to 15, the high ones 16 to 31. */
KERNEL_INLINE void unpack(enum dense_format format, const uint8_t *at, struct block *block)
{
    const __m256i low = _mm256_set1_epi8(15);
    block->d = halves(at);
    block->m = format == DENSE_Q41 ? halves(at + 16) : _mm256_setzero_ps();
    at += format == DENSE_Q41 ? 32 : 16;
    if (format == DENSE_Q80) {
        for (int i = 0; i < WORDS; i++) {
            block->words[i] = load(at + i * VECTOR);
        }
        return;
    }
    for (int i = 0; i < WORDS / 2; i++) {
        __m256i both = load(at + i * VECTOR);
        block->words[i] = _mm256_and_si256(both, low);
        block->words[i + WORDS / 2] = _mm256_and_si256(_mm256_srli_epi16(both, 4), low);
    }
}

/* Four activations in every lane. */
KERNEL_INLINE __m256i spread(const int8_t *q)
{
    int32_t four;
    memcpy(&four, q, sizeof four);
    return _mm256_set1_epi32(four);
}

/* The bytes of even and of odd number, as int16. */
KERNEL_INLINE __m256i even(__m256i bytes)
{
    return _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8);
}

KERNEL_INLINE __m256i odd(__m256i bytes)
{
    return _mm256_srai_epi16(bytes, 8);
}

/* Of any int8 by any int8: `maddubs` would saturate at -128. */
KERNEL_INLINE __m256i dots_i8(const struct block *block, const int8_t *q)
{
    __m256i sum = _mm256_setzero_si256();
    for (int i = 0; i < WORDS; i++) {
        __m256i x = spread(q + i * WORD), w = block->words[i];
        sum = _mm256_add_epi32(
            sum, _mm256_add_epi32(_mm256_madd_epi16(even(w), even(x)), _mm256_madd_epi16(odd(w), odd(x))));
    }
    return sum;
}

/* Sixteen products of a nibble fit into int16: 16 x 15 x 128 = 30,720. */
KERNEL_INLINE __m256i dots_u4(const struct block *block, const int8_t *q)
{
    __m256i sum = _mm256_maddubs_epi16(block->words[0], spread(q));
    for (int i = 1; i < WORDS; i++) {
        sum = _mm256_add_epi16(sum, _mm256_maddubs_epi16(block->words[i], spread(q + i * WORD)));
    }
    return _mm256_madd_epi16(sum, _mm256_set1_epi16(1));
}

KERNEL_INLINE __m256 add_block(enum dense_format format, const struct block *block, const struct lane_activation *x,
                               __m256 lane)
{
    const __m256 d = _mm256_set1_ps(x->d);
    __m256i dots = format == DENSE_Q80 ? dots_i8(block, x->q) : dots_u4(block, x->q);
    if (format == DENSE_Q40) { /* sum of (n - 8) q */
        dots = _mm256_sub_epi32(dots, _mm256_set1_epi32(8 * x->sum));
    }
    lane = _mm256_fmadd_ps(_mm256_mul_ps(block->d, d), _mm256_cvtepi32_ps(dots), lane);
    if (format == DENSE_Q41) {
        lane = _mm256_fmadd_ps(_mm256_mul_ps(block->m, d), _mm256_set1_ps((float)x->sum), lane);
    }
    return lane;
}

KERNEL_INLINE void clear(struct lanes *lanes, int count)
{
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < KERNEL_LANES; k++) {
            lanes[i].all[k] = _mm256_setzero_ps();
        }
    }
}

/* One token against `count` groups that lie `apart` groups from each other. */
KERNEL_INLINE void stream(enum dense_format format, const struct assay_kernel_call *call, struct kernel_range range,
                          size_t group, size_t apart, int count)
{
    const size_t blocks = (size_t)call->shape.columns / BLOCK, step = lane_bytes_of(format) * DENSE_GROUP;
    const uint8_t *weights = (const uint8_t *)call->in[DENSE_WEIGHTS] + group * blocks * step;
    struct lanes lanes[STREAMS];
    clear(lanes, count);
    for (size_t b = 0; b < blocks; b++) {
        const struct lane_activation x = lane_activation_of(call, b);
        for (int i = 0; i < count; i++) {
            struct block block;
            __m256 *lane = &lanes[i].all[b % KERNEL_LANES];
            unpack(format, weights + ((size_t)i * apart * blocks + b) * step, &block);
            *lane = add_block(format, &block, &x, *lane);
        }
    }
    for (int i = 0; i < count; i++) {
        lane_put(call, range, 0, group + (size_t)i * apart, lane_tree(lanes[i].all));
    }
}

/* `count` tokens against one group. */
KERNEL_INLINE void sweep(enum dense_format format, const struct assay_kernel_call *call, struct kernel_range range,
                         size_t group, size_t token, int count)
{
    const size_t blocks = (size_t)call->shape.columns / BLOCK, step = lane_bytes_of(format) * DENSE_GROUP;
    const uint8_t *weights = (const uint8_t *)call->in[DENSE_WEIGHTS] + group * blocks * step;
    struct lanes lanes[TOKENS];
    clear(lanes, count);
    for (size_t b = 0; b < blocks; b++) {
        struct block block;
        unpack(format, weights + b * step, &block);
        for (int t = 0; t < count; t++) {
            const struct lane_activation x = lane_activation_of(call, (token + (size_t)t) * blocks + b);
            __m256 *lane = &lanes[t].all[b % KERNEL_LANES];
            *lane = add_block(format, &block, &x, *lane);
        }
    }
    for (int t = 0; t < count; t++) {
        lane_put(call, range, token + (size_t)t, group, lane_tree(lanes[t].all));
    }
}

KERNEL_INLINE void run(enum dense_format format, const struct assay_kernel_call *call)
{
    const struct kernel_range range = kernel_range_of(call, call->shape.rows);
    const size_t tokens = (size_t)call->shape.tokens, end = kernel_dense_groups(range.end);
    size_t group = range.first / DENSE_GROUP;
    if (tokens == 1) {
        const size_t quarter = (end - group) / STREAMS, first = group;
        for (; group < first + quarter; group++) {
            stream(format, call, range, group, quarter, STREAMS);
        }
        for (group = first + quarter * STREAMS; group < end; group++) {
            stream(format, call, range, group, 0, 1);
        }
    }
    for (; group < end; group++) {
        size_t token = 0;
        for (; token + TOKENS <= tokens; token += TOKENS) {
            sweep(format, call, range, group, token, TOKENS);
        }
        for (; token < tokens; token++) {
            sweep(format, call, range, group, token, 1);
        }
    }
    _mm256_zeroupper();
}

#define RUN(name, id)                                            \
    static void run_##name(const struct assay_kernel_call *call) \
    {                                                            \
        run(id, call);                                           \
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

#define A_VARIANT(name)                                                   \
    const struct assay_kernel_row kernel_row_dense_gemv_##name##_avx2 = { \
        .id = "dense_gemv_" #name "_avx2",                                \
        .kind = ASSAY_KERNEL_QUANTISED,                                   \
        .equality = ASSAY_KERNEL_EXACT,                                   \
        .run = run_##name,                                                \
        .help = "four streams, or eight tokens a block",                  \
    };
A_VARIANT(q80lane)
A_VARIANT(q40lane)
A_VARIANT(q41lane)
#undef A_VARIANT
