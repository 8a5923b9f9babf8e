/* Getters, pointers, builder and writer at their edges. */
#include "base/mem.h"
#include "json/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static json_t *read_text(const char *text)
{
    json_t *root = NULL;
    assert_int_equal(assay_json_read(text, strlen(text), &assay_json_limits_default, &root, NULL), ASSAY_OK);
    return root;
}

/* ---- getters ---- */

enum kind { OBJECT, ARRAY, TEXT, BOOL, INT, U64, DOUBLE, U64_TEXT, DEC, HEX, KINDS };

static const char *const EXPECTED[KINDS] = {
    [OBJECT] = "an object",
    [ARRAY] = "an array",
    [TEXT] = "a string",
    [BOOL] = "true or false",
    [INT] = "an integer",
    [U64] = "an integer of 0 or more",
    [DOUBLE] = "a number",
    [U64_TEXT] = "a string of decimal digits below 2^64",
    [DEC] = "a string with the shortest decimal of a binary64",
    [HEX] = "a string of lowercase hex digits",
};

static assay_code get(enum kind kind, const json_t *root, const char *name, assay_err *err)
{
    union {
        json_t *value;
        const char *text;
        bool is_true;
        int64_t integer;
        uint64_t count;
        double real;
        unsigned char bytes[2];
    } ret;
    *err = (assay_err){0};
    switch (kind) {
    case OBJECT:
        return assay_json_get_object(root, name, "/at", &ret.value, err);
    case ARRAY:
        return assay_json_get_array(root, name, "/at", &ret.value, err);
    case TEXT:
        return assay_json_get_text(root, name, "/at", &ret.text, err);
    case BOOL:
        return assay_json_get_bool(root, name, "/at", &ret.is_true, err);
    case INT:
        return assay_json_get_int(root, name, "/at", &ret.integer, err);
    case U64:
        return assay_json_get_u64(root, name, "/at", &ret.count, err);
    case DOUBLE:
        return assay_json_get_double(root, name, "/at", &ret.real, err);
    case U64_TEXT:
        return assay_json_get_u64_text(root, name, "/at", &ret.count, err);
    case DEC:
        return assay_json_get_dec(root, name, "/at", &ret.real, err);
    case HEX:
    case KINDS:
        break;
    }
    return assay_json_get_hex(root, name, "/at", ret.bytes, sizeof ret.bytes, err);
}

