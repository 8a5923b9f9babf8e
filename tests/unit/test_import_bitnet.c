/* Receipts of BitNet-rs become figures that another tool claims: no test possible, compute path and kernel path held
 * against their own kernel ids. */
#include "support/edit.h"
#include "support/imported.h"

#include "base/mem.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define FILE_MAX ((size_t)1 << 20)

static json_t *honest(const char *name)
{
    char path[128];
    size_t len = 0;
    json_t *root = NULL;
    (void)snprintf(path, sizeof path, "../fuzz/corpus/import_bitnet/%s", name);
    char *bytes = imported_file(path, &len);
    assert_int_equal(assay_json_read(bytes, len, &assay_json_limits_default, &root, NULL), ASSAY_OK);
    assay_free(bytes);
    return root;
}

static assay_code import_tree(const json_t *root, struct assay_import_result *ret, assay_err *err)
{
    struct assay_buf text;
    assay_buf_init(&text, FILE_MAX);
    assert_int_equal(assay_json_pretty(root, &text, err), ASSAY_OK);
    assay_code rc = imported_text(text.data, text.len, NULL, ret, err);
    assay_buf_done(&text);
    return rc;
}

static const struct {
    const char *file, *format, *name, *unit, *value;
} FIGURES[] = {
    {"flat", "bitnet-1.0.0", "tokens_per_second", "1/s", "12.5"},
    {"flat", "bitnet-1.0.0", "tokens_generated", "1", "16"},
    {"nested", "bitnet-1.0.0", "performance_baseline total_time_ms", "ms", "5120"},
    {"nested", "bitnet-1.0.0", "performance_baseline memory_usage_mb", "MB", "1536"},
    {"nested", "bitnet-1.0.0", "parity cosine_similarity", "1", "0.998"},
    {"nested", "bitnet-1.0.0", "test_results accuracy_tests tl2_accuracy mse", "1", "0.001"},
    {"minor-1", "bitnet-1.1.0", "tokens_per_second", "1/s", "80.5"},
    {"minor-1", "bitnet-1.1.0", "quantization fallback_count", "1", "0"},
    {"minor-1", "bitnet-1.1.0", "performance kernel_times_ms cuda_sync", "ms", "0.25"},
    {"minor-1", "bitnet-1.1.0", "performance total_inference_time_ms", "ms", "397.5"},
};

static bool claims(const json_t *statement, const char *name, const char *unit, const char *value)
{
    const json_t *list = assay_json_at(statement, "/predicate/claimed");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *figure = json_array_get(list, i);
        if (strcmp(json_string_value(json_object_get(figure, "name")), name) == 0) {
            return strcmp(json_string_value(json_object_get(figure, "unit")), unit) == 0 &&
                   strcmp(json_string_value(json_object_get(figure, "value")), value) == 0;
        }
    }
    return false;
}

static void figures_are_claimed_under_their_place_and_unit(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof FIGURES / sizeof FIGURES[0]; i++) {
        struct assay_import_result result;
        enum assay_document document;
        json_t *root = honest(FIGURES[i].file), *statement = NULL;
        assay_err err = {0};
        if (import_tree(root, &result, &err) != ASSAY_OK) {
            fail_msg("%s: %s", FIGURES[i].file, err.message);
        }
        assert_int_equal(result.document, ASSAY_DOCUMENT_IMPORTED);
        assert_string_equal(result.format, FIGURES[i].format);
        assert_int_equal(assay_receipt_read(result.file.data, result.file.len, &statement, &document, NULL), ASSAY_OK);
        if (!claims(statement, FIGURES[i].name, FIGURES[i].unit, FIGURES[i].value)) {
            fail_msg("%s does not claim %s = %s", FIGURES[i].file, FIGURES[i].name, FIGURES[i].value);
        }
        json_decref(statement);
        json_decref(root);
        assay_import_result_done(&result);
    }
}

