/* limit_ops_dot4_avxvnni: twelve chains of eight sums, twice: a step is 64 bytes wide, a register 32. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

#if defined(__AVXVNNI__) || defined(KERNEL_EMULATED)

#include <immintrin.h>

/* Spelled out, since an array of chains would live in memory, and what is measured is the arithmetic. The signed bytes
 * come from the nearest cache: registers are sixteen. */
#define EACH_CHAIN(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define BEGIN_CHAIN(i) __m256i chain##i = _mm256_setzero_si256();
#define STEP_CHAIN(i) \
    chain##i =        \
        _mm256_dpbusd_avx_epi32(chain##i, left, _mm256_load_si256((const __m256i *)(right + (i)*LIMIT_DOT4_LANES)));
#define END_CHAIN(i) _mm256_store_si256((__m256i *)(sums + (i)*LIMIT_DOT4_LANES / 4), chain##i);

enum { HALF = LIMIT_DOT4_LANES / 2 };

static void run(const struct assay_kernel_call *call)
{
    for (size_t half = 0; half < 2; half++) {
        const int8_t *right = (const int8_t *)call->in[1] + half * HALF;
        __m256i left = _mm256_load_si256((const __m256i *)call->in[0] + half);
        int32_t *sums = (int32_t *)call->out[0] + half * HALF / 4;
        EACH_CHAIN(BEGIN_CHAIN)
        for (uint64_t n = 0; n < call->shape.rows; n++) {
            __asm__("" : "+x"(left)); /* another one each time, for all that the compiler knows */
            EACH_CHAIN(STEP_CHAIN)
        }
        EACH_CHAIN(END_CHAIN)
    }
    _mm256_zeroupper();
}

#define RUN run
#else
#define RUN NULL
#endif

const struct assay_kernel_row kernel_row_limit_ops_dot4_avxvnni = {
    .id = "limit_ops_dot4_avxvnni",
    .kind = ASSAY_KERNEL_LIMIT,
    .equality = ASSAY_KERNEL_EXACT,
    .run = RUN,
    .help = "VPDPBUSD of 256 bits, twelve chains",
};
