/* The reader at its edges: texts that end anywhere, each byte of an escape, each limit and one beside it. */
#include "base/mem.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A_VALUE "a value: an object, an array, a string, a number, true, false or null"

static assay_code read_with(const char *text, size_t len, const struct assay_json_limits *limits, assay_err *err)
{
    json_t *root = NULL;
    *err = (assay_err){0};
    assay_code rc = assay_json_read(text, len, limits, &root, err);
    assert_int_equal(rc == ASSAY_OK, root != NULL);
    json_decref(root);
    return rc;
}

static void says(const char *text, size_t len, const char *due)
{
    assay_err err;
    assert_int_equal(read_with(text, len, &assay_json_limits_default, &err), due[0] ? ASSAY_MALFORMED : ASSAY_OK);
    assert_string_equal(err.message, due);
}

/* What the text goes on with is there in memory: none of it is looked at. */
static void a_text_that_ends_anywhere_says_what_is_missing(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"a\":[true,null,-1.5e+2,\"x\\u00e9\"],\"b\":{}}  ";
    /* a letter for each length: what is expected at the end of so much of the text; a digit: of a word so much is there
     */
    static const char WHAT[] = "vnqq:vv123,v123,vd,p,ee,vqqshhhhq,mnqq:vnm";
    static const struct {
        char what;
        const char *expected;
    } NAMES[] = {{'v', A_VALUE},
                 {'n', "a member name in quotes"},
                 {'q', "the closing quote of a string"},
                 {':', "':' after a member name"},
                 {',', "',' or ']' after an array element"},
                 {'m', "',' or '}' after a member"},
                 {'d', "a digit"},
                 {'p', "a digit after the decimal point"},
                 {'e', "a digit in the exponent"},
                 {'s', "one of \" \\ / b f n r t u after a backslash"},
                 {'h', "four hex digits after \\u"}};
    for (size_t len = 0; len < sizeof WHAT - 1; len++) {
        char due[256];
        size_t k = 0;
        if (WHAT[len] >= '0' && WHAT[len] <= '9') {
            size_t start = len - (size_t)(WHAT[len] - '0');
            (void)snprintf(due, sizeof due, "line 1, column %zu: found '%c', expected " A_VALUE, start + 1,
                           TEXT[start]);
        } else {
            while (NAMES[k].what != WHAT[len]) {
                k++;
            }
            (void)snprintf(due, sizeof due, "line 1, column %zu: found the end of the text, expected %s", len + 1,
                           NAMES[k].expected);
        }
        says(TEXT, len, due);
    }
    for (size_t len = sizeof WHAT - 1; len < sizeof TEXT; len++) {
        says(TEXT, len, "");
    }
    says("[1   ]", 2, "line 1, column 3: found the end of the text, expected ',' or ']' after an array element");
    says("\"aaaaaaaaaaaaaaaa\"", 17,
         "line 1, column 18: found the end of the text, expected the closing quote of a string");
    says("\"\\ud800\\udc00\"", 7, "line 1, column 2: found a lone surrogate, expected a pair \\ud8xx\\udcxx");
}

static void what_is_found_is_shown_as_one_character(void **state)
{
    (void)state;
    static const char TEXT[] = "            [1,2,3 \xE2\x82\xAC]"; /* what stands before the text is none of it */
    says(TEXT + 12, sizeof TEXT - 13,
         "line 1, column 8: found '\xE2\x82\xAC', expected ',' or ']' after an array element");
    says("[1 \xC3\xA9", 5, "line 1, column 4: found '\xC3\xA9', expected ',' or ']' after an array element");
    says("[1 \xF0\x9D\x84\x9E]", 8,
         "line 1, column 4: found '\xF0\x9D\x84\x9E', expected ',' or ']' after an array element");
}

