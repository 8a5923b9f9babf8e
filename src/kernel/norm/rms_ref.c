/* norm_rms_f32_ref: the arithmetic as it is written down. */
#include "kernel/families.h"
#include "kernel/float.h"
#include "kernel/part.h"

static void run(const struct assay_kernel_call *call)
{
    size_t columns = (size_t)call->shape.columns;
    const float *w = call->in[1], *eps = call->in[2];
    struct kernel_range range = kernel_range_of(call, call->shape.tokens);
    for (size_t token = range.first; token < range.end; token++) {
        const float *x = (const float *)call->in[0] + token * columns;
        float *y = (float *)call->out[0] + token * columns;
        float lanes[KERNEL_LANES] = {0};
        for (size_t i = 0; i < columns; i++) {
            lanes[i % KERNEL_LANES] = fmaf(x[i], x[i], lanes[i % KERNEL_LANES]);
        }
        float r = 1.0F / sqrtf(kernel_tree(lanes) / (float)columns + *eps);
        for (size_t i = 0; i < columns; i++) {
            y[i] = x[i] * r * w[i];
        }
    }
}

const struct assay_kernel_row kernel_row_norm_rms_f32_ref = {
    .id = "norm_rms_f32_ref",
    .kind = ASSAY_KERNEL_NATIVE,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run,
    .help = "plain C",
};
