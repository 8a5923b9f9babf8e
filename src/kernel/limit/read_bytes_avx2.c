/* limit_read_bytes_avx2: four streams side by side; limit_read_ahead_avx2: one stream with software prefetch. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

/* One stream keeps too few lines under way: four that lie some pages apart read a fifth to a third faster on cores
 * whose hardware prefetch follows each, and nothing slower was seen elsewhere. */
enum { STREAMS = 4, SUMS = 2 * STREAMS, SPAN_LINES = 1024, LINES_A_STEP = 4 };

struct sums {
    __m256i words[SUMS];
};

KERNEL_INLINE struct sums no_sums(void)
{
    struct sums sums;
    for (int i = 0; i < SUMS; i++) {
        sums.words[i] = _mm256_setzero_si256();
    }
    return sums;
}

KERNEL_INLINE void add_line(struct sums *sums, int pair, const char *at)
{
    sums->words[2 * pair] = _mm256_add_epi64(sums->words[2 * pair], _mm256_load_si256((const __m256i *)at));
    sums->words[2 * pair + 1] = _mm256_add_epi64(sums->words[2 * pair + 1], _mm256_load_si256((const __m256i *)at + 1));
}

KERNEL_INLINE uint64_t total_of(struct sums *sums)
{
    for (int i = 1; i < SUMS; i++) {
        sums->words[0] = _mm256_add_epi64(sums->words[0], sums->words[i]);
    }
    _Alignas(32) uint64_t parts[4];
    _mm256_store_si256((__m256i *)parts, sums->words[0]);
    return parts[0] + parts[1] + parts[2] + parts[3];
}

/* One stream; `ahead` bytes of software prefetch, 0: none. */
KERNEL_INLINE void read_stream(struct sums *sums, const char *at, uint64_t lines, uint64_t ahead)
{
    for (; lines >= LINES_A_STEP; lines -= LINES_A_STEP, at += LINES_A_STEP * LIMIT_LINE_BYTES) {
        for (int i = 0; i < LINES_A_STEP; i++) {
            if (ahead > 0) {
                _mm_prefetch(at + ahead + i * LIMIT_LINE_BYTES, _MM_HINT_T0);
            }
            add_line(sums, i, at + i * LIMIT_LINE_BYTES);
        }
    }
    for (; lines > 0; lines--, at += LIMIT_LINE_BYTES) {
        add_line(sums, 0, at);
    }
}

static void run_bytes(const struct assay_kernel_call *call)
{
    const char *at = call->in[0];
    uint64_t lines = call->shape.rows;
    struct sums sums = no_sums();
    for (; lines >= STREAMS * SPAN_LINES; lines -= STREAMS * SPAN_LINES) {
        for (int line = 0; line < SPAN_LINES; line++, at += LIMIT_LINE_BYTES) {
            for (int stream = 0; stream < STREAMS; stream++) {
                add_line(&sums, stream, at + stream * SPAN_LINES * LIMIT_LINE_BYTES);
            }
        }
        at += (STREAMS - 1) * SPAN_LINES * LIMIT_LINE_BYTES;
    }
    read_stream(&sums, at, lines, 0);
    *(uint64_t *)call->out[0] = total_of(&sums);
    _mm256_zeroupper();
}

static void run_ahead(const struct assay_kernel_call *call)
{
    struct sums sums = no_sums();
    uint64_t ahead = call->shape.columns > 1 ? call->shape.columns * LIMIT_LINE_BYTES : 0;
    read_stream(&sums, call->in[0], call->shape.rows, ahead);
    *(uint64_t *)call->out[0] = total_of(&sums);
    _mm256_zeroupper();
}

#else
#define run_bytes NULL
#define run_ahead NULL
#endif

#define A_VARIANT(name, help_)                                            \
    const struct assay_kernel_row kernel_row_limit_read_##name##_avx2 = { \
        .id = "limit_read_" #name "_avx2",                                \
        .kind = ASSAY_KERNEL_LIMIT,                                       \
        .equality = ASSAY_KERNEL_EXACT,                                   \
        .run = run_##name,                                                \
        .help = help_,                                                    \
    };
A_VARIANT(bytes, "32-byte loads from four streams")
A_VARIANT(ahead, "32-byte loads from one stream, with software prefetch")
#undef A_VARIANT
