#include "support/imported.h"

#include "base/mem.h"
#include "json/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A file of tests/golden/bench, as the tools wrote it (go-bench: as its format is documented). */
static struct assay_import_result golden(const char *name, const char *format)
{
    struct assay_import_result result;
    assay_err err = {0};
    char path[128];
    size_t len = 0;
    (void)snprintf(path, sizeof path, "golden/bench/%s", name);
    char *bytes = imported_file(path, &len);
    if (imported_text(bytes, len, NULL, &result, &err) != ASSAY_OK) { /* the format is told by the content */
        fail_msg("%s: %s", name, err.message);
    }
    assert_string_equal(result.format, format);
    assay_free(bytes);
    return result;
}

static json_t *statement_of(const struct assay_import_result *result)
{
    json_t *statement = NULL;
    enum assay_document document;
    assert_int_equal(assay_receipt_read(result->file.data, result->file.len, &statement, &document, NULL), ASSAY_OK);
    return statement;
}

/* The value of a metric of an arm, or NaN. */
static double metric_of(const json_t *statement, const char *arm, const char *name)
{
    const json_t *list = assay_json_at(statement, "/predicate/metrics");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *metric = json_array_get(list, i);
        const char *value = json_string_value(json_object_get(metric, "value"));
        double number;
        if (strcmp(json_string_value(json_object_get(metric, "name")), name) == 0 &&
            strcmp(json_string_value(json_object_get(metric, "arm")), arm) == 0 && value != NULL &&
            assay_json_dec_read(value, &number)) {
            return number;
        }
    }
    return NAN;
}

/* The value of a claimed figure, or NaN. */
static double figure_of(const json_t *statement, const char *name, const char *unit)
{
    const json_t *list = assay_json_at(statement, "/predicate/claimed");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *figure = json_array_get(list, i);
        double number;
        if (strcmp(json_string_value(json_object_get(figure, "name")), name) == 0 &&
            strcmp(json_string_value(json_object_get(figure, "unit")), unit) == 0 &&
            assay_json_dec_read(json_string_value(json_object_get(figure, "value")), &number)) {
            return number;
        }
    }
    return NAN;
}

static void times_of_hyperfine_are_samples(void **state)
{
    (void)state;
    struct assay_import_result result = golden("hyperfine.json", "hyperfine");
    assert_int_equal(result.document, ASSAY_DOCUMENT_RECEIPT);
    assert_int_equal(result.rows, 10);
    json_t *statement = statement_of(&result);
    assert_true(metric_of(statement, "a", "service_p50") == 3984098.0); /* the median of an odd count is a time */
    assert_true(fabs(metric_of(statement, "a", "service_mean") - 3942007.8) < 1.0);
    assert_true(fabs(metric_of(statement, "a", "service_sd") - 457760.56) < 1.0);
    assert_true(metric_of(statement, "b", "service_min") == 825479.0);
    json_decref(statement);
    assay_import_result_done(&result);
}

static void exit_codes_of_hyperfine_are_failures(void **state)
{
    (void)state;
    struct assay_import_result result = golden("hyperfine-fails.json", "hyperfine");
    assert_int_equal(result.rows, 3);
    assert_int_equal(result.rows_failed, 3);
    assay_import_result_done(&result);
}

static void results_without_times_are_a_summary(void **state)
{
    (void)state;
    struct assay_import_result result = golden("hyperfine-summary.json", "hyperfine");
    assert_int_equal(result.document, ASSAY_DOCUMENT_IMPORTED);
    json_t *statement = statement_of(&result);
    assert_true(figure_of(statement, "sleep 0.002 mean", "s") == 0.0039420078);
    json_decref(statement);
    assay_import_result_done(&result);
}

static void repetitions_of_google_benchmark_are_samples(void **state)
{
    (void)state;
    struct assay_import_result result = golden("google-benchmark.json", "google-benchmark");
    assert_int_equal(result.rows, 15);
    assert_int_equal(result.rows_failed, 5); /* BM_fails says error_occurred */
    json_t *statement = statement_of(&result);
    double p50 = metric_of(statement, "a", "service_p50"), cpu = metric_of(statement, "a", "cpu_p50");
    assert_true(p50 > 4.0 && p50 < 7.0);
    assert_true(cpu > 2.5 && cpu < 4.0);
    assert_true(metric_of(statement, "c", "success_share") == 0.0);
    json_decref(statement);
    assay_import_result_done(&result);
}

static void aggregates_alone_are_a_summary(void **state)
{
    (void)state;
    struct assay_import_result result = golden("google-benchmark-aggregates.json", "google-benchmark");
    assert_int_equal(result.document, ASSAY_DOCUMENT_IMPORTED);
    json_t *statement = statement_of(&result);
    assert_true(figure_of(statement, "BM_copy/64_mean real_time", "ns") > 4.0);
    assert_true(figure_of(statement, "BM_copy/64_cv cpu_time", "1") >= 0.0);
    json_decref(statement);
    assay_import_result_done(&result);
}

