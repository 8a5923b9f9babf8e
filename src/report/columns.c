#include "report/columns.h"

#include <assert.h>
#include <string.h>

/* The order is part of the format: new columns go to the end. */
#define COLUMNS(X)                            \
    X("run_id", TEXT, run_id)                 \
    X("started_at", TEXT, started_at)         \
    X("document", TEXT, document)             \
    X("outcome", TEXT, outcome)               \
    X("reason", FOREIGN, reason)              \
    X("invalid", TEXT, invalid)               \
    X("compute_path", TEXT, compute_path)     \
    X("workload", TEXT, workload)             \
    X("model", FOREIGN, model)                \
    X("url", FOREIGN, url)                    \
    X("engine", FOREIGN, engine)              \
    X("arm", TEXT, arm)                       \
    X("arm_label", FOREIGN, arm_label)        \
    X("shape", FOREIGN, shape)                \
    X("state", TEXT, state)                   \
    X("samples", NUMBER, samples)             \
    X("samples_ok", NUMBER, samples_ok)       \
    X("metric", TEXT, metric)                 \
    X("formula", TEXT, formula)               \
    X("unit", TEXT, unit)                     \
    X("direction", TEXT, direction)           \
    X("value", NUMBER, value)                 \
    X("lower", NUMBER, lower)                 \
    X("upper", NUMBER, upper)                 \
    X("confidence", NUMBER, confidence)       \
    X("n", NUMBER, n)                         \
    X("censored", NUMBER, censored)           \
    X("absent", TEXT, absent)                 \
    X("cpu_model", FOREIGN, cpu_model)        \
    X("receipt_sha256", TEXT, receipt_sha256) \
    X("place", FOREIGN, place)

/* What one cell is made from; arm and metric are NULL in a row of a document without metrics. */
struct cell_source {
    const struct assay_view *view;
    const struct assay_arm_view *arm;
    const struct assay_metric_view *metric;
};

static void text_put(struct assay_table *table, const char *text)
{
    if (text != NULL && text[0] != '\0') {
        assay_table_cell(table, "%s", text);
    } else {
        assay_table_absent(table, "");
    }
}

static void count_put(struct assay_table *table, uint64_t count)
{
    assay_table_cell(table, "%llu", (unsigned long long)count);
}

#define TEXT_CELL(name, expression)                                                    \
    static void cell_##name(struct assay_table *table, const struct cell_source *from) \
    {                                                                                  \
        text_put(table, (expression));                                                 \
    }

static const char *document_word(enum assay_document document)
{
    static const char *const WORDS[] = {"receipt", "record", "imported"};
    return WORDS[document];
}

TEXT_CELL(run_id, from->view->run_id)
TEXT_CELL(started_at, from->view->started_at)
TEXT_CELL(document, document_word(from->view->document))
TEXT_CELL(outcome, from->view->outcome)
TEXT_CELL(reason, from->view->reason)
TEXT_CELL(compute_path, from->view->compute_path)
TEXT_CELL(workload, from->view->workload)
TEXT_CELL(model, from->arm != NULL ? from->arm->model : NULL)
TEXT_CELL(url, from->view->url)
TEXT_CELL(engine, from->view->engine)
TEXT_CELL(arm, from->arm != NULL ? from->arm->id : NULL)
TEXT_CELL(arm_label, from->arm != NULL ? from->arm->label : NULL)
TEXT_CELL(shape, from->arm != NULL ? from->arm->shape : NULL)
TEXT_CELL(state, from->arm != NULL ? from->arm->state : NULL)
TEXT_CELL(metric, from->metric != NULL ? from->metric->name : NULL)
TEXT_CELL(formula, from->metric != NULL ? from->metric->formula : NULL)
TEXT_CELL(unit, from->metric != NULL ? from->metric->unit : NULL)
TEXT_CELL(direction, from->metric != NULL ? from->metric->direction : NULL)
TEXT_CELL(value, from->metric != NULL && from->metric->absent == NULL ? from->metric->value_text : NULL)
TEXT_CELL(lower, from->metric != NULL && from->metric->has_bounds ? from->metric->lower_text : NULL)
TEXT_CELL(upper, from->metric != NULL && from->metric->has_bounds ? from->metric->upper_text : NULL)
TEXT_CELL(confidence, from->metric != NULL && from->metric->has_bounds ? from->metric->confidence_text : NULL)
TEXT_CELL(absent, from->metric != NULL ? from->metric->absent : NULL)
TEXT_CELL(cpu_model, assay_view_text(from->view, "/environment/hosts/0/cpuModel"))
TEXT_CELL(receipt_sha256, from->view->digest)
TEXT_CELL(place, from->view->place)

static void cell_invalid(struct assay_table *table, const struct cell_source *from)
{
    const json_t *codes = assay_json_at(from->view->predicate, "/invalid");
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_REPORT_BYTES_MAX);
    for (size_t i = 0; i < json_array_size(codes); i++) {
        const char *code = json_string_value(json_array_get(codes, i));
        assay_buf_printf(&text, "%s%s", i == 0 ? "" : " ", code != NULL ? code : "?");
    }
    text_put(table, text.data);
    assay_buf_done(&text);
}

static void cell_samples(struct assay_table *table, const struct cell_source *from)
{
    count_put(table, from->view->count);
}

static void cell_samples_ok(struct assay_table *table, const struct cell_source *from)
{
    count_put(table, from->view->ok);
}

static void cell_n(struct assay_table *table, const struct cell_source *from)
{
    if (from->metric != NULL) {
        count_put(table, from->metric->n);
    } else {
        assay_table_absent(table, "");
    }
}

static void cell_censored(struct assay_table *table, const struct cell_source *from)
{
    if (from->metric != NULL) {
        count_put(table, from->metric->censored);
    } else {
        assay_table_absent(table, "");
    }
}

#define AS_COLUMN(id, kind, name) {id, id, ASSAY_COLUMN_##kind},
#define AS_CELL(id, kind, name) cell_##name,
static const struct assay_column COLUMN_ROWS[] = {COLUMNS(AS_COLUMN)};
static void (*const CELLS[])(struct assay_table *, const struct cell_source *) = {COLUMNS(AS_CELL)};
#define COLUMNS_COUNT (sizeof COLUMN_ROWS / sizeof COLUMN_ROWS[0])

const struct assay_column *assay_report_columns(size_t *ret_count)
{
    assert(ret_count);
    *ret_count = COLUMNS_COUNT;
    return COLUMN_ROWS;
}

static void row_put(struct assay_table *table, const struct cell_source *from)
{
    assay_table_row(table);
    for (size_t i = 0; i < COLUMNS_COUNT; i++) {
        CELLS[i](table, from);
    }
}

void assay_columns_rows(const struct assay_view *view, struct assay_table *table)
{
    assert(view && table);
    if (view->metrics_count == 0) {
        row_put(table, &(struct cell_source){.view = view, .arm = view->arms_count == 1 ? view->arms : NULL});
    }
    for (size_t i = 0; i < view->metrics_count; i++) {
        const struct assay_metric_view *metric = &view->metrics[i];
        row_put(table, &(struct cell_source){.view = view, .arm = &view->arms[metric->arm], .metric = metric});
    }
}
