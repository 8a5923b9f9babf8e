/* limit_write_bytes, limit_write_nt: one word into every place of a buffer; limit_copy_bytes: a buffer into another.
 * Shape: rows = lines of 64 bytes. bytes: what is written, in a copy what is read too. */
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

static uint64_t bytes_written(const struct assay_kernel_shape *shape)
{
    return shape->rows * LIMIT_LINE_BYTES;
}

static uint64_t bytes_copied(const struct assay_kernel_shape *shape)
{
    return 2 * shape->rows * LIMIT_LINE_BYTES;
}

static const char *refuse(const struct assay_kernel_shape *shape)
{
    return shape->rows > UINT32_MAX ? "more than 2^32 lines" : NULL;
}

static const struct assay_kernel_operand WORD[] = {{"word", ASSAY_KERNEL_U64, one}};
static const struct assay_kernel_operand LINES[] = {{"lines", ASSAY_KERNEL_U64, words}};
static const struct assay_kernel_operand COPY[] = {{"copy", ASSAY_KERNEL_U64, words}};

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 1, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd-lines", .shape = {37, 1, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "streams", .shape = {4101, 1, 1, 1}, .seed = 5, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "l2-256k", .shape = {4096, 1, 1, 1}, .seed = 3},
    {.name = "memory-256m", .shape = {4194304, 1, 1, 1}, .seed = 4, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

#define AN_OPERATION(name_, format_, inputs_, outputs_, bytes_, help_)                              \
    static const struct assay_kernel_row *const ROWS_##name_##_##format_[] = {                      \
        &kernel_row_limit_##name_##_##format_##_ref, &kernel_row_limit_##name_##_##format_##_avx2}; \
    const struct assay_kernel_operation kernel_op_limit_##name_##_##format_ = {                     \
        .abi = ASSAY_KERNEL_ABI,                                                                    \
        .name = "limit_" #name_,                                                                    \
        .format = #format_,                                                                         \
        .help = help_,                                                                              \
        .inputs = inputs_,                                                                          \
        .outputs = outputs_,                                                                        \
        .inputs_count = 1,                                                                          \
        .outputs_count = 1,                                                                         \
        .cases = CASES,                                                                             \
        .cases_count = sizeof CASES / sizeof CASES[0],                                              \
        .rows = ROWS_##name_##_##format_,                                                           \
        .rows_count = sizeof ROWS_##name_##_##format_ / sizeof ROWS_##name_##_##format_[0],         \
        .refuse = refuse,                                                                           \
        .elements = words,                                                                          \
        .bytes = bytes_,                                                                            \
        .ops = words,                                                                               \
    };
AN_OPERATION(write, bytes, WORD, LINES, bytes_written, "writes a buffer once, through the caches")
AN_OPERATION(write, nt, WORD, LINES, bytes_written, "writes a buffer once, past the caches")
AN_OPERATION(copy, bytes, LINES, COPY, bytes_copied, "copies a buffer")
#undef AN_OPERATION
