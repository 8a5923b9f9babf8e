#include "json/json.h"

#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "json/scan.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_LIMIT ((json_int_t)1 << 53) /* up to here binary64 holds every integer */

/* One writer, three ways to lay the same tokens out. */
enum style { STYLE_CANON, STYLE_LINE, STYLE_PRETTY };

struct writer {
    struct assay_buf *out;
    enum style style;
    assay_err *err;
};

struct member {
    const char *name;
    size_t name_len;
    const json_t *value;
};

static assay_code write_value(struct writer *writer, const json_t *value, unsigned depth);

/* ---- strings ---- */

static void write_escape(struct assay_buf *out, unsigned char c)
{
    static const char SHORT[] = "btn\0fr"; /* U+0008 .. U+000D; U+000B has no short form */
    if (c == '"' || c == '\\') {
        assay_buf_printf(out, "\\%c", c);
    } else if (c >= 0x08 && c <= 0x0D && SHORT[c - 0x08]) {
        assay_buf_printf(out, "\\%c", SHORT[c - 0x08]);
    } else {
        assay_buf_printf(out, "\\u%04x", (unsigned)c);
    }
}

/* How many bytes at the start surely need no escape, eight at a time; what is not ASCII ends it too. */
static size_t plain_words(const char *bytes, size_t len)
{
    size_t at = 0;
    uint64_t word;
    for (; len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, bytes + at, sizeof word);
        uint64_t quote = word ^ SCAN_EACH('"'), backslash = word ^ SCAN_EACH('\\');
        if (((word - SCAN_EACH(0x20)) | (quote - SCAN_ONES) | (backslash - SCAN_ONES) | word) & SCAN_HIGHS) {
            break;
        }
    }
    return at;
}

/* RFC 8785, section 3.2.2.2: only what must be escaped is. The bytes are well-formed. */
static void write_well_formed(struct assay_buf *out, const char *bytes, size_t len)
{
    assay_buf_char(out, '"');
    size_t start = 0;
    for (size_t i = plain_words(bytes, len); i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c < 0x20 || c == '"' || c == '\\') {
            assay_buf_append(out, bytes + start, i - start);
            write_escape(out, c);
            start = i + 1;
        }
    }
    assay_buf_append(out, bytes + start, len - start);
    assay_buf_char(out, '"');
}

static assay_code write_string(struct writer *writer, const char *bytes, size_t len)
{
    if (assay_utf8_valid_prefix(bytes, len) != len) {
        return assay_fail(writer->err, ASSAY_MALFORMED,
                          "a string that is not well-formed UTF-8 cannot be written as JSON");
    }
    write_well_formed(writer->out, bytes, len);
    return ASSAY_OK;
}

void assay_json_quote(struct assay_buf *out, const char *bytes, size_t len)
{
    struct assay_buf mended;
    size_t valid = assay_utf8_valid_prefix(bytes, len);
    if (valid == len) {
        write_well_formed(out, bytes, len);
        return;
    }
    assay_buf_init(&mended, out->max);
    for (size_t at = 0; at < len;) {
        uint32_t code_point;
        at += assay_utf8_next(bytes + at, len - at, &code_point);
        assay_utf8_append(&mended, code_point);
    }
    if (mended.failed != ASSAY_OK) {
        out->failed = mended.failed; /* a text cut short must not pass for the whole */
    } else {
        write_well_formed(out, mended.data, mended.len);
    }
    assay_buf_done(&mended);
}

/* ---- order of members ---- */

/* UTF-16 code units of two well-formed UTF-8 texts. Bytes give code point order; that differs from UTF-16 only where
 * U+E000..U+FFFF (lead bytes EE, EF) meets what UTF-16 spells with surrogates (lead bytes F0 and above). */
static int compare_utf16(const struct member *a, const struct member *b)
{
    for (size_t i = 0; i < a->name_len && i < b->name_len; i++) {
        unsigned char x = (unsigned char)a->name[i], y = (unsigned char)b->name[i];
        if (x != y) {
            bool x_is_pair = x >= 0xF0, y_is_pair = y >= 0xF0;
            if (x >= 0xEE && y >= 0xEE && x_is_pair != y_is_pair) {
                return (int)y_is_pair - (int)x_is_pair;
            }
            return x - y;
        }
    }
    return (a->name_len > b->name_len) - (a->name_len < b->name_len);
}

static int compare_members(const void *a, const void *b)
{
    return compare_utf16(a, b);
}

/* Jansson's iterators want a mutable object although they only read it. */
static json_t *mutable(const json_t *value)
{
    union {
        const json_t *in;
        json_t *out;
    } cast = {value};
    return cast.out;
}

static assay_code list_members(const json_t *object, struct member **ret, assay_err *err)
{
    size_t count = json_object_size(object), i = 0;
    struct member *members = assay_alloc(count, sizeof *members);
    if (!members) {
        return assay_nomem(err);
    }
    json_t *walked = mutable(object);
    for (void *at = json_object_iter(walked); at; at = json_object_iter_next(walked, at)) {
        assert(i < count);
        members[i++] =
            (struct member){json_object_iter_key(at), json_object_iter_key_len(at), json_object_iter_value(at)};
    }
    *ret = members;
    return ASSAY_OK;
}

