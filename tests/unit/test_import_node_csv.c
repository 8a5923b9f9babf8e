#include "support/imported.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SHORT "timestamp,model,first_token_ms,tokens_per_s\n"
#define LONG "timestamp,model,iter,total_duration_ms,prompt_tokens,prompt_eval_ms,gen_tokens,gen_eval_ms,tokens_per_s\n"

static void check_fails(const char *text, assay_code code, const char *in_message)
{
    struct assay_import_result result;
    assay_err err = {0};
    assert_int_equal(imported_text(text, strlen(text), NULL, &result, &err), code);
    if (strstr(err.message, in_message) == NULL) {
        fail_msg("'%s' is not in '%s'", in_message, err.message);
    }
}

/* The samples of an import, one after the other. */
struct samples {
    struct assay_import_result result;
    struct assay_trace *trace;
};

static void samples_begin(struct samples *samples, const char *text)
{
    assay_err err = {0};
    if (imported_text(text, strlen(text), NULL, &samples->result, &err) != ASSAY_OK ||
        assay_trace_open(samples->result.trace.data, samples->result.trace.len, &samples->trace, NULL, &err) !=
            ASSAY_OK) {
        fail_msg("%s", err.message);
    }
}

static struct assay_sample samples_next(struct samples *samples)
{
    struct assay_sample sample;
    bool is_end = true;
    assert_int_equal(assay_trace_next(samples->trace, &sample, &is_end, NULL), ASSAY_OK);
    assert_false(is_end);
    return sample;
}

static void samples_end(struct samples *samples)
{
    assay_trace_free(samples->trace);
    assay_import_result_done(&samples->result);
}

static void a_row_is_a_sample_with_the_stamps_it_has(void **state)
{
    (void)state;
    struct samples samples;
    samples_begin(&samples, SHORT "2026-01-05T09:30:00Z,m,40.25,98.5\n2026-01-05T09:30:02.5Z,m,41,99\n");
    assert_int_equal(samples.result.document, ASSAY_DOCUMENT_RECEIPT);
    assert_int_equal(samples.result.rows, 2);
    struct assay_sample sample = samples_next(&samples);
    assert_int_equal(sample.flags, ASSAY_SAMPLE_IMPORTED);
    assert_true(sample.due_ns == ASSAY_NS_ABSENT);
    assert_true(sample.queued_ns == ASSAY_NS_ABSENT);
    assert_true(sample.request->tx_ns == ASSAY_NS_ABSENT);
    assert_true(sample.request->segments[0].rx_ns == ASSAY_NS_ABSENT);
    assert_int_equal(sample.request->output_tokens, ASSAY_COUNT_ABSENT);
    assert_int_equal(sample.request->segments[0].user_after_ns - sample.start_ns, 40250000);
    assert_int_equal(sample.request->reported_rate_micro, 98500000);
    sample = samples_next(&samples);
    assert_int_equal(sample.start_ns, UINT64_C(2500000000));
    samples_end(&samples);
}

static void columns_are_found_by_their_names(void **state)
{
    (void)state;
    struct samples samples;
    samples_begin(&samples, "\xef\xbb\xbftokens_per_s,note,first_token_ms,\"model\",timestamp\r\n"
                            "98.5,\"a \"\"b\"\", c\",40.25,\"x,y\",1767605400\r\n");
    struct assay_sample sample = samples_next(&samples);
    assert_int_equal(sample.request->segments[0].user_after_ns - sample.start_ns, 40250000);
    assert_int_equal(sample.request->reported_rate_micro, 98500000);
    samples_end(&samples);
}

static void an_empty_cell_stays_absent(void **state)
{
    (void)state;
    struct samples samples;
    samples_begin(&samples, SHORT "2026-01-05 09:30:00,m,,98.5\n2026-01-05 09:30:01,m,40,\n");
    struct assay_sample sample = samples_next(&samples);
    assert_int_equal(sample.request->chunks_count, 0);
    assert_int_equal(sample.request->flags, 0);
    sample = samples_next(&samples);
    assert_int_equal(sample.request->chunks_count, 1);
    assert_int_equal(sample.request->reported_rate_micro, 0);
    samples_end(&samples);
}

static void a_number_that_cannot_be_is_dropped_and_flagged(void **state)
{
    (void)state;
    static const char *const VALUES[] = {"nan", "-1", "0", "inf"};
    for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++) {
        struct samples samples;
        struct assay_buf text;
        assay_buf_init(&text, 4096);
        assay_buf_printf(&text, SHORT "2026-01-05T09:30:00Z,m,%s,98.5\n", VALUES[i]);
        samples_begin(&samples, text.data);
        struct assay_sample sample = samples_next(&samples);
        assert_int_equal(sample.request->chunks_count, 0);
        assert_int_equal(sample.request->flags, ASSAY_REQUEST_BAD_NUMBER);
        samples_end(&samples);
        assay_buf_done(&text);
    }
}

static void the_long_form_keeps_the_servers_figures(void **state)
{
    (void)state;
    struct samples samples;
    samples_begin(&samples, LONG "2026-01-05T09:30:00Z,m,1,1500.5,12,40,64,1280,50\n"
                                 "2026-01-05T09:30:02Z,m,2,1500.5,12,40,64,1280,500\n");
    struct assay_sample sample = samples_next(&samples);
    assert_int_equal(sample.request->server_total_ns, 1500500000);
    assert_int_equal(sample.request->server_prompt_ns, 40000000);
    assert_int_equal(sample.request->server_eval_ns, 1280000000);
    assert_int_equal(sample.request->prompt_tokens, 12);
    assert_int_equal(sample.request->output_tokens, 64);
    assert_int_equal(sample.request->flags, 0);
    sample = samples_next(&samples); /* 500 tokens/s stated, 64 tokens in 1.28 s counted */
    assert_int_equal(sample.request->flags, ASSAY_REQUEST_IMPOSSIBLE);
    samples_end(&samples);
}

