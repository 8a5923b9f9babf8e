#include "json/json.h"

#include "base/hex.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define INTEGER_LIMIT ((uint64_t)1 << 53) /* JSON integers of assay are below: every reader keeps them exactly */

static void fail_at(struct assay_json_builder *b, assay_code code, const char *name)
{
    if (b->failed == ASSAY_OK) {
        b->failed = code;
        b->name = name;
    }
}

void assay_json_put(struct assay_json_builder *b, json_t *object, const char *name, json_t *taken)
{
    /* set_new takes the value even when it fails, and fails on NULL, so every way out is this one */
    if (json_object_set_new_nocheck(object, name, taken) != 0) {
        fail_at(b, ASSAY_NO_MEMORY, name);
    }
}

void assay_json_add(struct assay_json_builder *b, json_t *array, json_t *taken)
{
    if (json_array_append_new(array, taken) != 0) {
        fail_at(b, ASSAY_NO_MEMORY, "an array element");
    }
}

/* ---- values, NULL when they cannot be made: put and add notice ---- */

static json_t *make_text(struct assay_json_builder *b, const char *name, const char *bytes, size_t len)
{
    if (assay_utf8_valid_prefix(bytes, len) != len) {
        fail_at(b, ASSAY_MALFORMED, name);
        return NULL;
    }
    return json_stringn_nocheck(bytes, len);
}

static json_t *make_u64(struct assay_json_builder *b, const char *name, uint64_t value)
{
    if (value >= INTEGER_LIMIT) {
        fail_at(b, ASSAY_TOO_LARGE, name);
        return NULL;
    }
    return json_integer((json_int_t)value);
}

static json_t *make_int(struct assay_json_builder *b, const char *name, int64_t value)
{
    if (value >= (int64_t)INTEGER_LIMIT || value <= -(int64_t)INTEGER_LIMIT) {
        fail_at(b, ASSAY_TOO_LARGE, name);
        return NULL;
    }
    return json_integer(value);
}

static json_t *make_double(struct assay_json_builder *b, const char *name, double value)
{
    if (!isfinite(value)) {
        fail_at(b, ASSAY_MALFORMED, name);
        return NULL;
    }
    return json_real(value);
}

static json_t *make_dec(struct assay_json_builder *b, const char *name, double value)
{
    char text[ASSAY_NUM_TEXT_BYTES];
    if (!isfinite(value)) {
        fail_at(b, ASSAY_MALFORMED, name);
        return NULL;
    }
    return json_stringn_nocheck(text, assay_num_print_shortest(value, text));
}

static json_t *make_hex(const void *bytes, size_t len)
{
    json_t *made = NULL;
    char *text = assay_alloc(2 * len + 1, 1);
    if (text) {
        assay_hex_print(bytes, len, text);
        made = json_stringn_nocheck(text, 2 * len);
    }
    assay_free(text);
    return made;
}

/* ---- members ---- */

json_t *assay_json_put_object(struct assay_json_builder *b, json_t *object, const char *name)
{
    assay_json_put(b, object, name, json_object());
    return json_object_get(object, name);
}

json_t *assay_json_put_array(struct assay_json_builder *b, json_t *object, const char *name)
{
    assay_json_put(b, object, name, json_array());
    return json_object_get(object, name);
}

void assay_json_put_text(struct assay_json_builder *b, json_t *object, const char *name, const char *text)
{
    assay_json_put(b, object, name, make_text(b, name, text, strlen(text)));
}

void assay_json_put_slice(struct assay_json_builder *b, json_t *object, const char *name, const char *bytes, size_t len)
{
    assay_json_put(b, object, name, make_text(b, name, len ? bytes : "", len));
}

void assay_json_put_bool(struct assay_json_builder *b, json_t *object, const char *name, bool value)
{
    assay_json_put(b, object, name, json_boolean(value));
}

void assay_json_put_null(struct assay_json_builder *b, json_t *object, const char *name)
{
    assay_json_put(b, object, name, json_null());
}

void assay_json_put_int(struct assay_json_builder *b, json_t *object, const char *name, int64_t value)
{
    assay_json_put(b, object, name, make_int(b, name, value));
}

void assay_json_put_u64(struct assay_json_builder *b, json_t *object, const char *name, uint64_t value)
{
    assay_json_put(b, object, name, make_u64(b, name, value));
}

void assay_json_put_double(struct assay_json_builder *b, json_t *object, const char *name, double value)
{
    assay_json_put(b, object, name, make_double(b, name, value));
}

void assay_json_put_u64_text(struct assay_json_builder *b, json_t *object, const char *name, uint64_t value)
{
    char text[24]; /* 2^64 - 1 has 20 digits */
    int n = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    assert(n > 0 && (size_t)n < sizeof text);
    assay_json_put(b, object, name, json_stringn_nocheck(text, (size_t)n));
}

void assay_json_put_dec(struct assay_json_builder *b, json_t *object, const char *name, double value)
{
    assay_json_put(b, object, name, make_dec(b, name, value));
}

void assay_json_put_hex(struct assay_json_builder *b, json_t *object, const char *name, const void *bytes, size_t len)
{
    assay_json_put(b, object, name, make_hex(bytes, len));
}

/* ---- elements ---- */

static json_t *last_of(json_t *array)
{
    return json_array_get(array, json_array_size(array) - 1); /* of none: beyond its end, NULL */
}

json_t *assay_json_add_object(struct assay_json_builder *b, json_t *array)
{
    json_t *object = json_object();
    assay_json_add(b, array, object);
    return b->failed == ASSAY_OK ? last_of(array) : NULL;
}

json_t *assay_json_add_array(struct assay_json_builder *b, json_t *array)
{
    json_t *inner = json_array();
    assay_json_add(b, array, inner);
    return b->failed == ASSAY_OK ? last_of(array) : NULL;
}

void assay_json_add_text(struct assay_json_builder *b, json_t *array, const char *text)
{
    assay_json_add(b, array, make_text(b, "an array element", text, strlen(text)));
}

void assay_json_add_int(struct assay_json_builder *b, json_t *array, int64_t value)
{
    assay_json_add(b, array, make_int(b, "an array element", value));
}

void assay_json_add_u64(struct assay_json_builder *b, json_t *array, uint64_t value)
{
    assay_json_add(b, array, make_u64(b, "an array element", value));
}

void assay_json_add_double(struct assay_json_builder *b, json_t *array, double value)
{
    assay_json_add(b, array, make_double(b, "an array element", value));
}

assay_code assay_json_builder_check(const struct assay_json_builder *b, const json_t *root, assay_err *err)
{
    switch ((int)b->failed) {
    case ASSAY_OK:
        return root ? ASSAY_OK : assay_nomem(err);
    case ASSAY_NO_MEMORY:
        return assay_nomem(err);
    case ASSAY_TOO_LARGE:
        return assay_fail(err, ASSAY_TOO_LARGE, "'%s' is an integer of 2^53 or more, which JSON readers round",
                          b->name);
    default:
        return assay_fail(err, b->failed, "'%s' has no JSON form: text must be well-formed UTF-8, numbers finite",
                          b->name);
    }
}