static void white_space_is_four_bytes_and_stands_between_all_tokens(void **state)
{
    (void)state;
    static const char SPACES[] = " \t\n\r";
    for (int c = 1; c < 128; c++) {
        static const char *const TOKENS[] = {"{", "\"a\"", ":",     "[", "1",    ",", "2",
                                             "]", ",",     "\"b\"", ":", "true", "}"};
        bool is_space = strchr(SPACES, c) != NULL;
        struct assay_buf text;
        assay_err err;
        assay_buf_init(&text, 4096);
        for (size_t i = 0; i < sizeof TOKENS / sizeof TOKENS[0]; i++) {
            assay_buf_char(&text, (char)c);
            assay_buf_text(&text, TOKENS[i]);
            assay_buf_char(&text, (char)c);
        }
        assert_int_equal(read_with(text.data, text.len, &assay_json_limits_default, &err),
                         is_space ? ASSAY_OK : ASSAY_MALFORMED);
        assay_buf_done(&text);
    }
}

static void a_byte_order_mark_is_three_bytes(void **state)
{
    (void)state;
    static const char MARK[] = "line 1, column 1: found a byte order mark, expected the JSON text to start at once";
    says("\xEF\xBB\xBF[]", 5, MARK);
    says("\xEF\xBB\xBF", 3, MARK);
    says("\xEF\xBB\xBF", 2, "line 1, column 1: found the byte \\xef, expected well-formed UTF-8");
    says("\xEF\xBB\xBE[]", 5, "line 1, column 1: found '\xEF\xBB\xBE', expected " A_VALUE);
    says("\xEF\xBC\xBF[]", 5, "line 1, column 1: found '\xEF\xBC\xBF', expected " A_VALUE);
}

/* ---- numbers ---- */

static void numbers_are_integers_while_they_fit(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_integer;
        int64_t integer;
        double real;
    } CASES[] = {
        {"0", true, 0, 0},
        {"-0", true, 0, 0},
        {"7", true, 7, 0},
        {"10", true, 10, 0},
        {"-9081726354", true, -9081726354, 0},
        {"9223372036854775807", true, INT64_MAX, 0},
        {"9223372036854775808", false, 0, 9223372036854775808.0},
        {"-9223372036854775808", true, INT64_MIN, 0},
        {"-9223372036854775809", false, 0, -9223372036854775808.0},
        {"92233720368547758070", false, 0, 92233720368547758070.0},
        {"0.5", false, 0, 0.5},
        {"-0.0", false, 0, 0},
        {"1.25", false, 0, 1.25},
        {"10e0", false, 0, 10},
        {"1E+2", false, 0, 100},
        {"25e-1", false, 0, 2.5},
        {"0e0", false, 0, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        json_t *root = NULL;
        assay_err err = {0};
        assert_int_equal(assay_json_read(CASES[i].text, strlen(CASES[i].text), &assay_json_limits_default, &root, &err),
                         ASSAY_OK);
        assert_int_equal(json_is_integer(root), CASES[i].is_integer);
        if (CASES[i].is_integer) {
            assert_true(json_integer_value(root) == CASES[i].integer);
        } else {
            assert_true(json_real_value(root) == CASES[i].real);
        }
        json_decref(root);
    }
}

