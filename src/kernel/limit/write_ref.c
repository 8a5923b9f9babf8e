/* limit_write_bytes_ref, limit_write_nt_ref, limit_copy_bytes_ref: plain loops. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

static void run_write(const struct assay_kernel_call *call)
{
    const uint64_t word = *(const uint64_t *)call->in[0];
    uint64_t *words = call->out[0];
    for (uint64_t i = 0; i < call->shape.rows * LIMIT_LINE_WORDS; i++) {
        words[i] = word;
    }
}

static void run_copy(const struct assay_kernel_call *call)
{
    const uint64_t *from = call->in[0];
    uint64_t *to = call->out[0];
    for (uint64_t i = 0; i < call->shape.rows * LIMIT_LINE_WORDS; i++) {
        to[i] = from[i];
    }
}

#define A_VARIANT(name, run_)                                       \
    const struct assay_kernel_row kernel_row_limit_##name##_ref = { \
        .id = "limit_" #name "_ref",                                \
        .kind = ASSAY_KERNEL_LIMIT,                                 \
        .equality = ASSAY_KERNEL_EXACT,                             \
        .run = run_,                                                \
        .help = "plain C",                                          \
    };
A_VARIANT(write_bytes, run_write)
A_VARIANT(write_nt, run_write)
A_VARIANT(copy_bytes, run_copy)
#undef A_VARIANT
