/* ternary_gemv_i2s_avx2: maddubs on 128 codes a step, four rows at a time over one read of the activations. */
#include "kernel/families.h"
#include "kernel/part.h"
#include "kernel/ternary/ternary.h"

#ifdef __AVX2__

#include <immintrin.h>

enum { GROUP = 4, PLANES = 4 };

/* Units whose products fit into int16: 16 units of 4 planes are the 64 results of maddubs that ternary.h speaks of. */
#define UNITS_BEFORE_WIDENING 16

#define PREFETCH_BYTES 1024 /* ahead in the stream of weights: covers the latency of memory at the rate of one core */

struct lanes {
    __m256i row[GROUP];
};

static inline __m256i codes_of(__m256i packed, int shift)
{
    return _mm256_and_si256(_mm256_srli_epi16(packed, shift), _mm256_set1_epi8(3));
}

/* One unit of one row: four planes against the unit's activations, in int16. */
static inline __m256i unit_products(const uint8_t *weights, const __m256i q[PLANES])
{
    __m256i packed = _mm256_loadu_si256((const __m256i *)weights);
    __m256i low = _mm256_add_epi16(_mm256_maddubs_epi16(codes_of(packed, 6), q[0]),
                                   _mm256_maddubs_epi16(codes_of(packed, 4), q[1]));
    __m256i high = _mm256_add_epi16(_mm256_maddubs_epi16(codes_of(packed, 2), q[2]),
                                    _mm256_maddubs_epi16(codes_of(packed, 0), q[3]));
    return _mm256_add_epi16(low, high);
}

static inline void load_activations(const int8_t *q, __m256i ret[PLANES])
{
    for (int plane = 0; plane < PLANES; plane++) {
        ret[plane] = _mm256_loadu_si256((const __m256i *)(q + plane * TERNARY_UNIT_BYTES));
    }
}

static inline int32_t sum_of(__m256i lanes)
{
    __m128i four = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    __m128i two = _mm_add_epi32(four, _mm_shuffle_epi32(four, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32(two, 0xb1)));
}

/* `count` rows (GROUP of them, or one) that lie `stride` bytes apart. */
static inline void dots(const uint8_t *weights, size_t stride, int count, const int8_t *q, size_t units,
                        int32_t ret[GROUP])
{
    const __m256i ones = _mm256_set1_epi16(1);
    struct lanes sums = {
        {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()}};
    for (size_t unit = 0; unit < units;) {
        size_t end = unit + UNITS_BEFORE_WIDENING < units ? unit + UNITS_BEFORE_WIDENING : units;
        struct lanes narrow = {
            {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()}};
        for (; unit < end; unit++) {
            __m256i activations[PLANES];
            load_activations(q + unit * TERNARY_UNIT, activations);
            for (int row = 0; row < count; row++) {
                const uint8_t *at = weights + (size_t)row * stride + unit * TERNARY_UNIT_BYTES;
                _mm_prefetch((const char *)at + PREFETCH_BYTES, _MM_HINT_T0);
                narrow.row[row] = _mm256_add_epi16(narrow.row[row], unit_products(at, activations));
            }
        }
        for (int row = 0; row < count; row++) {
            sums.row[row] = _mm256_add_epi32(sums.row[row], _mm256_madd_epi16(narrow.row[row], ones));
        }
    }
    for (int row = 0; row < count; row++) {
        ret[row] = sum_of(sums.row[row]);
    }
}

static void run_token(const struct assay_kernel_call *call, struct kernel_range range, size_t token)
{
    size_t rows = (size_t)call->shape.rows, columns = (size_t)call->shape.columns, stride = columns / 4;
    const uint8_t *weights = call->in[TERNARY_WEIGHTS];
    const int8_t *q = (const int8_t *)call->in[TERNARY_Q] + token * columns;
    float s = ((const float *)call->in[TERNARY_S])[token], scale = *(const float *)call->in[TERNARY_SCALE];
    int32_t sum = ((const int32_t *)call->in[TERNARY_SUMS])[token], acc[GROUP];
    float *y = (float *)call->out[0] + token * rows;
    size_t row = range.first;
    for (; row + GROUP <= range.end; row += GROUP) {
        dots(weights + row * stride, stride, GROUP, q, columns / TERNARY_UNIT, acc);
        for (size_t i = 0; i < GROUP; i++) {
            y[row + i] = ternary_result(acc[i], sum, s, scale);
        }
    }
    for (; row < range.end; row++) {
        dots(weights + row * stride, stride, 1, q, columns / TERNARY_UNIT, acc);
        y[row] = ternary_result(acc[0], sum, s, scale);
    }
}

static void run(const struct assay_kernel_call *call)
{
    for (size_t token = 0; token < call->shape.tokens; token++) {
        run_token(call, kernel_range_of(call, call->shape.rows), token);
    }
    _mm256_zeroupper();
}

#define RUN run
#else
#define RUN NULL
#endif

const struct assay_kernel_row kernel_row_ternary_gemv_i2s_avx2 = {
    .id = "ternary_gemv_i2s_avx2",
    .kind = ASSAY_KERNEL_QUANTISED,
    .equality = ASSAY_KERNEL_EXACT,
    .run = RUN,
    .legacy_id = "i2s_gemv",
    .help = "maddubs, widened every 64 results",
};
