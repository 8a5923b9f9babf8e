/*
 * GuideLLM benchmarks.json: per request the Unix times of start, first and last token and end (endpoints.md 9). Gaps
 * between chunks are not in it, so a row has two arrivals at most; the request's own clock starts before the stream
 * opens.
 */
#include "import/jsons.h"

#include <string.h>

#define NS_PER_S 1e9

static bool guidellm_detect(const char *bytes, size_t len)
{
    static const char *const MINE[] = {"\"benchmarks\"", "\"scheduler_state\"", "\"time_to_first_token_ms\"", NULL};
    static const char *const OLDER[] = {"\"benchmarks\"", "\"first_token_iteration\"", NULL};
    return assay_import_holds(bytes, len, MINE) || assay_import_holds(bytes, len, OLDER);
}

static uint64_t time_at(const json_t *timings, const char *name, uint32_t *flags)
{
    double value;
    return assay_import_number(timings, name, &value) ? assay_import_ns(value, NS_PER_S, flags) : ASSAY_NS_ABSENT;
}

static void arrival_add(struct assay_import_row *row, uint64_t at_ns)
{
    if (at_ns == ASSAY_NS_ABSENT || at_ns < row->start_ns) {
        return;
    }
    uint64_t span = at_ns - row->start_ns;
    if (row->arrivals_count > 0 && span < row->arrivals_ns[row->arrivals_count - 1]) {
        row->flags |= ASSAY_REQUEST_BAD_NUMBER;
        return;
    }
    row->arrivals_ns[row->arrivals_count++] = span;
}

static assay_code times_read(const json_t *timings, struct assay_import_rows *rows, struct assay_import_row *row,
                             assay_err *err)
{
    double iterations = 0;
    row->start_ns = time_at(timings, "request_start", &row->flags);
    row->due_ns = time_at(timings, "targeted_start", &row->flags);
    if (row->start_ns == ASSAY_NS_ABSENT) {
        return ASSAY_OK; /* never sent */
    }
    assay_code rc = assay_import_arrivals(rows, row, 2, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    arrival_add(row, time_at(timings, "first_token_iteration", &row->flags));
    if (!assay_import_number(timings, "token_iterations", &iterations) || iterations != 1) {
        arrival_add(row, time_at(timings, "last_token_iteration", &row->flags));
    }
    uint64_t end_ns = time_at(timings, "request_end", &row->flags);
    row->end_ns = end_ns != ASSAY_NS_ABSENT && end_ns >= row->start_ns ? end_ns - row->start_ns : ASSAY_NS_ABSENT;
    return ASSAY_OK;
}

/* Newer files have output_metrics.total_tokens, older ones output_tokens. */
static uint32_t tokens_of(const json_t *request, const char *group, const char *older, uint32_t *flags)
{
    uint32_t count = assay_import_count(json_object_get(request, group), "total_tokens", flags);
    return count != ASSAY_COUNT_ABSENT ? count : assay_import_count(request, older, flags);
}

static assay_code request_read(const json_t *request, enum assay_status status, uint32_t arm,
                               struct assay_import_rows *rows, assay_err *err)
{
    struct assay_import_row *row;
    const json_t *timings = json_object_get(json_object_get(request, "info"), "timings");
    if (timings == NULL) {
        timings = json_object_get(json_object_get(request, "scheduler_info"), "request_timings");
    }
    if (timings == NULL) {
        return assay_fail(err, ASSAY_MALFORMED, "request %zu has no timings", rows->rows_count + 1);
    }
    assay_code rc = assay_import_rows_add(rows, &row, err);
    if (rc == ASSAY_OK) {
        row->arm = arm;
        row->status = status;
        row->prompt_tokens = tokens_of(request, "input_metrics", "prompt_tokens", &row->flags);
        row->output_tokens = tokens_of(request, "output_metrics", "output_tokens", &row->flags);
        row->output_source = ASSAY_TOKENS_FINAL_USAGE;
        rc = times_read(timings, rows, row, err);
    }
    return rc;
}

static const char *model_of(const json_t *root, const json_t *benchmark)
{
    static const char *const PLACES[] = {"/config/backend/model", "/config/backend/attributes/model",
                                         "/benchmarker/backend/model", "/worker/backend_model"};
    const char *model = NULL;
    for (size_t i = 0; model == NULL && i < sizeof PLACES / sizeof PLACES[0]; i++) {
        model = json_string_value(assay_json_at(benchmark, PLACES[i]));
    }
    model = model != NULL ? model : json_string_value(assay_json_at(root, "/args/model"));
    return model != NULL && model[0] != '\0' ? model : "unknown";
}

static assay_code benchmark_read(const json_t *root, const json_t *benchmark, struct assay_import_rows *rows,
                                 assay_err *err)
{
    static const struct {
        const char *name;
        enum assay_status status;
    } GROUPS[] = {{"successful", ASSAY_STATUS_OK},
                  {"errored", ASSAY_STATUS_STREAM_ERROR},
                  {"incomplete", ASSAY_STATUS_CANCELLED_STOP}};
    const json_t *requests = json_object_get(benchmark, "requests");
    const char *model = model_of(root, benchmark);
    uint32_t arm;
    double users;
    assay_code rc = assay_import_rows_arm(rows, model, strlen(model), &arm, err);
    for (size_t g = 0; rc == ASSAY_OK && g < sizeof GROUPS / sizeof GROUPS[0]; g++) {
        const json_t *list = json_object_get(requests, GROUPS[g].name);
        for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(list); i++) {
            rc = request_read(json_array_get(list, i), GROUPS[g].status, arm, rows, err);
        }
    }
    if (assay_import_number(assay_json_at(benchmark, "/config/strategy"), "streams", &users) && users >= 1 &&
        users <= UINT32_MAX) {
        rows->concurrency = (uint32_t)users;
    }
    return rc;
}

static assay_code guidellm_read(const struct assay_import_request *request, struct assay_import_rows *rows,
                                assay_err *err)
{
    json_t *root = NULL;
    assay_code rc = assay_import_json(request, &root, err);
    const json_t *benchmarks = json_object_get(root, "benchmarks");
    if (rc == ASSAY_OK && json_array_size(benchmarks) > 1) {
        rc = assay_fail(err, ASSAY_UNSUPPORTED,
                        "%zu benchmarks in one file: each has a load of its own; run GuideLLM once per load",
                        json_array_size(benchmarks));
    }
    if (rc == ASSAY_OK && json_array_size(benchmarks) == 1) {
        rc = benchmark_read(root, json_array_get(benchmarks, 0), rows, err);
    }
    static const char *const IDS[] = {"ttft", "tpot", "e2e"};
    for (size_t i = 0; rc == ASSAY_OK && i < sizeof IDS / sizeof IDS[0]; i++) {
        rc = assay_import_rows_want(rows, IDS[i], err);
    }
    json_decref(root);
    return rc;
}

const struct assay_importer assay_import_guidellm = {
    .format = {"guidellm", "GuideLLM: benchmarks.json"},
    .detect = guidellm_detect,
    .read = guidellm_read,
};
