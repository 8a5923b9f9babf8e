#include "support/imported.h"

#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct assay_import_result import_good(const char *text, const char *format)
{
    struct assay_import_result result;
    assay_err err = {0};
    if (imported_text(text, strlen(text), NULL, &result, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    assert_string_equal(result.format, format);
    return result;
}

static struct assay_sample sample_at(const struct assay_import_result *result, struct assay_trace **ret_trace,
                                     int index)
{
    struct assay_sample sample;
    bool is_end = false;
    assert_int_equal(assay_trace_open(result->trace.data, result->trace.len, ret_trace, NULL, NULL), ASSAY_OK);
    for (int i = 0; i <= index; i++) {
        assert_int_equal(assay_trace_next(*ret_trace, &sample, &is_end, NULL), ASSAY_OK);
        assert_false(is_end);
    }
    return sample;
}

#define VLLM_HEAD \
    "{\"model_id\":\"m\",\"max_concurrency\":4,\"request_throughput\":2.0,\"mean_ttft_ms\":40.0,\"completed\":1,"

static void vllm_arrays_become_arrivals(void **state)
{
    (void)state;
    struct assay_import_result result =
        import_good(VLLM_HEAD "\"input_lens\":[8,8],\"output_lens\":[3,0],\"ttfts\":[0.04,0.0],"
                              "\"itls\":[[0.01,0.02],[]],\"start_times\":[5.0,6.0],\"errors\":[\"\",\"boom\"]}",
                    "vllm");
    struct assay_trace *trace;
    struct assay_sample sample = sample_at(&result, &trace, 0);
    assert_int_equal(sample.status, ASSAY_STATUS_OK);
    assert_int_equal(sample.request->chunks_count, 3);
    assert_int_equal(sample.request->segments[0].user_after_ns - sample.start_ns, 40000000);
    assert_int_equal(sample.request->segments[2].user_after_ns - sample.start_ns, 70000000);
    assert_int_equal(sample.request->chunks[0].tokens, 0); /* unknown, never one */
    assert_int_equal(sample.request->output_tokens, 3);
    assay_trace_free(trace);
    sample = sample_at(&result, &trace, 1);
    assert_int_equal(assay_status_group_of(sample.status), ASSAY_GROUP_FAILED);
    assert_int_equal(sample.start_ns, 1000000000);
    assert_int_equal(sample.request->chunks_count, 0);
    assay_trace_free(trace);
    assert_int_equal(result.rows_failed, 1);
    assay_import_result_done(&result);
}

#define AIPERF_SUMMARY                                                                      \
    "{\"input_config\":{},\"request_throughput\":{\"unit\":\"requests/sec\",\"avg\":24.0}," \
    "\"request_latency\":{\"unit\":\"ms\",\"avg\":150.4,\"p50\":150.6}}"

static void a_file_of_figures_stays_a_summary(void **state)
{
    (void)state;
    static const char *const FILES[] = {
        VLLM_HEAD "\"output_throughput\":98.0}", AIPERF_SUMMARY,
        "[{\"build_commit\":\"x\",\"model_type\":\"m\",\"n_prompt\":0,\"n_gen\":128,\"avg_ns\":5,\"avg_ts\":98.5}]"};
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        struct assay_import_result result;
        struct assay_buf out;
        assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
        assert_int_equal(imported_text(FILES[i], strlen(FILES[i]), NULL, &result, NULL), ASSAY_OK);
        assert_int_equal(result.document, ASSAY_DOCUMENT_IMPORTED);
        assert_int_equal(result.plan.len, 0);
        assert_int_equal(result.trace.len, 0);
        struct assay_report_input input = imported_input(&result);
        assert_int_equal(assay_report_show(&input, ASSAY_REPORT_TEXT, &(struct assay_style){0}, &out, NULL), ASSAY_OK);
        assert_non_null(strstr(out.data, "no test possible"));
        assay_import_result_done(&result);
        assay_buf_done(&out);
    }
}

static void aiperf_lines_of_a_warm_up_are_left_out(void **state)
{
    (void)state;
#define AIPERF_LINE(phase, error)                                                                                     \
    "{\"metadata\":{\"request_start_ns\":1795236545620061139,\"request_end_ns\":1795236545797594900,"                 \
    "\"benchmark_phase\":\"" phase "\",\"was_cancelled\":false},\"metrics\":{\"time_to_first_token\":{\"value\":"     \
    "68.5},\"inter_chunk_latency\":{\"value\":[1.5,10.0]},\"output_sequence_length\":{\"value\":3}},\"error\":" error \
    "}\n"
    struct assay_import_result result = import_good(
        AIPERF_LINE("warmup", "null") AIPERF_LINE("profiling", "null") AIPERF_LINE("profiling", "{}"), "aiperf");
    assert_int_equal(result.rows, 2);
    assert_int_equal(result.rows_failed, 1);
    struct assay_trace *trace;
    struct assay_sample sample = sample_at(&result, &trace, 0);
    assert_int_equal(sample.request->chunks_count, 3);
    assert_int_equal(sample.request->segments[2].user_after_ns - sample.start_ns, 80000000);
    assay_trace_free(trace);
    assay_import_result_done(&result);
}

static void llama_bench_repetitions_are_rates_and_no_latencies(void **state)
{
    (void)state;
    struct assay_import_result result = import_good(
        "[{\"build_commit\":\"x\",\"model_type\":\"llama 1B Q4_0\",\"n_prompt\":0,\"n_gen\":128,\"avg_ts\":98.5,"
        "\"samples_ns\":[1000000000,1100000000],\"samples_ts\":[128.0,116.36]}]",
        "llama-bench");
    struct assay_trace *trace;
    struct assay_sample sample = sample_at(&result, &trace, 1);
    assert_int_equal(sample.request->reported_rate_micro, 116360000);
    assert_int_equal(sample.request->server_eval_ns, 1100000000);
    assert_int_equal(sample.request->chunks_count, 0);
    assay_trace_free(trace);
    assay_import_result_done(&result);
}

static void a_guidellm_file_has_first_and_last_arrivals(void **state)
{
    (void)state;
    size_t len;
    char *text = imported_file("golden/peers/guidellm-0.8.1.json", &len);
    struct assay_import_result result;
    assert_int_equal(imported_text(text, len, NULL, &result, NULL), ASSAY_OK);
    assert_string_equal(result.format, "guidellm");
    assert_int_equal(result.rows, 60);
    struct assay_trace *trace;
    struct assay_sample sample = sample_at(&result, &trace, 0);
    assert_int_equal(sample.request->chunks_count, 2);
    assert_int_equal(sample.request->output_tokens, 16);
    assert_true(sample.due_ns <= sample.start_ns);
    assay_trace_free(trace);
    assay_import_result_done(&result);
    assay_free(text);
}

static void broken_files_are_refused_with_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *in_message;
    } CASES[] = {
        {VLLM_HEAD "\"ttfts\":[0.04],\"itls\":[],\"output_lens\":[1]}", "not one run"},
        {VLLM_HEAD "\"ttfts\":[0.04", "line 1"},
        {"{\"benchmarks\":[{\"requests\":{\"successful\":[{\"first_token_iteration\":1}]}}]}", "no timings"},
        {"{\"benchmarks\":[{},{}],\"x\":\"first_token_iteration\",\"first_token_iteration\":1}", "2 benchmarks"},
        {"{\"metadata\":{\"benchmark_phase\":\"profiling\",\"request_start_ns\":null}}\n", "line 1"},
        {"[{\"build_commit\":1,\"n_gen\":1,\"avg_ts\":1,\"samples_ns\":[1,2],\"samples_ts\":[1]}]", "samples_ts 1"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_import_result result;
        assay_err err = {0};
        assay_code rc = imported_text(CASES[i].text, strlen(CASES[i].text), NULL, &result, &err);
        assert_int_equal(assay_code_exit(rc), 3);
        if (strstr(err.message, CASES[i].in_message) == NULL) {
            fail_msg("'%s' is not in '%s'", CASES[i].in_message, err.message);
        }
    }
}

static void an_unknown_format_names_the_known_ones(void **state)
{
    (void)state;
    struct assay_import_result result;
    assay_err err = {0};
    assert_int_equal(imported_text("x", 1, "genai", &result, &err), ASSAY_USAGE);
    size_t count;
    const struct assay_import_format *const *formats = assay_import_formats(&count);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(strstr(err.message, formats[i]->name));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vllm_arrays_become_arrivals),
        cmocka_unit_test(a_file_of_figures_stays_a_summary),
        cmocka_unit_test(aiperf_lines_of_a_warm_up_are_left_out),
        cmocka_unit_test(llama_bench_repetitions_are_rates_and_no_latencies),
        cmocka_unit_test(a_guidellm_file_has_first_and_last_arrivals),
        cmocka_unit_test(broken_files_are_refused_with_their_place),
        cmocka_unit_test(an_unknown_format_names_the_known_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
