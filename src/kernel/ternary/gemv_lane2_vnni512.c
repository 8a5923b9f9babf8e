/* ternary_gemv_lane2_vnni512: two groups of eight rows fill a vector; a plane of codes is multiplied where it stands in
 * its bytes, and divided by 1, 4, 16 or 64 once, at the end. One token: eight streams; more: a chunk for eight of them.
 *
 * No machine that this was developed on could run it: its arithmetic is tested with software in the place of the
 * instructions (test_kernel_emulated), and before it is used anywhere the self-check holds it against the reference. */
#include "kernel/families.h"
#include "kernel/part.h"
#include "kernel/ternary/ternary.h"

#if defined(__AVX512VNNI__) || defined(KERNEL_EMULATED)

#include "kernel/ternary/lane2_avx2.h"

enum { PAIRS = 4, STREAMS = 2 * PAIRS, TOKENS = 8, PLANES = 4 };

#define PREFETCH_BYTES 1024 /* ahead in each stream */

/* Four activations in every lane. */
KERNEL_INLINE __m512i spread(const int8_t *q)
{
    int32_t four;
    memcpy(&four, q, sizeof four);
    return _mm512_set1_epi32(four);
}

KERNEL_INLINE __m512i load_pair(const uint8_t *low, const uint8_t *high)
{
    __m512i pair = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)low));
    return _mm512_inserti64x4(pair, _mm256_loadu_si256((const __m256i *)high), 1);
}

KERNEL_INLINE __m512i plane_of(__m512i packed, int plane)
{
    return _mm512_and_si512(packed, _mm512_set1_epi32(0x03030303 << (2 * plane)));
}

/* Each sum is a multiple of 4^plane and fits: 2^16 codes of a plane, each 2 x 64 x 128 at most, are 2^30. */
KERNEL_INLINE __m512i joined(const __m512i planes[PLANES])
{
    __m512i low = _mm512_add_epi32(planes[0], _mm512_srai_epi32(planes[1], 2));
    __m512i high = _mm512_add_epi32(_mm512_srai_epi32(planes[2], 4), _mm512_srai_epi32(planes[3], 6));
    return _mm512_add_epi32(low, high);
}

/* One token against `pairs` pairs of groups; all groups lie `apart` bytes from each other. */
KERNEL_INLINE void stream_dots(const uint8_t *weights, size_t apart, int pairs, const int8_t *q, size_t chunks,
                               __m512i ret[PAIRS])
{
    __m512i sums[PAIRS][PLANES];
    for (int i = 0; i < pairs; i++) {
        for (int plane = 0; plane < PLANES; plane++) {
            sums[i][plane] = _mm512_setzero_si512();
        }
    }
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        const int8_t *at = q + chunk * TERNARY_STEP;
        for (int i = 0; i < pairs; i++) {
            const uint8_t *low = weights + 2 * (size_t)i * apart + chunk * TERNARY_CHUNK_BYTES, *high = low + apart;
            _mm_prefetch((const char *)low + PREFETCH_BYTES, _MM_HINT_T0);
            _mm_prefetch((const char *)high + PREFETCH_BYTES, _MM_HINT_T0);
            __m512i packed = load_pair(low, high);
            for (int plane = 0; plane < PLANES; plane++) {
                sums[i][plane] = _mm512_dpbusd_epi32(sums[i][plane], plane_of(packed, plane), spread(at + 4 * plane));
            }
        }
    }
    for (int i = 0; i < pairs; i++) {
        ret[i] = joined(sums[i]);
    }
}

KERNEL_INLINE void put_pair(const struct assay_kernel_call *call, struct kernel_range range, size_t token, size_t low,
                            size_t high, __m512i acc)
{
    lane2_put(call, range, token, low, _mm512_castsi512_si256(acc));
    lane2_put(call, range, token, high, _mm512_extracti64x4_epi64(acc, 1));
}