static void lines_of_go_are_samples_under_their_package(void **state)
{
    (void)state;
    struct assay_import_result result = golden("go-bench.txt", "go-bench");
    assert_int_equal(result.rows, 6);
    json_t *statement = statement_of(&result);
    assert_true(fabs(metric_of(statement, "a", "service_min") - 1391.5) < 1e-3);
    assert_true(metric_of(statement, "b", "service_max") == 1240000.0);
    assert_true(fabs(metric_of(statement, "c", "service_max") - 0.2514) < 1e-9);
    const char *plan = result.plan.data;
    assert_non_null(strstr(plan, "example.org/codec.BenchmarkEncode/small-8"));
    assert_non_null(strstr(plan, "example.org/hash.BenchmarkSum"));
    json_decref(statement);
    assay_import_result_done(&result);
    result = golden("go-bench-custom.txt", "go-bench");
    assert_int_equal(result.document, ASSAY_DOCUMENT_IMPORTED);
    statement = statement_of(&result);
    assert_true(figure_of(statement, "BenchmarkQueue-4 jobs/s", "jobs/s") == 8812.0);
    json_decref(statement);
    assay_import_result_done(&result);
}

static void figures_without_samples_allow_no_test(void **state)
{
    (void)state;
    struct assay_import_result result = golden("github-action-benchmark.json", "github-action-benchmark");
    assert_int_equal(result.document, ASSAY_DOCUMENT_IMPORTED);
    json_t *statement = statement_of(&result);
    assert_true(figure_of(statement, "Parse large file", "ms") == 12.5);
    json_decref(statement);
    assay_import_result_done(&result);
    result = golden("bmf.json", "bmf");
    assert_int_equal(result.document, ASSAY_DOCUMENT_IMPORTED);
    statement = statement_of(&result);
    assert_true(figure_of(statement, "parse::large latency", "ns") == 12500000.0);
    assert_true(figure_of(statement, "parse::large latency upper_value", "ns") == 12900000.0);
    assert_true(figure_of(statement, "parse::small widgets", "") == 3.0);
    json_decref(statement);
    assay_import_result_done(&result);
}

static void what_cannot_be_right_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *format, *text, *says;
    } CASES[] = {
        {"hyperfine", "{}", "results"},
        {"hyperfine", "{\"results\":[{\"mean\":1,\"times\":[1]}]}", "no command"},
        {"hyperfine", "{\"results\":[{\"command\":\"a\",\"times\":[\"1\"]}]}", "times[0]"},
        {"hyperfine", "{\"results\":[{\"command\":\"a\",\"times\":[-1]}]}", "times[0]"},
        {"hyperfine", "{\"results\":[{\"command\":\"a\",\"times\":[1,2],\"exit_codes\":[0]}]}", "exit_codes"},
        {"hyperfine", "{\"results\":[{\"command\":\"a\",\"times\":[1]},{\"command\":\"b\",\"mean\":1}]}", "split"},
        {"google-benchmark", "{\"benchmarks\":{}}", "array"},
        {"google-benchmark", "{\"benchmarks\":[1]}", "no object"},
        {"google-benchmark", "{\"benchmarks\":[{\"real_time\":1}]}", "name"},
        {"google-benchmark",
         "{\"benchmarks\":[{\"name\":\"a\",\"iterations\":0,\"real_time\":1,\"time_unit\":\"ns\"}]}", "iterations"},
        {"google-benchmark", "{\"benchmarks\":[{\"name\":\"a\",\"iterations\":1,\"real_time\":1,\"time_unit\":\"x\"}]}",
         "time_unit"},
        {"go-bench", "BenchmarkA 0 1 ns/op\n", "line 1"},
        {"go-bench", "\nBenchmarkA 1 x ns/op\n", "line 2"},
        {"go-bench", "BenchmarkA 1 -3 ns/op\n", "line 1"},
        {"github-action-benchmark", "{}", "array"},
        {"github-action-benchmark", "[{\"name\":\"a\",\"unit\":\"ms\",\"value\":\"1\"}]", "[0]"},
        {"bmf", "[]", "object"},
        {"bmf", "{\"a\":3}", "'a'"},
        {"bmf", "{\"a\":{\"latency\":{}}}", "latency"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_import_result result;
        assay_err err = {0};
        assay_code rc = imported_text(CASES[i].text, strlen(CASES[i].text), CASES[i].format, &result, &err);
        if (rc != ASSAY_MALFORMED || strstr(err.message, CASES[i].says) == NULL) {
            fail_msg("%s says: %s", CASES[i].text, err.message);
        }
    }
}

