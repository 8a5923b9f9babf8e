#include "base/hex.h"
#include "base/mem.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_slice_is_cut_at_its_separator(void **state)
{
    (void)state;
    struct assay_slice rest = ASSAY_SLICE("a=b=c");
    assert_true(assay_slice_is(assay_slice_cut(&rest, '='), "a"));
    assert_true(assay_slice_is(rest, "b=c"));
    assert_true(assay_slice_is(assay_slice_cut(&rest, ';'), "b=c"));
    assert_null(rest.data);
    assert_int_equal(rest.len, 0);
    rest = ASSAY_SLICE("key=");
    (void)assay_slice_cut(&rest, '=');
    assert_non_null(rest.data); /* an empty value is not a missing one */
    assert_int_equal(rest.len, 0);
}

static void white_space_is_trimmed_off_both_ends(void **state)
{
    (void)state;
    assert_true(assay_slice_is(assay_slice_trim(ASSAY_SLICE(" \t a b\r\n")), "a b"));
    assert_int_equal(assay_slice_trim(ASSAY_SLICE(" \n ")).len, 0);
}

static void prefixes_and_suffixes_are_found(void **state)
{
    (void)state;
    assert_true(assay_slice_starts(ASSAY_SLICE("data: x"), "data:"));
    assert_false(assay_slice_starts(ASSAY_SLICE("dat"), "data:"));
    assert_true(assay_text_starts("--rate", "--"));
    assert_true(assay_text_ends("receipt.json", ".json"));
    assert_false(assay_text_ends("json", ".json"));
}

/* Markus Kuhn's cases: overlong forms, surrogates, code points past U+10FFFF, sequences cut off. */
static void only_well_formed_utf8_is_valid(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len, valid;
    } CASES[] = {
        {"", 0, 0},
        {"abc", 3, 3},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, 9},
        {"\xf4\x8f\xbf\xbf", 4, 4},
        {"a\x00z", 3, 3},
        {"a\xc0\xaf", 3, 1},
        {"a\xe0\x80\xaf", 4, 1},
        {"a\xf0\x80\x80\xaf", 5, 1},
        {"a\xed\xa0\x80", 4, 1},
        {"a\xed\xbf\xbf", 4, 1},
        {"a\xf4\x90\x80\x80", 5, 1},
        {"a\xf5\x80\x80\x80", 5, 1},
        {"a\x80", 2, 1},
        {"a\xe2\x82", 3, 1},
        {"a\xff", 2, 1},
        {"\xe2\x28\xa1", 3, 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(assay_utf8_valid_prefix(CASES[i].bytes, CASES[i].len), CASES[i].valid);
    }
}

static void every_scalar_value_survives_encoding_and_decoding(void **state)
{
    (void)state;
    struct assay_buf buf;
    assay_buf_init(&buf, 16);
    for (uint32_t c = 0; c <= 0x10FFFF; c += c < 0x3000 ? 1 : 97) {
        if (c >= 0xD800 && c <= 0xDFFF) {
            continue;
        }
        uint32_t back = 0;
        assay_buf_clear(&buf);
        assay_utf8_append(&buf, c);
        assert_int_equal(assay_utf8_next(buf.data, buf.len, &back), buf.len);
        assert_int_equal(back, c);
    }
    assay_buf_done(&buf);
}

static void what_is_no_scalar_value_becomes_the_replacement(void **state)
{
    (void)state;
    static const uint32_t WRONG[] = {0xD800, 0xDFFF, 0x110000, UINT32_MAX};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        struct assay_buf buf;
        assay_buf_init(&buf, 16);
        assay_utf8_append(&buf, WRONG[i]);
        assert_string_equal(buf.data, "\xef\xbf\xbd");
        assay_buf_done(&buf);
    }
    uint32_t c = 0;
    assert_int_equal(assay_utf8_next("\xff", 1, &c), 1);
    assert_int_equal(c, 0xFFFD);
}

static void foreign_text_is_shown_without_its_control_and_bidi_characters(void **state)
{
    (void)state;
    struct assay_buf buf;
    assay_buf_init(&buf, 1000);
    static const char TEXT[] = "a\x1b[2J\nz\xe2\x80\xaeq\xc2\x85\xff\xc3\xa4";
    assay_text_show(&buf, TEXT, sizeof TEXT - 1, 100);
    assert_string_equal(buf.data, "a\\x1b[2J\\x0az\\xe2\\x80\\xaeq\\xc2\\x85\\xff\xc3\xa4");
    assay_buf_clear(&buf);
    assay_text_show(&buf, "abc\xc3\xa4", 5, 4); /* never cut inside a character */
    assert_string_equal(buf.data, "abc...");
    assay_buf_done(&buf);
}

