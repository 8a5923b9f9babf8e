#include "record/legacy.h"

#include <assert.h>
#include <string.h>

assay_code assay_legacy_read(const char *bytes, size_t len, enum assay_legacy_reading reading, json_t **ret,
                             assay_err *err)
{
    struct assay_json_limits limits = {
        .bytes_max = ASSAY_LEGACY_BYTES_MAX,
        .depth_max = ASSAY_LEGACY_DEPTH_MAX,
        .flags = reading == ASSAY_LEGACY_AS_THE_ORIGINAL ? ASSAY_JSON_LAST_DUPLICATE_WINS : 0,
    };
    return assay_json_read(bytes, len, &limits, ret, err);
}

/* ---- which shape it is ------------------------------------------------------------------------------------------ */

enum assay_legacy_shape assay_legacy_shape(const json_t *root)
{
    static const char *const NESTED[] = {"model_info", "test_results", "performance_baseline", "corrections"};
    const json_t *schema = json_object_get(root, "schema_version");
    const char *version = json_string_value(schema);
    if (!json_is_object(root)) {
        return ASSAY_LEGACY_NO_SHAPE;
    }
    if (json_object_get(root, "receipt_version")) {
        return ASSAY_LEGACY_PER_TENSOR;
    }
    if (!schema && json_object_get(root, "version")) {
        return ASSAY_LEGACY_VERSION;
    }
    if (!schema && json_object_get(root, "receipt")) {
        return ASSAY_LEGACY_WRAPPED;
    }
    if (version && strcmp(version, "1.1.0") == 0) {
        return ASSAY_LEGACY_MINOR_1;
    }
    for (size_t i = 0; i < sizeof NESTED / sizeof NESTED[0]; i++) {
        if (json_object_get(root, NESTED[i])) {
            return ASSAY_LEGACY_NESTED;
        }
    }
    return ASSAY_LEGACY_FLAT;
}

const char *assay_legacy_shape_text(enum assay_legacy_shape shape)
{
    static const char *const TEXTS[] = {
        [ASSAY_LEGACY_NO_SHAPE] = "none of the shapes A to D",
        [ASSAY_LEGACY_FLAT] = "shape A (flat)",
        [ASSAY_LEGACY_NESTED] = "shape B (nested)",
        [ASSAY_LEGACY_VERSION] = "shape C ('version' in place of 'schema_version')",
        [ASSAY_LEGACY_WRAPPED] = "shape D (all under 'receipt')",
        [ASSAY_LEGACY_PER_TENSOR] = "shape D, per tensor ('receipt_version')",
        [ASSAY_LEGACY_MINOR_1] = "schema 1.1.0",
    };
    assert((size_t)shape < sizeof TEXTS / sizeof TEXTS[0]);
    return TEXTS[shape];
}

/* ---- the original's library -------------------------------------------------------------------------------------- */

static bool has_mock(const json_t *kernels)
{
    for (size_t i = 0; i < json_array_size(kernels); i++) {
        if (assay_legacy_is_standin(assay_legacy_text(json_array_get(kernels, i)), false)) {
            return true;
        }
    }
    return false;
}

static bool has_failed_accuracy(const json_t *tests)
{
    static const char *const PLACES[] = {"/accuracy_tests/i2s_accuracy/passed", "/accuracy_tests/tl1_accuracy/passed",
                                         "/accuracy_tests/tl2_accuracy/passed"};
    for (size_t i = 0; i < sizeof PLACES / sizeof PLACES[0]; i++) {
        if (json_is_false(assay_json_at(tests, PLACES[i]))) {
            return true;
        }
    }
    return false;
}

const char *assay_legacy_validate(const json_t *root)
{
    const char *version = json_string_value(json_object_get(root, "schema_version"));
    const json_t *tests = json_object_get(root, "test_results");
    struct assay_slice summary = assay_legacy_text(json_object_get(root, "backend_summary"));
    bool is_deterministic = json_is_true(json_object_get(root, "deterministic"));
    if (!version || strcmp(version, "1.0.0") != 0) {
        return "schema_version is not 1.0.0";
    }
    if (has_mock(json_object_get(root, "kernels"))) {
        return "a kernel id holds 'mock'";
    }
    if (json_integer_value(json_object_get(tests, "failed")) != 0) {
        return "tests failed";
    }
    if (has_failed_accuracy(tests)) {
        return "an accuracy test did not pass";
    }
    if (is_deterministic && json_is_false(assay_json_at(tests, "/determinism_tests/identical_sequences"))) {
        return "deterministic, but the sequences differ";
    }
    if (summary.len > 0 && !memmem(summary.data, summary.len, "selected=", strlen("selected="))) {
        return "backend_summary lacks 'selected='";
    }
    return NULL;
}
