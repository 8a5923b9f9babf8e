#include "import/import.h"

#include "import/rows.h"

#include <assert.h>
#include <string.h>

/* Asked in this order; the first that knows the content reads it. */
static const struct assay_importer *const IMPORTERS[] = {
    &assay_import_node_csv,
    &assay_import_vllm,
    &assay_import_guidellm,
    &assay_import_aiperf,
    &assay_import_llama_bench,
    &assay_import_hyperfine,
    &assay_import_google_benchmark,
    &assay_import_go_bench,
    &assay_import_github_action_benchmark,
    &assay_import_bitnet_1_0,
    &assay_import_bitnet_1_1,
    &assay_import_bmf, /* last: any object of objects with a "value" could be one */
};
#define IMPORTERS_COUNT (sizeof IMPORTERS / sizeof IMPORTERS[0])

const struct assay_import_format *const *assay_import_formats(size_t *ret_count)
{
    static const struct assay_import_format *const FORMATS[] = {
        &assay_import_node_csv.format,
        &assay_import_vllm.format,
        &assay_import_guidellm.format,
        &assay_import_aiperf.format,
        &assay_import_llama_bench.format,
        &assay_import_hyperfine.format,
        &assay_import_google_benchmark.format,
        &assay_import_go_bench.format,
        &assay_import_github_action_benchmark.format,
        &assay_import_bitnet_1_0.format,
        &assay_import_bitnet_1_1.format,
        &assay_import_bmf.format,
    };
    _Static_assert(sizeof FORMATS / sizeof FORMATS[0] == IMPORTERS_COUNT, "one name an importer");
    assert(ret_count);
    *ret_count = IMPORTERS_COUNT;
    return FORMATS;
}

static assay_code importer_named(const char *name, const struct assay_importer **ret, assay_err *err)
{
    struct assay_buf known;
    assay_buf_init(&known, 4096);
    for (size_t i = 0; i < IMPORTERS_COUNT; i++) {
        if (strcmp(IMPORTERS[i]->format.name, name) == 0) {
            *ret = IMPORTERS[i];
            assay_buf_done(&known);
            return ASSAY_OK;
        }
        assay_buf_printf(&known, "%s%s", i == 0 ? "" : ", ", IMPORTERS[i]->format.name);
    }
    assay_code rc = assay_fail(err, ASSAY_USAGE, "unknown format '%.64s'; known are %s", name,
                               known.data != NULL ? known.data : "");
    assay_buf_done(&known);
    return rc;
}

static assay_code importer_find(const struct assay_import_request *request, const struct assay_importer **ret,
                                assay_err *err)
{
    if (request->format != NULL) {
        return importer_named(request->format, ret, err);
    }
    for (size_t i = 0; i < IMPORTERS_COUNT; i++) {
        if (IMPORTERS[i]->detect(request->bytes, request->len)) {
            *ret = IMPORTERS[i];
            return ASSAY_OK;
        }
    }
    return assay_fail(err, ASSAY_UNSUPPORTED, "'%s' is of no known format; --format names one", request->name);
}

assay_code assay_import(const struct assay_import_request *request, struct assay_import_result *ret, assay_err *err)
{
    assert(request && ret && request->name && request->tool && (request->bytes || request->len == 0));
    const struct assay_importer *importer = NULL;
    struct assay_import_rows rows;
    if (request->len > ASSAY_IMPORT_BYTES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "'%s' has %zu bytes, at most %zu are read", request->name, request->len,
                          ASSAY_IMPORT_BYTES_MAX);
    }
    if (request->len == 0) {
        return assay_fail(err, ASSAY_UNDECIDED, "'%s' is empty: not measured", request->name);
    }
    assay_code rc = importer_find(request, &importer, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    *ret = (struct assay_import_result){.format = importer->format.name};
    assay_buf_init(&ret->plan, ASSAY_PLAN_BYTES_MAX);
    assay_buf_init(&ret->trace, ASSAY_TRACE_BYTES_MAX);
    assay_buf_init(&ret->file, ASSAY_ENVELOPE_BYTES_MAX);
    assay_import_rows_init(&rows);
    rc = importer->read(request, &rows, err);
    rc = rc == ASSAY_OK ? assay_import_build(request, &rows, ret, err) : rc;
    assay_import_rows_done(&rows);
    if (rc != ASSAY_OK) {
        assay_import_result_done(ret);
    }
    return rc;
}

void assay_import_result_done(struct assay_import_result *result)
{
    if (result != NULL) {
        assay_buf_done(&result->plan);
        assay_buf_done(&result->trace);
        assay_buf_done(&result->file);
        *result = (struct assay_import_result){0};
    }
}
