/* limit_ops_f32: x = fmaf(x, a, b), rows times, for LIMIT_FLOATS independent x: what all fused multiply-adds of an
 * instruction set can do from registers. limit_exp_f32: the exponential of rows numbers, from and to the nearest cache.
 */
#include "kernel/families.h"
#include "kernel/float.h"
#include "kernel/limit/limit.h"

static uint64_t floats(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return LIMIT_FLOATS;
}

static uint64_t two(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 2;
}

static uint64_t rows(const struct assay_kernel_shape *shape)
{
    return shape->rows;
}

static uint64_t steps(const struct assay_kernel_shape *shape)
{
    return shape->rows * LIMIT_FLOATS;
}

static uint64_t nothing(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 0; /* the operands stay in registers or in the nearest cache */
}

static const struct assay_kernel_operand FMA_INPUTS[] = {{"x", ASSAY_KERNEL_F32, floats},
                                                         {"a-b", ASSAY_KERNEL_F32, two}};
static const struct assay_kernel_operand FMA_OUTPUTS[] = {{"y", ASSAY_KERNEL_F32, floats}};
static const struct assay_kernel_case FMA_CASES[] = {
    {.name = "least", .shape = {1, 1, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd-steps", .shape = {7, 1, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "longer", .shape = {301, 1, 1, 1}, .seed = 3, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "peak", .shape = {50000, 1, 1, 1}, .seed = 4, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

/* |a| < 1, so that x stays near b / (1 - a), far from infinity and from subnormals. */
static void fill_fma(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                     void *const inputs[ASSAY_KERNEL_INPUTS_MAX])
{
    uint64_t state = which->seed;
    (void)shape;
    for (size_t i = 0; i < LIMIT_FLOATS; i++) {
        ((float *)inputs[0])[i] = kernel_draw_real(&state);
    }
    ((float *)inputs[1])[0] = 0.75F;
    ((float *)inputs[1])[1] = 0.5F;
}

static const struct assay_kernel_operand EXP_INPUTS[] = {{"x", ASSAY_KERNEL_F32, rows}};
static const struct assay_kernel_operand EXP_OUTPUTS[] = {{"y", ASSAY_KERNEL_F32, rows}};
static const struct assay_kernel_case EXP_CASES[] = {
    {.name = "least", .shape = {1, 1, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd", .shape = {1003, 1, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "l1-16k",
     .shape = {2048, 1, 1, 1},
     .seed = 3,
     .flags = ASSAY_KERNEL_CASE_SELFCHECK | ASSAY_KERNEL_CASE_DEFAULT},
};

static void fill_exp(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                     void *const inputs[ASSAY_KERNEL_INPUTS_MAX])
{
    uint64_t state = which->seed;
    for (uint64_t i = 0; i < shape->rows; i++) {
        ((float *)inputs[0])[i] = 95 * kernel_draw_real(&state); /* beyond what a float holds, on both sides */
    }
}

static const struct assay_kernel_row *const ROWS_ops[] = {
    &kernel_row_limit_ops_f32_ref, &kernel_row_limit_ops_f32_avx512, &kernel_row_limit_ops_f32_avx2};
static const struct assay_kernel_row *const ROWS_exp[] = {&kernel_row_limit_exp_f32_ref,
                                                          &kernel_row_limit_exp_f32_avx2};

#define AN_OPERATION(name_, upper_, fill_, elements_, ops_, help_)          \
    const struct assay_kernel_operation kernel_op_limit_##name_##_f32 = {   \
        .abi = ASSAY_KERNEL_ABI,                                            \
        .name = "limit_" #name_,                                            \
        .format = "f32",                                                    \
        .help = help_,                                                      \
        .inputs = upper_##_INPUTS,                                          \
        .outputs = upper_##_OUTPUTS,                                        \
        .inputs_count = sizeof upper_##_INPUTS / sizeof upper_##_INPUTS[0], \
        .outputs_count = 1,                                                 \
        .cases = upper_##_CASES,                                            \
        .cases_count = sizeof upper_##_CASES / sizeof upper_##_CASES[0],    \
        .rows = ROWS_##name_,                                               \
        .rows_count = sizeof ROWS_##name_ / sizeof ROWS_##name_[0],         \
        .fill = fill_,                                                      \
        .elements = elements_,                                              \
        .bytes = nothing,                                                   \
        .ops = ops_,                                                        \
    };
AN_OPERATION(ops, FMA, fill_fma, steps, NULL, "fused multiply-adds in registers")
AN_OPERATION(exp, EXP, fill_exp, rows, rows, "the exponential of this program's softmax and SiLU")
#undef AN_OPERATION
