/* limit_ops_i8: operands and cases. Shape: rows = steps; a step multiplies 32 unsigned bytes by 32 signed ones in each
 * of LIMIT_CHAINS chains, adds neighbours with saturation and adds that to the chain, all in int16, which wraps. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

static uint64_t lanes(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return LIMIT_LANES;
}

static uint64_t chains(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return LIMIT_CHAINS * LIMIT_LANES;
}

static uint64_t sums(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return LIMIT_CHAINS * LIMIT_LANES / 2;
}

static uint64_t products(const struct assay_kernel_shape *shape)
{
    return shape->rows * LIMIT_CHAINS * LIMIT_LANES;
}

static uint64_t no_bytes(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 0; /* the operands stay in registers */
}

static const struct assay_kernel_operand INPUTS[] = {{"unsigned", ASSAY_KERNEL_U8, lanes},
                                                     {"signed", ASSAY_KERNEL_I8, chains}};
static const struct assay_kernel_operand OUTPUTS[] = {{"sums", ASSAY_KERNEL_I32, sums}};

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 1, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd-steps", .shape = {7, 1, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "wrapping", .shape = {301, 1, 1, 1}, .seed = 3, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "peak", .shape = {100000, 1, 1, 1}, .seed = 4, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

static const struct assay_kernel_row *const ROWS[] = {&kernel_row_limit_ops_i8_ref, &kernel_row_limit_ops_i8_avx2};

const struct assay_kernel_operation kernel_op_limit_ops_i8 = {
    .abi = ASSAY_KERNEL_ABI,
    .name = "limit_ops",
    .format = "i8",
    .help = "multiplies and adds bytes in registers",
    .inputs = INPUTS,
    .outputs = OUTPUTS,
    .inputs_count = 2,
    .outputs_count = 1,
    .cases = CASES,
    .cases_count = sizeof CASES / sizeof CASES[0],
    .rows = ROWS,
    .rows_count = sizeof ROWS / sizeof ROWS[0],
    .elements = products,
    .bytes = no_bytes,
};