static const struct {
    const char *file, *pointer, *json;
    assay_code code; /* OK: taken */
    const char *says;
} EDITS[] = {
    {"flat", "/schema_version", "\"1.0\"", ASSAY_OK, ""},
    {"flat", "/schema_version", "\"2.0.0\"", ASSAY_UNSUPPORTED, "/schema_version"},
    {"flat", "/compute_path", "\"mock\"", ASSAY_MALFORMED, "/compute_path"},
    {"flat", "/tokens_per_second", "\"12\"", ASSAY_MALFORMED, "/tokens_per_second: expected a number"},
    {"flat", "/tokens_generated", "1.5", ASSAY_MALFORMED, "/tokens_generated"},
    {"flat", "/model_hash", "\"sha256:00\"", ASSAY_OK, ""}, /* shape C's extra members */
    {"flat", "/receipt_version", "\"1.0.0\"", ASSAY_UNSUPPORTED, "shape D, per tensor ('receipt_version')"},
    {"minor-1", "/model_hash", "7", ASSAY_MALFORMED, "/model_hash"},
    {"minor-1", "/kernels", "[\"gemm_fp16\",\"cuda_sync\"]", ASSAY_MALFORMED, "none of them is quantised"},
    {"minor-1", "/kernels/2", "\"fp32_matmul\"", ASSAY_MALFORMED, "a fallback is among them"},
    {"minor-1", "/kernels/2", "\"layernorm_f32\"", ASSAY_MALFORMED, "a fallback is among them"},
    {"minor-1", "/kernel_path", "\"fp32_fallback\"", ASSAY_MALFORMED, "none of them is one"},
    {"minor-1", "/kernel_path", "\"unknown\"", ASSAY_OK, ""},
    {"minor-1", "/kernel_path", "\"fast\"", ASSAY_MALFORMED, "/kernel_path: expected a word"},
    {"minor-1", "/kernels", "{}", ASSAY_MALFORMED, "/kernels: expected a list"},
    {"minor-1", "/performance/kernel_times_ms/cuda_sync", "true", ASSAY_MALFORMED, "/cuda_sync: expected a number"},
};

static void what_contradicts_itself_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof EDITS / sizeof EDITS[0]; i++) {
        struct assay_import_result result;
        json_t *root = honest(EDITS[i].file), *value = NULL;
        assay_err err = {0};
        assert_int_equal(
            assay_json_read(EDITS[i].json, strlen(EDITS[i].json), &assay_json_limits_default, &value, &err), ASSAY_OK);
        edit_set(root, EDITS[i].pointer, value);
        assay_code rc = import_tree(root, &result, &err);
        if (rc != EDITS[i].code || !strstr(err.message, EDITS[i].says)) {
            fail_msg("%s of %s: code %d, %s", EDITS[i].pointer, EDITS[i].file, (int)rc, err.message);
        }
        if (rc == ASSAY_OK) {
            assay_import_result_done(&result);
        }
        json_decref(root);
    }
}

static void shapes_c_and_d_are_refused_by_name(void **state)
{
    static const char *const ROWS[][2] = {{"wrapped", "shape D (all under 'receipt')"},
                                          {"per-tensor", "shape D, per tensor ('receipt_version')"},
                                          {"shape-c", "shape C ('version' in place of 'schema_version')"}};
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct assay_import_result result;
        json_t *root = honest(ROWS[i][0]);
        assay_err err = {0};
        assert_int_equal(import_tree(root, &result, &err), ASSAY_UNSUPPORTED);
        assert_non_null(strstr(err.message, ROWS[i][1]));
        json_decref(root);
    }
}

static void two_members_of_one_name_are_refused(void **state)
{
    static const char TEXT[] = "{\"schema_version\":\"1.0.0\",\"compute_path\":\"real\",\"kernels\":[\"i2s_x\"],"
                               "\"tokens_per_second\":1.5,\"tokens_per_second\":99.5}";
    struct assay_import_result result;
    assay_err err = {0};
    (void)state;
    assert_int_equal(imported_text(TEXT, sizeof TEXT - 1, NULL, &result, &err), ASSAY_MALFORMED);
    assert_non_null(strstr(err.message, "tokens_per_second"));
}

static void a_receipt_without_figures_is_not_measured(void **state)
{
    static const char TEXT[] = "{\"schema_version\":\"1.0.0\",\"compute_path\":\"real\",\"kernels\":[\"i2s_x\"]}";
    struct assay_import_result result;
    (void)state;
    assert_int_equal(imported_text(TEXT, sizeof TEXT - 1, NULL, &result, NULL), ASSAY_UNDECIDED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figures_are_claimed_under_their_place_and_unit),
        cmocka_unit_test(what_contradicts_itself_is_refused),
        cmocka_unit_test(shapes_c_and_d_are_refused_by_name),
        cmocka_unit_test(two_members_of_one_name_are_refused),
        cmocka_unit_test(a_receipt_without_figures_is_not_measured),
    };
    assay_json_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
