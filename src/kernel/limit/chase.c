/* limit_chase_bytes: from line to line, each one says which is next: nothing can be fetched before it is needed. Shape:
 * rows = lines of 64 bytes in one cycle, columns = steps. elements = steps, so that ns an element is the latency. */
#include "kernel/families.h"
#include "kernel/float.h"
#include "kernel/limit/limit.h"

static uint64_t words(const struct assay_kernel_shape *shape)
{
    return shape->rows * LIMIT_LINE_WORDS;
}

static uint64_t one(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 1;
}

static uint64_t steps(const struct assay_kernel_shape *shape)
{
    return shape->columns;
}

static uint64_t bytes(const struct assay_kernel_shape *shape)
{
    return shape->columns * LIMIT_LINE_BYTES;
}

static const char *refuse(const struct assay_kernel_shape *shape)
{
    return shape->rows > UINT32_MAX ? "more than 2^32 lines" : NULL;
}

static const struct assay_kernel_operand INPUTS[] = {{"next", ASSAY_KERNEL_U64, words}};
static const struct assay_kernel_operand OUTPUTS[] = {{"last", ASSAY_KERNEL_U64, one}};

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 1, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "l1-16k", .shape = {256, 4096, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "l2-256k", .shape = {4096, 16384, 1, 1}, .seed = 3, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "shared-8m", .shape = {131072, 131072, 1, 1}, .seed = 4},
    {.name = "memory-256m", .shape = {4194304, 262144, 1, 1}, .seed = 5, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

/* One cycle through all lines in random order (Sattolo, 1986); the first word of a line is the number of the next. */
static void fill(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                 void *const inputs[ASSAY_KERNEL_INPUTS_MAX])
{
    uint64_t state = which->seed, *next = inputs[0];
    for (uint64_t i = 0; i < words(shape); i++) {
        next[i] = i / LIMIT_LINE_WORDS;
    }
    for (uint64_t i = shape->rows - 1; i > 0; i--) {
        uint64_t other = kernel_draw(&state) % i * LIMIT_LINE_WORDS, kept = next[i * LIMIT_LINE_WORDS];
        next[i * LIMIT_LINE_WORDS] = next[other];
        next[other] = kept;
    }
}

static void run(const struct assay_kernel_call *call)
{
    const uint64_t *next = call->in[0];
    uint64_t at = 0;
    for (uint64_t step = 0; step < call->shape.columns; step++) {
        at = next[at * LIMIT_LINE_WORDS];
    }
    *(uint64_t *)call->out[0] = at;
}

const struct assay_kernel_row kernel_row_limit_chase_bytes_ref = {
    .id = "limit_chase_bytes_ref",
    .kind = ASSAY_KERNEL_LIMIT,
    .equality = ASSAY_KERNEL_EXACT,
    .run = run,
    .help = "plain C: a load that waits for the one before is the same in any instruction set",
};

static const struct assay_kernel_row *const ROWS[] = {&kernel_row_limit_chase_bytes_ref};

const struct assay_kernel_operation kernel_op_limit_chase_bytes = {
    .abi = ASSAY_KERNEL_ABI,
    .name = "limit_chase",
    .format = "bytes",
    .help = "follows a random cycle of lines",
    .inputs = INPUTS,
    .outputs = OUTPUTS,
    .inputs_count = 1,
    .outputs_count = 1,
    .cases = CASES,
    .cases_count = sizeof CASES / sizeof CASES[0],
    .rows = ROWS,
    .rows_count = sizeof ROWS / sizeof ROWS[0],
    .refuse = refuse,
    .fill = fill,
    .elements = steps,
    .bytes = bytes,
    .ops = steps,
};
