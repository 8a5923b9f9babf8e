#include "store/sqlite.h"

#include <assert.h>
#include <string.h>

#define ROWS_START 64 /* most histories of one model fit; doubled from there */

/* Rows of either kind, grown by doubling and moved into the arena at the end. */
struct rows {
    char *data;
    size_t count, capacity, row_bytes;
};

static void *rows_next(struct rows *rows)
{
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity == 0 ? ROWS_START : 2 * rows->capacity;
        char *data = assay_realloc(rows->data, capacity, rows->row_bytes);
        if (data == NULL) {
            return NULL;
        }
        rows->data = data;
        rows->capacity = capacity;
    }
    void *row = rows->data + rows->count++ * rows->row_bytes;
    memset(row, 0, rows->row_bytes);
    return row;
}

struct reader {
    sqlite3_stmt *statement;
    struct assay_arena *arena;
    bool is_short; /* of memory */
};

/* A text column; NULL stays NULL. */
static const char *text_column(struct reader *reader, int column)
{
    const char *text = (const char *)sqlite3_column_text(reader->statement, column);
    if (text == NULL) {
        return NULL;
    }
    char *copy = assay_arena_text(reader->arena, text, (size_t)sqlite3_column_bytes(reader->statement, column));
    reader->is_short |= copy == NULL;
    return copy;
}

static uint64_t count_column(const struct reader *reader, int column)
{
    sqlite3_int64 value = sqlite3_column_int64(reader->statement, column);
    return value > 0 ? (uint64_t)value : 0;
}

static void entry_read(struct reader *reader, void *row)
{
    struct assay_store_entry *entry = row;
    *entry = (struct assay_store_entry){.id = sqlite3_column_int64(reader->statement, 0),
                                        .digest = text_column(reader, 1),
                                        .document = text_column(reader, 2),
                                        .outcome = text_column(reader, 3),
                                        .invalid = text_column(reader, 4),
                                        .run_id = text_column(reader, 5),
                                        .started_at = text_column(reader, 6),
                                        .workload = text_column(reader, 7),
                                        .model = text_column(reader, 8),
                                        .compute_path = text_column(reader, 9),
                                        .host = text_column(reader, 10),
                                        .branch = text_column(reader, 11),
                                        .commit = text_column(reader, 12),
                                        .dir = text_column(reader, 13),
                                        .ok = count_column(reader, 14),
                                        .count = count_column(reader, 15),
                                        .host_class = text_column(reader, 16),
                                        .has_commit_order = sqlite3_column_type(reader->statement, 17) != SQLITE_NULL,
                                        .commit_order = count_column(reader, 17),
                                        .commit_time_s = sqlite3_column_int64(reader->statement, 18)};
}

static void line_read(struct reader *reader, void *row)
{
    struct assay_store_line *line = row;
    *line = (struct assay_store_line){.id = sqlite3_column_int64(reader->statement, 0),
                                      .context_id = sqlite3_column_int64(reader->statement, 1),
                                      .metric = text_column(reader, 2),
                                      .unit = text_column(reader, 3),
                                      .direction = text_column(reader, 4),
                                      .label = text_column(reader, 5),
                                      .workload = text_column(reader, 6),
                                      .model = text_column(reader, 7),
                                      .branch = text_column(reader, 8),
                                      .host_class = text_column(reader, 9),
                                      .set_sha256 = text_column(reader, 10),
                                      .settings_sha256 = text_column(reader, 11)};
}

static void branch_read(struct reader *reader, void *row)
{
    struct assay_store_branch *branch = row;
    *branch = (struct assay_store_branch){
        .name = text_column(reader, 0), .parent = text_column(reader, 1), .merge_base = text_column(reader, 2)};
}

static void bind_query(sqlite3_stmt *statement, const struct assay_store_query *query)
{
    const char *const texts[] = {query->model, query->metric, query->workload, query->branch};
    for (int i = 0; i < 4; i++) {
        if (texts[i] != NULL) {
            sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
        }
    }
    bool is_limited = query->limit > 0 && query->limit < ASSAY_STORE_ROWS_MAX;
    sqlite3_bind_int64(statement, 5, is_limited ? (sqlite3_int64)query->limit : ASSAY_STORE_ROWS_MAX);
}

/* Rows were read last first. */
static assay_code rows_give(struct rows *rows, struct assay_arena *arena, void **ret, size_t *ret_count, assay_err *err)
{
    char *data = assay_arena_take(arena, rows->count + 1, rows->row_bytes);
    if (data == NULL) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < rows->count; i++) {
        memcpy(data + i * rows->row_bytes, rows->data + (rows->count - 1 - i) * rows->row_bytes, rows->row_bytes);
    }
    *ret = data;
    *ret_count = rows->count;
    return ASSAY_OK;
}

static assay_code rows_read(sqlite3 *db, const char *sql, const struct assay_store_query *query,
                            void (*read)(struct reader *, void *), struct rows *rows, struct assay_arena *arena,
                            assay_err *err)
{
    struct reader reader = {.arena = arena};
    int status = sqlite3_prepare_v2(db, sql, -1, &reader.statement, NULL);
    if (status == SQLITE_OK) {
        bind_query(reader.statement, query);
        while ((status = sqlite3_step(reader.statement)) == SQLITE_ROW && !reader.is_short) {
            void *row = rows_next(rows);
            reader.is_short |= row == NULL;
            if (row != NULL) {
                read(&reader, row);
            }
        }
    }
    sqlite3_finalize(reader.statement);
    if (reader.is_short) {
        return assay_nomem(err);
    }
    return status == SQLITE_DONE ? ASSAY_OK : assay_sqlite_fail(db, status, "history", err);
}

