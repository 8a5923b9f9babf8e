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

static json_t *read_ok(const char *text)
{
    json_t *value = NULL;
    assay_err err = {0};
    if (assay_yaml_read(text, strlen(text), &value, &err) != ASSAY_OK) {
        fail_msg("%s", err.message);
    }
    return value;
}

static void refuses(const char *text, const char *reason)
{
    json_t *value = NULL;
    assay_err err = {0};
    assert_int_equal(assay_yaml_read(text, strlen(text), &value, &err), ASSAY_MALFORMED);
    assert_null(value);
    if (!strstr(err.message, reason)) {
        fail_msg("'%s' does not say '%s'", err.message, reason);
    }
}

static void scalars_stay_the_text_that_was_typed(void **state)
{
    (void)state;
    json_t *value = read_ok("a: 0x10\nb: yes\nc: [1e999, .nan, ~]\nd: 'x: y'\n");
    assert_string_equal(json_string_value(json_object_get(value, "a")), "0x10");
    assert_string_equal(json_string_value(json_object_get(value, "b")), "yes");
    assert_string_equal(json_string_value(json_array_get(json_object_get(value, "c"), 2)), "~");
    assert_string_equal(json_string_value(json_object_get(value, "d")), "x: y");
    json_decref(value);
}

static void a_repeated_key_is_refused(void **state)
{
    (void)state;
    refuses("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' is repeated");
}

static void anchors_aliases_and_tags_are_refused(void **state)
{
    (void)state;
    refuses("a: &x 1\n", "anchors");
    refuses("a: *x\n", "aliases");
    refuses("a: !!int 1\n", "tags");
    refuses("a: &x [1]\n", "anchors");
}

static void a_second_document_is_refused(void **state)
{
    (void)state;
    refuses("a: 1\n---\nb: 2\n", "second document");
    refuses("", "no document");
}

