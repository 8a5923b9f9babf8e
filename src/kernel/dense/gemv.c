/* dense_gemv: its operands, its cases and its binary64 reference, for all formats. */
#include "kernel/dense/dense.h"
#include "kernel/families.h"

#include <stdbool.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static uint64_t activations(const struct assay_kernel_shape *shape)
{
    return shape->tokens * shape->columns;
}

static uint64_t weights_count(const struct assay_kernel_shape *shape)
{
    return shape->rows * shape->columns;
}

static uint64_t rows_of(const struct assay_kernel_shape *shape)
{
    return shape->rows;
}

static uint64_t results(const struct assay_kernel_shape *shape)
{
    return shape->tokens * shape->rows;
}

static const struct assay_kernel_operand OUTPUTS[] = {{"y", ASSAY_KERNEL_F32, results}};

/* ---- cases ------------------------------------------------------------------------------------------------------ */

/* Odd numbers of rows; numbers of blocks that are no multiple of sixteen; the shapes of a small llama and of a head. */
#define CHECKED ASSAY_KERNEL_CASE_SELFCHECK
enum extreme { RANDOM, HIGHEST, LOWEST };
static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 256, 1, 1}, .seed = 1, .tolerance = 1e-4, .flags = CHECKED},
    {.name = "odd-rows", .shape = {7, 768, 1, 1}, .seed = 2, .tolerance = 1e-4, .flags = CHECKED},
    {.name = "tokens-3", .shape = {5, 512, 3, 1}, .seed = 3, .tolerance = 1e-4, .flags = CHECKED},
    {.name = "tokens-11", .shape = {11, 512, 11, 1}, .seed = 8, .tolerance = 1e-4, .flags = CHECKED},
    {.name = "tokens-19", .shape = {19, 4608, 19, 1}, .seed = 9, .tolerance = 1e-4},
    {.name = "lowest-tokens", .shape = {17, 512, 18, 1}, .seed = 10, .tolerance = 1e-4, .extreme = LOWEST},
    {.name = "up-1536", .shape = {1536, 768, 1, 1}, .seed = 4, .tolerance = 1e-4, .flags = ASSAY_KERNEL_CASE_DEFAULT},
    {.name = "down-768", .shape = {768, 1536, 1, 1}, .seed = 5, .tolerance = 1e-4},
    {.name = "highest", .shape = {3, 4096, 1, 1}, .seed = 6, .tolerance = 1e-4, .extreme = HIGHEST, .flags = CHECKED},
    {.name = "lowest", .shape = {3, 4096, 1, 1}, .seed = 7, .tolerance = 1e-4, .extreme = LOWEST, .flags = CHECKED},
};

/* ---- block formats ----------------------------------------------------------------------------------------------- */

struct layout {
    enum dense_format format;
    size_t block, bytes;
    bool is_lane;
};

/* Block number `at` of the matrix, as one row has it. */
static void put_block(struct layout layout, const uint8_t *block, size_t blocks, size_t at, uint8_t *weights)
{
    if (layout.is_lane) {
        kernel_dense_put_lane(block, layout.bytes, blocks, at / blocks, at % blocks, weights);
    } else {
        memcpy(weights + at * layout.bytes, block, layout.bytes);
    }
}

static void get_block(struct layout layout, const uint8_t *weights, size_t blocks, size_t at, uint8_t *ret_block)
{
    if (layout.is_lane) {
        kernel_dense_get_lane(weights, layout.bytes, blocks, at / blocks, at % blocks, ret_block);
    } else {
        memcpy(ret_block, weights + at * layout.bytes, layout.bytes);
    }
}

static uint64_t bytes_of(struct layout layout, const struct assay_kernel_shape *shape)
{
    uint64_t rows = layout.is_lane ? kernel_dense_groups(shape->rows) * DENSE_GROUP : shape->rows;
    return rows * (shape->columns / layout.block) * layout.bytes;
}

static int8_t quant(const struct assay_kernel_case *which, uint64_t *state)
{
    int8_t random = (int8_t)((int64_t)(kernel_draw(state) >> 32) % 128);
    return which->extreme == HIGHEST ? 127 : which->extreme == LOWEST ? -128 : random;
}

