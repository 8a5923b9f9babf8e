#include "store/sqlite.h"

#include "base/clock.h"
#include "base/file.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CACHE_KIB "32768"                   /* blocks and index of some thousand series stay warm */
#define WAL_RETRY_NS (10 * ASSAY_NS_PER_MS) /* the switch to the log asks no busy handler, so it is asked again */

assay_code assay_sqlite_fail(sqlite3 *db, int status, const char *what, assay_err *err)
{
    const char *text = db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(status);
    switch (status & 0xff) { /* the primary code; the rest says more of the same */
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return assay_fail(err, ASSAY_TIMEOUT, "%s: another writer held the history for over %d s", what,
                          ASSAY_STORE_BUSY_MS / 1000);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return assay_fail(err, ASSAY_MALFORMED, "%s: %s", what, text);
    case SQLITE_NOMEM:
        return assay_nomem(err);
    default:
        return assay_fail(err, ASSAY_IO, "%s: %s", what, text);
    }
}

assay_code assay_sqlite_run(sqlite3 *db, const char *sql, assay_err *err)
{
    int status = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return status == SQLITE_OK ? ASSAY_OK : assay_sqlite_fail(db, status, "history", err);
}

assay_code assay_sqlite_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, assay_err *err)
{
    int status = sqlite3_prepare_v2(db, sql, -1, ret, NULL);
    return status == SQLITE_OK ? ASSAY_OK : assay_sqlite_fail(db, status, "history", err);
}

assay_code assay_sqlite_done(sqlite3 *db, sqlite3_stmt *statement, assay_err *err)
{
    int status = sqlite3_step(statement);
    return status == SQLITE_DONE ? ASSAY_OK : assay_sqlite_fail(db, status, "append", err);
}

static const char *const KEPT[ASSAY_KEPT_COUNT] = {
    [ASSAY_KEPT_BLOCKS] = "SELECT points FROM block WHERE series_id = ?1 ORDER BY id DESC",
    [ASSAY_KEPT_VERSION] = "PRAGMA data_version",
    [ASSAY_KEPT_BEGIN] = "BEGIN",
    [ASSAY_KEPT_COMMIT] = "COMMIT",
};

assay_code assay_sqlite_kept(struct assay_sqlite *self, enum assay_sqlite_kept which, sqlite3_stmt **ret,
                             assay_err *err)
{
    assay_code rc = ASSAY_OK;
    if (self->kept[which] == NULL) {
        rc = assay_sqlite_prepare(self->db, KEPT[which], &self->kept[which], err);
    }
    *ret = self->kept[which];
    return rc;
}

static assay_code kept_run(struct assay_sqlite *self, enum assay_sqlite_kept which, assay_err *err)
{
    sqlite3_stmt *statement = NULL;
    assay_code rc = assay_sqlite_kept(self, which, &statement, err);
    if (rc == ASSAY_OK) {
        int status = sqlite3_step(statement);
        rc = status == SQLITE_DONE ? ASSAY_OK : assay_sqlite_fail(self->db, status, "history", err);
        sqlite3_reset(statement);
    }
    return rc;
}

assay_code assay_sqlite_hold(void *state, assay_err *err)
{
    struct assay_sqlite *self = state;
    assay_code rc = self->holds == 0 ? kept_run(self, ASSAY_KEPT_BEGIN, err) : ASSAY_OK;
    self->holds += rc == ASSAY_OK;
    return rc;
}

void assay_sqlite_release(void *state)
{
    struct assay_sqlite *self = state;
    assert(self->holds > 0);
    if (--self->holds == 0) {
        (void)kept_run(self, ASSAY_KEPT_COMMIT, NULL); /* nothing was written */
    }
}

/* The directory of a history that is not there yet. */
static assay_code directory_make(const char *path, assay_err *err)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) {
        return ASSAY_OK;
    }
    char *dir = assay_strndup(path, (size_t)(slash - path));
    if (dir == NULL) {
        return assay_nomem(err);
    }
    assay_code rc = assay_dir_ensure(dir, err);
    assay_free(dir);
    return rc;
}

static assay_code wal_begin(sqlite3 *db, assay_err *err)
{
    uint64_t deadline_ns = assay_clock_mono_ns() + ASSAY_STORE_BUSY_MS * ASSAY_NS_PER_MS;
    int status;
    while ((status = sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL)) == SQLITE_BUSY) {
        uint64_t now_ns = assay_clock_mono_ns();
        if (now_ns >= deadline_ns) {
            break;
        }
        assay_clock_system.sleep_until_ns(assay_clock_system.self, now_ns + WAL_RETRY_NS);
    }
    return status == SQLITE_OK ? ASSAY_OK : assay_sqlite_fail(db, status, "history", err);
}

static assay_code writer_begin(sqlite3 *db, assay_err *err)
{
    assay_code rc = wal_begin(db, err);
    rc = rc == ASSAY_OK ? assay_sqlite_run(db, "PRAGMA synchronous=FULL", err) : rc;
    return rc == ASSAY_OK ? assay_sqlite_migrate(db, err) : rc;
}

static assay_code sqlite_open(const char *path, enum assay_store_mode mode, void **ret_state, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    if (mode == ASSAY_STORE_READ && !assay_path_exists(path)) {
        return assay_fail(err, ASSAY_NOT_FOUND, "there is none yet; a run or an import makes it");
    }
    if (mode == ASSAY_STORE_WRITE && (rc = directory_make(path, err)) != ASSAY_OK) {
        return rc;
    }
    struct assay_sqlite *self = assay_alloc(1, sizeof *self);
    if (self == NULL) {
        return assay_nomem(err);
    }
    int flags = SQLITE_OPEN_READWRITE | (mode == ASSAY_STORE_WRITE ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX;
    int status = sqlite3_open_v2(path, &self->db, flags, NULL);
    if (status != SQLITE_OK) {
        rc = assay_sqlite_fail(self->db, status, "cannot open", err);
        goto fail;
    }
    sqlite3_extended_result_codes(self->db, 0);
    sqlite3_busy_timeout(self->db, ASSAY_STORE_BUSY_MS);
    rc = assay_sqlite_run(self->db, "PRAGMA cache_size=-" CACHE_KIB, err);
    if (rc != ASSAY_OK) {
        goto fail;
    }
    /* A reader migrates, too, if it must: what an older assay wrote stays readable. */
    rc = mode == ASSAY_STORE_WRITE ? writer_begin(self->db, err) : assay_sqlite_migrate(self->db, err);
    if (rc == ASSAY_OK) {
        *ret_state = self;
        return ASSAY_OK;
    }
fail:
    sqlite3_close(self->db);
    assay_free(self);
    return rc;
}

static void sqlite_close(void *state)
{
    struct assay_sqlite *self = state;
    for (size_t i = 0; i < ASSAY_KEPT_COUNT; i++) {
        sqlite3_finalize(self->kept[i]);
    }
    assay_tail_done(&self->tail);
    sqlite3_close(self->db);
    assay_free(self);
}

const struct assay_store_ops assay_store_sqlite = {.name = "sqlite",
                                                   .scheme = NULL,
                                                   .open = sqlite_open,
                                                   .close = sqlite_close,
                                                   .append = assay_sqlite_append,
                                                   .entries = assay_sqlite_entries,
                                                   .series = assay_sqlite_series,
                                                   .lines = assay_sqlite_lines,
                                                   .values = assay_sqlite_values,
                                                   .word = assay_sqlite_word,
                                                   .branches = assay_sqlite_branches,
                                                   .hold = assay_sqlite_hold,
                                                   .release = assay_sqlite_release};
