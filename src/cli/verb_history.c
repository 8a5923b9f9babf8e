/* What is kept in the history. */
#include "cli/cli.h"
#include "cli/detect_text.h"
#include "cli/store_place.h"
#include "cli/terminal.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#define HISTORY_ARENA_BYTES_MAX ((size_t)1 << 30) /* ASSAY_STORE_ROWS_MAX rows of about a kilobyte */

#define SPARK_WIDTH 72
#define SERIES_SHOWN_MAX 256

static const char *const FORMATS[] = {"text", "csv", "md", "json", NULL};

struct values {
    const char *model, *metric, *workload, *branch, *store;
    uint64_t limit;
    int format;
    bool wants_json;
};

static const struct assay_opt OPTIONS[] = {
    {"model", "M", "only this model", ASSAY_OPT_TEXT, offsetof(struct values, model)},
    {"metric", "NAME", "the series of this metric (ttft_p50) instead of the list of runs", ASSAY_OPT_TEXT,
     offsetof(struct values, metric)},
    {"workload", "NAME", "only this workload", ASSAY_OPT_TEXT, offsetof(struct values, workload)},
    {"branch", "NAME", "only this branch", ASSAY_OPT_TEXT, offsetof(struct values, branch)},
    {"limit", "N", "the newest N rows (default 50; 0 = all)", ASSAY_OPT_U64, offsetof(struct values, limit),
     .max = ASSAY_STORE_ROWS_MAX},
    {"store", "FILE", "history (default $ASSAY_STORE, else $XDG_DATA_HOME/assay/history.db)", ASSAY_OPT_TEXT,
     offsetof(struct values, store)},
    {"format", "text|csv|md|json", "how to print (default text)", ASSAY_OPT_CHOICE, offsetof(struct values, format),
     .choices = FORMATS},
    {"json", NULL, "the same as --format json", ASSAY_OPT_FLAG, offsetof(struct values, wants_json)},
};

static const struct assay_column RUN_COLUMNS[] = {
    {"started", "started", ASSAY_COLUMN_TEXT},   {"workload", "workload", ASSAY_COLUMN_TEXT},
    {"model", "model", ASSAY_COLUMN_FOREIGN},    {"outcome", "outcome", ASSAY_COLUMN_TEXT},
    {"ok", "ok", ASSAY_COLUMN_NUMBER},           {"count", "of", ASSAY_COLUMN_NUMBER},
    {"compute_path", "path", ASSAY_COLUMN_TEXT}, {"invalid", "invalid", ASSAY_COLUMN_TEXT},
    {"dir", "directory", ASSAY_COLUMN_FOREIGN},
};

static const struct assay_column POINT_COLUMNS[] = {
    {"started", "started", ASSAY_COLUMN_TEXT}, {"series", "series", ASSAY_COLUMN_FOREIGN},
    {"arm", "arm", ASSAY_COLUMN_TEXT},         {"metric", "metric", ASSAY_COLUMN_TEXT},
    {"value", "value", ASSAY_COLUMN_NUMBER},   {"lower", "lower", ASSAY_COLUMN_NUMBER},
    {"upper", "upper", ASSAY_COLUMN_NUMBER},   {"unit", "unit", ASSAY_COLUMN_TEXT},
    {"n", "n", ASSAY_COLUMN_NUMBER},           {"commit", "commit", ASSAY_COLUMN_FOREIGN},
    {"invalid", "invalid", ASSAY_COLUMN_TEXT},
};

