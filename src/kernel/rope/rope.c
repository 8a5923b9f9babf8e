/* rope_pairs, rope_halves: rotary positions. Angles come in as tables, made once in binary64. Pairs rotate neighbours
 * (2i, 2i + 1), halves rotate i with i + columns / 2. rows are heads, columns one head's values. */
#include "kernel/families.h"
#include "kernel/float.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static uint64_t values(const struct assay_kernel_shape *shape)
{
    return shape->tokens * shape->rows * shape->columns;
}

static uint64_t heads(const struct assay_kernel_shape *shape)
{
    return shape->tokens * shape->rows;
}

static uint64_t angles(const struct assay_kernel_shape *shape)
{
    return shape->tokens * (shape->columns / 2);
}

static uint64_t stored_bytes(const struct assay_kernel_shape *shape)
{
    return 2 * angles(shape) * sizeof(float);
}

static const char *refuse(const struct assay_kernel_shape *shape)
{
    return shape->columns % 2 != 0 ? "columns are odd" : NULL;
}

static const struct assay_kernel_operand INPUTS[] = {
    {"x", ASSAY_KERNEL_F32, values}, {"cos", ASSAY_KERNEL_F32, angles}, {"sin", ASSAY_KERNEL_F32, angles}};
static const struct assay_kernel_operand OUTPUTS[] = {{"y", ASSAY_KERNEL_F32, values}};

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 2, 1, 1}, .seed = 1, .tolerance = 1e-6, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd", .shape = {3, 66, 2, 1}, .seed = 2, .tolerance = 1e-6, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "real",
     .shape = {20, 128, 1, 1},
     .seed = 3,
     .tolerance = 1e-6,
     .flags = ASSAY_KERNEL_CASE_SELFCHECK | ASSAY_KERNEL_CASE_DEFAULT},
};

/* Any two numbers will do for cosine and sine: the kernel only multiplies. */
static void reference(const struct assay_kernel_call *call, size_t step, size_t apart, double *ret_values,
                      double *ret_magnitudes)
{
    size_t rows = (size_t)call->shape.rows, half = (size_t)call->shape.columns / 2;
    for (size_t head = 0; head < rows * call->shape.tokens; head++) {
        const float *x = (const float *)call->in[0] + head * 2 * half;
        for (size_t i = 0; i < half; i++) {
            double c = (double)((const float *)call->in[1])[head / rows * half + i];
            double s = (double)((const float *)call->in[2])[head / rows * half + i];
            double a = (double)x[i * step], b = (double)x[i * step + apart];
            ret_values[head * 2 * half + i * step] = a * c - b * s;
            ret_values[head * 2 * half + i * step + apart] = a * s + b * c;
            ret_magnitudes[head * 2 * half + i * step] = ret_magnitudes[head * 2 * half + i * step + apart] = 0;
        }
    }
}

static void reference_pairs(const struct assay_kernel_call *call, double *ret_values, double *ret_magnitudes)
{
    reference(call, 2, 1, ret_values, ret_magnitudes);
}

static void reference_halves(const struct assay_kernel_call *call, double *ret_values, double *ret_magnitudes)
{
    reference(call, 1, (size_t)call->shape.columns / 2, ret_values, ret_magnitudes);
}

#define AN_OPERATION(name_, help_)                                                                      \
    static const struct assay_kernel_row *const ROWS_##name_[] = {&kernel_row_rope_##name_##_f32_ref,   \
                                                                  &kernel_row_rope_##name_##_f32_avx2}; \
    const struct assay_kernel_operation kernel_op_rope_##name_##_f32 = {                                \
        .abi = ASSAY_KERNEL_ABI,                                                                        \
        .name = "rope_" #name_,                                                                         \
        .format = "f32",                                                                                \
        .help = help_,                                                                                  \
        .inputs = INPUTS,                                                                               \
        .outputs = OUTPUTS,                                                                             \
        .inputs_count = COUNT_OF(INPUTS),                                                               \
        .outputs_count = COUNT_OF(OUTPUTS),                                                             \
        .cases = CASES,                                                                                 \
        .cases_count = COUNT_OF(CASES),                                                                 \
        .rows = ROWS_##name_,                                                                           \
        .rows_count = COUNT_OF(ROWS_##name_),                                                           \
        .refuse = refuse,                                                                               \
        .reference = reference_##name_,                                                                 \
        .elements = values,                                                                             \
        .bytes = stored_bytes,                                                                          \
        .units = heads,                                                                                 \
    };
AN_OPERATION(pairs, "rotary positions over neighbours (llama)")
AN_OPERATION(halves, "rotary positions over halves (bitnet)")
#undef AN_OPERATION
