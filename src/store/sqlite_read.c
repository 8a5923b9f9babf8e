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
                                        .count = count_column(reader, 15)};
}

static void point_read(struct reader *reader, void *row)
{
    struct assay_store_point *point = row;
    sqlite3_stmt *statement = reader->statement;
    *point = (struct assay_store_point){.series_id = sqlite3_column_int64(statement, 0),
                                        .entry_id = sqlite3_column_int64(statement, 1),
                                        .series = text_column(reader, 2),
                                        .metric = text_column(reader, 3),
                                        .unit = text_column(reader, 4),
                                        .direction = text_column(reader, 5),
                                        .arm = text_column(reader, 6),
                                        .model = text_column(reader, 7),
                                        .started_at = text_column(reader, 8),
                                        .commit = text_column(reader, 9),
                                        .digest = text_column(reader, 10),
                                        .compute_path = text_column(reader, 11),
                                        .invalid = text_column(reader, 12),
                                        .absent = text_column(reader, 13),
                                        .value = sqlite3_column_double(statement, 14),
                                        .lower = sqlite3_column_double(statement, 15),
                                        .upper = sqlite3_column_double(statement, 16),
                                        .has_bounds = sqlite3_column_type(statement, 15) != SQLITE_NULL,
                                        .n = count_column(reader, 17)};
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

/* Reads newest first, so that a limit keeps the newest, and hands over oldest first. */
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

assay_code assay_sqlite_entries(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                                struct assay_store_entry **ret, size_t *ret_count, assay_err *err)
{
    static const char SQL[] =
        "SELECT id, digest, document, outcome, invalid, run_id, started_at, workload, model, compute_path, host, "
        "branch,"
        " commit_id, dir, ok, count FROM entry"
        " WHERE (?1 IS NULL OR model = ?1) AND (?3 IS NULL OR workload = ?3) AND (?4 IS NULL OR branch = ?4)"
        " AND ?2 IS ?2 ORDER BY id DESC LIMIT ?5";
    assert(state && query && arena && ret && ret_count);
    struct rows rows = {.row_bytes = sizeof(struct assay_store_entry)};
    void *data = NULL;
    assay_code rc = rows_read(((struct assay_sqlite *)state)->db, SQL, query, entry_read, &rows, arena, err);
    rc = rc == ASSAY_OK ? rows_give(&rows, arena, &data, ret_count, err) : rc;
    if (rc == ASSAY_OK) {
        *ret = data;
    }
    assay_free(rows.data);
    return rc;
}

assay_code assay_sqlite_series(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                               struct assay_store_point **ret, size_t *ret_count, assay_err *err)
{
    static const char SQL[] =
        "SELECT * FROM (SELECT s.id AS series_id, e.id AS entry_id, s.label, s.metric, s.unit, s.direction, p.arm AS "
        "arm,"
        " s.model, e.started_at, e.commit_id, e.digest, e.compute_path, e.invalid, p.absent, p.value, p.lower, p.upper,"
        " p.n"
        " FROM point p JOIN series s ON s.id = p.series_id JOIN entry e ON e.id = p.entry_id"
        " WHERE (?1 IS NULL OR s.model = ?1) AND s.metric = ?2 AND (?3 IS NULL OR s.workload = ?3)"
        " AND (?4 IS NULL OR s.branch = ?4) ORDER BY e.id DESC LIMIT ?5)"
        " ORDER BY series_id DESC, entry_id DESC, arm DESC";
    assert(state && query && arena && ret && ret_count);
    struct rows rows = {.row_bytes = sizeof(struct assay_store_point)};
    void *data = NULL;
    assay_code rc = rows_read(((struct assay_sqlite *)state)->db, SQL, query, point_read, &rows, arena, err);
    rc = rc == ASSAY_OK ? rows_give(&rows, arena, &data, ret_count, err) : rc;
    if (rc == ASSAY_OK) {
        *ret = data;
    }
    assay_free(rows.data);
    return rc;
}
