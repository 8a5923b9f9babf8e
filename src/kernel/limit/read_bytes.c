/* limit_read_bytes: a buffer once, by whatever pattern is fastest. limit_read_ahead: as one stream, with software
 * prefetch columns lines ahead; columns 1: none. */
#include "kernel/families.h"
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

static uint64_t line_bytes(const struct assay_kernel_shape *shape)
{
    return shape->rows * LIMIT_LINE_BYTES;
}

static const char *refuse(const struct assay_kernel_shape *shape)
{
    return shape->rows > UINT32_MAX ? "more than 2^32 lines" : NULL;
}

static const struct assay_kernel_operand INPUTS[] = {{"lines", ASSAY_KERNEL_U64, words}};
static const struct assay_kernel_operand OUTPUTS[] = {{"sum", ASSAY_KERNEL_U64, one}};

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 1, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd-lines", .shape = {37, 1, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "streams", .shape = {4101, 1, 1, 1}, .seed = 5, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "l2-256k", .shape = {4096, 1, 1, 1}, .seed = 3},
    {.name = "memory-256m", .shape = {4194304, 1, 1, 1}, .seed = 4, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

#define AN_OPERATION(format_, help_)                                                                          \
    static const struct assay_kernel_row *const ROWS_##format_[] = {&kernel_row_limit_read_##format_##_ref,   \
                                                                    &kernel_row_limit_read_##format_##_avx2}; \
    const struct assay_kernel_operation kernel_op_limit_read_##format_ = {                                    \
        .abi = ASSAY_KERNEL_ABI,                                                                              \
        .name = "limit_read",                                                                                 \
        .format = #format_,                                                                                   \
        .help = help_,                                                                                        \
        .inputs = INPUTS,                                                                                     \
        .outputs = OUTPUTS,                                                                                   \
        .inputs_count = 1,                                                                                    \
        .outputs_count = 1,                                                                                   \
        .cases = CASES,                                                                                       \
        .cases_count = sizeof CASES / sizeof CASES[0],                                                        \
        .rows = ROWS_##format_,                                                                               \
        .rows_count = sizeof ROWS_##format_ / sizeof ROWS_##format_[0],                                       \
        .refuse = refuse,                                                                                     \
        .elements = words,                                                                                    \
        .bytes = line_bytes,                                                                                  \
        .ops = words,                                                                                         \
    };
AN_OPERATION(bytes, "reads a buffer once, line by line")
AN_OPERATION(ahead, "reads a buffer once, as one stream with software prefetch")
#undef AN_OPERATION
