#include "json/yaml.h"

#include "base/mem.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>
#include <yaml.h>

struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one; owned */
    assay_err *err;
    struct assay_yaml_lines *lines; /* or NULL */
    unsigned depth;
};

static assay_code fail_here(const struct reader *reader, const char *what)
{
    return assay_fail(reader->err, ASSAY_MALFORMED, "line %zu, column %zu: %s", reader->event.start_mark.line + 1,
                      reader->event.start_mark.column + 1, what);
}

static assay_code next_event(struct reader *reader)
{
    yaml_event_delete(&reader->event);
    if (yaml_parser_parse(&reader->parser, &reader->event)) {
        return ASSAY_OK;
    }
    memset(&reader->event, 0, sizeof reader->event);
    if (reader->parser.error == YAML_MEMORY_ERROR) {
        return assay_nomem(reader->err);
    }
    return assay_fail(reader->err, ASSAY_MALFORMED, "line %zu, column %zu: not YAML: %s",
                      reader->parser.problem_mark.line + 1, reader->parser.problem_mark.column + 1,
                      reader->parser.problem ? reader->parser.problem : "unknown problem");
}

static assay_code refuse_decorated(const struct reader *reader, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor) {
        return fail_here(reader, "anchors are not allowed; write the value out");
    }
    if (tag) {
        return fail_here(reader, "tags are not allowed; write the plain value");
    }
    return ASSAY_OK;
}

static assay_code read_scalar(struct reader *reader, json_t **ret)
{
    assay_code rc = refuse_decorated(reader, reader->event.data.scalar.anchor, reader->event.data.scalar.tag);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const char *text = (const char *)reader->event.data.scalar.value;
    size_t len = reader->event.data.scalar.length;
    if (memchr(text, '\0', len)) {
        return fail_here(reader, "a NUL character is not allowed");
    }
    *ret = json_stringn(text, len);
    return *ret ? ASSAY_OK : assay_nomem(reader->err);
}

static assay_code read_value(struct reader *reader, json_t **ret);

static assay_code read_sequence(struct reader *reader, json_t **ret)
{
    assay_code rc =
        refuse_decorated(reader, reader->event.data.sequence_start.anchor, reader->event.data.sequence_start.tag);
    json_t *array = rc == ASSAY_OK ? json_array() : NULL;
    if (rc == ASSAY_OK && !array) {
        rc = assay_nomem(reader->err);
    }
    while (rc == ASSAY_OK) {
        rc = next_event(reader);
        if (rc != ASSAY_OK || reader->event.type == YAML_SEQUENCE_END_EVENT) {
            break;
        }
        json_t *item = NULL;
        rc = read_value(reader, &item);
        if (rc == ASSAY_OK && json_array_append_new(array, item) != 0) {
            rc = assay_nomem(reader->err);
        }
    }
    if (rc != ASSAY_OK) {
        json_decref(array);
        return rc;
    }
    *ret = array;
    return ASSAY_OK;
}

/* One "key: value" of a mapping, whose key is the current event. */
static assay_code read_member(struct reader *reader, json_t *object)
{
    if (reader->event.type != YAML_SCALAR_EVENT) {
        return fail_here(reader, "a key must be a word");
    }
    json_t *key = NULL, *value = NULL;
    assay_code rc = read_scalar(reader, &key);
    if (rc == ASSAY_OK && json_object_get(object, json_string_value(key))) {
        rc = assay_fail(reader->err, ASSAY_MALFORMED, "line %zu: the key '%s' is repeated",
                        reader->event.start_mark.line + 1, json_string_value(key));
    }
    if (rc == ASSAY_OK) {
        rc = next_event(reader);
    }
    if (rc == ASSAY_OK) {
        rc = read_value(reader, &value);
    }
    if (rc == ASSAY_OK && json_object_set_new(object, json_string_value(key), value) != 0) {
        rc = assay_nomem(reader->err);
    }
    json_decref(key);
    return rc;
}

static assay_code read_mapping(struct reader *reader, json_t **ret)
{
    assay_code rc =
        refuse_decorated(reader, reader->event.data.mapping_start.anchor, reader->event.data.mapping_start.tag);
    json_t *object = rc == ASSAY_OK ? json_object() : NULL;
    if (rc == ASSAY_OK && !object) {
        rc = assay_nomem(reader->err);
    }
    while (rc == ASSAY_OK) {
        rc = next_event(reader);
        if (rc != ASSAY_OK || reader->event.type == YAML_MAPPING_END_EVENT) {
            break;
        }
        rc = read_member(reader, object);
    }
    if (rc != ASSAY_OK) {
        json_decref(object);
        return rc;
    }
    *ret = object;
    return ASSAY_OK;
}

