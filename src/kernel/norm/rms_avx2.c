/* norm_rms_f32_avx2: the sixteen lanes of T16 as two vectors. */
#include "kernel/families.h"
#include "kernel/part.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

enum { HALF = 8 };

KERNEL_INLINE float sum_of_squares(const float *x, size_t columns)
{
    _Alignas(32) float lanes[KERNEL_LANES];
    __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
    size_t i = 0;
    for (; i + KERNEL_LANES <= columns; i += KERNEL_LANES) {
        __m256 a = _mm256_loadu_ps(x + i), b = _mm256_loadu_ps(x + i + HALF);
        low = _mm256_fmadd_ps(a, a, low);
        high = _mm256_fmadd_ps(b, b, high);
    }
    _mm256_store_ps(lanes, low);
    _mm256_store_ps(lanes + HALF, high);
    for (size_t k = i; k < columns; k++) {
        lanes[k - i] = fmaf(x[k], x[k], lanes[k - i]);
    }
    return kernel_tree(lanes);
}

static void run(const struct assay_kernel_call *call)
{
    size_t columns = (size_t)call->shape.columns;
    const float *w = call->in[1], *eps = call->in[2];
    struct kernel_range range = kernel_range_of(call, call->shape.tokens);
    for (size_t token = range.first; token < range.end; token++) {
        const float *x = (const float *)call->in[0] + token * columns;
        float *y = (float *)call->out[0] + token * columns;
        float r = 1.0F / sqrtf(sum_of_squares(x, columns) / (float)columns + *eps);
        __m256 factor = _mm256_set1_ps(r);
        size_t i = 0;
        for (; i + HALF <= columns; i += HALF) {
            __m256 scaled = _mm256_mul_ps(_mm256_loadu_ps(x + i), factor);
            _mm256_storeu_ps(y + i, _mm256_mul_ps(scaled, _mm256_loadu_ps(w + i)));
        }
        for (; i < columns; i++) {
            y[i] = x[i] * r * w[i];
        }
    }
    _mm256_zeroupper();
}

#define RUN run
#else
#define RUN NULL
#endif

const struct assay_kernel_row kernel_row_norm_rms_f32_avx2 = {
    .id = "norm_rms_f32_avx2",
    .kind = ASSAY_KERNEL_NATIVE,
    .equality = ASSAY_KERNEL_EXACT,
    .run = RUN,
    .help = "sixteen values a step",
};
