/* What ran: the kernel entries of a receipt, their share of the time, and their rates beside the probe of the run. */
#include "report/facts.h"

#include "report/value.h"

#include "base/num.h"

#include <string.h>

static const struct assay_column COLUMNS[] = {
    {"kernel", "kernel", ASSAY_COLUMN_FOREIGN}, {"arm", "arm", ASSAY_COLUMN_FOREIGN},
    {"class", "class", ASSAY_COLUMN_FOREIGN},   {"calls", "calls", ASSAY_COLUMN_NUMBER},
    {"call", "a call", ASSAY_COLUMN_NUMBER},    {"share", "of the time", ASSAY_COLUMN_NUMBER},
    {"rate", "GB/s", ASSAY_COLUMN_NUMBER},      {"limit", "of the probe", ASSAY_COLUMN_NUMBER},
};

static void text_cell(struct assay_table *table, const json_t *entry, const char *name)
{
    const char *text = json_string_value(json_object_get(entry, name));
    assay_table_cell(table, "%s", text ? text : "");
}

static void limit_cell(struct assay_table *table, const json_t *entry, double threads, const json_t *data)
{
    struct assay_roofline roofline = assay_roofline_of(entry, threads, data);
    if (roofline.verdict == ASSAY_VERDICT_NOT_MEASURED) {
        assay_table_absent(table, "-");
    } else {
        assay_table_cell(table, "%.3g %%", 100 * roofline.ratio);
    }
}

/* Of the timed regions of its arm, where the receipt says how long they were; the run's probes lie between them. */
static void share_cell(struct assay_table *table, const struct assay_view *view, const json_t *entry, double wall_ns,
                       double threads)
{
    const char *arm = json_string_value(json_object_get(entry, "arm"));
    const char *kind = json_string_value(json_object_get(entry, "class"));
    double arm_ns = arm ? assay_facts_lm_wall_ns(view, arm) : 0;
    double room_ns = (arm_ns > 0 ? arm_ns : wall_ns) * threads;
    if (arm_ns > 0 && kind && strcmp(kind, "limit") == 0) {
        assay_table_absent(table, "-");
        return;
    }
    double ns = (double)json_integer_value(json_object_get(entry, "ns"));
    assay_table_cell(table, "%.3g %%", room_ns > 0 ? 100 * ns / room_ns : 0);
}

static void entry_row(struct assay_table *table, const struct assay_view *view, const json_t *entry, double wall_ns,
                      double threads, const json_t *data)
{
    double ns = (double)json_integer_value(json_object_get(entry, "ns")), calls = assay_value_count(entry, "calls");
    char text[ASSAY_NUM_TEXT_BYTES];
    assay_table_row(table);
    text_cell(table, entry, "id");
    text_cell(table, entry, "arm");
    text_cell(table, entry, "class");
    text_cell(table, entry, "calls");
    assay_num_print_ns(calls > 0 ? ns / calls : 0, text);
    assay_table_cell(table, "%s", text);
    share_cell(table, view, entry, wall_ns, threads);
    assay_table_cell(table, "%.3g", ns > 0 ? assay_value_count(entry, "bytes") * threads / ns : 0);
    limit_cell(table, entry, threads, data);
}

/* How the epochs were made, if the run had any. */
static void put_epoch(struct assay_page *page, const json_t *data)
{
    char epoch[ASSAY_NUM_TEXT_BYTES], bytes[ASSAY_NUM_TEXT_BYTES];
    if (json_integer_value(json_object_get(data, "epochCalls")) == 0) {
        return;
    }
    assay_num_print_ns((double)json_integer_value(json_object_get(data, "epochNs")), epoch);
    assay_num_print_bytes((double)json_integer_value(json_object_get(data, "copyBytes")), bytes);
    assay_page_item(page, "epoch: %lld calls, %s; the timer is %.2g %% of it",
                    (long long)json_integer_value(json_object_get(data, "epochCalls")), epoch,
                    100 * assay_value_dec(data, "timerShare"));
    assay_page_item(page, "calls go round %lld cop%s of %s of inputs",
                    (long long)json_integer_value(json_object_get(data, "copies")),
                    json_integer_value(json_object_get(data, "copies")) == 1 ? "y" : "ies", bytes);
    assay_page_item(page, "the read-only pass over the same operands reached %.3g to %.3g GB/s",
                    assay_value_dec(data, "readLowest") / 1e9, assay_value_dec(data, "readHighest") / 1e9);
}

void assay_facts_kernels(struct assay_page *page, const struct assay_view *view)
{
    const json_t *kernels = json_object_get(view->predicate, "kernels");
    const json_t *entries = json_object_get(kernels, "entries");
    const json_t *data = json_object_get(assay_view_check(view, "roofline"), "data");
    if (json_array_size(entries) == 0) {
        return;
    }
    double threads = (double)json_integer_value(json_object_get(kernels, "threads"));
    double wall_ns = (double)json_integer_value(json_object_get(kernels, "wallNs"));
    struct assay_table table;
    assay_table_init(&table, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        entry_row(&table, view, json_array_get(entries, i), wall_ns, threads, data);
    }
    assay_page_heading(page, 2, "Kernels");
    assay_page_table(page, &table);
    assay_table_done(&table);
    assay_page_gap(page);
    put_epoch(page, data);
}
