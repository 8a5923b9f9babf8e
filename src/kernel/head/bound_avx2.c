/* head_bound_f32_avx2: eight rows a step. */
#include "kernel/families.h"
#include "kernel/head/head.h"
#include "kernel/part.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

enum { LANES = 8 };

static void run(const struct assay_kernel_call *call)
{
    const float *approx = call->in[HEAD_APPROX], *radius = call->in[HEAD_RADIUS], *norm = call->in[HEAD_NORM];
    const float *factors = call->in[HEAD_FACTORS];
    const __m256 first = _mm256_set1_ps(factors[0]), second = _mm256_set1_ps(factors[1]);
    float *upper = call->out[HEAD_UPPER], *lower = call->out[HEAD_LOWER];
    struct kernel_range range = kernel_range_of(call, call->shape.rows);
    size_t i = range.first;
    for (; i + LANES <= range.end; i += LANES) {
        __m256 a = _mm256_loadu_ps(approx + i);
        __m256 e =
            _mm256_fmadd_ps(_mm256_loadu_ps(norm + i), second, _mm256_mul_ps(_mm256_loadu_ps(radius + i), first));
        _mm256_storeu_ps(upper + i, _mm256_add_ps(a, e));
        _mm256_storeu_ps(lower + i, _mm256_sub_ps(a, e));
    }
    for (; i < range.end; i++) {
        float e = fmaf(norm[i], factors[1], radius[i] * factors[0]);
        upper[i] = approx[i] + e;
        lower[i] = approx[i] - e;
    }
    _mm256_zeroupper();
}

#define RUN run
#else
#define RUN NULL
#endif

const struct assay_kernel_row kernel_row_head_bound_f32_avx2 = {
    .id = "head_bound_f32_avx2",
    .kind = ASSAY_KERNEL_NATIVE,
    .equality = ASSAY_KERNEL_EXACT,
    .run = RUN,
    .help = "eight rows a step",
};
