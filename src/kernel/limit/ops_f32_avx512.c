/* limit_ops_f32_avx512: all chains at once, in twelve registers. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

#ifdef __AVX512F__

#include <immintrin.h>

enum { LANES = 16 };
_Static_assert(LIMIT_FLOATS == LIMIT_CHAINS * LANES, "one sweep takes all of them");

/* Spelled out, since an array of chains would live in memory, and what is measured is the arithmetic. */
#define EACH_CHAIN(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define BEGIN_CHAIN(i) __m512 chain##i = _mm512_load_ps(x + (i)*LANES);
#define STEP_CHAIN(i) chain##i = _mm512_fmadd_ps(chain##i, a, b);
#define END_CHAIN(i) _mm512_store_ps(y + (i)*LANES, chain##i);

static void run(const struct assay_kernel_call *call)
{
    const float *x = call->in[0], *factors = call->in[1];
    const __m512 a = _mm512_set1_ps(factors[0]), b = _mm512_set1_ps(factors[1]);
    float *y = call->out[0];
    EACH_CHAIN(BEGIN_CHAIN)
    for (uint64_t step = 0; step < call->shape.rows; step++) {
        EACH_CHAIN(STEP_CHAIN)
    }
    EACH_CHAIN(END_CHAIN)
    _mm256_zeroupper();
}

#define RUN run
#else
#define RUN NULL
#endif

const struct assay_kernel_row kernel_row_limit_ops_f32_avx512 = {
    .id = "limit_ops_f32_avx512",
    .kind = ASSAY_KERNEL_LIMIT,
    .equality = ASSAY_KERNEL_EXACT,
    .run = RUN,
    .help = "twelve chains of sixteen numbers",
};
