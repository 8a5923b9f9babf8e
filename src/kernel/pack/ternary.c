/* pack_ternary, pack_tq2, pack_tq1, pack_iq2bn: from the layouts of files to lane2, as the fastest kernels want it, and
 * from lane2 back to I2_S. The same codes, bit for bit. */
#include "kernel/families.h"
#include "kernel/float.h"
#include "kernel/pack/pack.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- sizes -------------------------------------------------------------------------------------------------------*/

static uint64_t bytes_i2s(const struct assay_kernel_shape *shape)
{
    return shape->rows * (shape->columns / 4);
}

static uint64_t bytes_lane2(const struct assay_kernel_shape *shape)
{
    return kernel_ternary_lane2_bytes(shape->rows, shape->columns);
}

static uint64_t bytes_tq2(const struct assay_kernel_shape *shape)
{
    return shape->rows * pack_row_bytes(PACK_TQ2, (size_t)shape->columns);
}

static uint64_t bytes_tq1(const struct assay_kernel_shape *shape)
{
    return shape->rows * pack_row_bytes(PACK_TQ1, (size_t)shape->columns);
}

static uint64_t bytes_iq2bn(const struct assay_kernel_shape *shape)
{
    return shape->rows * pack_row_bytes(PACK_IQ2BN, (size_t)shape->columns);
}

static uint64_t blocks(const struct assay_kernel_shape *shape)
{
    return shape->rows * (shape->columns / PACK_BLOCK);
}

