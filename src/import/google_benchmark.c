/*
 * Google Benchmark JSON: rows of run_type `iteration` are samples, each a region of `iterations` calls; rows of
 * run_type `aggregate` alone are a summary (docs/formats/import-google-benchmark.md).
 */
#include "import/jsons.h"

#include <math.h>
#include <string.h>

static bool google_benchmark_detect(const char *bytes, size_t len)
{
    static const char *const MINE[] = {"\"benchmarks\"", "\"real_time\"", "\"time_unit\"", NULL};
    return assay_import_holds(bytes, len, MINE);
}

static bool is_aggregate(const json_t *row)
{
    const char *type = assay_import_text(row, "run_type");
    return type != NULL && strcmp(type, "aggregate") == 0;
}

/* Nanoseconds of the row's unit; 0 = there is no such unit. */
static double unit_ns(const json_t *row)
{
    static const struct {
        const char *name;
        double ns;
    } UNITS[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    const char *unit = assay_import_text(row, "time_unit");
    for (size_t i = 0; unit != NULL && i < sizeof UNITS / sizeof UNITS[0]; i++) {
        if (strcmp(unit, UNITS[i].name) == 0) {
            return UNITS[i].ns;
        }
    }
    return 0;
}

static const char *name_of(const json_t *row)
{
    const char *run_name = assay_import_text(row, "run_name");
    return run_name != NULL ? run_name : assay_import_text(row, "name");
}

/* A row of a benchmark that skipped itself: it failed, and its times mean nothing. */
static assay_code failure_add(struct assay_import_rows *rows, uint32_t arm, assay_err *err)
{
    struct assay_import_row *row;
    assay_code rc = assay_import_rows_add(rows, &row, err);
    if (rc == ASSAY_OK) {
        row->arm = arm;
        row->status = ASSAY_STATUS_EXIT;
        row->end_ns = 0;
    }
    return rc;
}

static assay_code iteration_read(const json_t *object, struct assay_import_rows *rows, assay_err *err)
{
    uint32_t arm = 0;
    struct assay_import_row *row;
    double iterations, real, cpu, ns = unit_ns(object);
    const char *name = name_of(object);
    assay_code rc = name != NULL ? assay_import_rows_arm(rows, name, strlen(name), &arm, err)
                                 : assay_fail(err, ASSAY_MALFORMED, "a benchmark without a name");
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (json_is_true(json_object_get(object, "error_occurred"))) {
        return failure_add(rows, arm, err);
    }
    if (ns == 0 || !assay_import_number(object, "real_time", &real) || !(real >= 0) ||
        !assay_import_number(object, "iterations", &iterations) || !(iterations >= 1) || iterations > UINT32_MAX ||
        iterations != floor(iterations)) {
        return assay_fail(err, ASSAY_MALFORMED, "benchmark '%.64s': real_time, time_unit and iterations are needed",
                          name);
    }
    rc = assay_import_rows_add(rows, &row, err);
    if (rc == ASSAY_OK) {
        row->arm = arm;
        row->iterations = (uint32_t)iterations;
        row->end_ns = assay_import_ns(real * iterations, ns, &row->flags);
        row->cpu_ns = assay_import_number(object, "cpu_time", &cpu) && cpu >= 0
                          ? assay_import_ns(cpu * iterations, ns, &row->flags)
                          : ASSAY_NS_ABSENT;
    }
    return rc;
}

static assay_code aggregate_read(const json_t *object, struct assay_import_rows *rows, assay_err *err)
{
    static const char *const FIELDS[] = {"real_time", "cpu_time"};
    const char *name = assay_import_text(object, "name"), *unit = assay_import_text(object, "aggregate_unit");
    bool is_share = unit != NULL && strcmp(unit, "percentage") == 0;
    unit = is_share ? "1" : assay_import_text(object, "time_unit");
    assay_code rc = name != NULL ? ASSAY_OK : assay_fail(err, ASSAY_MALFORMED, "a benchmark without a name");
    for (size_t i = 0; rc == ASSAY_OK && i < 2; i++) {
        double value;
        if (assay_import_number(object, FIELDS[i], &value)) {
            rc = assay_import_rows_figure_of(rows, name, FIELDS[i], unit != NULL ? unit : "", value, err);
        }
    }
    return rc;
}

/* Whether the file has samples. With aggregates only, the one row of a benchmark that failed is no reason to lose the
 * others' figures; without aggregates, failures are all that there is. */
static bool has_samples(const json_t *list)
{
    size_t aggregates = 0, samples = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        aggregates += is_aggregate(row);
        samples += !is_aggregate(row) && !json_is_true(json_object_get(row, "error_occurred"));
    }
    return samples > 0 || aggregates == 0;
}

static assay_code google_benchmark_read(const struct assay_import_request *request, struct assay_import_rows *rows,
                                        assay_err *err)
{
    json_t *root = NULL;
    assay_code rc = assay_import_json(request, &root, err);
    const json_t *list = json_object_get(root, "benchmarks");
    if (rc == ASSAY_OK && !json_is_array(list)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "benchmarks is an array");
    }
    bool are_samples = has_samples(list);
    for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        if (!json_is_object(row)) {
            rc = assay_fail(err, ASSAY_MALFORMED, "benchmarks[%zu] is no object", i);
        } else if (!are_samples && is_aggregate(row)) {
            rc = aggregate_read(row, rows, err);
        } else if (are_samples && !is_aggregate(row)) { /* aggregates of samples that are there say nothing new */
            rc = iteration_read(row, rows, err);
        }
    }
    json_decref(root);
    rows->workload = "kernel";
    assay_import_rows_want_single(rows, "success_share");
    rc = rc == ASSAY_OK ? assay_import_rows_want(rows, "service", err) : rc;
    return rc == ASSAY_OK ? assay_import_rows_want(rows, "cpu", err) : rc;
}

const struct assay_importer assay_import_google_benchmark = {
    .format = {"google-benchmark", "Google Benchmark JSON: repetitions of each benchmark"},
    .detect = google_benchmark_detect,
    .read = google_benchmark_read,
};