/* Every getter against a member of every kind: which it takes, and what it says of the others. */
static void a_getter_takes_its_own_kind_alone(void **state)
{
    (void)state;
    static const struct {
        const char *json, *shown;
        unsigned taken; /* by kind */
    } VALUES[] = {
        {"{}", "an object of 0 members", 1 << OBJECT},
        {"{\"a\":1,\"b\":2}", "an object of 2 members", 1 << OBJECT},
        {"[]", "an array of 0 elements", 1 << ARRAY},
        {"[1]", "an array of 1 elements", 1 << ARRAY},
        {"\"\"", "\"\"", 1 << TEXT},
        {"\"0\"", "\"0\"", 1 << TEXT | 1 << U64_TEXT | 1 << DEC},
        {"\"10\"", "\"10\"", 1 << TEXT | 1 << U64_TEXT | 1 << DEC},
        {"\"00\"", "\"00\"", 1 << TEXT},
        {"\"01\"", "\"01\"", 1 << TEXT},
        {"\"1e+21\"", "\"1e+21\"", 1 << TEXT | 1 << DEC},
        {"\"1e21\"", "\"1e21\"", 1 << TEXT | 1 << HEX},
        {"\"-0.5\"", "\"-0.5\"", 1 << TEXT | 1 << DEC},
        {"\"+1\"", "\"+1\"", 1 << TEXT},
        {"\"x\"", "\"x\"", 1 << TEXT},
        {"\"nan\"", "\"nan\"", 1 << TEXT},
        {"\"18446744073709551615\"", "\"18446744073709551615\"", 1 << TEXT | 1 << U64_TEXT},
        {"\"18446744073709551616\"", "\"18446744073709551616\"", 1 << TEXT},
        {"\"00ff\"", "\"00ff\"", 1 << TEXT | 1 << HEX},
        {"\"09af\"", "\"09af\"", 1 << TEXT | 1 << HEX},
        {"\"00fg\"", "\"00fg\"", 1 << TEXT},
        {"\"g0ff\"", "\"g0ff\"", 1 << TEXT},
        {"\"00f\"", "\"00f\"", 1 << TEXT},
        {"\"00ff0\"", "\"00ff0\"", 1 << TEXT},
        {"\"00f:\"", "\"00f:\"", 1 << TEXT},
        {"\"00f/\"", "\"00f/\"", 1 << TEXT},
        {"\"00f`\"", "\"00f`\"", 1 << TEXT},
        {"\"0Fff\"", "\"0Fff\"", 1 << TEXT},
        {"\"a\\u0000\"", "\"a\\x00\"", 0},
        {"true", "true", 1 << BOOL},
        {"false", "false", 1 << BOOL},
        {"null", "null", 0},
        {"0", "0", 1 << INT | 1 << U64 | 1 << DOUBLE},
        {"1", "1", 1 << INT | 1 << U64 | 1 << DOUBLE},
        {"-1", "-1", 1 << INT | 1 << DOUBLE},
        {"1.5", "1.5", 1 << DOUBLE},
    };
    for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++) {
        char text[128], due[256];
        (void)snprintf(text, sizeof text, "{\"m/n\":%s}", VALUES[i].json);
        json_t *root = read_text(text);
        for (int kind = 0; kind < KINDS; kind++) {
            assay_err err;
            bool is_taken = (VALUES[i].taken >> kind & 1) != 0;
            if ((get((enum kind)kind, root, "m/n", &err) == ASSAY_OK) != is_taken) {
                fail_msg("%s as %s", VALUES[i].json, EXPECTED[kind]);
            }
            (void)snprintf(due, sizeof due, "/at/m~1n: found %s, expected %s", VALUES[i].shown, EXPECTED[kind]);
            assert_string_equal(err.message, is_taken ? "" : due);
            assert_int_equal(get((enum kind)kind, root, "gone", &err), ASSAY_MALFORMED);
            assert_string_equal(err.message, "/at/gone: found nothing, expected this member");
            assert_int_equal(get((enum kind)kind, json_object_get(root, "m/n"), "x", &err), ASSAY_MALFORMED);
            (void)snprintf(due, sizeof due, "/at: found %s, expected an object with 'x'", VALUES[i].shown);
            assert_string_equal(err.message,
                                VALUES[i].taken & 1 << OBJECT ? "/at/x: found nothing, expected this member" : due);
        }
        json_decref(root);
    }
}

