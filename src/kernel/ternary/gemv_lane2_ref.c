/* ternary_gemv_lane2_ref: the arithmetic as it is written down. */
#include "kernel/families.h"
#include "kernel/part.h"
#include "kernel/ternary/ternary.h"

static int32_t dot(const uint8_t *weights, const int8_t *q, size_t columns, size_t row)
{
    int32_t acc = 0;
    for (size_t i = 0; i < columns; i++) {
        acc += kernel_ternary_code_lane2(weights, columns, row, i) * q[i];
    }
    return acc;
}

static void run(const struct assay_kernel_call *call)
{
    size_t rows = (size_t)call->shape.rows, columns = (size_t)call->shape.columns;
    const float *s = call->in[TERNARY_S], *scale = call->in[TERNARY_SCALE];
    const int32_t *sums = call->in[TERNARY_SUMS];
    float *y = call->out[0];
    struct kernel_range range = kernel_range_of(call, rows);
    for (size_t token = 0; token < call->shape.tokens; token++) {
        const int8_t *q = (const int8_t *)call->in[TERNARY_Q] + token * columns;
        for (size_t row = range.first; row < range.end; row++) {
            int32_t acc = dot(call->in[TERNARY_WEIGHTS], q, columns, row);
            y[token * rows + row] = ternary_result(acc, sums[token], s[token], *scale);
        }
    }
}

#define A_VARIANT(name, help_)                                              \
    const struct assay_kernel_row kernel_row_ternary_##name##_lane2_ref = { \
        .id = "ternary_" #name "_lane2_ref",                                \
        .kind = ASSAY_KERNEL_QUANTISED,                                     \
        .equality = ASSAY_KERNEL_EXACT,                                     \
        .run = run,                                                         \
        .legacy_id = "i2s_gemv",                                            \
        .help = help_,                                                      \
    };
A_VARIANT(gemv, "plain C")
A_VARIANT(gemm, "plain C")
#undef A_VARIANT
