/* The verdict document: one spelling on disk, and what a person reads of it. */
#include "report/report.h"

#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARENA_BYTES ((size_t)1 << 20)
static const struct assay_style PLAIN = {.has_color = false};

static const struct assay_verdict_row ROWS[] = {
    {.id = "service",
     .kind = "comparison",
     .metric = "service",
     .unit = "ns",
     .arm = "b",
     .versus = "a",
     .has_base = true,
     .has_other = true,
     .has_point = true,
     .has_interval = true,
     .base = 50200000,
     .other = 50400000,
     .point = 1.00398,
     .lower = 0.9962,
     .upper = 1.0318,
     .confidence = 0.95,
     .n = 20,
     .n_effective = 18,
     .method = "sign interval of paired ratios",
     .word = "inconclusive",
     .effect_min = 0.0141,
     .pairs_needed = 96,
     .position_effect = 1.004,
     .verdict = ASSAY_VERDICT_UNDECIDED,
     .is_in_family = true,
     .reason = "the interval holds 1 and goes beyond the margin"},
    {.gate = 501,
     .id = "memory",
     .kind = "budget",
     .metric = "peak_rss_max",
     .unit = "bytes",
     .arm = "b",
     .has_point = true,
     .point = 7516192768.0,
     .n = 64,
     .verdict = ASSAY_VERDICT_FAIL,
     .is_waived = true,
     .expected = "at most 6.00 GiB"},
};
static const char *const NOTES[] = {"layouts: one"};
static const struct assay_verdict_input INPUTS[] = {{"night/receipt.json", "00ff", "receipt"}};

static struct assay_verdict_document example(void)
{
    return (struct assay_verdict_document){
        .question = "gate",
        .level = "gate",
        .verdict = ASSAY_VERDICT_FAIL,
        .summary = "2 gates: 0 pass, 1 fail, 1 undecided, 0 not-measured",
        .inputs = INPUTS,
        .inputs_count = 1,
        .policy_name = "release",
        .policy_sha256 = "00112233445566778899aabbccddeeff",
        .policy_version = 3,
        .date = "2026-11-21",
        .rows = ROWS,
        .rows_count = 2,
        .rollout = {.is_given = true, .stage = 1, .decision = "hold", .reason = "every guard passes"},
        .notes = NOTES,
        .notes_count = 1};
}

static char *encode(const struct assay_verdict_document *document)
{
    struct assay_buf out;
    size_t len;
    assay_buf_init(&out, ASSAY_VERDICT_BYTES_MAX);
    assert_int_equal(assay_verdict_encode(document, &out, NULL), ASSAY_OK);
    return assay_buf_take(&out, &len);
}

static char *render(const struct assay_verdict_document *document, enum assay_report_format format)
{
    struct assay_buf out;
    size_t len;
    assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
    assert_int_equal(assay_report_verdict(document, format, &PLAIN, &out, NULL), ASSAY_OK);
    return assay_buf_take(&out, &len);
}

