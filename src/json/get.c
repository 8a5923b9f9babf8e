#include "json/json.h"

#include "base/hex.h"
#include "base/num.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 64 /* of a wrong value in a message */

void assay_json_show(struct assay_buf *out, const json_t *value, size_t max_bytes)
{
    if (!value) {
        assay_buf_text(out, "nothing");
        return;
    }
    if (json_is_object(value)) {
        assay_buf_printf(out, "an object of %zu members", json_object_size(value));
        return;
    }
    if (json_is_array(value)) {
        assay_buf_printf(out, "an array of %zu elements", json_array_size(value));
        return;
    }
    if (json_is_string(value)) {
        assay_buf_char(out, '"');
        assay_text_show(out, json_string_value(value), json_string_length(value), max_bytes);
        assay_buf_char(out, '"');
        return;
    }
    struct assay_buf text; /* a scalar without foreign bytes */
    assay_buf_init(&text, ASSAY_ERR_BYTES);
    if (assay_json_line(value, &text, NULL) == ASSAY_OK) {
        assay_buf_append(out, text.data, text.len - 1); /* without its line end */
    } else if (out->failed == ASSAY_OK) {
        out->failed = text.failed; /* nothing shown must not pass for an empty value */
    }
    assay_buf_done(&text);
}

/* name: NULL if what is wrong is at `at` itself. */
static assay_code fail_found(const json_t *found, const char *name, const char *at, const char *expected,
                             assay_err *err)
{
    struct assay_buf shown;
    struct assay_json_pointer pointer = {.len = 0};
    if (name) {
        (void)assay_json_pointer_name(&pointer, name);
    }
    assay_buf_init(&shown, ASSAY_ERR_BYTES);
    assay_json_show(&shown, found, SHOWN_MAX);
    assay_code rc = assay_fail(err, ASSAY_MALFORMED, "%s%s%sfound %s, expected %s", at, pointer.text,
                               name || at[0] ? ": " : "", shown.data ? shown.data : "a value", expected);
    assay_buf_done(&shown);
    return rc;
}

assay_code assay_json_get(const json_t *object, const char *name, const char *at, json_t **ret, assay_err *err)
{
    assert(name && at && ret);
    if (!json_is_object(object)) {
        char expected[ASSAY_ERR_BYTES];
        (void)snprintf(expected, sizeof expected, "an object with '%s'", name);
        return fail_found(object, NULL, at, expected, err);
    }
    json_t *value = json_object_get(object, name);
    if (!value) {
        return fail_found(NULL, name, at, "this member", err);
    }
    *ret = value;
    return ASSAY_OK;
}

typedef bool (*type_test)(const json_t *value);

static assay_code get_typed(const json_t *object, const char *name, const char *at, type_test is_type,
                            const char *expected, json_t **ret, assay_err *err)
{
    json_t *value = NULL;
    assay_code rc = assay_json_get(object, name, at, &value, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (!is_type(value)) {
        return fail_found(value, name, at, expected, err);
    }
    *ret = value;
    return ASSAY_OK;
}

/* Jansson's tests are macros; a table of types needs functions. */
static bool is_object(const json_t *value)
{
    return json_is_object(value);
}

static bool is_array(const json_t *value)
{
    return json_is_array(value);
}

static bool is_text(const json_t *value)
{
    return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value);
}

static bool is_bool(const json_t *value)
{
    return json_is_boolean(value);
}

static bool is_integer(const json_t *value)
{
    return json_is_integer(value);
}

