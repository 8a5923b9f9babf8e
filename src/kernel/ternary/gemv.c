/* ternary_gemv and ternary_gemm: operands, cases and binary64 reference; y[token][row]. They are the same function, for
 * a few tokens and for many: what is fastest for one is not for the other, and counters shall tell which one ran. */
#include "kernel/families.h"
#include "kernel/float.h"
#include "kernel/ternary/ternary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- operands --------------------------------------------------------------------------------------------------- */

static uint64_t weight_bytes_i2s(const struct assay_kernel_shape *shape)
{
    return shape->rows * (shape->columns / 4);
}

static uint64_t weight_bytes_lane2(const struct assay_kernel_shape *shape)
{
    return kernel_ternary_lane2_bytes(shape->rows, shape->columns);
}

static uint64_t activations(const struct assay_kernel_shape *shape)
{
    return shape->tokens * shape->columns;
}

static uint64_t tokens(const struct assay_kernel_shape *shape)
{
    return shape->tokens;
}

static uint64_t one(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 1;
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

static const char *refuse(const struct assay_kernel_shape *shape)
{
    if (shape->columns % TERNARY_UNIT != 0) {
        return "columns are no multiple of 128";
    }
    if (shape->columns > TERNARY_COLUMNS_MAX) {
        return "more than 262144 columns";
    }
    return shape->rows > UINT32_MAX || shape->tokens > UINT32_MAX ? "more than 2^32 rows or tokens" : NULL;
}

/* ---- cases ------------------------------------------------------------------------------------------------------ */

enum extreme { RANDOM, HIGHEST, LOWEST, ALTERNATING, NEGATIVE, SILENT };

#define CHECKED ASSAY_KERNEL_CASE_SELFCHECK

/* Least shape, odd numbers of rows, the shapes of a model with 2,560 columns, and the extremes of the int16 trap at the
 * lengths at which it snaps. */
static const struct assay_kernel_case CASES[] = {
    {
        .name = "least",
        .shape = {1, 128, 1, 1},
        .seed = 1,
        .flags = CHECKED,
    },
    {
        .name = "odd-rows",
        .shape = {7, 384, 1, 1},
        .seed = 2,
        .flags = CHECKED,
    },
    {.name = "tokens-3", .shape = {13, 256, 3, 1}, .seed = 3, .flags = CHECKED},
    {.name = "tokens-19", .shape = {19, 256, 19, 1}, .seed = 15, .flags = CHECKED},
    {.name = "lowest-tokens", .shape = {9, 4096, 9, 1}, .seed = 16, .extreme = LOWEST},
    {.name = "rows-40", .shape = {40, 2560, 1, 1}, .seed = 14, .flags = CHECKED},
    {.name = "kv-640", .shape = {640, 2560, 1, 1}, .seed = 4},
    {.name = "q-2560", .shape = {2560, 2560, 1, 1}, .seed = 5, .flags = ASSAY_KERNEL_CASE_DEFAULT},
    {.name = "up-6912", .shape = {6912, 2560, 1, 1}, .seed = 6},
    {.name = "down-2560", .shape = {2560, 6912, 1, 1}, .seed = 7},
    {.name = "highest-2560", .shape = {5, 2560, 1, 1}, .seed = 8, .extreme = HIGHEST},
    {.name = "highest-4096", .shape = {5, 4096, 1, 1}, .seed = 8, .extreme = HIGHEST, .flags = CHECKED},
    {.name = "highest-6912", .shape = {5, 6912, 1, 1}, .seed = 8, .extreme = HIGHEST},
    {.name = "lowest-2560", .shape = {5, 2560, 1, 1}, .seed = 9, .extreme = LOWEST},
    {.name = "lowest-4096", .shape = {5, 4096, 1, 1}, .seed = 9, .extreme = LOWEST, .flags = CHECKED},
    {.name = "lowest-6912", .shape = {5, 6912, 1, 1}, .seed = 9, .extreme = LOWEST},
    {.name = "alternating-2560", .shape = {5, 2560, 1, 1}, .seed = 10, .extreme = ALTERNATING},
    {.name = "alternating-4096", .shape = {5, 4096, 1, 1}, .seed = 10, .extreme = ALTERNATING},
    {.name = "alternating-6912", .shape = {5, 6912, 1, 1}, .seed = 10, .extreme = ALTERNATING, .flags = CHECKED},
    {.name = "negative-6912", .shape = {5, 6912, 1, 1}, .seed = 11, .extreme = NEGATIVE},
    {.name = "silent", .shape = {5, 256, 1, 1}, .seed = 12, .extreme = SILENT},
    {.name = "longest", .shape = {2, TERNARY_COLUMNS_MAX, 1, 1}, .seed = 13, .extreme = HIGHEST},
};

/* Of many tokens: fewer than a tile of 16, odd numbers of tiles, of rows and of columns. */
static const struct assay_kernel_case GEMM_CASES[] = {
    {.name = "least", .shape = {1, 128, 1, 1}, .seed = 1, .flags = CHECKED},
    {.name = "tokens-5", .shape = {7, 384, 5, 1}, .seed = 2, .flags = CHECKED},
    {.name = "tokens-16", .shape = {40, 640, 16, 1}, .seed = 3, .flags = CHECKED},
    {.name = "tokens-19", .shape = {19, 256, 19, 1}, .seed = 15, .flags = CHECKED},
    {.name = "tokens-47", .shape = {33, 1152, 47, 1}, .seed = 4, .flags = CHECKED},
    {.name = "tokens-259", .shape = {9, 640, 259, 1}, .seed = 5},
    {.name = "tokens-300", .shape = {43, 128, 300, 1}, .seed = 6},
    {.name = "tokens-11", .shape = {21, 384, 11, 1}, .seed = 19, .flags = CHECKED},
    {.name = "lowest-tokens-16", .shape = {9, 4096, 16, 1}, .seed = 20, .extreme = LOWEST},
    {.name = "negative-tokens", .shape = {9, 4096, 48, 1}, .seed = 21, .extreme = NEGATIVE},
    {.name = "rows-7200", .shape = {7200, 128, 27, 1}, .seed = 22},
    {.name = "lowest-tokens", .shape = {9, 4096, 33, 1}, .seed = 16, .extreme = LOWEST},
    {.name = "highest-tokens", .shape = {17, 6912, 18, 1}, .seed = 8, .extreme = HIGHEST},
    {.name = "alternating-tokens", .shape = {5, 6912, 17, 1}, .seed = 10, .extreme = ALTERNATING, .flags = CHECKED},
    {.name = "longest", .shape = {2, TERNARY_COLUMNS_MAX, 17, 1}, .seed = 13, .extreme = HIGHEST},
    {.name = "batch-16", .shape = {2560, 2560, 16, 1}, .seed = 17, .flags = ASSAY_KERNEL_CASE_DEFAULT},
    {.name = "prefill-128", .shape = {2560, 2560, 128, 1}, .seed = 18},
};

static unsigned code_of(unsigned extreme, uint64_t *state)
{
    switch ((enum extreme)extreme) {
    case HIGHEST:
    case LOWEST:
    case ALTERNATING:
        return 2;
    case NEGATIVE:
        return 0;
    case RANDOM:
    case SILENT:
        break;
    }
    return (unsigned)(kernel_draw(state) % 3);
}

/* Where codes go, and where they are found again. */
struct form {
    void (*put)(const uint8_t codes[TERNARY_UNIT], uint64_t columns, uint64_t row, uint64_t at, uint8_t *packed);
    uint8_t (*code)(const uint8_t *packed, uint64_t columns, uint64_t row, uint64_t at);
    uint64_t (*bytes)(const struct assay_kernel_shape *shape);
};

static void put_i2s(const uint8_t codes[TERNARY_UNIT], uint64_t columns, uint64_t row, uint64_t at, uint8_t *packed)
{
    kernel_ternary_pack_i2s(codes, TERNARY_UNIT, packed + (row * columns + at) / 4);
}

static uint8_t code_i2s(const uint8_t *packed, uint64_t columns, uint64_t row, uint64_t at)
{
    return kernel_ternary_code_i2s(packed + row * (columns / 4), at);
}

static const struct form I2S = {put_i2s, code_i2s, weight_bytes_i2s};
static const struct form LANE2 = {kernel_ternary_put_lane2, kernel_ternary_code_lane2, weight_bytes_lane2};

/* The same codes in every format; rows that only fill up have code 1. */
static void fill_weights(const struct form *form, const struct assay_kernel_case *which,
                         const struct assay_kernel_shape *shape, uint8_t *packed)
{
    uint64_t state = which->seed, bytes = form->bytes(shape), rows = bytes / (shape->columns / 4);
    memset(packed, 0, (size_t)bytes);
    for (uint64_t row = 0; row < rows; row++) {
        for (uint64_t at = 0; at < shape->columns; at += TERNARY_UNIT) {
            uint8_t codes[TERNARY_UNIT];
            for (size_t i = 0; i < TERNARY_UNIT; i++) {
                codes[i] = row < shape->rows ? (uint8_t)code_of(which->extreme, &state) : 1;
            }
            form->put(codes, shape->columns, row, at, packed);
        }
    }
}

/* Activations before rounding, those of the golden dot vector for seed 1 and the first token (kernels.md 2.3). */
struct stream {
    uint64_t state;
    enum extreme extreme;
};

static struct stream stream_of(const struct assay_kernel_case *which, size_t token)
{
    enum { DOT_VECTOR_SEED = 7, TOKEN_STEP = 1000 };
    return (struct stream){.state = DOT_VECTOR_SEED + which->seed - 1 + token * TOKEN_STEP,
                           .extreme = (enum extreme)which->extreme};
}

static float next_activation(struct stream *stream)
{
    float random = kernel_draw_real(&stream->state);
    switch (stream->extreme) {
    case HIGHEST:
    case NEGATIVE:
        return 1;
    case SILENT:
        return 0;
    case RANDOM:
    case LOWEST:
    case ALTERNATING:
        break;
    }
    return random;
}

/* -128 comes of no activation by 3.1, but a kernel must take every int8. */
static int8_t lowered(enum extreme extreme, size_t i, int8_t q)
{
    if (extreme == LOWEST || (extreme == ALTERNATING && i % 2 == 1)) {
        return -128;
    }
    return extreme == ALTERNATING ? 127 : q;
}

static void fill_token(const struct assay_kernel_case *which, size_t token, size_t columns, void *const *inputs)
{
    struct stream stream = stream_of(which, token);
    int8_t *q = (int8_t *)inputs[TERNARY_Q] + token * columns;
    int32_t *sum = (int32_t *)inputs[TERNARY_SUMS] + token;
    float most = 0;
    for (size_t i = 0; i < columns; i++) {
        float size = fabsf(next_activation(&stream));
        most = size > most ? size : most;
    }
    float s = kernel_ternary_multiplier(most);
    stream = stream_of(which, token); /* the same numbers again: there is no room to keep them */
    *sum = 0;
    for (size_t i = 0; i < columns; i++) {
        q[i] = lowered(stream.extreme, i, kernel_ternary_rounded(next_activation(&stream), s));
        *sum += q[i];
    }
    ((float *)inputs[TERNARY_S])[token] = s;
}

static void fill(const struct form *form, const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                 void *const *inputs)
{
    fill_weights(form, which, shape, inputs[TERNARY_WEIGHTS]);
    for (size_t token = 0; token < shape->tokens; token++) {
        fill_token(which, token, (size_t)shape->columns, inputs);
    }
    *(float *)inputs[TERNARY_SCALE] = 0.5F;
}

/* ---- binary64 --------------------------------------------------------------------------------------------------- */

static void reference(const struct form *form, const struct assay_kernel_call *call, double *ret_values,
                      double *ret_magnitudes)
{
    size_t rows = (size_t)call->shape.rows, columns = (size_t)call->shape.columns;
    const uint8_t *weights = call->in[TERNARY_WEIGHTS];
    const float *s = call->in[TERNARY_S];
    double scale = (double)*(const float *)call->in[TERNARY_SCALE];
    for (size_t token = 0; token < call->shape.tokens; token++) {
        const int8_t *q = (const int8_t *)call->in[TERNARY_Q] + token * columns;
        for (size_t row = 0; row < rows; row++) {
            int64_t sum = 0, size = 0;
            for (size_t i = 0; i < columns; i++) {
                int64_t trit = (int64_t)form->code(weights, columns, row, i) - 1;
                sum += trit * q[i];
                size += llabs(trit * q[i]);
            }
            ret_values[token * rows + row] = (double)sum / (double)s[token] * scale;
            ret_magnitudes[token * rows + row] = (double)size / (double)s[token] * scale;
        }
    }
}

/* ---- the operations --------------------------------------------------------------------------------------------- */

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const struct assay_kernel_row *const ROWS_gemv_i2s[] = {&kernel_row_ternary_gemv_i2s_ref,
                                                               &kernel_row_ternary_gemv_i2s_avx2};
static const struct assay_kernel_row *const ROWS_gemv_lane2[] = {
    &kernel_row_ternary_gemv_lane2_ref, &kernel_row_ternary_gemv_lane2_vnni512, &kernel_row_ternary_gemv_lane2_avxvnni,
    &kernel_row_ternary_gemv_lane2_avx2};
static const struct assay_kernel_row *const ROWS_gemm_lane2[] = {
    &kernel_row_ternary_gemm_lane2_ref, &kernel_row_ternary_gemm_lane2_amxint8, &kernel_row_ternary_gemm_lane2_vnni512,
    &kernel_row_ternary_gemm_lane2_avxvnni, &kernel_row_ternary_gemm_lane2_avx2};

#define A_FORMAT(name_, form_)                                                                                      \
    static const struct assay_kernel_operand INPUTS_##name_[] = {                                                   \
        [TERNARY_WEIGHTS] = {"weights", ASSAY_KERNEL_U8, weight_bytes_##name_},                                     \
        [TERNARY_Q] = {"q", ASSAY_KERNEL_I8, activations},                                                          \
        [TERNARY_S] = {"s", ASSAY_KERNEL_F32, tokens},                                                              \
        [TERNARY_SUMS] = {"sums", ASSAY_KERNEL_I32, tokens},                                                        \
        [TERNARY_SCALE] = {"scale", ASSAY_KERNEL_F32, one},                                                         \
    };                                                                                                              \
    static uint64_t stored_bytes_##name_(const struct assay_kernel_shape *shape)                                    \
    {                                                                                                               \
        return weight_bytes_##name_(shape) + sizeof(float);                                                         \
    }                                                                                                               \
    static void fill_##name_(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,         \
                             void *const inputs[ASSAY_KERNEL_INPUTS_MAX])                                           \
    {                                                                                                               \
        fill(&form_, which, shape, inputs);                                                                         \
    }                                                                                                               \
    static void reference_##name_(const struct assay_kernel_call *call, double *ret_values, double *ret_magnitudes) \
    {                                                                                                               \
        reference(&form_, call, ret_values, ret_magnitudes);                                                        \
    }
