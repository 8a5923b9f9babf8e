/* rope_pairs_f32_avx2, rope_halves_f32_avx2: two products and one sum or difference, as the reference. */
#include "kernel/families.h"
#include "kernel/part.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

enum { LANES = 8, ANGLES = LANES / 2 };

KERNEL_INLINE __m256 twice_each(const float *angles)
{
    __m128 four = _mm_loadu_ps(angles);
    return _mm256_set_m128(_mm_unpackhi_ps(four, four), _mm_unpacklo_ps(four, four));
}

KERNEL_INLINE void rotate_one(const float *x, size_t apart, float c, float s, float *y)
{
    y[0] = x[0] * c - x[apart] * s;
    y[apart] = x[0] * s + x[apart] * c;
}

KERNEL_INLINE void rotate_pairs(const float *x, const float *c, const float *s, size_t half, float *y)
{
    size_t i = 0;
    for (; i + ANGLES <= half; i += ANGLES) {
        __m256 both = _mm256_loadu_ps(x + 2 * i), swapped = _mm256_permute_ps(both, 0xb1);
        _mm256_storeu_ps(y + 2 * i, _mm256_addsub_ps(_mm256_mul_ps(both, twice_each(c + i)),
                                                     _mm256_mul_ps(swapped, twice_each(s + i))));
    }
    for (; i < half; i++) {
        rotate_one(x + 2 * i, 1, c[i], s[i], y + 2 * i);
    }
}

KERNEL_INLINE void rotate_halves(const float *x, const float *c, const float *s, size_t half, float *y)
{
    size_t i = 0;
    for (; i + LANES <= half; i += LANES) {
        __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + half + i);
        __m256 cosine = _mm256_loadu_ps(c + i), sine = _mm256_loadu_ps(s + i);
        _mm256_storeu_ps(y + i, _mm256_sub_ps(_mm256_mul_ps(a, cosine), _mm256_mul_ps(b, sine)));
        _mm256_storeu_ps(y + half + i, _mm256_add_ps(_mm256_mul_ps(a, sine), _mm256_mul_ps(b, cosine)));
    }
    for (; i < half; i++) {
        rotate_one(x + i, half, c[i], s[i], y + i);
    }
}

#define A_FUNCTION(name)                                                                            \
    static void run_##name(const struct assay_kernel_call *call)                                    \
    {                                                                                               \
        size_t rows = (size_t)call->shape.rows, half = (size_t)call->shape.columns / 2;             \
        struct kernel_range range = kernel_range_of(call, rows * call->shape.tokens);               \
        for (size_t head = range.first; head < range.end; head++) {                                 \
            const float *c = (const float *)call->in[1] + head / rows * half;                       \
            const float *s = (const float *)call->in[2] + head / rows * half;                       \
            size_t at = head * 2 * half;                                                            \
            rotate_##name((const float *)call->in[0] + at, c, s, half, (float *)call->out[0] + at); \
        }                                                                                           \
        _mm256_zeroupper();                                                                         \
    }
A_FUNCTION(pairs)
A_FUNCTION(halves)
#undef A_FUNCTION
#else
#define run_pairs NULL
#define run_halves NULL
#endif

#define A_VARIANT(name)                                                 \
    const struct assay_kernel_row kernel_row_rope_##name##_f32_avx2 = { \
        .id = "rope_" #name "_f32_avx2",                                \
        .kind = ASSAY_KERNEL_NATIVE,                                    \
        .equality = ASSAY_KERNEL_EXACT,                                 \
        .run = run_##name,                                              \
        .legacy_id = "rope_apply",                                      \
        .help = "eight values a step",                                  \
    };
A_VARIANT(pairs)
A_VARIANT(halves)
#undef A_VARIANT