static bool is_count(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool is_number(const json_t *value)
{
    return json_is_number(value);
}

assay_code assay_json_get_object(const json_t *object, const char *name, const char *at, json_t **ret, assay_err *err)
{
    return get_typed(object, name, at, is_object, "an object", ret, err);
}

assay_code assay_json_get_array(const json_t *object, const char *name, const char *at, json_t **ret, assay_err *err)
{
    return get_typed(object, name, at, is_array, "an array", ret, err);
}

assay_code assay_json_get_text(const json_t *object, const char *name, const char *at, const char **ret, assay_err *err)
{
    json_t *value = NULL;
    assay_code rc = get_typed(object, name, at, is_text, "a string", &value, err);
    if (rc == ASSAY_OK) {
        *ret = json_string_value(value);
    }
    return rc;
}

assay_code assay_json_get_bool(const json_t *object, const char *name, const char *at, bool *ret, assay_err *err)
{
    json_t *value = NULL;
    assay_code rc = get_typed(object, name, at, is_bool, "true or false", &value, err);
    if (rc == ASSAY_OK) {
        *ret = json_is_true(value);
    }
    return rc;
}

assay_code assay_json_get_int(const json_t *object, const char *name, const char *at, int64_t *ret, assay_err *err)
{
    json_t *value = NULL;
    assay_code rc = get_typed(object, name, at, is_integer, "an integer", &value, err);
    if (rc == ASSAY_OK) {
        *ret = json_integer_value(value);
    }
    return rc;
}

assay_code assay_json_get_u64(const json_t *object, const char *name, const char *at, uint64_t *ret, assay_err *err)
{
    json_t *value = NULL;
    assay_code rc = get_typed(object, name, at, is_count, "an integer of 0 or more", &value, err);
    if (rc == ASSAY_OK) {
        *ret = (uint64_t)json_integer_value(value);
    }
    return rc;
}

assay_code assay_json_get_double(const json_t *object, const char *name, const char *at, double *ret, assay_err *err)
{
    json_t *value = NULL;
    assay_code rc = get_typed(object, name, at, is_number, "a number", &value, err);
    if (rc == ASSAY_OK) {
        *ret = json_number_value(value);
    }
    return rc;
}

/* ---- strings that stand for numbers and bytes ---- */

bool assay_json_u64_read(const char *text, uint64_t *ret)
{
    struct assay_slice digits = assay_slice_of(text);
    if (digits.len > 1 && digits.data[0] == '0') {
        return false;
    }
    return assay_num_u64(digits, "a counter", UINT64_MAX, ret, NULL) == ASSAY_OK;
}

bool assay_json_dec_read(const char *text, double *ret)
{
    double value = 0;
    char printed[ASSAY_NUM_TEXT_BYTES];
    if (assay_num_double(assay_slice_of(text), "a decimal", &value, NULL) != ASSAY_OK) {
        return false;
    }
    (void)assay_num_print_shortest(value, printed);
    if (strcmp(printed, text) != 0) {
        return false;
    }
    *ret = value;
    return true;
}

assay_code assay_json_get_u64_text(const json_t *object, const char *name, const char *at, uint64_t *ret,
                                   assay_err *err)
{
    json_t *value = NULL;
    static const char EXPECTED[] = "a string of decimal digits below 2^64";
    assay_code rc = get_typed(object, name, at, is_text, EXPECTED, &value, err);
    if (rc == ASSAY_OK && !assay_json_u64_read(json_string_value(value), ret)) {
        rc = fail_found(value, name, at, EXPECTED, err);
    }
    return rc;
}

assay_code assay_json_get_dec(const json_t *object, const char *name, const char *at, double *ret, assay_err *err)
{
    json_t *value = NULL;
    static const char EXPECTED[] = "a string with the shortest decimal of a binary64";
    assay_code rc = get_typed(object, name, at, is_text, EXPECTED, &value, err);
    if (rc == ASSAY_OK && !assay_json_dec_read(json_string_value(value), ret)) {
        rc = fail_found(value, name, at, EXPECTED, err);
    }
    return rc;
}

assay_code assay_json_get_hex(const json_t *object, const char *name, const char *at, void *ret_bytes, size_t bytes,
                              assay_err *err)
{
    json_t *value = NULL;
    static const char EXPECTED[] = "a string of lowercase hex digits";
    assay_code rc = get_typed(object, name, at, is_text, EXPECTED, &value, err);
    if (rc == ASSAY_OK &&
        (json_string_length(value) != 2 * bytes || !assay_hex_read(json_string_value(value), ret_bytes, bytes))) {
        rc = fail_found(value, name, at, EXPECTED, err);
    }
    return rc;
}

assay_code assay_json_only(const json_t *object, const char *const *names, const char *at, assay_err *err)
{
    const char *name;
    json_t *value;
    union {
        const json_t *in;
        json_t *out;
    } walked = {object}; /* the iteration only reads */
    if (!json_is_object(object)) {
        return fail_found(object, NULL, at, "an object", err);
    }
    json_object_foreach(walked.out, name, value)
    {
        size_t i = 0;
        while (names[i] && strcmp(names[i], name) != 0) {
            i++;
        }
        if (!names[i]) {
            return fail_found(value, name, at, "no member of this name", err);
        }
    }
    return ASSAY_OK;
}