static void what_is_no_number_says_where_it_ends_to_be_one(void **state)
{
    (void)state;
    static const struct {
        const char *text, *due;
    } CASES[] = {
        {"00", "line 1, column 2: found '0', expected no digit after a leading zero"},
        {"-01", "line 1, column 3: found '1', expected no digit after a leading zero"},
        {"-", "line 1, column 2: found the end of the text, expected a digit"},
        {"-a", "line 1, column 2: found 'a', expected a digit"},
        {"1/", "line 1, column 2: found '/', expected nothing after the value"},
        {"1:", "line 1, column 2: found ':', expected nothing after the value"},
        {"1e+-5", "line 1, column 4: found '-', expected a digit in the exponent"},
        {"1e", "line 1, column 3: found the end of the text, expected a digit in the exponent"},
        {"1e5e5", "line 1, column 4: found 'e', expected nothing after the value"},
        {"1.e5", "line 1, column 3: found 'e', expected a digit after the decimal point"},
        {"+1", "line 1, column 1: found '+', expected " A_VALUE},
        {".5", "line 1, column 1: found '.', expected " A_VALUE},
        {"-1e400", "line 1, column 1: found a number beyond binary64, expected one below 1.8e308"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        says(CASES[i].text, strlen(CASES[i].text), CASES[i].due);
    }
}

static void a_receipt_has_integers_below_2_53_on_either_side(void **state)
{
    (void)state;
    static const char LARGE[] =
        "line 1, column 1: found an integer of 2^53 or more, expected a smaller one, or a string of digits";
    static const char FRACTION[] = "line 1, column 1: found a number with fraction or exponent, expected an integer";
    static const struct {
        const char *text, *due;
    } CASES[] = {
        {"9007199254740991", ""},
        {"9007199254740992", LARGE},
        {"9007199254740993", LARGE},
        {"9223372036854775808", LARGE},
        {"-9007199254740991", ""},
        {"-9007199254740992", LARGE},
        {"-9007199254740993", LARGE},
        {"-9223372036854775809", LARGE},
        {"-99999999999999999999", LARGE},
        {"1.5", FRACTION},
        {"1e2", FRACTION},
        {"1E2", FRACTION},
        {"9007199254740992.0", FRACTION},
        {"-0", ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assay_err err;
        assert_int_equal(read_with(CASES[i].text, strlen(CASES[i].text), &assay_json_limits_receipt, &err),
                         CASES[i].due[0] ? ASSAY_MALFORMED : ASSAY_OK);
        assert_string_equal(err.message, CASES[i].due);
    }
}

/* ---- strings ---- */

static void read_string(const char *text, size_t len, const char *due, size_t due_len)
{
    json_t *root = NULL;
    assert_int_equal(assay_json_read(text, len, &assay_json_limits_default, &root, NULL), ASSAY_OK);
    assert_int_equal(json_string_length(root), due_len);
    assert_memory_equal(json_string_value(root), due, due_len);
    json_decref(root);
}

static void every_byte_in_every_place_of_an_escape_is_a_hex_digit_or_refused(void **state)
{
    (void)state;
    static const char DIGITS[] = "0123456789abcdefABCDEF";
    for (size_t place = 0; place < 4; place++) {
        for (int c = 1; c < 128; c++) {
            char text[] = "\"\\u1234\"";
            text[3 + place] = (char)c;
            if (strchr(DIGITS, c)) {
                char digits[5] = {text[3], text[4], text[5], text[6], '\0'}, due[4];
                unsigned point = (unsigned)strtoul(digits, NULL, 16);
                size_t n = 0;
                if (point >= 0x800) {
                    due[n++] = (char)(0xe0 | point >> 12);
                    due[n++] = (char)(0x80 | (point >> 6 & 63));
                } else {
                    due[n++] = (char)(0xc0 | point >> 6);
                }
                due[n++] = (char)(0x80 | (point & 63));
                if (point < 0xd800 || point > 0xdfff) {
                    read_string(text, sizeof text - 1, due, n);
                }
            } else {
                assay_err err;
                assert_int_equal(read_with(text, sizeof text - 1, &assay_json_limits_default, &err), ASSAY_MALFORMED);
            }
        }
    }
}

static void a_surrogate_is_half_of_a_pair(void **state)
{
    (void)state;
    static const struct {
        const char *text, *due; /* NULL: a lone surrogate */
    } CASES[] = {
        {"\\ud7ff", "\xED\x9F\xBF"},
        {"\\ue000", "\xEE\x80\x80"},
        {"\\ud800\\udc00", "\xF0\x90\x80\x80"},
        {"\\ud800\\udfff", "\xF0\x90\x8F\xBF"},
        {"\\udbff\\udc00", "\xF4\x8F\xB0\x80"},
        {"\\udbff\\udfff", "\xF4\x8F\xBF\xBF"},
        {"\\uD834\\uDd1E", "\xF0\x9D\x84\x9E"},
        {"\\ud800", NULL},
        {"\\udbff", NULL},
        {"\\udc00", NULL},
        {"\\udfff", NULL},
        {"\\ud800\\ud800", NULL},
        {"\\ud800\\udbff", NULL},
        {"\\ud800\\ue000", NULL},
        {"\\ud800\\u0041", NULL},
        {"\\udc00\\udc00", NULL},
        {"\\udc00\\ud800", NULL},
        {"\\udc00udc00", NULL},
        {"\\ud800udc00", NULL},
        {"\\ud800x", NULL},
        {"\\ud800\\n", NULL},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[64];
        int n = snprintf(text, sizeof text, "\"ab%scd\"", CASES[i].text);
        if (CASES[i].due) {
            char due[16];
            int m = snprintf(due, sizeof due, "ab%scd", CASES[i].due);
            read_string(text, (size_t)n, due, (size_t)m);
        } else {
            says(text, (size_t)n, "line 1, column 4: found a lone surrogate, expected a pair \\ud8xx\\udcxx");
        }
    }
    says("\"\\ud800\\u12\"", 11, "line 1, column 12: found the end of the text, expected four hex digits after \\u");
}

static void every_short_escape_is_one_of_eight(void **state)
{
    (void)state;
    static const char NAMES[] = "\"\\/bfnrt", VALUES[] = "\"\\/\b\f\n\r\t";
    for (int c = 1; c < 128; c++) {
        char text[] = "\"x\\?y\"";
        const char *at = strchr(NAMES, c);
        text[3] = (char)c;
        if (at) {
            const char due[] = {'x', VALUES[at - NAMES], 'y'};
            read_string(text, sizeof text - 1, due, sizeof due);
        } else if (c != 'u') {
            assay_err err;
            assert_int_equal(read_with(text, sizeof text - 1, &assay_json_limits_default, &err), ASSAY_MALFORMED);
            assert_non_null(strstr(err.message, "line 1, column 4: "));
            assert_non_null(strstr(err.message, "expected one of \" \\ / b f n r t u after a backslash"));
        }
    }
}

/* General category Cc, escaped and raw, at every place that a word of eight bytes has. */
static void a_receipt_has_no_control_character_in_any_spelling(void **state)
{
    (void)state;
    for (unsigned point = 0; point < 0x100; point++) {
        bool is_control = point < 0x20 || (point >= 0x7f && point <= 0x9f);
        char text[32];
        assay_err err;
        int n = snprintf(text, sizeof text, "\"\\u%04x\"", point);
        assert_int_equal(read_with(text, (size_t)n, &assay_json_limits_receipt, &err),
                         is_control ? ASSAY_MALFORMED : ASSAY_OK);
        assert_string_equal(
            err.message,
            is_control ? "line 1, column 2: found an escaped control character, expected none in a receipt" : "");
        assert_int_equal(read_with(text, (size_t)n, &assay_json_limits_default, &err), ASSAY_OK);
        for (size_t at = 0; point >= 0x80 && at < 19; at++) {
            char raw[] = "\"aaaaaaaaaaaaaaaaaaaa\"";
            raw[1 + at] = (char)(0xc0 | point >> 6);
            raw[2 + at] = (char)(0x80 | (point & 63));
            assert_int_equal(read_with(raw, sizeof raw - 1, &assay_json_limits_receipt, &err),
                             is_control ? ASSAY_MALFORMED : ASSAY_OK);
            assert_int_equal(read_with(raw, sizeof raw - 1, &assay_json_limits_default, &err), ASSAY_OK);
            char due[128];
            (void)snprintf(due, sizeof due,
                           "line 1, column %zu: found a control character in a string, expected none in a receipt",
                           at + 2);
            assert_int_equal(read_with(raw, sizeof raw - 1, &assay_json_limits_receipt, &err) != ASSAY_OK &&
                                 strcmp(err.message, due) == 0,
                             is_control);
        }
    }
}

static void strings_with_escapes_do_not_run_into_each_other(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"a\\n\":\"b\\n\",\"c\\n\":[\"d\\te\\tf\",\"\\n\",\"\",\"g\",\"h\\n\"],\"\\n\":\"i\"}";
    struct assay_buf out;
    json_t *root = NULL;
    assert_int_equal(assay_json_read(TEXT, sizeof TEXT - 1, &assay_json_limits_default, &root, NULL), ASSAY_OK);
    assay_buf_init(&out, 4096);
    assert_int_equal(assay_json_line(root, &out, NULL), ASSAY_OK);
    assert_memory_equal(out.data, TEXT, sizeof TEXT - 1);
    assert_int_equal(out.len, sizeof TEXT);
    assay_buf_done(&out);
    json_decref(root);
}

/* How many pieces of memory it takes. */
static unsigned long pieces(const char *text, size_t len)
{
    unsigned long n = 0;
    for (assay_code rc = ASSAY_NO_MEMORY; rc != ASSAY_OK; n++) {
        json_t *root = NULL;
        assay_mem_fail_at(n + 1);
        rc = assay_json_read(text, len, &assay_json_limits_default, &root, NULL);
        assay_mem_fail_at(0);
        json_decref(root);
    }
    return n - 1;
}

static void a_string_is_copied_once_and_with_escapes_twice(void **state)
{
    (void)state;
    static const char PLAIN[] = "\"plain\"", ESCAPED[] = "\"pl\\nin\"";
    assert_int_equal(pieces(ESCAPED, sizeof ESCAPED - 1), pieces(PLAIN, sizeof PLAIN - 1) + 1);
}

/* ---- limits ---- */

static void objects_and_arrays_count_as_one_level_each(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        assay_code code;
        const char *due;
    } CASES[] = {
        {"1", ASSAY_OK, ""},
        {"{\"a\":{}}", ASSAY_OK, ""},
        {"{\"a\":[]}", ASSAY_OK, ""},
        {"[{\"a\":1}]", ASSAY_OK, ""},
        {"{\"a\":{},\"b\":{\"c\":2}}", ASSAY_OK, ""},
        {"{\"a\":{\"b\":{}}}", ASSAY_TOO_LARGE, "line 1, column 11: found level 3 of nesting, expected at most 2"},
        {"{\"a\":{\"b\":[]}}", ASSAY_TOO_LARGE, "line 1, column 11: found level 3 of nesting, expected at most 2"},
        {"[[{}]]", ASSAY_TOO_LARGE, "line 1, column 3: found level 3 of nesting, expected at most 2"},
        {"[{\"a\":[]}]", ASSAY_TOO_LARGE, "line 1, column 7: found level 3 of nesting, expected at most 2"},
    };
    const struct assay_json_limits limits = {.bytes_max = 100, .depth_max = 2};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assay_err err;
        assert_int_equal(read_with(CASES[i].text, strlen(CASES[i].text), &limits, &err), CASES[i].code);
        assert_string_equal(err.message, CASES[i].due);
    }
}

