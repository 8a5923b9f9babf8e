#include "report/facts.h"

#include "report/value.h"

#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const STATS[] = {"p50", "p90", "p95", "p99", "mean"};
#define STATS_COUNT (sizeof STATS / sizeof STATS[0])

static const struct assay_column SPREAD_COLUMNS[] = {
    {"metric", "metric", ASSAY_COLUMN_TEXT}, {"p50", "p50", ASSAY_COLUMN_NUMBER},
    {"p90", "p90", ASSAY_COLUMN_NUMBER},     {"p95", "p95", ASSAY_COLUMN_NUMBER},
    {"p99", "p99", ASSAY_COLUMN_NUMBER},     {"mean", "mean", ASSAY_COLUMN_NUMBER},
    {"n", "n", ASSAY_COLUMN_NUMBER},         {"interval", "bounds of p50", ASSAY_COLUMN_TEXT},
};
#define SPREAD_COUNT (sizeof SPREAD_COLUMNS / sizeof SPREAD_COLUMNS[0])

static const struct assay_column SINGLE_COLUMNS[] = {
    {"metric", "metric", ASSAY_COLUMN_TEXT},
    {"value", "value", ASSAY_COLUMN_NUMBER},
    {"n", "n", ASSAY_COLUMN_NUMBER},
    {"interval", "bounds", ASSAY_COLUMN_TEXT},
};
#define SINGLE_COUNT (sizeof SINGLE_COLUMNS / sizeof SINGLE_COLUMNS[0])

/* One line of a table: the metrics of one id. */
struct group {
    const char *id;
    size_t order;
    const struct assay_metric_view *single;
    const struct assay_metric_view *stats[STATS_COUNT];
};

static int group_compare(const void *left, const void *right)
{
    const struct group *a = left, *b = right;
    if (a->order != b->order) {
        return a->order < b->order ? -1 : 1;
    }
    return strcmp(a->id, b->id);
}

static struct group *group_find(struct group *groups, size_t *count, const char *id)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(groups[i].id, id) == 0) {
            return &groups[i];
        }
    }
    groups[*count] = (struct group){.id = id, .order = assay_value_order(id)};
    return &groups[(*count)++];
}

static size_t groups_make(const struct assay_view *view, size_t arm, struct group *groups)
{
    size_t count = 0;
    for (size_t i = 0; i < view->metrics_count; i++) {
        const struct assay_metric_view *metric = &view->metrics[i];
        if (metric->arm != arm) {
            continue;
        }
        struct group *group = group_find(groups, &count, metric->id);
        if (metric->stat == NULL) {
            group->single = metric;
        }
        for (size_t s = 0; metric->stat != NULL && s < STATS_COUNT; s++) {
            if (strcmp(STATS[s], metric->stat) == 0) {
                group->stats[s] = metric;
            }
        }
    }
    qsort(groups, count, sizeof *groups, group_compare);
    return count;
}

static void value_cell(struct assay_table *table, const struct assay_view *view, const struct assay_metric_view *metric)
{
    char text[ASSAY_VALUE_TEXT_BYTES];
    if (metric == NULL) {
        assay_table_absent(table, "-");
    } else if (metric->absent != NULL) {
        assay_table_absent(table, metric->absent);
    } else {
        assay_value_print(metric, metric->value, assay_value_grain_ns(view), text);
        assay_table_cell(table, "%s", text);
    }
}

static void interval_cell(struct assay_table *table, const struct assay_view *view,
                          const struct assay_metric_view *metric)
{
    char lower[ASSAY_VALUE_TEXT_BYTES], upper[ASSAY_VALUE_TEXT_BYTES];
    if (metric == NULL || metric->absent != NULL || !metric->has_bounds) {
        assay_table_absent(table, "-");
        return;
    }
    assay_value_print(metric, metric->lower, assay_value_grain_ns(view), lower);
    assay_value_print(metric, metric->upper, assay_value_grain_ns(view), upper);
    const char *each = assay_text_starts(metric->formula, "pairs_sign") ? "" : "each "; /* a ratio has one interval */
    assay_table_cell(table, "%s to %s, %sat %.4g %%", lower, upper, each, 100 * metric->confidence);
}

