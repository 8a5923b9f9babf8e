/* ternary_gemv_lane2_avx2: one token: four groups of eight rows, a quarter of the part apart, as four streams. A few
 * tokens: a chunk unpacked once for all of them. More: looked up, sixteen at once (lane2_table_avx2.h). */
#include "kernel/families.h"
#include "kernel/part.h"
#include "kernel/ternary/ternary.h"

#ifdef __AVX2__

#include "kernel/ternary/lane2_table_avx2.h"

enum { STREAMS = 4, TOKENS = 8, PLANES = 4 };

/* Chunks whose products fit into int16: a chunk adds four pairs to each sum, at most 512 each. Columns are a multiple
 * of eight chunks. */
enum { CHUNKS_A_UNIT = TERNARY_UNIT / TERNARY_STEP, CHUNKS_PLAIN = 16, CHUNKS_A_LINE = 64 / TERNARY_CHUNK_BYTES };

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

KERNEL_INLINE __m256i widened(__m256i narrow)
{
    return _mm256_madd_epi16(narrow, _mm256_set1_epi16(1));
}

/* ---- one token --------------------------------------------------------------------------------------------------- */

/* The sum of a chunk in int16. Planes 1 and 3 stay where they lie, so that one shift serves both planes of a nibble:
 * their products come out four times too large, and a quarter of their sum is exact. One sum a stream: with two, a core
 * of sixteen registers keeps them in memory, and waits for them. */
KERNEL_INLINE __m256i chunk_dots(__m256i packed, const __m256i q[PLANES])
{
    const __m256i ones = _mm256_set1_epi8(0x03), fours = _mm256_set1_epi8(0x0c);
    __m256i upper = _mm256_srli_epi16(packed, 4);
    __m256i low = _mm256_add_epi16(_mm256_maddubs_epi16(_mm256_and_si256(packed, ones), q[0]),
                                   _mm256_maddubs_epi16(_mm256_and_si256(upper, ones), q[2]));
    __m256i high = _mm256_add_epi16(_mm256_maddubs_epi16(_mm256_and_si256(packed, fours), q[1]),
                                    _mm256_maddubs_epi16(_mm256_and_si256(upper, fours), q[3]));
    return _mm256_add_epi16(low, _mm256_srai_epi16(high, 2));
}

