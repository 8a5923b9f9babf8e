/* limit_ops_dot4_vnni512: twelve chains of sixteen sums. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

#if defined(__AVX512VNNI__) || defined(KERNEL_EMULATED)

#include <immintrin.h>

/* Spelled out, since an array of chains would live in memory, and what is measured is the arithmetic. */
#define EACH_CHAIN(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)
#define BEGIN_CHAIN(i) __m512i chain##i = _mm512_setzero_si512(), right##i = _mm512_load_si512(right + (i)*LANES);
#define STEP_CHAIN(i) chain##i = _mm512_dpbusd_epi32(chain##i, left, right##i);
#define END_CHAIN(i) _mm512_store_si512(sums + (i)*LANES / 4, chain##i);

enum { LANES = LIMIT_DOT4_LANES };

static void run(const struct assay_kernel_call *call)
{
    const int8_t *right = call->in[1];
    __m512i left = _mm512_load_si512(call->in[0]);
    int32_t *sums = call->out[0];
    EACH_CHAIN(BEGIN_CHAIN)
    for (uint64_t n = 0; n < call->shape.rows; n++) {
#ifndef KERNEL_EMULATED
        __asm__("" : "+v"(left)); /* another one each time, for all that the compiler knows */
#endif
        EACH_CHAIN(STEP_CHAIN)
    }
    EACH_CHAIN(END_CHAIN)
    _mm256_zeroupper();
}

#define RUN run
#else
#define RUN NULL
#endif

const struct assay_kernel_row kernel_row_limit_ops_dot4_vnni512 = {
    .id = "limit_ops_dot4_vnni512",
    .kind = ASSAY_KERNEL_LIMIT,
    .equality = ASSAY_KERNEL_EXACT,
    .run = RUN,
    .help = "VPDPBUSD of 512 bits, twelve chains",
};
