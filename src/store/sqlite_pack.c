#include "store/block.h"
#include "store/sqlite.h"

#include <assert.h>
#include <string.h>

#define BLOCK_POINTS 64 /* of a block that is cut from a longer stretch */
#define BLOCK_BYTES_MAX (1 << 20)

struct statements {
    sqlite3_stmt *newest, *drop, *insert;
};

static assay_code statements_init(sqlite3 *db, struct statements *statements, assay_err *err)
{
    *statements = (struct statements){0};
    assay_code rc = assay_sqlite_prepare(
        db, "SELECT id, points FROM block WHERE series_id = ? ORDER BY id DESC LIMIT 1", &statements->newest, err);
    rc = rc == ASSAY_OK ? assay_sqlite_prepare(db, "DELETE FROM block WHERE id = ?", &statements->drop, err) : rc;
    return rc == ASSAY_OK
               ? assay_sqlite_prepare(db, "INSERT INTO block(series_id, points) VALUES(?,?)", &statements->insert, err)
               : rc;
}

static void statements_done(struct statements *statements)
{
    sqlite3_finalize(statements->newest);
    sqlite3_finalize(statements->drop);
    sqlite3_finalize(statements->insert);
}

static assay_code block_drop(sqlite3 *db, struct statements *statements, int64_t id, assay_err *err)
{
    sqlite3_reset(statements->drop);
    sqlite3_bind_int64(statements->drop, 1, id);
    return assay_sqlite_done(db, statements->drop, err);
}

/* A newest block that is short is taken out, its points before the new ones. */
static assay_code short_block_take(sqlite3 *db, struct statements *statements, int64_t series_id,
                                   struct assay_store_values *ret, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    int64_t id = 0;
    sqlite3_reset(statements->newest);
    sqlite3_bind_int64(statements->newest, 1, series_id);
    int status = sqlite3_step(statements->newest);
    if (status == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(statements->newest, 1);
        size_t len = (size_t)sqlite3_column_bytes(statements->newest, 1);
        size_t count = bytes != NULL ? assay_block_count(bytes, len) : 0;
        if (count > 0 && count < ASSAY_BLOCK_POINTS_LEAST) {
            id = sqlite3_column_int64(statements->newest, 0);
            rc = assay_store_values_reserve(ret, count, err);
            rc = rc == ASSAY_OK ? assay_block_read(bytes, len, ret->data, err) : rc;
            ret->count = rc == ASSAY_OK ? count : 0;
        }
    } else if (status != SQLITE_DONE) {
        rc = assay_sqlite_fail(db, status, "history", err);
    }
    sqlite3_reset(statements->newest);
    return rc == ASSAY_OK && id != 0 ? block_drop(db, statements, id, err) : rc;
}

static assay_code block_insert(sqlite3 *db, struct statements *statements, int64_t series_id,
                               const struct assay_store_value *values, size_t count, struct assay_buf *bytes,
                               assay_err *err)
{
    assay_buf_clear(bytes);
    assay_block_write(values, count, bytes);
    assay_code rc = assay_buf_check(bytes, err);
    if (rc == ASSAY_OK) {
        sqlite3_reset(statements->insert);
        sqlite3_bind_int64(statements->insert, 1, series_id);
        sqlite3_bind_blob64(statements->insert, 2, bytes->data, bytes->len, SQLITE_STATIC);
        rc = assay_sqlite_done(db, statements->insert, err);
    }
    return rc;
}

/* What stays in memory from series to series. */
struct packer {
    sqlite3 *db;
    struct statements statements;
    struct assay_store_values values;
    struct assay_buf bytes;
};

static assay_code packer_init(struct packer *packer, sqlite3 *db, assay_err *err)
{
    *packer = (struct packer){.db = db};
    assay_buf_init(&packer->bytes, BLOCK_BYTES_MAX);
    return statements_init(db, &packer->statements, err);
}

