#include "serve/truth_fields.h"

#include <string.h>

static assay_code read_choice(const struct truth_field *field, const char *text, const char *at, int *ret,
                              assay_err *err)
{
    for (int i = 0; field->choices[i]; i++) {
        if (strcmp(text, field->choices[i]) == 0) {
            *ret = i;
            return ASSAY_OK;
        }
    }
    struct assay_buf known;
    assay_buf_init(&known, 1024);
    for (int i = 0; field->choices[i]; i++) {
        assay_buf_printf(&known, "%s%s", i ? ", " : "", field->choices[i]);
    }
    assay_code rc = assay_fail(err, ASSAY_MALFORMED, "%s/%s: found \"%.40s\", expected one of %s", at, field->name,
                               text, known.data ? known.data : "its values");
    assay_buf_done(&known);
    return rc;
}

assay_code truth_fields_text(struct assay_arena *arena, const char *text, const char **ret, assay_err *err)
{
    *ret = assay_arena_text(arena, text, strlen(text));
    return *ret ? ASSAY_OK : assay_nomem(err);
}

static assay_code read_field(struct assay_arena *arena, const struct truth_field *field, const json_t *object,
                             const char *at, void *base, assay_err *err)
{
    char *place = (char *)base + field->offset;
    const char *text = NULL;
    assay_code rc = ASSAY_OK;
    switch (field->kind) {
    case TRUTH_FIELD_BOOL:
        return assay_json_get_bool(object, field->name, at, (bool *)(void *)place, err);
    case TRUTH_FIELD_TEXT:
        rc = assay_json_get_text(object, field->name, at, &text, err);
        return rc ? rc : truth_fields_text(arena, text, (const char **)(void *)place, err);
    case TRUTH_FIELD_CHOICE:
        rc = assay_json_get_text(object, field->name, at, &text, err);
        return rc ? rc : read_choice(field, text, at, (int *)(void *)place, err);
    case TRUTH_FIELD_U64:
        break;
    }
    uint64_t value = 0;
    uint64_t max = field->max ? field->max : UINT64_C(1) << 62;
    rc = assay_json_get_u64(object, field->name, at, &value, err);
    if (rc == ASSAY_OK && value > max) {
        return assay_fail(err, ASSAY_MALFORMED, "%s/%s: found %llu, expected at most %llu", at, field->name,
                          (unsigned long long)value, (unsigned long long)max);
    }
    if (rc == ASSAY_OK) {
        memcpy(place, &value, sizeof value);
    }
    return rc;
}

static const struct truth_field *find_field(const struct truth_reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->count; i++) {
        if (strcmp(reader->fields[i].name, name) == 0) {
            return &reader->fields[i];
        }
    }
    return NULL;
}

static bool is_other(const struct truth_reader *reader, const char *name)
{
    for (size_t i = 0; reader->others && reader->others[i]; i++) {
        if (strcmp(reader->others[i], name) == 0) {
            return true;
        }
    }
    return false;
}

assay_code truth_fields_read(struct assay_arena *arena, const struct truth_reader *reader, json_t *object, void *base,
                             assay_err *err)
{
    if (!json_is_object(object)) {
        return assay_fail(err, ASSAY_MALFORMED, "%s: expected an object", reader->at);
    }
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        const struct truth_field *field = find_field(reader, name);
        if (!field && !is_other(reader, name)) {
            return assay_fail(err, ASSAY_MALFORMED, "%s/%.60s: no such name in a truth script", reader->at, name);
        }
        assay_code rc = field ? read_field(arena, field, object, reader->at, base, err) : ASSAY_OK;
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return ASSAY_OK;
}
