/*
 * AIPerf profile_export.jsonl: a line a request, with start and end in Unix nanoseconds, its time to first token and
 * the gaps between chunks in ms (endpoints.md 9). profile_export_aiperf.json holds figures only: a summary.
 */
#include "import/jsons.h"

#include <stdio.h>
#include <string.h>

#define NS_PER_MS 1e6

static const char *const LINES[] = {"\"benchmark_phase\"", "\"request_start_ns\"", NULL};
static const char *const SUMMARY[] = {"\"input_config\"", "\"request_latency\"", "\"request_throughput\"", NULL};

static bool aiperf_detect(const char *bytes, size_t len)
{
    return assay_import_holds(bytes, len, LINES) || assay_import_holds(bytes, len, SUMMARY);
}

struct reading {
    struct assay_import_rows *rows;
    uint32_t arm;
};

static const json_t *value_of(const json_t *metrics, const char *tag)
{
    return json_object_get(json_object_get(metrics, tag), "value");
}

static assay_code arrivals_read(const json_t *metrics, struct assay_import_rows *rows, struct assay_import_row *row,
                                assay_err *err)
{
    const json_t *first = value_of(metrics, "time_to_first_token");
    const json_t *gaps = value_of(metrics, "inter_chunk_latency");
    assay_code rc = assay_import_arrivals(rows, row, json_array_size(gaps) + 1, err);
    if (rc != ASSAY_OK || !json_is_number(first)) {
        return rc;
    }
    double at = json_number_value(first);
    uint64_t at_ns = assay_import_ns(at, NS_PER_MS, &row->flags);
    for (size_t i = 0; at_ns != ASSAY_NS_ABSENT; i++) {
        row->arrivals_ns[row->arrivals_count++] = at_ns;
        const json_t *gap = json_array_get(gaps, i);
        if (!json_is_number(gap) || json_number_value(gap) < 0) {
            break;
        }
        at += json_number_value(gap);
        at_ns = assay_import_ns(at, NS_PER_MS, &row->flags);
    }
    return ASSAY_OK;
}

static assay_code line_read(void *context, const json_t *line, size_t at, assay_err *err)
{
    struct reading *reading = context;
    const json_t *metadata = json_object_get(line, "metadata");
    const json_t *metrics = json_object_get(line, "metrics");
    const char *phase = assay_import_text(metadata, "benchmark_phase");
    struct assay_import_row *row;
    const json_t *start = json_object_get(metadata, "request_start_ns");
    if (!json_is_integer(start) || json_integer_value(start) < 0 ||
        (uint64_t)json_integer_value(start) >= ASSAY_IMPORT_TIME_NS_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "/metadata/request_start_ns: expected a Unix time in ns");
    }
    if (phase != NULL && strcmp(phase, "profiling") != 0) {
        return ASSAY_OK; /* warm-up and cool-down of that tool are in none of its figures */
    }
    (void)at;
    assay_code rc = assay_import_rows_add(reading->rows, &row, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    row->arm = reading->arm;
    row->start_ns = (uint64_t)json_integer_value(start);
    bool was_cancelled = json_is_true(json_object_get(metadata, "was_cancelled"));
    bool has_error = json_is_object(json_object_get(line, "error")) || json_is_string(json_object_get(line, "error"));
    row->status = was_cancelled ? ASSAY_STATUS_CANCELLED_PLAN : has_error ? ASSAY_STATUS_STREAM_ERROR : ASSAY_STATUS_OK;
    row->prompt_tokens = assay_import_count(json_object_get(metrics, "input_sequence_length"), "value", &row->flags);
    row->output_tokens = assay_import_count(json_object_get(metrics, "output_sequence_length"), "value", &row->flags);
    row->output_source = ASSAY_TOKENS_FINAL_USAGE;
    rc = arrivals_read(metrics, reading->rows, row, err);
    const json_t *latency = value_of(metrics, "request_latency");
    if (json_is_number(latency)) {
        row->end_ns = assay_import_ns(json_number_value(latency), NS_PER_MS, &row->flags);
    }
    return rc;
}

static assay_code summary_read(const json_t *root, struct assay_import_rows *rows, assay_err *err)
{
    const char *tag;
    json_t *record;
    assay_code rc = ASSAY_OK;
    const json_t *records = json_object_get(root, "records"); /* files of 2025 keep them one level down */
    json_object_foreach((json_t *)(uintptr_t)(json_is_object(records) ? records : root), tag, record)
    {
        const char *unit = assay_import_text(record, "unit");
        const char *stat;
        json_t *value;
        json_object_foreach(record, stat, value)
        {
            char name[ASSAY_IMPORT_NAME_BYTES_MAX];
            int len = snprintf(name, sizeof name, "%s_%s", tag, stat);
            bool is_figure = unit != NULL && json_is_number(value) && len > 0 && (size_t)len < sizeof name;
            if (rc == ASSAY_OK && is_figure) {
                rc = assay_import_rows_figure(rows, name, unit, json_number_value(value), err);
            }
        }
    }
    return rc;
}

static assay_code aiperf_read(const struct assay_import_request *request, struct assay_import_rows *rows,
                              assay_err *err)
{
    struct reading reading = {.rows = rows};
    if (!assay_import_holds(request->bytes, request->len, LINES)) {
        json_t *root = NULL;
        assay_code rc = assay_import_json(request, &root, err);
        rc = rc == ASSAY_OK ? summary_read(root, rows, err) : rc;
        json_decref(root);
        return rc;
    }
    static const char UNKNOWN[] = "unknown"; /* the lines do not name the model */
    static const char *const IDS[] = {"ttft", "icl", "tpot", "e2e"};
    assay_code rc = assay_import_rows_arm(rows, UNKNOWN, sizeof UNKNOWN - 1, &reading.arm, err);
    rc = rc == ASSAY_OK ? assay_import_json_lines(request, line_read, &reading, err) : rc;
    for (size_t i = 0; rc == ASSAY_OK && i < sizeof IDS / sizeof IDS[0]; i++) {
        rc = assay_import_rows_want(rows, IDS[i], err);
    }
    return rc;
}

const struct assay_importer assay_import_aiperf = {
    .format = {"aiperf", "AIPerf: profile_export.jsonl (samples) or profile_export_aiperf.json (summary)"},
    .detect = aiperf_detect,
    .read = aiperf_read,
};
