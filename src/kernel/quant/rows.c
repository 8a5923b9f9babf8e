/* quant_rows: activations to int8, one scale for 32 (b32), 256 (b256) or all columns of a token (ternary).
 *
 * b32, b256: m = max|x|, q = round-half-even(x (127 / m)), d = m / 127, and q = d = 0 for a block of
 * zeros, or of numbers so small that 127 / m is none. ternary: q and
 * s of kernels.md 3.1, where s is what x was multiplied by. */
#include "kernel/families.h"
#include "kernel/float.h"
#include "kernel/quant/quant.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static uint64_t values(const struct assay_kernel_shape *shape)
{
    return shape->tokens * shape->columns;
}

static uint64_t nothing(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 0;
}

static const struct assay_kernel_operand INPUTS[] = {{"x", ASSAY_KERNEL_F32, values}};

enum extreme { RANDOM, ZEROS, TINY };
static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 256, 1, 1}, .seed = 1, .tolerance = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "tokens-3", .shape = {1, 768, 3, 1}, .seed = 2, .tolerance = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "real",
     .shape = {1, 2560, 1, 1},
     .seed = 3,
     .tolerance = 1,
     .flags = ASSAY_KERNEL_CASE_SELFCHECK | ASSAY_KERNEL_CASE_DEFAULT},
    {.name = "zeros", .shape = {1, 256, 1, 1}, .seed = 4, .tolerance = 1, .extreme = ZEROS},
    {.name = "tiny", .shape = {1, 256, 1, 1}, .seed = 5, .tolerance = 1, .extreme = TINY},
};

static float size_of(const struct assay_kernel_case *which)
{
    return which->extreme == ZEROS ? 0 : which->extreme == TINY ? 1e-38F : 3;
}

static void fill(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                 void *const inputs[ASSAY_KERNEL_INPUTS_MAX])
{
    uint64_t state = which->seed;
    for (uint64_t i = 0; i < values(shape); i++) {
        ((float *)inputs[0])[i] = size_of(which) * kernel_draw_real(&state);
    }
}

static const char *refuse_block(const struct assay_kernel_shape *shape, uint64_t block)
{
    return shape->columns % block != 0 ? "columns are no multiple of the block" : NULL;
}

#define AN_OPERATION(name_, block_of_)                                                                    \
    static uint64_t scales_##name_(const struct assay_kernel_shape *shape)                                \
    {                                                                                                     \
        return shape->tokens * (shape->columns / (block_of_));                                            \
    }                                                                                                     \
    static const char *refuse_##name_(const struct assay_kernel_shape *shape)                             \
    {                                                                                                     \
        return refuse_block(shape, block_of_);                                                            \
    }                                                                                                     \
    static const struct assay_kernel_operand OUTPUTS_##name_[] = {                                        \
        [QUANT_Q] = {"q", ASSAY_KERNEL_I8, values},                                                       \
        [QUANT_D] = {"d", ASSAY_KERNEL_F32, scales_##name_},                                              \
        [QUANT_SUMS] = {"sums", ASSAY_KERNEL_I32, scales_##name_}};                                       \
    static const struct assay_kernel_row *const ROWS_##name_[] = {&kernel_row_quant_rows_##name_##_ref,   \
                                                                  &kernel_row_quant_rows_##name_##_avx2}; \
    const struct assay_kernel_operation kernel_op_quant_rows_##name_ = {                                  \
        .abi = ASSAY_KERNEL_ABI,                                                                          \
        .name = "quant_rows",                                                                             \
        .format = #name_,                                                                                 \
        .help = "activations to int8 with scales and sums",                                               \
        .inputs = INPUTS,                                                                                 \
        .outputs = OUTPUTS_##name_,                                                                       \
        .inputs_count = COUNT_OF(INPUTS),                                                                 \
        .outputs_count = COUNT_OF(OUTPUTS_##name_),                                                       \
        .cases = CASES,                                                                                   \
        .cases_count = COUNT_OF(CASES),                                                                   \
        .rows = ROWS_##name_,                                                                             \
        .rows_count = COUNT_OF(ROWS_##name_),                                                             \
        .refuse = refuse_##name_,                                                                         \
        .fill = fill,                                                                                     \
        .elements = values,                                                                               \
        .bytes = nothing,                                                                                 \
        .units = scales_##name_,                                                                          \
    };
AN_OPERATION(b32, 32)
AN_OPERATION(b256, 256)
AN_OPERATION(ternary, shape->columns)
#undef AN_OPERATION