static void the_members_of_each_object_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t most;
        unsigned flags;
        const char *due;
    } CASES[] = {
        {"{\"a\":1}", 1, 0, ""},
        {"{\"a\":{\"b\":1}}", 1, 0, ""},
        {"{\"a\":1,\"b\":2}", 1, 0, "line 1, column 8: found member 2 of an object, expected at most 1"},
        {"{\"a\":1,\"b\":2}", 2, 0, ""},
        {"{\"a\":1,\"b\":2,\"c\":3}", 0, 0, ""},
        {"{\"a\":1,\"a\":2}", 1, ASSAY_JSON_LAST_DUPLICATE_WINS, ""},
        {"{\"a\":1,\"b\":2,\"a\":3}", 2, ASSAY_JSON_LAST_DUPLICATE_WINS, ""},
        {"{\"a\":1,\"a\":2,\"b\":3}", 1, ASSAY_JSON_LAST_DUPLICATE_WINS,
         "line 1, column 14: found member 2 of an object, expected at most 1"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const struct assay_json_limits limits = {
            .bytes_max = 100, .depth_max = 9, .members_max = CASES[i].most, .flags = CASES[i].flags};
        assay_err err;
        assert_int_equal(read_with(CASES[i].text, strlen(CASES[i].text), &limits, &err),
                         CASES[i].due[0] ? ASSAY_TOO_LARGE : ASSAY_OK);
        assert_string_equal(err.message, CASES[i].due);
    }
    static const struct assay_json_limits LIMITS = {.bytes_max = 100, .depth_max = 9};
    assay_err err;
    assert_int_equal(read_with("{\"\":1,\"\":2}", 11, &LIMITS, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "line 1, column 7: found the member '' again, expected each name once");
}

static void true_and_false_are_each_other_than_the_other(void **state)
{
    (void)state;
    json_t *root = NULL;
    assert_int_equal(assay_json_read("[true,false,null]", 17, &assay_json_limits_default, &root, NULL), ASSAY_OK);
    assert_true(json_is_true(json_array_get(root, 0)));
    assert_true(json_is_false(json_array_get(root, 1)));
    assert_true(json_is_null(json_array_get(root, 2)));
    json_decref(root);
}

/* ---- the canonical form ---- */

/* Of texts that are not the value's own: what both have in common ends at the end of either. */
static void a_difference_is_looked_for_no_further_than_both_go(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        const char *due;
    } CASES[] = {
        {"[1,2]", 5, ""},
        {"[1,2]", 4, "line 1, column 5: found '', expected the canonical form ']'"},
        {"[1,2]", 0, "line 1, column 1: found '', expected the canonical form '[1,2]'"},
        {"[1,2]\0x", 7, "line 1, column 6: found '\\x00x', expected the canonical form ''"},
        {"[1,2]]", 6, "line 1, column 6: found ']', expected the canonical form ''"},
        {"[1,3]", 5, "line 1, column 4: found '3]', expected the canonical form '2]'"},
        {"[1,\n3]", 6, "line 1, column 4: found '\\x0a3]', expected the canonical form '2]'"},
        {"(1,2]", 5, "line 1, column 1: found '(1,2]', expected the canonical form '[1,2]'"},
    };
    json_t *root = NULL;
    assert_int_equal(assay_json_read("[1,2]", 5, &assay_json_limits_default, &root, NULL), ASSAY_OK);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assay_err err = {0};
        assert_int_equal(assay_json_canon_check(root, CASES[i].text, CASES[i].len, &err),
                         CASES[i].due[0] ? ASSAY_MALFORMED : ASSAY_OK);
        assert_string_equal(err.message, CASES[i].due);
    }
    json_decref(root);
}

