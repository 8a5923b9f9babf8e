#include "report/explain.h"

#include "report/page.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

const struct assay_explain_tool *assay_explain_tools(size_t *ret_count)
{
    assert(ret_count);
    *ret_count = assay_tools_count;
    return assay_tool_heads;
}

static const struct tool *tool_find(const char *name, assay_err *err)
{
    struct assay_buf known;
    assay_buf_init(&known, 4096);
    for (size_t i = 0; i < assay_tools_count; i++) {
        if (strcmp(assay_tools[i]->head->name, name) == 0) {
            assay_buf_done(&known);
            return assay_tools[i];
        }
        assay_buf_printf(&known, "%s%s", i == 0 ? "" : ", ", assay_tools[i]->head->name);
    }
    (void)assay_fail(err, ASSAY_USAGE, "unknown tool '%.64s'; known are %s", name,
                     known.data != NULL ? known.data : "");
    assay_buf_done(&known);
    return NULL;
}

/* ---- what was measured, ready to be explained ------------------------------------------------------------------- */

struct session {
    const struct tool *tool;
    struct assay_arena arena;
    struct assay_plan *plan;
    struct assay_trace *trace;
    struct tool_requests requests;
    struct assay_metric *metrics;
    size_t metrics_count;
};

#define SESSION_BYTES_MAX ((size_t)8 << 30) /* gaps and metrics of the largest run */

static void session_done(struct session *session)
{
    assay_trace_free(session->trace);
    assay_plan_free(session->plan);
    assay_arena_done(&session->arena);
}

