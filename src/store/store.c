#include "store/store_ops.h"

#include <assert.h>
#include <string.h>

/* The last row takes every path that no scheme claims. */
static const struct assay_store_ops *const DATABASES[] = {&assay_store_sqlite};

struct assay_store {
    const struct assay_store_ops *ops;
    void *state;
};

static const struct assay_store_ops *ops_find(const char *path)
{
    for (size_t i = 0; i < sizeof DATABASES / sizeof DATABASES[0]; i++) {
        const struct assay_store_ops *ops = DATABASES[i];
        if (ops->scheme == NULL ? strstr(path, "://") == NULL : strncmp(path, ops->scheme, strlen(ops->scheme)) == 0) {
            return ops;
        }
    }
    return NULL;
}

assay_code assay_store_open(const char *path, enum assay_store_mode mode, struct assay_store **ret, assay_err *err)
{
    assert(path && ret);
    const struct assay_store_ops *ops = ops_find(path);
    if (ops == NULL) {
        return assay_fail(err, ASSAY_USAGE, "history '%s': this build knows no such database, give a path", path);
    }
    struct assay_store *store = assay_alloc(1, sizeof *store);
    if (store == NULL) {
        return assay_nomem(err);
    }
    store->ops = ops;
    assay_code rc = ops->open(path, mode, &store->state, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "history '%s'", path);
        assay_free(store);
        return rc;
    }
    *ret = store;
    return ASSAY_OK;
}

void assay_store_close(struct assay_store *store)
{
    if (store != NULL) {
        store->ops->close(store->state);
        assay_free(store);
    }
}

assay_code assay_store_append(struct assay_store *store, const struct assay_store_run *run, bool *ret_is_new,
                              assay_err *err)
{
    assert(store && run);
    struct assay_store_new entry;
    bool is_new = false;
    assay_code rc = assay_store_new_init(&entry, run, err);
    if (rc == ASSAY_OK) {
        rc = store->ops->append(store->state, &entry, &is_new, err);
        assay_store_new_done(&entry);
    }
    if (rc == ASSAY_OK && ret_is_new != NULL) {
        *ret_is_new = is_new;
    }
    return rc;
}

assay_code assay_store_entries(struct assay_store *store, const struct assay_store_query *query,
                               struct assay_arena *arena, struct assay_store_entry **ret, size_t *ret_count,
                               assay_err *err)
{
    assert(store && query && arena && ret && ret_count);
    return store->ops->entries(store->state, query, arena, ret, ret_count, err);
}

assay_code assay_store_series(struct assay_store *store, const struct assay_store_query *query,
                              struct assay_arena *arena, struct assay_store_point **ret, size_t *ret_count,
                              assay_err *err)
{
    assert(store && query && query->metric && arena && ret && ret_count);
    return store->ops->series(store->state, query, arena, ret, ret_count, err);
}
