#include "json/json.h"

#include "base/mem.h"
#include "support/source_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static assay_code read_with(const char *text, size_t len, const struct assay_json_limits *limits, assay_err *err)
{
    json_t *root = NULL;
    assay_code rc = assay_json_read(text, len, limits, &root, err);
    assert_true((rc == ASSAY_OK) == (root != NULL));
    json_decref(root);
    return rc;
}

struct refusal {
    const char *text;
    const char *message;
};

static void check_refusals(const struct refusal *cases, size_t count, const struct assay_json_limits *limits)
{
    for (size_t i = 0; i < count; i++) {
        assay_err err = {0};
        if (read_with(cases[i].text, strlen(cases[i].text), limits, &err) == ASSAY_OK) {
            fail_msg("was read: %s", cases[i].text);
        }
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(err.code, ASSAY_MALFORMED);
    }
}

static void a_refusal_names_line_column_and_what_would_be_right(void **state)
{
    (void)state;
    static const struct refusal CASES[] = {
        {"", "line 1, column 1: found the end of the text, expected a value: an object, an array, a string, a number, "
             "true, false or null"},
        {"{\n  \"a\": 1,\n  \"a\": 2}", "line 3, column 3: found the member 'a' again, expected each name once"},
        {"{\"\\u0061\":1,\"a\":2}", "line 1, column 13: found the member 'a' again, expected each name once"},
        {"[1] x", "line 1, column 5: found 'x', expected nothing after the value"},
        {"[1] [2]", "line 1, column 5: found '[', expected nothing after the value"},
        {"\xEF\xBB\xBF{}", "line 1, column 1: found a byte order mark, expected the JSON text to start at once"},
        {"[\"\xC3\xA9\xFF\"]", "line 1, column 4: found the byte \\xff, expected well-formed UTF-8"},
        {"[\"\\ud834\"]", "line 1, column 3: found a lone surrogate, expected a pair \\ud8xx\\udcxx"},
        {"[\"\\udd1e\"]", "line 1, column 3: found a lone surrogate, expected a pair \\ud8xx\\udcxx"},
        {"[\"\\ud834\\u0041\"]", "line 1, column 3: found a lone surrogate, expected a pair \\ud8xx\\udcxx"},
        {"[01]", "line 1, column 3: found '1', expected no digit after a leading zero"},
        {"[1.]", "line 1, column 4: found ']', expected a digit after the decimal point"},
        {"[1e400]", "line 1, column 2: found a number beyond binary64, expected one below 1.8e308"},
        {"[1,]", "line 1, column 4: found ']', expected a value: an object, an array, a string, a number, true, false "
                 "or null"},
        {"{\"a\":1,}", "line 1, column 8: found '}', expected a member name in quotes"},
        {"{\"a\" 1}", "line 1, column 6: found '1', expected ':' after a member name"},
        {"[\"\t\"]", "line 1, column 3: found a raw control character \\x09 in a string, expected it escaped as "
                     "\\u00xx"},
        {"[\"\\x41\"]", "line 1, column 4: found 'x', expected one of \" \\ / b f n r t u after a backslash"},
        {"[\"a", "line 1, column 4: found the end of the text, expected the closing quote of a string"},
    };
    check_refusals(CASES, sizeof CASES / sizeof CASES[0], &assay_json_limits_default);
}

static void the_receipt_profile_refuses_what_base_json_allows(void **state)
{
    (void)state;
    static const struct refusal CASES[] = {
        {"{\"a\":null}",
         "line 1, column 6: found null, expected a value, or {\"absent\":\"why\"} or {\"unknown\":\"why\"}"},
        {"[1.5]", "line 1, column 2: found a number with fraction or exponent, expected an integer"},
        {"[1e2]", "line 1, column 2: found a number with fraction or exponent, expected an integer"},
        {"[9007199254740992]",
         "line 1, column 2: found an integer of 2^53 or more, expected a smaller one, or a string of digits"},
        {"[-9007199254740992]",
         "line 1, column 2: found an integer of 2^53 or more, expected a smaller one, or a string of digits"},
        {"[99999999999999999999]",
         "line 1, column 2: found an integer of 2^53 or more, expected a smaller one, or a string of digits"},
        {"[\"\\u0000\"]", "line 1, column 3: found an escaped control character, expected none in a receipt"},
        {"[\"\\n\"]", "line 1, column 3: found an escaped control character, expected none in a receipt"},
        {"[\"\\u009b\"]", "line 1, column 3: found an escaped control character, expected none in a receipt"},
        {"[\"\x7F\"]", "line 1, column 3: found a control character in a string, expected none in a receipt"},
        {"[\"\xC2\x9B\"]", "line 1, column 3: found a control character in a string, expected none in a receipt"},
        {"[\"\x01\"]", "line 1, column 3: found a raw control character \\x01 in a string, expected none"},
    };
    check_refusals(CASES, sizeof CASES / sizeof CASES[0], &assay_json_limits_receipt);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0] - 1; i++) {
        assay_err err = {0};
        assert_int_equal(read_with(CASES[i].text, strlen(CASES[i].text), &assay_json_limits_default, &err), ASSAY_OK);
    }
    static const char GOOD[] = "{\"a\":[9007199254740991,-9007199254740991,0,true,\"\xC2\xA0\"]}";
    assert_int_equal(read_with(GOOD, sizeof GOOD - 1, &assay_json_limits_receipt, NULL), ASSAY_OK);
}

