#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
