/* limit_ops_dot4: operands and cases. Shape: rows = steps; a step multiplies LIMIT_DOT4_LANES unsigned bytes by as many
 * signed ones in each of LIMIT_CHAINS chains and adds four products to each int32, which wraps: VPDPBUSD. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

static uint64_t lanes(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return LIMIT_DOT4_LANES;
}

static uint64_t chains(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return LIMIT_CHAINS * LIMIT_DOT4_LANES;
}

static uint64_t sums(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return LIMIT_CHAINS * LIMIT_DOT4_LANES / 4;
}

static uint64_t products(const struct assay_kernel_shape *shape)
{
    return shape->rows * LIMIT_CHAINS * LIMIT_DOT4_LANES;
}

static uint64_t no_bytes(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 0; /* the operands stay in registers and in the nearest cache */
}

static const struct assay_kernel_operand INPUTS[] = {{"unsigned", ASSAY_KERNEL_U8, lanes},
                                                     {"signed", ASSAY_KERNEL_I8, chains}};
static const struct assay_kernel_operand OUTPUTS[] = {{"sums", ASSAY_KERNEL_I32, sums}};

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 1, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd-steps", .shape = {7, 1, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "longer", .shape = {301, 1, 1, 1}, .seed = 3, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "peak", .shape = {100000, 1, 1, 1}, .seed = 4, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

static void run(const struct assay_kernel_call *call)
{
    const uint8_t *left = call->in[0];
    const int8_t *right = call->in[1];
    int32_t *to = call->out[0];
    for (size_t i = 0; i < LIMIT_CHAINS * LIMIT_DOT4_LANES / 4; i++) {
        uint32_t added = 0;
        for (size_t k = 0; k < 4; k++) {
            added += (uint32_t)(left[(4 * i + k) % LIMIT_DOT4_LANES] * right[4 * i + k]);
        }
        to[i] = (int32_t)(added * (uint32_t)call->shape.rows);
    }
}

const struct assay_kernel_row kernel_row_limit_ops_dot4_ref = {
    .id = "limit_ops_dot4_ref",
    .kind = ASSAY_KERNEL_LIMIT,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run,
    .help = "plain C: no measure of the processor, only what is right",
};

static const struct assay_kernel_row *const ROWS[] = {
    &kernel_row_limit_ops_dot4_ref, &kernel_row_limit_ops_dot4_vnni512, &kernel_row_limit_ops_dot4_avxvnni};

const struct assay_kernel_operation kernel_op_limit_ops_dot4 = {
    .abi = ASSAY_KERNEL_ABI,
    .name = "limit_ops",
    .format = "dot4",
    .help = "adds dot products of four bytes in registers",
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
