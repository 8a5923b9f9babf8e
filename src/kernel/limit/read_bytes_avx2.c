/* limit_read_bytes_avx2: 32-byte loads, eight sums, prefetch ahead in the one stream. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

#ifdef __AVX2__

#include <immintrin.h>
#include <stdbool.h>

#define LINES_A_STEP 4      /* eight sums hide the latency of an addition */
#define PREFETCH_BYTES 1024 /* the distance at which a bare read is as fast as it gets (kernels.md 4.2) */
#define STREAM_LINES 4096   /* 256 KiB: below it the data lie in a near cache, and a prefetch takes a load's place */

static inline void prefetch(const char *at)
{
    for (int i = 0; i < LINES_A_STEP; i++) {
        _mm_prefetch(at + PREFETCH_BYTES + i * LIMIT_LINE_BYTES, _MM_HINT_T0);
    }
}

static void run(const struct assay_kernel_call *call)
{
    const char *at = call->in[0];
    uint64_t lines = call->shape.rows;
    const bool is_stream = lines >= STREAM_LINES;
    __m256i sums[2 * LINES_A_STEP];
    for (int i = 0; i < 2 * LINES_A_STEP; i++) {
        sums[i] = _mm256_setzero_si256();
    }
    for (; lines >= LINES_A_STEP; lines -= LINES_A_STEP, at += LINES_A_STEP * LIMIT_LINE_BYTES) {
        if (is_stream) {
            prefetch(at);
        }
        for (int i = 0; i < 2 * LINES_A_STEP; i++) {
            sums[i] = _mm256_add_epi64(sums[i], _mm256_load_si256((const __m256i *)at + i));
        }
    }
    for (; lines > 0; lines--, at += LIMIT_LINE_BYTES) {
        sums[0] = _mm256_add_epi64(sums[0], _mm256_load_si256((const __m256i *)at));
        sums[1] = _mm256_add_epi64(sums[1], _mm256_load_si256((const __m256i *)at + 1));
    }
    for (int i = 1; i < 2 * LINES_A_STEP; i++) {
        sums[0] = _mm256_add_epi64(sums[0], sums[i]);
    }
    _Alignas(32) uint64_t parts[4];
    _mm256_store_si256((__m256i *)parts, sums[0]);
    *(uint64_t *)call->out[0] = parts[0] + parts[1] + parts[2] + parts[3];
    _mm256_zeroupper();
}

#define RUN run
#else
#define RUN NULL
#endif

const struct assay_kernel_row kernel_row_limit_read_bytes_avx2 = {
    .id = "limit_read_bytes_avx2",
    .kind = ASSAY_KERNEL_LIMIT,
    .equality = ASSAY_KERNEL_EXACT,
    .run = RUN,
    .help = "32-byte loads with software prefetch",
};
