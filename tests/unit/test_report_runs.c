#include "support/imported.h"
#include "support/synthetic.h"

#include "base/file.h"
#include "base/text.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define URL "http://127.0.0.1:8080"
#define MS 1e6

static const struct assay_style PLAIN = {.has_color = false};

/* A latency around ms with bounds of 2 % and enough samples, and what usually stands beside it. */
#define METRICS(ms, count)                                                                                          \
    {                                                                                                               \
        {.name = "output_rate",                                                                                     \
         .unit = "1/s",                                                                                             \
         .direction = "higher",                                                                                     \
         .value = 4000.0 / (ms),                                                                                    \
         .lower = 3960.0 / (ms),                                                                                    \
         .upper = 4040.0 / (ms),                                                                                    \
         .n = (count)},                                                                                             \
            {.name = "tpot_p50",                                                                                    \
             .value = (ms)*MS / 4,                                                                                  \
             .lower = (ms)*MS / 4.08,                                                                               \
             .upper = (ms)*MS / 3.92,                                                                               \
             .n = (count)},                                                                                         \
            {.name = "ttft_p50", .value = (ms)*MS, .lower = 0.98 * (ms)*MS, .upper = 1.02 * (ms)*MS, .n = (count)}, \
            {.name = "ttft_p95",                                                                                    \
             .value = 1.2 * (ms)*MS,                                                                                \
             .lower = 1.1 * (ms)*MS,                                                                                \
             .upper = 1.3 * (ms)*MS,                                                                                \
             .n = (count)},                                                                                         \
            {.name = "ttft_p99", .absent = "n too small (60 of 299)", .n = (count)},                                \
            {.name = "ttft_sched_p50",                                                                              \
             .value = 1.01 * (ms)*MS,                                                                               \
             .lower = (ms)*MS,                                                                                      \
             .upper = 1.03 * (ms)*MS,                                                                               \
             .n = (count)},                                                                                         \
    }
#define COUNT(list) (sizeof(list) / sizeof(list)[0])

static const struct synthetic_metric FAST[] = METRICS(42.1, 60);
static const struct synthetic_metric LIKE_FAST[] = METRICS(42.5, 60);
static const struct synthetic_metric SLOW[] = METRICS(80.0, 60);
static const struct synthetic_metric COLD[] = METRICS(900.0, 60);
static const struct synthetic_metric CROWDED[] = {
    {.name = "output_rate", .unit = "1/s", .direction = "higher", .value = 97.0, .lower = 96.0, .upper = 98.0, .n = 60},
    {.name = "ttft_p50", .value = 300 * MS, .lower = 290 * MS, .upper = 310 * MS, .n = 60},
    {.name = "ttft_sched_p50", .value = 500 * MS, .lower = 490 * MS, .upper = 510 * MS, .n = 60},
};
static const struct synthetic_metric FEW[] = {
    {.name = "ttft_p50", .absent = "n too small (3 of 5)", .n = 3},
};

#define RUN(name, list) RUN_WITH(name, list, .label = "a")
#define RUN_WITH(name, list, ...)                                                                           \
    {                                                                                                       \
        .model = (name), .url = URL, .metrics = (list), .metrics_count = COUNT(list), .ok = 60, __VA_ARGS__ \
    }

static char *report(const struct synthetic_run *runs, size_t count, enum assay_report_format format)
{
    struct synthetic_files files[8];
    struct assay_report_input inputs[8];
    struct assay_buf out;
    size_t len;
    assay_err err = {0};
    assert_true(count <= 8);
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        synthetic_make(&runs[i], &files[i]);
        inputs[i] = synthetic_input(&files[i], "run");
    }
    assay_code rc = count == 0 ? ASSAY_BUG : assay_report_runs(inputs, count, format, &PLAIN, &out, &err);
    if (rc != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    for (size_t i = 0; i < count; i++) {
        synthetic_done(&files[i]);
    }
    return assay_buf_take(&out, &len);
}

static char *show(const struct synthetic_run *run, enum assay_report_format format)
{
    struct synthetic_files files;
    struct assay_buf out;
    size_t len;
    synthetic_make(run, &files);
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    struct assay_report_input input = synthetic_input(&files, "run");
    assert_int_equal(assay_report_show(&input, format, &PLAIN, &out, NULL), ASSAY_OK);
    synthetic_done(&files);
    return assay_buf_take(&out, &len);
}

static void check_holds(const char *text, const char *wanted)
{
    if (strstr(text, wanted) == NULL) {
        fail_msg("'%s' is not in:\n%s", wanted, text);
    }
}

