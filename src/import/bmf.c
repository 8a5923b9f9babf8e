/*
 * Bencher Metric Format: {benchmark: {measure: {value, lower_value, upper_value}}}. Figures only
 * (docs/formats/import-summaries.md).
 */
#include "import/jsons.h"

#include <stdio.h>
#include <string.h>

/* Bencher's own measures have a unit; those that a user adds do not say theirs. */
static const char *unit_of(const char *measure)
{
    static const struct {
        const char *measure, *unit;
    } UNITS[] = {{"latency", "ns"},     {"throughput", "1/s"},   {"file-size", "bytes"},   {"build-time", "s"},
                 {"accuracy", "%"},     {"instructions", "1"},   {"l1-accesses", "1"},     {"l2-accesses", "1"},
                 {"ram-accesses", "1"}, {"total-accesses", "1"}, {"estimated-cycles", "1"}};
    for (size_t i = 0; i < sizeof UNITS / sizeof UNITS[0]; i++) {
        if (strcmp(UNITS[i].measure, measure) == 0) {
            return UNITS[i].unit;
        }
    }
    return "";
}

/* The first benchmark's first measure has a value. */
static bool bmf_detect(const char *bytes, size_t len)
{
    static const char *const MINE[] = {"\"value\"", NULL};
    size_t at = 0;
    while (at < len && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r' || bytes[at] == '\t')) {
        at++;
    }
    return at < len && bytes[at] == '{' && assay_import_holds(bytes, len, MINE);
}

static assay_code measure_read(const char *benchmark, const char *measure, const json_t *object,
                               struct assay_import_rows *rows, assay_err *err)
{
    static const char *const BOUNDS[] = {"lower_value", "upper_value"};
    double value;
    char name[ASSAY_IMPORT_NAME_BYTES_MAX + 1];
    if (!assay_import_number(object, "value", &value)) {
        return assay_fail(err, ASSAY_MALFORMED, "'%.64s', '%.64s': a number as value is needed", benchmark, measure);
    }
    assay_code rc = assay_import_rows_figure_of(rows, benchmark, measure, unit_of(measure), value, err);
    for (size_t i = 0; rc == ASSAY_OK && i < 2; i++) {
        if (assay_import_number(object, BOUNDS[i], &value)) {
            (void)snprintf(name, sizeof name, "%s %s", measure, BOUNDS[i]);
            rc = assay_import_rows_figure_of(rows, benchmark, name, unit_of(measure), value, err);
        }
    }
    return rc;
}

static assay_code bmf_read(const struct assay_import_request *request, struct assay_import_rows *rows, assay_err *err)
{
    json_t *root = NULL;
    const char *benchmark, *measure;
    json_t *measures, *object;
    assay_code rc = assay_import_json(request, &root, err);
    if (rc == ASSAY_OK && !json_is_object(root)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "an object of benchmarks is expected");
    }
    json_object_foreach(root, benchmark, measures)
    {
        if (rc == ASSAY_OK && !json_is_object(measures)) {
            rc = assay_fail(err, ASSAY_MALFORMED, "'%.64s' is no object of measures", benchmark);
        }
        json_object_foreach(measures, measure, object)
        {
            rc = rc == ASSAY_OK ? measure_read(benchmark, measure, object, rows, err) : rc;
        }
    }
    json_decref(root);
    return rc;
}

const struct assay_importer assay_import_bmf = {
    .format = {"bmf", "Bencher Metric Format: measures of benchmarks"},
    .detect = bmf_detect,
    .read = bmf_read,
};
