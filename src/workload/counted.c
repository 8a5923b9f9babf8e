#include "workload/counted.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define PROGRAM "/proc/self/exe"                    /* the file, whatever name it was called by */
#define OBJECT_BYTES_MAX ((size_t)1 << 30)          /* of a file that holds object code */
#define NAME_BYTES (ASSAY_KERNEL_ID_BYTES_MAX + 16) /* an id with "kernel:" or "selfcheck-" before it */

/* ---- objects ---------------------------------------------------------------------------------------------------- */

static bool is_same_file(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static const struct counted_object *find_object(const struct counted_objects *objects, const char *path)
{
    for (size_t i = 0; i < objects->count; i++) {
        if (is_same_file(objects->items[i].path, path)) {
            return &objects->items[i];
        }
    }
    return NULL;
}

void counted_objects_add(struct counted_objects *objects, const char *path)
{
    if (!find_object(objects, path)) {
        assert(objects->count < COUNTED_OBJECTS_MAX);
        objects->items[objects->count++] = (struct counted_object){.path = path};
    }
}

static assay_code digest_file(const char *path, struct assay_digest *ret, assay_err *err)
{
    struct assay_buf bytes;
    assay_buf_init(&bytes, OBJECT_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&bytes, path, err);
    if (rc == ASSAY_OK) {
        assay_sha256_of(bytes.data, bytes.len, ret);
    }
    assay_buf_done(&bytes);
    return rc;
}

assay_code counted_objects_digest(struct counted_objects *objects, enum assay_moment moment, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < objects->count && rc == ASSAY_OK; i++) {
        struct counted_object *object = &objects->items[i];
        struct assay_digest digest;
        rc = digest_file(object->path ? object->path : PROGRAM, &digest, err);
        if (rc == ASSAY_OK && moment == ASSAY_BEFORE_RUN) {
            object->digest = digest;
        } else if (rc == ASSAY_OK && !assay_digest_equal(&digest, &object->digest)) {
            objects->is_changed = true;
        }
    }
    return rc;
}

void counted_put_subject(struct assay_json_builder *b, json_t *subjects, const char *name,
                         const struct assay_digest *digest)
{
    char text[ASSAY_DIGEST_TEXT_BYTES];
    assay_digest_print(digest, text);
    assay_subject_add(b, subjects, name, "sha256", text);
}

void counted_put_kernel(struct assay_json_builder *b, json_t *subjects, const struct counted_objects *objects,
                        const struct assay_kernel_entry *entry)
{
    char name[NAME_BYTES];
    (void)snprintf(name, sizeof name, "kernel:%s", entry->row->id);
    counted_put_subject(b, subjects, name, &find_object(objects, entry->object)->digest);
}

/* ---- counters and self-checks ----------------------------------------------------------------------------------- */

void counted_put_head(struct assay_json_builder *b, json_t *rows, uint64_t wall_ns, size_t threads)
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
    assay_json_put_u64(b, head, "wallNs", wall_ns);
    assay_json_put_u64(b, head, "threads", threads);
}

void counted_put_entry(struct assay_json_builder *b, json_t *rows, const char *arm,
                       const struct assay_kernel_entry *entry, const struct assay_kernel_total *total)
{
    if (total->calls == 0) {
        return;
    }
    json_t *row = assay_json_add_object(b, rows);
    assay_json_put_text(b, row, "id", entry->row->id);
    assay_json_put_text(b, row, "arm", arm);
    assay_json_put_text(b, row, "class", assay_kernel_class_text(entry->row->kind));
    assay_json_put_text(b, row, "equality", assay_kernel_equality_text(entry->row->equality));
    assay_json_put_text(b, row, "isa", assay_kernel_isa(entry->row));
    assay_json_put_bool(b, row, "fallback", assay_kernel_class_is_fallback(entry->row->kind));
    assay_json_put_u64_text(b, row, "calls", total->calls);
    assay_json_put_u64_text(b, row, "elements", total->elements);
    assay_json_put_u64_text(b, row, "bytes", total->bytes);
    assay_json_put_u64_text(b, row, "ops", total->ops);
    assay_json_put_u64(b, row, "ns", total->ns);
    assay_json_put_u64(b, row, "threads", total->threads);
}

void counted_put_selfcheck(struct assay_json_builder *b, json_t *checks, const struct assay_kernel_entry *entry)
{
    char id[NAME_BYTES];
    bool is_open = entry->state == ASSAY_KERNEL_BREAKER_OPEN;
    if (entry->cases_checked == 0 && !is_open) {
        return;
    }
    (void)snprintf(id, sizeof id, "selfcheck-%.52s", entry->row->id);
    json_t *check = assay_json_add_object(b, checks);
    assay_json_put_text(b, check, "id", id);
    assay_json_put_text(b, check, "rule", "output_reference@1");
    assay_json_put_int(b, check, "n", entry->cases_checked > 0 ? (int)entry->cases_checked : 1);
    assay_json_put_int(b, assay_json_put_object(b, check, "data"), "failures", is_open ? 1 : 0);
}

