#include "report/compare.h"

#include "report/value.h"

#include <assert.h>
#include <string.h>

#define MODELS_MAX 256 /* of one shape in one table */

struct assay_entry *assay_entries_valid(const struct assay_view *views, size_t count, size_t *ret_count)
{
    assert(views && ret_count);
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += assay_view_is_valid(&views[i]) ? views[i].arms_count : 0;
    }
    struct assay_entry *entries = assay_alloc(total + 1, sizeof *entries);
    *ret_count = 0;
    for (size_t i = 0; entries != NULL && i < count; i++) {
        for (size_t a = 0; assay_view_is_valid(&views[i]) && a < views[i].arms_count; a++) {
            entries[(*ret_count)++] = (struct assay_entry){.view = &views[i], .arm = a};
        }
    }
    return entries;
}

static const struct assay_arm_view *arm_of(const struct assay_entry *entry)
{
    return &entry->view->arms[entry->arm];
}

static bool same_text(const struct assay_entry *a, const struct assay_entry *b, const char *pointer)
{
    return strcmp(assay_view_text(a->view, pointer), assay_view_text(b->view, pointer)) == 0;
}

bool assay_entries_comparable(const struct assay_entry *a, const struct assay_entry *b)
{
    return strcmp(a->view->workload, b->view->workload) == 0 &&
           strcmp(a->view->compute_path, b->view->compute_path) == 0 &&
           strcmp(arm_of(a)->shape, arm_of(b)->shape) == 0 && same_text(a, b, "/environment/hosts/0/machineKey") &&
           same_text(a, b, "/environment/hosts/0/cpuModel") &&
           (a->view == b->view || strcmp(a->view->compute_path, "imported") != 0); /* where a file ran is unknown */
}

static bool same_group(const struct assay_entry *a, const struct assay_entry *b)
{
    return assay_entries_comparable(a, b) && strcmp(arm_of(a)->state, arm_of(b)->state) == 0;
}

/* A metric that may be ranked: a value with an interval and at least the n of its statistic. */
static const struct assay_metric_view *rankable(const struct assay_entry *entry, const char *name)
{
    const struct assay_metric_view *metric = assay_view_metric(entry->view, entry->arm, name);
    bool is_rankable = metric != NULL && metric->absent == NULL && metric->has_bounds &&
                       (metric->stat == NULL || metric->n >= assay_metric_least_n(metric->stat));
    return is_rankable ? metric : NULL;
}

static bool surely_better(const struct assay_metric_view *a, const struct assay_metric_view *b)
{
    return strcmp(a->direction, "higher") == 0 ? a->lower > b->upper : a->upper < b->lower;
}

/* Places that the data allow: overlapping intervals are not told apart, so a place is a range. */
static void rank_cell(struct assay_table *table, const struct assay_entry *group, size_t count, size_t self,
                      const char *name)
{
    const struct assay_metric_view *mine = rankable(&group[self], name);
    if (mine == NULL) {
        assay_table_absent(table, "not ranked");
        return;
    }
    size_t first = 1, last = 0;
    for (size_t i = 0; i < count; i++) {
        const struct assay_metric_view *other = rankable(&group[i], name);
        last += other != NULL && !surely_better(mine, other);
        first += other != NULL && i != self && surely_better(other, mine);
    }
    if (first == last) {
        assay_table_cell(table, "%zu", first);
    } else {
        assay_table_cell(table, "%zu to %zu", first, last);
    }
}

static void value_cell(struct assay_table *table, const struct assay_entry *entry, const char *name)
{
    const struct assay_metric_view *metric = assay_view_metric(entry->view, entry->arm, name);
    if (metric == NULL) {
        assay_table_absent(table, "-");
    } else if (metric->absent != NULL) {
        assay_table_absent(table, metric->absent);
    } else {
        char value[ASSAY_VALUE_TEXT_BYTES], lower[ASSAY_VALUE_TEXT_BYTES], upper[ASSAY_VALUE_TEXT_BYTES];
        double grain = assay_value_grain_ns(entry->view);
        assay_value_print(metric, metric->value, grain, value);
        assay_value_print(metric, metric->lower, grain, lower);
        assay_value_print(metric, metric->upper, grain, upper);
        if (metric->has_bounds) {
            assay_table_cell(table, "%s (%s to %s), n=%llu", value, lower, upper, (unsigned long long)metric->n);
        } else {
            assay_table_cell(table, "%s, n=%llu", value, (unsigned long long)metric->n);
        }
    }
}

/* What models are ranked by; a metric that no member of a group has gets no column. */
static const struct ranked {
    const char *metric, *heading;
} RANKED[] = {
    {"ttft_p50", "TTFT p50"},
    {"tpot_p50", "TPOT p50"},
    {"output_rate", "output tokens"},
    {"reported_rate_p50", "rate as reported p50"},
};
#define RANKED_COUNT (sizeof RANKED / sizeof RANKED[0])

static bool is_there(const struct assay_entry *group, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (assay_view_metric(group[i].view, group[i].arm, name) != NULL) {
            return true;
        }
    }
    return false;
}

static size_t columns_make(const struct assay_entry *group, size_t count, struct assay_column *columns)
{
    size_t used = 0;
    columns[used++] = (struct assay_column){"model", "model", ASSAY_COLUMN_FOREIGN};
    for (size_t m = 0; m < RANKED_COUNT; m++) {
        if (is_there(group, count, RANKED[m].metric)) {
            columns[used++] = (struct assay_column){RANKED[m].metric, RANKED[m].heading, ASSAY_COLUMN_NUMBER};
            columns[used++] = (struct assay_column){"place", "place", ASSAY_COLUMN_NUMBER};
        }
    }
    return used;
}