/* Statistics of one id use the same samples; where they do not, both numbers are shown. */
static void n_cell(struct assay_table *table, const struct group *group)
{
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t s = 0; s < STATS_COUNT; s++) {
        if (group->stats[s] != NULL) {
            least = group->stats[s]->n < least ? group->stats[s]->n : least;
            most = group->stats[s]->n > most ? group->stats[s]->n : most;
        }
    }
    if (least < most) {
        assay_table_cell(table, "%llu to %llu", (unsigned long long)least, (unsigned long long)most);
    } else {
        assay_table_cell(table, "%llu", (unsigned long long)most);
    }
}

static bool has_stats(const struct group *group)
{
    for (size_t s = 0; s < STATS_COUNT; s++) {
        if (group->stats[s] != NULL) {
            return true;
        }
    }
    return false;
}

static void spread_row(struct assay_table *table, const struct assay_view *view, const struct group *group)
{
    assay_table_row(table);
    assay_table_cell(table, "%s", assay_value_heading(group->id));
    const char *said = "";
    for (size_t s = 0; s < STATS_COUNT; s++) {
        const char *why = group->stats[s] != NULL ? group->stats[s]->absent : NULL;
        if (why != NULL && strcmp(why, said) == 0) {
            assay_table_absent(table, "withheld"); /* for the reason in the column before */
            continue;
        }
        said = why != NULL ? why : said;
        value_cell(table, view, group->stats[s]);
    }
    n_cell(table, group);
    interval_cell(table, view, group->stats[0]);
}

static void single_row(struct assay_table *table, const struct assay_view *view, const struct group *group)
{
    assay_table_row(table);
    assay_table_cell(table, "%s", assay_value_heading(group->id));
    value_cell(table, view, group->single);
    assay_table_cell(table, "%llu", (unsigned long long)group->single->n);
    interval_cell(table, view, group->single);
}

void assay_facts_metrics(struct assay_page *page, const struct assay_view *view, size_t arm)
{
    assert(page && view);
    struct assay_table spread, single;
    assay_table_init(&spread, SPREAD_COLUMNS, SPREAD_COUNT);
    assay_table_init(&single, SINGLE_COLUMNS, SINGLE_COUNT);
    struct group *groups = assay_alloc(view->metrics_count + 1, sizeof *groups);
    size_t count = groups != NULL ? groups_make(view, arm, groups) : 0;
    for (size_t i = 0; i < count; i++) {
        if (has_stats(&groups[i])) {
            spread_row(&spread, view, &groups[i]);
        }
        if (groups[i].single != NULL) {
            single_row(&single, view, &groups[i]);
        }
    }
    if (groups == NULL && page->failed == ASSAY_OK) {
        page->failed = ASSAY_NO_MEMORY;
    }
    if (spread.rows_count > 0) {
        assay_page_table(page, &spread);
    }
    if (single.rows_count > 0) {
        assay_page_gap(page);
        assay_page_table(page, &single);
    }
    assay_free(groups);
    assay_table_done(&spread);
    assay_table_done(&single);
}

void assay_facts_claimed(struct assay_page *page, const struct assay_view *view)
{
    static const struct assay_column COLUMNS[] = {
        {"name", "figure of the other tool", ASSAY_COLUMN_FOREIGN},
        {"value", "value", ASSAY_COLUMN_NUMBER},
        {"unit", "unit", ASSAY_COLUMN_TEXT},
    };
    const json_t *claimed = assay_json_at(view->predicate, "/claimed");
    struct assay_table table;
    assay_table_init(&table, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    for (size_t i = 0; i < json_array_size(claimed); i++) {
        const json_t *entry = json_array_get(claimed, i);
        const char *name = json_string_value(json_object_get(entry, "name"));
        const char *value = json_string_value(json_object_get(entry, "value"));
        const char *unit = json_string_value(json_object_get(entry, "unit"));
        assay_table_row(&table);
        assay_table_cell(&table, "%s", name != NULL ? name : "?");
        assay_table_cell(&table, "%s", value != NULL ? value : "?");
        assay_table_cell(&table, "%s", unit != NULL ? unit : "");
    }
    if (table.rows_count > 0) {
        assay_page_table(page, &table);
    }
    assay_table_done(&table);
}
