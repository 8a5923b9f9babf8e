/* What the receipt says of a kernel run: subjects, counters, checks. */
#include "workload/kernel.h"

#include <stdio.h>
#include <string.h>

#define PROGRAM "/proc/self/exe" /* the file, whatever name it was called by */

/* ---- subjects --------------------------------------------------------------------------------------------------- */

static assay_code digest_file(const char *path, struct assay_digest *ret, assay_err *err)
{
    struct assay_buf bytes;
    assay_buf_init(&bytes, KERNEL_OBJECT_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&bytes, path, err);
    if (rc == ASSAY_OK) {
        assay_sha256_of(bytes.data, bytes.len, ret);
    }
    assay_buf_done(&bytes);
    return rc;
}

static bool is_same_file(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static const struct kernel_object *find_object(const struct kernel_state *state, const char *path)
{
    for (size_t i = 0; i < state->objects_count; i++) {
        if (is_same_file(state->objects[i].path, path)) {
            return &state->objects[i];
        }
    }
    return NULL;
}

static void list_object(struct kernel_state *state, size_t row)
{
    const char *path = assay_kernel_set_row(state->set, row).object;
    if (!find_object(state, path)) {
        state->objects[state->objects_count++] = (struct kernel_object){.path = path};
    }
}

/* Before the run: takes the digests. After it: the files must still be the ones that were loaded. */
assay_code kernel_digest_objects(struct kernel_state *state, enum assay_moment moment, assay_err *err)
{
    if (moment == ASSAY_BEFORE_RUN) {
        size_t rows[KERNEL_ROWS_MAX];
        size_t count = kernel_list_rows(state, rows);
        for (size_t i = 0; i < count; i++) {
            list_object(state, rows[i]);
        }
    }
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < state->objects_count && rc == ASSAY_OK; i++) {
        struct kernel_object *object = &state->objects[i];
        struct assay_digest digest;
        rc = digest_file(object->path ? object->path : PROGRAM, &digest, err);
        if (rc == ASSAY_OK && moment == ASSAY_BEFORE_RUN) {
            object->digest = digest;
        } else if (rc == ASSAY_OK && !assay_digest_equal(&digest, &object->digest)) {
            state->is_object_changed = true;
        }
    }
    return rc;
}

static void put_subject(struct assay_json_builder *b, json_t *subjects, const char *name,
                        const struct assay_digest *digest)
{
    json_t *subject = assay_json_add_object(b, subjects);
    assay_json_put_text(b, subject, "name", name);
    assay_json_put_hex(b, assay_json_put_object(b, subject, "digest"), "sha256", digest->bytes, sizeof digest->bytes);
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
    for (size_t i = 0; i < state->ops_probes_count; i++) {
        insert_row(state, assay_kernel_row_in_force(state->ops_probes[i].kernel), ret, &count);
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
        char name[ASSAY_KERNEL_ID_BYTES_MAX + 16];
        (void)snprintf(name, sizeof name, "kernel:%s", entry.row->id);
        put_subject(b, subjects, name, &find_object(state, entry.object)->digest);
    }
    return subjects;
}

/* ---- counters --------------------------------------------------------------------------------------------------- */

static void put_head(struct assay_json_builder *b, json_t *rows, const struct kernel_state *state)
{
    struct assay_buf table;
    struct assay_digest digest;
    assay_buf_init(&table, ASSAY_KERNEL_TABLE_BYTES_MAX);
    assay_kernel_table_text(&table);
    assay_sha256_of(table.data ? table.data : "", table.len, &digest);
    assay_code rc = assay_buf_check(&table, NULL);
    b->failed = b->failed == ASSAY_OK ? rc : b->failed;
    assay_buf_done(&table);
    json_t *head = assay_json_add_object(b, rows);
    assay_json_put_hex(b, head, "tableSha256", digest.bytes, sizeof digest.bytes);
    assay_json_put_u64(b, head, "wallNs", state->wall_ns);
    assay_json_put_int(b, head, "threads", 1);
}

static void put_entry(struct assay_json_builder *b, json_t *rows, const struct kernel_arm *arm,
                      const struct assay_kernel_entry *entry)
{
    struct assay_kernel_total total;
    assay_kernel_counters_sum(arm->counters, entry->index, &total);
    if (total.calls == 0) {
        return;
    }
    json_t *row = assay_json_add_object(b, rows);
    assay_json_put_text(b, row, "id", entry->row->id);
    assay_json_put_text(b, row, "arm", arm->id);
    assay_json_put_text(b, row, "class", assay_kernel_class_text(entry->row->kind));
    assay_json_put_text(b, row, "equality", assay_kernel_equality_text(entry->row->equality));
    assay_json_put_text(b, row, "isa", assay_kernel_isa(entry->row));
    assay_json_put_bool(b, row, "fallback", assay_kernel_class_is_fallback(entry->row->kind));
    assay_json_put_u64_text(b, row, "calls", total.calls);
    assay_json_put_u64_text(b, row, "elements", total.elements);
    assay_json_put_u64_text(b, row, "bytes", total.bytes);
    assay_json_put_u64_text(b, row, "ops", total.ops);
    assay_json_put_u64(b, row, "ns", total.ns);
    assay_json_put_u64(b, row, "threads", total.threads);
}

static json_t *make_counters(const struct kernel_state *state, struct assay_json_builder *b)
{
    size_t listed[KERNEL_ROWS_MAX];
    size_t count = kernel_list_rows(state, listed);
    json_t *rows = json_array();
    put_head(b, rows, state);
    for (size_t i = 0; i < state->arms_count; i++) {
        for (size_t k = 0; k < count; k++) {
            struct assay_kernel_entry entry = assay_kernel_set_row(state->set, listed[k]);
            put_entry(b, rows, &state->arms[i], &entry);
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
    if (state->is_object_changed) {
        ret->invalid = json_array();
        assay_json_add_text(&b, ret->invalid, "subject");
    }
    return assay_json_builder_check(&b, ret->checks, err);
}
