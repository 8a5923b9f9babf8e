#include "store/block.h"
#include "store/sqlite.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define METRIC_BYTES_MAX 128 /* names are ids with a statistic; a receipt's are shorter than 64 */

static void bind_texts(sqlite3_stmt *statement, const char *const *texts, int count)
{
    for (int i = 0; i < count; i++) {
        sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
    }
}

/* *ret_id = 0: the digest is there already. */
static assay_code entry_insert(sqlite3 *db, const struct assay_store_new *entry, int64_t *ret_id, assay_err *err)
{
    const char *const texts[] = {entry->digest,     entry->document, entry->outcome, entry->invalid,      entry->run_id,
                                 entry->started_at, entry->workload, entry->model,   entry->compute_path, entry->host,
                                 entry->host_class, entry->branch,   entry->commit,  entry->dir};
    const int texts_count = sizeof texts / sizeof texts[0];
    sqlite3_stmt *statement = NULL;
    assay_code rc = assay_sqlite_prepare(
        db,
        "INSERT INTO entry(digest, document, outcome, invalid, run_id, started_at, workload, model,"
        " compute_path, host, host_class, branch, commit_id, dir, ok, count, commit_order, commit_time)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(digest) DO NOTHING",
        &statement, err);
    if (rc == ASSAY_OK) {
        bind_texts(statement, texts, texts_count);
        sqlite3_bind_int64(statement, texts_count + 1, (sqlite3_int64)entry->ok);
        sqlite3_bind_int64(statement, texts_count + 2, (sqlite3_int64)entry->count);
        if (entry->has_commit_order) {
            sqlite3_bind_int64(statement, texts_count + 3, (sqlite3_int64)entry->commit_order);
            sqlite3_bind_int64(statement, texts_count + 4, entry->commit_time_s);
        }
        rc = assay_sqlite_done(db, statement, err);
    }
    if (rc == ASSAY_OK) {
        *ret_id = sqlite3_changes(db) == 1 ? sqlite3_last_insert_rowid(db) : 0;
    }
    sqlite3_finalize(statement);
    return rc;
}

/* A branch that was rebased, or took its parent in, begins anew where it does now. */
static assay_code branch_put(sqlite3 *db, const struct assay_store_new *entry, assay_err *err)
{
    if (entry->parent == NULL || entry->merge_base == NULL || entry->branch[0] == '\0') {
        return ASSAY_OK;
    }
    const char *const texts[] = {entry->branch, entry->parent, entry->merge_base};
    sqlite3_stmt *statement = NULL;
    assay_code rc = assay_sqlite_prepare(db,
                                         "INSERT INTO branch(name, parent, merge_base) VALUES(?,?,?) ON CONFLICT(name)"
                                         " DO UPDATE SET parent = excluded.parent, merge_base = excluded.merge_base",
                                         &statement, err);
    if (rc == ASSAY_OK) {
        bind_texts(statement, texts, 3);
        rc = assay_sqlite_done(db, statement, err);
    }
    sqlite3_finalize(statement);
    return rc;
}

/* ---- ids -------------------------------------------------------------------------------------------------------- */

/* Runs a SELECT of one id; 0 = there is none. */
static assay_code id_read(sqlite3 *db, sqlite3_stmt *statement, int64_t *ret_id, assay_err *err)
{
    int status = sqlite3_step(statement);
    *ret_id = status == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
    return status == SQLITE_ROW || status == SQLITE_DONE ? ASSAY_OK : assay_sqlite_fail(db, status, "history", err);
}

static assay_code context_find(sqlite3 *db, const struct assay_store_new_context *context, int64_t *ret_id,
                               assay_err *err)
{
    sqlite3_stmt *statement = NULL;
    assay_code rc = assay_sqlite_prepare(db, "SELECT id FROM context WHERE key = ?", &statement, err);
    if (rc == ASSAY_OK) {
        sqlite3_bind_blob(statement, 1, context->key, sizeof context->key, SQLITE_STATIC);
        rc = id_read(db, statement, ret_id, err);
    }
    sqlite3_finalize(statement);
    return rc;
}

