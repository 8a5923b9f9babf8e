/* head_bound_f32_ref: the arithmetic as it is written down. */
#include "kernel/families.h"
#include "kernel/head/head.h"
#include "kernel/part.h"

#include <math.h>

static void run(const struct assay_kernel_call *call)
{
    const float *approx = call->in[HEAD_APPROX], *radius = call->in[HEAD_RADIUS], *norm = call->in[HEAD_NORM];
    const float *factors = call->in[HEAD_FACTORS];
    float *upper = call->out[HEAD_UPPER], *lower = call->out[HEAD_LOWER];
    struct kernel_range range = kernel_range_of(call, call->shape.rows);
    for (size_t i = range.first; i < range.end; i++) {
        float e = fmaf(norm[i], factors[1], radius[i] * factors[0]);
        upper[i] = approx[i] + e;
        lower[i] = approx[i] - e;
    }
}

const struct assay_kernel_row kernel_row_head_bound_f32_ref = {
    .id = "head_bound_f32_ref",
    .kind = ASSAY_KERNEL_NATIVE,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run,
    .help = "plain C",
};
