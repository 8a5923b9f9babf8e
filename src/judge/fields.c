#include "judge/field.h"
#include "judge/judge_room.h"

#include "base/clock.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define STR_BYTES_MAX 256 /* evidence.md 1.2 */
#define ID_BYTES_MAX 64
#define INTEGER_LIMIT (((int64_t)1 << 53) - 1)

struct walker {
    struct judge *judge;
    struct assay_json_pointer at;
};

static void walk(struct walker *walker, const struct field *field, json_t *value);

static void refuse(struct walker *walker, const json_t *found, const char *expected)
{
    judge_fail(walker->judge, GATE_FIELD, walker->at.text, found, expected);
}

/* ---- texts ---- */

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Length of the id at the start of text; 0 if there is none. */
static size_t id_len(const char *text)
{
    size_t n = 0;
    while (is_lower_or_digit(text[n]) || (n > 0 && (text[n] == '_' || text[n] == '.' || text[n] == '-'))) {
        n++;
    }
    return n <= ID_BYTES_MAX ? n : 0;
}

static bool is_id(const char *text)
{
    size_t n = id_len(text);
    return n > 0 && text[n] == '\0';
}

/* id@version, the version a number without leading zero. */
static bool is_ref(const char *text)
{
    size_t n = id_len(text);
    if (n == 0 || text[n] != '@' || text[n + 1] == '0') {
        return false;
    }
    size_t digits = strspn(text + n + 1, "0123456789");
    return digits > 0 && digits <= 9 && text[n + 1 + digits] == '\0';
}

static bool is_commit(const char *text)
{
    return assay_text_is_hex(text, 40) || assay_text_is_hex(text, 64);
}

static bool is_str(const char *text)
{
    return strlen(text) <= STR_BYTES_MAX;
}

static bool is_time(const char *text)
{
    int64_t seconds;
    return assay_time_read(text, &seconds);
}

static bool is_dec(const char *text)
{
    double value;
    return assay_json_dec_read(text, &value);
}

static bool is_u64(const char *text)
{
    uint64_t value;
    return assay_json_u64_read(text, &value);
}

/* The types that are strings; HEX is apart, since it has a length. */
static const struct {
    enum field_type type;
    bool (*is_valid)(const char *text);
    const char *expected;
} TEXTS[] = {
    {FIELD_U64, is_u64, "a string of decimal digits below 2^64"},
    {FIELD_DEC, is_dec, "a string with the shortest decimal of a binary64"},
    {FIELD_COMMIT, is_commit, "40 or 64 lowercase hex digits"},
    {FIELD_TIME, is_time, "a time YYYY-MM-DDTHH:MM:SSZ"},
    {FIELD_ID, is_id, "an id of a-z, 0-9, '_', '.', '-', at most 64 characters"},
    {FIELD_REF, is_ref, "an id and a version, id@1"},
    {FIELD_STR, is_str, "a string of at most 256 bytes"},
};

