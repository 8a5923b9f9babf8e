#include "record/policy_read.h"

#include "base/num.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_BYTES_MAX 256
#define NEAR 3 /* edits: more would suggest keys that nobody meant */
#define SHOWN_BYTES 80
#define ANY_KIND (-1)

assay_code typed_fail(struct typed_reader *reader, const json_t *value, const char *where, const char *format, ...)
{
    char what[ASSAY_ERR_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(what, sizeof what, format, args);
    va_end(args);
    assert(n >= 0);
    size_t line = assay_yaml_line(&reader->lines, value);
    return assay_fail(reader->err, ASSAY_MALFORMED, "line %zu: %s%s%s", line, where, where[0] ? ": " : "", what);
}

assay_code typed_fail_value(struct typed_reader *reader, const json_t *value, const char *where, const char *name,
                            const char *right)
{
    struct assay_buf shown;
    assay_buf_init(&shown, ASSAY_ERR_BYTES);
    assay_json_show(&shown, value, SHOWN_BYTES);
    assay_code rc =
        typed_fail(reader, value, where, "%s: found %s, expected %s", name, shown.data ? shown.data : "a value", right);
    assay_buf_done(&shown);
    return rc;
}

assay_code typed_head(struct typed_reader *reader, const json_t *root, const char *what, const char *name)
{
    const json_t *mark = json_object_get(root, name);
    const char *version = json_string_value(mark);
    if (!json_is_object(root)) {
        return typed_fail(reader, root, "", "%s a mapping that begins with '%s: 1'", what, name);
    }
    if (mark && !version) {
        return typed_fail_value(reader, mark, "", name, "1");
    }
    if (version && strcmp(version, "1") != 0) {
        return assay_fail(reader->err, ASSAY_UNSUPPORTED, "'%s' is %.32s; this program reads version 1", name, version);
    }
    return ASSAY_OK;
}

void typed_where(char text[TYPED_WHERE_BYTES], const char *list, size_t index, const json_t *object)
{
    const char *id = json_string_value(json_object_get(object, "id"));
    int n = id ? snprintf(text, TYPED_WHERE_BYTES, "%s[%zu] (%.64s)", list, index, id)
               : snprintf(text, TYPED_WHERE_BYTES, "%s[%zu]", list, index);
    assert(n > 0);
}

/* ---- quantities ------------------------------------------------------------------------------------------------- */

static bool ends_in_digit(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && text[len - 1] >= '0' && text[len - 1] <= '9';
}

static bool plain_number(const char *text, const char *suffix, double *ret)
{
    struct assay_slice number = assay_slice_of(text);
    if (suffix && assay_text_ends(text, suffix)) {
        number.len -= strlen(suffix);
    }
    return assay_num_double(number, "", ret, NULL) == ASSAY_OK;
}

static bool duration(const char *text, double *ret)
{
    uint64_t ns;
    if (ends_in_digit(text) || assay_num_duration(assay_slice_of(text), "", &ns, NULL) != ASSAY_OK) {
        return false; /* a bare number could be seconds or milliseconds: nobody should have to guess */
    }
    *ret = (double)ns;
    return true;
}

static bool size(const char *text, double *ret)
{
    uint64_t bytes;
    bool is_size = assay_num_bytes(assay_slice_of(text), "", &bytes, NULL) == ASSAY_OK;
    *ret = is_size ? (double)bytes : 0.0;
    return is_size;
}

bool typed_quantity(const char *text, const char *unit, double *ret)
{
    if (!unit) {
        return assay_num_share(assay_slice_of(text), "", ret, NULL) == ASSAY_OK || duration(text, ret) ||
               size(text, ret) || plain_number(text, "/s", ret);
    }
    if (strcmp(unit, "ns") == 0) {
        return duration(text, ret);
    }
    if (strcmp(unit, "bytes") == 0) {
        return size(text, ret);
    }
    if (strcmp(unit, "1/s") == 0) {
        return plain_number(text, "/s", ret);
    }
    if (strcmp(unit, "1") == 0) {
        return assay_num_share(assay_slice_of(text), "", ret, NULL) == ASSAY_OK;
    }
    return plain_number(text, unit, ret);
}

const char *typed_unit_example(const char *unit)
{
    static const struct {
        const char *unit, *example;
    } EXAMPLES[] = {{"ns", "a duration with its unit, such as 250ms (the metric is in ns)"},
                    {"bytes", "a size such as 6GiB (the metric is in bytes)"},
                    {"1/s", "a rate such as 50 or 50/s (the metric is a rate)"},
                    {"1", "a number such as 0.95, 1.4 or 95% (the metric has no unit)"},
                    {"USD", "an amount such as 0.0030USD"}};
    for (size_t i = 0; unit && i < sizeof EXAMPLES / sizeof EXAMPLES[0]; i++) {
        if (strcmp(EXAMPLES[i].unit, unit) == 0) {
            return EXAMPLES[i].example;
        }
    }
    return "a number with the metric's unit";
}

/* ---- one value -------------------------------------------------------------------------------------------------- */

struct place {
    const char *where;
    const struct typed_key *key;
    const json_t *value;
};

static assay_code wrong(struct typed_reader *reader, const struct place *place, const char *right)
{
    return typed_fail_value(reader, place->value, place->where, place->key->name, right);
}

static assay_code keep_text(struct typed_reader *reader, const char *text, const char **ret)
{
    *ret = assay_arena_text(reader->arena, text, strlen(text));
    return *ret ? ASSAY_OK : assay_nomem(reader->err);
}

static bool is_id(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        bool is_inner = c == '_' || c == '-' || c == '.';
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_plain && !(is_inner && i > 0)) {
            return false;
        }
    }
    return len > 0 && len <= 64;
}

