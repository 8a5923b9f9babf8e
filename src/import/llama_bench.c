/*
 * llama-bench JSON or JSON lines: a test a row, its repetitions as samples_ns[] and samples_ts[] (endpoints.md 9). No
 * HTTP, tokenizer or sampler is in these times: they are no endpoint's, and nothing here becomes a latency.
 */
#include "import/jsons.h"

#include <stdio.h>
#include <string.h>

#define MICRO 1e6

static bool llama_bench_detect(const char *bytes, size_t len)
{
    static const char *const MINE[] = {"\"build_commit\"", "\"n_gen\"", "\"avg_ts\"", NULL};
    return assay_import_holds(bytes, len, MINE);
}

/* "llama 1B Q4_0 pp512+tg128": what that tool prints as test. */
static assay_code arm_find(struct assay_import_rows *rows, const json_t *test, uint32_t *ret, assay_err *err)
{
    char name[ASSAY_IMPORT_NAME_BYTES_MAX];
    uint32_t flags = 0;
    const char *model = assay_import_text(test, "model_type");
    model = model != NULL ? model : assay_import_text(test, "model_filename");
    uint32_t prompt = assay_import_count(test, "n_prompt", &flags), gen = assay_import_count(test, "n_gen", &flags);
    if (model == NULL || prompt == ASSAY_COUNT_ABSENT || gen == ASSAY_COUNT_ABSENT) {
        return assay_fail(err, ASSAY_MALFORMED, "a test without model_type, n_prompt or n_gen");
    }
    int len = prompt > 0 && gen > 0 ? snprintf(name, sizeof name, "%s pp%u+tg%u", model, prompt, gen)
              : prompt > 0          ? snprintf(name, sizeof name, "%s pp%u", model, prompt)
                                    : snprintf(name, sizeof name, "%s tg%u", model, gen);
    return assay_import_rows_arm(rows, name, len > 0 ? strnlen(name, sizeof name) : 0, ret, err);
}

static assay_code test_read(void *context, const json_t *test, size_t at, assay_err *err)
{
    struct assay_import_rows *rows = context;
    const json_t *spans = json_object_get(test, "samples_ns"), *rates = json_object_get(test, "samples_ts");
    uint32_t arm = 0, flags = 0;
    (void)at;
    if (!json_is_object(test)) {
        return assay_fail(err, ASSAY_MALFORMED, "a test is an object");
    }
    if (!json_is_array(spans)) {
        return assay_import_figures(test, "", rows, err);
    }
    if (json_array_size(spans) != json_array_size(rates)) {
        return assay_fail(err, ASSAY_MALFORMED, "samples_ns has %zu entries, samples_ts %zu", json_array_size(spans),
                          json_array_size(rates));
    }
    uint32_t prompt = assay_import_count(test, "n_prompt", &flags), gen = assay_import_count(test, "n_gen", &flags);
    assay_code rc = arm_find(rows, test, &arm, err);
    for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(spans); i++) {
        struct assay_import_row *row;
        rc = assay_import_rows_add(rows, &row, err);
        if (rc == ASSAY_OK) {
            double rate = json_number_value(json_array_get(rates, i));
            uint64_t span = assay_import_ns(json_number_value(json_array_get(spans, i)), 1, &row->flags);
            row->arm = arm;
            row->prompt_tokens = prompt;
            row->output_tokens = gen;
            row->end_ns = span;
            row->server_prompt_ns = gen == 0 ? span : ASSAY_NS_ABSENT;
            row->server_eval_ns = prompt == 0 ? span : ASSAY_NS_ABSENT;
            row->reported_rate_micro = rate > 0 && rate < 1e12 ? (uint64_t)(rate * MICRO + 0.5) : 0;
        }
    }
    return rc;
}

static assay_code llama_bench_read(const struct assay_import_request *request, struct assay_import_rows *rows,
                                   assay_err *err)
{
    json_t *root = NULL;
    assay_code rc = ASSAY_OK;
    if (request->len > 0 && request->bytes[0] == '{') {
        rc = assay_import_json_lines(request, test_read, rows, err);
    } else {
        rc = assay_import_json(request, &root, err);
        for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(root); i++) {
            rc = test_read(rows, json_array_get(root, i), i, err);
        }
        json_decref(root);
    }
    return rc == ASSAY_OK ? assay_import_rows_want(rows, "reported_rate", err) : rc;
}

const struct assay_importer assay_import_llama_bench = {
    .format = {"llama-bench", "llama-bench: JSON or JSON lines, with samples_ns"},
    .detect = llama_bench_detect,
    .read = llama_bench_read,
};
