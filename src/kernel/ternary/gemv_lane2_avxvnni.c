/* ternary_gemv_lane2_avxvnni, ternary_gemm_lane2_avxvnni: VPDPBUSD on 256 bits adds four products to a lane without
 * saturation, so that nothing is widened. One token: four groups of eight rows, a quarter of the part apart, as four
 * streams. More tokens: a chunk unpacked once for eight of them.
 *
 * No machine that this was developed on could run it: its arithmetic is tested with software in the place of the
 * instruction (test_kernel_emulated), and before it is used anywhere the self-check holds it against the reference. */
#include "kernel/families.h"
#include "kernel/part.h"
#include "kernel/ternary/ternary.h"

#if defined(__AVXVNNI__) || defined(KERNEL_EMULATED)

#include "kernel/ternary/lane2_avx2.h"

enum { STREAMS = 4, TOKENS = 8, PLANES = 4 };

#define PREFETCH_BYTES 1024 /* ahead in each stream */

/* Four activations in every lane. */
KERNEL_INLINE __m256i spread(const int8_t *q)
{
    int32_t four;
    memcpy(&four, q, sizeof four);
    return _mm256_set1_epi32(four);
}

KERNEL_INLINE __m256i load(const uint8_t *at)
{
    return _mm256_loadu_si256((const __m256i *)at);
}

/* Two sums a stream: `low` of planes 0 and 2, `high`, four times too large, of planes 1 and 3. One shift serves both
 * planes of a nibble; 2^17 codes of either, each 4 x 2 x 128 at most, are 2^27. */
struct sums {
    __m256i low, high;
};

KERNEL_INLINE void add_chunk(const uint8_t *at, const __m256i q[PLANES], struct sums *sums)
{
    const __m256i ones = _mm256_set1_epi8(0x03), fours = _mm256_set1_epi8(0x0c);
    __m256i packed = load(at), upper = _mm256_srli_epi16(packed, 4);
    sums->low = _mm256_dpbusd_avx_epi32(sums->low, _mm256_and_si256(packed, ones), q[0]);
    sums->high = _mm256_dpbusd_avx_epi32(sums->high, _mm256_and_si256(packed, fours), q[1]);
    sums->low = _mm256_dpbusd_avx_epi32(sums->low, _mm256_and_si256(upper, ones), q[2]);
    sums->high = _mm256_dpbusd_avx_epi32(sums->high, _mm256_and_si256(upper, fours), q[3]);
}

/* `count` groups that lie `apart` bytes from each other; eight sums each. */
KERNEL_INLINE void stream_dots(const uint8_t *weights, size_t apart, int count, const int8_t *q, size_t chunks,
                               __m256i ret[STREAMS])
{
    struct sums sums[STREAMS];
    for (int i = 0; i < count; i++) {
        sums[i].low = sums[i].high = _mm256_setzero_si256();
    }
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        const int8_t *at = q + chunk * TERNARY_STEP;
        const __m256i spread_q[PLANES] = {spread(at), spread(at + 4), spread(at + 8), spread(at + 12)};
        for (int i = 0; i < count; i++) {
            const uint8_t *packed = weights + (size_t)i * apart + chunk * TERNARY_CHUNK_BYTES;
            _mm_prefetch((const char *)packed + PREFETCH_BYTES, _MM_HINT_T0);
            add_chunk(packed, spread_q, &sums[i]);
        }
    }
    for (int i = 0; i < count; i++) { /* an exact quarter: every term of it is a multiple of four */
        ret[i] = _mm256_add_epi32(sums[i].low, _mm256_srai_epi32(sums[i].high, 2));
    }
}

static void run_one_token(const struct assay_kernel_call *call, struct kernel_range range)
{
    const size_t columns = (size_t)call->shape.columns, bytes = columns / 4 * TERNARY_GROUP;
    const size_t chunks = columns / TERNARY_STEP;
    const size_t first = range.first / TERNARY_GROUP, end = kernel_ternary_groups(range.end);
    const size_t quarter = (end - first) / STREAMS;
    const uint8_t *weights = call->in[TERNARY_WEIGHTS];
    const int8_t *q = call->in[TERNARY_Q];
    __m256i acc[STREAMS];
    for (size_t group = first; group < first + quarter; group++) {
        stream_dots(weights + group * bytes, quarter * bytes, STREAMS, q, chunks, acc);
        for (size_t stream = 0; stream < STREAMS; stream++) {
            lane2_put(call, range, 0, group + stream * quarter, acc[stream]);
        }
    }
    for (size_t group = first + quarter * STREAMS; group < end; group++) {
        stream_dots(weights + group * bytes, 0, 1, q, chunks, acc);
        lane2_put(call, range, 0, group, acc[0]);
    }
}

/* One group of rows against `count` tokens, whose activations lie `columns` apart. */
KERNEL_INLINE void token_dots(const uint8_t *weights, int count, const int8_t *q, size_t columns, __m256i ret[TOKENS])
{
    const __m256i ones = _mm256_set1_epi8(0x03);
    for (int t = 0; t < count; t++) {
        ret[t] = _mm256_setzero_si256();
    }
    for (size_t chunk = 0; chunk < columns / TERNARY_STEP; chunk++) {
        __m256i packed = load(weights + chunk * TERNARY_CHUNK_BYTES), upper = _mm256_srli_epi16(packed, 4);
        const __m256i codes[PLANES] = {
            _mm256_and_si256(packed, ones), _mm256_and_si256(_mm256_srli_epi16(packed, 2), ones),
            _mm256_and_si256(upper, ones), _mm256_and_si256(_mm256_srli_epi16(upper, 2), ones)};
        for (int t = 0; t < count; t++) {
            const int8_t *at = q + (size_t)t * columns + chunk * TERNARY_STEP;
            for (int plane = 0; plane < PLANES; plane++) {
                ret[t] = _mm256_dpbusd_avx_epi32(ret[t], codes[plane], spread(at + 4 * plane));
            }
        }
    }
}

static void run_tokens(const struct assay_kernel_call *call, struct kernel_range range)
{
    const size_t columns = (size_t)call->shape.columns, tokens = (size_t)call->shape.tokens;
    const int8_t *q = call->in[TERNARY_Q];
    __m256i acc[TOKENS];
    for (size_t group = range.first / TERNARY_GROUP; group < kernel_ternary_groups(range.end); group++) {
        const uint8_t *weights = (const uint8_t *)call->in[TERNARY_WEIGHTS] + group * (columns / 4 * TERNARY_GROUP);
        size_t token = 0;
        for (; token + TOKENS <= tokens; token += TOKENS) {
            token_dots(weights, TOKENS, q + token * columns, columns, acc);
            for (size_t t = 0; t < TOKENS; t++) {
                lane2_put(call, range, token + t, group, acc[t]);
            }
        }
        for (; token < tokens; token++) {
            token_dots(weights, 1, q + token * columns, columns, acc);
            lane2_put(call, range, token, group, acc[0]);
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
    const struct assay_kernel_row kernel_row_ternary_##name##_lane2_avxvnni = { \
        .id = "ternary_" #name "_lane2_avxvnni",                                \
        .kind = ASSAY_KERNEL_QUANTISED,                                         \
        .equality = ASSAY_KERNEL_EXACT,                                         \
        .run = RUN,                                                             \
        .help = help_,                                                          \
    };
A_VARIANT(gemv, "four streams")
A_VARIANT(gemm, "eight tokens a chunk")
#undef A_VARIANT