static bool is_chosen(const char *const *choices, const char *text)
{
    for (size_t i = 0; choices[i]; i++) {
        if (strcmp(choices[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static void refuse_choice(struct walker *walker, const struct field *field, const json_t *value)
{
    struct assay_buf expected;
    assay_buf_init(&expected, 1024);
    assay_buf_text(&expected, field->choices[1] ? "one of" : "");
    for (size_t i = 0; field->choices[i]; i++) {
        assay_buf_printf(&expected, "%s\"%s\"", expected.len > 0 ? " " : "", field->choices[i]);
    }
    walker->judge->is_out_of_memory = walker->judge->is_out_of_memory || !expected.data;
    refuse(walker, value, expected.data ? expected.data : "");
    assay_buf_done(&expected);
}

static void walk_text(struct walker *walker, const struct field *field, json_t *value)
{
    const char *text = json_string_value(value);
    char hex_expected[64];
    if (field->type == FIELD_HEX) {
        (void)snprintf(hex_expected, sizeof hex_expected, "%u lowercase hex digits", field->digits);
        if (!text || !assay_text_is_hex(text, field->digits)) {
            refuse(walker, value, hex_expected);
        }
        return;
    }
    size_t i = 0;
    while (TEXTS[i].type != field->type) {
        i++;
        assert(i < sizeof TEXTS / sizeof TEXTS[0]);
    }
    if (!text || strlen(text) != json_string_length(value) || !TEXTS[i].is_valid(text)) {
        refuse(walker, value, TEXTS[i].expected);
    } else if (field->choices && !is_chosen(field->choices, text)) {
        refuse_choice(walker, field, value);
    }
}

/* ---- other scalars ---- */

static void walk_int(struct walker *walker, const struct field *field, json_t *value)
{
    bool has_range = field->low != 0 || field->high != 0;
    int64_t low = has_range ? field->low : 0, high = has_range ? field->high : INTEGER_LIMIT;
    char expected[96];
    if (!json_is_integer(value) || json_integer_value(value) < low || json_integer_value(value) > high) {
        (void)snprintf(expected, sizeof expected, "an integer from %lld to %lld", (long long)low, (long long)high);
        refuse(walker, value, expected);
    }
}

static void walk_bool(struct walker *walker, const json_t *value)
{
    if (!json_is_boolean(value)) {
        refuse(walker, value, "true or false");
    }
}

static void walk_data(struct walker *walker, json_t *value)
{
    const char *name;
    json_t *member;
    if (!json_is_object(value)) {
        refuse(walker, value, "an object of integers and decimals");
        return;
    }
    json_object_foreach(value, name, member)
    {
        size_t mark = assay_json_pointer_name(&walker->at, name);
        const char *text = json_string_value(member);
        bool is_number = json_is_integer(member) || (text && is_dec(text));
        if (!is_number || strlen(name) > ID_BYTES_MAX) {
            refuse(walker, member, "an integer or a decimal, under a name of at most 64 bytes");
        }
        assay_json_pointer_back(&walker->at, mark);
    }
}

/* ---- containers ---- */

static bool is_row(const struct field *members, const char *name)
{
    while (members->name && strcmp(members->name, name) != 0) {
        members++;
    }
    return members->name != NULL;
}

/* Interop ignores unknown members and takes null as unset. Both are taken out here, so that the gates behind see only
 * what the table knows and need no leniency of their own, under which a made-up "lower" would pass too. */
static void drop_ignored_members(const struct field *members, json_t *object)
{
    const char *name;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, name, value)
    {
        if (json_is_null(value) || !is_row(members, name)) {
            (void)json_object_del(object, name);
        }
    }
}

static void check_unknown_members(struct walker *walker, const struct field *members, json_t *object)
{
    const char *name;
    json_t *value;
    if (walker->judge->input->is_interop) {
        drop_ignored_members(members, object);
        return;
    }
    json_object_foreach(object, name, value)
    {
        if (!is_row(members, name)) {
            size_t mark = assay_json_pointer_name(&walker->at, name);
            refuse(walker, value, "no member of this name");
            assay_json_pointer_back(&walker->at, mark);
        }
    }
}

static void walk_object(struct walker *walker, const struct field *field, json_t *value)
{
    if (!json_is_object(value)) {
        refuse(walker, value, "an object");
        return;
    }
    check_unknown_members(walker, field->members, value);
    for (const struct field *member = field->members; member->name; member++) {
        json_t *found = json_object_get(value, member->name);
        size_t mark = assay_json_pointer_name(&walker->at, member->name);
        if (found) {
            walk(walker, member, found);
        } else if (!member->is_optional) {
            refuse(walker, NULL, "this member");
        }
        assay_json_pointer_back(&walker->at, mark);
    }
}

static void check_sorted(struct walker *walker, const json_t *list)
{
    for (size_t i = 1; i < json_array_size(list); i++) {
        const char *before = json_string_value(json_array_get(list, i - 1));
        const char *here = json_string_value(json_array_get(list, i));
        if (before && here && strcmp(before, here) >= 0) {
            refuse(walker, json_array_get(list, i), "a sorted list without duplicates"); /* at the list: all of it */
            return;
        }
    }
}

static void walk_list(struct walker *walker, const struct field *field, json_t *value)
{
    if (!json_is_array(value)) {
        refuse(walker, value, "an array");
        return;
    }
    size_t count = json_array_size(value);
    if (count > field->cap) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "at most %zu elements", field->cap);
        judge_fail(walker->judge, GATE_CAP, walker->at.text, value, expected);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        size_t mark = assay_json_pointer_index(&walker->at, i);
        walk(walker, field->members, json_array_get(value, i));
        assay_json_pointer_back(&walker->at, mark);
    }
    if (field->type == FIELD_SET) {
        check_sorted(walker, value);
    }
}

/* {"absent":"why"} or {"unknown":"why"}: an object of exactly that one member. */
static bool is_why(const json_t *value)
{
    const json_t *why = json_object_get(value, "absent");
    why = why ? why : json_object_get(value, "unknown");
    return json_object_size(value) == 1 && json_is_string(why);
}

static void walk(struct walker *walker, const struct field *field, json_t *value)
{
    if (field->is_maybe && is_why(value)) {
        const char *name = json_object_get(value, "absent") ? "absent" : "unknown";
        size_t mark = assay_json_pointer_name(&walker->at, name);
        walk_text(walker, &(struct field){.type = FIELD_STR}, json_object_get(value, name));
        assay_json_pointer_back(&walker->at, mark);
        return;
    }
    if (field->type == FIELD_INT) {
        walk_int(walker, field, value);
    } else if (field->type == FIELD_BOOL) {
        walk_bool(walker, value);
    } else if (field->type == FIELD_OBJECT) {
        walk_object(walker, field, value);
    } else if (field->type == FIELD_LIST || field->type == FIELD_SET) {
        walk_list(walker, field, value);
    } else if (field->type == FIELD_DATA) {
        walk_data(walker, value);
    } else {
        walk_text(walker, field, value);
    }
}

static void walk_member(struct judge *judge, const struct field *field, const json_t *object)
{
    struct walker walker = {.judge = judge};
    json_t *value = json_object_get(object, field->name);
    (void)assay_json_pointer_name(&walker.at, field->name);
    if (!value) {
        refuse(&walker, NULL, "this member");
    } else {
        walk(&walker, field, value);
    }
}

static void check_top_members(struct judge *judge)
{
    static const struct field TOP[] = {
        {.name = "_type"}, {.name = "predicateType"}, {.name = "subject"}, {.name = "predicate"}, {.name = 0}};
    struct walker walker = {.judge = judge};
    check_unknown_members(&walker, TOP, judge->statement);
}

/* A run record has no rates (evidence.md 1.1): interop, which ignores what nobody knows, knows these. */
static void refuse_rates(struct judge *judge)
{
    static const char *const NAMES[] = {"metrics", "kernels", "value"};
    const json_t *predicate = json_object_get(judge->statement, "predicate");
    bool is_looked_at = judge->out->document == ASSAY_DOCUMENT_RECORD && judge->input->is_interop;
    for (size_t i = 0; is_looked_at && i < sizeof NAMES / sizeof NAMES[0]; i++) {
        const json_t *value = json_object_get(predicate, NAMES[i]);
        if (value) {
            struct walker walker = {.judge = judge};
            (void)assay_json_pointer_name(&walker.at, "predicate");
            (void)assay_json_pointer_name(&walker.at, NAMES[i]);
            refuse(&walker, value, "no rates in a run record");
        }
    }
}

void judge_fields(struct judge *judge)
{
    const json_t *minor = assay_json_at(judge->statement, "/predicate/minor");
    if (json_is_integer(minor) && json_integer_value(minor) > 0 && !judge->input->is_interop) {
        /* the rows of a later minor are not known here, so nothing is said about them */
        judge_fail(judge, GATE_VERSION, "/predicate/minor", minor, "0");
        return;
    }
    refuse_rates(judge);
    check_top_members(judge);
    walk_member(judge, &field_subject, judge->statement);
    walk_member(judge, &field_predicates[judge->out->document], judge->statement);
    judge_field_relations(judge);
}
