/* quant_rows_{b32,b256,ternary}_avx2: 32 activations a step. */
#include "kernel/families.h"
#include "kernel/part.h"
#include "kernel/quant/quant.h"
#include "kernel/ternary/ternary.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

enum { STEP = 32, LANES = 8, VECTORS = STEP / LANES };

KERNEL_INLINE float largest(const float *x, size_t count)
{
    const __m256 sign = _mm256_set1_ps(-0.0F);
    __m256 most[VECTORS] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
    size_t i = 0;
    for (; i + STEP <= count; i += STEP) {
        for (int k = 0; k < VECTORS; k++) {
            most[k] = _mm256_max_ps(_mm256_andnot_ps(sign, _mm256_loadu_ps(x + i + k * LANES)), most[k]);
        }
    }
    __m256 eight = _mm256_max_ps(_mm256_max_ps(most[0], most[1]), _mm256_max_ps(most[2], most[3]));
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    float one = _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
    for (; i < count; i++) {
        one = fabsf(x[i]) > one ? fabsf(x[i]) : one;
    }
    return one;
}

/* Half to even, as kernel_ternary_rounded does it, then to [-128, 127]. */
KERNEL_INLINE __m256i rounded(const float *x, __m256 factor)
{
    const __m256 magic = _mm256_set1_ps(QUANT_ROUND_MAGIC);
    __m256 whole = _mm256_sub_ps(_mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(x), factor), magic), magic);
    whole = _mm256_max_ps(_mm256_min_ps(whole, _mm256_set1_ps(127)), _mm256_set1_ps(-128));
    return _mm256_cvtps_epi32(whole);
}

KERNEL_INLINE int32_t round_all(const float *x, size_t count, float factor, int8_t *q)
{
    const __m256 factors = _mm256_set1_ps(factor);
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7); /* packing interleaves the halves */
    __m256i sums = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + STEP <= count; i += STEP) {
        __m256i a = rounded(x + i, factors), b = rounded(x + i + LANES, factors);
        __m256i c = rounded(x + i + 2 * LANES, factors), d = rounded(x + i + 3 * LANES, factors);
        __m256i packed = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
        _mm256_storeu_si256((__m256i *)(q + i), _mm256_permutevar8x32_epi32(packed, order));
        sums = _mm256_add_epi32(sums, _mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_add_epi32(c, d)));
    }
    int32_t sum = kernel_sum_i32(sums);
    for (; i < count; i++) {
        q[i] = kernel_ternary_rounded(x[i], factor);
        sum += q[i];
    }
    return sum;
}

KERNEL_INLINE void run_blocks(const struct assay_kernel_call *call, size_t block)
{
    struct kernel_range range = kernel_range_of(call, call->shape.tokens * (call->shape.columns / block));
    for (size_t b = range.first; b < range.end; b++) {
        const float *x = (const float *)call->in[0] + b * block;
        struct quant_scale scale = quant_scale_of(largest(x, block));
        ((float *)call->out[QUANT_D])[b] = scale.d;
        ((int32_t *)call->out[QUANT_SUMS])[b] =
            round_all(x, block, scale.factor, (int8_t *)call->out[QUANT_Q] + b * block);
    }
    _mm256_zeroupper();
}

static void run_b32(const struct assay_kernel_call *call)
{
    run_blocks(call, 32);
}

static void run_b256(const struct assay_kernel_call *call)
{
    run_blocks(call, 256);
}

static void run_ternary(const struct assay_kernel_call *call)
{
    size_t columns = (size_t)call->shape.columns;
    struct kernel_range range = kernel_range_of(call, call->shape.tokens);
    for (size_t token = range.first; token < range.end; token++) {
        const float *x = (const float *)call->in[0] + token * columns;
        float s = kernel_ternary_multiplier(largest(x, columns));
        ((float *)call->out[QUANT_D])[token] = s;
        ((int32_t *)call->out[QUANT_SUMS])[token] =
            round_all(x, columns, s, (int8_t *)call->out[QUANT_Q] + token * columns);
    }
    _mm256_zeroupper();
}

#else
#define run_b32 NULL
#define run_b256 NULL
#define run_ternary NULL
#endif

#define A_VARIANT(name)                                                   \
    const struct assay_kernel_row kernel_row_quant_rows_##name##_avx2 = { \
        .id = "quant_rows_" #name "_avx2",                                \
        .kind = ASSAY_KERNEL_NATIVE,                                      \
        .equality = ASSAY_KERNEL_EXACT,                                   \
        .run = run_##name,                                                \
        .help = "32 activations a step",                                  \
    };
A_VARIANT(b32)
A_VARIANT(b256)
A_VARIANT(ternary)
#undef A_VARIANT
