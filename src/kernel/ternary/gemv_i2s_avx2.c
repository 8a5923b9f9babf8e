/* ternary_gemv_i2s_avx2: maddubs on 128 codes a step, four rows at a time over one read of the activations. */
#include "kernel/families.h"
#include "kernel/part.h"
#include "kernel/ternary/ternary.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

enum { GROUP = 4, PLANES = 4 };

/* Units whose products fit into int16: 16 units of 4 planes are the 64 results of maddubs that ternary.h speaks of. A
 * plane that stays in bits 2 and 3 gives results four times as large: 8 units of 2 planes are 16 of those. */
enum { UNITS_SHIFTED = 8 };

#define PREFETCH_BYTES 1024 /* ahead in each stream of weights */

/* Two sums a row: of the planes in bits 0 and 1 of a nibble, and, four times too large, of those in bits 2 and 3. */
struct narrow {
    __m256i low, high;
};

/* One unit of one row; one shift serves both planes of a nibble. The first plane stands in the highest bits. */
KERNEL_INLINE void add_unit(const uint8_t *weights, const __m256i q[PLANES], struct narrow *sums)
{
    const __m256i ones = _mm256_set1_epi8(0x03), fours = _mm256_set1_epi8(0x0c);
    __m256i packed = _mm256_loadu_si256((const __m256i *)weights), upper = _mm256_srli_epi16(packed, 4);
    __m256i low = _mm256_add_epi16(_mm256_maddubs_epi16(_mm256_and_si256(packed, ones), q[3]),
                                   _mm256_maddubs_epi16(_mm256_and_si256(upper, ones), q[1]));
    __m256i high = _mm256_add_epi16(_mm256_maddubs_epi16(_mm256_and_si256(packed, fours), q[2]),
                                    _mm256_maddubs_epi16(_mm256_and_si256(upper, fours), q[0]));
    sums->low = _mm256_add_epi16(sums->low, low);
    sums->high = _mm256_add_epi16(sums->high, high);
}

/* `count` rows (GROUP of them, or one) that lie `apart` bytes from each other. */
KERNEL_INLINE void dots(const uint8_t *weights, size_t apart, int count, const int8_t *q, size_t units,
                        int32_t ret[GROUP])
{
    __m256i sums[GROUP];
    for (int row = 0; row < count; row++) {
        sums[row] = _mm256_setzero_si256();
    }
    for (size_t unit = 0; unit < units;) {
        size_t end = unit + UNITS_SHIFTED < units ? unit + UNITS_SHIFTED : units;
        struct narrow narrow[GROUP];
        for (int row = 0; row < count; row++) {
            narrow[row].low = narrow[row].high = _mm256_setzero_si256();
        }
        for (; unit < end; unit++) {
            __m256i activations[PLANES];
            for (int plane = 0; plane < PLANES; plane++) {
                const int8_t *at = q + unit * TERNARY_UNIT + plane * TERNARY_UNIT_BYTES;
                activations[plane] = _mm256_loadu_si256((const __m256i *)at);
            }
            for (int row = 0; row < count; row++) {
                const uint8_t *at = weights + (size_t)row * apart + unit * TERNARY_UNIT_BYTES;
                _mm_prefetch((const char *)at + PREFETCH_BYTES, _MM_HINT_T0);
                add_unit(at, activations, &narrow[row]);
            }
        }
        for (int row = 0; row < count; row++) { /* an exact quarter: every term of it is a multiple of four */
            __m256i both = _mm256_add_epi16(narrow[row].low, _mm256_srai_epi16(narrow[row].high, 2));
            sums[row] = _mm256_add_epi32(sums[row], _mm256_madd_epi16(both, _mm256_set1_epi16(1)));
        }
    }
    for (int row = 0; row < count; row++) {
        ret[row] = kernel_sum_i32(sums[row]);
    }
}

/* Four rows a quarter of the range apart: four streams. */
static void run_token(const struct assay_kernel_call *call, struct kernel_range range, size_t token)
{
    size_t rows = (size_t)call->shape.rows, columns = (size_t)call->shape.columns, stride = columns / 4;
    size_t quarter = (range.end - range.first) / GROUP, units = columns / TERNARY_UNIT;
    const uint8_t *weights = call->in[TERNARY_WEIGHTS];
    const int8_t *q = (const int8_t *)call->in[TERNARY_Q] + token * columns;
    float s = ((const float *)call->in[TERNARY_S])[token], scale = *(const float *)call->in[TERNARY_SCALE];
    int32_t sum = ((const int32_t *)call->in[TERNARY_SUMS])[token], acc[GROUP];
    float *y = (float *)call->out[0] + token * rows;
    for (size_t row = range.first; row < range.first + quarter; row++) {
        dots(weights + row * stride, quarter * stride, GROUP, q, units, acc);
        for (size_t i = 0; i < GROUP; i++) {
            y[row + i * quarter] = ternary_result(acc[i], sum, s, scale);
        }
    }
    for (size_t row = range.first + quarter * GROUP; row < range.end; row++) {
        dots(weights + row * stride, 0, 1, q, units, acc);
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
    .help = "maddubs, four rows as four streams",
};