static void a_file_without_results_is_not_measured(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {{"hyperfine", "{\"results\":[]}"},
                                           {"google-benchmark", "{\"benchmarks\":[]}"},
                                           {"go-bench", "PASS\nok  \tx\t0.1s\n"},
                                           {"github-action-benchmark", "[]"},
                                           {"bmf", "{}"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_import_result result;
        assert_int_equal(imported_text(CASES[i][1], strlen(CASES[i][1]), CASES[i][0], &result, NULL), ASSAY_UNDECIDED);
    }
}

/* ---- there and back --------------------------------------------------------------------------------------------- */

static struct assay_import_result there_and_back(const struct assay_import_result *from, enum assay_export_form form,
                                                 const char *format)
{
    struct assay_report_input input = imported_input(from);
    struct assay_import_result again;
    struct assay_buf out;
    assay_err err = {0};
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    if (assay_export_bench(form, &input, from->trace.data, from->trace.len, &out, &err) != ASSAY_OK ||
        imported_text(out.data, out.len, NULL, &again, &err) != ASSAY_OK) {
        fail_msg("%s: %s", format, err.message);
    }
    assert_string_equal(again.format, format);
    assay_buf_done(&out);
    return again;
}

static void samples_survive_the_way_out_and_back(void **state)
{
    (void)state;
    static const struct {
        const char *file, *format;
        enum assay_export_form form;
    } CASES[] = {{"hyperfine.json", "hyperfine", ASSAY_EXPORT_HYPERFINE},
                 {"hyperfine-fails.json", "hyperfine", ASSAY_EXPORT_HYPERFINE},
                 {"google-benchmark.json", "google-benchmark", ASSAY_EXPORT_GOOGLE_BENCHMARK},
                 {"go-bench.txt", "go-bench", ASSAY_EXPORT_GO_BENCH}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_import_result from = golden(CASES[i].file, CASES[i].format);
        if (from.document != ASSAY_DOCUMENT_RECEIPT) { /* all failed: a run record, which nothing exports */
            assay_import_result_done(&from);
            continue;
        }
        struct assay_import_result again = there_and_back(&from, CASES[i].form, CASES[i].format);
        json_t *a = statement_of(&from), *b = statement_of(&again);
        assert_int_equal(from.rows, again.rows);
        assert_int_equal(from.rows_failed, again.rows_failed);
        assert_true(json_equal(assay_json_at(a, "/predicate/metrics"), assay_json_at(b, "/predicate/metrics")));
        json_decref(a);
        json_decref(b);
        assay_import_result_done(&from);
        assay_import_result_done(&again);
    }
}

static void figures_of_a_receipt_are_another_tools_summary(void **state)
{
    (void)state;
    struct assay_import_result from = golden("hyperfine.json", "hyperfine");
    struct assay_import_result again =
        there_and_back(&from, ASSAY_EXPORT_GITHUB_ACTION_BENCHMARK, "github-action-benchmark");
    json_t *statement = statement_of(&again);
    assert_true(figure_of(statement, "sleep 0.002 service_p50", "ns") == 3984098.0);
    assert_true(isnan(figure_of(statement, "sleep 0.002 service_p99", "ns"))); /* what is withheld stays withheld */
    json_decref(statement);
    assay_import_result_done(&again);
    again = there_and_back(&from, ASSAY_EXPORT_BMF, "bmf");
    statement = statement_of(&again);
    assert_true(figure_of(statement, "sleep 0.002 service_p50", "") == 3984098.0);
    assert_true(figure_of(statement, "sleep 0.002 service_p50 upper_value", "") == 4531108.0);
    json_decref(statement);
    assay_import_result_done(&again);
    assay_import_result_done(&from);
}

static void a_run_of_a_model_has_no_place_in_these_forms(void **state)
{
    (void)state;
    static const char TEXT[] = "timestamp,model,first_token_ms,tokens_per_s\n2026-01-05T09:30:00Z,m,40,98\n";
    struct assay_import_result from;
    struct assay_buf out;
    assay_err err = {0};
    assert_int_equal(imported_text(TEXT, sizeof TEXT - 1, NULL, &from, NULL), ASSAY_OK);
    struct assay_report_input input = imported_input(&from);
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    assert_int_equal(assay_export_bench(ASSAY_EXPORT_HYPERFINE, &input, from.trace.data, from.trace.len, &out, &err),
                     ASSAY_UNSUPPORTED);
    assay_buf_done(&out);
    assay_import_result_done(&from);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_of_hyperfine_are_samples),
        cmocka_unit_test(exit_codes_of_hyperfine_are_failures),
        cmocka_unit_test(results_without_times_are_a_summary),
        cmocka_unit_test(repetitions_of_google_benchmark_are_samples),
        cmocka_unit_test(aggregates_alone_are_a_summary),
        cmocka_unit_test(lines_of_go_are_samples_under_their_package),
        cmocka_unit_test(figures_without_samples_allow_no_test),
        cmocka_unit_test(what_cannot_be_right_is_refused),
        cmocka_unit_test(a_file_without_results_is_not_measured),
        cmocka_unit_test(samples_survive_the_way_out_and_back),
        cmocka_unit_test(figures_of_a_receipt_are_another_tools_summary),
        cmocka_unit_test(a_run_of_a_model_has_no_place_in_these_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
