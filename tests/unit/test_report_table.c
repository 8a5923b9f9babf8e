#include "report/report.h"

#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct assay_column COLUMNS[] = {
    {"model", "model", ASSAY_COLUMN_FOREIGN},
    {"word", "word", ASSAY_COLUMN_TEXT},
    {"value", "value", ASSAY_COLUMN_NUMBER},
};
static const struct assay_style PLAIN = {.has_color = false};

/* One row, rendered; the caller frees. */
static char *render_row(enum assay_report_format format, const char *model, const char *word, const char *value)
{
    struct assay_table table;
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    assay_table_init(&table, COLUMNS, 3);
    assay_table_row(&table);
    assay_table_cell(&table, "%s", model);
    assay_table_cell(&table, "%s", word);
    if (value != NULL) {
        assay_table_cell(&table, "%s", value);
    } else {
        assay_table_absent(&table, "n too small (40 of 59)");
    }
    assert_int_equal(assay_table_render(&table, format, &PLAIN, &out, NULL), ASSAY_OK);
    assay_table_done(&table);
    size_t len;
    return assay_buf_take(&out, &len);
}

static void check_row(enum assay_report_format format, const char *model, const char *word, const char *value,
                      const char *wanted)
{
    char *text = render_row(format, model, word, value);
    assert_string_equal(text, wanted);
    assay_free(text);
}

static void text_is_aligned_and_numbers_stand_right(void **state)
{
    (void)state;
    check_row(ASSAY_REPORT_TEXT, "smollm2:135m", "warm", "42",
              "model         word  value\nsmollm2:135m  warm     42\n");
}

static void a_withheld_value_says_why(void **state)
{
    (void)state;
    check_row(ASSAY_REPORT_TEXT, "m", "w", NULL,
              "model  word                   value\nm      w     n too small (40 of 59)\n");
    check_row(ASSAY_REPORT_MARKDOWN, "m", "w", NULL,
              "| model | word | value |\n| --- | --- | ---: |\n| `m` | w | n too small (40 of 59) |\n");
}

static void csv_of_an_absent_value_is_an_empty_cell(void **state)
{
    (void)state;
    check_row(ASSAY_REPORT_CSV, "m", "w", NULL, "model,word,value\nm,w,\n");
}

static void terminal_bytes_from_outside_are_visible(void **state)
{
    (void)state;
    check_row(ASSAY_REPORT_TEXT, "a\033[2Jb\n", "w", "1", "model          word  value\na\\x1b[2Jb\\x0a  w         1\n");
}

