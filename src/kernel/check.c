/* One row on one case, held against the reference. */
#include "kernel/check_room.h"

#include "base/mem.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

struct pair {
    struct assay_kernel_data ref, row;
};

/* The first value that differs, as "out y[17]: 1.5, expected 1.25". */
static void describe(const struct pair *pair, size_t output, size_t at, char *text)
{
    const struct assay_kernel_operand *operand = &pair->ref.op->outputs[output];
    enum assay_stat_format format = kernel_format_of(operand->type);
    (void)snprintf(text, ASSAY_KERNEL_DIFFERENCE_BYTES, "%s[%zu] is %.9g, expected %.9g", operand->name, at,
                   assay_stat_value_at(format, pair->row.call.out[output], at),
                   assay_stat_value_at(format, pair->ref.call.out[output], at));
}

/* Bits, so that a zero of the wrong sign and another NaN count. */
static bool is_exact(const struct pair *pair, char *text)
{
    const struct assay_kernel_operation *op = pair->ref.op;
    for (size_t i = 0; i < op->outputs_count; i++) {
        size_t step = assay_kernel_type_bytes(op->outputs[i].type);
        const char *ref = pair->ref.call.out[i], *row = pair->row.call.out[i];
        for (size_t at = 0; at < pair->ref.out_bytes[i]; at += step) {
            if (memcmp(ref + at, row + at, step) != 0) {
                describe(pair, i, at / step, text);
                return false;
            }
        }
    }
    return true;
}

/* The largest |x - r| / max(|r|, 1) of the first output against binary64, or against the reference row. */
static assay_code worst_of(const struct pair *pair, double *ret_worst, size_t *ret_at, assay_err *err)
{
    const struct assay_kernel_operation *op = pair->ref.op;
    enum assay_stat_format format = kernel_format_of(op->outputs[0].type);
    size_t count = pair->ref.out_bytes[0] / assay_kernel_type_bytes(op->outputs[0].type);
    double *values = assay_alloc(2 * count, sizeof *values);
    if (!values) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = assay_stat_value_at(format, pair->ref.call.out[0], i);
    }
    if (op->reference) {
        op->reference(&pair->ref.call, values, values + count);
    }
    *ret_worst = 0;
    for (size_t i = 0; i < count; i++) {
        double x = assay_stat_value_at(format, pair->row.call.out[0], i), size = fabs(values[i]);
        double error = fabs(x - values[i]) / (size > 1 ? size : 1);
        if (!(error <= *ret_worst)) { /* a NaN is the worst of all */
            *ret_worst = isnan(error) ? (double)INFINITY : error;
            *ret_at = i;
        }
    }
    assay_free(values);
    return ASSAY_OK;
}

static assay_code is_bounded(const struct pair *pair, double tolerance, bool *ret, char *text, assay_err *err)
{
    double worst = 0;
    size_t at = 0;
    assay_code rc = worst_of(pair, &worst, &at, err);
    if (rc == ASSAY_OK) {
        *ret = worst <= tolerance;
        if (!*ret) {
            (void)snprintf(text, ASSAY_KERNEL_DIFFERENCE_BYTES, "%s[%zu] is off by %.3g of max(|r|, 1), expected %.3g",
                           pair->ref.op->outputs[0].name, at, worst, tolerance);
        }
    }
    return rc;
}

static assay_code compare(const struct pair *pair, const struct assay_kernel_row *row,
                          const struct assay_kernel_case *which, uint64_t input_hash, bool *ret, char *text,
                          assay_err *err)
{
    *ret = false;
    if (!assay_kernel_data_is_intact(&pair->row)) {
        (void)snprintf(text, ASSAY_KERNEL_DIFFERENCE_BYTES, "it wrote outside its outputs");
        return ASSAY_OK;
    }
    if (assay_kernel_data_input_hash(&pair->row) != input_hash) {
        (void)snprintf(text, ASSAY_KERNEL_DIFFERENCE_BYTES, "it changed its inputs");
        return ASSAY_OK;
    }
    uint64_t hash = assay_kernel_data_output_hash(&pair->row);
    if (row == pair->ref.op->rows[0] && which->golden != 0 && hash != which->golden) {
        (void)snprintf(text, ASSAY_KERNEL_DIFFERENCE_BYTES,
                       "the reference's outputs have FNV-1a-64 %016" PRIx64 ", expected %016" PRIx64, hash,
                       which->golden);
        return ASSAY_OK;
    }
    if (row->equality == ASSAY_KERNEL_BOUNDED) {
        return is_bounded(pair, which->tolerance, ret, text, err);
    }
    *ret = is_exact(pair, text);
    return ASSAY_OK;
}

/* As one call or as two or three parts of it, by the seed: together they must give the same. */
static void run_in_parts(const struct assay_kernel_row *row, const struct assay_kernel_data *data, uint64_t seed)
{
    enum { PARTS_MAX = 3 };
    size_t count = data->op->units ? (size_t)(seed % PARTS_MAX) + 1 : 1;
    struct assay_kernel_call call = data->call;
    for (size_t i = 0; i < count; i++) {
        call.part = count > 1 ? assay_kernel_part_of(data->op, &call.shape, i, count) : (struct assay_kernel_part){0};
        if (call.part.first < call.part.end || count == 1) {
            row->run(&call);
        }
    }
}

assay_code assay_kernel_check(const struct assay_kernel_operation *op, const struct assay_kernel_row *row,
                              const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                              bool *ret_is_equal, char ret_text[ASSAY_KERNEL_DIFFERENCE_BYTES], assay_err *err)
{
    char unused[ASSAY_KERNEL_DIFFERENCE_BYTES];
    char *text = ret_text ? ret_text : unused;
    struct pair pair = {0};
    text[0] = '\0';
    shape = shape ? shape : &which->shape;
    assay_code rc = assay_kernel_data_init(&pair.ref, op, shape, err);
    if (rc == ASSAY_OK) {
        rc = assay_kernel_data_init(&pair.row, op, shape, err);
    }
    if (rc == ASSAY_OK) {
        assay_kernel_data_fill(&pair.ref, which);
        assay_kernel_data_copy(&pair.row, &pair.ref);
        uint64_t input_hash = assay_kernel_data_input_hash(&pair.row);
        op->rows[0]->run(&pair.ref.call);
        run_in_parts(row, &pair.row, which->seed);
        rc = compare(&pair, row, which, input_hash, ret_is_equal, text, err);
    }
    assay_kernel_data_done(&pair.ref);
    assay_kernel_data_done(&pair.row);
    return rc;
}
