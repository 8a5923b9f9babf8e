#include "store/block.h"
#include "store/sqlite.h"

#include <assert.h>
#include <string.h>

void assay_tail_done(struct assay_tail *tail)
{
    for (size_t i = 0; i < tail->runs_count; i++) {
        assay_free(tail->runs[i].series);
        assay_free(tail->runs[i].values);
    }
    *tail = (struct assay_tail){0};
}

static assay_code run_read(struct assay_tail *tail, sqlite3_stmt *statement, assay_err *err)
{
    const void *bytes = sqlite3_column_blob(statement, 1);
    size_t len = (size_t)sqlite3_column_bytes(statement, 1), count = bytes != NULL ? assay_block_count(bytes, len) : 0;
    int64_t entry_id = sqlite3_column_int64(statement, 0);
    if (count == 0 || tail->runs_count == ASSAY_TAIL_RUNS_MAX || entry_id <= 0) {
        return assay_fail(err, ASSAY_MALFORMED, "history: the points of entry %lld are damaged", (long long)entry_id);
    }
    struct assay_tail_run *run = &tail->runs[tail->runs_count++];
    *run = (struct assay_tail_run){.entry_id = entry_id,
                                   .series = assay_alloc(count, sizeof *run->series),
                                   .values = assay_alloc(count, sizeof *run->values),
                                   .count = count};
    if (run->series == NULL || run->values == NULL) {
        return assay_nomem(err);
    }
    return assay_batch_read(bytes, len, entry_id, run->series, run->values, err);
}

static assay_code tail_read(struct assay_sqlite *self, assay_err *err)
{
    sqlite3_stmt *statement = NULL;
    assay_tail_done(&self->tail);
    assay_code rc =
        assay_sqlite_prepare(self->db, "SELECT entry_id, points FROM tail ORDER BY entry_id", &statement, err);
    int status = SQLITE_DONE;
    while (rc == ASSAY_OK && (status = sqlite3_step(statement)) == SQLITE_ROW) {
        rc = run_read(&self->tail, statement, err);
    }
    if (rc == ASSAY_OK && status != SQLITE_DONE) {
        rc = assay_sqlite_fail(self->db, status, "history", err);
    }
    sqlite3_finalize(statement);
    return rc;
}

static assay_code version_read(struct assay_sqlite *self, int64_t *ret, assay_err *err)
{
    sqlite3_stmt *statement = NULL;
    assay_code rc = assay_sqlite_kept(self, ASSAY_KEPT_VERSION, &statement, err);
    if (rc == ASSAY_OK) {
        int status = sqlite3_step(statement);
        *ret = status == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
        rc = status == SQLITE_ROW ? ASSAY_OK : assay_sqlite_fail(self->db, status, "history", err);
        sqlite3_reset(statement);
    }
    return rc;
}

assay_code assay_sqlite_tail(struct assay_sqlite *self, const struct assay_tail **ret, assay_err *err)
{
    int64_t version = 0;
    assay_code rc = version_read(self, &version, err);
    bool is_fresh = self->tail.is_read && self->tail.version == version && self->tail.own_writes == self->own_writes;
    if (rc == ASSAY_OK && !is_fresh) {
        rc = tail_read(self, err);
        self->tail.is_read = rc == ASSAY_OK;
        self->tail.version = version;
        self->tail.own_writes = self->own_writes;
    }
    *ret = &self->tail;
    return rc;
}

size_t assay_tail_find(const struct assay_tail_run *run, int64_t series_id, const struct assay_store_value **ret)
{
    size_t low = 0, high = run->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (run->series[middle] < series_id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    size_t end = low;
    while (end < run->count && run->series[end] == series_id) {
        end++;
    }
    *ret = run->values + low;
    return end - low;
}
