/* limit_ops_sums: operands and cases, and the reference. Shape: rows = steps; a step adds a line of sixteen int16 from
 * the nearest cache to each of LIMIT_CHAINS chains, which wrap. It is the limit of ternary layers whose sums are looked
 * up (kernel/ternary/lane2_table_avx2.h): each lane stands for the products of LIMIT_SUM_CODES weights. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

#include <string.h>

static uint64_t line_bytes(const struct assay_kernel_shape *shape)
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
    return shape->rows * LIMIT_CHAINS * (LIMIT_LANES / 2) * LIMIT_SUM_CODES;
}

static uint64_t no_bytes(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 0; /* the operands stay in registers and in the nearest cache */
}

static const struct assay_kernel_operand INPUTS[] = {{"lines", ASSAY_KERNEL_U8, line_bytes}};
static const struct assay_kernel_operand OUTPUTS[] = {{"sums", ASSAY_KERNEL_I32, sums}};

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 1, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd-steps", .shape = {7, 1, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "wrapping", .shape = {301, 1, 1, 1}, .seed = 3, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "peak", .shape = {100000, 1, 1, 1}, .seed = 4, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

static void run(const struct assay_kernel_call *call)
{
    const uint8_t *lines = call->in[0];
    int32_t *to = call->out[0];
    for (size_t i = 0; i < LIMIT_CHAINS * LIMIT_LANES / 2; i++) {
        uint16_t value;
        memcpy(&value, lines + 2 * i, sizeof value);
        to[i] = (int16_t)(uint16_t)(value * (uint32_t)call->shape.rows);
    }
}

const struct assay_kernel_row kernel_row_limit_ops_sums_ref = {
    .id = "limit_ops_sums_ref",
    .kind = ASSAY_KERNEL_LIMIT,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run,
    .help = "plain C: no measure of the processor, only what is right",
};

static const struct assay_kernel_row *const ROWS[] = {&kernel_row_limit_ops_sums_ref, &kernel_row_limit_ops_sums_avx2};

const struct assay_kernel_operation kernel_op_limit_ops_sums = {
    .abi = ASSAY_KERNEL_ABI,
    .name = "limit_ops",
    .format = "sums",
    .help = "adds lines of the nearest cache, each lane for four ternary weights",
    .inputs = INPUTS,
    .outputs = OUTPUTS,
    .inputs_count = 1,
    .outputs_count = 1,
    .cases = CASES,
    .cases_count = sizeof CASES / sizeof CASES[0],
    .rows = ROWS,
    .rows_count = sizeof ROWS / sizeof ROWS[0],
    .elements = products,
    .bytes = no_bytes,
};
