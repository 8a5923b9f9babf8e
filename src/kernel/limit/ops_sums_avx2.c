/* limit_ops_sums_avx2: chains that do not wait for each other; each step reads its lines again. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

#ifdef __AVX2__

#include <immintrin.h>

/* Spelled out, since an array of chains would live in memory. */
#define EACH_CHAIN(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define BEGIN_CHAIN(i) __m256i chain##i = _mm256_setzero_si256();
#define STEP_CHAIN(i) chain##i = _mm256_add_epi16(chain##i, _mm256_load_si256(lines + (i)));
#define END_CHAIN(i) widen(chain##i, sums + (i) * (LIMIT_LANES / 2));

static inline void widen(__m256i chain, int32_t *ret)
{
    _Alignas(32) int16_t lanes[LIMIT_LANES / 2];
    _mm256_store_si256((__m256i *)lanes, chain);
    for (int lane = 0; lane < LIMIT_LANES / 2; lane++) {
        ret[lane] = lanes[lane];
    }
}

static void run(const struct assay_kernel_call *call)
{
    const __m256i *lines = call->in[0];
    int32_t *sums = call->out[0];
    EACH_CHAIN(BEGIN_CHAIN)
    for (uint64_t n = 0; n < call->shape.rows; n++) {
        __asm__ volatile("" : "+r"(lines) : : "memory"); /* other ones each time, for all that the compiler knows */
        EACH_CHAIN(STEP_CHAIN)
    }
    EACH_CHAIN(END_CHAIN)
    _mm256_zeroupper();
}

#define RUN run
#else
#define RUN NULL
#endif

const struct assay_kernel_row kernel_row_limit_ops_sums_avx2 = {
    .id = "limit_ops_sums_avx2",
    .kind = ASSAY_KERNEL_LIMIT,
    .equality = ASSAY_KERNEL_EXACT,
    .run = RUN,
    .help = "loads and additions of int16, twelve chains",
};
