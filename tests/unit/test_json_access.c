#include "base/mem.h"
#include "json/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static json_t *read_text(const char *text)
{
    json_t *root = NULL;
    assert_int_equal(assay_json_read(text, strlen(text), &assay_json_limits_default, &root, NULL), ASSAY_OK);
    return root;
}

static void getters_give_the_value_of_their_type(void **state)
{
    (void)state;
    json_t *root = read_text("{\"i\":-3,\"u\":7,\"d\":2.5,\"b\":true,\"t\":\"x\",\"o\":{},\"a\":[1],"
                             "\"u64\":\"18446744073709551615\",\"dec\":\"0.4\",\"hex\":\"00ff\"}");
    int64_t i = 0;
    uint64_t u = 0, u64 = 0;
    double d = 0, dec = 0;
    bool b = false;
    const char *t = NULL;
    json_t *o = NULL, *a = NULL;
    unsigned char hex[2] = {1, 1};
    assert_int_equal(assay_json_get_int(root, "i", "", &i, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_u64(root, "u", "", &u, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_double(root, "d", "", &d, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_bool(root, "b", "", &b, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_text(root, "t", "", &t, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_object(root, "o", "", &o, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_array(root, "a", "", &a, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_u64_text(root, "u64", "", &u64, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_dec(root, "dec", "", &dec, NULL), ASSAY_OK);
    assert_int_equal(assay_json_get_hex(root, "hex", "", hex, sizeof hex, NULL), ASSAY_OK);
    assert_true(i == -3 && u == 7 && d == 2.5 && b && strcmp(t, "x") == 0 && json_is_object(o) && json_is_array(a));
    assert_true(u64 == UINT64_MAX && dec == 0.4 && hex[0] == 0 && hex[1] == 0xFF);
    json_decref(root);
}

static void a_wrong_member_is_named_by_its_pointer(void **state)
{
    (void)state;
    json_t *root = read_text("{\"a/b\":-1,\"t\":\"01\",\"dec\":\"0.40\",\"hex\":\"00FF\",\"nul\":\"x\\u0000\"}");
    assay_err err = {0};
    uint64_t u = 0;
    double d = 0;
    const char *t = NULL;
    unsigned char hex[2];
    assert_int_equal(assay_json_get_u64(root, "a/b", "/x", &u, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "/x/a~1b: found -1, expected an integer of 0 or more");
    assert_int_equal(assay_json_get_u64(root, "gone", "", &u, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "/gone: found nothing, expected this member");
    assert_int_equal(assay_json_get_u64_text(root, "t", "", &u, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "/t: found \"01\", expected a string of decimal digits below 2^64");
    assert_int_equal(assay_json_get_dec(root, "dec", "", &d, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "/dec: found \"0.40\", expected a string with the shortest decimal of a binary64");
    assert_int_equal(assay_json_get_hex(root, "hex", "", hex, sizeof hex, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "/hex: found \"00FF\", expected a string of lowercase hex digits");
    assert_int_equal(assay_json_get_hex(root, "t", "", hex, sizeof hex, &err), ASSAY_MALFORMED); /* too short */
    assert_int_equal(assay_json_get_text(root, "nul", "", &t, &err), ASSAY_MALFORMED);
    assert_int_equal(assay_json_get_text(json_object_get(root, "t"), "x", "/t", &t, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "/t: found \"01\", expected an object with 'x'");
    assert_int_equal(assay_json_get_text(json_object_get(root, "t"), "x", "", &t, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "found \"01\", expected an object with 'x'"); /* the whole has no place */
    assert_int_equal(u, 0);
    json_decref(root);
}

static void a_member_outside_the_list_is_refused(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"a", "b", NULL};
    json_t *root = read_text("{\"a\":1,\"c\":2}");
    assay_err err = {0};
    assert_int_equal(assay_json_only(root, NAMES, "/x", &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "/x/c: found 2, expected no member of this name");
    (void)json_object_del(root, "c");
    assert_int_equal(assay_json_only(root, NAMES, "/x", &err), ASSAY_OK);
    json_decref(root);
}

/* The examples of RFC 6901, section 5. */
static void a_json_pointer_finds_what_rfc_6901_says(void **state)
{
    (void)state;
    json_t *root = read_text("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
                             "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}");
    static const char *const NAMES[] = {"/", "/a~1b", "/c%d", "/e^f", "/g|h", "/i\\j", "/k\"l", "/ ", "/m~0n"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        assert_int_equal(json_integer_value(assay_json_at(root, NAMES[i])), i);
        assert_non_null(assay_json_at(root, NAMES[i]));
    }
    assert_ptr_equal(assay_json_at(root, ""), root);
    assert_string_equal(json_string_value(assay_json_at(root, "/foo/0")), "bar");
    static const char *const NONE[] = {"foo", "/foo/2", "/foo/00", "/foo/-", "/foo/0/x", "/bar", "/m~n", "/foo/"};
    for (size_t i = 0; i < sizeof NONE / sizeof NONE[0]; i++) {
        assert_null(assay_json_at(root, NONE[i]));
    }
    json_decref(root);
}

static void a_pointer_that_is_too_long_is_seen_to_be_cut_and_comes_back(void **state)
{
    (void)state;
    struct assay_json_pointer at = {.len = 0};
    size_t mark = assay_json_pointer_name(&at, "a~/");
    assert_int_equal(mark, 0);
    assert_string_equal(at.text, "/a~0~1");
    size_t inner = assay_json_pointer_index(&at, 12);
    assert_string_equal(at.text, "/a~0~1/12");
    for (int i = 0; i < 100; i++) {
        (void)assay_json_pointer_name(&at, "deep");
    }
    assert_int_equal(strlen(at.text), at.len);
    assert_true(at.len < sizeof at.text);
    assert_string_equal(at.text + at.len - 3, "...");
    assay_json_pointer_back(&at, inner);
    assert_string_equal(at.text, "/a~0~1");
}

static json_t *build(struct assay_json_builder *b)
{
    json_t *root = json_object();
    assay_json_put_text(b, root, "t", "x");
    assay_json_put_u64_text(b, root, "u", UINT64_MAX);
    assay_json_put_dec(b, root, "d", 1e21);
    assay_json_put_hex(b, root, "h", "\x00\xFF", 2);
    assay_json_put_bool(b, root, "b", true);
    json_t *list = assay_json_put_array(b, root, "l");
    assay_json_add_u64(b, list, (UINT64_C(1) << 53) - 1);
    assay_json_add_text(b, list, "y");
    json_t *inner = assay_json_add_object(b, list);
    assay_json_put_int(b, inner, "i", -1);
    return root;
}

static void a_tree_is_built_unchecked_and_asked_about_once(void **state)
{
    (void)state;
    struct assay_json_builder b = {0};
    json_t *root = build(&b);
    assert_int_equal(assay_json_builder_check(&b, root, NULL), ASSAY_OK);
    struct assay_buf out;
    assay_buf_init(&out, 4096);
    assert_int_equal(assay_json_line(root, &out, NULL), ASSAY_OK);
    assert_string_equal(out.data,
                        "{\"t\":\"x\",\"u\":\"18446744073709551615\",\"d\":\"1e+21\",\"h\":\"00ff\",\"b\":true,"
                        "\"l\":[9007199254740991,\"y\",{\"i\":-1}]}\n");
    assay_buf_done(&out);
    json_decref(root);
}

static void what_has_no_json_form_is_noticed_with_its_name(void **state)
{
    (void)state;
    json_t *root = json_object();
    struct assay_json_builder ill = {0}, large = {0}, infinite = {0};
    assay_err err = {0};
    assay_json_put_text(&ill, root, "text", "\xFF");
    assert_int_equal(assay_json_builder_check(&ill, root, &err), ASSAY_MALFORMED);
    assert_string_equal(err.message, "'text' has no JSON form: text must be well-formed UTF-8, numbers finite");
    assay_json_put_u64(&large, root, "count", UINT64_C(1) << 53);
    assert_int_equal(assay_json_builder_check(&large, root, &err), ASSAY_TOO_LARGE);
    assert_string_equal(err.message, "'count' is an integer of 2^53 or more, which JSON readers round");
    assay_json_put_dec(&infinite, root, "rate", INFINITY);
    assert_int_equal(assay_json_builder_check(&infinite, root, &err), ASSAY_MALFORMED);
    assert_int_equal(json_object_size(root), 0);
    json_decref(root);
}

static void every_allocation_that_fails_while_building_is_noticed(void **state)
{
    (void)state;
    unsigned long n = 1;
    for (;; n++) {
        struct assay_json_builder b = {0};
        assay_mem_fail_at(n);
        json_t *root = build(&b);
        assay_mem_fail_at(0);
        assay_code rc = assay_json_builder_check(&b, root, NULL);
        json_decref(root);
        if (rc == ASSAY_OK) {
            break;
        }
        assert_int_equal(rc, ASSAY_NO_MEMORY);
    }
    assert_true(n > 20);
}

static void every_kind_of_member_and_element_is_written_as_it_is(void **state)
{
    (void)state;
    static const unsigned char BYTES[] = {0x00, 0x1f, 0xf0, 0xff};
    struct assay_json_builder b = {0};
    struct assay_buf text;
    json_t *root = json_object();
    assay_json_put_null(&b, root, "null");
    assay_json_put_bool(&b, root, "no", false);
    assay_json_put_int(&b, root, "int", -5);
    assay_json_put_u64(&b, root, "u64", 5);
    assay_json_put_double(&b, root, "double", 0.5);
    assay_json_put_dec(&b, root, "dec", 0.25);
    assay_json_put_u64_text(&b, root, "large", UINT64_MAX);
    assay_json_put_hex(&b, root, "hex", BYTES, sizeof BYTES);
    assay_json_put_hex(&b, root, "nothing", BYTES, 0);
    assay_json_put_slice(&b, root, "slice", "abc", 2);
    assay_json_put_slice(&b, root, "empty", NULL, 0);
    json_t *list = assay_json_put_array(&b, root, "list");
    assay_json_add_int(&b, list, -1);
    assay_json_add_u64(&b, list, 1);
    assay_json_add_double(&b, list, 1.5);
    assay_json_add_text(&b, list, "t");
    assay_json_add_text(&b, assay_json_add_array(&b, list), "inner");
    assay_json_put_int(&b, assay_json_add_object(&b, list), "member", 2);
    assay_json_put_int(&b, assay_json_put_object(&b, root, "object"), "member", 3);
    assert_int_equal(assay_json_builder_check(&b, root, NULL), ASSAY_OK);
    assay_buf_init(&text, 4096);
    assert_int_equal(assay_json_canon(root, &text, NULL), ASSAY_OK);
    assert_string_equal(text.data,
                        "{\"dec\":\"0.25\",\"double\":0.5,\"empty\":\"\",\"hex\":\"001ff0ff\",\"int\":-5,\"large\":"
                        "\"18446744073709551615\",\"list\":[-1,1,1.5,\"t\",[\"inner\"],{\"member\":2}],\"no\":false,"
                        "\"nothing\":\"\",\"null\":null,\"object\":{\"member\":3},\"slice\":\"ab\",\"u64\":5}");
    assay_buf_done(&text);
    json_decref(root);
}

static void an_integer_is_below_2_53_and_a_number_finite(void **state)
{
    (void)state;
    static const int64_t LIMIT = INT64_C(1) << 53;
    static const struct {
        int64_t value;
        assay_code due;
    } INTS[] = {{LIMIT - 1, ASSAY_OK},         {LIMIT, ASSAY_TOO_LARGE},    {LIMIT + 1, ASSAY_TOO_LARGE},
                {INT64_MAX, ASSAY_TOO_LARGE},  {1 - LIMIT, ASSAY_OK},       {-LIMIT, ASSAY_TOO_LARGE},
                {-LIMIT - 1, ASSAY_TOO_LARGE}, {INT64_MIN, ASSAY_TOO_LARGE}};
    for (size_t i = 0; i < sizeof INTS / sizeof INTS[0]; i++) {
        for (int kind = 0; kind < 4; kind++) { /* as int and u64, as member and element */
            struct assay_json_builder b = {0};
            assay_err err = {0};
            json_t *root = kind % 2 ? json_array() : json_object();
            if (kind >= 2 && INTS[i].value < 0) {
                json_decref(root);
                continue;
            }
            if (kind == 0) {
                assay_json_put_int(&b, root, "n", INTS[i].value);
            } else if (kind == 1) {
                assay_json_add_int(&b, root, INTS[i].value);
            } else if (kind == 2) {
                assay_json_put_u64(&b, root, "n", (uint64_t)INTS[i].value);
            } else {
                assay_json_add_u64(&b, root, (uint64_t)INTS[i].value);
            }
            assert_int_equal(assay_json_builder_check(&b, root, &err), INTS[i].due);
            assert_int_equal(kind % 2 ? json_array_size(root) : json_object_size(root), INTS[i].due == ASSAY_OK);
            if (INTS[i].due != ASSAY_OK) {
                assert_string_equal(
                    err.message, kind % 2 ? "'an array element' is an integer of 2^53 or more, which JSON readers round"
                                          : "'n' is an integer of 2^53 or more, which JSON readers round");
            }
            json_decref(root);
        }
    }
    for (int kind = 0; kind < 4; kind++) {
        struct assay_json_builder b = {0};
        json_t *root = json_object(), *list = assay_json_put_array(&b, root, "l");
        double value = kind % 2 ? (double)NAN : -(double)INFINITY;
        if (kind < 2) {
            assay_json_put_dec(&b, root, "n", value);
        } else {
            assay_json_add_double(&b, list, value);
        }
        assert_int_equal(assay_json_builder_check(&b, root, NULL), ASSAY_MALFORMED);
        assert_null(assay_json_add_object(&b, list)); /* what failed once stays failed */
        assert_null(assay_json_add_array(&b, list));
        json_decref(root);
    }
    struct assay_json_builder good = {0};
    assert_int_equal(assay_json_builder_check(&good, NULL, NULL), ASSAY_NO_MEMORY);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_member_and_element_is_written_as_it_is),
        cmocka_unit_test(an_integer_is_below_2_53_and_a_number_finite),
        cmocka_unit_test(getters_give_the_value_of_their_type),
        cmocka_unit_test(a_wrong_member_is_named_by_its_pointer),
        cmocka_unit_test(a_member_outside_the_list_is_refused),
        cmocka_unit_test(a_json_pointer_finds_what_rfc_6901_says),
        cmocka_unit_test(a_pointer_that_is_too_long_is_seen_to_be_cut_and_comes_back),
        cmocka_unit_test(a_tree_is_built_unchecked_and_asked_about_once),
        cmocka_unit_test(what_has_no_json_form_is_noticed_with_its_name),
        cmocka_unit_test(every_allocation_that_fails_while_building_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
