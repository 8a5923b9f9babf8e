#include "support/operators.h"

#include <string.h>

static json_t *text_like(const json_t *value, const char *text)
{
    return json_is_string(value) && strcmp(json_string_value(value), text) != 0 ? json_string(text) : NULL;
}

static bool read_numeric(const json_t *value, double *ret)
{
    if (json_is_integer(value)) {
        *ret = (double)json_integer_value(value);
        return true;
    }
    const char *text = json_string_value(value);
    return text && assay_json_dec_read(text, ret);
}

static json_t *numeric_like(const json_t *value, double x)
{
    double old = 0;
    if (!read_numeric(value, &old) || old == x) {
        return NULL;
    }
    if (json_is_integer(value)) {
        return json_integer((json_int_t)x);
    }
    struct assay_json_builder b = {0};
    json_t *holder = json_object();
    assay_json_put_dec(&b, holder, "x", x);
    json_t *made = json_incref(json_object_get(holder, "x"));
    json_decref(holder);
    return made;
}

static json_t *plus_one(const json_t *value)
{
    double x = 0;
    return read_numeric(value, &x) ? numeric_like(value, x + 1) : NULL;
}

static json_t *minus_one(const json_t *value)
{
    double x = 0;
    return read_numeric(value, &x) ? numeric_like(value, x - 1) : NULL;
}

static json_t *sign(const json_t *value)
{
    double x = 0;
    return read_numeric(value, &x) ? numeric_like(value, -x) : NULL;
}

static json_t *zero(const json_t *value)
{
    return numeric_like(value, 0);
}

static json_t *huge(const json_t *value)
{
    return numeric_like(value, 9007199254740991.0);
}

static json_t *times_thousand(const json_t *value) /* as a unit mistaken */
{
    double x = 0;
    return read_numeric(value, &x) ? numeric_like(value, x * 1000) : NULL;
}

static json_t *empty(const json_t *value)
{
    if (json_is_array(value)) {
        return json_array_size(value) > 0 ? json_array() : NULL;
    }
    if (json_is_object(value)) {
        return json_object_size(value) > 0 ? json_object() : NULL;
    }
    return text_like(value, "");
}

static json_t *other_type(const json_t *value)
{
    return json_is_true(value) ? json_string("true") : json_true();
}

static json_t *to_array(const json_t *value)
{
    return json_pack("[O]", value);
}

static json_t *negated(const json_t *value)
{
    return json_is_boolean(value) ? json_boolean(!json_boolean_value(value)) : NULL;
}

static json_t *unknown(const json_t *value)
{
    return json_object_get(value, "unknown") ? json_pack("{s:s}", "absent", "turned")
                                             : json_pack("{s:s}", "unknown", "not looked");
}

/* The first character becomes one that looks the same: Cyrillic a, e, o, or one with another digit. */
static json_t *homoglyph(const json_t *value)
{
    static const struct {
        char latin;
        const char *other;
    } LOOKS[] = {{'a', "\xD0\xB0"}, {'e', "\xD0\xB5"}, {'o', "\xD0\xBE"}, {'c', "\xD1\x81"}, {'p', "\xD1\x80"}};
    const char *text = json_string_value(value);
    for (size_t i = 0; text && i < sizeof LOOKS / sizeof LOOKS[0]; i++) {
        const char *at = strchr(text, LOOKS[i].latin);
        if (at) {
            return json_sprintf("%.*s%s%s", (int)(at - text), text, LOOKS[i].other, at + 1);
        }
    }
    return NULL;
}

static json_t *last_character(const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = text ? strlen(text) : 0;
    if (len == 0) {
        return NULL;
    }
    char last = text[len - 1] == '1' ? '2' : '1';
    return json_sprintf("%.*s%c", (int)len - 1, text, last);
}

static json_t *reversed(const json_t *value)
{
    size_t n = json_array_size(value);
    if (n < 2) {
        return NULL;
    }
    json_t *array = json_array();
    for (size_t i = n; i > 0; i--) {
        (void)json_array_append(array, json_array_get(value, i - 1));
    }
    if (json_equal(array, value)) {
        json_decref(array);
        return NULL;
    }
    return array;
}

static json_t *doubled(const json_t *value)
{
    size_t n = json_array_size(value);
    json_t *array = n > 0 ? json_copy((json_t *)(uintptr_t)value) : NULL;
    if (array) {
        (void)json_array_append(array, json_array_get(value, n - 1));
    }
    return array;
}

static json_t *with_more(const json_t *value)
{
    json_t *object = json_is_object(value) ? json_copy((json_t *)(uintptr_t)value) : NULL;
    if (object) {
        (void)json_object_set_new(object, "verified", json_true());
    }
    return object;
}

const struct operator operators[] = {
    {"plus one", plus_one},
    {"minus one", minus_one},
    {"sign", sign},
    {"zero", zero},
    {"huge", huge},
    {"unit", times_thousand},
    {"empty", empty},
    {"type", other_type},
    {"array", to_array},
    {"negate", negated},
    {"unknown", unknown},
    {"homoglyph", homoglyph},
    {"last character", last_character},
    {"reverse", reversed},
    {"double", doubled},
    {"more", with_more},
};

const size_t operators_count = sizeof operators / sizeof operators[0];

static void walk(json_t *value, struct assay_json_pointer *at, void (*visit)(void *context, const char *pointer),
                 void *context)
{
    const char *name;
    size_t index;
    json_t *member;
    if (at->len > 0) {
        visit(context, at->text);
    }
    json_object_foreach(value, name, member)
    {
        size_t mark = assay_json_pointer_name(at, name);
        walk(member, at, visit, context);
        assay_json_pointer_back(at, mark);
    }
    json_array_foreach(value, index, member)
    {
        size_t mark = assay_json_pointer_index(at, index);
        walk(member, at, visit, context);
        assay_json_pointer_back(at, mark);
    }
}

void operators_walk(json_t *statement, void (*visit)(void *context, const char *pointer), void *context)
{
    struct assay_json_pointer at = {.len = 0};
    walk(statement, &at, visit, context);
}
