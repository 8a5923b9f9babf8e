#include "serve/lm_ask_member.h"

#include "base/num.h"

#include <math.h>
#include <string.h>

#define SHOWN_MAX 64 /* of a wrong value in a message */

assay_code lm_member_fail(const json_t *value, const char *name, const char *expected, assay_err *err)
{
    struct assay_buf shown;
    assay_buf_init(&shown, ASSAY_ERR_BYTES);
    assay_json_show(&shown, value, SHOWN_MAX);
    assay_code rc = assay_fail(err, ASSAY_MALFORMED, "%s: found %s, expected %s", name,
                               shown.data ? shown.data : "a value", expected);
    assay_buf_done(&shown);
    return rc;
}

struct assay_slice lm_text_of(const json_t *value)
{
    return (struct assay_slice){json_string_value(value), json_string_length(value)};
}

/* ---- one value ---------------------------------------------------------------------------------------------------*/

static assay_code read_real(const struct lm_member *row, const json_t *value, double *ret, assay_err *err)
{
    double x = json_number_value(value);
    if (json_is_number(value) && x >= row->least && x <= row->most) {
        *ret = x;
        return ASSAY_OK;
    }
    char expected[96];
    char least[ASSAY_NUM_TEXT_BYTES], most[ASSAY_NUM_TEXT_BYTES];
    (void)assay_num_print_shortest(row->least, least);
    (void)assay_num_print_shortest(row->most, most);
    (void)snprintf(expected, sizeof expected, "a number from %s to %s", least, most);
    return lm_member_fail(value, row->name, expected, err);
}

/* Clients write 10.0 for 10. */
static bool whole_of(const json_t *value, double *ret)
{
    *ret = json_number_value(value);
    return json_is_number(value) && *ret == floor(*ret);
}

static assay_code read_count(const struct lm_member *row, const json_t *value, uint64_t *ret, assay_err *err)
{
    double x = 0;
    bool is_whole = whole_of(value, &x);
    if (is_whole && row->kind == LM_MEMBER_LIMIT && x < 0) {
        *ret = LM_UNLIMITED;
        return ASSAY_OK;
    }
    if (is_whole && x >= row->least && x <= row->most) {
        *ret = (uint64_t)x;
        return ASSAY_OK;
    }
    char expected[96];
    (void)snprintf(expected, sizeof expected, "an integer from %.0f to %.0f", row->least, row->most);
    return lm_member_fail(value, row->name, expected, err);
}

/* Whether the value of a member that we cannot follow asks for nothing. */
static bool asks_nothing(const struct lm_member *row, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: {
        const char *type = json_string_value(json_object_get(value, "type"));
        return json_object_size(value) == 0 || (row->word && type && strcmp(type, row->word) == 0);
    }
    case JSON_ARRAY:
        return json_array_size(value) == 0;
    case JSON_STRING:
        return json_string_length(value) == 0 || (row->word && strcmp(json_string_value(value), row->word) == 0);
    case JSON_INTEGER:
    case JSON_REAL:
        return json_number_value(value) == row->neutral;
    case JSON_TRUE:
        return false;
    case JSON_FALSE:
    case JSON_NULL:
        break;
    }
    return true;
}

static assay_code read_member(struct lm_ask *ask, const struct lm_member *row, const json_t *value, assay_err *err)
{
    char *place = (char *)ask + row->offset;
    switch (row->kind) {
    case LM_MEMBER_BOOL:
        if (!json_is_boolean(value)) {
            return lm_member_fail(value, row->name, "true or false", err);
        }
        *(bool *)(void *)place = json_is_true(value);
        return ASSAY_OK;
    case LM_MEMBER_TEXT:
        if (!json_is_string(value)) {
            return lm_member_fail(value, row->name, "a text", err);
        }
        *(struct assay_slice *)(void *)place = lm_text_of(value);
        return ASSAY_OK;
    case LM_MEMBER_COUNT:
    case LM_MEMBER_LIMIT:
        return read_count(row, value, (uint64_t *)(void *)place, err);
    case LM_MEMBER_REAL:
        return read_real(row, value, (double *)(void *)place, err);
    case LM_MEMBER_READ:
        return row->read(ask, value, err);
    case LM_MEMBER_NONE:
        break;
    }
    return asks_nothing(row, value)
               ? ASSAY_OK
               : assay_fail(err, ASSAY_UNSUPPORTED,
                            "%s: this server does not have it, and the answer would be another one without it",
                            row->name);
}

assay_code lm_members_read(struct lm_ask *ask, struct lm_members members, const json_t *object, assay_err *err)
{
    for (size_t i = 0; i < members.count; i++) {
        const struct lm_member *row = &members.rows[i];
        const json_t *value = json_object_get(object, row->name);
        if (!value || json_is_null(value)) {
            continue;
        }
        assay_code rc = read_member(ask, row, value, err);
        if (rc != ASSAY_OK) {
            ask->wrong = row->name;
            return rc;
        }
    }
    return ASSAY_OK;
}

