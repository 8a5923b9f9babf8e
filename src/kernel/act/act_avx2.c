/* act_silu_f32_avx2, act_relu2_f32_avx2: eight values a step; what is left goes through the vector too. */
#include "kernel/families.h"
#include "kernel/part.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

enum { LANES = 8 };

KERNEL_INLINE __m256 silu(__m256 gate)
{
    __m256 negative = _mm256_xor_ps(gate, _mm256_set1_ps(-0.0F));
    return _mm256_div_ps(gate, _mm256_add_ps(_mm256_set1_ps(1), kernel_exp_avx2(negative)));
}

KERNEL_INLINE __m256 relu2(__m256 gate)
{
    __m256 positive = _mm256_max_ps(gate, _mm256_setzero_ps());
    return _mm256_mul_ps(positive, positive);
}

#define A_FUNCTION(name)                                                                                      \
    static void run_##name(const struct assay_kernel_call *call)                                              \
    {                                                                                                         \
        const float *gate = call->in[0], *up = call->in[1];                                                   \
        float *y = call->out[0];                                                                              \
        struct kernel_range range = kernel_range_of(call, call->shape.tokens * call->shape.columns);          \
        size_t i = range.first;                                                                               \
        for (; i + LANES <= range.end; i += LANES) {                                                          \
            _mm256_storeu_ps(y + i, _mm256_mul_ps(name(_mm256_loadu_ps(gate + i)), _mm256_loadu_ps(up + i))); \
        }                                                                                                     \
        _Alignas(32) float last_gate[LANES] = {0}, last[LANES];                                               \
        memcpy(last_gate, gate + i, (range.end - i) * sizeof *gate);                                          \
        _mm256_store_ps(last, name(_mm256_load_ps(last_gate)));                                               \
        for (size_t k = 0; i + k < range.end; k++) {                                                          \
            y[i + k] = last[k] * up[i + k];                                                                   \
        }                                                                                                     \
        _mm256_zeroupper();                                                                                   \
    }
A_FUNCTION(silu)
A_FUNCTION(relu2)
#undef A_FUNCTION
#else
#define run_silu NULL
#define run_relu2 NULL
#endif

#define A_VARIANT(name)                                                \
    const struct assay_kernel_row kernel_row_act_##name##_f32_avx2 = { \
        .id = "act_" #name "_f32_avx2",                                \
        .kind = ASSAY_KERNEL_NATIVE,                                   \
        .equality = ASSAY_KERNEL_EXACT,                                \
        .run = run_##name,                                             \
        .help = "eight values a step",                                 \
    };
A_VARIANT(silu)
A_VARIANT(relu2)
#undef A_VARIANT
