/* head_bound: its operands, its cases and its binary64 reference. */
#include "kernel/families.h"
#include "kernel/float.h"
#include "kernel/head/head.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static uint64_t rows_of(const struct assay_kernel_shape *shape)
{
    return shape->rows;
}

static uint64_t two(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 2;
}

/* Radius and norm; the logits are activations. */
static uint64_t stored(const struct assay_kernel_shape *shape)
{
    return shape->rows * 2 * sizeof(float);
}

static const struct assay_kernel_operand INPUTS[] = {[HEAD_APPROX] = {"approx", ASSAY_KERNEL_F32, rows_of},
                                                     [HEAD_RADIUS] = {"radius", ASSAY_KERNEL_F32, rows_of},
                                                     [HEAD_NORM] = {"norm", ASSAY_KERNEL_F32, rows_of},
                                                     [HEAD_FACTORS] = {"factors", ASSAY_KERNEL_F32, two}};
static const struct assay_kernel_operand OUTPUTS[] = {
    [HEAD_UPPER] = {"upper", ASSAY_KERNEL_F32, rows_of}, [HEAD_LOWER] = {"lower", ASSAY_KERNEL_F32, rows_of}};

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 1, 1, 1}, .seed = 1, .tolerance = 1e-5, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd", .shape = {83, 1, 1, 1}, .seed = 2, .tolerance = 1e-5, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "real",
     .shape = {49152, 1, 1, 1},
     .seed = 3,
     .tolerance = 1e-5,
     .flags = ASSAY_KERNEL_CASE_SELFCHECK | ASSAY_KERNEL_CASE_DEFAULT},
};

static void reference(const struct assay_kernel_call *call, double *ret_values, double *ret_magnitudes)
{
    const float *approx = call->in[HEAD_APPROX], *radius = call->in[HEAD_RADIUS], *norm = call->in[HEAD_NORM];
    const float *factors = call->in[HEAD_FACTORS];
    for (uint64_t i = 0; i < call->shape.rows; i++) {
        double e = (double)radius[i] * (double)factors[0] + (double)norm[i] * (double)factors[1];
        ret_values[i] = (double)approx[i] + e;
        ret_magnitudes[i] = 0;
    }
}

static const struct assay_kernel_row *const ROWS[] = {&kernel_row_head_bound_f32_ref, &kernel_row_head_bound_f32_avx2};

const struct assay_kernel_operation kernel_op_head_bound_f32 = {
    .abi = ASSAY_KERNEL_ABI,
    .name = "head_bound",
    .format = "f32",
    .help = "between what the logits lie, from those of a coarse head",
    .inputs = INPUTS,
    .outputs = OUTPUTS,
    .inputs_count = COUNT_OF(INPUTS),
    .outputs_count = COUNT_OF(OUTPUTS),
    .cases = CASES,
    .cases_count = COUNT_OF(CASES),
    .rows = ROWS,
    .rows_count = COUNT_OF(ROWS),
    .reference = reference,
    .elements = rows_of,
    .bytes = stored,
    .units = rows_of,
};
