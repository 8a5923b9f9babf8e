/* Runs of the built-in language model: a row a case, and where its time went (kernels.md 5.3). */
#include "report/facts.h"

#include "report/value.h"

#include "base/num.h"

#include <stdio.h>
#include <string.h>

static const struct assay_column COLUMNS[] = {
    {"arm", "arm", ASSAY_COLUMN_FOREIGN},
    {"case", "case", ASSAY_COLUMN_FOREIGN},
    {"rate", "tok/s", ASSAY_COLUMN_NUMBER},
    {"bounds", "bounds", ASSAY_COLUMN_TEXT},
    {"bytes", "bytes/tok", ASSAY_COLUMN_NUMBER},
    {"implied", "GB/s", ASSAY_COLUMN_NUMBER},
    {"limit", "of the read limit", ASSAY_COLUMN_NUMBER},
    {"ops", "GOP/s", ASSAY_COLUMN_NUMBER},
    {"kernels", "in kernels", ASSAY_COLUMN_NUMBER},
    {"fallback", "of which fallback", ASSAY_COLUMN_NUMBER},
    {"waiting", "waiting", ASSAY_COLUMN_NUMBER},
    {"outside", "outside", ASSAY_COLUMN_NUMBER},
};

/* What the kernels of one arm counted; times summed over threads. */
struct sum {
    double tokens, wall_ns;
    double bytes, products, work_ns, fallback_ns, sync_ns;
};

static double member_of(const json_t *data, const char *name, const char *arm)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%s.%s", name, arm);
    return (double)json_integer_value(json_object_get(data, text));
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void add_entry(const struct assay_view *view, const json_t *entry, struct sum *sum)
{
    const char *id = text_at(entry, "id"), *kind = text_at(entry, "class");
    double ns = (double)json_integer_value(json_object_get(entry, "ns"));
    if (strcmp(kind, "limit") == 0) {
        return; /* the probes of the run, between the operations */
    }
    if (strcmp(kind, "sync") == 0) {
        sum->sync_ns += ns;
        return;
    }
    sum->work_ns += ns;
    sum->bytes += assay_value_count(entry, "bytes");
    sum->fallback_ns += json_is_true(json_object_get(entry, "fallback")) ||
                                assay_breaker_stands_in(json_object_get(view->predicate, "checks"), id)
                            ? ns
                            : 0;
    if (strncmp(id, "ternary_", 8) == 0 || strncmp(id, "dense_", 6) == 0) {
        sum->products += assay_value_count(entry, "elements");
    }
}

static struct sum sum_of(const struct assay_view *view, const char *arm)
{
    const json_t *data = json_object_get(assay_view_check(view, "token_count"), "data");
    const json_t *entries = assay_json_at(view->predicate, "/kernels/entries");
    struct sum sum = {.tokens = member_of(data, "tokens", arm), .wall_ns = member_of(data, "wallNs", arm)};
    for (size_t i = 0; i < json_array_size(entries); i++) {
        if (strcmp(text_at(json_array_get(entries, i), "arm"), arm) == 0) {
            add_entry(view, json_array_get(entries, i), &sum);
        }
    }
    return sum;
}

double assay_facts_lm_wall_ns(const struct assay_view *view, const char *arm)
{
    return member_of(json_object_get(assay_view_check(view, "token_count"), "data"), "wallNs", arm);
}

/* ---- cells --------------------------------------------------------------------------------------------------------*/

static void share_cell(struct assay_table *table, double part, double whole)
{
    assay_table_cell(table, "%.3g %%", whole > 0 ? 100 * part / whole : 0);
}

static void rate_cells(struct assay_table *table, const struct assay_metric_view *rate)
{
    if (!rate || rate->absent) {
        assay_table_absent(table, rate ? rate->absent : "-");
        assay_table_absent(table, "-");
        return;
    }
    assay_table_cell(table, "%.4g", rate->value);
    if (rate->has_bounds) {
        assay_table_cell(table, "%.4g to %.4g", rate->lower, rate->upper);
    } else {
        assay_table_absent(table, "-");
    }
}

static void case_row(struct assay_table *table, const struct assay_view *view, size_t arm, double threads, double limit)
{
    const struct sum sum = sum_of(view, view->arms[arm].id);
    char bytes[ASSAY_NUM_TEXT_BYTES];
    double room_ns = sum.wall_ns * threads;
    double outside_ns = room_ns - sum.work_ns - sum.sync_ns;
    double per_s = sum.wall_ns > 0 ? sum.bytes * 1e9 / sum.wall_ns : 0;
    assay_table_row(table);
    assay_table_cell(table, "%s", view->arms[arm].id);
    assay_table_cell(table, "%s", view->arms[arm].label);
    rate_cells(table, assay_view_metric(view, arm, "token_rate_p50"));
    assay_num_print_bytes(sum.tokens > 0 ? sum.bytes / sum.tokens : 0, bytes);
    assay_table_cell(table, "%s", bytes);
    assay_table_cell(table, "%.3g", per_s / 1e9);
    share_cell(table, per_s, limit);
    assay_table_cell(table, "%.3g", sum.wall_ns > 0 ? 2 * sum.products / sum.wall_ns : 0);
    share_cell(table, sum.work_ns, room_ns);
    share_cell(table, sum.fallback_ns, sum.work_ns);
    share_cell(table, sum.sync_ns, room_ns);
    share_cell(table, outside_ns > 0 ? outside_ns : 0, room_ns);
}

static void put_limits(struct assay_page *page, const json_t *data, double threads)
{
    char load[ASSAY_NUM_TEXT_BYTES], repack[ASSAY_NUM_TEXT_BYTES], bytes[ASSAY_NUM_TEXT_BYTES];
    double load_ns = (double)json_integer_value(json_object_get(data, "loadNs"));
    double model_bytes = (double)json_integer_value(json_object_get(data, "modelBytes"));
    assay_num_print_ns(load_ns, load);
    assay_num_print_ns((double)json_integer_value(json_object_get(data, "repackNs")), repack);
    assay_num_print_bytes(model_bytes, bytes);
    assay_page_item(page, "%.0f thread%s; a read-only pass over the same weights: %.3g GB/s (%.3g to %.3g)", threads,
                    threads > 1 ? "s" : "", assay_value_dec(data, "readMedian") / 1e9,
                    assay_value_dec(data, "readLowest") / 1e9, assay_value_dec(data, "readHighest") / 1e9);
    assay_page_item(page, "loading %s took %s, repacking %s of it; no case holds any of that", bytes, load, repack);
}

void assay_facts_lm(struct assay_page *page, const struct assay_view *view)
{
    const json_t *data = json_object_get(assay_view_check(view, "roofline"), "data");
    const json_t *tokens = assay_view_check(view, "token_count");
    double threads = (double)json_integer_value(assay_json_at(view->predicate, "/kernels/threads"));
    if (strcmp(view->workload, "lm") != 0 || !tokens) {
        return;
    }
    struct assay_table table;
    assay_table_init(&table, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    for (size_t i = 0; i < view->arms_count; i++) {
        case_row(&table, view, i, threads, assay_value_dec(data, "readMedian"));
    }
    assay_page_heading(page, 2, "Cases");
    assay_page_table(page, &table);
    assay_table_done(&table);
    assay_page_gap(page);
    put_limits(page, data, threads);
}