assay_code assay_sqlite_context(sqlite3 *db, const struct assay_store_new *entry,
                                const struct assay_store_new_context *context, int64_t *ret_id, assay_err *err)
{
    const char *const texts[] = {context->label,    entry->workload,          context->model, context->set_sha256,
                                 entry->host_class, context->settings_sha256, entry->branch};
    sqlite3_stmt *statement = NULL;
    assay_code rc = context_find(db, context, ret_id, err);
    if (rc != ASSAY_OK || *ret_id != 0) {
        return rc;
    }
    rc = assay_sqlite_prepare(db,
                              "INSERT INTO context(label, workload, model, set_sha256, host_class, settings_sha256,"
                              " branch, key) VALUES(?,?,?,?,?,?,?,?)",
                              &statement, err);
    if (rc == ASSAY_OK) {
        bind_texts(statement, texts, 7);
        sqlite3_bind_blob(statement, 8, context->key, sizeof context->key, SQLITE_STATIC);
        rc = assay_sqlite_done(db, statement, err);
    }
    *ret_id = rc == ASSAY_OK ? sqlite3_last_insert_rowid(db) : 0;
    sqlite3_finalize(statement);
    return rc;
}

assay_code assay_sqlite_word_id(sqlite3 *db, const char *text, uint32_t *ret_id, assay_err *err)
{
    sqlite3_stmt *find = NULL, *insert = NULL;
    int64_t id = 0;
    if (text == NULL || text[0] == '\0') {
        *ret_id = 0;
        return ASSAY_OK;
    }
    assay_code rc = assay_sqlite_prepare(db, "SELECT id FROM word WHERE text = ?", &find, err);
    if (rc == ASSAY_OK) {
        bind_texts(find, &text, 1);
        rc = id_read(db, find, &id, err);
    }
    if (rc == ASSAY_OK && id == 0) {
        rc = assay_sqlite_prepare(db, "INSERT INTO word(text) VALUES(?)", &insert, err);
        if (rc == ASSAY_OK) {
            bind_texts(insert, &text, 1);
            rc = assay_sqlite_done(db, insert, err);
            id = sqlite3_last_insert_rowid(db);
        }
    }
    sqlite3_finalize(find);
    sqlite3_finalize(insert);
    if (rc == ASSAY_OK && (id < 0 || id > UINT32_MAX)) {
        return assay_fail(err, ASSAY_MALFORMED, "word %lld: ids of words are 32 bits", (long long)id);
    }
    *ret_id = (uint32_t)id;
    return rc;
}

/* ---- the batch of a run ----------------------------------------------------------------------------------------- */

/* A point on its way into the batch. */
struct slot {
    int64_t series_id;
    size_t point; /* index, which also keeps equal series in order */
};

struct batch {
    struct slot *slots;
    int64_t *series;
    struct assay_store_value *values;
    const char *word_text; /* the last one that was looked up: arms and reasons repeat */
    uint32_t word_id;
    sqlite3_stmt *find, *insert;
};

static int slot_order(const void *left, const void *right)
{
    const struct slot *a = left, *b = right;
    if (a->series_id != b->series_id) {
        return a->series_id < b->series_id ? -1 : 1;
    }
    return a->point < b->point ? -1 : a->point > b->point;
}

static assay_code batch_init(struct batch *batch, sqlite3 *db, size_t count, assay_err *err)
{
    *batch = (struct batch){.slots = assay_alloc(count, sizeof *batch->slots),
                            .series = assay_alloc(count, sizeof *batch->series),
                            .values = assay_alloc(count, sizeof *batch->values)};
    if (batch->slots == NULL || batch->series == NULL || batch->values == NULL) {
        return assay_nomem(err);
    }
    assay_code rc =
        assay_sqlite_prepare(db, "SELECT id FROM series WHERE context_id = ? AND metric = ?", &batch->find, err);
    return rc == ASSAY_OK ? assay_sqlite_prepare(db,
                                                 "INSERT INTO series(context_id, metric, unit, direction)"
                                                 " VALUES(?,?,?,?)",
                                                 &batch->insert, err)
                          : rc;
}

