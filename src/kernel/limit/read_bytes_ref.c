/* limit_read_bytes_ref, limit_read_ahead_ref: eight sums side by side, so that no addition waits for the one before. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

static void run(const struct assay_kernel_call *call)
{
    const uint64_t *words = call->in[0];
    uint64_t sums[LIMIT_LINE_WORDS] = {0};
    for (uint64_t line = 0; line < call->shape.rows; line++) {
        for (int i = 0; i < LIMIT_LINE_WORDS; i++) {
            sums[i] += words[line * LIMIT_LINE_WORDS + (uint64_t)i];
        }
    }
    uint64_t sum = 0;
    for (int i = 0; i < LIMIT_LINE_WORDS; i++) {
        sum += sums[i];
    }
    *(uint64_t *)call->out[0] = sum;
}

#define A_VARIANT(name)                                                  \
    const struct assay_kernel_row kernel_row_limit_read_##name##_ref = { \
        .id = "limit_read_" #name "_ref",                                \
        .kind = ASSAY_KERNEL_LIMIT,                                      \
        .equality = ASSAY_KERNEL_EXACT,                                  \
        .run = run,                                                      \
        .help = "plain C",                                               \
    };
A_VARIANT(bytes)
A_VARIANT(ahead)
#undef A_VARIANT
