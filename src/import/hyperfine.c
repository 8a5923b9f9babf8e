/*
 * hyperfine --export-json: a command a result, its runs as times[] in seconds with exit_codes[] beside them
 * (docs/formats/import-hyperfine.md). user and system are means over the runs: of no run in particular, so they are no
 * sample's. Without times[] the figures are a summary.
 */
#include "import/jsons.h"

#include <math.h>
#include <string.h>

#define NS_PER_SECOND 1e9

static bool hyperfine_detect(const char *bytes, size_t len)
{
    static const char *const MINE[] = {"\"results\"", "\"command\"", "\"mean\"", NULL};
    return assay_import_holds(bytes, len, MINE);
}

/* The exit code of run i; 0 where none is kept, since hyperfine stops at the first other one unless told otherwise. */
static bool has_failed(const json_t *codes, size_t i)
{
    const json_t *code = json_array_get(codes, i);
    return json_is_null(code) || (json_is_integer(code) && json_integer_value(code) != 0); /* null: a signal */
}

static assay_code times_read(const json_t *result, const char *command, const json_t *times,
                             struct assay_import_rows *rows, assay_err *err)
{
    uint32_t arm = 0;
    const json_t *codes = json_object_get(result, "exit_codes");
    assay_code rc = assay_import_rows_arm(rows, command, strlen(command), &arm, err);
    if (rc == ASSAY_OK && json_is_array(codes) && json_array_size(codes) != json_array_size(times)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "times has %zu entries, exit_codes %zu", json_array_size(times),
                        json_array_size(codes));
    }
    for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(times); i++) {
        struct assay_import_row *row;
        double seconds = json_number_value(json_array_get(times, i));
        if (!json_is_number(json_array_get(times, i)) || !(seconds >= 0)) {
            return assay_fail(err, ASSAY_MALFORMED, "times[%zu] is no time", i);
        }
        rc = assay_import_rows_add(rows, &row, err);
        if (rc == ASSAY_OK) {
            row->arm = arm;
            row->end_ns = assay_import_ns(seconds, NS_PER_SECOND, &row->flags);
            row->status = has_failed(codes, i) ? ASSAY_STATUS_EXIT : ASSAY_STATUS_OK;
        }
    }
    return rc;
}

static assay_code figures_read(const json_t *result, const char *command, struct assay_import_rows *rows,
                               assay_err *err)
{
    static const char *const FIELDS[] = {"mean", "stddev", "median", "user", "system", "min", "max"};
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; rc == ASSAY_OK && i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
        double value;
        if (assay_import_number(result, FIELDS[i], &value)) {
            rc = assay_import_rows_figure_of(rows, command, FIELDS[i], "s", value, err);
        }
    }
    return rc;
}

static assay_code hyperfine_read(const struct assay_import_request *request, struct assay_import_rows *rows,
                                 assay_err *err)
{
    json_t *root = NULL;
    size_t with_times = 0;
    assay_code rc = assay_import_json(request, &root, err);
    const json_t *results = json_object_get(root, "results");
    if (rc == ASSAY_OK && !json_is_array(results)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "results is an array");
    }
    for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(results); i++) {
        with_times += json_is_array(json_object_get(json_array_get(results, i), "times"));
    }
    if (rc == ASSAY_OK && with_times > 0 && with_times < json_array_size(results)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "%zu of %zu results have times: split the file", with_times,
                        json_array_size(results));
    }
    for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(results); i++) {
        const json_t *result = json_array_get(results, i), *times = json_object_get(result, "times");
        const char *command = assay_import_text(result, "command");
        if (command == NULL) {
            rc = assay_fail(err, ASSAY_MALFORMED, "results[%zu] has no command", i);
        } else {
            rc = json_is_array(times) ? times_read(result, command, times, rows, err)
                                      : figures_read(result, command, rows, err);
        }
    }
    json_decref(root);
    rows->workload = "command";
    assay_import_rows_want_single(rows, "success_share");
    return rc == ASSAY_OK ? assay_import_rows_want(rows, "service", err) : rc;
}

const struct assay_importer assay_import_hyperfine = {
    .format = {"hyperfine", "hyperfine --export-json: times of each command"},
    .detect = hyperfine_detect,
    .read = hyperfine_read,
};
