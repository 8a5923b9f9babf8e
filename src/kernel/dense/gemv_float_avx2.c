/* dense_gemv_{f32,f16,bf16}_avx2: the sixteen lanes of the tree T16 are two vectors; four rows, or two rows and two
 * tokens, make eight sums that do not wait for each other. */
#include "kernel/dense/dense.h"
#include "kernel/families.h"
#include "kernel/part.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

enum { ROWS_ALONE = 4, PAIR = 2, HALF = 8 };

KERNEL_INLINE __m256 load(enum assay_kernel_type type, const void *weights, size_t at)
{
    if (type == ASSAY_KERNEL_F32) {
        return _mm256_loadu_ps((const float *)weights + at);
    }
    __m128i halves = _mm_loadu_si128((const __m128i *)((const uint16_t *)weights + at));
    return type == ASSAY_KERNEL_F16 ? _mm256_cvtph_ps(halves)
                                    : _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

KERNEL_INLINE float load_one(enum assay_kernel_type type, const void *weights, size_t at)
{
    if (type == ASSAY_KERNEL_F32) {
        return ((const float *)weights)[at];
    }
    uint16_t half = ((const uint16_t *)weights)[at];
    uint32_t bits = (uint32_t)half << 16;
    float wide;
    memcpy(&wide, &bits, sizeof wide);
    return type == ASSAY_KERNEL_F16 ? _cvtsh_ss(half) : wide;
}

/* `count_rows` rows from number `row` on against `count_tokens` tokens. */
KERNEL_INLINE void tile(enum assay_kernel_type type, const struct assay_kernel_call *call, size_t row, int count_rows,
                        size_t token, int count_tokens)
{
    const size_t rows = (size_t)call->shape.rows, columns = (size_t)call->shape.columns;
    const void *weights = call->in[DENSE_FLOAT_WEIGHTS];
    const float *x = (const float *)call->in[DENSE_X] + token * columns;
    float *y = (float *)call->out[0] + token * rows + row;
    __m256 low[ROWS_ALONE][PAIR], high[ROWS_ALONE][PAIR];
    for (int r = 0; r < count_rows; r++) {
        for (int t = 0; t < count_tokens; t++) {
            low[r][t] = high[r][t] = _mm256_setzero_ps();
        }
    }
    size_t i = 0;
    for (; i + KERNEL_LANES <= columns; i += KERNEL_LANES) {
        __m256 x_low[PAIR], x_high[PAIR];
        for (int t = 0; t < count_tokens; t++) {
            x_low[t] = _mm256_loadu_ps(x + (size_t)t * columns + i);
            x_high[t] = _mm256_loadu_ps(x + (size_t)t * columns + i + HALF);
        }
        for (int r = 0; r < count_rows; r++) {
            size_t at = (row + (size_t)r) * columns + i;
            __m256 w_low = load(type, weights, at), w_high = load(type, weights, at + HALF);
            for (int t = 0; t < count_tokens; t++) {
                low[r][t] = _mm256_fmadd_ps(w_low, x_low[t], low[r][t]);
                high[r][t] = _mm256_fmadd_ps(w_high, x_high[t], high[r][t]);
            }
        }
    }
    for (int r = 0; r < count_rows; r++) {
        for (int t = 0; t < count_tokens; t++) {
            _Alignas(32) float lanes[KERNEL_LANES];
            _mm256_store_ps(lanes, low[r][t]);
            _mm256_store_ps(lanes + HALF, high[r][t]);
            for (size_t k = i; k < columns; k++) {
                float w = load_one(type, weights, (row + (size_t)r) * columns + k);
                lanes[k - i] = fmaf(w, x[(size_t)t * columns + k], lanes[k - i]);
            }
            y[(size_t)t * rows + (size_t)r] = kernel_tree(lanes);
        }
    }
}

KERNEL_INLINE void run(enum assay_kernel_type type, const struct assay_kernel_call *call)
{
    const size_t tokens = (size_t)call->shape.tokens;
    const struct kernel_range range = kernel_range_of(call, call->shape.rows);
    size_t row = range.first;
    for (; tokens == 1 && row + ROWS_ALONE <= range.end; row += ROWS_ALONE) {
        tile(type, call, row, ROWS_ALONE, 0, 1);
    }
    for (; row + PAIR <= range.end; row += PAIR) {
        size_t token = 0;
        for (; token + PAIR <= tokens; token += PAIR) {
            tile(type, call, row, PAIR, token, PAIR);
        }
        for (; token < tokens; token++) {
            tile(type, call, row, PAIR, token, 1);
        }
    }
    for (; row < range.end; row++) {
        for (size_t token = 0; token < tokens; token++) {
            tile(type, call, row, 1, token, 1);
        }
    }
    _mm256_zeroupper();
}

#define RUN(name, type)                                          \
    static void run_##name(const struct assay_kernel_call *call) \
    {                                                            \
        run(type, call);                                         \
    }
RUN(f32, ASSAY_KERNEL_F32)
RUN(f16, ASSAY_KERNEL_F16)
RUN(bf16, ASSAY_KERNEL_BF16)
#undef RUN
#else
#define run_f32 NULL
#define run_f16 NULL
#define run_bf16 NULL
#endif

#define A_VARIANT(name)                                                   \
    const struct assay_kernel_row kernel_row_dense_gemv_##name##_avx2 = { \
        .id = "dense_gemv_" #name "_avx2",                                \
        .kind = ASSAY_KERNEL_NATIVE,                                      \
        .equality = ASSAY_KERNEL_EXACT,                                   \
        .run = run_##name,                                                \
        .help = "eight sums side by side",                                \
    };
A_VARIANT(f32)
A_VARIANT(f16)
A_VARIANT(bf16)
#undef A_VARIANT