static void group_put(struct assay_page *page, const struct assay_entry *group, size_t count)
{
    struct assay_column columns[1 + 2 * RANKED_COUNT];
    struct assay_table table;
    assay_table_init(&table, columns, columns_make(group, count, columns));
    for (size_t i = 0; i < count; i++) {
        assay_table_row(&table);
        assay_table_cell(&table, "%s", arm_of(&group[i])->model);
        for (size_t m = 0; m < RANKED_COUNT; m++) {
            if (is_there(group, count, RANKED[m].metric)) {
                value_cell(&table, &group[i], RANKED[m].metric);
                rank_cell(&table, group, count, i, RANKED[m].metric);
            }
        }
    }
    const struct assay_arm_view *arm = arm_of(group);
    assay_page_heading(page, 3, "%s%s%s", assay_page_show(page, arm->shape), arm->state[0] != '\0' ? "; " : "",
                       assay_page_show(page, arm->state));
    assay_page_table(page, &table);
    assay_table_done(&table);
}

/* The members of entry i's group if i is the first of it and the group holds at least two models; else 0. */
static size_t group_collect(const struct assay_entry *entries, size_t count, size_t i, struct assay_entry *group)
{
    size_t size = 0;
    bool has_other = false;
    for (size_t j = 0; j < count && size < MODELS_MAX; j++) {
        if (!same_group(&entries[i], &entries[j])) {
            continue;
        }
        if (j < i) {
            return 0;
        }
        has_other |= strcmp(arm_of(&entries[i])->model, arm_of(&entries[j])->model) != 0;
        group[size++] = entries[j];
    }
    return has_other ? size : 0;
}

void assay_compare_models(struct assay_page *page, const struct assay_view *views, size_t count)
{
    assert(page && views);
    size_t entries_count = 0;
    struct assay_entry *entries = assay_entries_valid(views, count, &entries_count);
    struct assay_entry *group = assay_alloc(MODELS_MAX, sizeof *group);
    if (entries == NULL || group == NULL) {
        page->failed = page->failed == ASSAY_OK ? ASSAY_NO_MEMORY : page->failed;
        goto out;
    }
    bool has_heading = false;
    for (size_t i = 0; i < entries_count; i++) {
        size_t size = group_collect(entries, entries_count, i, group);
        if (size == 0) {
            continue;
        }
        if (!has_heading) {
            assay_page_heading(page, 2, "Models against each other");
            assay_page_line(page, ASSAY_TINT_NONE,
                            "Same load, state, host and compute path only. A place is a range where intervals overlap; "
                            "without enough samples there is none.");
            has_heading = true;
        }
        group_put(page, group, size);
    }
out:
    assay_free(entries);
    assay_free(group);
}

/* ---- cold against warm ------------------------------------------------------------------------------------------ */

static const struct assay_entry *find_state(const struct assay_entry *entries, size_t count,
                                            const struct assay_entry *like, const char *state)
{
    for (size_t i = 0; i < count; i++) {
        if (assay_entries_comparable(&entries[i], like) && strcmp(arm_of(&entries[i])->state, state) == 0 &&
            strcmp(arm_of(&entries[i])->model, arm_of(like)->model) == 0) {
            return &entries[i];
        }
    }
    return NULL;
}

static void ratio_cell(struct assay_table *table, const struct assay_entry *cold, const struct assay_entry *warm)
{
    const struct assay_metric_view *a = rankable(cold, "ttft_p50"), *b = rankable(warm, "ttft_p50");
    if (a == NULL || b == NULL || !(b->value > 0)) {
        assay_table_absent(table, "too few samples");
    } else {
        assay_table_cell(table, "%.3g", a->value / b->value);
    }
}

static void states_row(struct assay_table *table, const struct assay_entry *cold, const struct assay_entry *warm)
{
    assay_table_row(table);
    assay_table_cell(table, "%s", arm_of(cold)->model);
    assay_table_cell(table, "%s", arm_of(cold)->shape);
    value_cell(table, cold, "ttft_p50");
    value_cell(table, warm, "ttft_p50");
    ratio_cell(table, cold, warm);
    value_cell(table, cold, "load_time_p50");
}

void assay_compare_states(struct assay_page *page, const struct assay_view *views, size_t count)
{
    assert(page && views);
    static const struct assay_column COLUMNS[] = {
        {"model", "model", ASSAY_COLUMN_FOREIGN},         {"shape", "shape", ASSAY_COLUMN_TEXT},
        {"cold", "cold TTFT p50", ASSAY_COLUMN_NUMBER},   {"warm", "warm TTFT p50", ASSAY_COLUMN_NUMBER},
        {"ratio", "cold over warm", ASSAY_COLUMN_NUMBER}, {"load", "load time p50", ASSAY_COLUMN_NUMBER}};
    struct assay_table table;
    assay_table_init(&table, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    size_t entries_count = 0;
    struct assay_entry *entries = assay_entries_valid(views, count, &entries_count);
    for (size_t i = 0; entries != NULL && i < entries_count; i++) {
        if (strcmp(arm_of(&entries[i])->state, "cold") == 0) {
            const struct assay_entry *warm = find_state(entries, entries_count, &entries[i], "warm");
            if (warm != NULL) {
                states_row(&table, &entries[i], warm);
            }
        }
    }
    if (table.rows_count > 0) {
        assay_page_heading(page, 2, "Cold against warm");
        assay_page_table(page, &table);
    }
    if (entries == NULL && page->failed == ASSAY_OK) {
        page->failed = ASSAY_NO_MEMORY;
    }
    assay_free(entries);
    assay_table_done(&table);
}
