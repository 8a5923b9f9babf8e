#include "store/store_ops.h"

#include "stat/stat.h"

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

assay_code assay_store_append_all(struct assay_store *store, const struct assay_store_run *runs, size_t count,
                                  size_t *ret_new, assay_err *err)
{
    assert(store && (runs || count == 0));
    size_t read = 0, new_count = 0;
    struct assay_store_new *entries = assay_alloc(count + 1, sizeof *entries);
    assay_code rc = entries != NULL ? ASSAY_OK : assay_nomem(err);
    for (; rc == ASSAY_OK && read < count; read += rc == ASSAY_OK) {
        rc = assay_store_new_init(&entries[read], &runs[read], err);
    }
    rc = rc == ASSAY_OK ? store->ops->append(store->state, entries, count, &new_count, err) : rc;
    for (size_t i = 0; i < read; i++) {
        assay_store_new_done(&entries[i]);
    }
    assay_free(entries);
    if (rc == ASSAY_OK && ret_new != NULL) {
        *ret_new = new_count;
    }
    return rc;
}

assay_code assay_store_append(struct assay_store *store, const struct assay_store_run *run, bool *ret_is_new,
                              assay_err *err)
{
    assert(store && run);
    size_t new_count = 0;
    assay_code rc = assay_store_append_all(store, run, 1, &new_count, err);
    if (rc == ASSAY_OK && ret_is_new != NULL) {
        *ret_is_new = new_count > 0;
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

assay_code assay_store_lines(struct assay_store *store, const struct assay_store_query *query,
                             struct assay_arena *arena, struct assay_store_line **ret, size_t *ret_count,
                             assay_err *err)
{
    assert(store && query && arena && ret && ret_count);
    return store->ops->lines(store->state, query, arena, ret, ret_count, err);
}

assay_code assay_store_values(struct assay_store *store, int64_t series_id, size_t limit,
                              struct assay_store_values *values, assay_err *err)
{
    assert(store && values);
    return store->ops->values(store->state, series_id, limit, values, err);
}

assay_code assay_store_word(struct assay_store *store, uint32_t id, struct assay_arena *arena, const char **ret,
                            assay_err *err)
{
    assert(store && arena && ret);
    return store->ops->word(store->state, id, arena, ret, err);
}

assay_code assay_store_branches(struct assay_store *store, struct assay_arena *arena, struct assay_store_branch **ret,
                                size_t *ret_count, assay_err *err)
{
    assert(store && arena && ret && ret_count);
    return store->ops->branches(store->state, arena, ret, ret_count, err);
}

assay_code assay_store_hold(struct assay_store *store, assay_err *err)
{
    assert(store);
    return store->ops->hold(store->state, err);
}

void assay_store_release(struct assay_store *store)
{
    assert(store);
    store->ops->release(store->state);
}

/* The last point of the values against the median of those before it that have a value. */
static void newest_of(const struct assay_store_values *values, double *numbers, struct assay_store_newest *ret)
{
    if (values->count == 0) {
        ret->is_absent = true;
        return;
    }
    const struct assay_store_value *newest = &values->data[values->count - 1];
    ret->entry_id = newest->entry_id;
    ret->value = newest->value;
    ret->is_absent = newest->absent != 0;
    size_t count = 0;
    for (size_t i = 0; i + 1 < values->count; i++) {
        if (values->data[i].absent == 0) {
            numbers[count++] = values->data[i].value;
        }
    }
    ret->baseline_count = count;
    if (count > 0) {
        assay_stat_sort(numbers, numbers + count, count);
        ret->median = count % 2 ? numbers[count / 2] : 0.5 * (numbers[count / 2 - 1] + numbers[count / 2]);
    }
}

assay_code assay_store_compare_newest(struct assay_store *store, const struct assay_store_line *lines,
                                      size_t lines_count, size_t baseline, struct assay_store_newest *ret,
                                      assay_err *err)
{
    assert(store && (lines || lines_count == 0) && baseline > 0 && baseline < ASSAY_STORE_ROWS_MAX);
    struct assay_store_values values = {0};
    double *numbers = assay_alloc(2 * (baseline + 1), sizeof *numbers);
    assay_code rc = numbers != NULL ? store->ops->hold(store->state, err) : assay_nomem(err);
    if (rc == ASSAY_OK) {
        for (size_t i = 0; rc == ASSAY_OK && i < lines_count; i++) {
            ret[i] = (struct assay_store_newest){.series_id = lines[i].id};
            rc = store->ops->values(store->state, lines[i].id, baseline + 1, &values, err);
            if (rc == ASSAY_OK) {
                newest_of(&values, numbers, &ret[i]);
            }
        }
        store->ops->release(store->state);
    }
    assay_store_values_done(&values);
    assay_free(numbers);
    return rc;
}
