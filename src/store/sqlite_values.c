#include "store/block.h"
#include "store/sqlite.h"

#include <assert.h>
#include <string.h>

#define VALUES_START 256 /* two blocks and a tail */

void assay_store_values_done(struct assay_store_values *values)
{
    assay_free(values->data);
    *values = (struct assay_store_values){0};
}

assay_code assay_store_values_reserve(struct assay_store_values *values, size_t count, assay_err *err)
{
    if (values->capacity - values->count >= count) {
        return ASSAY_OK;
    }
    size_t capacity = values->capacity == 0 ? VALUES_START : 2 * values->capacity;
    capacity = capacity < values->count + count ? values->count + count : capacity;
    struct assay_store_value *data = assay_realloc(values->data, capacity, sizeof *data);
    if (data == NULL) {
        return assay_nomem(err);
    }
    values->data = data;
    values->capacity = capacity;
    return ASSAY_OK;
}

static void reverse(struct assay_store_value *values, size_t count)
{
    for (size_t i = 0; i + 1 < count - i; i++) {
        struct assay_store_value swapped = values[i];
        values[i] = values[count - 1 - i];
        values[count - 1 - i] = swapped;
    }
}

/* Reads blocks, newest first, until there are `wanted` points. Each is put down backwards, so that turning all of them
 * round at the end gives the order of arrival. */
static assay_code blocks_read(struct assay_sqlite *self, int64_t series_id, size_t wanted,
                              struct assay_store_values *values, assay_err *err)
{
    sqlite3_stmt *statement = NULL;
    int status = SQLITE_DONE;
    assay_code rc = assay_sqlite_kept(self, ASSAY_KEPT_BLOCKS, &statement, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    sqlite3_bind_int64(statement, 1, series_id);
    while (rc == ASSAY_OK && values->count < wanted && (status = sqlite3_step(statement)) == SQLITE_ROW) {
        const void *bytes = sqlite3_column_blob(statement, 0);
        size_t len = (size_t)sqlite3_column_bytes(statement, 0), count = 0;
        count = bytes != NULL ? assay_block_count(bytes, len) : 0;
        if (count == 0) {
            rc = assay_fail(err, ASSAY_MALFORMED, "history: a block of series %lld is damaged", (long long)series_id);
            break;
        }
        rc = assay_store_values_reserve(values, count, err);
        rc = rc == ASSAY_OK ? assay_block_read(bytes, len, values->data + values->count, err) : rc;
        if (rc == ASSAY_OK) {
            reverse(values->data + values->count, count);
            values->count += count;
        }
    }
    if (rc == ASSAY_OK && status != SQLITE_DONE && status != SQLITE_ROW) {
        rc = assay_sqlite_fail(self->db, status, "history", err);
    }
    sqlite3_reset(statement);
    reverse(values->data, values->count);
    return rc;
}

static assay_code values_read(struct assay_sqlite *self, int64_t series_id, size_t limit,
                              struct assay_store_values *values, assay_err *err)
{
    const struct assay_tail *tail;
    const struct assay_store_value *found;
    size_t in_tail = 0;
    assay_code rc = assay_sqlite_tail(self, &tail, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    for (size_t i = 0; i < tail->runs_count; i++) {
        in_tail += assay_tail_find(&tail->runs[i], series_id, &found);
    }
    size_t wanted = limit == 0 ? SIZE_MAX : limit > in_tail ? limit - in_tail : 0;
    rc = wanted > 0 ? blocks_read(self, series_id, wanted, values, err) : ASSAY_OK;
    rc = rc == ASSAY_OK ? assay_store_values_reserve(values, in_tail, err) : rc;
    for (size_t i = 0; rc == ASSAY_OK && i < tail->runs_count; i++) {
        size_t count = assay_tail_find(&tail->runs[i], series_id, &found);
        if (count > 0) {
            memcpy(values->data + values->count, found, count * sizeof *found);
            values->count += count;
        }
    }
    return rc;
}

assay_code assay_sqlite_values(void *state, int64_t series_id, size_t limit, struct assay_store_values *values,
                               assay_err *err)
{
    assert(state && values);
    struct assay_sqlite *self = state;
    values->count = 0;
    assay_code rc = assay_sqlite_hold(self, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = values_read(self, series_id, limit, values, err);
    assay_sqlite_release(self);
    if (rc == ASSAY_OK && limit > 0 && values->count > limit) {
        size_t surplus = values->count - limit;
        memmove(values->data, values->data + surplus, limit * sizeof *values->data);
        values->count = limit;
    }
    return rc;
}
