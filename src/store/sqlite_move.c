/* From schema 1, with a row a point, to schema 2, with points packed. Part of the migration's transaction. */
#include "store/sqlite.h"

#include "crypto/crypto.h"

#include <string.h>

#define KEY_BYTES_MAX 65536 /* what made a series of schema 1: six short texts */

static const char *text_of(sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    return text != NULL ? text : "";
}

/* Columns: id, metric, unit, direction, label, workload, model, set_sha256, host_class, settings_sha256, branch. */
static assay_code series_move(sqlite3 *db, sqlite3_stmt *old, assay_err *err)
{
    struct assay_store_new entry = {.workload = text_of(old, 5), .branch = text_of(old, 10)};
    struct assay_store_new_context context = {.label = text_of(old, 4),
                                              .model = text_of(old, 6),
                                              .set_sha256 = text_of(old, 7),
                                              .settings_sha256 = text_of(old, 9)};
    struct assay_buf key;
    struct assay_digest digest;
    sqlite3_stmt *insert = NULL;
    int64_t context_id;
    const char *host_class = text_of(old, 8);
    size_t host_class_len = strnlen(host_class, sizeof entry.host_class - 1);
    memcpy(entry.host_class, host_class, host_class_len);
    assay_buf_init(&key, KEY_BYTES_MAX);
    assay_buf_printf(&key, "%s\n%s\n%s\n%s\n%s", entry.workload, context.set_sha256, entry.host_class,
                     context.settings_sha256, entry.branch);
    assay_code rc = assay_buf_check(&key, err);
    if (rc == ASSAY_OK) {
        assay_sha256_of(key.data, key.len, &digest);
        memcpy(context.key, digest.bytes, sizeof context.key);
        rc = assay_sqlite_context(db, &entry, &context, &context_id, err);
    }
    rc = rc == ASSAY_OK ? assay_sqlite_prepare(db,
                                               "INSERT INTO series(context_id, metric, unit, direction, id)"
                                               " VALUES(?,?,?,?,?)",
                                               &insert, err)
                        : rc;
    if (rc == ASSAY_OK) {
        sqlite3_bind_int64(insert, 1, context_id);
        for (int i = 1; i <= 3; i++) {
            sqlite3_bind_text(insert, i + 1, text_of(old, i), -1, SQLITE_TRANSIENT);
        }
        sqlite3_bind_int64(insert, 5, sqlite3_column_int64(old, 0));
        rc = assay_sqlite_done(db, insert, err);
    }
    sqlite3_finalize(insert);
    assay_buf_done(&key);
    return rc;
}

static assay_code all_series_move(sqlite3 *db, assay_err *err)
{
    sqlite3_stmt *old = NULL;
    int status = SQLITE_DONE;
    assay_code rc = assay_sqlite_prepare(db,
                                         "SELECT id, metric, unit, direction, label, workload, model, set_sha256,"
                                         " host_class, settings_sha256, branch FROM series_1 ORDER BY id",
                                         &old, err);
    while (rc == ASSAY_OK && (status = sqlite3_step(old)) == SQLITE_ROW) {
        rc = series_move(db, old, err);
    }
    if (rc == ASSAY_OK && status != SQLITE_DONE) {
        rc = assay_sqlite_fail(db, status, "migration", err);
    }
    sqlite3_finalize(old);
    return rc;
}

/* Columns: series_id, entry_id, arm, value, lower, upper, n, absent. */
static assay_code value_read(sqlite3 *db, sqlite3_stmt *old, struct assay_store_value *ret, assay_err *err)
{
    bool has_value = sqlite3_column_type(old, 3) != SQLITE_NULL;
    *ret = (struct assay_store_value){.entry_id = sqlite3_column_int64(old, 1),
                                      .value = sqlite3_column_double(old, 3),
                                      .lower = sqlite3_column_double(old, 4),
                                      .upper = sqlite3_column_double(old, 5),
                                      .has_bounds = has_value && sqlite3_column_type(old, 4) != SQLITE_NULL,
                                      .n = (uint64_t)sqlite3_column_int64(old, 6)};
    assay_code rc = assay_sqlite_word_id(db, text_of(old, 2), &ret->arm, err);
    return rc == ASSAY_OK && !has_value ? assay_sqlite_word_id(db, text_of(old, 7), &ret->absent, err) : rc;
}

static assay_code points_move(sqlite3 *db, sqlite3_stmt *old, struct assay_store_values *values, assay_err *err)
{
    int64_t series_id = 0;
    assay_code rc = ASSAY_OK;
    for (;;) {
        int status = sqlite3_step(old);
        int64_t next = status == SQLITE_ROW ? sqlite3_column_int64(old, 0) : 0;
        if (status != SQLITE_ROW && status != SQLITE_DONE) {
            return assay_sqlite_fail(db, status, "migration", err);
        }
        if (next != series_id && values->count > 0) {
            rc = assay_sqlite_block_add(db, series_id, values->data, values->count, err);
            values->count = 0;
        }
        if (rc != ASSAY_OK || status == SQLITE_DONE) {
            return rc;
        }
        series_id = next;
        rc = assay_store_values_reserve(values, 1, err);
        rc = rc == ASSAY_OK ? value_read(db, old, &values->data[values->count], err) : rc;
        if (rc != ASSAY_OK) {
            return rc;
        }
        values->count++;
    }
}

assay_code assay_sqlite_move_points(sqlite3 *db, assay_err *err)
{
    sqlite3_stmt *old = NULL;
    struct assay_store_values values = {0};
    assay_code rc = all_series_move(db, err);
    rc = rc == ASSAY_OK ? assay_sqlite_prepare(db,
                                               "SELECT series_id, entry_id, arm, value, lower, upper, n, absent"
                                               " FROM point ORDER BY series_id, entry_id, arm",
                                               &old, err)
                        : rc;
    rc = rc == ASSAY_OK ? points_move(db, old, &values, err) : rc;
    sqlite3_finalize(old);
    assay_store_values_done(&values);
    return rc;
}