/* One piece for the text, however long it is. */
static void an_honest_text_is_compared_without_growing(void **state)
{
    (void)state;
    struct assay_buf text;
    json_t *root = NULL;
    assay_buf_init(&text, 1 << 16);
    assay_buf_char(&text, '[');
    for (int i = 0; i < 2000; i++) {
        assay_buf_printf(&text, "%s%d", i ? "," : "", i);
    }
    assay_buf_char(&text, ']');
    assert_int_equal(assay_json_read(text.data, text.len, &assay_json_limits_default, &root, NULL), ASSAY_OK);
    for (unsigned long n = 1; n <= 2; n++) {
        assay_mem_fail_at(n);
        assert_int_equal(assay_json_canon_check(root, text.data, text.len, NULL), n == 1 ? ASSAY_NO_MEMORY : ASSAY_OK);
        assay_mem_fail_at(0);
    }
    json_decref(root);
    assay_buf_done(&text);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_that_ends_anywhere_says_what_is_missing),
        cmocka_unit_test(what_is_found_is_shown_as_one_character),
        cmocka_unit_test(white_space_is_four_bytes_and_stands_between_all_tokens),
        cmocka_unit_test(a_byte_order_mark_is_three_bytes),
        cmocka_unit_test(numbers_are_integers_while_they_fit),
        cmocka_unit_test(what_is_no_number_says_where_it_ends_to_be_one),
        cmocka_unit_test(a_receipt_has_integers_below_2_53_on_either_side),
        cmocka_unit_test(every_byte_in_every_place_of_an_escape_is_a_hex_digit_or_refused),
        cmocka_unit_test(a_surrogate_is_half_of_a_pair),
        cmocka_unit_test(every_short_escape_is_one_of_eight),
        cmocka_unit_test(a_receipt_has_no_control_character_in_any_spelling),
        cmocka_unit_test(strings_with_escapes_do_not_run_into_each_other),
        cmocka_unit_test(a_string_is_copied_once_and_with_escapes_twice),
        cmocka_unit_test(objects_and_arrays_count_as_one_level_each),
        cmocka_unit_test(the_members_of_each_object_are_counted),
        cmocka_unit_test(true_and_false_are_each_other_than_the_other),
        cmocka_unit_test(a_difference_is_looked_for_no_further_than_both_go),
        cmocka_unit_test(an_honest_text_is_compared_without_growing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