static void packer_done(struct packer *packer)
{
    statements_done(&packer->statements);
    assay_store_values_done(&packer->values);
    assay_buf_done(&packer->bytes);
}

/* Cuts blocks of BLOCK_POINTS; the last is between half and one and a half of that where there are so many. */
static assay_code blocks_insert(struct packer *packer, int64_t series_id, assay_err *err)
{
    const struct assay_store_value *values = packer->values.data;
    size_t left = packer->values.count;
    assay_code rc = ASSAY_OK;
    while (rc == ASSAY_OK && left > 0) {
        size_t count = left < BLOCK_POINTS + BLOCK_POINTS / 2 ? left : BLOCK_POINTS;
        rc = block_insert(packer->db, &packer->statements, series_id, values, count, &packer->bytes, err);
        values += count;
        left -= count;
    }
    return rc;
}

assay_code assay_sqlite_block_add(sqlite3 *db, int64_t series_id, const struct assay_store_value *values, size_t count,
                                  assay_err *err)
{
    struct packer packer;
    assay_code rc = packer_init(&packer, db, err);
    rc = rc == ASSAY_OK ? short_block_take(db, &packer.statements, series_id, &packer.values, err) : rc;
    rc = rc == ASSAY_OK ? assay_store_values_reserve(&packer.values, count, err) : rc;
    if (rc == ASSAY_OK) {
        memcpy(packer.values.data + packer.values.count, values, count * sizeof *values);
        packer.values.count += count;
        rc = blocks_insert(&packer, series_id, err);
    }
    packer_done(&packer);
    return rc;
}

/* Moves every run's points of one series behind the others; the cursors then stand at the next series. */
static assay_code series_gather(const struct assay_tail *tail, size_t *cursors, int64_t series_id,
                                struct assay_store_values *values, assay_err *err)
{
    for (size_t i = 0; i < tail->runs_count; i++) {
        const struct assay_tail_run *run = &tail->runs[i];
        for (; cursors[i] < run->count && run->series[cursors[i]] == series_id; cursors[i]++) {
            assay_code rc = assay_store_values_reserve(values, 1, err);
            if (rc != ASSAY_OK) {
                return rc;
            }
            values->data[values->count++] = run->values[cursors[i]];
        }
    }
    return ASSAY_OK;
}

/* The least series that a cursor stands at; false at the end of all runs. */
static bool series_next(const struct assay_tail *tail, const size_t *cursors, int64_t *ret)
{
    *ret = INT64_MAX;
    bool is_some = false;
    for (size_t i = 0; i < tail->runs_count; i++) {
        const struct assay_tail_run *run = &tail->runs[i];
        if (cursors[i] < run->count) {
            *ret = run->series[cursors[i]] < *ret ? run->series[cursors[i]] : *ret;
            is_some = true;
        }
    }
    return is_some;
}

assay_code assay_sqlite_pack(struct assay_sqlite *self, assay_err *err)
{
    const struct assay_tail *tail;
    struct packer packer;
    size_t cursors[ASSAY_TAIL_RUNS_MAX] = {0};
    int64_t series_id;
    assay_code rc = packer_init(&packer, self->db, err);
    rc = rc == ASSAY_OK ? assay_sqlite_tail(self, &tail, err) : rc;
    /* It is in memory now; emptied first, its pages are used again for the blocks. */
    rc = rc == ASSAY_OK ? assay_sqlite_run(self->db, "DELETE FROM tail", err) : rc;
    while (rc == ASSAY_OK && series_next(tail, cursors, &series_id)) {
        packer.values.count = 0;
        rc = short_block_take(self->db, &packer.statements, series_id, &packer.values, err);
        rc = rc == ASSAY_OK ? series_gather(tail, cursors, series_id, &packer.values, err) : rc;
        rc = rc == ASSAY_OK ? blocks_insert(&packer, series_id, err) : rc;
    }
    packer_done(&packer);
    self->own_writes++;
    return rc;
}
