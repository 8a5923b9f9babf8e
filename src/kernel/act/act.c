/* act_silu, act_relu2: what gates the feed-forward: y = f(gate) up. */
#include "kernel/families.h"
#include "kernel/float.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static uint64_t values(const struct assay_kernel_shape *shape)
{
    return shape->tokens * shape->columns;
}

static uint64_t nothing(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 0; /* activations only: nothing is stored */
}

static const struct assay_kernel_operand INPUTS[] = {{"gate", ASSAY_KERNEL_F32, values},
                                                     {"up", ASSAY_KERNEL_F32, values}};
static const struct assay_kernel_operand OUTPUTS[] = {{"y", ASSAY_KERNEL_F32, values}};

enum extreme { RANDOM, WIDE };
static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 1, 1, 1}, .seed = 1, .tolerance = 1e-5, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd", .shape = {1, 83, 3, 1}, .seed = 2, .tolerance = 1e-5, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "real",
     .shape = {1, 6912, 1, 1},
     .seed = 3,
     .tolerance = 1e-5,
     .flags = ASSAY_KERNEL_CASE_SELFCHECK | ASSAY_KERNEL_CASE_DEFAULT},
    {.name = "wide",
     .shape = {1, 512, 1, 1},
     .seed = 4,
     .tolerance = 1e-5,
     .extreme = WIDE,
     .flags = ASSAY_KERNEL_CASE_SELFCHECK},
};

static void fill(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                 void *const inputs[ASSAY_KERNEL_INPUTS_MAX])
{
    uint64_t state = which->seed;
    float width = which->extreme == WIDE ? 120 : 8; /* beyond what exp can represent */
    for (uint64_t i = 0; i < values(shape); i++) {
        ((float *)inputs[0])[i] = width * kernel_draw_real(&state);
        ((float *)inputs[1])[i] = kernel_draw_real(&state);
    }
}

static double silu(double gate)
{
    return gate / (1 + exp(-gate));
}

static double relu2(double gate)
{
    return gate > 0 ? gate * gate : 0;
}

static void reference(const struct assay_kernel_call *call, double (*f)(double), double *ret_values,
                      double *ret_magnitudes)
{
    for (uint64_t i = 0; i < values(&call->shape); i++) {
        ret_values[i] = f((double)((const float *)call->in[0])[i]) * (double)((const float *)call->in[1])[i];
        ret_magnitudes[i] = 0;
    }
}

#define AN_OPERATION(name_, help_)                                                                                  \
    static void reference_##name_(const struct assay_kernel_call *call, double *ret_values, double *ret_magnitudes) \
    {                                                                                                               \
        reference(call, name_, ret_values, ret_magnitudes);                                                         \
    }                                                                                                               \
    static const struct assay_kernel_row *const ROWS_##name_[] = {&kernel_row_act_##name_##_f32_ref,                \
                                                                  &kernel_row_act_##name_##_f32_avx2};              \
    const struct assay_kernel_operation kernel_op_act_##name_##_f32 = {                                             \
        .abi = ASSAY_KERNEL_ABI,                                                                                    \
        .name = "act_" #name_,                                                                                      \
        .format = "f32",                                                                                            \
        .help = help_,                                                                                              \
        .inputs = INPUTS,                                                                                           \
        .outputs = OUTPUTS,                                                                                         \
        .inputs_count = COUNT_OF(INPUTS),                                                                           \
        .outputs_count = COUNT_OF(OUTPUTS),                                                                         \
        .cases = CASES,                                                                                             \
        .cases_count = COUNT_OF(CASES),                                                                             \
        .rows = ROWS_##name_,                                                                                       \
        .rows_count = COUNT_OF(ROWS_##name_),                                                                       \
        .fill = fill,                                                                                               \
        .reference = reference_##name_,                                                                             \
        .elements = values,                                                                                         \
        .bytes = nothing,                                                                                           \
        .units = values,                                                                                            \
    };
AN_OPERATION(silu, "gate / (1 + exp(-gate)), times up")
AN_OPERATION(relu2, "the square of what is positive of the gate, times up")
#undef AN_OPERATION
