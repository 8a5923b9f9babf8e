#include "workload/llm_scan.h"

#include <assert.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four hex digits at p; false if there are none. */
static bool hex_unit(const char *p, const char *end, uint32_t *ret)
{
    if (end - p < 4) {
        return false;
    }
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0) {
            return false;
        }
        unit = unit << 4 | (uint32_t)digit;
    }
    *ret = unit;
    return true;
}

static bool is_high_surrogate(uint32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(uint32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* \uXXXX, scan->at behind the u: one unit, or a surrogate pair. */
static bool scan_unicode_escape(struct assay_llm_scan *scan)
{
    uint32_t unit, low;
    if (!hex_unit(scan->at, scan->end, &unit)) {
        return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_NOT_JSON);
    }
    if (is_low_surrogate(unit)) {
        return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_ENCODING);
    }
    scan->at += 4;
    if (!is_high_surrogate(unit)) {
        return true;
    }
    bool has_low = scan->end - scan->at >= 2 && scan->at[0] == '\\' && scan->at[1] == 'u' &&
                   hex_unit(scan->at + 2, scan->end, &low) && is_low_surrogate(low);
    if (!has_low) {
        return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_ENCODING);
    }
    scan->at += 6;
    return true;
}

static bool scan_escape(struct assay_llm_scan *scan)
{
    scan->at++;
    if (scan->at == scan->end) {
        return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_NOT_JSON);
    }
    char c = *scan->at++;
    if (c == 'u') {
        return scan_unicode_escape(scan);
    }
    if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL) {
        scan->at--;
        return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_NOT_JSON);
    }
    return true;
}

/* A run of bytes beyond ASCII; it ends before the next ASCII byte. */
static bool scan_beyond_ascii(struct assay_llm_scan *scan)
{
    const char *p = scan->at;
    while (p < scan->end && (unsigned char)*p >= 0x80) {
        p++;
    }
    size_t len = (size_t)(p - scan->at), good = assay_utf8_valid_prefix(scan->at, len);
    if (good != len) {
        scan->at += good;
        return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_ENCODING);
    }
    scan->at = p;
    return true;
}

bool assay_llm_scan_string_rest(struct assay_llm_scan *scan, bool *ret_has_escapes)
{
    while (scan->at < scan->end) {
        unsigned char c = (unsigned char)*scan->at;
        if (c == '"') {
            scan->at++;
            return true;
        }
        if (c < 0x20) {
            return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_NOT_JSON);
        }
        if (c == '\\') {
            *ret_has_escapes = true;
            if (!scan_escape(scan)) {
                return false;
            }
        } else if (c >= 0x80) {
            if (!scan_beyond_ascii(scan)) {
                return false;
            }
        } else {
            scan->at++;
        }
    }
    return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_NOT_JSON);
}

/* The first byte of p that is no digit. */
static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && (unsigned)(*p - '0') < 10) {
        p++;
    }
    return p;
}

static bool fail_number(struct assay_llm_scan *scan, const char *p)
{
    scan->at = p;
    return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_NOT_JSON);
}

bool assay_llm_scan_number(struct assay_llm_scan *scan, struct assay_llm_number *ret)
{
    const char *start = scan->at, *end = scan->end, *p = start, *digits;
    p += p < end && *p == '-';
    digits = p;
    p = p < end && *p == '0' ? p + 1 : skip_digits(p, end);
    if (p == digits) {
        return fail_number(scan, p);
    }
    if (p < end && *p == '.') {
        digits = ++p;
        p = skip_digits(p, end);
        if (p == digits) {
            return fail_number(scan, p);
        }
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        digits = p;
        p = skip_digits(p, end);
        if (p == digits) {
            return fail_number(scan, p);
        }
    }
    scan->at = p;
    *ret = (struct assay_llm_number){start, (uint32_t)(p - start)};
    return true;
}

bool assay_llm_scan_word(struct assay_llm_scan *scan, const char *word, size_t len)
{
    if ((size_t)(scan->end - scan->at) < len || memcmp(scan->at, word, len) != 0) {
        return assay_llm_scan_fail(scan, ASSAY_LLM_FAULT_NOT_JSON);
    }
    scan->at += len;
    return true;
}