static assay_code session_init(struct session *session, const char *plan, size_t plan_len, const char *trace,
                               size_t trace_len, assay_err *err)
{
    assay_arena_init(&session->arena, SESSION_BYTES_MAX);
    assay_code rc = assay_plan_parse(plan, plan_len, &session->plan, err);
    if (rc == ASSAY_OK && strcmp(session->plan->workload, "llm") != 0) {
        rc = assay_fail(err, ASSAY_UNSUPPORTED, "workload '%.32s' sends no requests: no other tool measures it",
                        session->plan->workload);
    }
    rc = rc == ASSAY_OK ? assay_trace_open(trace, trace_len, &session->trace, NULL, err) : rc;
    if (rc == ASSAY_OK) {
        rc = assay_tool_requests_read(session->plan, session->trace, &session->arena, &session->requests, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_metrics_compute(session->plan, session->trace, &session->arena, &session->metrics,
                                   &session->metrics_count, err);
    }
    return rc;
}

static const struct assay_metric *metric_find(const struct session *session, const char *name)
{
    for (size_t i = 0; name != NULL && i < session->metrics_count; i++) {
        if (session->metrics[i].arm == 0 && strcmp(session->metrics[i].name, name) == 0) {
            return &session->metrics[i];
        }
    }
    return NULL;
}

/* ---- tables ----------------------------------------------------------------------------------------------------- */

static const struct assay_column VALUE_COLUMNS[] = {
    {"theirs", "their name", ASSAY_COLUMN_TEXT},   {"their_value", "their value", ASSAY_COLUMN_NUMBER},
    {"ours", "our name", ASSAY_COLUMN_TEXT},       {"our_value", "our value", ASSAY_COLUMN_NUMBER},
    {"our_unit", "unit", ASSAY_COLUMN_TEXT},       {"n", "n", ASSAY_COLUMN_NUMBER},
    {"why", "why they differ", ASSAY_COLUMN_TEXT},
};
#define VALUE_COUNT (sizeof VALUE_COLUMNS / sizeof VALUE_COLUMNS[0])

/* Our value in the unit of that line, and with as many digits, so that the eye can compare. */
static void our_cells(struct assay_table *table, const struct tool_row *row, const struct assay_metric *metric)
{
    bool is_time = metric != NULL && strcmp(metric->unit, "ns") == 0;
    if (row->ours == NULL || metric == NULL) {
        assay_table_absent(table, "-");
        assay_table_absent(table, "-");
        assay_table_absent(table, "-");
        return;
    }
    assay_table_cell(table, "%s", row->ours);
    if (metric->absent != NULL) {
        assay_table_absent(table, metric->absent);
    } else {
        assay_table_cell(table, "%.*f", row->decimals, metric->value / (is_time ? row->ns_per_unit : 1));
    }
    assay_table_cell(table, "%s",
                     !is_time                  ? metric->unit
                     : row->ns_per_unit == 1e6 ? "ms"
                     : row->ns_per_unit == 1e9 ? "s"
                                               : "ns");
}

static assay_code value_row(struct assay_table *table, const struct session *session, const struct tool_row *row,
                            assay_err *err)
{
    double value = 0;
    size_t n = 0;
    const char *why = NULL;
    assay_code rc = assay_tool_row_compute(session->tool, row, &session->requests, &value, &n, &why, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_table_row(table);
    assay_table_cell(table, "%s", row->name);
    if (why != NULL) {
        assay_table_absent(table, why);
    } else {
        assay_table_cell(table, "%.*f", row->decimals, value / row->ns_per_unit);
    }
    our_cells(table, row, metric_find(session, row->ours));
    assay_table_cell(table, "%zu", n);
    assay_table_cell(table, "%s", row->why);
    return ASSAY_OK;
}

static assay_code values_fill(struct assay_table *table, const struct session *session, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < session->tool->rows_count; i++) {
        rc = value_row(table, session, &session->tool->rows[i], err);
    }
    return rc;
}

static void definitions_fill(struct assay_table *table, const struct tool *tool)
{
    const struct {
        const char *what, *theirs, *ours;
    } ROWS[] = {
        {"start", tool->start_text, "kernel transmit stamp of the last request byte; from schedule: due"},
        {"TTFT ends at", tool->first_text, "first content chunk, kernel receive stamp"},
        {"ITL", tool->itl_text, "chunk gap spread evenly over the chunk's tokens"},
        {"TPOT", tool->tpot_text, "(last - first content chunk) / (N - 1)"},
        {"E2E ends at", tool->end_text, "last content chunk"},
        {"N", tool->count_text, "token ids, running usage, logprobs, final usage: tagged"},
        {"percentile", tool->percentile_text, "x(ceil(p n)), a sample that occurred; withheld below its least n"},
        {"spread", tool->spread_text, "sample standard deviation"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        assay_table_row(table);
        assay_table_cell(table, "%s", ROWS[i].what);
        assay_table_cell(table, "%s", ROWS[i].theirs);
        assay_table_cell(table, "%s", ROWS[i].ours);
    }
}

static assay_code page_put(const struct session *session, const struct assay_table *values,
                           enum assay_report_format format, const struct assay_style *style, struct assay_buf *out,
                           assay_err *err)
{
    static const struct assay_column COLUMNS[] = {{"what", "definition", ASSAY_COLUMN_TEXT},
                                                  {"theirs", "theirs", ASSAY_COLUMN_TEXT},
                                                  {"ours", "ours", ASSAY_COLUMN_TEXT}};
    struct assay_page page;
    struct assay_table definitions;
    assay_table_init(&definitions, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
    definitions_fill(&definitions, session->tool);
    assay_page_init(&page, format, style, out);
    assay_page_line(&page, ASSAY_TINT_BOLD, "What %s would have printed for these %zu requests",
                    session->tool->head->title, session->requests.count);
    assay_page_table(&page, values);
    assay_page_heading(&page, 2, "Definitions");
    assay_page_table(&page, &definitions);
    assay_page_line(&page, ASSAY_TINT_NONE,
                    "Recomputed from the user-space stamps of this trace; that tool's own delays would come on top.");
    assay_table_done(&definitions);
    return assay_page_done(&page, err);
}

assay_code assay_explain(const char *tool, const char *plan, size_t plan_len, const char *trace, size_t trace_len,
                         enum assay_report_format format, const struct assay_style *style, struct assay_buf *out,
                         assay_err *err)
{
    assert(tool && plan && trace && style && out);
    struct session session = {.tool = tool_find(tool, err)};
    if (session.tool == NULL) {
        return ASSAY_USAGE;
    }
    struct assay_table values;
    assay_table_init(&values, VALUE_COLUMNS, VALUE_COUNT);
    assay_code rc = session_init(&session, plan, plan_len, trace, trace_len, err);
    rc = rc == ASSAY_OK ? values_fill(&values, &session, err) : rc;
    if (rc == ASSAY_OK) {
        bool is_page = format == ASSAY_REPORT_TEXT || format == ASSAY_REPORT_MARKDOWN;
        rc = is_page ? page_put(&session, &values, format, style, out, err)
                     : assay_table_render(&values, format, style, out, err);
    }
    assay_table_done(&values);
    session_done(&session);
    return rc;
}