static void depth_is_limited(void **state)
{
    (void)state;
    refuses("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "nested too deeply");
    json_decref(read_ok("[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"));
}

static void broken_text_is_refused_with_its_place(void **state)
{
    (void)state;
    refuses("a: [1, 2\n", "line 2");
    refuses("a: \xff\n", "byte 3: not UTF-8");
}

static void a_refusal_names_the_line_and_the_column(void **state)
{
    (void)state;
    static const struct {
        const char *text, *due;
    } CASES[] = {
        {"", "line 1, column 1: the file holds no document"},
        {"# c\n", "line 2, column 1: the file holds no document"},
        {"a: &x 1\n", "line 1, column 4: anchors are not allowed; write the value out"},
        {"a: &x [1]\n", "line 1, column 4: anchors are not allowed; write the value out"},
        {"- &m {a: 1}\n", "line 1, column 3: anchors are not allowed; write the value out"},
        {"x: 1\ny:\n  &k z: 1\n", "line 3, column 3: anchors are not allowed; write the value out"},
        {"*x\n", "line 1, column 1: aliases are not allowed; write the value out"},
        {"[a, *x]\n", "line 1, column 5: aliases are not allowed; write the value out"},
        {"a:\n  b: *x\n", "line 2, column 6: aliases are not allowed; write the value out"},
        {"a: !!int 1\n", "line 1, column 4: tags are not allowed; write the plain value"},
        {"a: ! [1]\n", "line 1, column 4: tags are not allowed; write the plain value"},
        {"- !t {a: 1}\n", "line 1, column 3: tags are not allowed; write the plain value"},
        {"x: 1\ny:\n  !k z: 1\n", "line 3, column 3: tags are not allowed; write the plain value"},
        {"a: 1\n---\nb: 2\n", "line 2, column 1: a second document is not allowed"},
        {"a: \"x\\0y\"\n", "line 1, column 4: a NUL character is not allowed"},
        {"\"x\\0y\": 1\n", "line 1, column 1: a NUL character is not allowed"},
        {"{[a]: 1}\n", "line 1, column 2: a key must be a word"},
        {"b: 1\n? {c: 2}\n: 1\n", "line 2, column 3: a key must be a word"},
        {"a: 1\nb: 2\na: 3\n", "line 3: the key 'a' is repeated"},
        {"a: {b: 1,\n  c: 2, b: 3}\n", "line 2: the key 'b' is repeated"},
        {"a: [\xff]\n", "byte 4: not UTF-8"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        json_t *value = NULL;
        assay_err err = {0};
        assert_int_equal(assay_yaml_read(CASES[i].text, strlen(CASES[i].text), &value, &err), ASSAY_MALFORMED);
        assert_string_equal(err.message, CASES[i].due);
        assert_null(value);
    }
    refuses("a: 1\n\tb: 2\n", "line 2, column 1: not YAML: ");
    refuses("a: b: c\n", "line 1, column 5: not YAML: ");
    refuses("a: 1\n---\n[\n", "line 2, column 1: a second document is not allowed");
    refuses("a: 1\n...\n@\n", "line 3, column 1: not YAML: ");
}

static void what_is_read_is_the_tree_that_is_meant(void **state)
{
    (void)state;
    static const struct {
        const char *text, *due;
    } CASES[] = {
        {"x", "\"x\"\n"},
        {"a:\n", "{\"a\":\"\"}\n"},
        {"- \n- x\n", "[\"\",\"x\"]\n"},
        {"a: |\n  text\n  more\n", "{\"a\":\"text\\nmore\\n\"}\n"},
        {"---\n\"a\": 'b'\n...\n", "{\"a\":\"b\"}\n"},
        {"{}", "{}\n"},
        {"[]", "[]\n"},
        {"b: {x: [1, {y: 2}]}\na: [[], {}]\n", "{\"b\":{\"x\":[\"1\",{\"y\":\"2\"}]},\"a\":[[],{}]}\n"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_buf out;
        json_t *value = read_ok(CASES[i].text);
        assay_buf_init(&out, 4096);
        assert_int_equal(assay_json_line(value, &out, NULL), ASSAY_OK);
        assert_string_equal(out.data, CASES[i].due);
        assay_buf_done(&out);
        json_decref(value);
    }
}

/* Mappings and sequences count alike, and what is closed again does not. */
static void depth_is_of_what_is_open(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        for (int depth = ASSAY_YAML_DEPTH_MAX - 1; depth <= ASSAY_YAML_DEPTH_MAX + 1; depth++) {
            char text[256] = "";
            size_t len = 0;
            for (int i = 0; i < depth; i++) {
                bool is_map = kind == 1 || (kind == 2 && i % 2);
                len += (size_t)snprintf(text + len, sizeof text - len, "%s", is_map ? "{a: " : "[");
            }
            len += (size_t)snprintf(text + len, sizeof text - len, "1");
            for (int i = depth - 1; i >= 0; i--) {
                bool is_map = kind == 1 || (kind == 2 && i % 2);
                text[len++] = is_map ? '}' : ']';
            }
            if (depth > ASSAY_YAML_DEPTH_MAX) {
                refuses(text, "nested too deeply");
            } else {
                json_decref(read_ok(text));
            }
        }
    }
    json_decref(
        read_ok("[[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],[1],{a: 1}]"));
}

static void a_file_is_read_up_to_its_limit(void **state)
{
    (void)state;
    for (size_t over = 0; over <= 1; over++) {
        char *text = malloc(ASSAY_YAML_BYTES_MAX + 1);
        json_t *value = NULL;
        assay_err err = {0};
        assert_non_null(text);
        memset(text, 'x', ASSAY_YAML_BYTES_MAX + 1);
        assert_int_equal(assay_yaml_read(text, ASSAY_YAML_BYTES_MAX + over, &value, &err),
                         over ? ASSAY_TOO_LARGE : ASSAY_OK);
        assert_string_equal(err.message, over ? "262145 bytes of YAML; at most 262144 are allowed" : "");
        json_decref(value);
        free(text);
    }
}

static void every_value_is_known_by_its_line(void **state)
{
    (void)state;
    struct assay_yaml_lines lines = {0};
    json_t *value = NULL, *stranger = json_true();
    static const char TEXT[] = "a: 1\n\nb:\n  - x\n  - {c: y,\n     d: z}\n";
    assert_int_equal(assay_yaml_line(&lines, stranger), 0); /* of no file nothing is known */
    assert_int_equal(assay_yaml_read_lines(TEXT, sizeof TEXT - 1, &value, &lines, NULL), ASSAY_OK);
    json_t *list = json_object_get(value, "b"), *object = json_array_get(list, 1);
    assert_int_equal(lines.count, 7);
    assert_int_equal(assay_yaml_line(&lines, value), 1);
    assert_int_equal(assay_yaml_line(&lines, json_object_get(value, "a")), 1);
    assert_int_equal(assay_yaml_line(&lines, list), 4);
    assert_int_equal(assay_yaml_line(&lines, json_array_get(list, 0)), 4);
    assert_int_equal(assay_yaml_line(&lines, object), 5);
    assert_int_equal(assay_yaml_line(&lines, json_object_get(object, "c")), 5);
    assert_int_equal(assay_yaml_line(&lines, json_object_get(object, "d")), 6);
    assert_int_equal(assay_yaml_line(&lines, stranger), 0);
    assay_yaml_lines_done(&lines);
    assert_int_equal(lines.count, 0);
    json_decref(value);
}

static void lines_are_kept_of_many_values(void **state)
{
    (void)state;
    struct assay_yaml_lines lines = {0};
    struct assay_buf text;
    json_t *value = NULL;
    enum { COUNT = 300 };
    assay_buf_init(&text, 1 << 16);
    for (int i = 0; i < COUNT; i++) {
        assay_buf_printf(&text, "- v%d\n", i);
    }
    assert_int_equal(assay_yaml_read_lines(text.data, text.len, &value, &lines, NULL), ASSAY_OK);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(assay_yaml_line(&lines, json_array_get(value, i)), i + 1);
    }
    assert_int_equal(lines.count, COUNT + 1);
    assert_int_equal(lines.capacity, 512); /* doubled */
    assay_yaml_lines_done(&lines);
    json_decref(value);
    assay_buf_done(&text);
}

static void every_allocation_that_fails_is_reported(void **state)
{
    (void)state;
    static const char TEXT[] = "a: [1, {b: c}]\nd: {e: [f]}\n";
    unsigned long n = 1;
    for (assay_code rc = ASSAY_NO_MEMORY; rc != ASSAY_OK; n++) {
        struct assay_yaml_lines lines = {0};
        json_t *value = NULL;
        assay_err err = {0};
        assay_mem_fail_at(n);
        rc = assay_yaml_read_lines(TEXT, sizeof TEXT - 1, &value, &lines, &err);
        assay_mem_fail_at(0);
        assert_true(rc == ASSAY_OK || rc == ASSAY_NO_MEMORY);
        assert_int_equal(err.code, rc);
        assert_int_equal(value != NULL, rc == ASSAY_OK);
        assay_yaml_lines_done(&lines);
        json_decref(value);
    }
    assert_true(n > 20);
}

int main(void)
{
    assay_json_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_stay_the_text_that_was_typed),
        cmocka_unit_test(a_repeated_key_is_refused),
        cmocka_unit_test(anchors_aliases_and_tags_are_refused),
        cmocka_unit_test(a_second_document_is_refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(broken_text_is_refused_with_its_place),
        cmocka_unit_test(a_refusal_names_the_line_and_the_column),
        cmocka_unit_test(what_is_read_is_the_tree_that_is_meant),
        cmocka_unit_test(depth_is_of_what_is_open),
        cmocka_unit_test(a_file_is_read_up_to_its_limit),
        cmocka_unit_test(every_value_is_known_by_its_line),
        cmocka_unit_test(lines_are_kept_of_many_values),
        cmocka_unit_test(every_allocation_that_fails_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
