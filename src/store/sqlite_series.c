/* Points with all their words, for people: lines, their values, the entries and words that those name. */
#include "store/sqlite.h"

#include <assert.h>
#include <stdlib.h>

struct pick {
    const struct assay_store_line *line;
    struct assay_store_value value;
};

struct picks {
    struct pick *data;
    size_t count, capacity;
};

static assay_code picks_add(struct picks *picks, const struct assay_store_line *line,
                            const struct assay_store_values *values, assay_err *err)
{
    if (picks->capacity - picks->count < values->count) {
        size_t capacity = 2 * picks->capacity + values->count;
        struct pick *data = assay_realloc(picks->data, capacity, sizeof *data);
        if (data == NULL) {
            return assay_nomem(err);
        }
        picks->data = data;
        picks->capacity = capacity;
    }
    for (size_t i = 0; i < values->count; i++) {
        picks->data[picks->count++] = (struct pick){line, values->data[i]};
    }
    return ASSAY_OK;
}

static int newest_first(const void *left, const void *right)
{
    const struct pick *a = left, *b = right;
    if (a->value.entry_id != b->value.entry_id) {
        return a->value.entry_id > b->value.entry_id ? -1 : 1;
    }
    if (a->line->id != b->line->id) {
        return a->line->id > b->line->id ? -1 : 1;
    }
    return a->value.arm > b->value.arm ? -1 : a->value.arm < b->value.arm;
}

static int by_series(const void *left, const void *right)
{
    const struct pick *a = left, *b = right;
    return a->line->id != b->line->id ? (a->line->id < b->line->id ? -1 : 1) : newest_first(right, left);
}

/* The newest `limit` points over all lines, then by series and age. */
static assay_code picks_gather(void *state, const struct assay_store_line *lines, size_t lines_count, size_t limit,
                               struct picks *picks, assay_err *err)
{
    struct assay_store_values values = {0};
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < lines_count; i++) {
        rc = assay_sqlite_values(state, lines[i].id, limit, &values, err);
        rc = rc == ASSAY_OK ? picks_add(picks, &lines[i], &values, err) : rc;
    }
    assay_store_values_done(&values);
    if (rc == ASSAY_OK && picks->count > 0) {
        qsort(picks->data, picks->count, sizeof *picks->data, newest_first);
        picks->count = picks->count < limit ? picks->count : limit;
        qsort(picks->data, picks->count, sizeof *picks->data, by_series);
    }
    return rc;
}

static assay_code point_fill(void *state, const struct pick *pick, const struct assay_store_entry *entry,
                             struct assay_arena *arena, struct assay_store_point *ret, assay_err *err)
{
    const struct assay_store_value *value = &pick->value;
    *ret = (struct assay_store_point){.series_id = pick->line->id,
                                      .entry_id = value->entry_id,
                                      .series = pick->line->label,
                                      .metric = pick->line->metric,
                                      .unit = pick->line->unit,
                                      .direction = pick->line->direction,
                                      .model = pick->line->model,
                                      .started_at = entry->started_at,
                                      .commit = entry->commit,
                                      .digest = entry->digest,
                                      .compute_path = entry->compute_path,
                                      .invalid = entry->invalid,
                                      .value = value->value,
                                      .lower = value->lower,
                                      .upper = value->upper,
                                      .has_bounds = value->has_bounds,
                                      .n = value->n};
    assay_code rc = assay_sqlite_word(state, value->arm, arena, &ret->arm, err);
    return rc == ASSAY_OK && value->absent != 0 ? assay_sqlite_word(state, value->absent, arena, &ret->absent, err)
                                                : rc;
}

/* Points of one entry often stand beside each other in other series: each entry is read once. */
struct known {
    struct assay_store_entry *entries; /* one for each different id of the picks */
    int64_t *ids;                      /* ascending */
    size_t count;
};

static int ids_order(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

static assay_code known_read(void *state, const struct picks *picks, struct assay_arena *arena, struct known *ret,
                             assay_err *err)
{
    ret->ids = assay_arena_take(arena, picks->count + 1, sizeof *ret->ids);
    ret->entries = assay_arena_take(arena, picks->count + 1, sizeof *ret->entries);
    if (ret->ids == NULL || ret->entries == NULL) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < picks->count; i++) {
        ret->ids[i] = picks->data[i].value.entry_id;
    }
    qsort(ret->ids, picks->count, sizeof *ret->ids, ids_order);
    for (size_t i = 0; i < picks->count; i++) {
        if (ret->count == 0 || ret->ids[i] != ret->ids[ret->count - 1]) {
            ret->ids[ret->count++] = ret->ids[i];
        }
    }
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < ret->count; i++) {
        rc = assay_sqlite_entry(state, ret->ids[i], arena, &ret->entries[i], err);
    }
    return rc;
}

static assay_code points_fill(void *state, const struct picks *picks, struct assay_arena *arena,
                              struct assay_store_point *points, assay_err *err)
{
    struct known known = {0};
    assay_code rc = known_read(state, picks, arena, &known, err);
    for (size_t i = 0; rc == ASSAY_OK && i < picks->count; i++) {
        const int64_t *id =
            bsearch(&picks->data[i].value.entry_id, known.ids, known.count, sizeof *known.ids, ids_order);
        assert(id);
        rc = point_fill(state, &picks->data[i], &known.entries[id - known.ids], arena, &points[i], err);
    }
    return rc;
}

static assay_code series_read(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                              struct assay_store_point **ret, size_t *ret_count, assay_err *err)
{
    struct assay_store_line *lines;
    struct picks picks = {0};
    size_t lines_count, limit = ASSAY_STORE_ROWS_MAX;
    limit = query->limit > 0 && query->limit < limit ? (size_t)query->limit : limit;
    assay_code rc = assay_sqlite_lines(state, query, arena, &lines, &lines_count, err);
    rc = rc == ASSAY_OK ? picks_gather(state, lines, lines_count, limit, &picks, err) : rc;
    if (rc == ASSAY_OK) {
        struct assay_store_point *points = assay_arena_take(arena, picks.count + 1, sizeof *points);
        rc = points != NULL ? points_fill(state, &picks, arena, points, err) : assay_nomem(err);
        *ret = points;
        *ret_count = picks.count;
    }
    assay_free(picks.data);
    return rc;
}

assay_code assay_sqlite_series(void *state, const struct assay_store_query *query, struct assay_arena *arena,
                               struct assay_store_point **ret, size_t *ret_count, assay_err *err)
{
    assert(state && query && arena && ret && ret_count);
    assay_code rc = assay_sqlite_hold(state, err);
    if (rc == ASSAY_OK) {
        rc = series_read(state, query, arena, ret, ret_count, err);
        assay_sqlite_release(state);
    }
    return rc;
}
