#include "support/edit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

json_t *edit_parent(json_t *root, const char *pointer, char *ret_name, size_t name_bytes)
{
    char parent[ASSAY_JSON_POINTER_BYTES];
    const char *cut = strrchr(pointer, '/');
    if (!cut || strlen(pointer) >= sizeof parent || strlen(cut) > name_bytes) {
        fail_msg("'%s' is no pointer to a member", pointer);
    }
    memcpy(parent, pointer, (size_t)(cut - pointer));
    parent[cut - pointer] = '\0';
    memcpy(ret_name, cut + 1, strlen(cut));
    json_t *container = assay_json_at(root, parent);
    if (!container) {
        fail_msg("there is nothing at '%s'", parent);
    }
    return container;
}

static size_t index_of(const char *name)
{
    return (size_t)strtoul(name, NULL, 10);
}

void edit_set(json_t *root, const char *pointer, json_t *taken)
{
    char name[ASSAY_JSON_POINTER_BYTES];
    json_t *container = edit_parent(root, pointer, name, sizeof name);
    int rc = json_is_array(container) ? json_array_set_new(container, index_of(name), taken)
                                      : json_object_set_new_nocheck(container, name, taken);
    assert_int_equal(rc, 0);
}

void edit_drop(json_t *root, const char *pointer)
{
    char name[ASSAY_JSON_POINTER_BYTES];
    json_t *container = edit_parent(root, pointer, name, sizeof name);
    int rc = json_is_array(container) ? json_array_remove(container, index_of(name)) : json_object_del(container, name);
    assert_int_equal(rc, 0);
}

void edit_append(json_t *root, const char *pointer, json_t *taken)
{
    assert_int_equal(json_array_append_new(assay_json_at(root, pointer), taken), 0);
}

void edit_swap(json_t *root, const char *a, const char *b)
{
    json_t *first = json_deep_copy(assay_json_at(root, a)), *second = json_deep_copy(assay_json_at(root, b));
    assert_non_null(first);
    assert_non_null(second);
    edit_set(root, a, second);
    edit_set(root, b, first);
}

void edit_grow(json_t *root, const char *pointer, size_t count)
{
    json_t *array = assay_json_at(root, pointer);
    assert_true(json_array_size(array) > 0);
    while (json_array_size(array) < count) {
        json_t *last = json_array_get(array, json_array_size(array) - 1);
        assert_int_equal(json_array_append_new(array, json_deep_copy(last)), 0);
    }
}

void edit_bytes(struct assay_buf *bytes, const char *from, size_t from_len, const char *to, size_t to_len)
{
    struct assay_buf edited;
    const char *at = memmem(bytes->data, bytes->len, from, from_len);
    if (!at) {
        fail_msg("'%.*s' does not occur", (int)from_len, from);
    }
    assay_buf_init(&edited, bytes->max);
    assay_buf_append(&edited, bytes->data, (size_t)(at - bytes->data));
    assay_buf_append(&edited, to, to_len);
    at += from_len;
    assay_buf_append(&edited, at, bytes->len - (size_t)(at - bytes->data));
    assay_buf_done(bytes);
    *bytes = edited;
}