static void limits_are_exact(void **state)
{
    (void)state;
    struct assay_json_limits limits = {.bytes_max = 20, .depth_max = 2, .members_max = 2};
    assay_err err = {0};
    assert_int_equal(read_with("[[1]]", 5, &limits, &err), ASSAY_OK);
    assert_int_equal(read_with("[[[]]]", 6, &limits, &err), ASSAY_TOO_LARGE);
    assert_string_equal(err.message, "line 1, column 3: found level 3 of nesting, expected at most 2");
    assert_int_equal(read_with("{\"a\":1,\"b\":2}", 13, &limits, &err), ASSAY_OK);
    assert_int_equal(read_with("{\"a\":1,\"b\":2,\"c\":3}", 19, &limits, &err), ASSAY_TOO_LARGE);
    assert_string_equal(err.message, "line 1, column 14: found member 3 of an object, expected at most 2");
    assert_int_equal(read_with("\"345678901234567890\"", 20, &limits, &err), ASSAY_OK);
    assert_int_equal(read_with("\"3456789012345678901\"", 21, &limits, &err), ASSAY_TOO_LARGE);
    assert_string_equal(err.message, "found a JSON text of 21 bytes, expected at most 20");
}

/* The caps of evidence.md 1.2 as numbers: a reader that takes more is another format. */
static void the_limits_are_those_of_the_formats(void **state)
{
    (void)state;
    assert_int_equal(assay_json_limits_default.bytes_max, 67108864);
    assert_int_equal(assay_json_limits_default.depth_max, 64);
    assert_int_equal(assay_json_limits_default.members_max, 0);
    assert_int_equal(assay_json_limits_receipt.bytes_max, 786432);
    assert_int_equal(assay_json_limits_receipt.depth_max, 16);
    assert_int_equal(assay_json_limits_receipt.members_max, 256);
    assert_int_equal(assay_json_limits_plan.bytes_max, 268435456);
    assert_int_equal(assay_json_limits_plan.depth_max, 16);
    assert_int_equal(assay_json_limits_plan.members_max, 256);
}

static void values_come_back_as_they_stand(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"n\\u0061me\\n\":\"\\ud834\\udd1e\\u0000x\",\"int\":-9223372036854775808,"
                               "\"big\":9223372036854775808,\"real\":-0.5e1,\"list\":[true,false,null,\"\"]}";
    json_t *root = NULL;
    assert_int_equal(assay_json_read(TEXT, sizeof TEXT - 1, &assay_json_limits_default, &root, NULL), ASSAY_OK);
    json_t *text = json_object_get(root, "name\n");
    assert_int_equal(json_string_length(text), 6);
    assert_memory_equal(json_string_value(text), "\xF0\x9D\x84\x9E\0x", 6);
    assert_true(json_integer_value(json_object_get(root, "int")) == INT64_MIN);
    assert_true(json_real_value(json_object_get(root, "big")) == 9223372036854775808.0);
    assert_true(json_real_value(json_object_get(root, "real")) == -5.0);
    assert_int_equal(json_array_size(json_object_get(root, "list")), 4);
    json_decref(root);
}

static void a_foreign_format_may_let_the_last_duplicate_win(void **state)
{
    (void)state;
    struct assay_json_limits limits = assay_json_limits_default;
    limits.flags = ASSAY_JSON_LAST_DUPLICATE_WINS;
    json_t *root = NULL;
    assert_int_equal(assay_json_read("{\"a\":1,\"a\":2}", 13, &limits, &root, NULL), ASSAY_OK);
    assert_int_equal(json_integer_value(json_object_get(root, "a")), 2);
    json_decref(root);
}

/* ---- JSONTestSuite ---- */

static size_t unhex(const char *hex, char *bytes)
{
    size_t n = 0;
    for (; hex[0] && hex[0] != '\n'; hex += 2) {
        char two[3] = {hex[0], hex[1], '\0'};
        bytes[n++] = (char)strtoul(two, NULL, 16);
    }
    return n;
}

