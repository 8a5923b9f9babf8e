/*
 * vLLM `bench serve --save-result --save-detailed`: one JSON object, per-request values as arrays in seconds
 * (endpoints.md 9). `ttfts` ends at the first chunk with choices, which may be role-only: that is what a row's first
 * arrival means here. Without the arrays there is a summary only.
 */
#include "import/jsons.h"

#include <string.h>

#define NS_PER_S 1e9

static bool vllm_detect(const char *bytes, size_t len)
{
    static const char *const MINE[] = {"\"mean_ttft_ms\"", "\"request_throughput\"", NULL};
    static const char *const SGLANG[] = {"\"total_output_tokens_retokenized\"", NULL};
    return assay_import_holds(bytes, len, MINE) && !assay_import_holds(bytes, len, SGLANG);
}

struct arrays {
    const json_t *ttfts, *itls, *input_lens, *output_lens, *start_times, *latencies, *errors;
};

static double number_at(const json_t *array, size_t i)
{
    const json_t *value = json_array_get(array, i);
    return json_is_number(value) ? json_number_value(value) : -1;
}

static uint32_t count_at(const json_t *array, size_t i)
{
    double value = number_at(array, i);
    return value >= 0 && value <= INT32_MAX ? (uint32_t)value : ASSAY_COUNT_ABSENT;
}

/* Arrivals: the first token, then one gap after the other. */
static assay_code arrivals_read(struct assay_import_rows *rows, struct assay_import_row *row, double ttft,
                                const json_t *gaps, assay_err *err)
{
    assay_code rc = assay_import_arrivals(rows, row, json_array_size(gaps) + 1, err);
    uint64_t at_ns = assay_import_ns(ttft, NS_PER_S, &row->flags);
    if (rc != ASSAY_OK || at_ns == ASSAY_NS_ABSENT) {
        return rc;
    }
    double at = ttft;
    row->arrivals_ns[row->arrivals_count++] = at_ns;
    for (size_t i = 0; i < json_array_size(gaps); i++) {
        double gap = number_at(gaps, i);
        if (gap < 0) {
            row->flags |= ASSAY_REQUEST_BAD_NUMBER;
            continue;
        }
        at += gap;
        row->arrivals_ns[row->arrivals_count++] = assay_import_ns(at, NS_PER_S, &row->flags);
    }
    return ASSAY_OK;
}

static assay_code row_read(struct assay_import_rows *rows, const struct arrays *arrays, size_t i, uint32_t arm,
                           assay_err *err)
{
    struct assay_import_row *row;
    assay_code rc = assay_import_rows_add(rows, &row, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const char *error = json_string_value(json_array_get(arrays->errors, i));
    row->arm = arm;
    row->prompt_tokens = count_at(arrays->input_lens, i);
    if (json_is_number(json_array_get(arrays->start_times, i))) {
        row->start_ns = assay_import_ns(number_at(arrays->start_times, i), NS_PER_S, &row->flags);
    }
    if (error != NULL && error[0] != '\0') {
        row->status = ASSAY_STATUS_STREAM_ERROR; /* the file says that it failed, and no more than that */
        return ASSAY_OK;
    }
    row->output_tokens = count_at(arrays->output_lens, i);
    row->output_source = ASSAY_TOKENS_FINAL_USAGE;
    rc = arrivals_read(rows, row, number_at(arrays->ttfts, i), json_array_get(arrays->itls, i), err);
    if (json_is_number(json_array_get(arrays->latencies, i))) {
        row->end_ns = assay_import_ns(number_at(arrays->latencies, i), NS_PER_S, &row->flags);
    }
    return rc;
}

static assay_code detailed_read(const json_t *root, const struct arrays *arrays, struct assay_import_rows *rows,
                                assay_err *err)
{
    const char *model = assay_import_text(root, "model_id");
    size_t count = json_array_size(arrays->ttfts);
    uint32_t arm;
    double users;
    model = model != NULL && model[0] != '\0' ? model : "unknown";
    if (json_array_size(arrays->output_lens) != count || json_array_size(arrays->itls) != count) {
        return assay_fail(err, ASSAY_MALFORMED, "ttfts has %zu entries, output_lens %zu and itls %zu: not one run",
                          count, json_array_size(arrays->output_lens), json_array_size(arrays->itls));
    }
    assay_code rc = assay_import_rows_arm(rows, model, strlen(model), &arm, err);
    for (size_t i = 0; rc == ASSAY_OK && i < count; i++) {
        rc = row_read(rows, arrays, i, arm, err);
    }
    if (assay_import_number(root, "max_concurrency", &users) && users >= 1 && users <= UINT32_MAX) {
        rows->concurrency = (uint32_t)users;
    }
    static const char *const IDS[] = {"ttft", "icl", "tpot", "e2e"};
    for (size_t i = 0; rc == ASSAY_OK && i < sizeof IDS / sizeof IDS[0]; i++) {
        rc = assay_import_rows_want(rows, IDS[i], err);
    }
    return rc;
}

static assay_code vllm_read(const struct assay_import_request *request, struct assay_import_rows *rows, assay_err *err)
{
    json_t *root = NULL;
    assay_code rc = assay_import_json(request, &root, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct arrays arrays = {.ttfts = json_object_get(root, "ttfts"),
                            .itls = json_object_get(root, "itls"),
                            .input_lens = json_object_get(root, "input_lens"),
                            .output_lens = json_object_get(root, "output_lens"),
                            .start_times = json_object_get(root, "start_times"),
                            .latencies = json_object_get(root, "latencies"),
                            .errors = json_object_get(root, "errors")};
    rc = json_is_array(arrays.ttfts) ? detailed_read(root, &arrays, rows, err)
                                     : assay_import_figures(root, "", rows, err);
    json_decref(root);
    return rc;
}

const struct assay_importer assay_import_vllm = {
    .format = {"vllm", "vLLM bench serve: --save-result --save-detailed JSON"},
    .detect = vllm_detect,
    .read = vllm_read,
};
