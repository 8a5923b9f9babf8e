/* quant_rows_{b32,b256,ternary}_ref: the arithmetic as it is written down. */
#include "kernel/families.h"
#include "kernel/float.h"
#include "kernel/part.h"
#include "kernel/quant/quant.h"
#include "kernel/ternary/ternary.h"

static float largest(const float *x, size_t count)
{
    float most = 0;
    for (size_t i = 0; i < count; i++) {
        most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
    }
    return most;
}

static int32_t round_all(const float *x, size_t count, float factor, int8_t *q)
{
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        q[i] = kernel_ternary_rounded(x[i], factor);
        sum += q[i];
    }
    return sum;
}

static void run_blocks(const struct assay_kernel_call *call, size_t block)
{
    struct kernel_range range = kernel_range_of(call, call->shape.tokens * (call->shape.columns / block));
    for (size_t b = range.first; b < range.end; b++) {
        const float *x = (const float *)call->in[0] + b * block;
        struct quant_scale scale = quant_scale_of(largest(x, block));
        ((float *)call->out[QUANT_D])[b] = scale.d;
        ((int32_t *)call->out[QUANT_SUMS])[b] =
            round_all(x, block, scale.factor, (int8_t *)call->out[QUANT_Q] + b * block);
    }
}

static void run_b32(const struct assay_kernel_call *call)
{
    run_blocks(call, 32);
}

static void run_b256(const struct assay_kernel_call *call)
{
    run_blocks(call, 256);
}

static void run_ternary(const struct assay_kernel_call *call)
{
    size_t columns = (size_t)call->shape.columns;
    struct kernel_range range = kernel_range_of(call, call->shape.tokens);
    for (size_t token = range.first; token < range.end; token++) {
        const float *x = (const float *)call->in[0] + token * columns;
        float s = kernel_ternary_multiplier(largest(x, columns));
        ((float *)call->out[QUANT_D])[token] = s;
        ((int32_t *)call->out[QUANT_SUMS])[token] =
            round_all(x, columns, s, (int8_t *)call->out[QUANT_Q] + token * columns);
    }
}

#define A_VARIANT(name)                                                  \
    const struct assay_kernel_row kernel_row_quant_rows_##name##_ref = { \
        .id = "quant_rows_" #name "_ref",                                \
        .kind = ASSAY_KERNEL_NATIVE,                                     \
        .equality = ASSAY_KERNEL_EXACT,                                  \
        .run = run_##name,                                               \
        .help = "plain C",                                               \
    };
A_VARIANT(b32)
A_VARIANT(b256)
A_VARIANT(ternary)
#undef A_VARIANT
