/*
 * SQLite as the history: opening, schema, and what its three files share. Inside store/ only.
 *
 * Write-ahead log, synchronous FULL: what an append said is there after power loss, readers never wait for writers.
 */
#ifndef ASSAY_STORE_SQLITE_H
#define ASSAY_STORE_SQLITE_H

#include "store/store_ops.h"

#include <sqlite3.h>

struct assay_sqlite {
    sqlite3 *db;
};

/* The error of the last call as one of ours: busy is TIMEOUT, a full disk IO, a foreign file MALFORMED. */
assay_code assay_sqlite_fail(sqlite3 *db, int status, const char *what, assay_err *err);

assay_code assay_sqlite_run(sqlite3 *db, const char *sql, assay_err *err); /* statements without rows */
assay_code assay_sqlite_migrate(sqlite3 *db, assay_err *err);              /* to this build's schema */
int assay_sqlite_schema_version(void);

assay_code assay_sqlite_append(void *state, const struct assay_store_new *entry, bool *ret_is_new, assay_err *err);
assay_code assay_sqlite_entries(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                                struct assay_store_entry **ret, size_t *ret_count, assay_err *err);
assay_code assay_sqlite_series(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                               struct assay_store_point **ret, size_t *ret_count, assay_err *err);

#endif
