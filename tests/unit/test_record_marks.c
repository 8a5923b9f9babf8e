#include "crypto/crypto.h"
#include "record/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "assay_marks: 1\nmarks:\n"
#define LINE(kind, commit, issued, expires)                                                                  \
    "  - {kind: " kind ", series: \"llm * ttft_p50*\", commit: " commit ", reason: \"why\", issued: " issued \
    ", expires: " expires "}\n"

static struct assay_marks *good(const char *text)
{
    struct assay_marks *marks = NULL;
    assay_err err = {0};
    if (assay_marks_parse(text, strlen(text), &marks, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return marks;
}

static void marks_are_read_as_they_are_written(void **state)
{
    (void)state;
    struct assay_marks *marks = good(HEAD LINE("shift", "3f2a9c1", "2026-11-01", "never") LINE(
        "ack", "0123456789abcdef", "2026-11-01", "2026-12-01") LINE("ignore", "any", "2026-11-01", "2026-11-08"));
    assert_int_equal(marks->count, 3);
    assert_int_equal(marks->marks[0].kind, ASSAY_MARK_SHIFT);
    assert_string_equal(marks->marks[0].commit, "3f2a9c1");
    assert_true(marks->marks[0].expires_day == ASSAY_MARK_NEVER);
    assert_int_equal(marks->marks[1].kind, ASSAY_MARK_ACK);
    assert_int_equal(marks->marks[1].expires_day - marks->marks[1].issued_day, 30);
    assert_null(marks->marks[2].commit);
    assay_marks_free(marks);
    marks = good("assay_marks: 1\n");
    assert_int_equal(marks->count, 0);
    assay_marks_free(marks);
}

static void a_mark_holds_for_its_series_commit_and_days(void **state)
{
    (void)state;
    struct assay_marks *marks = good(HEAD LINE("ack", "3f2a9c1", "2026-11-01", "2026-12-01"));
    const struct assay_mark *mark = marks->marks;
    assert_true(assay_mark_fits(mark, "llm smollm2 ttft_p50 #12", "3f2a9c1777"));
    assert_false(assay_mark_fits(mark, "llm smollm2 ttft_p90 #12", "3f2a9c1777"));
    assert_false(assay_mark_fits(mark, "llm smollm2 ttft_p50 #12", "3f2a9c0777"));
    assert_false(assay_mark_fits(mark, "llm smollm2 ttft_p50 #12", ""));
    assert_false(assay_mark_is_valid(mark, mark->issued_day - 1));
    assert_true(assay_mark_is_valid(mark, mark->issued_day));
    assert_true(assay_mark_is_valid(mark, mark->expires_day - 1));
    assert_false(assay_mark_is_valid(mark, mark->expires_day));
    assay_marks_free(marks);
}

static void what_is_wrong_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } CASES[] = {
        {"marks: []\n", "assay_marks"},
        {"assay_marks: 2\n", "version 1"},
        {"assay_marks: 1\nother: 1\n", "other"},
        {"- 1\n", "mapping"},
        {HEAD LINE("forget", "3f2a9c1", "2026-11-01", "never"), "kind"},
        {HEAD LINE("shift", "3f2a9", "2026-11-01", "never"), "7 to 64 hex"},
        {HEAD LINE("shift", "3F2A9C1", "2026-11-01", "never"), "7 to 64 hex"},
        {HEAD LINE("shift", "any", "2026-11-01", "never"), "only ignore"},
        {HEAD LINE("ignore", "any", "2026-11-01", "never"), "looked at again"},
        {HEAD LINE("ack", "3f2a9c1", "2026-11-01", "2026-11-01"), "after it was issued"},
        {HEAD LINE("ack", "3f2a9c1", "2026-02-30", "2026-11-01"), "issued"},
        {HEAD LINE("ack", "3f2a9c1", "2026-11-01", "soon"), "or never"},
        {HEAD "  - {kind: ack, series: \"*\"}\n", "commit"},
        {HEAD LINE("ack", "3f2a9c1", "2026-11-01", "2026-12-01") "---\nassay_marks: 1\n", "document"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_marks *marks = NULL;
        assay_err err = {0};
        assay_code rc = assay_marks_parse(CASES[i].text, strlen(CASES[i].text), &marks, &err);
        if (rc == ASSAY_OK || assay_code_exit(rc) != 3 || strstr(err.message, CASES[i].says) == NULL) {
            fail_msg("%s\nsays: %s", CASES[i].text, err.message);
        }
    }
}

static void globs_match_as_people_expect(void **state)
{
    (void)state;
    assert_true(assay_glob_matches("*", ""));
    assert_true(assay_glob_matches("a*c", "abbbc"));
    assert_true(assay_glob_matches("a?c*", "abc"));
    assert_true(assay_glob_matches("*p50*", "llm m ttft_p50 #1"));
    assert_false(assay_glob_matches("a?c", "ac"));
    assert_false(assay_glob_matches("", "a"));
    assert_false(assay_glob_matches("abc", "abcd"));
    char many[65], text[20001];
    memset(many, '*', sizeof many - 1);
    many[sizeof many - 2] = 'b';
    many[sizeof many - 1] = '\0';
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(assay_glob_matches(many, text)); /* and does not take for ever */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_are_read_as_they_are_written),
        cmocka_unit_test(a_mark_holds_for_its_series_commit_and_days),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
        cmocka_unit_test(globs_match_as_people_expect),
    };
    assay_json_init();
    return assay_crypto_init(NULL) == ASSAY_OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
