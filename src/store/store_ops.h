/*
 * The contract of a database: what store.c asks of it. SQLite is the first row; another database is another row with
 * the same functions. Inside store/ only.
 */
#ifndef ASSAY_STORE_OPS_H
#define ASSAY_STORE_OPS_H

#include "store/store.h"
#include "store/store_entry.h"

struct assay_store_ops {
    const char *name;
    const char *scheme; /* "postgresql://": paths that start so are its own; NULL: the rest */
    assay_code (*open)(const char *path, enum assay_store_mode mode, void **ret_state, assay_err *err);
    void (*close)(void *state);
    assay_code (*append)(void *state, const struct assay_store_new *entries, size_t count, size_t *ret_new,
                         assay_err *err);
    assay_code (*entries)(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                          struct assay_store_entry **ret, size_t *ret_count, assay_err *err);
    assay_code (*series)(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                         struct assay_store_point **ret, size_t *ret_count, assay_err *err);
    assay_code (*lines)(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                        struct assay_store_line **ret, size_t *ret_count, assay_err *err);
    assay_code (*values)(void *state, int64_t series_id, size_t limit, struct assay_store_values *values,
                         assay_err *err);
    assay_code (*word)(void *state, uint32_t id, struct assay_arena *arena, const char **ret, assay_err *err);
    assay_code (*branches)(void *state, struct assay_arena *arena, struct assay_store_branch **ret, size_t *ret_count,
                           assay_err *err);
    assay_code (*hold)(void *state, assay_err *err);
    void (*release)(void *state);
};

extern const struct assay_store_ops assay_store_sqlite;

#endif