static void check_lacks(const char *text, const char *unwanted)
{
    if (strstr(text, unwanted) != NULL) {
        fail_msg("'%s' is in:\n%s", unwanted, text);
    }
}

static void the_first_line_is_the_answer(void **state)
{
    (void)state;
    const struct synthetic_run run = RUN("smollm2", FAST);
    char *text = show(&run, ASSAY_REPORT_TEXT);
    static const char WANTED[] = "smollm2 at " URL ": TTFT p50 42.1 ms, p95 50.5 ms; TTFT from schedule "
                                 "p50 42.5 ms; TPOT p50 10.5 ms; 95.0 tok/s; "
                                 "100 % ok; n=60; compute path scripted; stamp error p99 0.0120 ms\n";
    assert_memory_equal(text, WANTED, sizeof WANTED - 1);
    assay_free(text);
}

static void an_invalid_run_says_first_what_broke(void **state)
{
    (void)state;
    const struct synthetic_run run = RUN_WITH("smollm2", FAST, .invalid = {"late", "noise"});
    char *text = show(&run, ASSAY_REPORT_TEXT);
    assert_memory_equal(text, "INVALID: late: requests left too late", 37);
    check_holds(text, "; noise: other load");
    assay_free(text);
}

static void a_run_record_shows_its_reason_and_no_rate(void **state)
{
    (void)state;
    const struct synthetic_run run = RUN_WITH("smollm2", FAST, .outcome = "aborted", .why = "signal");
    char *text = show(&run, ASSAY_REPORT_TEXT);
    assert_memory_equal(text, "No result, outcome aborted: signal\n", 35);
    check_lacks(text, "tok/s");
    check_lacks(text, "TTFT");
    assay_free(text);
}

static void a_withheld_percentile_says_how_many_it_has_and_needs(void **state)
{
    (void)state;
    const struct synthetic_run run = RUN("smollm2", FAST);
    char *text = show(&run, ASSAY_REPORT_TEXT);
    check_holds(text, "n too small (60 of 299)");
    assay_free(text);
}

static void a_model_name_cannot_forge_a_line(void **state)
{
    (void)state;
    const struct synthetic_run run = RUN("x INVALID: none `|` <b>@all</b> \xe2\x80\xae", FAST);
    char *text = show(&run, ASSAY_REPORT_TEXT), *markdown = report(&run, 1, ASSAY_REPORT_MARKDOWN);
    check_holds(text, "x INVALID: none `|` <b>@all</b> \\xe2\\x80\\xae at ");
    check_lacks(text, "\xe2\x80\xae");
    check_holds(markdown, "``x INVALID: none `\\|` <b>@all</b> \\xe2\\x80\\xae``");
    check_lacks(markdown, "\xe2\x80\xae");
    assay_free(text);
    assay_free(markdown);
}

static void digits_finer_than_the_stamp_error_are_not_printed(void **state)
{
    (void)state;
    const struct synthetic_run run = RUN_WITH("smollm2", FAST, .stamp_error_ns = 3000000);
    char *text = show(&run, ASSAY_REPORT_TEXT);
    check_holds(text, "TTFT p50 42 ms");
    assay_free(text);
}

static void overlapping_models_share_a_range_of_places(void **state)
{
    (void)state;
    const struct synthetic_run runs[] = {RUN("a", FAST), RUN("b", LIKE_FAST), RUN("c", SLOW)};
    char *text = report(runs, 3, ASSAY_REPORT_CSV);
    assay_free(text);
    text = report(runs, 3, ASSAY_REPORT_MARKDOWN);
    check_holds(text, "| `a` | 42.1 ms (41.3 ms to 42.9 ms), n=60 | 1 to 2 |");
    check_holds(text, "| `b` | 42.5 ms (41.6 ms to 43.4 ms), n=60 | 1 to 2 |");
    check_holds(text, "| `c` | 80.0 ms (78.4 ms to 81.6 ms), n=60 | 3 |");
    assay_free(text);
}

static void a_model_below_its_least_n_is_not_ranked(void **state)
{
    (void)state;
    const struct synthetic_run runs[] = {RUN("a", FAST), RUN("b", FEW)};
    char *text = report(runs, 2, ASSAY_REPORT_MARKDOWN);
    check_holds(text, "| `b` | n too small (3 of 5) | not ranked |");
    check_holds(text, "| `a` | 42.1 ms (41.3 ms to 42.9 ms), n=60 | 1 |");
    assay_free(text);
}