static void what_getters_give_is_what_stands_there(void **state)
{
    (void)state;
    json_t *root = read_text("{\"f\":false,\"t\":true,\"min\":-9223372036854775808,\"u\":9223372036854775807,\"i\":7,"
                             "\"hex\":\"0f9a\",\"dec\":\"-1.5\",\"text\":\"18446744073709551615\"}");
    bool no = true, yes = false;
    int64_t min = 0;
    uint64_t u = 0, text = 0;
    double i = 0, dec = 0;
    unsigned char hex[3] = {1, 2, 3};
    assert_int_equal(assay_json_get_bool(root, "f", "", &no, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_bool(root, "t", "", &yes, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_int(root, "min", "", &min, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_u64(root, "u", "", &u, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_double(root, "i", "", &i, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_dec(root, "dec", "", &dec, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_u64_text(root, "text", "", &text, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_hex(root, "hex", "", hex, 2, NULL), ASSAY_OK);
    assert_true(!no && yes && min == INT64_MIN && u == INT64_MAX && i == 7 && dec == -1.5 && text == UINT64_MAX);
    assert_true(hex[0] == 0x0f && hex[1] == 0x9a && hex[2] == 3);
    json_decref(root);
}

static void every_hex_digit_has_its_value(void **state)
{
    (void)state;
    for (int c = 1; c < 128; c++) {
        char text[3] = {(char)c, (char)c, '\0'};
        unsigned char byte = 0;
        static const char DIGITS[] = "0123456789abcdef";
        const char *at = strchr(DIGITS, c);
        json_t *root = json_object();
        assert_int_equal(json_object_set_new(root, "h", json_string(text)), 0);
        assert_int_equal(assay_json_get_hex(root, "h", "", &byte, 1, NULL), at ? ASSAY_OK : ASSAY_MALFORMED);
        if (at) {
            assert_int_equal(byte, (at - DIGITS) * 17);
        }
        json_decref(root);
    }
}

static void the_first_member_that_is_not_in_the_list_is_named(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"a", "b", "c", NULL}, *const NONE[] = {NULL};
    static const struct {
        const char *json;
        const char *const *names;
        const char *due;
    } CASES[] = {
        {"{}", NAMES, ""},
        {"{}", NONE, ""},
        {"{\"a\":1}", NAMES, ""},
        {"{\"c\":1,\"b\":2,\"a\":3}", NAMES, ""},
        {"{\"a\":1}", NONE, "/x/a: found 1, expected no member of this name"},
        {"{\"d\":1,\"e\":2}", NAMES, "/x/d: found 1, expected no member of this name"},
        {"{\"a\":1,\"b\":2,\"c\":3,\"e\":[4]}", NAMES,
         "/x/e: found an array of 1 elements, expected no member of this name"},
        {"{\"\":1}", NAMES, "/x/: found 1, expected no member of this name"},
        {"[]", NAMES, "/x: found an array of 0 elements, expected an object"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        json_t *root = read_text(CASES[i].json);
        assay_err err = {0};
        assert_int_equal(assay_json_only(root, CASES[i].names, "/x", &err),
                         CASES[i].due[0] ? ASSAY_MALFORMED : ASSAY_OK);
        assert_string_equal(err.message, CASES[i].due);
        json_decref(root);
    }
}

static void a_value_that_cannot_be_shown_fails_the_text_it_was_to_stand_in(void **state)
{
    (void)state;
    json_t *seven = json_integer(7);
    static const assay_code FIRST[] = {ASSAY_OK, ASSAY_TOO_LARGE};
    for (size_t i = 0; i < 2; i++) {
        struct assay_buf out;
        assay_buf_init(&out, 100);
        assay_buf_text(&out, "x");
        if (FIRST[i] != ASSAY_OK) {
            assay_buf_fail(&out, FIRST[i]);
        }
        assay_mem_fail_at(1);
        assay_json_show(&out, seven, 64);
        assay_mem_fail_at(0);
        assert_int_equal(out.failed, FIRST[i] == ASSAY_OK ? ASSAY_NO_MEMORY : FIRST[i]);
        assay_buf_clear(&out);
        assay_json_show(&out, seven, 64);
        assert_string_equal(out.data, "7");
        assay_buf_done(&out);
    }
    struct assay_buf out;
    assay_buf_init(&out, 100);
    json_t *text = json_string("abcdef");
    assay_json_show(&out, text, 3);
    assert_string_equal(out.data, "\"abc...\"");
    json_decref(text);
    json_decref(seven);
    assay_buf_done(&out);
}

/* ---- pointers ---- */

static void an_index_is_digits_without_a_leading_zero(void **state)
{
    (void)state;
    json_t *root = read_text("[[10,11,12,13,14,15,16,17,18,19,20,21]]");
    static const struct {
        const char *pointer;
        int due; /* 0: none */
    } CASES[] = {
        {"/0/0", 10},
        {"/0/1", 11},
        {"/0/9", 19},
        {"/0/10", 20},
        {"/0/11", 21},
        {"/0/12", 0},
        {"/0/01", 0},
        {"/0/00", 0},
        {"/0/", 0},
        {"/0/-", 0},
        {"/0/-0", 0},
        {"/0/+1", 0},
        {"/0/1 ", 0},
        {"/0/1a", 0},
        {"/0/:", 0},
        {"/0//", 0},
        {"//0", 0},
        {"/0/0/", 0},
        {"/0/0/0", 0},
        {"/0/1e1", 0},
        {"/0/4294967296", 0},
        {"/0/18446744073709551616", 0},
        {"/0/18446744073709551617", 0},
        {"/0/18446744073709551615", 0},
        {"0/0", 0},
        {"x", 0},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const json_t *found = assay_json_at(root, CASES[i].pointer);
        if ((found != NULL) != (CASES[i].due != 0) || (found && json_integer_value(found) != CASES[i].due)) {
            fail_msg("'%s'", CASES[i].pointer);
        }
    }
    json_decref(root);
}

static void a_name_is_found_by_its_escapes_and_up_to_its_limit(void **state)
{
    (void)state;
    json_t *root = read_text("{\"~\":1,\"/\":2,\"~1\":3,\"a~\":{\"0\":4,\"\":5},\"\":{\"\":6}}");
    static const struct {
        const char *pointer;
        int due;
    } CASES[] = {{"/~0", 1}, {"/~1", 2}, {"/~01", 3}, {"/a~0/0", 4}, {"/a~0/", 5}, {"//", 6},
                 {"/~2", 0}, {"/~", 0},  {"/a~", 0},  {"/a~/0", 0},  {"/~/", 0},   {"/~00", 0}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const json_t *found = assay_json_at(root, CASES[i].pointer);
        if ((found != NULL) != (CASES[i].due != 0) || (found && json_integer_value(found) != CASES[i].due)) {
            fail_msg("'%s'", CASES[i].pointer);
        }
    }
    json_decref(root);
    for (size_t len = ASSAY_JSON_POINTER_BYTES - 1; len <= ASSAY_JSON_POINTER_BYTES + 1; len++) {
        char name[ASSAY_JSON_POINTER_BYTES + 2] = "", pointer[ASSAY_JSON_POINTER_BYTES + 3] = "/";
        memset(name, 'n', len);
        memset(pointer + 1, 'n', len);
        root = json_object();
        assert_int_equal(json_object_set_new(root, name, json_true()), 0);
        assert_int_equal(assay_json_at(root, pointer) != NULL, len <= ASSAY_JSON_POINTER_BYTES);
        json_decref(root);
    }
}

/* Each length of a first name around the end of the room, then a second one. */
static void a_pointer_that_is_full_ends_in_dots(void **state)
{
    (void)state;
    enum { END = ASSAY_JSON_POINTER_BYTES - 1, ROOM = END - 3 };
    for (size_t len = ROOM - 4; len <= END + 2; len++) {
        char name[END + 3] = "", due[END + 3] = "/";
        struct assay_json_pointer at = {.len = 0};
        memset(name, 'n', len);
        memset(due + 1, 'n', len);
        assert_int_equal(assay_json_pointer_name(&at, name), 0);
        if (len + 1 > ROOM) {
            (void)snprintf(due + ROOM, 4, "...");
        }
        assert_string_equal(at.text, due);
        assert_int_equal(at.len, strlen(due));
        size_t mark = at.len;
        assert_int_equal(assay_json_pointer_name(&at, "~"), mark);
        if (len + 1 + 3 <= ROOM) {
            (void)snprintf(due + len + 1, sizeof due - len - 1, "/~0");
        } else if (len + 1 <= ROOM) { /* an escape is not cut in two */
            bool has_slash = len + 2 <= ROOM;
            size_t start = len + 1 + has_slash;
            due[len + 1] = '/';
            memset(due + start, '.', END - start);
            due[END] = '\0';
        }
        assert_string_equal(at.text, due);
        assert_int_equal(at.len, strlen(due));
        assert_int_equal(assay_json_pointer_index(&at, 7), strlen(due));
        assay_json_pointer_back(&at, 3);
        assert_string_equal(at.text, "/nn");
        assert_int_equal(assay_json_pointer_index(&at, 0), 3);
        assert_int_equal(assay_json_pointer_index(&at, 40), 5);
        assert_string_equal(at.text, "/nn/0/40");
    }
}

/* ---- building ---- */

static void the_first_thing_that_failed_is_named(void **state)
{
    (void)state;
    struct assay_json_builder b = {0};
    assay_err err = {0};
    json_t *root = json_object();
    assay_json_put_double(&b, root, "first", (double)NAN);
    assay_json_put_u64(&b, root, "second", UINT64_MAX);
    assay_json_put_int(&b, root, "third", 3);
    assert_int_equal(assay_json_builder_check(&b, root, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "'first' has no JSON form: text must be well-formed UTF-8, numbers finite");
    assert_int_equal(json_object_size(root), 1);
    json_decref(root);
    struct assay_json_builder of_none = {0};
    assay_json_put_int(&of_none, NULL, "n", 1);
    assert_int_equal(assay_json_builder_check(&of_none, NULL, NULL), ASSAY_NO_MEMORY);
    assert_string_equal(of_none.name, "n");
    of_none = (struct assay_json_builder){0};
    assay_json_add_int(&of_none, NULL, 1);
    assert_string_equal(of_none.name, "an array element");
    assert_null(assay_json_put_object(&of_none, NULL, "o"));
    assert_null(assay_json_add_object(&of_none, NULL));
    assert_string_equal(of_none.name, "an array element");
}

static void an_element_is_given_back_that_was_just_added(void **state)
{
    (void)state;
    struct assay_json_builder b = {0};
    json_t *list = json_array();
    for (size_t i = 0; i < 4; i++) {
        json_t *object = assay_json_add_object(&b, list);
        assert_non_null(object);
        assert_ptr_equal(object, json_array_get(list, 2 * i));
        assert_true(json_is_object(object));
        json_t *inner = assay_json_add_array(&b, list);
        assert_ptr_equal(inner, json_array_get(list, 2 * i + 1));
        assert_true(json_is_array(inner));
    }
    assert_int_equal(assay_json_builder_check(&b, list, NULL), ASSAY_OK);
    json_decref(list);
}

static void ill_formed_text_is_refused_wherever_it_is_put(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct assay_json_builder b = {0};
        assay_err err = {0};
        json_t *root = kind < 2 ? json_object() : json_array();
        if (kind == 0) {
            assay_json_put_text(&b, root, "t", "a\xff");
        } else if (kind == 1) {
            assay_json_put_slice(&b, root, "t", "a\xc3\xa9", 2); /* cut in a character */
        } else {
            assay_json_add_text(&b, root, "\xc3");
        }
        assert_int_equal(assay_json_builder_check(&b, root, &err), ASSAY_MALFORMED);
        assert_string_equal(
            err.message, kind < 2
                             ? "'t' has no JSON form: text must be well-formed UTF-8, numbers finite"
                             : "'an array element' has no JSON form: text must be well-formed UTF-8, numbers finite");
        json_decref(root);
    }
}

/* ---- writing ---- */

static void assert_written(const char *json, const char *canon, const char *pretty)
{
    struct assay_buf out;
    json_t *root = read_text(json);
    assay_buf_init(&out, 4096);
    assert_int_equal(assay_json_canon(root, &out, NULL), ASSAY_OK);
    assert_string_equal(out.data, canon);
    assay_buf_clear(&out);
    assert_int_equal(assay_json_pretty(root, &out, NULL), ASSAY_OK);
    assert_string_equal(out.data, pretty);
    assay_buf_done(&out);
    json_decref(root);
}

static void values_are_written_in_both_styles(void **state)
{
    (void)state;
    static const struct {
        const char *json, *canon, *pretty;
    } CASES[] = {
        {"0", "0", "0\n"},
        {"-1", "-1", "-1\n"},
        {"-10", "-10", "-10\n"},
        {"1234567890", "1234567890", "1234567890\n"},
        {"9007199254740991", "9007199254740991", "9007199254740991\n"},
        {"9007199254740992", "9007199254740992", "9007199254740992\n"},
        {"9007199254740993", "9007199254740992", "9007199254740993\n"},
        {"9007199254740995", "9007199254740996", "9007199254740995\n"},
        {"-9007199254740993", "-9007199254740992", "-9007199254740993\n"},
        {"-9223372036854775808", "-9223372036854776000", "-9223372036854775808\n"},
        {"4503599627370497", "4503599627370497", "4503599627370497\n"},
        {"true", "true", "true\n"},
        {"false", "false", "false\n"},
        {"null", "null", "null\n"},
        {"2.50", "2.5", "2.5\n"},
        {"{}", "{}", "{}\n"},
        {"[]", "[]", "[]\n"},
        {"[[],[{}]]", "[[],[{}]]", "[\n  [],\n  [\n    {}\n  ]\n]\n"},
        {"{\"b\":1,\"a\":{\"d\":2,\"c\":[3]}}", "{\"a\":{\"c\":[3],\"d\":2},\"b\":1}",
         "{\n  \"b\": 1,\n  \"a\": {\n    \"d\": 2,\n    \"c\": [\n      3\n    ]\n  }\n}\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_written(CASES[i].json, CASES[i].canon, CASES[i].pretty);
    }
}

/* Names of which each comes before the next, by UTF-16: in every order in which two of them can be set. */
static void of_two_names_the_smaller_one_comes_first(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"",
                                        "\x01",
                                        "a",
                                        "aa",
                                        "ab",
                                        "a\x7f",
                                        "b",
                                        "\x7f",
                                        "\xC2\x80",
                                        "\xED\x9F\xBF",
                                        "\xF0\x90\x80\x80", /* U+10000: D800 DC00 */
                                        "\xF1\x80\x80\x80",
                                        "\xF4\x8F\xBF\xBF", /* U+10FFFF: DBFF DFFF */
                                        "\xEE\x80\x80",     /* U+E000 */
                                        "\xEE\x80\x81",
                                        "\xEF\xBF\xBD"};
    enum { COUNT = sizeof NAMES / sizeof NAMES[0] };
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < COUNT; j++) {
            struct assay_buf out, due;
            json_t *root = json_object();
            if (i == j) {
                json_decref(root);
                continue;
            }
            assert_int_equal(json_object_set_new(root, NAMES[i], json_true()), 0);
            assert_int_equal(json_object_set_new(root, NAMES[j], json_true()), 0);
            assay_buf_init(&out, 256);
            assay_buf_init(&due, 256);
            assert_int_equal(assay_json_canon(root, &out, NULL), ASSAY_OK);
            assay_buf_char(&due, '{');
            assay_json_quote(&due, NAMES[i < j ? i : j], strlen(NAMES[i < j ? i : j]));
            assay_buf_text(&due, ":true,");
            assay_json_quote(&due, NAMES[i < j ? j : i], strlen(NAMES[i < j ? j : i]));
            assay_buf_text(&due, ":true}");
            assert_string_equal(out.data, due.data);
            assay_buf_done(&out);
            assay_buf_done(&due);
            json_decref(root);
        }
    }
}

/* Each byte at each place of two words of eight, and behind them. */
static void every_byte_is_escaped_wherever_it_must_be(void **state)
{
    (void)state;
    for (int c = 0; c < 128; c++) {
        static const char *const SHORT[128] = {['\b'] = "\\b", ['\t'] = "\\t",  ['\n'] = "\\n", ['\f'] = "\\f",
                                               ['\r'] = "\\r", ['\"'] = "\\\"", ['\\'] = "\\\\"};
        char escape[8] = {(char)c, '\0'};
        if (SHORT[c]) {
            (void)snprintf(escape, sizeof escape, "%s", SHORT[c]);
        } else if (c < 0x20) {
            (void)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)c);
        }
        for (size_t at = 0; at < 20; at++) {
            char text[] = "bbbbbbbbbbbbbbbbbbbb", due[64];
            struct assay_buf out;
            text[at] = (char)c;
            int n = snprintf(due, sizeof due, "\"%.*s%s%s\"", (int)at, "bbbbbbbbbbbbbbbbbbbb", escape, text + at + 1);
            assay_buf_init(&out, 256);
            assay_json_quote(&out, text, 20);
            assert_int_equal(out.len, n);
            assert_memory_equal(out.data, due, (size_t)n);
            assay_buf_done(&out);
        }
    }
}

static void a_text_that_cannot_be_mended_fails_the_buffer(void **state)
{
    (void)state;
    struct assay_buf out;
    assay_buf_init(&out, 8);
    assay_json_quote(&out, "\xff\xff\xff\xff", 4); /* 12 bytes when mended */
    assert_int_equal(out.failed, ASSAY_TOO_LARGE);
    assay_buf_done(&out);
    assay_buf_init(&out, 64);
    assay_buf_text(&out, "x");
    assay_mem_fail_at(1);
    assay_json_quote(&out, "a\xff", 2);
    assay_mem_fail_at(0);
    assert_int_equal(out.failed, ASSAY_NO_MEMORY);
    assay_buf_clear(&out);
    assay_json_quote(&out, "a\xff\xc3\xa9\xc3", 5);
    assert_string_equal(out.data, "\"a\xEF\xBF\xBD\xC3\xA9\xEF\xBF\xBD\"");
    assay_buf_done(&out);
}

static void what_cannot_be_written_is_an_error_wherever_it_stands(void **state)
{
    (void)state;
    static const json_t UNKNOWN = {.type = (json_type)99, .refcount = 1};
    struct assay_buf out;
    assay_err err = {0};
    assay_buf_init(&out, 256);
    assert_int_equal(assay_json_canon(&UNKNOWN, &out, &err), ASSAY_BUG);
    assert_string_equal(err.message, "a JSON value of the unknown type 99");
    for (int kind = 0; kind < 4; kind++) { /* as element and member, before others and behind them; as a name */
        json_t *bad = json_stringn_nocheck("\xff", 1), *root = kind < 2 ? json_array() : json_object();
        if (kind < 2) {
            assert_int_equal(json_array_append_new(root, kind ? json_true() : bad), 0);
            assert_int_equal(json_array_append_new(root, kind ? bad : json_true()), 0);
        } else {
            assert_int_equal(
                json_object_setn_new_nocheck(root, kind == 2 ? "a" : "\xff", 1, kind == 2 ? bad : json_true()), 0);
            assert_int_equal(json_object_setn_new_nocheck(root, "b", 1, json_true()), 0);
            if (kind == 3) {
                json_decref(bad);
            }
        }
        assay_buf_clear(&out);
        err = (assay_err){0};
        assert_int_equal(assay_json_line(root, &out, &err), ASSAY_MALFORMED);
        assert_string_equal(err.message, "a string that is not well-formed UTF-8 cannot be written as JSON");
        json_decref(root);
    }
    assay_buf_done(&out);
    assay_buf_init(&out, 4);
    json_t *root = read_text("[1,2,3]");
    assert_int_equal(assay_json_canon(root, &out, NULL), ASSAY_TOO_LARGE);
    json_decref(root);
    assay_buf_done(&out);
}

static void objects_are_as_deep_as_arrays(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++) {
        json_t *deep = json_object();
        struct assay_buf out;
        assay_err err = {0};
        for (int i = 1; i < ASSAY_JSON_DEPTH_MAX + over; i++) {
            json_t *outer = json_object();
            assert_int_equal(json_object_set_new(outer, "o", deep), 0);
            deep = outer;
        }
        assay_buf_init(&out, 1 << 16);
        assert_int_equal(assay_json_canon(deep, &out, &err), over ? ASSAY_TOO_LARGE : ASSAY_OK);
        assert_string_equal(err.message, over ? "nested deeper than the 512 levels that can be written" : "");
        json_decref(deep);
        assay_buf_done(&out);
    }
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_getter_takes_its_own_kind_alone),
        cmocka_unit_test(what_getters_give_is_what_stands_there),
        cmocka_unit_test(every_hex_digit_has_its_value),
        cmocka_unit_test(the_first_member_that_is_not_in_the_list_is_named),
        cmocka_unit_test(a_value_that_cannot_be_shown_fails_the_text_it_was_to_stand_in),
        cmocka_unit_test(an_index_is_digits_without_a_leading_zero),
        cmocka_unit_test(a_name_is_found_by_its_escapes_and_up_to_its_limit),
        cmocka_unit_test(a_pointer_that_is_full_ends_in_dots),
        cmocka_unit_test(the_first_thing_that_failed_is_named),
        cmocka_unit_test(an_element_is_given_back_that_was_just_added),
        cmocka_unit_test(ill_formed_text_is_refused_wherever_it_is_put),
        cmocka_unit_test(values_are_written_in_both_styles),
        cmocka_unit_test(of_two_names_the_smaller_one_comes_first),
        cmocka_unit_test(every_byte_is_escaped_wherever_it_must_be),
        cmocka_unit_test(a_text_that_cannot_be_mended_fails_the_buffer),
        cmocka_unit_test(what_cannot_be_written_is_an_error_wherever_it_stands),
        cmocka_unit_test(objects_are_as_deep_as_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