/* For people a value carries its unit. */
static const struct assay_column PEOPLE_COLUMNS[] = {
    {"started", "started", ASSAY_COLUMN_TEXT},  {"series", "series", ASSAY_COLUMN_FOREIGN},
    {"arm", "arm", ASSAY_COLUMN_TEXT},          {"metric", "metric", ASSAY_COLUMN_TEXT},
    {"value", "value", ASSAY_COLUMN_NUMBER},    {"lower", "lower", ASSAY_COLUMN_NUMBER},
    {"upper", "upper", ASSAY_COLUMN_NUMBER},    {"n", "n", ASSAY_COLUMN_NUMBER},
    {"commit", "commit", ASSAY_COLUMN_FOREIGN}, {"invalid", "invalid", ASSAY_COLUMN_TEXT},
};

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static void cell_or_absent(struct assay_table *table, const char *text, const char *why)
{
    if (text && *text) {
        assay_table_cell(table, "%s", text);
    } else {
        assay_table_absent(table, why);
    }
}

static assay_code fill_runs(struct assay_store *store, const struct assay_store_query *query, struct assay_arena *arena,
                            struct assay_table *table, assay_err *err)
{
    struct assay_store_entry *rows;
    size_t count;
    assay_code rc = assay_store_entries(store, query, arena, &rows, &count, err);
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        assay_table_row(table);
        assay_table_cell(table, "%s", rows[i].started_at);
        assay_table_cell(table, "%s", rows[i].workload);
        cell_or_absent(table, rows[i].model, "-");
        assay_table_cell(table, "%s", rows[i].outcome);
        assay_table_cell(table, "%" PRIu64, rows[i].ok);
        assay_table_cell(table, "%" PRIu64, rows[i].count);
        cell_or_absent(table, rows[i].compute_path, "-");
        cell_or_absent(table, rows[i].invalid, "-");
        cell_or_absent(table, rows[i].dir, "-");
    }
    return rc;
}

/* People read milliseconds and the unit beside each number; CSV and JSON keep the unit of the receipt, in its column.
 */
static void value_cell(struct assay_table *table, double value, const char *unit, bool is_for_people)
{
    char text[ASSAY_NUM_TEXT_BYTES];
    if (is_for_people && strcmp(unit, "ns") == 0) {
        (void)assay_num_print_ns(value, text);
    } else if (is_for_people && strcmp(unit, "bytes") == 0) {
        (void)assay_num_print_bytes(value, text);
    } else {
        (void)assay_num_print_shortest(value, text);
        if (is_for_people && strcmp(unit, "1") != 0) {
            assay_table_cell(table, strcmp(unit, "1/s") == 0 ? "%s/s" : "%s %s", text, unit);
            return;
        }
    }
    assay_table_cell(table, "%s", text);
}

static void fill_point(struct assay_table *table, const struct assay_store_point *point, bool is_for_people)
{
    assay_table_row(table);
    assay_table_cell(table, "%s", point->started_at);
    assay_table_cell(table, "%s", point->series);
    assay_table_cell(table, "%s", point->arm);
    assay_table_cell(table, "%s", point->metric);
    if (point->absent) {
        assay_table_absent(table, point->absent);
    } else {
        value_cell(table, point->value, point->unit, is_for_people);
    }
    if (point->has_bounds) {
        value_cell(table, point->lower, point->unit, is_for_people);
        value_cell(table, point->upper, point->unit, is_for_people);
    } else {
        assay_table_absent(table, "-");
        assay_table_absent(table, "-");
    }
    if (!is_for_people) {
        assay_table_cell(table, "%s", point->unit);
    }
    assay_table_cell(table, "%" PRIu64, point->n);
    cell_or_absent(table, point->commit, "-");
    cell_or_absent(table, point->invalid, "-");
}

/* Each series of two points or more as bars, oldest first. */
static assay_code draw_series(const struct assay_store_point *points, size_t count, struct assay_arena *arena,
                              struct assay_buf *out, assay_err *err)
{
    double *values = assay_arena_take(arena, count + 1, sizeof *values);
    if (!values) {
        return assay_nomem(err);
    }
    for (size_t first = 0, end; first < count; first = end) {
        size_t present = 0;
        for (end = first; end < count && points[end].series_id == points[first].series_id; end++) {
            if (!points[end].absent) {
                values[present++] = points[end].value;
            }
        }
        if (present > 1) {
            assay_buf_char(out, '\n');
            assay_text_show(out, points[first].series, strlen(points[first].series), SERIES_SHOWN_MAX);
            assay_buf_text(out, "\n  ");
            assay_spark(values, present, SIZE_MAX, SPARK_WIDTH, out);
            assay_buf_char(out, '\n');
        }
    }
    return ASSAY_OK;
}