static void run_one_token(const struct assay_kernel_call *call, struct kernel_range range)
{
    const size_t columns = (size_t)call->shape.columns, bytes = columns / 4 * TERNARY_GROUP;
    const size_t chunks = columns / TERNARY_STEP;
    const size_t first = range.first / TERNARY_GROUP, end = kernel_ternary_groups(range.end);
    const size_t eighth = (end - first) / STREAMS;
    const uint8_t *weights = call->in[TERNARY_WEIGHTS];
    __m512i acc[PAIRS];
    for (size_t group = first; group < first + eighth; group++) {
        stream_dots(weights + group * bytes, eighth * bytes, PAIRS, call->in[TERNARY_Q], chunks, acc);
        for (size_t i = 0; i < PAIRS; i++) {
            put_pair(call, range, 0, group + 2 * i * eighth, group + (2 * i + 1) * eighth, acc[i]);
        }
    }
    for (size_t group = first + eighth * STREAMS; group < end; group++) { /* alone: twice the same */
        stream_dots(weights + group * bytes, 0, 1, call->in[TERNARY_Q], chunks, acc);
        lane2_put(call, range, 0, group, _mm512_castsi512_si256(acc[0]));
    }
}

/* A pair of groups against `count` tokens, whose activations lie `columns` apart. */
KERNEL_INLINE void token_dots(const uint8_t *low, const uint8_t *high, int count, const int8_t *q, size_t columns,
                              __m512i ret[TOKENS])
{
    for (int t = 0; t < count; t++) {
        ret[t] = _mm512_setzero_si512();
    }
    for (size_t chunk = 0; chunk < columns / TERNARY_STEP; chunk++) {
        __m512i packed = load_pair(low + chunk * TERNARY_CHUNK_BYTES, high + chunk * TERNARY_CHUNK_BYTES);
        const __m512i codes[PLANES] = {plane_of(packed, 0), plane_of(_mm512_srli_epi16(packed, 2), 0),
                                       plane_of(_mm512_srli_epi16(packed, 4), 0),
                                       plane_of(_mm512_srli_epi16(packed, 6), 0)};
        for (int t = 0; t < count; t++) {
            const int8_t *at = q + (size_t)t * columns + chunk * TERNARY_STEP;
            for (int plane = 0; plane < PLANES; plane++) {
                ret[t] = _mm512_dpbusd_epi32(ret[t], codes[plane], spread(at + 4 * plane));
            }
        }
    }
}

static void run_tokens(const struct assay_kernel_call *call, struct kernel_range range)
{
    const size_t columns = (size_t)call->shape.columns, tokens = (size_t)call->shape.tokens;
    const size_t bytes = columns / 4 * TERNARY_GROUP, end = kernel_ternary_groups(range.end);
    const uint8_t *weights = call->in[TERNARY_WEIGHTS];
    const int8_t *q = call->in[TERNARY_Q];
    __m512i acc[TOKENS];
    for (size_t group = range.first / TERNARY_GROUP; group < end; group += 2) {
        size_t other = group + 1 < end ? group + 1 : group, token = 0;
        const uint8_t *low = weights + group * bytes, *high = weights + other * bytes;
        for (; token + TOKENS <= tokens; token += TOKENS) {
            token_dots(low, high, TOKENS, q + token * columns, columns, acc);
            for (size_t t = 0; t < TOKENS; t++) {
                put_pair(call, range, token + t, group, other, acc[t]);
            }
        }
        for (; token < tokens; token++) {
            token_dots(low, high, 1, q + token * columns, columns, acc);
            put_pair(call, range, token, group, other, acc[0]);
        }
    }
}

static void run(const struct assay_kernel_call *call)
{
    struct kernel_range range = kernel_range_of(call, call->shape.rows);
    (call->shape.tokens == 1 ? run_one_token : run_tokens)(call, range);
    _mm256_zeroupper();
}

#define RUN run
#else
#define RUN NULL
#endif

#define A_VARIANT(name, help_)                                                  \
    const struct assay_kernel_row kernel_row_ternary_##name##_lane2_vnni512 = { \
        .id = "ternary_" #name "_lane2_vnni512",                                \
        .kind = ASSAY_KERNEL_QUANTISED,                                         \
        .equality = ASSAY_KERNEL_EXACT,                                         \
        .run = RUN,                                                             \
        .help = help_,                                                          \
    };
A_VARIANT(gemv, "eight streams, or eight tokens a chunk; never run on its hardware by its authors")
A_VARIANT(gemm, "eight tokens a chunk; never run on its hardware by its authors")
#undef A_VARIANT