/* Nesting is at most ASSAY_LLM_DEPTH_MAX, and so is this recursion. */
static bool skip_members(struct assay_llm_scan *scan, char closing)
{
    bool is_empty = false, has_more = true;
    if (!assay_llm_scan_enter(scan, closing, &is_empty)) {
        return false;
    }
    while (!is_empty && has_more) {
        struct assay_llm_text name;
        if (closing == '}' && !assay_llm_scan_name(scan, &name)) {
            return false;
        }
        if (!assay_llm_scan_skip(scan) || !assay_llm_scan_next(scan, closing, &has_more)) {
            return false;
        }
    }
    return true;
}

bool assay_llm_scan_skip(struct assay_llm_scan *scan)
{
    struct assay_llm_text text;
    struct assay_llm_number number;
    switch (assay_llm_scan_peek(scan)) {
    case '"':
        return assay_llm_scan_string(scan, &text);
    case '{':
        return skip_members(scan, '}');
    case '[':
        return skip_members(scan, ']');
    case 't':
        return assay_llm_scan_word(scan, "true", 4);
    case 'f':
        return assay_llm_scan_word(scan, "false", 5);
    case 'n':
        return assay_llm_scan_null(scan);
    default:
        return assay_llm_scan_number(scan, &number);
    }
}

bool assay_llm_scan_raw(struct assay_llm_scan *scan, struct assay_slice *ret)
{
    assay_llm_scan_space(scan);
    const char *start = scan->at;
    if (!assay_llm_scan_skip(scan)) {
        return false;
    }
    *ret = (struct assay_slice){start, (size_t)(scan->at - start)};
    return true;
}

/* ---- decoding --------------------------------------------------------------------------------------------------- */

struct piece {
    char bytes[256]; /* fits the stack, and makes calls of the sink rare */
    size_t len;
    assay_llm_bytes_fn *sink;
    void *context;
};

static void piece_flush(struct piece *piece)
{
    if (piece->len > 0) {
        piece->sink(piece->context, piece->bytes, piece->len);
        piece->len = 0;
    }
}

static void piece_code_point(struct piece *piece, uint32_t c)
{
    if (sizeof piece->bytes - piece->len < 4) {
        piece_flush(piece);
    }
    char *p = piece->bytes + piece->len;
    if (c < 0x80) {
        p[0] = (char)c;
        piece->len += 1;
    } else if (c < 0x800) {
        p[0] = (char)(0xc0 | c >> 6);
        p[1] = (char)(0x80 | (c & 0x3f));
        piece->len += 2;
    } else if (c < 0x10000) {
        p[0] = (char)(0xe0 | c >> 12);
        p[1] = (char)(0x80 | (c >> 6 & 0x3f));
        p[2] = (char)(0x80 | (c & 0x3f));
        piece->len += 3;
    } else {
        p[0] = (char)(0xf0 | c >> 18);
        p[1] = (char)(0x80 | (c >> 12 & 0x3f));
        p[2] = (char)(0x80 | (c >> 6 & 0x3f));
        p[3] = (char)(0x80 | (c & 0x3f));
        piece->len += 4;
    }
}

static uint32_t decode_simple(char c)
{
    static const char names[] = "bfnrt", values[] = "\b\f\n\r\t";
    const char *found = strchr(names, c);
    return found != NULL ? (unsigned char)values[found - names] : (unsigned char)c;
}

/* p stands behind a backslash; returns what follows the escape. */
static const char *decode_escape(struct piece *piece, const char *p, const char *end)
{
    if (*p != 'u') {
        piece_code_point(piece, decode_simple(*p));
        return p + 1;
    }
    uint32_t unit = 0, low = 0;
    bool is_whole = hex_unit(p + 1, end, &unit);
    assert(is_whole);
    p += 5;
    if (is_high_surrogate(unit)) {
        is_whole = hex_unit(p + 2, end, &low);
        assert(is_whole);
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
    }
    piece_code_point(piece, unit);
    return p;
}

void assay_llm_text_decode(struct assay_llm_text text, assay_llm_bytes_fn *sink, void *context)
{
    if (!text.has_escapes) {
        if (text.len > 0) {
            sink(context, text.data, text.len);
        }
        return;
    }
    struct piece piece = {.len = 0, .sink = sink, .context = context};
    const char *p = text.data, *end = text.data + text.len;
    while (p < end) {
        if (*p == '\\') {
            p = decode_escape(&piece, p + 1, end);
        } else {
            if (piece.len == sizeof piece.bytes) {
                piece_flush(&piece);
            }
            piece.bytes[piece.len++] = *p++;
        }
    }
    piece_flush(&piece);
}
