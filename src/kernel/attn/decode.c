/* attn_decode: one query over all positions so far. rows are query heads, columns a head's values, tokens positions,
 * extra key-value heads. Keys and values are binary16, position by position, head by head. */
#include "kernel/attn/attn.h"
#include "kernel/families.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static uint64_t query(const struct assay_kernel_shape *shape)
{
    return shape->rows * shape->columns;
}

static uint64_t cached(const struct assay_kernel_shape *shape)
{
    return shape->tokens * shape->extra * shape->columns;
}

static uint64_t heads(const struct assay_kernel_shape *shape)
{
    return shape->rows;
}

static uint64_t scores(const struct assay_kernel_shape *shape)
{
    return shape->rows * shape->tokens;
}

static uint64_t stored_bytes(const struct assay_kernel_shape *shape)
{
    return 2 * cached(shape) * sizeof(uint16_t);
}

static uint64_t operations(const struct assay_kernel_shape *shape)
{
    return 4 * scores(shape) * shape->columns;
}

static const char *refuse(const struct assay_kernel_shape *shape)
{
    return shape->extra == 0 || shape->rows % shape->extra != 0 ? "query heads are no multiple of key-value heads"
                                                                : NULL;
}

static const struct assay_kernel_operand INPUTS[] = {[ATTN_Q] = {"q", ASSAY_KERNEL_F32, query},
                                                     [ATTN_K] = {"k", ASSAY_KERNEL_F16, cached},
                                                     [ATTN_V] = {"v", ASSAY_KERNEL_F16, cached}};
static const struct assay_kernel_operand OUTPUTS[] = {{"o", ASSAY_KERNEL_F32, query}};

static const struct assay_kernel_case CASES[] = {
    {.name = "least", .shape = {1, 16, 1, 1}, .seed = 1, .tolerance = 1e-5, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "odd", .shape = {6, 40, 33, 2}, .seed = 2, .tolerance = 1e-5, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "heads-4", .shape = {4, 128, 65, 2}, .seed = 4, .tolerance = 1e-5, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "real", .shape = {20, 128, 128, 5}, .seed = 3, .tolerance = 1e-5, .flags = ASSAY_KERNEL_CASE_DEFAULT},
};

static void reference_head(const struct assay_kernel_call *call, size_t head, double *ret_values)
{
    size_t columns = (size_t)call->shape.columns, positions = (size_t)call->shape.tokens;
    size_t step = (size_t)call->shape.extra * columns;
    size_t at = head / ((size_t)call->shape.rows / (size_t)call->shape.extra) * columns;
    const float *q = (const float *)call->in[ATTN_Q] + head * columns;
    const uint16_t *k = (const uint16_t *)call->in[ATTN_K] + at, *v = (const uint16_t *)call->in[ATTN_V] + at;
    double sum = 0;
    for (size_t i = 0; i < columns; i++) {
        ret_values[i] = 0;
    }
    for (size_t p = 0; p < positions; p++) {
        double score = 0;
        for (size_t i = 0; i < columns; i++) {
            score += (double)q[i] * (double)assay_f16_value(k[p * step + i]);
        }
        double weight = exp(score / sqrt((double)columns)); /* scores of the cases are small: no maximum is needed */
        sum += weight;
        for (size_t i = 0; i < columns; i++) {
            ret_values[i] += weight * (double)assay_f16_value(v[p * step + i]);
        }
    }
    for (size_t i = 0; i < columns; i++) {
        ret_values[i] /= sum;
    }
}

static void reference(const struct assay_kernel_call *call, double *ret_values, double *ret_magnitudes)
{
    for (size_t head = 0; head < call->shape.rows; head++) {
        reference_head(call, head, ret_values + head * (size_t)call->shape.columns);
    }
    for (uint64_t i = 0; i < query(&call->shape); i++) {
        ret_magnitudes[i] = 0;
    }
}

static const struct assay_kernel_row *const ROWS[] = {&kernel_row_attn_decode_f16_ref,
                                                      &kernel_row_attn_decode_f16_avx2};

const struct assay_kernel_operation kernel_op_attn_decode_f16 = {
    .abi = ASSAY_KERNEL_ABI,
    .name = "attn_decode",
    .format = "f16",
    .help = "attention of one query over a cache of keys and values",
    .inputs = INPUTS,
    .outputs = OUTPUTS,
    .inputs_count = COUNT_OF(INPUTS),
    .outputs_count = COUNT_OF(OUTPUTS),
    .cases = CASES,
    .cases_count = COUNT_OF(CASES),
    .rows = ROWS,
    .rows_count = COUNT_OF(ROWS),
    .refuse = refuse,
    .reference = reference,
    .elements = scores,
    .bytes = stored_bytes,
    .ops = operations,
    .units = heads,
};
