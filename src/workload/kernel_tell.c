/* What the receipt says of a kernel run: subjects, counters, checks. */
#include "workload/kernel.h"

#include <string.h>

/* ---- subjects --------------------------------------------------------------------------------------------------- */

/* Before the run: takes the digests. After it: the files must still be the ones that were loaded. */
assay_code kernel_digest_objects(struct kernel_state *state, enum assay_moment moment, assay_err *err)
{
    size_t rows[KERNEL_ROWS_MAX];
    size_t count = kernel_list_rows(state, rows);
    for (size_t i = 0; i < count; i++) {
        counted_objects_add(&state->objects, assay_kernel_set_row(state->set, rows[i]).object);
    }
    return counted_objects_digest(&state->objects, moment, err);
}

static void insert_row(const struct kernel_state *state, size_t row, size_t *rows, size_t *count)
{
    const char *id = assay_kernel_set_row(state->set, row).row->id;
    size_t at = *count;
    while (at > 0 && strcmp(assay_kernel_set_row(state->set, rows[at - 1]).row->id, id) > 0) {
        at--;
    }
    if (at > 0 && rows[at - 1] == row) {
        return;
    }
    memmove(&rows[at + 1], &rows[at], (*count - at) * sizeof rows[0]);
    rows[at] = row;
    (*count)++;
}

size_t kernel_list_rows(const struct kernel_state *state, size_t ret[KERNEL_ROWS_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < state->arms_count; i++) {
        insert_row(state, state->arms[i].row, ret, &count);
    }
    insert_row(state, assay_kernel_row_in_force(state->probe), ret, &count);
    for (size_t i = 0; i < state->ops_probes.count; i++) {
        insert_row(state, assay_kernel_row_in_force(state->ops_probes.items[i].kernel), ret, &count);
    }
    return count;
}

static json_t *make_subjects(const struct kernel_state *state, struct assay_json_builder *b)
{
    size_t rows[KERNEL_ROWS_MAX];
    size_t count = kernel_list_rows(state, rows);
    json_t *subjects = json_array();
    for (size_t i = 0; i < count; i++) {
        struct assay_kernel_entry entry = assay_kernel_set_row(state->set, rows[i]);
        counted_put_kernel(b, subjects, &state->objects, &entry);
    }
    return subjects;
}

/* ---- counters --------------------------------------------------------------------------------------------------- */

static json_t *make_counters(const struct kernel_state *state, struct assay_json_builder *b)
{
    size_t listed[KERNEL_ROWS_MAX];
    size_t count = kernel_list_rows(state, listed);
    json_t *rows = json_array();
    counted_put_head(b, rows, state->wall_ns, 1);
    for (size_t i = 0; i < state->arms_count; i++) {
        for (size_t k = 0; k < count; k++) {
            struct assay_kernel_entry entry = assay_kernel_set_row(state->set, listed[k]);
            struct assay_kernel_total total;
            assay_kernel_counters_sum(state->arms[i].counters, entry.index, &total);
            counted_put_entry(b, rows, state->arms[i].id, &entry, &total);
        }
    }
    return rows;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

assay_code kernel_describe(void *block, struct assay_description *ret, assay_err *err)
{
    const struct kernel_state *state = block;
    struct assay_json_builder b = {0};
    ret->subject = make_subjects(state, &b);
    ret->kernels = make_counters(state, &b);
    ret->checks = json_array();
    kernel_put_parity(&b, ret->checks, state);
    kernel_put_roofline(&b, ret->checks, state);
    if (state->objects.is_changed) {
        ret->invalid = json_array();
        assay_json_add_text(&b, ret->invalid, "subject");
    }
    return assay_json_builder_check(&b, ret->checks, err);
}