/* ---- operations a second ---------------------------------------------------------------------------------------- */

#define OPS_STEPS 50000 /* some 0.1 ms of a 256-bit unit */
#define TRIALS 3        /* the best of so many is the rate of one pass: an interrupt is no limit */

static bool has_probe(const struct counted_ops_probes *probes, const char *isa)
{
    for (size_t i = 0; i < probes->count; i++) {
        if (strcmp(probes->items[i].isa, isa) == 0) {
            return true;
        }
    }
    return false;
}

static assay_code open_one(struct counted_ops_probes *probes, struct assay_kernel_set *set,
                           const struct assay_kernel_operation *op, size_t row, assay_err *err)
{
    const struct assay_kernel_shape shape = {OPS_STEPS, 1, 1, 1};
    struct counted_ops *probe = &probes->items[probes->count];
    *probe = (struct counted_ops){.isa = assay_kernel_isa(assay_kernel_set_row(set, row).row)};
    assay_code rc = assay_kernel_set_pin(set, row, &probe->kernel, err);
    rc = rc == ASSAY_OK ? assay_kernel_data_init(&probe->data, op, &shape, err) : rc;
    if (rc == ASSAY_OK) {
        assay_kernel_data_fill(&probe->data, assay_kernel_case_find(op, NULL));
        probes->count++;
    }
    return rc;
}

static assay_code open_used(struct counted_ops_probes *probes, struct assay_kernel_set *set,
                            const struct assay_kernel_operation *op, const char *const *isas, size_t isas_count,
                            assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 1; i < op->rows_count && rc == ASSAY_OK; i++) {
        size_t row = assay_kernel_set_index(set, op->rows[i]->id);
        const char *isa = assay_kernel_isa(op->rows[i]);
        bool is_used = false;
        for (size_t k = 0; k < isas_count; k++) {
            is_used |= strcmp(isas[k], isa) == 0;
        }
        bool is_usable = assay_kernel_set_row(set, row).state == ASSAY_KERNEL_USABLE;
        if (is_used && is_usable && !has_probe(probes, isa) && probes->count < COUNTED_OPS_MAX) {
            rc = open_one(probes, set, op, row, err);
        }
    }
    return rc;
}

assay_code counted_ops_open(struct counted_ops_probes *probes, struct assay_kernel_set *set, const char *const *isas,
                            size_t isas_count, assay_err *err)
{
    /* Each instruction set has its fastest arithmetic in the first of these that it has. */
    static const char *const FORMATS[] = {"sums", "i8", "dot4", "tile"};
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0] && rc == ASSAY_OK; i++) {
        rc = open_used(probes, set, assay_kernel_set_find(set, "limit_ops", FORMATS[i]), isas, isas_count, err);
    }
    return rc;
}

void counted_ops_close(struct counted_ops_probes *probes)
{
    for (size_t i = 0; i < probes->count; i++) {
        assay_kernel_data_done(&probes->items[i].data);
    }
    probes->count = 0;
}

static void pass_one(struct counted_ops *probe, struct assay_kernel_counters *counters, size_t threads)
{
    struct assay_kernel_total before, after;
    size_t row = assay_kernel_row_in_force(probe->kernel);
    double best = 0;
    for (int i = 0; i < TRIALS; i++) {
        assay_kernel_counters_sum(counters, row, &before);
        assay_kernel_dispatch(probe->kernel, assay_kernel_counters_thread(counters, 0), &probe->data.call);
        assay_kernel_counters_sum(counters, row, &after);
        double ns = (double)(after.ns - before.ns), rate = ns > 0 ? (double)(after.ops - before.ops) * 1e9 / ns : 0;
        best = rate > best ? rate : best;
    }
    best *= (double)threads;
    probe->highest = best > probe->highest ? best : probe->highest;
    probe->lowest = probe->lowest == 0 || best < probe->lowest ? best : probe->lowest;
}

void counted_ops_pass(struct counted_ops_probes *probes, struct assay_kernel_counters *counters, size_t threads)
{
    for (size_t i = 0; i < probes->count; i++) {
        pass_one(&probes->items[i], counters, threads);
    }
}

void counted_ops_put(struct assay_json_builder *b, json_t *data, const struct counted_ops_probes *probes)
{
    for (size_t i = 0; i < probes->count; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "opsHighest.%s", probes->items[i].isa);
        assay_json_put_dec(b, data, name, probes->items[i].highest);
        (void)snprintf(name, sizeof name, "opsLowest.%s", probes->items[i].isa);
        assay_json_put_dec(b, data, name, probes->items[i].lowest);
    }
}
