/* norm_rms: y = x r w with r = 1 / sqrt(T16(x^2) / columns + eps). */
#include "kernel/families.h"
#include "kernel/float.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static uint64_t values(const struct assay_kernel_shape *shape)
{
    return shape->tokens * shape->columns;
}

static uint64_t columns(const struct assay_kernel_shape *shape)
{
    return shape->columns;
}

static uint64_t tokens(const struct assay_kernel_shape *shape)
{
    return shape->tokens;
}

static uint64_t one(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 1;
}

static uint64_t stored_bytes(const struct assay_kernel_shape *shape)
{
    return shape->columns * sizeof(float); /* the weights: activations do not count */
}

static const struct assay_kernel_operand INPUTS[] = {
    {"x", ASSAY_KERNEL_F32, values}, {"w", ASSAY_KERNEL_F32, columns}, {"eps", ASSAY_KERNEL_F32, one}};
static const struct assay_kernel_operand OUTPUTS[] = {{"y", ASSAY_KERNEL_F32, values}};

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 1, 1, 1}, .seed = 1, .tolerance = 1e-5, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd", .shape = {1, 577, 3, 1}, .seed = 2, .tolerance = 1e-5, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "real",
     .shape = {1, 2560, 1, 1},
     .seed = 3,
     .tolerance = 1e-5,
     .flags = ASSAY_KERNEL_CASE_SELFCHECK | ASSAY_KERNEL_CASE_DEFAULT},
    {.name = "zeros", .shape = {1, 64, 1, 1}, .seed = 4, .tolerance = 1e-5, .extreme = 1},
};

static void fill(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                 void *const inputs[ASSAY_KERNEL_INPUTS_MAX])
{
    uint64_t state = which->seed;
    for (uint64_t i = 0; i < values(shape); i++) {
        ((float *)inputs[0])[i] = which->extreme == 1 ? 0 : 4 * kernel_draw_real(&state);
    }
    for (uint64_t i = 0; i < shape->columns; i++) {
        ((float *)inputs[1])[i] = 1 + 0.5F * kernel_draw_real(&state);
    }
    *(float *)inputs[2] = 1e-5F;
}

static void reference(const struct assay_kernel_call *call, double *ret_values, double *ret_magnitudes)
{
    size_t count = (size_t)call->shape.columns;
    for (size_t token = 0; token < call->shape.tokens; token++) {
        const float *x = (const float *)call->in[0] + token * count, *w = call->in[1];
        double sum = 0;
        for (size_t i = 0; i < count; i++) {
            sum += (double)x[i] * (double)x[i];
        }
        double r = 1 / sqrt(sum / (double)count + (double)*(const float *)call->in[2]);
        for (size_t i = 0; i < count; i++) {
            ret_values[token * count + i] = (double)x[i] * r * (double)w[i];
            ret_magnitudes[token * count + i] = 0;
        }
    }
}

static const struct assay_kernel_row *const ROWS[] = {&kernel_row_norm_rms_f32_ref, &kernel_row_norm_rms_f32_avx2};

const struct assay_kernel_operation kernel_op_norm_rms_f32 = {
    .abi = ASSAY_KERNEL_ABI,
    .name = "norm_rms",
    .format = "f32",
    .help = "root mean square norm, times weights",
    .inputs = INPUTS,
    .outputs = OUTPUTS,
    .inputs_count = COUNT_OF(INPUTS),
    .outputs_count = COUNT_OF(OUTPUTS),
    .cases = CASES,
    .cases_count = COUNT_OF(CASES),
    .rows = ROWS,
    .rows_count = COUNT_OF(ROWS),
    .fill = fill,
    .reference = reference,
    .elements = values,
    .bytes = stored_bytes,
    .units = tokens,
};