static void batch_done(struct batch *batch)
{
    assay_free(batch->slots);
    assay_free(batch->series);
    assay_free(batch->values);
    sqlite3_finalize(batch->find);
    sqlite3_finalize(batch->insert);
}

static assay_code series_id(sqlite3 *db, struct batch *batch, int64_t context_id,
                            const struct assay_store_new_point *point, int64_t *ret_id, assay_err *err)
{
    sqlite3_reset(batch->find);
    sqlite3_bind_int64(batch->find, 1, context_id);
    sqlite3_bind_text(batch->find, 2, point->metric, -1, SQLITE_STATIC);
    assay_code rc = id_read(db, batch->find, ret_id, err);
    if (rc != ASSAY_OK || *ret_id != 0) {
        return rc;
    }
    const char *const texts[] = {point->metric, point->unit, point->direction};
    sqlite3_reset(batch->insert);
    sqlite3_bind_int64(batch->insert, 1, context_id);
    for (int i = 0; i < 3; i++) {
        sqlite3_bind_text(batch->insert, i + 2, texts[i], -1, SQLITE_STATIC);
    }
    rc = assay_sqlite_done(db, batch->insert, err);
    *ret_id = sqlite3_last_insert_rowid(db);
    return rc;
}

static assay_code word_id(sqlite3 *db, struct batch *batch, const char *text, uint32_t *ret, assay_err *err)
{
    if (text == NULL) {
        *ret = 0;
        return ASSAY_OK;
    }
    if (batch->word_text == NULL || strcmp(batch->word_text, text) != 0) {
        assay_code rc = assay_sqlite_word_id(db, text, &batch->word_id, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        batch->word_text = text;
    }
    *ret = batch->word_id;
    return ASSAY_OK;
}

static assay_code value_fill(sqlite3 *db, struct batch *batch, const struct assay_store_new_point *point,
                             struct assay_store_value *ret, assay_err *err)
{
    *ret = (struct assay_store_value){.value = point->absent == NULL ? point->value : 0.0,
                                      .n = point->n,
                                      .has_bounds = point->has_bounds && point->absent == NULL};
    ret->lower = ret->has_bounds ? point->lower : 0.0;
    ret->upper = ret->has_bounds ? point->upper : 0.0;
    assay_code rc = word_id(db, batch, point->absent, &ret->absent, err);
    return rc == ASSAY_OK ? word_id(db, batch, point->arm, &ret->arm, err) : rc;
}

static assay_code slots_fill(sqlite3 *db, struct batch *batch, const struct assay_store_new *entry, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    int64_t context_id = 0;
    size_t context = SIZE_MAX;
    for (size_t i = 0; rc == ASSAY_OK && i < entry->points_count; i++) {
        const struct assay_store_new_point *point = &entry->points[i];
        if (point->context != context) {
            context = point->context;
            rc = assay_sqlite_context(db, entry, &entry->contexts[context], &context_id, err);
        }
        batch->slots[i].point = i;
        rc = rc == ASSAY_OK ? series_id(db, batch, context_id, point, &batch->slots[i].series_id, err) : rc;
    }
    return rc;
}

static assay_code tail_put(sqlite3 *db, int64_t entry_id, const struct assay_buf *points, assay_err *err)
{
    sqlite3_stmt *statement = NULL;
    assay_code rc = assay_sqlite_prepare(db, "INSERT INTO tail(entry_id, points) VALUES(?,?)", &statement, err);
    if (rc == ASSAY_OK) {
        sqlite3_bind_int64(statement, 1, entry_id);
        sqlite3_bind_blob64(statement, 2, points->data, points->len, SQLITE_STATIC);
        rc = assay_sqlite_done(db, statement, err);
    }
    sqlite3_finalize(statement);
    return rc;
}

static assay_code points_put(sqlite3 *db, int64_t entry_id, const struct assay_store_new *entry, assay_err *err)
{
    struct batch batch;
    struct assay_buf bytes;
    size_t count = entry->points_count;
    assay_buf_init(&bytes, ASSAY_TAIL_BYTES_MAX);
    assay_code rc = batch_init(&batch, db, count, err);
    rc = rc == ASSAY_OK ? slots_fill(db, &batch, entry, err) : rc;
    if (rc == ASSAY_OK) {
        qsort(batch.slots, count, sizeof *batch.slots, slot_order);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        batch.series[i] = batch.slots[i].series_id;
        rc = value_fill(db, &batch, &entry->points[batch.slots[i].point], &batch.values[i], err);
        batch.values[i].entry_id = entry_id;
    }
    if (rc == ASSAY_OK) {
        assay_batch_write(batch.series, batch.values, count, &bytes);
        rc = assay_buf_check(&bytes, err);
    }
    rc = rc == ASSAY_OK ? tail_put(db, entry_id, &bytes, err) : rc;
    batch_done(&batch);
    assay_buf_done(&bytes);
    return rc;
}

/* ---- the whole -------------------------------------------------------------------------------------------------- */

static assay_code entry_append(sqlite3 *db, const struct assay_store_new *entry, bool *ret_is_new, assay_err *err)
{
    int64_t id = 0;
    assay_code rc = entry_insert(db, entry, &id, err);
    *ret_is_new = id != 0;
    if (rc != ASSAY_OK || id == 0) {
        return rc;
    }
    rc = branch_put(db, entry, err);
    return rc == ASSAY_OK && entry->points_count > 0 ? points_put(db, id, entry, err) : rc;
}

/* Whether the tail is so long that it has to become blocks. */
static assay_code tail_is_full(sqlite3 *db, bool *ret, assay_err *err)
{
    sqlite3_stmt *statement = NULL;
    assay_code rc = assay_sqlite_prepare(db, "SELECT count(*), sum(length(points)) FROM tail", &statement, err);
    if (rc == ASSAY_OK) {
        int status = sqlite3_step(statement);
        rc = status == SQLITE_ROW ? ASSAY_OK : assay_sqlite_fail(db, status, "history", err);
        *ret = status == SQLITE_ROW && (sqlite3_column_int64(statement, 0) >= ASSAY_TAIL_RUNS_MAX ||
                                        sqlite3_column_int64(statement, 1) >= ASSAY_TAIL_BYTES_MAX);
    }
    sqlite3_finalize(statement);
    return rc;
}

static assay_code append_locked(struct assay_sqlite *self, const struct assay_store_new *entries, size_t count,
                                size_t *ret_new, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        bool is_new = false, is_full = false;
        rc = entry_append(self->db, &entries[i], &is_new, err);
        *ret_new += is_new;
        self->own_writes++;
        rc = rc == ASSAY_OK ? tail_is_full(self->db, &is_full, err) : rc;
        rc = rc == ASSAY_OK && is_full ? assay_sqlite_pack(self, err) : rc;
    }
    return rc;
}

assay_code assay_sqlite_append(void *state, const struct assay_store_new *entries, size_t count, size_t *ret_new,
                               assay_err *err)
{
    assert(state && (entries || count == 0) && ret_new);
    struct assay_sqlite *self = state;
    /* IMMEDIATE takes the writer's lock at once, so two appends wait for each other and cannot deadlock. */
    assay_code rc = assay_sqlite_run(self->db, "BEGIN IMMEDIATE", err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    *ret_new = 0;
    rc = append_locked(self, entries, count, ret_new, err);
    rc = rc == ASSAY_OK ? assay_sqlite_run(self->db, "COMMIT", err) : rc;
    self->own_writes++; /* whatever was read of the tail meanwhile may be gone */
    if (rc != ASSAY_OK) {
        assay_sqlite_run(self->db, "ROLLBACK", NULL);
    }
    return rc;
}