/* Any bytes, but scales of about a thousandth. */
static void fill_block(struct layout layout, const struct assay_kernel_case *which, uint64_t *state, uint8_t *block)
{
    for (size_t i = 0; i < layout.bytes; i++) {
        block[i] = which->extreme == RANDOM ? (uint8_t)kernel_draw(state) : 0xff;
    }
    uint16_t d = assay_f16_bits(0.001F + 0.0005F * kernel_draw_real(state));
    uint8_t *at = layout.format == DENSE_Q6K ? block + layout.bytes - 2 : block;
    at[0] = (uint8_t)d;
    at[1] = (uint8_t)(d >> 8);
    if (layout.format == DENSE_Q41) {
        uint16_t m = assay_f16_bits(0.01F * kernel_draw_real(state));
        block[2] = (uint8_t)m;
        block[3] = (uint8_t)(m >> 8);
    }
}

static void fill_blocks(struct layout layout, const struct assay_kernel_case *which,
                        const struct assay_kernel_shape *shape, void *const *inputs)
{
    uint64_t state = which->seed;
    uint64_t blocks = shape->columns / layout.block;
    memset(inputs[DENSE_WEIGHTS], 0, (size_t)bytes_of(layout, shape));
    for (uint64_t b = 0; b < shape->rows * blocks; b++) {
        uint8_t block[DENSE_BLOCK_MAX];
        fill_block(layout, which, &state, block);
        put_block(layout, block, (size_t)blocks, (size_t)b, inputs[DENSE_WEIGHTS]);
    }
    for (uint64_t b = 0; b < shape->tokens * blocks; b++) {
        int8_t *q = (int8_t *)inputs[DENSE_Q] + b * layout.block;
        int32_t sum = 0;
        for (size_t i = 0; i < layout.block; i++) {
            q[i] = quant(which, &state);
            sum += q[i];
        }
        ((float *)inputs[DENSE_D])[b] = 0.01F + 0.005F * kernel_draw_real(&state);
        ((int32_t *)inputs[DENSE_SUMS])[b] = sum;
    }
}

static void reference_blocks(struct layout layout, const struct assay_kernel_call *call, double *ret_values,
                             double *ret_magnitudes)
{
    size_t rows = (size_t)call->shape.rows, blocks = (size_t)call->shape.columns / layout.block;
    for (size_t i = 0; i < rows * call->shape.tokens; i++) {
        size_t token = i / rows, row = i % rows;
        ret_values[i] = ret_magnitudes[i] = 0;
        for (size_t b = 0; b < blocks; b++) {
            uint8_t block[DENSE_BLOCK_MAX];
            get_block(layout, call->in[DENSE_WEIGHTS], blocks, row * blocks + b, block);
            const int8_t *q = (const int8_t *)call->in[DENSE_Q] + (token * blocks + b) * layout.block;
            double d = (double)((const float *)call->in[DENSE_D])[token * blocks + b];
            double scale = (double)kernel_dense_scale(layout.format, block);
            double minimum = (double)kernel_dense_minimum(layout.format, block);
            for (size_t k = 0; k < layout.block; k++) {
                double term = (scale * kernel_dense_quant(layout.format, block, k) + minimum) * d * q[k];
                ret_values[i] += term;
                ret_magnitudes[i] += fabs(term);
            }
        }
    }
}

static const char *refuse_block(const struct assay_kernel_shape *shape, size_t block)
{
    if (shape->columns % block != 0) {
        return block == 256 ? "columns are no multiple of 256" : "columns are no multiple of 32";
    }
    return shape->columns > (uint64_t)1 << 18 ? "more than 262144 columns" : NULL;
}