static void a_spreadsheet_cannot_be_made_to_run_a_cell(void **state)
{
    (void)state;
    static const struct {
        const char *given, *wanted;
    } CASES[] = {
        {"=1+1", "'=1+1"},
        {"+1", "'+1"},
        {"@SUM(A1)", "'@SUM(A1)"},
        {"-cmd", "'-cmd"},
        {"-1.5", "-1.5"},
        {"a,b", "\"a,b\""},
        {"say \"x\"", "\"say \"\"x\"\"\""},
        {"a\nb", "a\\x0ab"},
        {"=A1,\"", "\"'=A1,\"\"\""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char wanted[128];
        (void)snprintf(wanted, sizeof wanted, "model,word,value\n%s,w,1\n", CASES[i].wanted);
        check_row(ASSAY_REPORT_CSV, CASES[i].given, "w", "1", wanted);
    }
}

static void markdown_from_outside_stays_in_its_code_span(void **state)
{
    (void)state;
    static const struct {
        const char *given, *wanted;
    } CASES[] = {
        {"a|b", "`a\\|b`"},
        {"a`b", "``a`b``"},
        {"``", "``` `` ```"},
        {"<script>@you</script>", "`<script>@you</script>`"},
        {"[x](http://evil)", "`[x](http://evil)`"},
        {"a\nb", "`a\\x0ab`"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char wanted[160];
        (void)snprintf(wanted, sizeof wanted, "| model | word | value |\n| --- | --- | ---: |\n| %s | w | 1 |\n",
                       CASES[i].wanted);
        check_row(ASSAY_REPORT_MARKDOWN, CASES[i].given, "w", "1", wanted);
    }
}

/* A cell of ours whose text came out of a file all the same: only plain text is left outside a code span. */
static void a_word_that_is_not_plain_is_treated_as_foreign(void **state)
{
    (void)state;
    check_row(ASSAY_REPORT_MARKDOWN, "m", "**bold**", "1",
              "| model | word | value |\n| --- | --- | ---: |\n| `m` | `**bold**` | 1 |\n");
    check_row(ASSAY_REPORT_MARKDOWN, "m", "see http://evil", "1",
              "| model | word | value |\n| --- | --- | ---: |\n| `m` | `see http://evil` | 1 |\n");
}

static void json_rows_read_back(void **state)
{
    (void)state;
    char *text = render_row(ASSAY_REPORT_JSON, "a\"\\\n\xff", "w", "1.5e3");
    json_t *root = NULL;
    assert_int_equal(assay_json_read(text, strlen(text), &assay_json_limits_default, &root, NULL), ASSAY_OK);
    const json_t *row = json_array_get(root, 0);
    assert_string_equal(json_string_value(json_object_get(row, "model")), "a\"\\\n\xef\xbf\xbd");
    assert_true(json_number_value(json_object_get(row, "value")) == 1500.0);
    json_decref(root);
    assay_free(text);
}

static void json_leaves_an_absent_value_out(void **state)
{
    (void)state;
    char *text = render_row(ASSAY_REPORT_JSON, "m", "w", NULL);
    assert_null(strstr(text, "value"));
    assay_free(text);
}

static void a_number_cell_that_is_no_number_is_a_json_string(void **state)
{
    (void)state;
    char *text = render_row(ASSAY_REPORT_JSON, "m", "w", "1, \"x\": 2");
    assert_non_null(strstr(text, "\"1, \\\"x\\\": 2\""));
    assay_free(text);
}

static void a_short_row_is_filled_with_absent_cells(void **state)
{
    (void)state;
    struct assay_table table;
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    assay_table_init(&table, COLUMNS, 3);
    assay_table_row(&table);
    assay_table_cell(&table, "a");
    assay_table_row(&table);
    assay_table_cell(&table, "b");
    assert_int_equal(assay_table_render(&table, ASSAY_REPORT_CSV, &PLAIN, &out, NULL), ASSAY_OK);
    assert_string_equal(out.data, "model,word,value\na,,\nb,,\n");
    assay_table_done(&table);
    assay_buf_done(&out);
}

static void colour_is_only_where_it_is_asked_for(void **state)
{
    (void)state;
    struct assay_table table;
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    assay_table_init(&table, COLUMNS, 3);
    assert_int_equal(
        assay_table_render(&table, ASSAY_REPORT_TEXT, &(struct assay_style){.has_color = true}, &out, NULL), ASSAY_OK);
    assert_non_null(strstr(out.data, "\033[1m"));
    assay_buf_clear(&out);
    assert_int_equal(assay_table_render(&table, ASSAY_REPORT_TEXT, &PLAIN, &out, NULL), ASSAY_OK);
    assert_null(strchr(out.data, '\033'));
    assay_table_done(&table);
    assay_buf_done(&out);
}

static void a_failed_allocation_is_reported_by_the_rendering(void **state)
{
    (void)state;
    for (unsigned long nth = 1; nth <= 3; nth++) {
        struct assay_table table;
        struct assay_buf out;
        assay_err err = {0};
        assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
        assay_table_init(&table, COLUMNS, 3);
        assay_mem_fail_at(nth);
        assay_table_row(&table);
        assay_table_cell(&table, "a");
        assay_table_cell(&table, "b");
        assay_table_cell(&table, "c");
        assay_code rc = assay_table_render(&table, ASSAY_REPORT_TEXT, &PLAIN, &out, &err);
        assay_mem_fail_at(0);
        assert_int_equal(rc, ASSAY_NO_MEMORY);
        assay_table_done(&table);
        assay_buf_done(&out);
    }
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_aligned_and_numbers_stand_right),
        cmocka_unit_test(a_withheld_value_says_why),
        cmocka_unit_test(csv_of_an_absent_value_is_an_empty_cell),
        cmocka_unit_test(terminal_bytes_from_outside_are_visible),
        cmocka_unit_test(a_spreadsheet_cannot_be_made_to_run_a_cell),
        cmocka_unit_test(markdown_from_outside_stays_in_its_code_span),
        cmocka_unit_test(a_word_that_is_not_plain_is_treated_as_foreign),
        cmocka_unit_test(json_rows_read_back),
        cmocka_unit_test(json_leaves_an_absent_value_out),
        cmocka_unit_test(a_number_cell_that_is_no_number_is_a_json_string),
        cmocka_unit_test(a_short_row_is_filled_with_absent_cells),
        cmocka_unit_test(colour_is_only_where_it_is_asked_for),
        cmocka_unit_test(a_failed_allocation_is_reported_by_the_rendering),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
