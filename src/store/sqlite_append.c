#include "store/sqlite.h"

#include <assert.h>

static assay_code prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, assay_err *err)
{
    int status = sqlite3_prepare_v2(db, sql, -1, ret, NULL);
    return status == SQLITE_OK ? ASSAY_OK : assay_sqlite_fail(db, status, "history", err);
}

static void bind_texts(sqlite3_stmt *statement, const char *const *texts, int count)
{
    for (int i = 0; i < count; i++) {
        sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
    }
}

static assay_code step_done(sqlite3 *db, sqlite3_stmt *statement, assay_err *err)
{
    int status = sqlite3_step(statement);
    return status == SQLITE_DONE ? ASSAY_OK : assay_sqlite_fail(db, status, "append", err);
}

/* *ret_id = 0: the digest is there already. */
static assay_code entry_insert(sqlite3 *db, const struct assay_store_new *entry, int64_t *ret_id, assay_err *err)
{
    const char *const texts[] = {entry->digest,     entry->document, entry->outcome, entry->invalid,      entry->run_id,
                                 entry->started_at, entry->workload, entry->model,   entry->compute_path, entry->host,
                                 entry->host_class, entry->branch,   entry->commit,  entry->dir};
    const int texts_count = sizeof texts / sizeof texts[0];
    sqlite3_stmt *statement = NULL;
    assay_code rc = prepare(db,
                            "INSERT INTO entry(digest, document, outcome, invalid, run_id, started_at, workload, model,"
                            " compute_path, host, host_class, branch, commit_id, dir, ok, count)"
                            " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(digest) DO NOTHING",
                            &statement, err);
    if (rc == ASSAY_OK) {
        bind_texts(statement, texts, texts_count);
        sqlite3_bind_int64(statement, texts_count + 1, (sqlite3_int64)entry->ok);
        sqlite3_bind_int64(statement, texts_count + 2, (sqlite3_int64)entry->count);
        rc = step_done(db, statement, err);
    }
    if (rc == ASSAY_OK) {
        *ret_id = sqlite3_changes(db) == 1 ? sqlite3_last_insert_rowid(db) : 0;
    }
    sqlite3_finalize(statement);
    return rc;
}

static assay_code series_insert(sqlite3 *db, sqlite3_stmt *insert, const struct assay_store_new *entry,
                                const struct assay_store_new_point *point, assay_err *err)
{
    const char *const texts[] = {
        point->key,        point->label,      entry->workload,        point->metric, point->unit, point->direction,
        point->set_sha256, entry->host_class, point->settings_sha256, entry->branch, point->model};
    sqlite3_reset(insert);
    bind_texts(insert, texts, sizeof texts / sizeof texts[0]);
    return step_done(db, insert, err);
}

static assay_code point_insert(sqlite3 *db, sqlite3_stmt *insert, int64_t entry_id,
                               const struct assay_store_new_point *point, assay_err *err)
{
    sqlite3_reset(insert);
    sqlite3_clear_bindings(insert);
    sqlite3_bind_text(insert, 1, point->key, -1, SQLITE_STATIC);
    sqlite3_bind_int64(insert, 2, entry_id);
    sqlite3_bind_text(insert, 3, point->arm, -1, SQLITE_STATIC);
    if (point->absent != NULL) {
        sqlite3_bind_text(insert, 8, point->absent, -1, SQLITE_STATIC);
    } else {
        sqlite3_bind_double(insert, 4, point->value);
    }
    if (point->has_bounds) {
        sqlite3_bind_double(insert, 5, point->lower);
        sqlite3_bind_double(insert, 6, point->upper);
    }
    sqlite3_bind_int64(insert, 7, (sqlite3_int64)point->n);
    return step_done(db, insert, err);
}

static assay_code points_insert(sqlite3 *db, int64_t entry_id, const struct assay_store_new *entry, assay_err *err)
{
    sqlite3_stmt *series = NULL, *point = NULL;
    assay_code rc =
        prepare(db,
                "INSERT INTO series(key, label, workload, metric, unit, direction, set_sha256, host_class,"
                " settings_sha256, branch, model) VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(key) DO NOTHING",
                &series, err);
    if (rc == ASSAY_OK) {
        rc = prepare(db,
                     "INSERT INTO point(series_id, entry_id, arm, value, lower, upper, n, absent)"
                     " VALUES((SELECT id FROM series WHERE key = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                     &point, err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < entry->points_count; i++) {
        rc = series_insert(db, series, entry, &entry->points[i], err);
        rc = rc == ASSAY_OK ? point_insert(db, point, entry_id, &entry->points[i], err) : rc;
    }
    sqlite3_finalize(series);
    sqlite3_finalize(point);
    return rc;
}

assay_code assay_sqlite_append(void *state, const struct assay_store_new *entry, bool *ret_is_new, assay_err *err)
{
    assert(state && entry && ret_is_new);
    sqlite3 *db = ((struct assay_sqlite *)state)->db;
    int64_t id = 0;
    /* IMMEDIATE takes the writer's lock at once, so two appends wait for each other and cannot deadlock. */
    assay_code rc = assay_sqlite_run(db, "BEGIN IMMEDIATE", err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = entry_insert(db, entry, &id, err);
    if (rc == ASSAY_OK && id != 0) {
        rc = points_insert(db, id, entry, err);
    }
    rc = rc == ASSAY_OK ? assay_sqlite_run(db, "COMMIT", err) : rc;
    if (rc != ASSAY_OK) {
        assay_sqlite_run(db, "ROLLBACK", NULL);
        return rc;
    }
    *ret_is_new = id != 0;
    return ASSAY_OK;
}
