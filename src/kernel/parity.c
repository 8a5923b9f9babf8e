/* How far outputs lie from binary64 (statistics.md 3.4). */
#include "kernel/check_room.h"

#include "base/mem.h"

#include <stdio.h>

/* The format of stat/ by the operand's type: the same list, spelled twice because the public header knows no room. */
enum assay_stat_format kernel_format_of(enum assay_kernel_type type)
{
    static const enum assay_stat_format FORMATS[] = {
        [ASSAY_KERNEL_F32] = ASSAY_STAT_F32, [ASSAY_KERNEL_F16] = ASSAY_STAT_F16, [ASSAY_KERNEL_BF16] = ASSAY_STAT_BF16,
        [ASSAY_KERNEL_F64] = ASSAY_STAT_F64, [ASSAY_KERNEL_I32] = ASSAY_STAT_I32, [ASSAY_KERNEL_I8] = ASSAY_STAT_I8,
        [ASSAY_KERNEL_U8] = ASSAY_STAT_U8,   [ASSAY_KERNEL_U64] = ASSAY_STAT_U64};
    return FORMATS[type];
}

struct oracle {
    double *values, *magnitudes, *work;
    size_t count;
    bool has_magnitudes;
};

static assay_code oracle_init(struct assay_kernel_data *data, struct oracle *oracle, assay_err *err)
{
    const struct assay_kernel_operation *op = data->op;
    size_t count = data->out_bytes[0] / assay_kernel_type_bytes(op->outputs[0].type);
    double *block = assay_alloc(5 * count + 1, sizeof *block);
    if (!block) {
        return assay_nomem(err);
    }
    *oracle = (struct oracle){.values = block, .magnitudes = block + count, .work = block + 2 * count, .count = count};
    if (op->reference) {
        op->reference(&data->call, oracle->values, oracle->magnitudes);
        for (size_t i = 0; i < count && !oracle->has_magnitudes; i++) {
            oracle->has_magnitudes = oracle->magnitudes[i] > 0;
        }
        return ASSAY_OK;
    }
    assay_kernel_data_poison(data);
    op->rows[0]->run(&data->call);
    for (size_t i = 0; i < count; i++) {
        oracle->values[i] = assay_stat_value_at(kernel_format_of(op->outputs[0].type), data->call.out[0], i);
    }
    return ASSAY_OK;
}

static void judge(const struct assay_kernel_row *row, double tolerance, struct assay_kernel_parity *parity, char *text)
{
    const struct assay_stat_parity *numbers = &parity->numbers;
    bool is_tolerable = numbers->relative.max <= tolerance || numbers->absolute.max <= tolerance;
    parity->is_good = false;
    if (numbers->places_wrong > 0) {
        (void)snprintf(text, ASSAY_KERNEL_DIFFERENCE_BYTES, "%zu NaN or infinities misplaced, the first at %zu",
                       numbers->places_wrong, numbers->first_wrong);
    } else if (numbers->beyond_hard > 0) {
        (void)snprintf(text, ASSAY_KERNEL_DIFFERENCE_BYTES, "%zu values beyond the hard bound of a dot product of %llu",
                       numbers->beyond_hard, (unsigned long long)parity->terms);
    } else if (row->equality == ASSAY_KERNEL_BOUNDED && !is_tolerable) {
        (void)snprintf(text, ASSAY_KERNEL_DIFFERENCE_BYTES, "off by %.3g, expected at most %.3g", numbers->absolute.max,
                       tolerance);
    } else {
        parity->is_good = true;
    }
}

assay_code assay_kernel_parity_of(struct assay_kernel_data *data, const struct assay_kernel_row *row, double tolerance,
                                  struct assay_kernel_parity *ret, char ret_text[ASSAY_KERNEL_DIFFERENCE_BYTES],
                                  assay_err *err)
{
    struct oracle oracle = {0};
    enum assay_stat_format format = kernel_format_of(data->op->outputs[0].type);
    assay_code rc = oracle_init(data, &oracle, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_kernel_data_poison(data);
    row->run(&data->call);
    *ret = (struct assay_kernel_parity){.terms = assay_kernel_terms_of(data->op, &data->call.shape),
                                        .is_binary64 = data->op->reference != NULL,
                                        .has_bounds = oracle.has_magnitudes && assay_stat_format_unit(format) > 0};
    const struct assay_stat_parity_input input = {.format = format,
                                                  .values = data->call.out[0],
                                                  .reference = oracle.values,
                                                  .magnitudes = ret->has_bounds ? oracle.magnitudes : NULL,
                                                  .count = oracle.count,
                                                  .terms = ret->terms};
    ret->numbers = assay_stat_parity_of(&input, oracle.work);
    ret_text[0] = '\0';
    judge(row, tolerance, ret, ret_text);
    assay_free(oracle.values);
    return ASSAY_OK;
}
