/* rope_pairs_f32_ref, rope_halves_f32_ref: the arithmetic as it is written down. */
#include "kernel/families.h"
#include "kernel/float.h"
#include "kernel/part.h"

static void run(const struct assay_kernel_call *call, size_t step, size_t apart)
{
    size_t rows = (size_t)call->shape.rows, half = (size_t)call->shape.columns / 2;
    struct kernel_range range = kernel_range_of(call, rows * call->shape.tokens);
    for (size_t head = range.first; head < range.end; head++) {
        const float *x = (const float *)call->in[0] + head * 2 * half;
        const float *c = (const float *)call->in[1] + head / rows * half;
        const float *s = (const float *)call->in[2] + head / rows * half;
        float *y = (float *)call->out[0] + head * 2 * half;
        for (size_t i = 0; i < half; i++) {
            float a = x[i * step], b = x[i * step + apart];
            y[i * step] = a * c[i] - b * s[i]; /* -ffp-contract=off: two products, one difference */
            y[i * step + apart] = a * s[i] + b * c[i];
        }
    }
}

static void run_pairs(const struct assay_kernel_call *call)
{
    run(call, 2, 1);
}

static void run_halves(const struct assay_kernel_call *call)
{
    run(call, 1, (size_t)call->shape.columns / 2);
}

#define A_VARIANT(name)                                                \
    const struct assay_kernel_row kernel_row_rope_##name##_f32_ref = { \
        .id = "rope_" #name "_f32_ref",                                \
        .kind = ASSAY_KERNEL_NATIVE,                                   \
        .equality = ASSAY_KERNEL_EXACT,                                \
        .run = run_##name,                                             \
        .legacy_id = "rope_apply",                                     \
        .help = "plain C",                                             \
    };
A_VARIANT(pairs)
A_VARIANT(halves)
#undef A_VARIANT
