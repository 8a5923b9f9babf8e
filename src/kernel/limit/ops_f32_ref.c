/* limit_ops_f32_ref, limit_exp_f32_ref. */
#include "kernel/families.h"
#include "kernel/float.h"
#include "kernel/limit/limit.h"

static void run_ops(const struct assay_kernel_call *call)
{
    const float *x = call->in[0], *factors = call->in[1];
    float *y = call->out[0];
    for (size_t i = 0; i < LIMIT_FLOATS; i++) {
        float chain = x[i];
        for (uint64_t step = 0; step < call->shape.rows; step++) {
            chain = fmaf(chain, factors[0], factors[1]);
        }
        y[i] = chain;
    }
}

static void run_exp(const struct assay_kernel_call *call)
{
    const float *x = call->in[0];
    float *y = call->out[0];
    for (uint64_t i = 0; i < call->shape.rows; i++) {
        y[i] = kernel_exp(x[i]);
    }
}

#define A_VARIANT(name)                                                     \
    const struct assay_kernel_row kernel_row_limit_##name##_f32_ref = {     \
        .id = "limit_" #name "_f32_ref",                                    \
        .kind = ASSAY_KERNEL_LIMIT,                                         \
        .equality = ASSAY_KERNEL_EXACT,                                     \
        .run = run_##name,                                                  \
        .help = "plain C: no measure of the processor, only what is right", \
    };
A_VARIANT(ops)
A_VARIANT(exp)
#undef A_VARIANT