static void a_command_line_is_split_by_posix_quoting(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t argc;
        const char *argv[4];
    } CASES[] = {
        {"", 0, {NULL}},
        {"  \t\n ", 0, {NULL}},
        {"ls -l", 2, {"ls", "-l"}},
        {"a  'b c' d", 3, {"a", "b c", "d"}},
        {"'' \"\"", 2, {"", ""}},
        {"\"a\\\"b\\$c\\n\"", 1, {"a\"b$c\\n"}},
        {"a\\ b'c'\"d\"e", 1, {"a bcde"}},
        {"'a\\b'", 1, {"a\\b"}},
        {"a\\\nb", 1, {"ab"}},
        {"a b c d", 4, {"a", "b", "c", "d"}},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char **argv = NULL;
        size_t argc = 99;
        assert_int_equal(assay_text_split_command(CASES[i].text, &argv, &argc, NULL), ASSAY_OK);
        assert_int_equal(argc, CASES[i].argc);
        for (size_t k = 0; k < argc; k++) {
            assert_string_equal(argv[k], CASES[i].argv[k]);
        }
        assert_null(argv[argc]);
        assay_text_argv_free(argv);
    }
}

static void an_open_quote_is_refused_with_its_column(void **state)
{
    (void)state;
    char **argv = NULL;
    size_t argc = 0;
    assay_err err = {0};
    assert_int_equal(assay_text_split_command("ls 'x", &argv, &argc, &err), ASSAY_MALFORMED);
    assert_non_null(strstr(err.message, "column 4"));
    assert_int_equal(assay_text_split_command("a \"b\\", &argv, &argc, &err), ASSAY_MALFORMED);
    assert_non_null(strstr(err.message, "column 3"));
    assert_int_equal(assay_text_split_command("ab\\", &argv, &argc, &err), ASSAY_MALFORMED);
    assert_non_null(strstr(err.message, "column 3"));
    assay_mem_fail_at(1);
    assert_int_equal(assay_text_split_command("a", &argv, &argc, &err), ASSAY_NO_MEMORY);
    assert_null(argv);
}

static void the_edit_distance_counts_edits_up_to_its_limit(void **state)
{
    (void)state;
    assert_int_equal(assay_text_distance("kitten", "sitting", 5), 3);
    assert_int_equal(assay_text_distance("rate", "rate", 5), 0);
    assert_int_equal(assay_text_distance("", "abc", 5), 3);
    assert_int_equal(assay_text_distance("kitten", "sitting", 2), 3);
}

/* Every byte at every place of every length that reaches a whole step, its end and the step after. */
static void only_lower_case_hex_digits_are_read(void **state)
{
    (void)state;
    enum { BYTES_MAX = 33 };
    static const char DIGITS[] = "0123456789abcdef";
    unsigned char bytes[BYTES_MAX], back[BYTES_MAX + 1];
    char text[2 * BYTES_MAX + 1];
    for (size_t i = 0; i < BYTES_MAX; i++) {
        bytes[i] = (unsigned char)(i * 37 + 5);
    }
    for (size_t len = 0; len <= BYTES_MAX; len++) {
        assay_hex_print(bytes, len, text);
        assert_int_equal(strlen(text), 2 * len);
        back[len] = 0xa5;
        assert_true(assay_hex_read(text, back, len));
        assert_memory_equal(back, bytes, len);
        assert_int_equal(back[len], 0xa5); /* and not one byte more */
        for (size_t at = 0; at < 2 * len; at++) {
            char kept = text[at];
            for (int c = 0; c < 256; c++) {
                const char *digit = c ? strchr(DIGITS, c) : NULL;
                text[at] = (char)c;
                assert_int_equal(assay_hex_read(text, back, len), digit != NULL);
                assert_true(!digit || (at % 2 ? back[at / 2] & 15 : back[at / 2] >> 4) == digit - DIGITS);
            }
            text[at] = kept;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slice_is_cut_at_its_separator),
        cmocka_unit_test(white_space_is_trimmed_off_both_ends),
        cmocka_unit_test(prefixes_and_suffixes_are_found),
        cmocka_unit_test(only_well_formed_utf8_is_valid),
        cmocka_unit_test(every_scalar_value_survives_encoding_and_decoding),
        cmocka_unit_test(what_is_no_scalar_value_becomes_the_replacement),
        cmocka_unit_test(foreign_text_is_shown_without_its_control_and_bidi_characters),
        cmocka_unit_test(a_command_line_is_split_by_posix_quoting),
        cmocka_unit_test(an_open_quote_is_refused_with_its_column),
        cmocka_unit_test(only_lower_case_hex_digits_are_read),
        cmocka_unit_test(the_edit_distance_counts_edits_up_to_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
