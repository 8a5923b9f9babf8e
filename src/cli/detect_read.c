#include "cli/detect_read.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 1024
#define SET_DIGITS 6

struct reading {
    struct assay_store *store;
    struct assay_arena *arena;
    struct assay_store_line *lines;
    size_t lines_count;
    struct assay_store_entry *entries; /* ascending ids */
    size_t entries_count;
    struct assay_store_branch *branches;
    size_t branches_count;
    struct assay_store_values values, inherited;
};

static int entry_order(const void *key, const void *element)
{
    const int64_t *id = key;
    const struct assay_store_entry *entry = element;
    return *id < entry->id ? -1 : *id > entry->id;
}

static const struct assay_store_entry *entry_of(const struct reading *reading, int64_t id)
{
    return bsearch(&id, reading->entries, reading->entries_count, sizeof *reading->entries, entry_order);
}

static const char *line_name(const struct assay_store_line *line, struct assay_arena *arena)
{
    struct assay_buf text;
    assay_buf_init(&text, NAME_BYTES_MAX);
    assay_buf_printf(&text, "%s", line->workload);
    if (line->model[0] != '\0') {
        assay_buf_printf(&text, " %s", line->model);
    }
    assay_buf_printf(&text, " %s", line->metric);
    if (line->set_sha256[0] != '\0') {
        assay_buf_printf(&text, " #%.*s", SET_DIGITS, line->set_sha256);
    }
    if (line->branch[0] != '\0') {
        assay_buf_printf(&text, " @%s", line->branch);
    }
    const char *copy = text.failed == ASSAY_OK ? assay_arena_text(arena, text.data, text.len) : NULL;
    assay_buf_done(&text);
    return copy;
}

/* The same series on the line that this branch left, or NULL. */
static const struct assay_store_line *parent_line(const struct reading *reading, const struct assay_store_line *line,
                                                  const char *parent)
{
    for (size_t i = 0; i < reading->lines_count; i++) {
        const struct assay_store_line *other = &reading->lines[i];
        if (strcmp(other->branch, parent) == 0 && strcmp(other->metric, line->metric) == 0 &&
            strcmp(other->workload, line->workload) == 0 && strcmp(other->set_sha256, line->set_sha256) == 0 &&
            strcmp(other->settings_sha256, line->settings_sha256) == 0 &&
            strcmp(other->host_class, line->host_class) == 0) {
            return other;
        }
    }
    return NULL;
}

static const struct assay_store_branch *branch_of(const struct reading *reading, const char *name)
{
    for (size_t i = 0; i < reading->branches_count; i++) {
        if (strcmp(reading->branches[i].name, name) == 0) {
            return &reading->branches[i];
        }
    }
    return NULL;
}

/* The order of the merge base, if a run of it is known; else nothing of the parent can be told to come before. */
static bool base_order(const struct reading *reading, const char *merge_base, uint64_t *ret)
{
    for (size_t i = 0; i < reading->entries_count; i++) {
        const struct assay_store_entry *entry = &reading->entries[i];
        if (entry->has_commit_order && strcmp(entry->commit, merge_base) == 0) {
            *ret = entry->commit_order;
            return true;
        }
    }
    return false;
}

static assay_code inherited_read(struct reading *reading, const struct assay_store_line *line, uint64_t *ret_order,
                                 assay_err *err)
{
    reading->inherited.count = 0;
    const struct assay_store_branch *branch = branch_of(reading, line->branch);
    const struct assay_store_line *parent = branch != NULL ? parent_line(reading, line, branch->parent) : NULL;
    if (parent == NULL || !base_order(reading, branch->merge_base, ret_order)) {
        return ASSAY_OK;
    }
    return assay_store_values(reading->store, parent->id, 0, &reading->inherited, err);
}

static void run_fill(const struct assay_store_entry *entry, const struct assay_store_value *value,
                     struct assay_detect_run *ret)
{
    *ret = (struct assay_detect_run){.commit = entry->commit,
                                     .started_at = entry->started_at,
                                     .has_order = entry->has_commit_order,
                                     .order = entry->commit_order,
                                     .entry_id = entry->id,
                                     .value = value->value,
                                     .is_absent = value->absent != 0 || entry->invalid[0] != '\0'};
}