static assay_code read_any(struct reader *reader, json_t **ret)
{
    if (reader->event.type == YAML_SCALAR_EVENT) {
        return read_scalar(reader, ret);
    }
    if (reader->event.type == YAML_ALIAS_EVENT) {
        return fail_here(reader, "aliases are not allowed; write the value out");
    }
    if (++reader->depth > ASSAY_YAML_DEPTH_MAX) {
        return fail_here(reader, "nested too deeply");
    }
    assay_code rc = reader->event.type == YAML_SEQUENCE_START_EVENT  ? read_sequence(reader, ret)
                    : reader->event.type == YAML_MAPPING_START_EVENT ? read_mapping(reader, ret)
                                                                     : fail_here(reader, "a value is missing");
    reader->depth--;
    return rc;
}

static assay_code note_place(struct reader *reader, const json_t *value, size_t line)
{
    struct assay_yaml_lines *lines = reader->lines;
    if (!lines) {
        return ASSAY_OK;
    }
    if (lines->count == lines->capacity) {
        size_t capacity = lines->capacity ? 2 * lines->capacity : 64;
        struct assay_yaml_place *places = assay_realloc(lines->places, capacity, sizeof *places);
        if (!places) {
            return assay_nomem(reader->err);
        }
        lines->places = places;
        lines->capacity = capacity;
    }
    lines->places[lines->count++] = (struct assay_yaml_place){.value = value, .line = line};
    return ASSAY_OK;
}

static assay_code read_value(struct reader *reader, json_t **ret)
{
    size_t line = reader->event.start_mark.line + 1;
    json_t *value = NULL;
    assay_code rc = read_any(reader, &value);
    if (rc == ASSAY_OK) {
        rc = note_place(reader, value, line);
    }
    if (rc != ASSAY_OK) {
        json_decref(value);
        return rc;
    }
    *ret = value;
    return ASSAY_OK;
}

/* stream start, document start, value, document end, stream end */
static assay_code read_stream(struct reader *reader, json_t **ret)
{
    json_t *value = NULL;
    assay_code rc = next_event(reader); /* stream start */
    if (rc == ASSAY_OK) {
        rc = next_event(reader);
    }
    if (rc == ASSAY_OK && reader->event.type != YAML_DOCUMENT_START_EVENT) {
        rc = fail_here(reader, "the file holds no document");
    }
    if (rc == ASSAY_OK) {
        rc = next_event(reader);
    }
    if (rc == ASSAY_OK) {
        rc = read_value(reader, &value);
    }
    if (rc == ASSAY_OK) {
        rc = next_event(reader); /* document end */
    }
    if (rc == ASSAY_OK) {
        rc = next_event(reader);
    }
    if (rc == ASSAY_OK && reader->event.type != YAML_STREAM_END_EVENT) {
        rc = fail_here(reader, "a second document is not allowed");
    }
    if (rc != ASSAY_OK) {
        json_decref(value);
        return rc;
    }
    *ret = value;
    return ASSAY_OK;
}

static assay_code read_text(const char *bytes, size_t len, json_t **ret, struct assay_yaml_lines *lines, assay_err *err)
{
    assert(bytes && ret);
    if (len > ASSAY_YAML_BYTES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "%zu bytes of YAML; at most %zu are allowed", len,
                          ASSAY_YAML_BYTES_MAX);
    }
    size_t valid = assay_utf8_valid_prefix(bytes, len);
    if (valid != len) {
        return assay_fail(err, ASSAY_MALFORMED, "byte %zu: not UTF-8", valid);
    }
    struct reader reader = {.err = err, .lines = lines};
    if (!yaml_parser_initialize(&reader.parser)) {
        return assay_nomem(err);
    }
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)bytes, len);
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    assay_code rc = read_stream(&reader, ret);
    yaml_event_delete(&reader.event);
    yaml_parser_delete(&reader.parser);
    return rc;
}

assay_code assay_yaml_read(const char *bytes, size_t len, json_t **ret, assay_err *err)
{
    return read_text(bytes, len, ret, NULL, err);
}

assay_code assay_yaml_read_lines(const char *bytes, size_t len, json_t **ret, struct assay_yaml_lines *ret_lines,
                                 assay_err *err)
{
    assert(ret_lines);
    return read_text(bytes, len, ret, ret_lines, err);
}

size_t assay_yaml_line(const struct assay_yaml_lines *lines, const json_t *value)
{
    for (size_t i = 0; i < lines->count; i++) {
        if (lines->places[i].value == value) {
            return lines->places[i].line;
        }
    }
    return 0;
}

void assay_yaml_lines_done(struct assay_yaml_lines *lines)
{
    assay_free(lines->places);
    *lines = (struct assay_yaml_lines){0};
}
