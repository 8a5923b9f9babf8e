/* pack_ternary: between I2_S, as files have it, and lane2, as the fastest kernels want it. The same codes, bit for bit.
 */
#include "kernel/ternary/ternary.h"
#include "kernel/families.h"
#include "kernel/float.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static uint64_t bytes_i2s(const struct assay_kernel_shape *shape)
{
    return shape->rows * (shape->columns / 4);
}

static uint64_t bytes_lane2(const struct assay_kernel_shape *shape)
{
    return kernel_ternary_lane2_bytes(shape->rows, shape->columns);
}

static uint64_t codes(const struct assay_kernel_shape *shape)
{
    return shape->rows * shape->columns;
}

static uint64_t groups(const struct assay_kernel_shape *shape)
{
    return kernel_ternary_groups(shape->rows);
}

static const char *refuse(const struct assay_kernel_shape *shape)
{
    return shape->columns % TERNARY_UNIT != 0 ? "columns are no multiple of 128"
           : shape->rows > UINT32_MAX         ? "more than 2^32 rows"
                                              : NULL;
}

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 128, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd-rows", .shape = {27, 384, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "rows-40", .shape = {40, 2560, 1, 1}, .seed = 4, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "real", .shape = {640, 2560, 1, 1}, .seed = 3, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

/* Any bytes are codes. Those of rows that only fill up are not carried back. */
static void fill(const struct assay_kernel_case *which, uint8_t *bytes, uint64_t count)
{
    uint64_t state = which->seed;
    for (uint64_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)kernel_draw(&state);
    }
}

#define AN_OPERATION(to_, from_, rows_)                                                                   \
    static const struct assay_kernel_operand INPUTS_##to_[] = {{#from_, ASSAY_KERNEL_U8, bytes_##from_}}; \
    static const struct assay_kernel_operand OUTPUTS_##to_[] = {{#to_, ASSAY_KERNEL_U8, bytes_##to_}};    \
    static void fill_##to_(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape, \
                           void *const inputs[ASSAY_KERNEL_INPUTS_MAX])                                   \
    {                                                                                                     \
        fill(which, inputs[0], bytes_##from_(shape));                                                     \
    }                                                                                                     \
    const struct assay_kernel_operation kernel_op_pack_ternary_##to_ = {                                  \
        .abi = ASSAY_KERNEL_ABI,                                                                          \
        .name = "pack_ternary",                                                                           \
        .format = #to_,                                                                                   \
        .help = "ternary codes from " #from_ " to " #to_,                                                 \
        .inputs = INPUTS_##to_,                                                                           \
        .outputs = OUTPUTS_##to_,                                                                         \
        .inputs_count = 1,                                                                                \
        .outputs_count = 1,                                                                               \
        .cases = CASES,                                                                                   \
        .cases_count = COUNT_OF(CASES),                                                                   \
        .rows = rows_,                                                                                    \
        .rows_count = COUNT_OF(rows_),                                                                    \
        .refuse = refuse,                                                                                 \
        .fill = fill_##to_,                                                                               \
        .elements = codes,                                                                                \
        .ops = codes,                                                                                     \
        .units = groups,                                                                                  \
    };

static const struct assay_kernel_row *const ROWS_LANE2[] = {&kernel_row_pack_ternary_lane2_ref,
                                                            &kernel_row_pack_ternary_lane2_avx2};
static const struct assay_kernel_row *const ROWS_I2S[] = {&kernel_row_pack_ternary_i2s_ref};
AN_OPERATION(lane2, i2s, ROWS_LANE2)
AN_OPERATION(i2s, lane2, ROWS_I2S)
#undef AN_OPERATION