static assay_code runs_fill(struct reading *reading, const struct assay_store_values *values, uint64_t order_max,
                            bool is_inherited, struct assay_detect_series *series, size_t *invalid, assay_err *err)
{
    struct assay_detect_run *runs = (struct assay_detect_run *)(uintptr_t)series->runs;
    for (size_t i = 0; i < values->count; i++) {
        const struct assay_store_entry *entry = entry_of(reading, values->data[i].entry_id);
        if (entry == NULL) {
            return assay_fail(err, ASSAY_MALFORMED, "history: a point names entry %lld, which is not there",
                              (long long)values->data[i].entry_id);
        }
        if (!is_inherited || (entry->has_commit_order && entry->commit_order <= order_max)) {
            run_fill(entry, &values->data[i], &runs[series->runs_count]);
            runs[series->runs_count++].is_inherited = is_inherited;
            *invalid += !is_inherited && entry->invalid[0] != '\0';
        }
    }
    return ASSAY_OK;
}

static assay_code series_read(struct reading *reading, const struct assay_store_line *line,
                              struct assay_detect_series *ret, size_t *invalid, assay_err *err)
{
    uint64_t order_max = 0;
    assay_code rc = inherited_read(reading, line, &order_max, err);
    rc = rc == ASSAY_OK ? assay_store_values(reading->store, line->id, 0, &reading->values, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_detect_run *runs =
        assay_arena_take(reading->arena, reading->values.count + reading->inherited.count + 1, sizeof *runs);
    if (runs == NULL) {
        return assay_nomem(err);
    }
    ret->id = line->id;
    ret->context_id = line->context_id;
    ret->metric = line->metric;
    ret->unit = line->unit;
    ret->direction = line->direction;
    ret->host_class = line->host_class;
    ret->runs = runs;
    rc = runs_fill(reading, &reading->inherited, order_max, true, ret, invalid, err);
    return rc == ASSAY_OK ? runs_fill(reading, &reading->values, 0, false, ret, invalid, err) : rc;
}

static assay_code all_read(struct reading *reading, const char *glob, struct assay_detect_history *ret, assay_err *err)
{
    const struct assay_store_query all = {0};
    assay_code rc =
        assay_store_lines(reading->store, &all, reading->arena, &reading->lines, &reading->lines_count, err);
    rc = rc == ASSAY_OK ? assay_store_entries(reading->store, &all, reading->arena, &reading->entries,
                                              &reading->entries_count, err)
                        : rc;
    rc = rc == ASSAY_OK
             ? assay_store_branches(reading->store, reading->arena, &reading->branches, &reading->branches_count, err)
             : rc;
    if (rc == ASSAY_OK) {
        ret->series = assay_arena_take(reading->arena, reading->lines_count + 1, sizeof *ret->series);
        rc = ret->series != NULL ? ASSAY_OK : assay_nomem(err);
    }
    for (size_t i = 0; rc == ASSAY_OK && i < reading->lines_count; i++) {
        const char *name = line_name(&reading->lines[i], reading->arena);
        if (name == NULL) {
            return assay_nomem(err);
        }
        if (glob == NULL || assay_glob_matches(glob, name)) {
            struct assay_detect_series *series = &ret->series[ret->count++];
            series->name = name;
            rc = series_read(reading, &reading->lines[i], series, &ret->invalid_runs, err);
        }
    }
    return rc;
}

assay_code assay_detect_history_read(struct assay_store *store, const char *glob, struct assay_arena *arena,
                                     struct assay_detect_history *ret, assay_err *err)
{
    assert(store && arena && ret);
    struct reading reading = {.store = store, .arena = arena};
    *ret = (struct assay_detect_history){0};
    assay_code rc = assay_store_hold(store, err);
    if (rc == ASSAY_OK) {
        rc = all_read(&reading, glob, ret, err);
        assay_store_release(store);
    }
    assay_store_values_done(&reading.values);
    assay_store_values_done(&reading.inherited);
    return rc;
}
