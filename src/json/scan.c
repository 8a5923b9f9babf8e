#include "json/scan.h"

#include "base/num.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX 24              /* of foreign bytes in a message: enough to recognise the place */
#define INTEGER_LIMIT (1LL << 53) /* beyond it, binary64 no longer holds every integer */

struct json_place scan_place(const char *bytes, size_t at)
{
    struct json_place place = {1, 1};
    for (size_t i = 0; i < at; i++) {
        if (bytes[i] == '\n') {
            place.line++;
            place.column = 1;
        } else if (((unsigned char)bytes[i] & 0xC0) != 0x80) { /* not a continuation byte */
            place.column++;
        }
    }
    return place;
}

assay_code scan_fail(const struct json_scan *scan, size_t at, assay_code code, assay_err *err, const char *format, ...)
{
    char message[ASSAY_ERR_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof message, format, args);
    va_end(args);
    struct json_place place = scan_place(scan->bytes, at);
    return assay_fail(err, code, "line %zu, column %zu: %s", place.line, place.column, message);
}

assay_code scan_fail_found(const struct json_scan *scan, const char *expected, assay_err *err)
{
    if (scan->at == scan->len) {
        return scan_fail(scan, scan->at, ASSAY_MALFORMED, err, "found the end of the text, expected %s", expected);
    }
    struct assay_buf shown;
    assay_buf_init(&shown, ASSAY_ERR_BYTES);
    size_t left = scan->len - scan->at;
    uint32_t code_point;
    size_t n = assay_utf8_next(scan->bytes + scan->at, left, &code_point);
    assay_text_show(&shown, scan->bytes + scan->at, n, SHOWN_MAX);
    assay_code rc = scan_fail(scan, scan->at, ASSAY_MALFORMED, err, "found '%s', expected %s",
                              shown.data ? shown.data : "", expected);
    assay_buf_done(&shown);
    return rc;
}

void scan_space(struct json_scan *scan)
{
    while (scan->at < scan->len) {
        char c = scan->bytes[scan->at];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
            return;
        }
        scan->at++;
    }
}

bool scan_take(struct json_scan *scan, char c)
{
    if (scan->at < scan->len && scan->bytes[scan->at] == c) {
        scan->at++;
        return true;
    }
    return false;
}

assay_code scan_word(struct json_scan *scan, const char *word, assay_err *err)
{
    size_t n = strlen(word);
    if (scan->len - scan->at < n || memcmp(scan->bytes + scan->at, word, n) != 0) {
        return scan_fail_found(scan, "a value: an object, an array, a string, a number, true, false or null", err);
    }
    scan->at += n;
    return ASSAY_OK;
}

/* ---- numbers ---- */

static size_t digits(struct json_scan *scan)
{
    size_t start = scan->at;
    while (scan->at < scan->len && scan->bytes[scan->at] >= '0' && scan->bytes[scan->at] <= '9') {
        scan->at++;
    }
    return scan->at - start;
}

/* int [frac] [exp] of RFC 8259, section 6. */
static assay_code number_extent(struct json_scan *scan, bool *ret_is_integer, assay_err *err)
{
    (void)scan_take(scan, '-');
    if (scan_take(scan, '0')) {
        if (digits(scan) > 0) {
            scan->at--;
            return scan_fail_found(scan, "no digit after a leading zero", err);
        }
    } else if (digits(scan) == 0) {
        return scan_fail_found(scan, "a digit", err);
    }
    *ret_is_integer = true;
    if (scan_take(scan, '.')) {
        *ret_is_integer = false;
        if (digits(scan) == 0) {
            return scan_fail_found(scan, "a digit after the decimal point", err);
        }
    }
    if (scan_take(scan, 'e') || scan_take(scan, 'E')) {
        *ret_is_integer = false;
        if (!scan_take(scan, '+')) {
            (void)scan_take(scan, '-');
        }
        if (digits(scan) == 0) {
            return scan_fail_found(scan, "a digit in the exponent", err);
        }
    }
    return ASSAY_OK;
}

