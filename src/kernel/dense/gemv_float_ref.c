/* dense_gemv_{f32,f16,bf16}_ref: the arithmetic as it is written down. */
#include "kernel/dense/dense.h"
#include "kernel/families.h"
#include "kernel/part.h"

typedef float load(const void *weights, size_t i);

static float load_f32(const void *weights, size_t i)
{
    return ((const float *)weights)[i];
}

static float load_f16(const void *weights, size_t i)
{
    return assay_f16_value(((const uint16_t *)weights)[i]);
}

static float load_bf16(const void *weights, size_t i)
{
    return assay_bf16_value(((const uint16_t *)weights)[i]);
}

static void run(const struct assay_kernel_call *call, load *weight)
{
    size_t rows = (size_t)call->shape.rows, columns = (size_t)call->shape.columns;
    struct kernel_range range = kernel_range_of(call, rows);
    for (size_t token = 0; token < call->shape.tokens; token++) {
        const float *x = (const float *)call->in[DENSE_X] + token * columns;
        float *y = (float *)call->out[0] + token * rows;
        for (size_t row = range.first; row < range.end; row++) {
            float lanes[KERNEL_LANES] = {0};
            for (size_t i = 0; i < columns; i++) {
                float *lane = &lanes[i % KERNEL_LANES];
                *lane = fmaf(weight(call->in[DENSE_FLOAT_WEIGHTS], row * columns + i), x[i], *lane);
            }
            y[row] = kernel_tree(lanes);
        }
    }
}

#define A_VARIANT(name)                                                  \
    static void run_##name(const struct assay_kernel_call *call)         \
    {                                                                    \
        run(call, load_##name);                                          \
    }                                                                    \
    const struct assay_kernel_row kernel_row_dense_gemv_##name##_ref = { \
        .id = "dense_gemv_" #name "_ref",                                \
        .kind = ASSAY_KERNEL_NATIVE,                                     \
        .equality = ASSAY_KERNEL_EXACT,                                  \
        .run = run_##name,                                               \
        .help = "plain C",                                               \
    };
A_VARIANT(f32)
A_VARIANT(f16)
A_VARIANT(bf16)
#undef A_VARIANT