/* `count` groups that lie `apart` bytes from each other; eight sums each. */
KERNEL_INLINE void stream_dots(const uint8_t *weights, size_t apart, int count, const int8_t *q, size_t chunks,
                               __m256i ret[STREAMS])
{
    for (int i = 0; i < count; i++) {
        ret[i] = _mm256_setzero_si256();
    }
    for (size_t first = 0; first < chunks; first += CHUNKS_A_UNIT) {
        __m256i sums[STREAMS];
        for (int i = 0; i < count; i++) {
            sums[i] = _mm256_setzero_si256();
        }
        for (size_t chunk = first; chunk < first + CHUNKS_A_UNIT; chunk++) {
            const int8_t *at = q + chunk * TERNARY_STEP;
            const __m256i spread_q[PLANES] = {spread(at), spread(at + 4), spread(at + 8), spread(at + 12)};
            for (int i = 0; i < count; i++) {
                const uint8_t *packed = weights + (size_t)i * apart + chunk * TERNARY_CHUNK_BYTES;
                if (chunk % CHUNKS_A_LINE == 0) {
                    _mm_prefetch((const char *)packed + PREFETCH_BYTES, _MM_HINT_T0);
                }
                sums[i] = _mm256_add_epi16(sums[i], chunk_dots(load(packed), spread_q));
            }
        }
        for (int i = 0; i < count; i++) {
            ret[i] = _mm256_add_epi32(ret[i], widened(sums[i]));
        }
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
    for (size_t i = 0; i < quarter; i++) {
        size_t group = first + i;
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

/* ---- more tokens ------------------------------------------------------------------------------------------------- */

/* One group of rows against `count` tokens, whose activations lie `columns` apart. */
KERNEL_INLINE void token_dots(const uint8_t *weights, int count, const int8_t *q, size_t columns, __m256i ret[TOKENS])
{
    const __m256i ones = _mm256_set1_epi8(0x03);
    const size_t chunks = columns / TERNARY_STEP;
    for (int t = 0; t < count; t++) {
        ret[t] = _mm256_setzero_si256();
    }
    for (size_t first = 0; first < chunks; first += CHUNKS_PLAIN) {
        size_t end = first + CHUNKS_PLAIN < chunks ? first + CHUNKS_PLAIN : chunks;
        __m256i narrow[TOKENS];
        for (int t = 0; t < count; t++) {
            narrow[t] = _mm256_setzero_si256();
        }
        for (size_t chunk = first; chunk < end; chunk++) {
            __m256i packed = load(weights + chunk * TERNARY_CHUNK_BYTES), upper = _mm256_srli_epi16(packed, 4);
            const __m256i codes[PLANES] = {
                _mm256_and_si256(packed, ones), _mm256_and_si256(_mm256_srli_epi16(packed, 2), ones),
                _mm256_and_si256(upper, ones), _mm256_and_si256(_mm256_srli_epi16(upper, 2), ones)};
            for (int t = 0; t < count; t++) {
                const int8_t *at = q + (size_t)t * columns + chunk * TERNARY_STEP;
                __m256i low = _mm256_add_epi16(_mm256_maddubs_epi16(codes[0], spread(at)),
                                               _mm256_maddubs_epi16(codes[1], spread(at + 4)));
                __m256i high = _mm256_add_epi16(_mm256_maddubs_epi16(codes[2], spread(at + 8)),
                                                _mm256_maddubs_epi16(codes[3], spread(at + 12)));
                narrow[t] = _mm256_add_epi16(narrow[t], _mm256_add_epi16(low, high));
            }
        }
        for (int t = 0; t < count; t++) {
            ret[t] = _mm256_add_epi32(ret[t], widened(narrow[t]));
        }
    }
}

/* Tokens from `first` on. */
static void run_few(const struct assay_kernel_call *call, struct kernel_range range, size_t first)
{
    const size_t columns = (size_t)call->shape.columns, tokens = (size_t)call->shape.tokens;
    const int8_t *q = call->in[TERNARY_Q];
    __m256i acc[TOKENS];
    for (size_t group = range.first / TERNARY_GROUP; group < kernel_ternary_groups(range.end); group++) {
        const uint8_t *weights = (const uint8_t *)call->in[TERNARY_WEIGHTS] + group * (columns / 4 * TERNARY_GROUP);
        size_t token = first;
        for (; token + TOKENS <= tokens; token += TOKENS) {
            token_dots(weights, TOKENS, q + token * columns, columns, acc);
            for (size_t t = 0; t < TOKENS; t++) {
                lane2_put(call, range, token + t, group, acc[t]);
            }
        }
        for (; token + 2 <= tokens; token += 2) {
            token_dots(weights, 2, q + token * columns, columns, acc);
            lane2_put(call, range, token, group, acc[0]);
            lane2_put(call, range, token + 1, group, acc[1]);
        }
        for (; token < tokens; token++) {
            token_dots(weights, 1, q + token * columns, columns, acc);
            lane2_put(call, range, token, group, acc[0]);
        }
    }
}

/* ---- many tokens ------------------------------------------------------------------------------------------------- */

/* A lookup costs the same for one token as for sixteen: fewer than this are multiplied. */
#define LOOKED_UP 11

static void run_sixteen(const struct assay_kernel_call *call, struct kernel_range range, size_t token)
{
    table_run(call, range, token, 1);
}

static void run_thirty_two(const struct assay_kernel_call *call, struct kernel_range range, size_t token)
{
    table_run(call, range, token, 2);
}

static void run_gemv(const struct assay_kernel_call *call)
{
    struct kernel_range range = kernel_range_of(call, call->shape.rows);
    if (call->shape.tokens == 1) {
        run_one_token(call, range);
    } else {
        run_few(call, range, 0);
    }
    _mm256_zeroupper();
}

static void run_gemm(const struct assay_kernel_call *call)
{
    const struct kernel_range range = kernel_range_of(call, call->shape.rows);
    const size_t tokens = (size_t)call->shape.tokens;
    size_t token = 0;
    for (; token + TABLE_TOKENS + LOOKED_UP <= tokens; token += (size_t)TABLE_TOKENS * 2) {
        run_thirty_two(call, range, token);
    }
    for (; token + LOOKED_UP <= tokens; token += TABLE_TOKENS) {
        run_sixteen(call, range, token);
    }
    if (token < tokens) {
        run_few(call, range, token);
    }
    _mm256_zeroupper();
}

static uint64_t scratch_bytes(const struct assay_kernel_shape *shape)
{
    return shape->tokens >= LOOKED_UP ? table_scratch_bytes(shape) : 0;
}

#define SCRATCH scratch_bytes
#else
#define run_gemv NULL
#define run_gemm NULL
#define SCRATCH NULL
#endif

#define A_VARIANT(name, scratch_, help_)                                     \
    const struct assay_kernel_row kernel_row_ternary_##name##_lane2_avx2 = { \
        .id = "ternary_" #name "_lane2_avx2",                                \
        .kind = ASSAY_KERNEL_QUANTISED,                                      \
        .equality = ASSAY_KERNEL_EXACT,                                      \
        .run = run_##name,                                                   \
        .scratch_bytes = scratch_,                                           \
        .legacy_id = "i2s_gemv",                                             \
        .help = help_,                                                       \
    };
A_VARIANT(gemv, NULL, "four streams, or eight tokens a chunk")
A_VARIANT(gemm, SCRATCH, "11 tokens and more by sums looked up")
#undef A_VARIANT