/* False if it does not fit. The extent is "-"? digits. */
static bool read_int64(struct assay_slice text, int64_t *ret)
{
    bool is_negative = text.data[0] == '-';
    int64_t value = 0;
    for (size_t i = is_negative ? 1 : 0; i < text.len; i++) {
        int64_t digit = text.data[i] - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, is_negative ? -digit : digit, &value)) {
            return false;
        }
    }
    *ret = value;
    return true;
}

static assay_code check_receipt_number(const struct json_scan *scan, size_t start, const struct json_number *number,
                                       bool is_integer_text, assay_err *err)
{
    if (!is_integer_text) {
        return scan_fail(scan, start, ASSAY_MALFORMED, err,
                         "found a number with fraction or exponent, expected an integer");
    }
    if (!number->is_integer || number->integer >= INTEGER_LIMIT || number->integer <= -INTEGER_LIMIT) {
        return scan_fail(scan, start, ASSAY_MALFORMED, err,
                         "found an integer of 2^53 or more, expected a smaller one, or a string of digits");
    }
    return ASSAY_OK;
}

assay_code scan_number(struct json_scan *scan, struct json_number *ret, assay_err *err)
{
    size_t start = scan->at;
    bool is_integer_text = false;
    assay_code rc = number_extent(scan, &is_integer_text, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_slice text = {scan->bytes + start, scan->at - start};
    ret->is_integer = is_integer_text && read_int64(text, &ret->integer);
    if (!ret->is_integer && assay_num_double(text, "a number", &ret->real, NULL) != ASSAY_OK) {
        return scan_fail(scan, start, ASSAY_MALFORMED, err,
                         "found a number beyond binary64, expected one below 1.8e308");
    }
    if (scan->flags & ASSAY_JSON_RECEIPT_PROFILE) {
        return check_receipt_number(scan, start, ret, is_integer_text, err);
    }
    return ASSAY_OK;
}

/* ---- strings ---- */

static bool is_control(uint32_t code_point) /* general category Cc */
{
    return code_point < 0x20 || (code_point >= 0x7F && code_point <= 0x9F);
}

/* Printable ASCII but the quote and the backslash, eight bytes at a time. */
static void skip_plain_words(struct json_scan *scan)
{
    uint64_t word;
    for (; scan->len - scan->at >= sizeof word; scan->at += sizeof word) {
        memcpy(&word, scan->bytes + scan->at, sizeof word);
        uint64_t quote = word ^ SCAN_EACH('"'), backslash = word ^ SCAN_EACH('\\'), delete = word ^ SCAN_EACH(0x7f);
        uint64_t found =
            (word - SCAN_EACH(0x20)) | (quote - SCAN_ONES) | (backslash - SCAN_ONES) | (delete - SCAN_ONES) | word;
        if (found & SCAN_HIGHS) { /* a borrow from a lower byte may say so too: the caller looks at each */
            return;
        }
    }
}

/* Moves over characters that stand for themselves. */
static assay_code plain_run(struct json_scan *scan, assay_err *err)
{
    bool is_receipt = (scan->flags & ASSAY_JSON_RECEIPT_PROFILE) != 0;
    skip_plain_words(scan);
    for (; scan->at < scan->len; scan->at++) {
        unsigned char c = (unsigned char)scan->bytes[scan->at];
        if (c == '"' || c == '\\') {
            return ASSAY_OK;
        }
        if (c < 0x20) {
            return scan_fail(scan, scan->at, ASSAY_MALFORMED, err,
                             "found a raw control character \\x%02x in a string, "
                             "expected %s",
                             c, is_receipt ? "none" : "it escaped as \\u00xx");
        }
        /* U+0080..U+009F is C2 80..9F; the text is well-formed, so a byte follows C2 */
        if (is_receipt && (c == 0x7F || (c == 0xC2 && (unsigned char)scan->bytes[scan->at + 1] < 0xA0))) {
            return scan_fail(scan, scan->at, ASSAY_MALFORMED, err,
                             "found a control character in a string, expected none in a receipt");
        }
    }
    return scan_fail_found(scan, "the closing quote of a string", err);
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20); /* lower case */
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits, the scan standing behind "\u". */
static assay_code hex4(struct json_scan *scan, uint32_t *ret, assay_err *err)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = scan->at < scan->len ? hex_value(scan->bytes[scan->at]) : -1;
        if (digit < 0) {
            return scan_fail_found(scan, "four hex digits after \\u", err);
        }
        value = value << 4 | (uint32_t)digit;
        scan->at++;
    }
    *ret = value;
    return ASSAY_OK;
}

