#include "store/sqlite.h"

#include <assert.h>
#include <stdio.h>

#define APPLICATION_ID 0x61737361 /* "assa": tells a history from any other SQLite file */

/* Migration i leads from schema i to schema i + 1. A migration that was released is never edited: changes are appended.
 *
 * Schema 2 (docs/formats/history.md):
 *
 *   entry    one run of any document; its digest is its name
 *   branch   where a branch began
 *   context  what the series of one arm share (statistics.md 5.1); key = SHA-256 of the parts that make a series
 *   series   a metric in a context
 *   word     texts that points name by number: arms, and why there is no value; 0 is ""
 *   tail     the points of a run that came lately, a batch a row
 *   block    older points, of one series each; higher ids are newer
 */
static const struct migration {
    const char *sql;
    assay_code (*move)(sqlite3 *db, assay_err *err); /* what SQL alone cannot; or NULL */
    const char *sql_after;                           /* or NULL */
} MIGRATIONS[] = {
    {"CREATE TABLE entry("
     "  id INTEGER PRIMARY KEY,"
     "  digest TEXT NOT NULL UNIQUE,"
     "  document TEXT NOT NULL, outcome TEXT NOT NULL, invalid TEXT NOT NULL,"
     "  run_id TEXT NOT NULL, started_at TEXT NOT NULL, workload TEXT NOT NULL, model TEXT NOT NULL,"
     "  compute_path TEXT NOT NULL, host TEXT NOT NULL, host_class TEXT NOT NULL,"
     "  branch TEXT NOT NULL, commit_id TEXT NOT NULL, dir TEXT NOT NULL,"
     "  ok INTEGER NOT NULL, count INTEGER NOT NULL);"
     "CREATE INDEX entry_model ON entry(model);"
     "CREATE TABLE series("
     "  id INTEGER PRIMARY KEY,"
     "  key TEXT NOT NULL UNIQUE,"
     "  label TEXT NOT NULL, workload TEXT NOT NULL, metric TEXT NOT NULL, unit TEXT NOT NULL,"
     "  direction TEXT NOT NULL, set_sha256 TEXT NOT NULL, host_class TEXT NOT NULL,"
     "  settings_sha256 TEXT NOT NULL, branch TEXT NOT NULL, model TEXT NOT NULL);"
     "CREATE INDEX series_metric ON series(metric, model);"
     "CREATE TABLE point("
     "  series_id INTEGER NOT NULL REFERENCES series(id),"
     "  entry_id INTEGER NOT NULL REFERENCES entry(id),"
     "  arm TEXT NOT NULL,"
     "  value REAL, lower REAL, upper REAL, n INTEGER NOT NULL, absent TEXT,"
     "  PRIMARY KEY(series_id, entry_id, arm),"
     "  CHECK((value IS NULL) <> (absent IS NULL))"
     ") WITHOUT ROWID;",
     NULL, NULL},
    {"ALTER TABLE entry ADD COLUMN commit_order INTEGER;"
     "ALTER TABLE entry ADD COLUMN commit_time INTEGER;"
     "DROP INDEX series_metric;"
     "ALTER TABLE series RENAME TO series_1;"
     "CREATE TABLE branch(name TEXT PRIMARY KEY, parent TEXT NOT NULL, merge_base TEXT NOT NULL) WITHOUT ROWID;"
     "CREATE TABLE context("
     "  id INTEGER PRIMARY KEY,"
     "  key BLOB NOT NULL UNIQUE,"
     "  label TEXT NOT NULL, workload TEXT NOT NULL, model TEXT NOT NULL, set_sha256 TEXT NOT NULL,"
     "  host_class TEXT NOT NULL, settings_sha256 TEXT NOT NULL, branch TEXT NOT NULL);"
     "CREATE TABLE series("
     "  id INTEGER PRIMARY KEY,"
     "  context_id INTEGER NOT NULL REFERENCES context(id),"
     "  metric TEXT NOT NULL, unit TEXT NOT NULL, direction TEXT NOT NULL);"
     "CREATE UNIQUE INDEX series_of_context ON series(context_id, metric);"
     "CREATE INDEX series_of_metric ON series(metric);"
     "CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
     "INSERT INTO word(id, text) VALUES(0, '');"
     "CREATE TABLE tail(entry_id INTEGER PRIMARY KEY REFERENCES entry(id), points BLOB NOT NULL);"
     "CREATE TABLE block("
     "  id INTEGER PRIMARY KEY, series_id INTEGER NOT NULL REFERENCES series(id), points BLOB NOT NULL);"
     "CREATE INDEX block_of_series ON block(series_id);",
     assay_sqlite_move_points, "DROP TABLE point; DROP TABLE series_1;"},
};
#define MIGRATIONS_COUNT ((int)(sizeof MIGRATIONS / sizeof MIGRATIONS[0]))

