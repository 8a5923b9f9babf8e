#include "json/json.h"

#include "base/mem.h"
#include "json/scan.h"

#include <assert.h>
#include <string.h>

#define NAME_SHOWN_MAX 64 /* of a member name in a message: the longest id of a receipt */

const struct assay_json_limits assay_json_limits_default = {.bytes_max = (size_t)64 << 20, .depth_max = 64};
const struct assay_json_limits assay_json_limits_receipt = {
    .bytes_max = (size_t)768 << 10, .members_max = 256, .depth_max = 16, .flags = ASSAY_JSON_RECEIPT_PROFILE};
const struct assay_json_limits assay_json_limits_plan = {
    .bytes_max = (size_t)256 << 20, .members_max = 256, .depth_max = 16, .flags = ASSAY_JSON_RECEIPT_PROFILE};

struct reader {
    struct json_scan scan;
    const struct assay_json_limits *limits;
    assay_err *err;
};

static assay_code read_value(struct reader *reader, unsigned depth, json_t **ret);

static assay_code give(struct reader *reader, json_t *made, json_t **ret)
{
    *ret = made;
    return made ? ASSAY_OK : assay_nomem(reader->err);
}

static assay_code check_depth(struct reader *reader, size_t at, unsigned depth)
{
    if (depth <= reader->limits->depth_max) {
        return ASSAY_OK;
    }
    return scan_fail(&reader->scan, at, ASSAY_TOO_LARGE, reader->err, "found level %u of nesting, expected at most %u",
                     depth, reader->limits->depth_max);
}

static assay_code fail_duplicate(struct reader *reader, size_t at, struct assay_slice name)
{
    struct assay_buf shown;
    assay_buf_init(&shown, ASSAY_ERR_BYTES);
    assay_text_show(&shown, name.data, name.len, NAME_SHOWN_MAX);
    assay_code rc = scan_fail(&reader->scan, at, ASSAY_MALFORMED, reader->err,
                              "found the member '%s' again, expected each name once", shown.data ? shown.data : "");
    assay_buf_done(&shown);
    return rc;
}

/* Checks the name and keeps a copy where the next string cannot overwrite it: an object member of value null. */
static assay_code start_member(struct reader *reader, json_t *object, size_t at, struct assay_slice name)
{
    const struct assay_json_limits *limits = reader->limits;
    bool is_there = json_object_getn(object, name.data, name.len) != NULL;
    if (is_there && !(limits->flags & ASSAY_JSON_LAST_DUPLICATE_WINS)) {
        return fail_duplicate(reader, at, name);
    }
    if (limits->members_max > 0 && !is_there && json_object_size(object) == limits->members_max) {
        return scan_fail(&reader->scan, at, ASSAY_TOO_LARGE, reader->err,
                         "found member %zu of an object, expected at most %zu", limits->members_max + 1,
                         limits->members_max);
    }
    return ASSAY_OK;
}

static assay_code read_member(struct reader *reader, json_t *object, unsigned depth)
{
    struct json_scan *scan = &reader->scan;
    size_t at = scan->at;
    struct assay_slice name;
    if (at == scan->len || scan->bytes[at] != '"') {
        return scan_fail_found(scan, "a member name in quotes", reader->err);
    }
    assay_code rc = scan_string(scan, &name, reader->err);
    if (rc == ASSAY_OK) {
        rc = start_member(reader, object, at, name);
    }
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_buf kept = {0};
    if (name.data == scan->decoded.data) { /* the name had escapes: the value's strings would overwrite it */
        kept = scan->decoded;
        assay_buf_init(&scan->decoded, kept.max);
    }
    json_t *value = NULL;
    scan_space(scan);
    if (!scan_take(scan, ':')) {
        rc = scan_fail_found(scan, "':' after a member name", reader->err);
        goto out;
    }
    scan_space(scan);
    rc = read_value(reader, depth, &value);
    if (rc == ASSAY_OK && json_object_setn_new_nocheck(object, name.len ? name.data : "", name.len, value) != 0) {
        rc = assay_nomem(reader->err); /* set_new took the value even so */
    }
out:
    if (kept.max > 0) {
        assay_buf_done(&kept);
    }
    return rc;
}

static assay_code read_object(struct reader *reader, unsigned depth, json_t **ret)
{
    struct json_scan *scan = &reader->scan;
    json_t *object = json_object();
    if (!object) {
        return assay_nomem(reader->err);
    }
    assay_code rc = ASSAY_OK;
    scan_space(scan);
    bool is_end = scan_take(scan, '}');
    while (!is_end) {
        rc = read_member(reader, object, depth);
        if (rc != ASSAY_OK) {
            goto fail;
        }
        scan_space(scan);
        is_end = scan_take(scan, '}');
        if (!is_end && !scan_take(scan, ',')) {
            rc = scan_fail_found(scan, "',' or '}' after a member", reader->err);
            goto fail;
        }
        if (!is_end) {
            scan_space(scan);
        }
    }
    *ret = object;
    return ASSAY_OK;
fail:
    json_decref(object);
    return rc;
}