/* A code point from \uXXXX or a surrogate pair; start is the backslash, for messages. */
static assay_code unicode_escape(struct json_scan *scan, size_t start, uint32_t *ret, assay_err *err)
{
    uint32_t high = 0;
    uint32_t low = 0; /* neither half of a pair */
    assay_code rc = hex4(scan, &high, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (high < 0xD800 || high > 0xDFFF) {
        *ret = high;
        return ASSAY_OK;
    }
    if (high <= 0xDBFF && scan_take(scan, '\\') && scan_take(scan, 'u')) {
        rc = hex4(scan, &low, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    if (low < 0xDC00 || low > 0xDFFF) {
        return scan_fail(scan, start, ASSAY_MALFORMED, err, "found a lone surrogate, expected a pair \\ud8xx\\udcxx");
    }
    *ret = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    return ASSAY_OK;
}

/* One escape, the scan standing behind the backslash. */
static assay_code escape(struct json_scan *scan, assay_err *err)
{
    static const struct {
        char escape, stands_for;
    } SHORT[] = {{'"', '"'}, {'\\', '\\'}, {'/', '/'}, {'b', '\b'}, {'f', '\f'}, {'n', '\n'}, {'r', '\r'}, {'t', '\t'}};
    size_t start = scan->at - 1;
    uint32_t code_point = 0;
    if (scan_take(scan, 'u')) {
        assay_code rc = unicode_escape(scan, start, &code_point, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    } else {
        size_t i = 0;
        while (i < sizeof SHORT / sizeof SHORT[0] && !scan_take(scan, SHORT[i].escape)) {
            i++;
        }
        if (i == sizeof SHORT / sizeof SHORT[0]) {
            return scan_fail_found(scan, "one of \" \\ / b f n r t u after a backslash", err);
        }
        code_point = (unsigned char)SHORT[i].stands_for;
    }
    if ((scan->flags & ASSAY_JSON_RECEIPT_PROFILE) && is_control(code_point)) {
        return scan_fail(scan, start, ASSAY_MALFORMED, err,
                         "found an escaped control character, expected none in a receipt");
    }
    assay_utf8_append(&scan->decoded, code_point);
    return ASSAY_OK;
}

assay_code scan_string(struct json_scan *scan, struct assay_slice *ret, assay_err *err)
{
    bool is_string = scan_take(scan, '"');
    assert(is_string); /* whoever comes here saw the quote */
    (void)is_string;
    assay_buf_clear(&scan->decoded);
    bool has_escapes = false;
    for (;;) {
        size_t start = scan->at;
        assay_code rc = plain_run(scan, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        struct assay_slice run = {scan->bytes + start, scan->at - start};
        if (!has_escapes && scan_take(scan, '"')) {
            *ret = run; /* most strings: borrowed as they stand */
            return ASSAY_OK;
        }
        assay_buf_append(&scan->decoded, run.data, run.len);
        if (scan_take(scan, '"')) {
            break;
        }
        has_escapes = true;
        scan->at++; /* the backslash, where plain_run stopped */
        rc = escape(scan, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    *ret = (struct assay_slice){scan->decoded.data, scan->decoded.len};
    return assay_buf_check(&scan->decoded, err);
}
