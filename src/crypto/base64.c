#include "crypto/crypto.h"

#include <assert.h>
#include <stdint.h>

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void assay_base64_append(struct assay_buf *out, const void *bytes, size_t len)
{
    const unsigned char *from = bytes;
    for (size_t at = 0; at < len; at += 3) {
        size_t n = len - at < 3 ? len - at : 3;
        uint32_t group = (uint32_t)from[at] << 16;
        group |= n > 1 ? (uint32_t)from[at + 1] << 8 : 0;
        group |= n > 2 ? (uint32_t)from[at + 2] : 0;
        char text[4] = {ALPHABET[group >> 18], ALPHABET[group >> 12 & 63], n > 1 ? ALPHABET[group >> 6 & 63] : '=',
                        n > 2 ? ALPHABET[group & 63] : '='};
        assay_buf_append(out, text, sizeof text);
    }
}

/* -1 for anything outside the alphabet. */
static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters to n bytes, n = 1..3 by the padding. */
static assay_code decode_group(const char *text, size_t at, size_t digits, struct assay_buf *out, assay_err *err)
{
    uint32_t group = 0;
    for (size_t i = 0; i < digits; i++) {
        int value = digit_value(text[at + i]);
        if (value < 0) {
            return assay_fail(err, ASSAY_MALFORMED,
                              "found the byte \\x%02x at position %zu, expected a digit of standard base64",
                              (unsigned)(unsigned char)text[at + i], at + i);
        }
        group = group << 6 | (uint32_t)value;
    }
    size_t n = digits - 1;
    group <<= 6 * (4 - digits);
    char bytes[3] = {(char)(group >> 16), (char)(group >> 8), (char)group};
    if ((group & ((UINT32_C(1) << 8 * (3 - n)) - 1)) != 0) {
        return assay_fail(err, ASSAY_MALFORMED, "found stray bits in '%c' at position %zu, expected them to be zero",
                          text[at + digits - 1], at + digits - 1);
    }
    assay_buf_append(out, bytes, n);
    return ASSAY_OK;
}

assay_code assay_base64_decode(const char *text, size_t len, struct assay_buf *out, assay_err *err)
{
    assert((text || len == 0) && out);
    if (len % 4 != 0) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "found %zu characters of base64, expected a multiple of 4, padded with '='", len);
    }
    for (size_t at = 0; at < len; at += 4) {
        bool is_last = at + 4 == len;
        size_t digits = is_last && text[at + 3] == '=' ? (text[at + 2] == '=' ? 2 : 3) : 4;
        assay_code rc = decode_group(text, at, digits, out, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return assay_buf_check(out, err);
}
