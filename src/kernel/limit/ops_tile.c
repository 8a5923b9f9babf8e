/* limit_ops_tile: operands and cases. Shape: rows = steps, columns = panels of operands that the steps go round; a step
 * multiplies two tiles of 16 x 64 signed bytes by two of 64 x 16 unsigned ones and adds that to four tiles of int32,
 * which wrap. One panel: the operands stay in registers; more: they come from the cache that 4 KB a panel fit in. */
#include "kernel/families.h"
#include "kernel/limit/limit.h"

#include <string.h>

static uint64_t factors(const struct assay_kernel_shape *shape)
{
    return shape->columns * LIMIT_PANEL_BYTES;
}

static uint64_t sums(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 4 * LIMIT_TILE_SUMS;
}

static uint64_t products(const struct assay_kernel_shape *shape)
{
    return shape->rows * 4 * LIMIT_TILE_SUMS * LIMIT_TILE_LINE;
}

static uint64_t no_bytes(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 0; /* what is counted is arithmetic */
}

static const char *refuse(const struct assay_kernel_shape *shape)
{
    return shape->columns > UINT32_MAX ? "more than 2^32 panels" : NULL;
}

static const struct assay_kernel_operand INPUTS[] = {{"signed", ASSAY_KERNEL_I8, factors},
                                                     {"unsigned", ASSAY_KERNEL_U8, factors}};
static const struct assay_kernel_operand OUTPUTS[] = {{"sums", ASSAY_KERNEL_I32, sums}};

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 1, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd-steps", .shape = {7, 1, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "panels-3", .shape = {11, 3, 1, 1}, .seed = 3, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "peak", .shape = {20000, 1, 1, 1}, .seed = 4, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

/* sums += times x (signed tile a of the panel x unsigned tile b); a byte k of line m of a meets byte 4 n + k % 4 of
 * line k / 4 of b. */
static void add_tile(const int8_t *a, const uint8_t *b, uint32_t times, int32_t *ret_sums)
{
    for (size_t m = 0; m < LIMIT_TILE_LINES; m++) {
        for (size_t n = 0; n < LIMIT_TILE_LINES; n++) {
            uint32_t sum = 0;
            for (size_t k = 0; k < LIMIT_TILE_LINE; k++) {
                sum += (uint32_t)(a[m * LIMIT_TILE_LINE + k] * b[k / 4 * LIMIT_TILE_LINE + 4 * n + k % 4]);
            }
            int32_t *to = &ret_sums[m * LIMIT_TILE_LINES + n];
            *to = (int32_t)((uint32_t)*to + times * sum);
        }
    }
}

static void run(const struct assay_kernel_call *call)
{
    const uint64_t panels = call->shape.columns, steps = call->shape.rows;
    int32_t *to = call->out[0];
    memset(to, 0, 4 * LIMIT_TILE_SUMS * sizeof *to);
    for (uint64_t panel = 0; panel < panels && panel < steps; panel++) {
        const int8_t *a = (const int8_t *)call->in[0] + panel * LIMIT_PANEL_BYTES;
        const uint8_t *b = (const uint8_t *)call->in[1] + panel * LIMIT_PANEL_BYTES;
        const uint32_t times = (uint32_t)(steps / panels + (panel < steps % panels));
        for (size_t i = 0; i < 4; i++) {
            add_tile(a + i / 2 * LIMIT_TILE_BYTES, b + i % 2 * LIMIT_TILE_BYTES, times, to + i * LIMIT_TILE_SUMS);
        }
    }
}

const struct assay_kernel_row kernel_row_limit_ops_tile_ref = {
    .id = "limit_ops_tile_ref",
    .kind = ASSAY_KERNEL_LIMIT,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run,
    .help = "plain C: no measure of the processor, only what is right",
};

static const struct assay_kernel_row *const ROWS[] = {&kernel_row_limit_ops_tile_ref,
                                                      &kernel_row_limit_ops_tile_amxint8};

const struct assay_kernel_operation kernel_op_limit_ops_tile = {
    .abi = ASSAY_KERNEL_ABI,
    .name = "limit_ops",
    .format = "tile",
    .help = "multiplies tiles of bytes, from registers or from a cache",
    .inputs = INPUTS,
    .outputs = OUTPUTS,
    .inputs_count = 2,
    .outputs_count = 1,
    .cases = CASES,
    .cases_count = sizeof CASES / sizeof CASES[0],
    .rows = ROWS,
    .rows_count = sizeof ROWS / sizeof ROWS[0],
    .refuse = refuse,
    .elements = products,
    .bytes = no_bytes,
};
