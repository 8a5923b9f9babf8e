/*
 * SQLite as the history: opening, schema, and what its files share. Inside store/ only.
 *
 * Write-ahead log, synchronous FULL: what an append said is there after power loss, readers never wait for writers.
 *
 *     sqlite.c          opening, statements, holds
 *     sqlite_schema.c   the tables, version by version; sqlite_move.c moves points of schema 1
 *     sqlite_append.c   entries, contexts, series, the batch of a run
 *     sqlite_tail.c     the batches that came lately, read once and kept
 *     sqlite_pack.c     batches into blocks, once there are ASSAY_TAIL_RUNS_MAX of them
 *     sqlite_values.c   the numbers of a series: its blocks, then its share of the tail
 *     sqlite_read.c     rows with words; sqlite_series.c: points with theirs
 */
#ifndef ASSAY_STORE_SQLITE_H
#define ASSAY_STORE_SQLITE_H

#include "store/store_ops.h"

#include <sqlite3.h>

#define ASSAY_TAIL_RUNS_MAX 64         /* a block of this many points costs a fifth of a byte a point around them */
#define ASSAY_TAIL_BYTES_MAX (8 << 20) /* packed; whoever reads keeps about four times as much in memory */
#define ASSAY_BLOCK_POINTS_LEAST 32    /* a series' newest block with fewer is made longer, not followed by another */

/* A statement that is kept from call to call. */
enum assay_sqlite_kept {
    ASSAY_KEPT_BLOCKS,  /* points of a series' blocks, newest first */
    ASSAY_KEPT_VERSION, /* whether another connection wrote */
    ASSAY_KEPT_BEGIN,
    ASSAY_KEPT_COMMIT,
    ASSAY_KEPT_COUNT
};

/* A run of the tail, as its batch was read: series ascend, values beside them. */
struct assay_tail_run {
    int64_t entry_id;
    int64_t *series;
    struct assay_store_value *values;
    size_t count;
};

struct assay_tail {
    struct assay_tail_run runs[ASSAY_TAIL_RUNS_MAX]; /* ascending entries */
    size_t runs_count, points_count;
    bool is_read;
    int64_t version;    /* of the database when it was read */
    int64_t own_writes; /* of this connection then: the version does not count those */
};

struct assay_sqlite {
    sqlite3 *db;
    sqlite3_stmt *kept[ASSAY_KEPT_COUNT];
    struct assay_tail tail;
    int64_t own_writes;
    unsigned holds;
};

/* The error of the last call as one of ours: busy is TIMEOUT, a full disk IO, a foreign file MALFORMED. */
assay_code assay_sqlite_fail(sqlite3 *db, int status, const char *what, assay_err *err);

assay_code assay_sqlite_run(sqlite3 *db, const char *sql, assay_err *err); /* statements without rows */
assay_code assay_sqlite_prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, assay_err *err);
assay_code assay_sqlite_done(sqlite3 *db, sqlite3_stmt *statement, assay_err *err); /* steps once, to the end */
assay_code assay_sqlite_migrate(sqlite3 *db, assay_err *err);                       /* to this build's schema */
int assay_sqlite_schema_version(void);

/* A statement prepared once a connection; reset it after use. */
assay_code assay_sqlite_kept(struct assay_sqlite *self, enum assay_sqlite_kept which, sqlite3_stmt **ret,
                             assay_err *err);

/* Holds nest. */
assay_code assay_sqlite_hold(void *state, assay_err *err);
void assay_sqlite_release(void *state);

/* Finds or adds the id of a context, series or word. */
assay_code assay_sqlite_context(sqlite3 *db, const struct assay_store_new *entry,
                                const struct assay_store_new_context *context, int64_t *ret_id, assay_err *err);
assay_code assay_sqlite_word_id(sqlite3 *db, const char *text, uint32_t *ret_id, assay_err *err);

/* The tail as it is now; within a hold or a transaction. */
assay_code assay_sqlite_tail(struct assay_sqlite *self, const struct assay_tail **ret, assay_err *err);
void assay_tail_done(struct assay_tail *tail);
/* The points of a series in a run, or none. */
size_t assay_tail_find(const struct assay_tail_run *run, int64_t series_id, const struct assay_store_value **ret);

/* Within a transaction: moves the tail into blocks. */
assay_code assay_sqlite_pack(struct assay_sqlite *self, assay_err *err);
/* Adds points of one series to its blocks; ascending entries, newer than what is there. */
assay_code assay_sqlite_block_add(sqlite3 *db, int64_t series_id, const struct assay_store_value *values, size_t count,
                                  assay_err *err);
assay_code assay_sqlite_move_points(sqlite3 *db, assay_err *err); /* schema 1 to 2 */

/* Room for more values. */
assay_code assay_store_values_reserve(struct assay_store_values *values, size_t count, assay_err *err);

assay_code assay_sqlite_append(void *state, const struct assay_store_new *entries, size_t count, size_t *ret_new,
                               assay_err *err);
assay_code assay_sqlite_entries(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                                struct assay_store_entry **ret, size_t *ret_count, assay_err *err);
assay_code assay_sqlite_series(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                               struct assay_store_point **ret, size_t *ret_count, assay_err *err);
assay_code assay_sqlite_entry(void *state, int64_t id, struct assay_arena *arena, struct assay_store_entry *ret,
                              assay_err *err);
assay_code assay_sqlite_lines(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                              struct assay_store_line **ret, size_t *ret_count, assay_err *err);
assay_code assay_sqlite_values(void *state, int64_t series_id, size_t limit, struct assay_store_values *values,
                               assay_err *err);
assay_code assay_sqlite_word(void *state, uint32_t id, struct assay_arena *arena, const char **ret, assay_err *err);
assay_code assay_sqlite_branches(void *state, struct assay_arena *arena, struct assay_store_branch **ret,
                                 size_t *ret_count, assay_err *err);

#endif