static uint64_t rows(const struct assay_kernel_shape *shape)
{
    return shape->rows;
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

static const char *refuse_blocks(const struct assay_kernel_shape *shape)
{
    return shape->columns % PACK_BLOCK != 0 ? "columns are no multiple of 256" : refuse(shape);
}

/* ---- inputs ------------------------------------------------------------------------------------------------------*/

/* What is in a case beside codes 0, 1, 2 under scales of which some are 0. */
enum { GOOD, ANY_BYTES };

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 128, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd-rows", .shape = {27, 384, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "any-bytes",
     .shape = {40, 2560, 1, 1},
     .seed = 4,
     .extreme = ANY_BYTES,
     .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "real", .shape = {640, 2560, 1, 1}, .seed = 3, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

static const struct assay_kernel_case BLOCK_CASES[] = {
    {.name = "least", .shape = {1, 256, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd-rows", .shape = {27, 768, 1, 1}, .seed = 2, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "any-bytes",
     .shape = {40, 2560, 1, 1},
     .seed = 4,
     .extreme = ANY_BYTES,
     .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "real", .shape = {640, 2560, 1, 1}, .seed = 3, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

static uint8_t draw_codes(uint64_t *state)
{
    uint64_t z = kernel_draw(state);
    return (uint8_t)(z % 3 | z / 3 % 3 << 2 | z / 9 % 3 << 4 | z / 27 % 3 << 6);
}

static uint8_t draw_trits(uint64_t *state, bool is_four)
{
    uint64_t number = is_four ? kernel_draw(state) % 81 * 3 : kernel_draw(state) % 243;
    return (uint8_t)((number * 256 + 242) / 243);
}

static void fill(const struct assay_kernel_case *which, enum pack_source source, uint64_t bytes, size_t row,
                 uint8_t *to)
{
    uint64_t state = which->seed;
    for (uint64_t i = 0; i < bytes; i++) {
        size_t at = source == PACK_TQ1 ? (size_t)(i % PACK_TQ1_BYTES) : 0;
        to[i] = which->extreme == ANY_BYTES ? (uint8_t)kernel_draw(&state)
                : source == PACK_TQ1        ? draw_trits(&state, at >= PACK_TQ1_FIVES)
                                            : draw_codes(&state);
    }
    const size_t scale = pack_scale_bytes(source);
    for (uint64_t at = 0; scale > 0 && at < bytes; at += row) { /* a scale, a zero now and then, also a negative one */
        uint64_t z = kernel_draw(&state);
        uint8_t *place = to + at + pack_scale_at(source, 0);
        memset(place, 0, scale);
        place[scale - 1] = z % 4 == 0 ? (uint8_t)(z >> 8 & 0x80) : 0x38;
    }
}

static void fill_i2s(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                     void *const inputs[ASSAY_KERNEL_INPUTS_MAX])
{
    fill(which, PACK_I2S, bytes_i2s(shape), 0, inputs[0]);
}

/* Any bytes are codes. Those of rows that only fill up are not carried back. */
static void fill_lane2(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                       void *const inputs[ASSAY_KERNEL_INPUTS_MAX])
{
    fill(which, PACK_I2S, bytes_lane2(shape), 0, inputs[0]);
}

static void fill_tq2(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                     void *const inputs[ASSAY_KERNEL_INPUTS_MAX])
{
    fill(which, PACK_TQ2, bytes_tq2(shape), PACK_TQ2_BYTES, inputs[0]);
}

static void fill_tq1(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                     void *const inputs[ASSAY_KERNEL_INPUTS_MAX])
{
    fill(which, PACK_TQ1, bytes_tq1(shape), PACK_TQ1_BYTES, inputs[0]);
}

static void fill_iq2bn(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                       void *const inputs[ASSAY_KERNEL_INPUTS_MAX])
{
    fill(which, PACK_IQ2BN, bytes_iq2bn(shape), pack_row_bytes(PACK_IQ2BN, (size_t)shape->columns), inputs[0]);
}

/* ---- operations --------------------------------------------------------------------------------------------------*/

static const struct assay_kernel_operand I2S[] = {{"i2s", ASSAY_KERNEL_U8, bytes_i2s}};
static const struct assay_kernel_operand LANE2[] = {{"lane2", ASSAY_KERNEL_U8, bytes_lane2}};
static const struct assay_kernel_operand TQ2[] = {{"tq2", ASSAY_KERNEL_U8, bytes_tq2}};
static const struct assay_kernel_operand TQ1[] = {{"tq1", ASSAY_KERNEL_U8, bytes_tq1}};
static const struct assay_kernel_operand IQ2BN[] = {{"iq2bn", ASSAY_KERNEL_U8, bytes_iq2bn}};
/* A mark is 1 where a group has what no packer writes. */
static const struct assay_kernel_operand MARKED[] = {{"lane2", ASSAY_KERNEL_U8, bytes_lane2},
                                                     {"marks", ASSAY_KERNEL_U8, groups}};
static const struct assay_kernel_operand BLOCK_SCALES[] = {
    {"lane2", ASSAY_KERNEL_U8, bytes_lane2}, {"scales", ASSAY_KERNEL_F16, blocks}, {"marks", ASSAY_KERNEL_U8, groups}};
static const struct assay_kernel_operand ROW_SCALES[] = {
    {"lane2", ASSAY_KERNEL_U8, bytes_lane2}, {"scales", ASSAY_KERNEL_F32, rows}, {"marks", ASSAY_KERNEL_U8, groups}};

#define AN_OPERATION(id_, name_, format_, inputs_, outputs_, cases_, fill_, refuse_, ...) \
    static const struct assay_kernel_row *const ROWS_##id_[] = {__VA_ARGS__};             \
    const struct assay_kernel_operation kernel_op_pack_##id_ = {                          \
        .abi = ASSAY_KERNEL_ABI,                                                          \
        .name = name_,                                                                    \
        .format = format_,                                                                \
        .help = "ternary codes of one layout as another one",                             \
        .inputs = inputs_,                                                                \
        .outputs = outputs_,                                                              \
        .inputs_count = 1,                                                                \
        .outputs_count = COUNT_OF(outputs_),                                              \
        .cases = cases_,                                                                  \
        .cases_count = COUNT_OF(cases_),                                                  \
        .rows = ROWS_##id_,                                                               \
        .rows_count = COUNT_OF(ROWS_##id_),                                               \
        .refuse = refuse_,                                                                \
        .fill = fill_,                                                                    \
        .elements = codes,                                                                \
        .ops = codes,                                                                     \
        .units = groups,                                                                  \
    };

AN_OPERATION(ternary_lane2, "pack_ternary", "lane2", I2S, MARKED, CASES, fill_i2s, refuse,
             &kernel_row_pack_ternary_lane2_ref, &kernel_row_pack_ternary_lane2_avx2)
AN_OPERATION(ternary_i2s, "pack_ternary", "i2s", LANE2, I2S, CASES, fill_lane2, refuse,
             &kernel_row_pack_ternary_i2s_ref)
AN_OPERATION(tq2_lane2, "pack_tq2", "lane2", TQ2, BLOCK_SCALES, BLOCK_CASES, fill_tq2, refuse_blocks,
             &kernel_row_pack_tq2_lane2_ref, &kernel_row_pack_tq2_lane2_avx2)
AN_OPERATION(tq1_lane2, "pack_tq1", "lane2", TQ1, BLOCK_SCALES, BLOCK_CASES, fill_tq1, refuse_blocks,
             &kernel_row_pack_tq1_lane2_ref, &kernel_row_pack_tq1_lane2_avx2)
AN_OPERATION(iq2bn_lane2, "pack_iq2bn", "lane2", IQ2BN, ROW_SCALES, CASES, fill_iq2bn, refuse,
             &kernel_row_pack_iq2bn_lane2_ref, &kernel_row_pack_iq2bn_lane2_avx2)
#undef AN_OPERATION