static void invalid_runs_and_other_loads_are_not_compared(void **state)
{
    (void)state;
    const struct synthetic_run invalid[] = {RUN("a", FAST), RUN_WITH("b", SLOW, .invalid = {"noise"})};
    const struct synthetic_run other_load[] = {RUN("a", FAST), RUN_WITH("b", SLOW, .users = 8)};
    char *text = report(invalid, 2, ASSAY_REPORT_TEXT);
    check_lacks(text, "Models against each other");
    assay_free(text);
    text = report(other_load, 2, ASSAY_REPORT_TEXT);
    check_lacks(text, "Models against each other");
    assay_free(text);
}

static void cold_stands_against_warm_of_the_same_model(void **state)
{
    (void)state;
    const struct synthetic_run runs[] = {RUN("a", FAST), RUN_WITH("a", COLD, .state = "cold"), RUN("b", FAST)};
    char *text = report(runs, 3, ASSAY_REPORT_MARKDOWN);
    check_holds(text, "## Cold against warm");
    check_holds(text, "| 21.4 |");
    check_holds(text, "(rule cold-start)");
    check_holds(text, "Inputs: ttft_p50 900 ms (n=60), ttft_p50 42.1 ms (n=60)");
    assay_free(text);
}

static void advice_prints_its_inputs(void **state)
{
    (void)state;
    const struct synthetic_run runs[] = {RUN("a", FAST), RUN_WITH("a", CROWDED, .users = 64, .failed = 6)};
    char *text = report(runs, 2, ASSAY_REPORT_TEXT);
    check_holds(text, "(rule knee)");
    check_holds(text, "stay near 4 users: 64 bring hardly more output");
    check_holds(text, "output_rate 95.0 tok/s (n=60), output_rate 97.0 tok/s (n=60)");
    check_holds(text, "(rule queueing)");
    check_holds(text, "(rule failures)");
    check_holds(text, "failed 6, timed out 0, of 66 samples");
    assay_free(text);
}

static void advice_is_silent_without_data(void **state)
{
    (void)state;
    static const struct synthetic_metric ENOUGH[] = {
        {.name = "ttft_p50", .value = 42 * MS, .lower = 41 * MS, .upper = 43 * MS, .n = 60}};
    const struct synthetic_run runs[] = {RUN("a", ENOUGH), RUN_WITH("b", CROWDED, .invalid = {"noise"})};
    char *text = report(runs, 2, ASSAY_REPORT_TEXT);
    check_lacks(text, "Recommendations");
    assay_free(text);
}

static void the_csv_has_one_row_a_model_and_metric(void **state)
{
    (void)state;
    const struct synthetic_run runs[] = {RUN("a", FAST), RUN_WITH("b", SLOW, .outcome = "failed", .why = "refused")};
    char *text = report(runs, 2, ASSAY_REPORT_CSV);
    size_t lines = 0;
    for (const char *c = text; *c != '\0'; c++) {
        lines += *c == '\n';
    }
    assert_int_equal(lines, 1 + COUNT(FAST) + 1);
    check_holds(text, ",record,failed,refused,");
    assay_free(text);
}

/* ---- golden files: tests/golden/report/, written anew with ASSAY_GOLDEN_UPDATE=1 --------------------------------- */

static void golden_check(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "golden/report/%s", name);
    if (getenv("ASSAY_GOLDEN_UPDATE") != NULL) {
        struct assay_buf full;
        assay_buf_init(&full, 4096);
        assay_buf_printf(&full, "%s/tests/%s", getenv("ASSAY_SOURCE_ROOT"), path);
        assert_int_equal(assay_file_write(full.data, text, strlen(text), ASSAY_FILE_REPLACE, NULL), ASSAY_OK);
        assay_buf_done(&full);
        return;
    }
    size_t len;
    char *wanted = imported_file(path, &len);
    if (strlen(text) != len || memcmp(text, wanted, len) != 0) {
        fail_msg("%s differs; if the change is meant, run this test with ASSAY_GOLDEN_UPDATE=1. Now:\n%s", path, text);
    }
    assay_free(wanted);
}

