/*
 * Receipts of BitNet-rs: schema 1.0.0, shapes A and B, and 1.1.0 (evidence.md 4, docs/formats/legacy.md). They hold
 * figures and no samples. Which kernels are named says whether `kernel_path` can be true; figures of a receipt that
 * says that nothing was computed, or contradicts itself, are refused. Shapes C and D are refused by name.
 */
#include "import/jsons.h"

#include <stdio.h>
#include <string.h>

struct figures {
    struct assay_import_rows *rows;
    assay_code rc;
    assay_err *err;
};

/* ---- whose file it is ------------------------------------------------------------------------------------------- */

static enum assay_legacy_shape shape_of(const char *bytes, size_t len)
{
    static const char *const MINE[] = {"\"compute_path\"", "\"kernels\"", NULL};
    static const char *const PER_TENSOR[] = {"\"receipt_version\"", NULL};
    enum assay_legacy_shape shape = ASSAY_LEGACY_NO_SHAPE;
    json_t *root = NULL;
    if (!assay_import_holds(bytes, len, MINE) && !assay_import_holds(bytes, len, PER_TENSOR)) {
        return shape;
    }
    if (assay_legacy_read(bytes, len, ASSAY_LEGACY_AS_THE_ORIGINAL, &root, NULL) == ASSAY_OK) {
        shape = assay_legacy_shape(root);
    }
    json_decref(root);
    return shape;
}

static bool bitnet_1_0_detect(const char *bytes, size_t len)
{
    enum assay_legacy_shape shape = shape_of(bytes, len);
    return shape != ASSAY_LEGACY_NO_SHAPE && shape != ASSAY_LEGACY_MINOR_1;
}

static bool bitnet_1_1_detect(const char *bytes, size_t len)
{
    return shape_of(bytes, len) == ASSAY_LEGACY_MINOR_1;
}

/* ---- what it says ----------------------------------------------------------------------------------------------- */

/* What a file lacks stays absent; what it has must be of its type. */
static void fault(void *context, const char *at, const json_t *found, const char *expected)
{
    struct figures *figures = context;
    if (found != NULL && figures->rc == ASSAY_OK) {
        figures->rc = assay_fail(figures->err, ASSAY_MALFORMED, "%s: expected %s", at, expected);
    }
}

/* "/performance/kernel_times_ms/i2s_gemv" is called "performance kernel_times_ms i2s_gemv". */
static void figure(void *context, const char *at, const char *unit, double value)
{
    struct figures *figures = context;
    char name[ASSAY_JSON_POINTER_BYTES];
    if (figures->rc != ASSAY_OK) {
        return;
    }
    (void)snprintf(name, sizeof name, "%s", at + 1);
    for (char *c = name; *c != '\0'; c++) {
        *c = *c == '/' ? ' ' : *c;
    }
    figures->rc = assay_import_rows_figure(figures->rows, name, unit, value, figures->err);
}

static assay_code label_check(const json_t *root, enum assay_legacy_shape shape, assay_err *err)
{
    const char *version = assay_import_text(root, "schema_version");
    const char *path = assay_import_text(root, "compute_path");
    if (shape != ASSAY_LEGACY_FLAT && shape != ASSAY_LEGACY_NESTED && shape != ASSAY_LEGACY_MINOR_1) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "%s: only shapes A and B of 1.0.0, and 1.1.0, are read",
                          assay_legacy_shape_text(shape));
    }
    if (version == NULL ||
        (shape != ASSAY_LEGACY_MINOR_1 && strcmp(version, "1.0.0") != 0 && strcmp(version, "1.0") != 0)) {
        return assay_fail(err, ASSAY_UNSUPPORTED, "/schema_version: expected 1.0.0, 1.0 or 1.1.0");
    }
    if (path == NULL || strcmp(path, "real") != 0) {
        return assay_fail(err, ASSAY_MALFORMED, "/compute_path: expected real: figures of anything else are none");
    }
    return ASSAY_OK;
}

static assay_code kernel_path_check(const json_t *root, assay_err *err)
{
    const json_t *kernels = json_object_get(root, "kernels");
    const char *path = assay_import_text(root, "kernel_path");
    unsigned classes = 0;
    for (size_t i = 0; i < json_array_size(kernels); i++) {
        if (!json_is_string(json_array_get(kernels, i))) {
            return assay_fail(err, ASSAY_MALFORMED, "/kernels/%zu: expected a text", i);
        }
        classes |= assay_legacy_classes(assay_legacy_text(json_array_get(kernels, i)), ASSAY_LEGACY_CORRECTED);
    }
    if (!json_is_array(kernels)) {
        return assay_fail(err, ASSAY_MALFORMED, "/kernels: expected a list of texts");
    }
    const bool has_fallback = (classes & ASSAY_LEGACY_FALLBACK) != 0;
    const bool has_quantised = (classes & ASSAY_LEGACY_QUANTISED) != 0;
    if (path != NULL && strcmp(path, "native_quantized") == 0 && (has_fallback || !has_quantised)) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "/kernel_path: 'native_quantized' does not agree with the kernel ids: %s",
                          has_fallback ? "a fallback is among them" : "none of them is quantised");
    }
    if (path != NULL && strcmp(path, "fp32_fallback") == 0 && !has_fallback) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "/kernel_path: 'fp32_fallback' does not agree with the kernel ids: none of them is one");
    }
    return ASSAY_OK;
}

static assay_code bitnet_read(const struct assay_import_request *request, struct assay_import_rows *rows,
                              assay_err *err)
{
    json_t *root = NULL;
    assay_code rc = assay_legacy_read(request->bytes, request->len, ASSAY_LEGACY_NAMES_ONCE, &root, err);
    enum assay_legacy_shape shape = assay_legacy_shape(root);
    rc = rc == ASSAY_OK ? label_check(root, shape, err) : rc;
    rc = rc == ASSAY_OK ? kernel_path_check(root, err) : rc;
    if (rc == ASSAY_OK) {
        struct figures figures = {.rows = rows, .rc = ASSAY_OK, .err = err};
        const struct assay_legacy_walk walk = {.fault = fault, .figure = figure, .context = &figures};
        assay_legacy_members(root, shape, &walk);
        rc = figures.rc;
    }
    json_decref(root);
    return rc;
}

const struct assay_importer assay_import_bitnet_1_0 = {
    .format = {ASSAY_LEGACY_PROFILE, "BitNet-rs: receipts of schema 1.0.0"},
    .detect = bitnet_1_0_detect,
    .read = bitnet_read,
};

const struct assay_importer assay_import_bitnet_1_1 = {
    .format = {ASSAY_LEGACY_1_1, "BitNet-rs: receipts of schema 1.1.0"},
    .detect = bitnet_1_1_detect,
    .read = bitnet_read,
};
