/* dense_gemv_{q80,q40,q41}_avx2: eight blocks at a time become eight neighbouring lanes of the tree T16; a row is
 * unpacked once for four tokens. */
#include "kernel/dense/dense.h"
#include "kernel/families.h"
#include "kernel/part.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

enum { BLOCK = 32, GROUP = 8, TOKENS = 4, HALVES = KERNEL_LANES / GROUP };

/* Activations of all tokens. */
struct activations {
    const int8_t *q;
    const float *d;
    const int32_t *sums;
    size_t columns, blocks;
};

/* Eight blocks of one row: their weights as bytes, their scales. */
struct group {
    __m256i quants[GROUP];
    __m256 d, m;
};

KERNEL_INLINE size_t bytes_of(enum dense_format format)
{
    return format == DENSE_Q80 ? 34 : format == DENSE_Q40 ? 18 : 20;
}

/* Low nibbles are elements 0 to 15, high ones 16 to 31. */
KERNEL_INLINE __m256i nibbles(const uint8_t *at)
{
    __m128i packed = _mm_loadu_si128((const __m128i *)at);
    __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(packed), _mm_srli_epi16(packed, 4), 1);
    return _mm256_and_si256(both, _mm256_set1_epi8(15));
}

KERNEL_INLINE __m256i quants_of(enum dense_format format, const uint8_t *block)
{
    return format == DENSE_Q80   ? _mm256_loadu_si256((const __m256i *)(block + 2))
           : format == DENSE_Q40 ? nibbles(block + 2)
                                 : nibbles(block + 4);
}

KERNEL_INLINE int load_i32(const uint8_t *at)
{
    int32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* The first four bytes of eight blocks: the scale in the low half, in q41 the minimum in the high half. */
KERNEL_INLINE __m256i heads_of(const uint8_t *at, size_t step)
{
    return _mm256_setr_epi32(load_i32(at), load_i32(at + step), load_i32(at + 2 * step), load_i32(at + 3 * step),
                             load_i32(at + 4 * step), load_i32(at + 5 * step), load_i32(at + 6 * step),
                             load_i32(at + 7 * step));
}

KERNEL_INLINE __m256 halves_to_floats(__m256i low_halves)
{
    return _mm256_cvtph_ps(
        _mm_packus_epi32(_mm256_castsi256_si128(low_halves), _mm256_extracti128_si256(low_halves, 1)));
}

KERNEL_INLINE void load_group(enum dense_format format, const uint8_t *at, struct group *group)
{
    const size_t step = bytes_of(format);
    for (size_t i = 0; i < GROUP; i++) {
        group->quants[i] = quants_of(format, at + i * step);
    }
    __m256i heads = heads_of(at, step);
    group->d = halves_to_floats(_mm256_and_si256(heads, _mm256_set1_epi32(0xffff)));
    group->m = halves_to_floats(_mm256_srli_epi32(heads, 16));
}

/* Sums of neighbouring lanes of eight vectors, one a vector, in order. At int16 they do not overflow for nibbles: 16
 * products of at most 15 x 128 are 30,720. */
#define SUM_TREE(name, add)                                                          \
    KERNEL_INLINE __m256i name(const __m256i x[GROUP])                               \
    {                                                                                \
        __m256i two[4], four[2];                                                     \
        for (int i = 0; i < 4; i++) {                                                \
            __m256i a = x[2 * i], b = x[2 * i + 1];                                  \
            two[i] = add(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));  \
        }                                                                            \
        for (int i = 0; i < 2; i++) {                                                \
            __m256i a = two[2 * i], b = two[2 * i + 1];                              \
            four[i] = add(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b)); \
        }                                                                            \
        return add(_mm256_permute2x128_si256(four[0], four[1], 0x20),                \
                   _mm256_permute2x128_si256(four[0], four[1], 0x31));               \
    }
SUM_TREE(sum_tree_16, _mm256_add_epi16)
SUM_TREE(sum_tree_32, _mm256_add_epi32)
#undef SUM_TREE

/* Any two int8 multiply to an int16, and two of those add up to an int32: `maddubs` would saturate at -128. */
KERNEL_INLINE __m256i products_i8(__m256i w, const int8_t *q)
{
    __m256i low = _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm256_castsi256_si128(w)),
                                    _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)q)));
    __m256i high = _mm256_madd_epi16(_mm256_cvtepi8_epi16(_mm256_extracti128_si256(w, 1)),
                                     _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(q + 16))));
    return _mm256_add_epi32(low, high);
}

KERNEL_INLINE __m256i products_u4(__m256i w, const int8_t *q)
{
    return _mm256_maddubs_epi16(w, _mm256_loadu_si256((const __m256i *)q));
}

KERNEL_INLINE __m256i dots_of(enum dense_format format, const struct group *group, const int8_t *q, const int32_t *sums)
{
    __m256i products[GROUP];
    for (int i = 0; i < GROUP; i++) {
        products[i] = format == DENSE_Q80 ? products_i8(group->quants[i], q + i * BLOCK)
                                          : products_u4(group->quants[i], q + i * BLOCK);
    }
    if (format == DENSE_Q80) {
        return sum_tree_32(products);
    }
    __m256i dots = _mm256_madd_epi16(sum_tree_16(products), _mm256_set1_epi16(1));
    if (format == DENSE_Q40) { /* sum of (n - 8) q */
        dots = _mm256_sub_epi32(dots, _mm256_slli_epi32(_mm256_loadu_si256((const __m256i *)sums), 3));
    }
    return dots;
}