static void a_header_without_rows_is_not_measured(void **state)
{
    (void)state;
    check_fails(SHORT, ASSAY_UNDECIDED, "not measured");
    check_fails(LONG "\n\n", ASSAY_UNDECIDED, "not measured");
    check_fails("", ASSAY_UNDECIDED, "not measured");
}

static void two_schemas_in_one_file_are_refused(void **state)
{
    (void)state;
    check_fails(SHORT "2026-01-05T09:30:00Z,m,40,98\n" LONG "2026-01-05T09:30:00Z,m,1,1500,12,40,64,1280,50\n",
                ASSAY_MALFORMED, "line 3: a second header");
}

static void the_same_header_again_is_one_schema(void **state)
{
    (void)state;
    struct samples samples;
    samples_begin(&samples, SHORT "2026-01-05T09:30:00Z,m,40,98\n" SHORT "2026-01-05T09:30:01Z,m,41,98\n");
    assert_int_equal(samples.result.rows, 2);
    samples_end(&samples);
}

static void a_bad_row_is_named_by_line_and_column(void **state)
{
    (void)state;
    check_fails(SHORT "2026-01-05T09:30:00Z,m,40,98\n\n2026-01-05T09:30:01Z,m,fast,98\n", ASSAY_MALFORMED,
                "line 4, column first_token_ms");
    check_fails(SHORT "yesterday,m,40,98\n", ASSAY_MALFORMED, "line 2, column timestamp");
    check_fails(SHORT "2026-13-05T09:30:00Z,m,40,98\n", ASSAY_MALFORMED, "line 2, column timestamp");
    check_fails(SHORT "2026-01-05T09:30:00Z,,40,98\n", ASSAY_MALFORMED, "line 2, column model");
    check_fails(SHORT "2026-01-05T09:30:00Z,m,40\n", ASSAY_MALFORMED, "line 2: found 3 columns");
    check_fails(SHORT "2026-01-05T09:30:00Z,\"m,40,98\n", ASSAY_MALFORMED, "line 2: a quote is opened");
    check_fails(SHORT "2026-01-05T09:30:00Z,\"m\"x,40,98\n", ASSAY_MALFORMED, "line 2: text after a closing quote");
    check_fails(LONG "2026-01-05T09:30:00Z,m,1,1500,12.5,40,64,1280,50\n", ASSAY_MALFORMED, "column prompt_tokens");
}

static void a_file_of_no_known_format_is_unsupported(void **state)
{
    (void)state;
    check_fails("a,b,c\n1,2,3\n", ASSAY_UNSUPPORTED, "no known format");
    check_fails("{}", ASSAY_UNSUPPORTED, "no known format");
}

static void each_model_is_an_arm_with_its_own_metrics(void **state)
{
    (void)state;
    struct assay_buf text, out;
    assay_buf_init(&text, 1 << 20);
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    assay_buf_text(&text, SHORT);
    for (int i = 0; i < 12; i++) {
        assay_buf_printf(&text, "2026-01-05T09:30:%02dZ,m%d,%d,98\n", i, i % 2, 40 + 10 * (i % 2));
    }
    struct assay_import_result result;
    assert_int_equal(imported_text(text.data, text.len, NULL, &result, NULL), ASSAY_OK);
    struct assay_report_input input = imported_input(&result);
    assert_int_equal(assay_report_show(&input, ASSAY_REPORT_TEXT, &(struct assay_style){0}, &out, NULL), ASSAY_OK);
    assert_non_null(strstr(out.data, "m0: TTFT p50 40.0 ms"));
    assert_non_null(strstr(out.data, "m1: TTFT p50 50.0 ms"));
    assert_non_null(strstr(out.data, "n too small (6 of 59)"));
    assert_non_null(strstr(out.data, "compute path imported"));
    assay_import_result_done(&result);
    assay_buf_done(&text);
    assay_buf_done(&out);
}

static void an_export_reads_back_as_the_same_rows(void **state)
{
    (void)state;
    static const char TEXT[] = SHORT "2026-01-05T09:30:00.000Z,m,40.250000,98.500000\n"
                                     "2026-01-05T09:30:02.500Z,\"a, b\",41.000000,99.250000\n";
    struct assay_import_result result;
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    assert_int_equal(imported_text(TEXT, sizeof TEXT - 1, NULL, &result, NULL), ASSAY_OK);
    struct assay_report_input input = imported_input(&result);
    assert_int_equal(assay_export_node_csv(&input, result.trace.data, result.trace.len, &out, NULL), ASSAY_OK);
    assert_string_equal(out.data, TEXT);
    assay_import_result_done(&result);
    assay_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_a_sample_with_the_stamps_it_has),
        cmocka_unit_test(columns_are_found_by_their_names),
        cmocka_unit_test(an_empty_cell_stays_absent),
        cmocka_unit_test(a_number_that_cannot_be_is_dropped_and_flagged),
        cmocka_unit_test(the_long_form_keeps_the_servers_figures),
        cmocka_unit_test(a_header_without_rows_is_not_measured),
        cmocka_unit_test(two_schemas_in_one_file_are_refused),
        cmocka_unit_test(the_same_header_again_is_one_schema),
        cmocka_unit_test(a_bad_row_is_named_by_line_and_column),
        cmocka_unit_test(a_file_of_no_known_format_is_unsupported),
        cmocka_unit_test(each_model_is_an_arm_with_its_own_metrics),
        cmocka_unit_test(an_export_reads_back_as_the_same_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