static assay_code rows_all(void *state, const char *sql, const struct assay_store_query *query,
                           void (*read)(struct reader *, void *), size_t row_bytes, struct assay_arena *arena,
                           void **ret, size_t *ret_count, assay_err *err)
{
    assert(state && query && arena && ret && ret_count);
    struct rows rows = {.row_bytes = row_bytes};
    assay_code rc = rows_read(((struct assay_sqlite *)state)->db, sql, query, read, &rows, arena, err);
    rc = rc == ASSAY_OK ? rows_give(&rows, arena, ret, ret_count, err) : rc;
    assay_free(rows.data);
    return rc;
}

/* Newest first, so that a limit keeps the newest. */
#define ENTRY_COLUMNS                                                                                          \
    "SELECT id, digest, document, outcome, invalid, run_id, started_at, workload, model, compute_path, host, " \
    "branch, commit_id, dir, ok, count, host_class, commit_order, commit_time FROM entry"

assay_code assay_sqlite_entries(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                                struct assay_store_entry **ret, size_t *ret_count, assay_err *err)
{
    static const char SQL[] = ENTRY_COLUMNS
        " WHERE (?1 IS NULL OR model = ?1) AND (?3 IS NULL OR workload = ?3) AND (?4 IS NULL OR branch = ?4)"
        " AND ?2 IS ?2 ORDER BY id DESC LIMIT ?5";
    void *data = NULL;
    assay_code rc =
        rows_all(state, SQL, query, entry_read, sizeof(struct assay_store_entry), arena, &data, ret_count, err);
    if (rc == ASSAY_OK) {
        *ret = data;
    }
    return rc;
}

#define LINE_COLUMNS                                                                                    \
    "SELECT s.id, s.context_id, s.metric, s.unit, s.direction, c.label, c.workload, c.model, c.branch," \
    " c.host_class, c.set_sha256, c.settings_sha256"
#define LINE_FILTER                                                                                       \
    " (?1 IS NULL OR c.model = ?1) AND (?3 IS NULL OR c.workload = ?3) AND (?4 IS NULL OR c.branch = ?4)" \
    " ORDER BY s.id DESC LIMIT ?5"

assay_code assay_sqlite_lines(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                              struct assay_store_line **ret, size_t *ret_count, assay_err *err)
{
    /* Two texts, so that the one with a metric goes by its index. */
    static const char OF_METRIC[] =
        LINE_COLUMNS " FROM series s JOIN context c ON c.id = s.context_id WHERE s.metric = ?2 AND" LINE_FILTER;
    static const char OF_ALL[] =
        LINE_COLUMNS " FROM series s JOIN context c ON c.id = s.context_id WHERE ?2 IS ?2 AND" LINE_FILTER;
    struct assay_store_query all = *query;
    void *data = NULL;
    all.limit = 0;
    assay_code rc = rows_all(state, query->metric != NULL ? OF_METRIC : OF_ALL, &all, line_read,
                             sizeof(struct assay_store_line), arena, &data, ret_count, err);
    if (rc == ASSAY_OK) {
        *ret = data;
    }
    return rc;
}

assay_code assay_sqlite_branches(void *state, struct assay_arena *arena, struct assay_store_branch **ret,
                                 size_t *ret_count, assay_err *err)
{
    static const char SQL[] = "SELECT name, parent, merge_base FROM branch WHERE ?1 IS ?1 AND ?2 IS ?2 AND ?3 IS ?3"
                              " AND ?4 IS ?4 ORDER BY name DESC LIMIT ?5";
    void *data = NULL;
    assay_code rc = rows_all(state, SQL, &(struct assay_store_query){0}, branch_read, sizeof(struct assay_store_branch),
                             arena, &data, ret_count, err);
    if (rc == ASSAY_OK) {
        *ret = data;
    }
    return rc;
}

assay_code assay_sqlite_entry(void *state, int64_t id, struct assay_arena *arena, struct assay_store_entry *ret,
                              assay_err *err)
{
    sqlite3 *db = ((struct assay_sqlite *)state)->db;
    struct reader reader = {.arena = arena};
    assay_code rc = assay_sqlite_prepare(db, ENTRY_COLUMNS " WHERE id = ?", &reader.statement, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    sqlite3_bind_int64(reader.statement, 1, id);
    int status = sqlite3_step(reader.statement);
    if (status == SQLITE_ROW) {
        entry_read(&reader, ret);
        rc = reader.is_short ? assay_nomem(err) : ASSAY_OK;
    } else if (status == SQLITE_DONE) {
        rc = assay_fail(err, ASSAY_MALFORMED, "history: a point names entry %lld, which is not there", (long long)id);
    } else {
        rc = assay_sqlite_fail(db, status, "history", err);
    }
    sqlite3_finalize(reader.statement);
    return rc;
}

assay_code assay_sqlite_word(void *state, uint32_t id, struct assay_arena *arena, const char **ret, assay_err *err)
{
    sqlite3 *db = ((struct assay_sqlite *)state)->db;
    struct reader reader = {.arena = arena};
    assay_code rc = assay_sqlite_prepare(db, "SELECT text FROM word WHERE id = ?", &reader.statement, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    sqlite3_bind_int64(reader.statement, 1, id);
    int status = sqlite3_step(reader.statement);
    if (status == SQLITE_ROW) {
        *ret = text_column(&reader, 0);
        rc = *ret == NULL ? assay_nomem(err) : ASSAY_OK;
    } else if (status == SQLITE_DONE) {
        rc = assay_fail(err, ASSAY_MALFORMED, "history: a point names word %u, which is not there", id);
    } else {
        rc = assay_sqlite_fail(db, status, "history", err);
    }
    sqlite3_finalize(reader.statement);
    return rc;
}
