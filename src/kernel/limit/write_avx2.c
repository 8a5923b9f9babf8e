/* limit_write_bytes_avx2, limit_write_nt_avx2, limit_copy_bytes_avx2: 32-byte stores. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

static void run_bytes(const struct assay_kernel_call *call)
{
    const __m256i word = _mm256_set1_epi64x(*(const int64_t *)call->in[0]);
    __m256i *to = call->out[0];
    for (uint64_t i = 0; i < 2 * call->shape.rows; i++) {
        _mm256_store_si256(to + i, word);
    }
    _mm256_zeroupper();
}

static void run_nt(const struct assay_kernel_call *call)
{
    const __m256i word = _mm256_set1_epi64x(*(const int64_t *)call->in[0]);
    __m256i *to = call->out[0];
    for (uint64_t i = 0; i < 2 * call->shape.rows; i++) {
        _mm256_stream_si256(to + i, word);
    }
    _mm_sfence(); /* what is written past the caches is in no order otherwise */
    _mm256_zeroupper();
}

static void run_copy(const struct assay_kernel_call *call)
{
    const __m256i *from = call->in[0];
    __m256i *to = call->out[0];
    for (uint64_t i = 0; i < call->shape.rows; i++) {
        __m256i a = _mm256_load_si256(from + 2 * i), b = _mm256_load_si256(from + 2 * i + 1);
        _mm256_stream_si256(to + 2 * i, a);
        _mm256_stream_si256(to + 2 * i + 1, b);
    }
    _mm_sfence();
    _mm256_zeroupper();
}

#else
#define run_bytes NULL
#define run_nt NULL
#define run_copy NULL
#endif

#define A_VARIANT(name, run_, help_)                                 \
    const struct assay_kernel_row kernel_row_limit_##name##_avx2 = { \
        .id = "limit_" #name "_avx2",                                \
        .kind = ASSAY_KERNEL_LIMIT,                                  \
        .equality = ASSAY_KERNEL_EXACT,                              \
        .run = run_,                                                 \
        .help = help_,                                               \
    };
A_VARIANT(write_bytes, run_bytes, "32-byte stores")
A_VARIANT(write_nt, run_nt, "32-byte stores past the caches")
A_VARIANT(copy_bytes, run_copy, "32-byte loads, 32-byte stores past the caches")
#undef A_VARIANT