#define BLOCK_OPERATION(name_, id_, block_, bytes_, is_lane_)                                                       \
    static const struct layout LAYOUT_##name_ = {                                                                   \
        .format = id_, .block = block_, .bytes = bytes_, .is_lane = is_lane_};                                      \
    static uint64_t weight_bytes_##name_(const struct assay_kernel_shape *shape)                                    \
    {                                                                                                               \
        return bytes_of(LAYOUT_##name_, shape);                                                                     \
    }                                                                                                               \
    static uint64_t scales_##name_(const struct assay_kernel_shape *shape)                                          \
    {                                                                                                               \
        return shape->tokens * (shape->columns / block_);                                                           \
    }                                                                                                               \
    static const char *refuse_##name_(const struct assay_kernel_shape *shape)                                       \
    {                                                                                                               \
        return refuse_block(shape, block_);                                                                         \
    }                                                                                                               \
    static void fill_##name_(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,         \
                             void *const inputs[ASSAY_KERNEL_INPUTS_MAX])                                           \
    {                                                                                                               \
        fill_blocks(LAYOUT_##name_, which, shape, inputs);                                                          \
    }                                                                                                               \
    static void reference_##name_(const struct assay_kernel_call *call, double *ret_values, double *ret_magnitudes) \
    {                                                                                                               \
        reference_blocks(LAYOUT_##name_, call, ret_values, ret_magnitudes);                                         \
    }                                                                                                               \
    static const struct assay_kernel_operand INPUTS_##name_[] = {                                                   \
        [DENSE_WEIGHTS] = {"weights", ASSAY_KERNEL_U8, weight_bytes_##name_},                                       \
        [DENSE_Q] = {"q", ASSAY_KERNEL_I8, activations},                                                            \
        [DENSE_D] = {"d", ASSAY_KERNEL_F32, scales_##name_},                                                        \
        [DENSE_SUMS] = {"sums", ASSAY_KERNEL_I32, scales_##name_},                                                  \
    };                                                                                                              \
    const struct assay_kernel_operation kernel_op_dense_gemv_##name_ = {                                            \
        .abi = ASSAY_KERNEL_ABI,                                                                                    \
        .name = "dense_gemv",                                                                                       \
        .format = #name_,                                                                                           \
        .help = "rows of " #name_ " blocks times int8 activations, one token or a few",                             \
        .inputs = INPUTS_##name_,                                                                                   \
        .outputs = OUTPUTS,                                                                                         \
        .inputs_count = COUNT_OF(INPUTS_##name_),                                                                   \
        .outputs_count = COUNT_OF(OUTPUTS),                                                                         \
        .cases = CASES,                                                                                             \
        .cases_count = COUNT_OF(CASES),                                                                             \
        .rows = ROWS_##name_,                                                                                       \
        .rows_count = COUNT_OF(ROWS_##name_),                                                                       \
        .refuse = refuse_##name_,                                                                                   \
        .fill = fill_##name_,                                                                                       \
        .reference = reference_##name_,                                                                             \
        .bytes = weight_bytes_##name_,                                                                              \
        .units = rows_of,                                                                                           \
    };
#define BY_ROWS(name_, id, block, bytes)                                                                  \
    static const struct assay_kernel_row *const ROWS_##name_[] = {&kernel_row_dense_gemv_##name_##_ref,   \
                                                                  &kernel_row_dense_gemv_##name_##_avx2}; \
    BLOCK_OPERATION(name_, id, block, bytes, false)
#define BY_LANES(name_, id, block, bytes)                                                                   \
    static const struct assay_kernel_row *const ROWS_##name_[] = {&kernel_row_dense_gemv_##name_##_ref,     \
                                                                  &kernel_row_dense_gemv_##name_##_vnni512, \
                                                                  &kernel_row_dense_gemv_##name_##_avx2};   \
    BLOCK_OPERATION(name_, id, block, bytes, true)
DENSE_BLOCK_FORMATS(BY_ROWS)
DENSE_LANE_FORMATS(BY_LANES)
static const struct assay_kernel_row *const ROWS_q6klane[] = {&kernel_row_dense_gemv_q6klane_ref,
                                                              &kernel_row_dense_gemv_q6klane_avx2};
BLOCK_OPERATION(q6klane, DENSE_Q6K, 256, DENSE_Q6K_BYTES, true)
#undef BY_ROWS
#undef BY_LANES
#undef BLOCK_OPERATION

/* ---- float formats ----------------------------------------------------------------------------------------------- */

static void put_float(enum assay_kernel_type type, void *array, size_t i, float value)
{
    uint16_t half = type == ASSAY_KERNEL_F16 ? assay_f16_bits(value) : assay_bf16_bits(value);
    if (type == ASSAY_KERNEL_F32) {
        ((float *)array)[i] = value;
    } else {
        ((uint16_t *)array)[i] = half;
    }
}

static double get_float(enum assay_kernel_type type, const void *array, size_t i)
{
    if (type == ASSAY_KERNEL_F32) {
        return (double)((const float *)array)[i];
    }
    uint16_t half = ((const uint16_t *)array)[i];
    return (double)(type == ASSAY_KERNEL_F16 ? assay_f16_value(half) : assay_bf16_value(half));
}

static void fill_floats(enum assay_kernel_type type, const struct assay_kernel_case *which,
                        const struct assay_kernel_shape *shape, void *const *inputs)
{
    uint64_t state = which->seed;
    for (size_t i = 0; i < shape->rows * shape->columns; i++) {
        put_float(type, inputs[DENSE_FLOAT_WEIGHTS], i, which->extreme == RANDOM ? kernel_draw_real(&state) : 0.5F);
    }
    for (size_t i = 0; i < shape->tokens * shape->columns; i++) {
        ((float *)inputs[DENSE_X])[i] = which->extreme == LOWEST ? -1 : kernel_draw_real(&state);
    }
}

static void reference_floats(enum assay_kernel_type type, const struct assay_kernel_call *call, double *ret_values,
                             double *ret_magnitudes)
{
    size_t rows = (size_t)call->shape.rows, columns = (size_t)call->shape.columns;
    for (size_t i = 0; i < rows * call->shape.tokens; i++) {
        const float *x = (const float *)call->in[DENSE_X] + i / rows * columns;
        ret_values[i] = ret_magnitudes[i] = 0;
        for (size_t k = 0; k < columns; k++) {
            double term = get_float(type, call->in[DENSE_FLOAT_WEIGHTS], i % rows * columns + k) * (double)x[k];
            ret_values[i] += term;
            ret_magnitudes[i] += fabs(term);
        }
    }
}

#define FLOAT_OPERATION(name_, type_, bytes_)                                                                       \
    static uint64_t weight_bytes_##name_(const struct assay_kernel_shape *shape)                                    \
    {                                                                                                               \
        return weights_count(shape) * bytes_;                                                                       \
    }                                                                                                               \
    static void fill_##name_(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,         \
                             void *const inputs[ASSAY_KERNEL_INPUTS_MAX])                                           \
    {                                                                                                               \
        fill_floats(type_, which, shape, inputs);                                                                   \
    }                                                                                                               \
    static void reference_##name_(const struct assay_kernel_call *call, double *ret_values, double *ret_magnitudes) \
    {                                                                                                               \
        reference_floats(type_, call, ret_values, ret_magnitudes);                                                  \
    }                                                                                                               \
    static const struct assay_kernel_operand INPUTS_##name_[] = {                                                   \
        [DENSE_FLOAT_WEIGHTS] = {"weights", type_, weights_count},                                                  \
        [DENSE_X] = {"x", ASSAY_KERNEL_F32, activations},                                                           \
    };                                                                                                              \
    static const struct assay_kernel_row *const ROWS_##name_[] = {&kernel_row_dense_gemv_##name_##_ref,             \
                                                                  &kernel_row_dense_gemv_##name_##_avx2};           \
    const struct assay_kernel_operation kernel_op_dense_gemv_##name_ = {                                            \
        .abi = ASSAY_KERNEL_ABI,                                                                                    \
        .name = "dense_gemv",                                                                                       \
        .format = #name_,                                                                                           \
        .help = "rows of " #name_ " times float activations, one token or a few",                                   \
        .inputs = INPUTS_##name_,                                                                                   \
        .outputs = OUTPUTS,                                                                                         \
        .inputs_count = COUNT_OF(INPUTS_##name_),                                                                   \
        .outputs_count = COUNT_OF(OUTPUTS),                                                                         \
        .cases = CASES,                                                                                             \
        .cases_count = COUNT_OF(CASES),                                                                             \
        .rows = ROWS_##name_,                                                                                       \
        .rows_count = COUNT_OF(ROWS_##name_),                                                                       \
        .fill = fill_##name_,                                                                                       \
        .reference = reference_##name_,                                                                             \
        .bytes = weight_bytes_##name_,                                                                              \
        .units = rows_of,                                                                                           \
    };
FLOAT_OPERATION(f32, ASSAY_KERNEL_F32, 4)
FLOAT_OPERATION(f16, ASSAY_KERNEL_F16, 2)
FLOAT_OPERATION(bf16, ASSAY_KERNEL_BF16, 2)
#undef FLOAT_OPERATION