static void what_is_written_reads_back_and_writes_the_same(void **state)
{
    (void)state;
    struct assay_verdict_document document = example(), back;
    struct assay_arena arena;
    assay_err err = {0};
    assay_arena_init(&arena, ARENA_BYTES);
    char *once = encode(&document);
    if (assay_verdict_parse(once, strlen(once), &arena, &back, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    char *twice = encode(&back);
    assert_string_equal(once, twice);
    assert_int_equal(back.rows[1].verdict, ASSAY_VERDICT_FAIL);
    assert_true(back.rows[0].has_interval && back.rows[0].lower == 0.9962);
    assay_free(once);
    assay_free(twice);
    assay_arena_done(&arena);
}

static void refuse(const char *from, const char *to, const char *message)
{
    struct assay_verdict_document document = example(), back;
    struct assay_arena arena;
    struct assay_buf edited;
    assay_err err = {0};
    char *text = encode(&document), *at = strstr(text, from);
    assert_non_null(at);
    assay_arena_init(&arena, ARENA_BYTES);
    assay_buf_init(&edited, ASSAY_VERDICT_BYTES_MAX);
    assay_buf_append(&edited, text, (size_t)(at - text));
    assay_buf_text(&edited, to);
    assay_buf_text(&edited, at + strlen(from));
    assert_int_not_equal(assay_verdict_parse(edited.data, edited.len, &arena, &back, &err), ASSAY_OK);
    if (!strstr(err.message, message)) {
        fail_msg("'%s' does not say '%s'", err.message, message);
    }
    assay_buf_done(&edited);
    assay_free(text);
    assay_arena_done(&arena);
}

static void edits_are_refused_with_their_place(void **state)
{
    (void)state;
    refuse("assay.verdict/1", "assay.verdict/2", "expected assay.verdict/1");
    refuse("\"verdict\":\"undecided\"", "\"verdict\":\"passed\"", "/rows/0/verdict");
    refuse("\"upper\":1.0318,", "", "/rows/0/upper");
    refuse("\"waived\":true", "\"waived\":false", "false is left out");
    refuse("\"n\":64", "\"n\":0", "/rows/1/n");
    refuse("\"effectMin\":0.0141", "\"effectMin\":0", "/rows/0/effectMin: 0 is left out");
    refuse("\"kind\":\"budget\"", "\"kindness\":\"budget\"", "kindness");
    refuse("{\"date\"", "{ \"date\"", "column 2");
}

static void a_person_reads_ratio_and_interval_first_and_what_would_decide(void **state)
{
    (void)state;
    struct assay_verdict_document document = example();
    char *text = render(&document, ASSAY_REPORT_TEXT);
    assert_string_equal(
        text, "fail  2 gates: 0 pass, 1 fail, 1 undecided, 0 not-measured\n"
              "  service  inconclusive   b/a 1.0040 [0.9962, 1.0318] at 95%; n 20 (effective 18); a 50.2 ms, b 50.4\n"
              "                          ms; could have found 1.41%; 96 pairs would decide; the interval holds 1\n"
              "                          and goes beyond the margin; first place of a round / second 1.0040\n"
              "  memory   fail           7.00 GiB; n 64; expected at most 6.00 GiB; waived\n"
              "  roll-out: hold: stage 1, look 0, 0 in a row, 0 holds; every guard passes\n"
              "  policy:   release, version 3, sha256 0011223344556677, judged on 2026-11-21\n"
              "  note:     layouts: one\n");
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        assert_true(strchr(line, '\n') - line <= 100);
    }
    assay_free(text);
}

static void hostile_texts_are_inert(void **state)
{
    (void)state;
    struct assay_verdict_row row = {.id = "x\x1b[31m|<b>", .reason = "a\nb | @someone", .verdict = ASSAY_VERDICT_FAIL};
    struct assay_verdict_document document = {
        .question = "gate", .verdict = ASSAY_VERDICT_FAIL, .rows = &row, .rows_count = 1};
    char *text = render(&document, ASSAY_REPORT_TEXT), *markdown = render(&document, ASSAY_REPORT_MARKDOWN);
    assert_null(strchr(text, '\x1b'));
    assert_non_null(strstr(text, "a\\x0ab"));
    assert_non_null(strstr(markdown, "\\|<b>`"));
    assert_non_null(strstr(markdown, "**fail**"));
    assay_free(text);
    assay_free(markdown);
}

static void no_surface_shows_a_p_value(void **state)
{
    (void)state;
    struct assay_verdict_document document = example();
    for (int format = 0; format < ASSAY_REPORT_FORMAT_COUNT; format++) {
        char *text = render(&document, (enum assay_report_format)format);
        assert_null(strstr(text, "p ="));
        assert_null(strstr(text, "p-value"));
        assay_free(text);
    }
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back_and_writes_the_same),
        cmocka_unit_test(edits_are_refused_with_their_place),
        cmocka_unit_test(a_person_reads_ratio_and_interval_first_and_what_would_decide),
        cmocka_unit_test(hostile_texts_are_inert),
        cmocka_unit_test(no_surface_shows_a_p_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