/* The i_ cases that this reader takes: values beyond int64 or below the smallest binary64 are rounded. */
static bool is_taken_of_own_choice(const char *name)
{
    static const char *const TAKEN[] = {"i_number_double_huge_neg_exp.json", "i_number_real_underflow.json",
                                        "i_number_too_big_neg_int.json", "i_number_too_big_pos_int.json",
                                        "i_number_very_big_negative_int.json"};
    for (size_t i = 0; i < sizeof TAKEN / sizeof TAKEN[0]; i++) {
        if (strcmp(name, TAKEN[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void the_json_test_suite_is_read_as_it_says(void **state)
{
    (void)state;
    struct assay_json_limits limits = assay_json_limits_default;
    limits.flags = ASSAY_JSON_LAST_DUPLICATE_WINS; /* two y_ cases hold duplicates; refusing them is tested above */
    char path[4096], line[4096], bytes[2048];
    (void)snprintf(path, sizeof path, "%s/tests/data/jsontestsuite/cases.txt", source_root());
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t count[128] = {0};
    while (fgets(line, sizeof line, file)) {
        char *hex = strchr(line, ' ');
        assert_non_null(hex);
        *hex++ = '\0';
        size_t len = unhex(hex, bytes);
        bool is_read = read_with(bytes, len, &limits, NULL) == ASSAY_OK;
        bool is_due = line[0] == 'y' || is_taken_of_own_choice(line);
        if (is_read != is_due) {
            fail_msg("%s was %s", line, is_read ? "read" : "refused");
        }
        count[(size_t)line[0]]++;
    }
    (void)fclose(file);
    assert_int_equal(count['y'], 95);
    assert_int_equal(count['n'], 186); /* and the two below */
    assert_int_equal(count['i'], 35);
}

static void a_hundred_thousand_brackets_are_refused_by_depth(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    static char brackets[COUNT];
    memset(brackets, '[', sizeof brackets);
    assert_int_equal(read_with(brackets, sizeof brackets, &assay_json_limits_default, NULL), ASSAY_TOO_LARGE);
    static char objects[COUNT / 2 * 5];
    for (size_t i = 0; i < sizeof objects; i += 5) {
        memcpy(objects + i, "[{\"\":", 5);
    }
    assert_int_equal(read_with(objects, sizeof objects, &assay_json_limits_default, NULL), ASSAY_TOO_LARGE);
}

static void every_allocation_that_fails_is_reported_and_leaks_nothing(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"a\\n\":[1,2.5,\"x\\ty\",{\"b\":null}],\"c\":\"\"}";
    unsigned long n = 1;
    for (;; n++) {
        json_t *root = NULL;
        assay_err err = {0};
        assay_mem_fail_at(n);
        assay_code rc = assay_json_read(TEXT, sizeof TEXT - 1, &assay_json_limits_default, &root, &err);
        assay_mem_fail_at(0);
        json_decref(root);
        if (rc == ASSAY_OK) {
            break;
        }
        assert_int_equal(rc, ASSAY_NO_MEMORY);
        assert_int_equal(err.code, ASSAY_NO_MEMORY);
        assert_null(root);
    }
    assert_true(n > 10);
}

/* Texts are looked at eight bytes at a time: each byte in each place says the same as alone. */
static void a_byte_means_the_same_wherever_it_stands_in_a_string(void **state)
{
    (void)state;
    for (size_t at = 0; at < 20; at++) {
        for (int c = 0; c < 256; c++) {
            char text[] = "\"aaaaaaaaaaaaaaaaaaaa\"";
            struct assay_buf quoted;
            bool is_plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
            text[1 + at] = (char)c;
            assert_int_equal(read_with(text, sizeof text - 1, &assay_json_limits_default, NULL) == ASSAY_OK, is_plain);
            assert_int_equal(read_with(text, sizeof text - 1, &assay_json_limits_receipt, NULL) == ASSAY_OK,
                             is_plain && c != 0x7f);
            assay_buf_init(&quoted, 256);
            assay_json_quote(&quoted, text + 1, 20);
            assert_int_equal(quoted.len == 22, is_plain || c == 0x7f);
            assert_int_equal(read_with(quoted.data, quoted.len, &assay_json_limits_default, NULL), ASSAY_OK);
            assay_buf_done(&quoted);
        }
    }
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_names_line_column_and_what_would_be_right),
        cmocka_unit_test(the_receipt_profile_refuses_what_base_json_allows),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(the_limits_are_those_of_the_formats),
        cmocka_unit_test(a_byte_means_the_same_wherever_it_stands_in_a_string),
        cmocka_unit_test(values_come_back_as_they_stand),
        cmocka_unit_test(a_foreign_format_may_let_the_last_duplicate_win),
        cmocka_unit_test(the_json_test_suite_is_read_as_it_says),
        cmocka_unit_test(a_hundred_thousand_brackets_are_refused_by_depth),
        cmocka_unit_test(every_allocation_that_fails_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