static bool is_digest(const char *text)
{
    return assay_text_is_hex(text, 64);
}

static bool is_choice(const char *const *choices, const char *text)
{
    while (*choices && strcmp(*choices, text) != 0) {
        choices++;
    }
    return *choices != NULL;
}

static assay_code wrong_choice(struct typed_reader *reader, const struct place *place, const json_t *value)
{
    struct assay_buf right;
    assay_buf_init(&right, ASSAY_ERR_BYTES);
    const char *const *choice = place->key->choices;
    for (size_t i = 0; choice[i]; i++) {
        assay_buf_printf(&right, "%s%s", i == 0 ? "" : choice[i + 1] ? ", " : " or ", choice[i]);
    }
    assay_code rc = typed_fail_value(reader, value, place->where, place->key->name, right.data ? right.data : "a word");
    assay_buf_done(&right);
    return rc;
}

static assay_code read_words(struct typed_reader *reader, const struct place *place, struct assay_policy_words *ret)
{
    size_t count = json_array_size(place->value);
    if (!json_is_array(place->value) || count == 0 || count > ASSAY_POLICY_WORDS_MAX) {
        return wrong(reader, place, "a list such as [one, two], with 1 to 256 words");
    }
    const char **words = assay_arena_take(reader->arena, count, sizeof *words);
    if (!words) {
        return assay_nomem(reader->err);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *word = json_array_get(place->value, i);
        const char *text = json_string_value(word);
        if (!text || text[0] == '\0' || strlen(text) > TEXT_BYTES_MAX) {
            return typed_fail_value(reader, word, place->where, place->key->name, "a word");
        }
        if (place->key->choices && !is_choice(place->key->choices, text)) {
            return wrong_choice(reader, place, word);
        }
        for (size_t earlier = 0; earlier < i; earlier++) {
            if (strcmp(words[earlier], text) == 0) {
                return typed_fail_value(reader, word, place->where, place->key->name, "each word once");
            }
        }
        assay_code rc = keep_text(reader, text, &words[i]);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    *ret = (struct assay_policy_words){.words = words, .count = count};
    return ASSAY_OK;
}

static assay_code read_real(struct typed_reader *reader, const struct place *place, const char *text, double *ret)
{
    const struct typed_key *key = place->key;
    double value;
    char right[SHOWN_BYTES];
    if (assay_num_share(assay_slice_of(text), "", &value, NULL) == ASSAY_OK && value >= key->least &&
        value <= key->most) {
        *ret = value;
        return ASSAY_OK;
    }
    (void)snprintf(right, sizeof right, "a finite number from %.6g to %.6g", key->least, key->most);
    return wrong(reader, place, right);
}

static assay_code read_count(struct typed_reader *reader, const struct place *place, const char *text, uint64_t *ret)
{
    char right[SHOWN_BYTES];
    if (assay_num_u64(assay_slice_of(text), "", (uint64_t)place->key->most, ret, NULL) == ASSAY_OK &&
        *ret >= (uint64_t)place->key->least) {
        return ASSAY_OK;
    }
    (void)snprintf(right, sizeof right, "a whole number from %.0f to %.0f", place->key->least, place->key->most);
    return wrong(reader, place, right);
}

static assay_code read_limit(struct typed_reader *reader, const struct place *place, const char *text,
                             struct assay_policy_number *ret)
{
    if (!typed_quantity(text, reader->unit, &ret->value) || ret->value < 0) {
        return wrong(reader, place, typed_unit_example(reader->unit));
    }
    ret->is_given = true;
    return ASSAY_OK;
}

static assay_code read_duration(struct typed_reader *reader, const struct place *place, const char *text, uint64_t *ret)
{
    if (ends_in_digit(text) || assay_num_duration(assay_slice_of(text), "", ret, NULL) != ASSAY_OK || *ret == 0) {
        return wrong(reader, place, "a duration with its unit, such as 14d, 24h or 30m");
    }
    return ASSAY_OK;
}

static assay_code read_text(struct typed_reader *reader, const struct place *place, const char *text, const char **ret)
{
    enum typed type = place->key->type;
    if (strlen(text) > TEXT_BYTES_MAX || text[0] == '\0') {
        return wrong(reader, place, "a text of 1 to 256 bytes");
    }
    if (type == TYPED_ID && !is_id(text)) {
        return wrong(reader, place, "a name of letters, digits, '_', '-' and '.', at most 64");
    }
    if (type == TYPED_DIGEST && !is_digest(text)) {
        return wrong(reader, place, "a SHA-256: 64 lowercase hex digits");
    }
    if (type == TYPED_CHOICE && !is_choice(place->key->choices, text)) {
        return wrong_choice(reader, place, place->value);
    }
    return keep_text(reader, text, ret);
}

static assay_code read_bool(struct typed_reader *reader, const struct place *place, const char *text, bool *ret)
{
    if (place->key->type == TYPED_MARK) {
        *ret = is_choice(place->key->choices, text);
        return *ret ? ASSAY_OK : wrong_choice(reader, place, place->value);
    }
    *ret = strcmp(text, "true") == 0;
    return *ret || strcmp(text, "false") == 0 ? ASSAY_OK : wrong(reader, place, "true or false");
}

static assay_code read_scalar(struct typed_reader *reader, const struct place *place, const char *text, void *at)
{
    struct assay_policy_number *number = at;
    assay_code rc = ASSAY_OK;
    switch (place->key->type) {
    case TYPED_MARK:
    case TYPED_BOOL:
        return read_bool(reader, place, text, at);
    case TYPED_COUNT:
        return read_count(reader, place, text, at);
    case TYPED_REAL:
        return read_real(reader, place, text, at);
    case TYPED_NUMBER:
        rc = read_real(reader, place, text, &number->value);
        number->is_given = rc == ASSAY_OK;
        return rc;
    case TYPED_LIMIT:
        return read_limit(reader, place, text, at);
    case TYPED_DURATION:
        return read_duration(reader, place, text, at);
    case TYPED_DAY:
        return assay_day_read(text, at) ? ASSAY_OK : wrong(reader, place, "a day such as 2026-11-21");
    case TYPED_TEXT:
    case TYPED_ID:
    case TYPED_CHOICE:
    case TYPED_DIGEST:
    case TYPED_WORDS:
    case TYPED_OTHER:
    default:
        return read_text(reader, place, text, at);
    }
}

static assay_code read_value(struct typed_reader *reader, const struct place *place, void *into)
{
    void *at = (char *)into + place->key->at;
    if (place->key->type == TYPED_WORDS) {
        return read_words(reader, place, at);
    }
    const char *text = json_string_value(place->value);
    if (!text) {
        return wrong(reader, place, "one plain value");
    }
    return read_scalar(reader, place, text, at);
}

/* ---- mappings and lists ----------------------------------------------------------------------------------------- */

static const struct typed_key *find_key(const struct typed_key *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(keys[i].name, name) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

static assay_code fail_unknown(struct typed_reader *reader, const json_t *value, const char *where,
                               const struct typed_key *keys, size_t count, const char *name)
{
    const char *nearest = NULL;
    size_t best = NEAR + 1;
    for (size_t i = 0; i < count; i++) {
        size_t distance = assay_text_distance(name, keys[i].name, NEAR);
        if (distance < best) {
            best = distance;
            nearest = keys[i].name;
        }
    }
    if (nearest) {
        return typed_fail(reader, value, where, "unknown key '%.64s'; did you mean '%s'?", name, nearest);
    }
    struct assay_buf known;
    assay_buf_init(&known, ASSAY_ERR_BYTES);
    for (size_t i = 0; i < count; i++) {
        assay_buf_printf(&known, " %s", keys[i].name);
    }
    assay_code rc =
        typed_fail(reader, value, where, "unknown key '%.64s'; there are%s", name, known.data ? known.data : " others");
    assay_buf_done(&known);
    return rc;
}

static assay_code check_required(struct typed_reader *reader, const json_t *object, const char *where,
                                 const struct typed_key *keys, size_t count, int kind)
{
    for (size_t i = 0; i < count; i++) {
        bool is_due = keys[i].is_required && (kind == ANY_KIND || keys[i].kinds == 0 || (keys[i].kinds >> kind & 1u));
        if (is_due && !json_object_get(object, keys[i].name)) {
            return typed_fail(reader, object, where, "the key '%s' is missing", keys[i].name);
        }
    }
    return ASSAY_OK;
}

/* kind: of a gate, whose limits are left out; ANY_KIND: no gate. */
static assay_code read_object(struct typed_reader *reader, const json_t *object, const char *where,
                              const struct typed_key *keys, size_t keys_count, int kind, void *into)
{
    if (!json_is_object(object)) {
        return typed_fail(reader, object, where, "expected a mapping of keys and values");
    }
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const struct typed_key *key = find_key(keys, keys_count, name);
        if (!key) {
            return fail_unknown(reader, value, where, keys, keys_count, name);
        }
        if (kind != ANY_KIND && key->kinds != 0 && !(key->kinds >> kind & 1u)) {
            return typed_fail(reader, value, where, "'%s' is no key of kind %s", name,
                              assay_gate_kind_text((enum assay_gate_kind)kind));
        }
        if (key->type == TYPED_OTHER || (kind != ANY_KIND && key->type == TYPED_LIMIT)) {
            continue;
        }
        const struct place place = {.where = where, .key = key, .value = value};
        assay_code rc = read_value(reader, &place, into);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return check_required(reader, object, where, keys, keys_count, kind);
}

assay_code typed_object(struct typed_reader *reader, const json_t *object, const char *where,
                        const struct typed_key *keys, size_t keys_count, void *into)
{
    return read_object(reader, object, where, keys, keys_count, ANY_KIND, into);
}

assay_code typed_object_of_kind(struct typed_reader *reader, const json_t *object, const char *where,
                                const struct typed_key *keys, size_t keys_count, enum assay_gate_kind kind, void *into)
{
    return read_object(reader, object, where, keys, keys_count, (int)kind, into);
}

assay_code typed_limits(struct typed_reader *reader, const json_t *object, const char *where,
                        const struct typed_key *keys, size_t keys_count, void *into)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < keys_count && rc == ASSAY_OK; i++) {
        const json_t *value = keys[i].type == TYPED_LIMIT ? json_object_get(object, keys[i].name) : NULL;
        if (value) {
            const struct place place = {.where = where, .key = &keys[i], .value = value};
            rc = read_value(reader, &place, into);
        }
    }
    return rc;
}

assay_code typed_list(struct typed_reader *reader, const json_t *parent, const char *name, size_t most,
                      size_t element_bytes, void *ret_elements, size_t *ret_count)
{
    const json_t *list = json_object_get(parent, name);
    size_t count = json_array_size(list);
    void *elements = NULL;
    if (list && (!json_is_array(list) || count == 0 || count > most)) {
        return typed_fail(reader, list, name, "expected a list with 1 to %zu entries", most);
    }
    if (count > 0) {
        elements = assay_arena_take(reader->arena, count, element_bytes);
        if (!elements) {
            return assay_nomem(reader->err);
        }
    }
    memcpy(ret_elements, &elements, sizeof elements);
    *ret_count = count;
    return ASSAY_OK;
}