int assay_sqlite_schema_version(void)
{
    return MIGRATIONS_COUNT;
}

static assay_code pragma_read(sqlite3 *db, const char *sql, int *ret, assay_err *err)
{
    sqlite3_stmt *statement = NULL;
    int status = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (status == SQLITE_OK) {
        status = sqlite3_step(statement);
    }
    if (status == SQLITE_ROW) {
        *ret = sqlite3_column_int(statement, 0);
    }
    sqlite3_finalize(statement);
    return status == SQLITE_ROW ? ASSAY_OK : assay_sqlite_fail(db, status, "history", err);
}

static assay_code schema_check(sqlite3 *db, int *ret_version, assay_err *err)
{
    int application = 0, tables = 0;
    assay_code rc = pragma_read(db, "PRAGMA user_version", ret_version, err);
    rc = rc == ASSAY_OK ? pragma_read(db, "PRAGMA application_id", &application, err) : rc;
    rc = rc == ASSAY_OK ? pragma_read(db, "SELECT count(*) FROM sqlite_master", &tables, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (application != APPLICATION_ID && (application != 0 || tables > 0)) {
        return assay_fail(err, ASSAY_MALFORMED, "this database belongs to another program");
    }
    if (*ret_version > MIGRATIONS_COUNT) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "schema %d is newer than this build's %d: use a newer assay",
                          *ret_version, MIGRATIONS_COUNT);
    }
    return ASSAY_OK;
}

static assay_code migration_run(sqlite3 *db, const struct migration *migration, assay_err *err)
{
    assay_code rc = assay_sqlite_run(db, migration->sql, err);
    if (rc == ASSAY_OK && migration->move != NULL) {
        rc = migration->move(db, err);
    }
    return rc == ASSAY_OK && migration->sql_after != NULL ? assay_sqlite_run(db, migration->sql_after, err) : rc;
}

static assay_code migrate_locked(sqlite3 *db, assay_err *err)
{
    int version = 0;
    char sql[96];
    assay_code rc = schema_check(db, &version, err); /* again: another process may have migrated while we waited */
    for (; rc == ASSAY_OK && version < MIGRATIONS_COUNT; version++) {
        rc = migration_run(db, &MIGRATIONS[version], err);
    }
    if (rc == ASSAY_OK) {
        snprintf(sql, sizeof sql, "PRAGMA user_version=%d; PRAGMA application_id=%d", version, APPLICATION_ID);
        rc = assay_sqlite_run(db, sql, err);
    }
    return rc;
}

assay_code assay_sqlite_migrate(sqlite3 *db, assay_err *err)
{
    assert(db);
    int version = 0;
    assay_code rc = schema_check(db, &version, err);
    if (rc != ASSAY_OK || version == MIGRATIONS_COUNT) {
        return rc;
    }
    rc = assay_sqlite_run(db, "BEGIN IMMEDIATE", err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = migrate_locked(db, err);
    if (rc == ASSAY_OK) {
        return assay_sqlite_run(db, "COMMIT", err);
    }
    assay_sqlite_run(db, "ROLLBACK", NULL);
    return rc;
}
