/*
 * github-action-benchmark's own format (customBiggerIsBetter, customSmallerIsBetter): an array of {name, unit, value,
 * range, extra}. Figures only: range is text that each tool writes as it likes (docs/formats/import-summaries.md).
 */
#include "import/jsons.h"

static bool github_action_detect(const char *bytes, size_t len)
{
    static const char *const MINE[] = {"\"name\"", "\"unit\"", "\"value\"", NULL};
    size_t at = 0;
    while (at < len && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r' || bytes[at] == '\t')) {
        at++;
    }
    return at < len && bytes[at] == '[' && assay_import_holds(bytes, len, MINE);
}

static assay_code github_action_read(const struct assay_import_request *request, struct assay_import_rows *rows,
                                     assay_err *err)
{
    json_t *root = NULL;
    assay_code rc = assay_import_json(request, &root, err);
    if (rc == ASSAY_OK && !json_is_array(root)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "an array of {name, unit, value} is expected");
    }
    for (size_t i = 0; rc == ASSAY_OK && i < json_array_size(root); i++) {
        const json_t *entry = json_array_get(root, i);
        const char *name = assay_import_text(entry, "name"), *unit = assay_import_text(entry, "unit");
        double value;
        if (name == NULL || unit == NULL || !assay_import_number(entry, "value", &value)) {
            rc = assay_fail(err, ASSAY_MALFORMED, "[%zu]: name, unit and a number as value are needed", i);
        } else {
            rc = assay_import_rows_figure(rows, name, unit, value, err);
        }
    }
    json_decref(root);
    return rc;
}

const struct assay_importer assay_import_github_action_benchmark = {
    .format = {"github-action-benchmark", "github-action-benchmark: name, unit and value"},
    .detect = github_action_detect,
    .read = github_action_read,
};