/* A metric that no series has and no formula knows is a slip of the keyboard. */
static assay_code check_metric(const char *metric, size_t count, assay_err *err)
{
    struct assay_metric_key key;
    return count > 0 ? ASSAY_OK : assay_metric_find(metric, &key, err);
}

static assay_code fill_series(struct assay_store *store, const struct assay_store_query *query,
                              struct assay_arena *arena, bool is_for_people, struct assay_table *table,
                              struct assay_buf *bars, assay_err *err)
{
    struct assay_store_point *points;
    size_t count;
    assay_code rc = assay_store_series(store, query, arena, &points, &count, err);
    rc = rc == ASSAY_OK ? check_metric(query->metric, count, err) : rc;
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        fill_point(table, &points[i], is_for_people);
    }
    return rc == ASSAY_OK ? draw_series(points, count, arena, bars, err) : rc;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)cli;
    (void)given;
    const struct values *values = values_;
    enum assay_report_format format = values->wants_json ? ASSAY_REPORT_JSON : (enum assay_report_format)values->format;
    bool is_for_people = format == ASSAY_REPORT_TEXT || format == ASSAY_REPORT_MARKDOWN;
    struct assay_store_query query = {.model = values->model,
                                      .metric = values->metric,
                                      .workload = values->workload,
                                      .branch = values->branch,
                                      .limit = values->limit};
    struct assay_store *store = NULL;
    struct assay_arena arena;
    struct assay_table table;
    struct assay_buf bars;
    assay_arena_init(&arena, HISTORY_ARENA_BYTES_MAX);
    assay_buf_init(&bars, ASSAY_CLI_OUTPUT_BYTES_MAX);
    if (values->metric && is_for_people) {
        assay_table_init(&table, PEOPLE_COLUMNS, COUNT_OF(PEOPLE_COLUMNS));
    } else if (values->metric) {
        assay_table_init(&table, POINT_COLUMNS, COUNT_OF(POINT_COLUMNS));
    } else {
        assay_table_init(&table, RUN_COLUMNS, COUNT_OF(RUN_COLUMNS));
    }
    assay_code rc = assay_store_place_open(values->store, ASSAY_STORE_READ, &store, err);
    if (rc == ASSAY_OK) {
        rc = values->metric ? fill_series(store, &query, &arena, is_for_people, &table, &bars, err)
                            : fill_runs(store, &query, &arena, &table, err);
    }
    if (rc == ASSAY_OK) {
        struct assay_style style = assay_terminal_style();
        rc = assay_table_render(&table, format, &style, out, err);
    }
    if (rc == ASSAY_OK && format == ASSAY_REPORT_TEXT && bars.len > 0) {
        assay_buf_append(out, bars.data, bars.len);
    }
    assay_buf_done(&bars);
    assay_store_close(store);
    assay_table_done(&table);
    assay_arena_done(&arena);
    return rc;
}

static const struct values DEFAULTS = {.limit = 50}; /* what a screen or two hold */

const struct assay_verb assay_verb_history = {
    .opt = {.name = "history",
            .synopsis = "[OPTIONS]",
            .summary = "the runs of the past, or the series of one metric",
            .manual = "Every run is appended to the history unless --no-save was given. Runs of another host class, "
                      "other settings or another branch are other series.",
            .options = OPTIONS,
            .options_count = COUNT_OF(OPTIONS),
            .examples = "assay history --metric ttft_p50 --model smollm2\n  how first-token time went\n"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