static void reports_are_as_kept(void **state)
{
    (void)state;
    const struct synthetic_run runs[] = {
        RUN("smollm2", FAST),
        RUN("gemma3", SLOW),
        RUN_WITH("smollm2", COLD, .state = "cold"),
        RUN_WITH("smollm2", CROWDED, .users = 64, .failed = 6),
        RUN_WITH("smollm2", CROWDED, .rate_per_s = "25", .invalid = {"late", "rate"}),
        RUN_WITH("smollm2", FAST, .outcome = "aborted", .why = "signal"),
    };
    for (size_t i = 0; i < ASSAY_REPORT_FORMAT_COUNT; i++) {
        char name[32];
        char *text = report(runs, COUNT(runs), (enum assay_report_format)i);
        (void)snprintf(name, sizeof name, "runs.%s", assay_report_format_text((enum assay_report_format)i));
        golden_check(name, text);
        assay_free(text);
        text = show(&runs[0], (enum assay_report_format)i);
        (void)snprintf(name, sizeof name, "show.%s", assay_report_format_text((enum assay_report_format)i));
        golden_check(name, text);
        assay_free(text);
    }
}

static void the_json_of_a_report_reads_back(void **state)
{
    (void)state;
    const struct synthetic_run runs[] = {RUN("a", FAST), RUN_WITH("a", COLD, .state = "cold")};
    char *text = report(runs, 2, ASSAY_REPORT_JSON);
    json_t *root = NULL;
    assert_int_equal(assay_json_read(text, strlen(text), &assay_json_limits_default, &root, NULL), ASSAY_OK);
    assert_int_equal(json_array_size(json_object_get(root, "runs")), 2);
    assert_true(json_array_size(json_object_get(root, "recommendations")) > 0);
    assert_true(json_number_value(assay_json_at(root, "/runs/0/metrics/2/value")) == 42.1 * MS);
    json_decref(root);
    assay_free(text);
}

static void a_directory_of_any_bytes_can_be_reported(void **state)
{
    (void)state;
    const struct synthetic_run run = RUN("a", FAST);
    struct synthetic_files files;
    synthetic_make(&run, &files);
    struct assay_report_input input = synthetic_input(&files, "run\xff\n");
    for (unsigned format = 0; format < ASSAY_REPORT_FORMAT_COUNT; format++) {
        struct assay_buf out;
        assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
        assert_int_equal(assay_report_runs(&input, 1, (enum assay_report_format)format, &PLAIN, &out, NULL), ASSAY_OK);
        assert_int_equal(assay_utf8_valid_prefix(out.data, out.len), out.len);
        assay_buf_done(&out);
    }
    synthetic_done(&files);
}

static void every_failed_allocation_is_an_error_and_no_crash(void **state)
{
    (void)state;
    const struct synthetic_run runs[] = {RUN("a", FAST), RUN("b", SLOW)};
    struct synthetic_files files[2];
    struct assay_report_input inputs[2];
    for (size_t i = 0; i < 2; i++) {
        synthetic_make(&runs[i], &files[i]);
        inputs[i] = synthetic_input(&files[i], "run");
    }
    for (unsigned format = 0; format < ASSAY_REPORT_FORMAT_COUNT; format++) {
        assay_code rc = ASSAY_NO_MEMORY;
        for (unsigned long nth = 1; rc != ASSAY_OK && nth < 5000; nth++) {
            struct assay_buf out;
            assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
            assay_mem_fail_at(nth);
            rc = assay_report_runs(inputs, 2, (enum assay_report_format)format, &PLAIN, &out, NULL);
            assay_mem_fail_at(0);
            assert_true(rc == ASSAY_OK || rc == ASSAY_NO_MEMORY);
            assay_buf_done(&out);
        }
        assert_int_equal(rc, ASSAY_OK);
    }
    synthetic_done(&files[0]);
    synthetic_done(&files[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_line_is_the_answer),
        cmocka_unit_test(an_invalid_run_says_first_what_broke),
        cmocka_unit_test(a_run_record_shows_its_reason_and_no_rate),
        cmocka_unit_test(a_withheld_percentile_says_how_many_it_has_and_needs),
        cmocka_unit_test(a_model_name_cannot_forge_a_line),
        cmocka_unit_test(digits_finer_than_the_stamp_error_are_not_printed),
        cmocka_unit_test(overlapping_models_share_a_range_of_places),
        cmocka_unit_test(a_model_below_its_least_n_is_not_ranked),
        cmocka_unit_test(invalid_runs_and_other_loads_are_not_compared),
        cmocka_unit_test(cold_stands_against_warm_of_the_same_model),
        cmocka_unit_test(advice_prints_its_inputs),
        cmocka_unit_test(advice_is_silent_without_data),
        cmocka_unit_test(the_csv_has_one_row_a_model_and_metric),
        cmocka_unit_test(reports_are_as_kept),
        cmocka_unit_test(the_json_of_a_report_reads_back),
        cmocka_unit_test(a_directory_of_any_bytes_can_be_reported),
        cmocka_unit_test(every_failed_allocation_is_an_error_and_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