static assay_code read_array(struct reader *reader, unsigned depth, json_t **ret)
{
    struct json_scan *scan = &reader->scan;
    json_t *array = json_array();
    if (!array) {
        return assay_nomem(reader->err);
    }
    assay_code rc = ASSAY_OK;
    scan_space(scan);
    bool is_end = scan_take(scan, ']');
    while (!is_end) {
        json_t *item = NULL;
        rc = read_value(reader, depth, &item);
        if (rc == ASSAY_OK && json_array_append_new(array, item) != 0) {
            rc = assay_nomem(reader->err);
        }
        if (rc != ASSAY_OK) {
            goto fail;
        }
        scan_space(scan);
        is_end = scan_take(scan, ']');
        if (!is_end && !scan_take(scan, ',')) {
            rc = scan_fail_found(scan, "',' or ']' after an array element", reader->err);
            goto fail;
        }
        scan_space(scan);
    }
    *ret = array;
    return ASSAY_OK;
fail:
    json_decref(array);
    return rc;
}

static assay_code read_string(struct reader *reader, json_t **ret)
{
    struct assay_slice text;
    assay_code rc = scan_string(&reader->scan, &text, reader->err);
    return rc == ASSAY_OK ? give(reader, json_stringn_nocheck(text.len ? text.data : "", text.len), ret) : rc;
}

static assay_code read_number(struct reader *reader, json_t **ret)
{
    struct json_number number;
    assay_code rc = scan_number(&reader->scan, &number, reader->err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    return give(reader, number.is_integer ? json_integer(number.integer) : json_real(number.real), ret);
}

static assay_code read_null(struct reader *reader, size_t at, json_t **ret)
{
    assay_code rc = scan_word(&reader->scan, "null", reader->err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (reader->limits->flags & ASSAY_JSON_RECEIPT_PROFILE) {
        return scan_fail(&reader->scan, at, ASSAY_MALFORMED, reader->err,
                         "found null, expected a value, or {\"absent\":\"why\"} or {\"unknown\":\"why\"}");
    }
    return give(reader, json_null(), ret);
}

/* depth is that of the value's container. */
static assay_code read_value(struct reader *reader, unsigned depth, json_t **ret)
{
    struct json_scan *scan = &reader->scan;
    size_t at = scan->at;
    char c = at < scan->len ? scan->bytes[at] : '\0';
    if (c == '{' || c == '[') {
        assay_code rc = check_depth(reader, at, depth + 1);
        if (rc != ASSAY_OK) {
            return rc;
        }
        scan->at++;
        return c == '{' ? read_object(reader, depth + 1, ret) : read_array(reader, depth + 1, ret);
    }
    if (c == '"') {
        return read_string(reader, ret);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return read_number(reader, ret);
    }
    if (c == 't' || c == 'f') {
        assay_code rc = scan_word(scan, c == 't' ? "true" : "false", reader->err);
        return rc == ASSAY_OK ? give(reader, json_boolean(c == 't'), ret) : rc;
    }
    return read_null(reader, at, ret);
}

/* What can be said of the bytes before the first token. */
static assay_code check_bytes(const struct json_scan *scan, const struct assay_json_limits *limits, assay_err *err)
{
    if (scan->len > limits->bytes_max) {
        return assay_fail(err, ASSAY_TOO_LARGE, "found a JSON text of %zu bytes, expected at most %zu", scan->len,
                          limits->bytes_max);
    }
    if (scan->len >= 3 && memcmp(scan->bytes, "\xEF\xBB\xBF", 3) == 0) {
        return scan_fail(scan, 0, ASSAY_MALFORMED, err,
                         "found a byte order mark, expected the JSON text to start at once");
    }
    size_t valid = assay_utf8_valid_prefix(scan->bytes, scan->len);
    if (valid < scan->len) {
        return scan_fail(scan, valid, ASSAY_MALFORMED, err, "found the byte \\x%02x, expected well-formed UTF-8",
                         (unsigned)(unsigned char)scan->bytes[valid]);
    }
    return ASSAY_OK;
}

assay_code assay_json_read(const char *bytes, size_t len, const struct assay_json_limits *limits, json_t **ret_root,
                           assay_err *err)
{
    assert((bytes || len == 0) && limits && ret_root);
    assert(limits->depth_max <= ASSAY_JSON_DEPTH_MAX && limits->bytes_max > 0);
    struct reader reader = {.scan = {.bytes = bytes, .len = len, .flags = limits->flags}, .limits = limits, .err = err};
    assay_buf_init(&reader.scan.decoded, limits->bytes_max);
    json_t *root = NULL;
    assay_code rc = check_bytes(&reader.scan, limits, err);
    if (rc != ASSAY_OK) {
        goto out;
    }
    scan_space(&reader.scan);
    rc = read_value(&reader, 0, &root);
    if (rc != ASSAY_OK) {
        goto out;
    }
    scan_space(&reader.scan);
    if (reader.scan.at < len) {
        rc = scan_fail_found(&reader.scan, "nothing after the value", err);
        goto out;
    }
    *ret_root = root;
    root = NULL;
out:
    json_decref(root);
    assay_buf_done(&reader.scan.decoded);
    return rc;
}
