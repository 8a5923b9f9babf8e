/* The closed table of built-in kernels. */
#include "kernel/families.h"
#include "kernel/kernel.h"

#include <assert.h>
#include <string.h>

static const struct assay_kernel_operation *const OPERATIONS[] = {
#define AN_OPERATION(name) &kernel_op_##name,
    KERNEL_OPERATIONS(AN_OPERATION)
#undef AN_OPERATION
};

static const struct assay_kernel_row *const ROWS[] = {
#define A_ROW(id) &kernel_row_##id,
    KERNEL_ROWS(A_ROW)
#undef A_ROW
};

enum { ROWS_COUNT = sizeof ROWS / sizeof ROWS[0] };

const struct assay_kernel_operation *const *assay_kernel_builtin(size_t *ret_count)
{
    *ret_count = sizeof OPERATIONS / sizeof OPERATIONS[0];
    return OPERATIONS;
}

void assay_kernel_table_text(struct assay_buf *out)
{
    const struct assay_kernel_row *sorted[ROWS_COUNT];
    for (size_t i = 0; i < ROWS_COUNT; i++) { /* insertion sort: read once a run */
        size_t at = i;
        for (; at > 0 && strcmp(sorted[at - 1]->id, ROWS[i]->id) > 0; at--) {
            sorted[at] = sorted[at - 1];
        }
        sorted[at] = ROWS[i];
    }
    for (size_t i = 0; i < ROWS_COUNT; i++) {
        const struct assay_kernel_row *row = sorted[i];
        assay_buf_printf(out, "%s %s %s %s %s\n", row->id, assay_kernel_class_text(row->kind),
                         assay_kernel_equality_text(row->equality),
                         assay_kernel_class_is_fallback(row->kind) ? "true" : "false",
                         row->legacy_id ? row->legacy_id : "-");
    }
}
