/* limit_ops_f32_avx2: twelve chains at a time; limit_exp_f32_avx2: eight numbers a step. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

enum { LANES = 8, SWEEPS = LIMIT_FLOATS / (LIMIT_CHAINS * LANES) };

/* Spelled out, since an array of chains would live in memory, and what is measured is the arithmetic. */
#define EACH_CHAIN(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define BEGIN_CHAIN(i) __m256 chain##i = _mm256_load_ps(x + (i)*LANES);
#define STEP_CHAIN(i) chain##i = _mm256_fmadd_ps(chain##i, a, b);
#define END_CHAIN(i) _mm256_store_ps(y + (i)*LANES, chain##i);

static void run_ops(const struct assay_kernel_call *call)
{
    const float *factors = call->in[1];
    const __m256 a = _mm256_set1_ps(factors[0]), b = _mm256_set1_ps(factors[1]);
    for (size_t sweep = 0; sweep < SWEEPS; sweep++) {
        const float *x = (const float *)call->in[0] + sweep * LIMIT_CHAINS * LANES;
        float *y = (float *)call->out[0] + sweep * LIMIT_CHAINS * LANES;
        EACH_CHAIN(BEGIN_CHAIN)
        for (uint64_t step = 0; step < call->shape.rows; step++) {
            EACH_CHAIN(STEP_CHAIN)
        }
        EACH_CHAIN(END_CHAIN)
    }
    _mm256_zeroupper();
}

static void run_exp(const struct assay_kernel_call *call)
{
    const float *x = call->in[0];
    float *y = call->out[0];
    uint64_t i = 0;
    for (; i + LANES <= call->shape.rows; i += LANES) {
        _mm256_store_ps(y + i, kernel_exp_avx2(_mm256_load_ps(x + i)));
    }
    for (; i < call->shape.rows; i++) {
        y[i] = kernel_exp(x[i]);
    }
    _mm256_zeroupper();
}

#else
#define run_ops NULL
#define run_exp NULL
#endif

#define A_VARIANT(name, help_)                                           \
    const struct assay_kernel_row kernel_row_limit_##name##_f32_avx2 = { \
        .id = "limit_" #name "_f32_avx2",                                \
        .kind = ASSAY_KERNEL_LIMIT,                                      \
        .equality = ASSAY_KERNEL_EXACT,                                  \
        .run = run_##name,                                               \
        .help = help_,                                                   \
    };
A_VARIANT(ops, "twelve chains")
A_VARIANT(exp, "eight numbers a step")
#undef A_VARIANT