/* ---- values ---- */

static void write_break(struct writer *writer, unsigned depth)
{
    if (writer->style == STYLE_PRETTY) {
        assay_buf_char(writer->out, '\n');
        for (unsigned i = 0; i < depth; i++) {
            assay_buf_text(writer->out, "  ");
        }
    }
}

static assay_code write_member(struct writer *writer, const struct member *member, unsigned depth)
{
    assay_code rc = write_string(writer, member->name, member->name_len);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_buf_text(writer->out, writer->style == STYLE_PRETTY ? ": " : ":");
    return write_value(writer, member->value, depth);
}

static assay_code write_object(struct writer *writer, const json_t *object, unsigned depth)
{
    size_t count = json_object_size(object);
    if (count == 0) {
        assay_buf_text(writer->out, "{}");
        return ASSAY_OK;
    }
    struct member *members = NULL;
    assay_code rc = list_members(object, &members, writer->err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (writer->style == STYLE_CANON) {
        qsort(members, count, sizeof *members, compare_members);
    }
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        assay_buf_char(writer->out, i == 0 ? '{' : ',');
        write_break(writer, depth);
        rc = write_member(writer, &members[i], depth);
    }
    write_break(writer, depth - 1);
    assay_buf_char(writer->out, '}');
    assay_free(members);
    return rc;
}

static assay_code write_array(struct writer *writer, const json_t *array, unsigned depth)
{
    size_t count = json_array_size(array);
    if (count == 0) {
        assay_buf_text(writer->out, "[]");
        return ASSAY_OK;
    }
    for (size_t i = 0; i < count; i++) {
        assay_buf_char(writer->out, i == 0 ? '[' : ',');
        write_break(writer, depth);
        assay_code rc = write_value(writer, json_array_get(array, i), depth);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    write_break(writer, depth - 1);
    assay_buf_char(writer->out, ']');
    return ASSAY_OK;
}

static void write_real(struct writer *writer, double x)
{
    char text[ASSAY_NUM_TEXT_BYTES];
    assay_buf_append(writer->out, text, assay_num_print_shortest(x, text));
}

/* Digits by hand: plans hold millions of integers, and printf would dominate their writing. */
static void write_decimal(struct assay_buf *out, json_int_t n)
{
    char text[20]; /* "-9223372036854775808" */
    size_t at = sizeof text;
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    do {
        text[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (n < 0) {
        text[--at] = '-';
    }
    assay_buf_append(out, text + at, sizeof text - at);
}

static void write_integer(struct writer *writer, json_int_t n)
{
    if (writer->style == STYLE_CANON && (n > EXACT_LIMIT || n < -EXACT_LIMIT)) {
        write_real(writer, (double)n); /* RFC 8785 knows binary64 only */
    } else {
        write_decimal(writer->out, n);
    }
}

static assay_code write_container(struct writer *writer, const json_t *value, unsigned depth)
{
    if (depth >= ASSAY_JSON_DEPTH_MAX) {
        return assay_fail(writer->err, ASSAY_TOO_LARGE, "nested deeper than the %d levels that can be written",
                          ASSAY_JSON_DEPTH_MAX);
    }
    return json_is_object(value) ? write_object(writer, value, depth + 1) : write_array(writer, value, depth + 1);
}

static assay_code write_value(struct writer *writer, const json_t *value, unsigned depth)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return write_container(writer, value, depth);
    case JSON_STRING:
        return write_string(writer, json_string_value(value), json_string_length(value));
    case JSON_INTEGER:
        write_integer(writer, json_integer_value(value));
        return ASSAY_OK;
    case JSON_REAL:
        write_real(writer, json_real_value(value));
        return ASSAY_OK;
    case JSON_TRUE:
        assay_buf_text(writer->out, "true");
        return ASSAY_OK;
    case JSON_FALSE:
        assay_buf_text(writer->out, "false");
        return ASSAY_OK;
    case JSON_NULL:
        assay_buf_text(writer->out, "null");
        return ASSAY_OK;
    }
    return assay_fail(writer->err, ASSAY_BUG, "a JSON value of the unknown type %d", (int)json_typeof(value));
}

static assay_code write_styled(const json_t *value, enum style style, struct assay_buf *out, assay_err *err)
{
    assert(value && out);
    struct writer writer = {.out = out, .style = style, .err = err};
    assay_code rc = write_value(&writer, value, 0);
    if (rc == ASSAY_OK && style != STYLE_CANON) {
        assay_buf_char(out, '\n');
    }
    return rc == ASSAY_OK ? assay_buf_check(out, err) : rc;
}

assay_code assay_json_canon(const json_t *value, struct assay_buf *out, assay_err *err)
{
    return write_styled(value, STYLE_CANON, out, err);
}

assay_code assay_json_pretty(const json_t *value, struct assay_buf *out, assay_err *err)
{
    return write_styled(value, STYLE_PRETTY, out, err);
}

assay_code assay_json_line(const json_t *value, struct assay_buf *out, assay_err *err)
{
    return write_styled(value, STYLE_LINE, out, err);
}