A_FORMAT(i2s, I2S)
A_FORMAT(lane2, LANE2)
#undef A_FORMAT

#define AN_OPERATION(verb_, name_, cases_, help_)                               \
    const struct assay_kernel_operation kernel_op_ternary_##verb_##_##name_ = { \
        .abi = ASSAY_KERNEL_ABI,                                                \
        .name = "ternary_" #verb_,                                              \
        .format = #name_,                                                       \
        .help = help_,                                                          \
        .inputs = INPUTS_##name_,                                               \
        .outputs = OUTPUTS,                                                     \
        .inputs_count = COUNT_OF(INPUTS_##name_),                               \
        .outputs_count = COUNT_OF(OUTPUTS),                                     \
        .cases = cases_,                                                        \
        .cases_count = COUNT_OF(cases_),                                        \
        .rows = ROWS_##verb_##_##name_,                                         \
        .rows_count = COUNT_OF(ROWS_##verb_##_##name_),                         \
        .refuse = refuse,                                                       \
        .fill = fill_##name_,                                                   \
        .reference = reference_##name_,                                         \
        .bytes = stored_bytes_##name_,                                          \
        .units = rows_of,                                                       \
    };
AN_OPERATION(gemv, i2s, CASES, "rows of 2-bit codes times int8 activations, one token or a few")
AN_OPERATION(gemv, lane2, CASES, "rows of 2-bit codes times int8 activations, one token or a few")
AN_OPERATION(gemm, lane2, GEMM_CASES, "rows of 2-bit codes times int8 activations, many tokens")
#undef AN_OPERATION