KERNEL_INLINE __m256 add_group(enum dense_format format, const struct group *group, const struct activations *x,
                               size_t at, __m256 lanes)
{
    __m256 d = _mm256_loadu_ps(x->d + at);
    __m256i dots = dots_of(format, group, x->q + at * BLOCK, x->sums + at);
    lanes = _mm256_fmadd_ps(_mm256_mul_ps(group->d, d), _mm256_cvtepi32_ps(dots), lanes);
    if (format == DENSE_Q41) {
        __m256 sums = _mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)(x->sums + at)));
        lanes = _mm256_fmadd_ps(_mm256_mul_ps(group->m, d), sums, lanes);
    }
    return lanes;
}

/* What is left of a row after the last whole group. */
KERNEL_INLINE float add_block(enum dense_format format, const uint8_t *block, const struct activations *x, size_t at,
                              float lane)
{
    __m256i w = quants_of(format, block);
    const int8_t *q = x->q + at * BLOCK;
    int32_t dot = format == DENSE_Q80 ? kernel_sum_i32(products_i8(w, q))
                                      : kernel_sum_i32(_mm256_madd_epi16(products_u4(w, q), _mm256_set1_epi16(1)));
    dot = format == DENSE_Q40 ? dot - 8 * x->sums[at] : dot;
    lane = fmaf(_cvtsh_ss(dense_u16(block)) * x->d[at], (float)dot, lane);
    if (format == DENSE_Q41) {
        lane = fmaf(_cvtsh_ss(dense_u16(block + 2)) * x->d[at], (float)x->sums[at], lane);
    }
    return lane;
}

/* One row against `count` tokens from number `first` on. */
KERNEL_INLINE void row_dots(enum dense_format format, const uint8_t *row, const struct activations *x, size_t first,
                            int count, float ret[TOKENS])
{
    const size_t step = bytes_of(format), blocks = x->blocks;
    __m256 lanes[TOKENS][HALVES];
    for (int t = 0; t < count; t++) {
        lanes[t][0] = lanes[t][1] = _mm256_setzero_ps();
    }
    size_t b = 0;
    for (; b + GROUP * HALVES <= blocks; b += GROUP * HALVES) {
        for (int half = 0; half < HALVES; half++) {
            struct group group;
            size_t at = b + (size_t)half * GROUP;
            load_group(format, row + at * step, &group);
            for (int t = 0; t < count; t++) {
                lanes[t][half] = add_group(format, &group, x, (first + (size_t)t) * blocks + at, lanes[t][half]);
            }
        }
    }
    if (b + GROUP <= blocks) {
        struct group group;
        load_group(format, row + b * step, &group);
        for (int t = 0; t < count; t++) {
            lanes[t][0] = add_group(format, &group, x, (first + (size_t)t) * blocks + b, lanes[t][0]);
        }
        b += GROUP;
    }
    for (int t = 0; t < count; t++) {
        _Alignas(32) float all[KERNEL_LANES];
        _mm256_store_ps(all, lanes[t][0]);
        _mm256_store_ps(all + GROUP, lanes[t][1]);
        for (size_t at = b; at < blocks; at++) {
            float *lane = &all[at % KERNEL_LANES];
            *lane = add_block(format, row + at * step, x, (first + (size_t)t) * blocks + at, *lane);
        }
        ret[t] = kernel_tree(all);
    }
}

KERNEL_INLINE void run(enum dense_format format, const struct assay_kernel_call *call)
{
    const size_t rows = (size_t)call->shape.rows, tokens = (size_t)call->shape.tokens;
    const struct activations x = {.q = call->in[DENSE_Q],
                                  .d = call->in[DENSE_D],
                                  .sums = call->in[DENSE_SUMS],
                                  .columns = (size_t)call->shape.columns,
                                  .blocks = (size_t)call->shape.columns / BLOCK};
    const struct kernel_range range = kernel_range_of(call, rows);
    float *y = call->out[0], dots[TOKENS];
    for (size_t row = range.first; row < range.end; row++) {
        const uint8_t *weights = (const uint8_t *)call->in[DENSE_WEIGHTS] + row * x.blocks * bytes_of(format);
        size_t token = 0;
        for (; token + TOKENS <= tokens; token += TOKENS) {
            row_dots(format, weights, &x, token, TOKENS, dots);
            for (size_t t = 0; t < TOKENS; t++) {
                y[(token + t) * rows + row] = dots[t];
            }
        }
        for (; token < tokens; token++) {
            row_dots(format, weights, &x, token, 1, dots);
            y[token * rows + row] = dots[0];
        }
    }
    _mm256_zeroupper();
}

#define RUN(name, id)                                            \
    static void run_##name(const struct assay_kernel_call *call) \
    {                                                            \
        run(id, call);                                           \
    }
RUN(q80, DENSE_Q80)
RUN(q40, DENSE_Q40)
RUN(q41, DENSE_Q41)
#undef RUN
#else
#define run_q80 NULL
#define run_q40 NULL
#define run_q41 NULL
#endif

#define A_VARIANT(name)                                                   \
    const struct assay_kernel_row kernel_row_dense_gemv_##name##_avx2 = { \
        .id = "dense_gemv_" #name "_avx2",                                \
        .kind = ASSAY_KERNEL_QUANTISED,                                   \
        .equality = ASSAY_KERNEL_EXACT,                                   \
        .run = run_##name,                                                \
        .help = "eight blocks a step, four tokens a row",                 \
    };
A_VARIANT(q80)
A_VARIANT(q40)
A_VARIANT(q41)
#undef A_VARIANT
