#include "support/imported.h"

#include "base/text.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* What explain says in the column `column` of the row named so; the JSON's numbers as they are spelled. */
static void check_line(const char *json, const char *name, const char *value)
{
    char wanted[256];
    (void)snprintf(wanted, sizeof wanted, "{\"theirs\": \"%s\", \"their_value\": %s,", name, value);
    if (strstr(json, wanted) == NULL) {
        const char *at = strstr(json, name);
        fail_msg("%s: that tool printed %s, explain says %.80s", name, value, at != NULL ? at : "nothing");
    }
}

/* Their file in, our recomputation out, beside what the tool itself printed for the same requests. */
static void check_peer(const char *file, const char *tool, const char *printed)
{
    size_t len, printed_len;
    char *text = imported_file(file, &len), *lines = imported_file(printed, &printed_len);
    struct assay_import_result result;
    struct assay_buf out;
    assay_err err = {0};
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    assert_int_equal(imported_text(text, len, NULL, &result, &err), ASSAY_OK);
    assert_int_equal(assay_explain(tool, result.plan.data, result.plan.len, result.trace.data, result.trace.len,
                                   ASSAY_REPORT_JSON, &(struct assay_style){0}, &out, &err),
                     ASSAY_OK);
    struct assay_slice rest = {lines, printed_len};
    size_t checked = 0;
    while (rest.len > 0) {
        struct assay_slice value = assay_slice_cut(&rest, '\n');
        struct assay_slice name = assay_slice_cut(&value, '\t');
        char name_text[128], value_text[64];
        (void)snprintf(name_text, sizeof name_text, "%.*s", (int)name.len, name.data);
        (void)snprintf(value_text, sizeof value_text, "%.*s", (int)value.len, value.data);
        check_line(out.data, name_text, value_text);
        checked++;
    }
    assert_true(checked >= 14);
    assay_import_result_done(&result);
    assay_buf_done(&out);
    assay_free(text);
    assay_free(lines);
}

static void guidellm_is_reproduced_to_its_last_printed_digit(void **state)
{
    (void)state;
    check_peer("golden/peers/guidellm-0.8.1.json", "guidellm", "golden/peers/guidellm-0.8.1.printed");
}

static void aiperf_is_reproduced_to_its_last_printed_digit(void **state)
{
    (void)state;
    check_peer("golden/peers/aiperf-0.13.0.jsonl", "aiperf", "golden/peers/aiperf-0.13.0.printed");
}

/* Two requests by hand: 4 chunks of 1 token, gaps of 10, 20 and 30 ms after a TTFT of 40 and 60 ms. */
static const char TWO[] =
    "{\"model_id\":\"m\",\"max_concurrency\":1,\"request_throughput\":2.0,\"mean_ttft_ms\":50.0,\"input_lens\":[8,8],"
    "\"output_lens\":[4,4],\"ttfts\":[0.04,0.06],\"itls\":[[0.01,0.02,0.03],[0.01,0.02,0.03]],"
    "\"start_times\":[1.0,2.0],\"errors\":[\"\",\"\"]}";

static void definitions_differ_as_the_table_says(void **state)
{
    (void)state;
    static const struct {
        const char *tool, *name, *value;
    } CASES[] = {
        {"vllm", "Mean TTFT (ms)", "50.00"},
        {"vllm", "Mean TPOT (ms)", "20.00"},
        {"vllm", "Median ITL (ms)", "20.00"},
        {"vllm", "Mean E2EL (ms)", "110.00"},
        {"vllm", "Benchmark duration (s)", "1.12"},
        {"sglang", "P99 TTFT (ms)", "59.80"},
        {"llmperf", "ttft_s p50", "0.050000000"},
        {"llmperf", "inter_token_latency_s mean", "0.027500000"},
        {"guidellm", "TPOT (ms) mean", "27.5"},
        {"guidellm", "ITL (ms) mean", "20.0"},
        {"guidellm", "TTFT (ms) median", "40.0"},
        {"inference-perf", "normalized_time_per_output_token mean", "0.027500000"},
        {"mlperf", "latency (ns) p50", "120000000"},
        {"aiperf", "Time to First Token std (ms)", "10.00"},
    };
    struct assay_import_result result;
    assert_int_equal(imported_text(TWO, sizeof TWO - 1, NULL, &result, NULL), ASSAY_OK);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_buf out;
        assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
        assert_int_equal(assay_explain(CASES[i].tool, result.plan.data, result.plan.len, result.trace.data,
                                       result.trace.len, ASSAY_REPORT_JSON, &(struct assay_style){0}, &out, NULL),
                         ASSAY_OK);
        check_line(out.data, CASES[i].name, CASES[i].value);
        assay_buf_done(&out);
    }
    assay_import_result_done(&result);
}

static void every_tool_explains_in_every_format(void **state)
{
    (void)state;
    size_t count;
    const struct assay_explain_tool *tools = assay_explain_tools(&count);
    struct assay_import_result result;
    assert_int_equal(imported_text(TWO, sizeof TWO - 1, NULL, &result, NULL), ASSAY_OK);
    assert_true(count >= 7);
    for (size_t i = 0; i < count * ASSAY_REPORT_FORMAT_COUNT; i++) {
        struct assay_buf out;
        assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
        assert_int_equal(assay_explain(tools[i / ASSAY_REPORT_FORMAT_COUNT].name, result.plan.data, result.plan.len,
                                       result.trace.data, result.trace.len,
                                       (enum assay_report_format)(i % ASSAY_REPORT_FORMAT_COUNT),
                                       &(struct assay_style){0}, &out, NULL),
                         ASSAY_OK);
        assert_true(out.len > 100);
        assay_buf_done(&out);
    }
    assay_import_result_done(&result);
}

static void an_unknown_tool_names_the_known_ones(void **state)
{
    (void)state;
    struct assay_buf out;
    assay_err err = {0};
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    assert_int_equal(assay_explain("vlm", "", 0, "", 0, ASSAY_REPORT_TEXT, &(struct assay_style){0}, &out, &err),
                     ASSAY_USAGE);
    assert_non_null(strstr(err.message, "vllm, sglang, aiperf"));
    assay_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guidellm_is_reproduced_to_its_last_printed_digit),
        cmocka_unit_test(aiperf_is_reproduced_to_its_last_printed_digit),
        cmocka_unit_test(definitions_differ_as_the_table_says),
        cmocka_unit_test(every_tool_explains_in_every_format),
        cmocka_unit_test(an_unknown_tool_names_the_known_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
