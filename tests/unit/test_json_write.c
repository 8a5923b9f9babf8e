#include "base/mem.h"
#include "base/num.h"
#include "crypto/crypto.h"
#include "support/reach.h"
#include "support/source_root.h"
#include "json/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OUT_MAX ((size_t)1 << 20)

static json_t *read_text(const char *text, size_t len)
{
    json_t *root = NULL;
    assay_err err = {0};
    if (assay_json_read(text, len, &assay_json_limits_default, &root, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return root;
}

static void assert_canon(const char *text, const char *canon)
{
    struct assay_buf out;
    assay_buf_init(&out, OUT_MAX);
    json_t *root = read_text(text, strlen(text));
    assert_int_equal(assay_json_canon(root, &out, NULL), ASSAY_OK);
    assert_string_equal(out.data, canon);
    json_decref(root);
    assay_buf_done(&out);
}

static void read_data(struct assay_buf *buf, const char *format, const char *name)
{
    char path[4096], relative[256];
    (void)snprintf(relative, sizeof relative, "%s%s%s", format, name, ".json");
    (void)snprintf(path, sizeof path, "%s/tests/data/jcs/%s", source_root(), relative);
    assay_buf_init(buf, OUT_MAX);
    assay_err err = {0};
    if (assay_buf_read_file(buf, path, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
}

static void the_six_documents_of_rfc_8785_come_out_as_published(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"arrays", "french", "structures", "unicode", "values", "weird"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        struct assay_buf input, output, canon;
        read_data(&input, "input/", NAMES[i]);
        read_data(&output, "output/", NAMES[i]);
        assay_buf_init(&canon, OUT_MAX);
        json_t *root = read_text(input.data, input.len);
        assert_int_equal(assay_json_canon(root, &canon, NULL), ASSAY_OK);
        assert_string_equal(canon.data, output.data);
        assert_true(assay_json_is_canonical(output.data, output.len));
        json_decref(root);
        assay_buf_done(&input);
        assay_buf_done(&output);
        assay_buf_done(&canon);
    }
}

/* RFC 8785, appendix B. */
static void the_numbers_of_rfc_8785_are_written_as_ecmascript_writes_them(void **state)
{
    (void)state;
    static const struct {
        uint64_t bits;
        const char *text;
    } CASES[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        double x;
        memcpy(&x, &CASES[i].bits, sizeof x);
        struct assay_buf out;
        assay_buf_init(&out, OUT_MAX);
        json_t *real = json_real(x);
        assert_int_equal(assay_json_canon(real, &out, NULL), ASSAY_OK);
        assert_string_equal(out.data, CASES[i].text);
        assert_true(assay_json_is_canonical(out.data, out.len)); /* and it reads back to itself */
        json_decref(real);
        assay_buf_done(&out);
    }
}

/* The number generator of the RFC's test data: a table, 2,000 neighbours of the smallest normal, then a SHA-256 chain.
 */
struct numbers {
    double table[256], block[4];
    size_t table_count, next, in_block;
    struct assay_digest chain;
};

static void numbers_open(struct numbers *numbers)
{
    char path[4096], line[64];
    (void)snprintf(path, sizeof path, "%s/tests/data/jcs/numbers.txt", source_root());
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    *numbers = (struct numbers){.in_block = 4};
    while (fgets(line, sizeof line, file)) {
        uint64_t bits = strtoull(line, NULL, 16);
        memcpy(&numbers->table[numbers->table_count++], &bits, sizeof bits);
    }
    (void)fclose(file);
}

static double numbers_next(struct numbers *numbers)
{
    enum { NEIGHBOURS = 2000 };
    size_t i = numbers->next++;
    if (i < numbers->table_count) {
        return numbers->table[i];
    }
    double x = 0;
    if (i < numbers->table_count + NEIGHBOURS) {
        uint64_t bits = UINT64_C(0x0010000000000000) + (i - numbers->table_count);
        memcpy(&x, &bits, sizeof x);
        return x;
    }
    while (x == 0.0 || !isfinite(x)) {
        if (numbers->in_block == 4) {
            assay_sha256_of(numbers->chain.bytes, sizeof numbers->chain.bytes, &numbers->chain);
            memcpy(numbers->block, numbers->chain.bytes, sizeof numbers->block);
            numbers->in_block = 0;
        }
        x = numbers->block[numbers->in_block++];
    }
    return x;
}

/* The published digests of the first lines "bits,text"; all 10^8 with ASSAY_REACH=all (docs/conformance.md). */
static void the_generated_numbers_have_the_published_digests(void **state)
{
    (void)state;
    static const struct {
        size_t lines;
        const char *digest;
    } MARKS[] = {
        {1000, "be18b62b6f69cdab33a7e0dae0d9cfa869fda80ddc712221570f9f40a5878687"},
        {10000, "b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892"},
        {100000, "22776e6d4b49fa294a0d0f349268e5c28808fe7e0cb2bcbe28f63894e494d4c7"},
        {1000000, "49415fee2c56c77864931bd3624faad425c3c577d6d74e89a83bc725506dad16"},
        {10000000, "b9f8a44a91d46813b21b9602e72f112613c91408db0b8341fb94603d9db135e0"},
        {100000000, "0f7dda6b0837dde083c5d6b896f7d62340c8a2415b0c7121d83145e08a755272"},
    };
    const size_t marks = reach_asked() == REACH_ALL ? 6 : reach_asked() == REACH_FULL ? 5 : 3;
    struct numbers numbers;
    struct assay_sha256 hash;
    numbers_open(&numbers);
    assay_sha256_init(&hash);
    size_t line = 0;
    for (size_t mark = 0; mark < marks; mark++) {
        for (; line < MARKS[mark].lines; line++) {
            double x = numbers_next(&numbers);
            uint64_t bits;
            memcpy(&bits, &x, sizeof bits);
            char number[ASSAY_NUM_TEXT_BYTES], text[64];
            (void)assay_num_print_shortest(x, number);
            int n = snprintf(text, sizeof text, "%llx,%s\n", (unsigned long long)bits, number);
            assay_sha256_add(&hash, text, (size_t)n);
        }
        struct assay_sha256 so_far = hash;
        struct assay_digest digest;
        char digest_text[ASSAY_DIGEST_TEXT_BYTES];
        assay_sha256_end(&so_far, &digest);
        assay_digest_print(&digest, digest_text);
        assert_string_equal(digest_text, MARKS[mark].digest);
    }
}

static void members_are_sorted_by_utf_16_code_units(void **state)
{
    (void)state;
    /* U+10000 (D800 DC00) comes before U+E000 and U+FFFD; a prefix before the longer name; "" first */
    assert_canon("{\"\xEE\x80\x80\":1,\"\xF0\x90\x80\x80\":2,\"\xEF\xBF\xBD\":3,\"b\":4,\"ab\":5,\"a\":6,\"\":7,"
                 "\"\xED\x9F\xBF\":8}",
                 "{\"\":7,\"a\":6,\"ab\":5,\"b\":4,\"\xED\x9F\xBF\":8,\"\xF0\x90\x80\x80\":2,\"\xEE\x80\x80\":1,"
                 "\"\xEF\xBF\xBD\":3}");
}

static void strings_are_escaped_as_little_as_possible(void **state)
{
    (void)state;
    assert_canon("\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001F\\\"\\\\\\/\\u007f\\u20ac\"",
                 "\"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/\x7F\xE2\x82\xAC\"");
}

static void integers_beyond_2_to_the_53_are_rounded_as_binary64(void **state)
{
    (void)state;
    assert_canon(
        "[9007199254740993,9223372036854775807,-9223372036854775808,100000000000000000000,1e21,-0,9007199254740991]",
        "[9007199254740992,9223372036854776000,-9223372036854776000,100000000000000000000,1e+21,0,9007199254740991]");
}

static void the_canon_check_names_the_first_difference(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } CASES[] = {
        {"{\"b\":1,\"a\":2}", "line 1, column 3: found 'b\":1,\"a\":2}', expected the canonical form 'a\":2,\"b\":1}'"},
        {"[1, 2]", "line 1, column 4: found ' 2]', expected the canonical form '2]'"},
        {"[1]\n", "line 1, column 4: found '\\x0a', expected the canonical form ''"},
        {"[1.0]", "line 1, column 3: found '.0]', expected the canonical form ']'"},
        {"[-0]", "line 1, column 2: found '-0]', expected the canonical form '0]'"},
        {"[\"\\u0041\"]", "line 1, column 3: found '\\u0041\"]', expected the canonical form 'A\"]'"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        json_t *root = read_text(CASES[i].text, strlen(CASES[i].text));
        assay_err err = {0};
        assert_int_equal(assay_json_canon_check(root, CASES[i].text, strlen(CASES[i].text), &err), ASSAY_MALFORMED);
        assert_string_equal(err.message, CASES[i].message);
        json_decref(root);
    }
}

static void a_text_whose_canonical_form_is_much_longer_is_not_canonical(void **state)
{
    (void)state;
    struct assay_buf text;
    assay_err err = {0};
    assay_buf_init(&text, OUT_MAX);
    assay_buf_char(&text, '[');
    for (int i = 0; i < 100; i++) { /* four characters, and canonical twenty-one */
        assay_buf_text(&text, i > 0 ? ",1e20" : "1e20");
    }
    assay_buf_char(&text, ']');
    json_t *root = read_text(text.data, text.len);
    assert_int_equal(assay_json_canon_check(root, text.data, text.len, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "the text is not in its canonical form, which is longer");
    assert_false(assay_json_is_canonical(text.data, text.len));
    assert_false(assay_json_is_canonical("{", 1)); /* no JSON at all */
    assert_false(assay_json_is_canonical("[1 ]", 4));
    assert_false(assay_json_is_canonical("[1]", 2));
    assert_true(assay_json_is_canonical("[1]", 3));
    json_decref(root);
    root = read_text("[1]", 3);
    for (unsigned long n = 1; n <= 2; n++) {
        assay_mem_fail_at(n);
        assert_int_equal(assay_json_canon_check(root, "[1]", 3, NULL), n == 1 ? ASSAY_NO_MEMORY : ASSAY_OK);
    }
    assay_mem_fail_at(0);
    json_decref(root);
    assay_buf_done(&text);
}

static void people_get_two_spaces_a_level_in_the_order_given(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"z\":[1,{\"b\":2.50,\"a\":{}}],\"a\":[],\"n\":9223372036854775807}";
    struct assay_buf out;
    assay_buf_init(&out, OUT_MAX);
    json_t *root = read_text(TEXT, sizeof TEXT - 1);
    assert_int_equal(assay_json_pretty(root, &out, NULL), ASSAY_OK);
    assert_string_equal(out.data, "{\n  \"z\": [\n    1,\n    {\n      \"b\": 2.5,\n      \"a\": {}\n    }\n  ],\n"
                                  "  \"a\": [],\n  \"n\": 9223372036854775807\n}\n");
    assay_buf_clear(&out);
    assert_int_equal(assay_json_line(root, &out, NULL), ASSAY_OK);
    assert_string_equal(out.data, "{\"z\":[1,{\"b\":2.5,\"a\":{}}],\"a\":[],\"n\":9223372036854775807}\n");
    json_decref(root);
    assay_buf_done(&out);
}

static void ill_formed_text_is_mended_when_quoted_and_refused_in_a_tree(void **state)
{
    (void)state;
    struct assay_buf out;
    assay_buf_init(&out, OUT_MAX);
    assay_json_quote(&out, "a\xFF\"", 3);
    assert_string_equal(out.data, "\"a\xEF\xBF\xBD\\\"\"");
    json_t *bad = json_stringn_nocheck("\xFF", 1);
    assert_int_equal(assay_json_canon(bad, &out, NULL), ASSAY_MALFORMED);
    json_decref(bad);
    assay_buf_done(&out);
}

static void a_tree_too_deep_to_write_is_refused(void **state)
{
    (void)state;
    json_t *deep = json_array();
    for (int i = 0; i < ASSAY_JSON_DEPTH_MAX; i++) {
        json_t *outer = json_array();
        (void)json_array_append_new(outer, deep);
        deep = outer;
    }
    struct assay_buf out;
    assay_buf_init(&out, OUT_MAX);
    assert_int_equal(assay_json_canon(deep, &out, NULL), ASSAY_TOO_LARGE);
    assay_buf_clear(&out);
    assert_int_equal(assay_json_canon(json_array_get(deep, 0), &out, NULL), ASSAY_OK);
    json_decref(deep);
    assay_buf_done(&out);
}

static void every_allocation_that_fails_while_writing_is_reported(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"b\":[1,2.5,\"x\",{\"y\":null}],\"a\":{\"c\":1}}";
    json_t *root = read_text(TEXT, sizeof TEXT - 1);
    unsigned long n = 1;
    for (;; n++) {
        struct assay_buf out;
        assay_buf_init(&out, OUT_MAX);
        assay_mem_fail_at(n);
        assay_code rc = assay_json_canon(root, &out, NULL);
        assay_mem_fail_at(0);
        assay_buf_done(&out);
        if (rc == ASSAY_OK) {
            break;
        }
        assert_int_equal(rc, ASSAY_NO_MEMORY);
    }
    assert_true(n > 3);
    json_decref(root);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_six_documents_of_rfc_8785_come_out_as_published),
        cmocka_unit_test(the_numbers_of_rfc_8785_are_written_as_ecmascript_writes_them),
        cmocka_unit_test(the_generated_numbers_have_the_published_digests),
        cmocka_unit_test(members_are_sorted_by_utf_16_code_units),
        cmocka_unit_test(strings_are_escaped_as_little_as_possible),
        cmocka_unit_test(integers_beyond_2_to_the_53_are_rounded_as_binary64),
        cmocka_unit_test(the_canon_check_names_the_first_difference),
        cmocka_unit_test(a_text_whose_canonical_form_is_much_longer_is_not_canonical),
        cmocka_unit_test(people_get_two_spaces_a_level_in_the_order_given),
        cmocka_unit_test(ill_formed_text_is_mended_when_quoted_and_refused_in_a_tree),
        cmocka_unit_test(a_tree_too_deep_to_write_is_refused),
        cmocka_unit_test(every_allocation_that_fails_while_writing_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