/* ---- shared members ----------------------------------------------------------------------------------------------*/

static assay_code add_stop(struct lm_ask *ask, const json_t *value, assay_err *err)
{
    if (!json_is_string(value) || json_string_length(value) > LM_STOP_BYTES_MAX) {
        return lm_member_fail(value, "stop", "texts of at most 1024 bytes", err);
    }
    if (json_string_length(value) == 0) { /* stops nothing */
        return ASSAY_OK;
    }
    if (ask->stops_count == LM_STOPS_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "stop: expected at most %d texts", LM_STOPS_MAX);
    }
    ask->stops[ask->stops_count++] = lm_text_of(value);
    return ASSAY_OK;
}

assay_code lm_stops_read(struct lm_ask *ask, const json_t *value, assay_err *err)
{
    ask->stops_count = 0;
    if (!json_is_array(value)) {
        return add_stop(ask, value, err);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        assay_code rc = add_stop(ask, json_array_get(value, i), err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return ASSAY_OK;
}

/* -1 is "any" in both dialects' servers. */
assay_code lm_seed_read(struct lm_ask *ask, const json_t *value, assay_err *err)
{
    if (!json_is_integer(value) || json_integer_value(value) < -1) {
        return lm_member_fail(value, "seed", "an integer from 0 to 2^63-1, or -1 for any", err);
    }
    ask->has_seed = json_integer_value(value) >= 0;
    ask->seed = ask->has_seed ? (uint64_t)json_integer_value(value) : 0;
    return ASSAY_OK;
}

/* ---- messages ----------------------------------------------------------------------------------------------------*/

static assay_code read_role(const json_t *value, struct assay_slice *ret, assay_err *err)
{
    static const struct {
        const char *word;
        struct assay_slice role;
    } ROLES[] = {{"system", {"system", 6}},
                 {"developer", {"system", 6}}, /* OpenAI's newer word for it */
                 {"user", {"user", 4}},
                 {"assistant", {"assistant", 9}}};
    const char *word = json_string_value(value);
    for (size_t i = 0; word && i < sizeof ROLES / sizeof ROLES[0]; i++) {
        if (strcmp(word, ROLES[i].word) == 0) {
            *ret = ROLES[i].role;
            return ASSAY_OK;
        }
    }
    return lm_member_fail(value, "role", "system, developer, user or assistant", err);
}

/* OpenAI's parts: texts are joined; anything else would be left out of the answer unseen. */
static assay_code join_parts(struct lm_ask *ask, const json_t *parts, struct assay_slice *ret, assay_err *err)
{
    size_t len = 0;
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *part = json_array_get(parts, i), *text = json_object_get(part, "text");
        const char *type = json_string_value(json_object_get(part, "type"));
        if (!type || strcmp(type, "text") != 0 || !json_is_string(text)) {
            return assay_fail(err, ASSAY_UNSUPPORTED,
                              "messages: a part of a content is no text, and this server has "
                              "nothing for it");
        }
        len += json_string_length(text);
    }
    char *all = assay_arena_take(&ask->arena, len + 1, 1);
    if (!all) {
        return assay_nomem(err);
    }
    *ret = (struct assay_slice){all, len};
    for (size_t i = 0; i < json_array_size(parts); i++) {
        const json_t *text = json_object_get(json_array_get(parts, i), "text");
        memcpy(all, json_string_value(text), json_string_length(text));
        all += json_string_length(text);
    }
    return ASSAY_OK;
}

static assay_code read_message(struct lm_ask *ask, const json_t *value, struct assay_message *ret, assay_err *err)
{
    static const struct lm_member REFUSED[] = {
        {"images", LM_MEMBER_NONE}, {"tool_calls", LM_MEMBER_NONE}, {"function_call", LM_MEMBER_NONE}};
    if (!json_is_object(value)) {
        return lm_member_fail(value, "messages", "objects with role and content", err);
    }
    const json_t *content = json_object_get(value, "content");
    assay_code rc = read_role(json_object_get(value, "role"), &ret->role, err);
    rc = rc == ASSAY_OK ? lm_members_read(ask, LM_MEMBERS(REFUSED), value, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (json_is_array(content)) {
        return join_parts(ask, content, &ret->text, err);
    }
    if (!json_is_string(content)) {
        return lm_member_fail(content, "content", "a text", err);
    }
    ret->text = lm_text_of(content);
    return ASSAY_OK;
}

assay_code lm_messages_read(struct lm_ask *ask, const json_t *value, assay_err *err)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count > LM_MESSAGES_MAX) {
        return lm_member_fail(value, "messages", "an array of at most 4096 messages", err);
    }
    ask->messages = assay_arena_take(&ask->arena, count + 1, sizeof *ask->messages);
    if (!ask->messages) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < count; i++) {
        assay_code rc = read_message(ask, json_array_get(value, i), &ask->messages[i], err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "message %zu", i);
            return rc;
        }
        ask->messages_count++;
    }
    return ASSAY_OK;
}
