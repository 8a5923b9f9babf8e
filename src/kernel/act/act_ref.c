/* act_silu_f32_ref, act_relu2_f32_ref: the arithmetic as it is written down. */
#include "kernel/families.h"
#include "kernel/float.h"
#include "kernel/part.h"

static float silu(float gate)
{
    return gate / (1.0F + kernel_exp(-gate));
}

static float relu2(float gate)
{
    float positive = gate > 0 ? gate : 0;
    return positive * positive;
}

static void run(const struct assay_kernel_call *call, float (*f)(float))
{
    const float *gate = call->in[0], *up = call->in[1];
    float *y = call->out[0];
    struct kernel_range range = kernel_range_of(call, call->shape.tokens * call->shape.columns);
    for (size_t i = range.first; i < range.end; i++) {
        y[i] = f(gate[i]) * up[i];
    }
}

#define A_VARIANT(name)                                               \
    static void run_##name(const struct assay_kernel_call *call)      \
    {                                                                 \
        run(call, name);                                              \
    }                                                                 \
    const struct assay_kernel_row kernel_row_act_##name##_f32_ref = { \
        .id = "act_" #name "_f32_ref",                                \
        .kind = ASSAY_KERNEL_NATIVE,                                  \
        .equality = ASSAY_KERNEL_EXACT,                               \
        .run = run_##name,                                            \
        .help = "plain C",                                            \
    };
A_VARIANT(silu)
A_VARIANT(relu2)
#undef A_VARIANT
