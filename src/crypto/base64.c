#include "crypto/crypto.h"

#include "crypto/base64_fast.h"

#include <assert.h>
#include <stdint.h>

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void assay_base64_append(struct assay_buf *out, const void *bytes, size_t len)
{
    const unsigned char *from = bytes;
    for (size_t at = 0; at < len; at += 3) {
        size_t n = len - at; /* three or more: a whole group */
        uint32_t group = (uint32_t)from[at] << 16;
        if (n > 1) {
            group |= (uint32_t)from[at + 1] << 8;
        }
        if (n > 2) {
            group |= (uint32_t)from[at + 2];
        }
        char text[4] = {ALPHABET[group >> 18], ALPHABET[group >> 12 & 63], n > 1 ? ALPHABET[group >> 6 & 63] : '=',
                        n > 2 ? ALPHABET[group & 63] : '='};
        assay_buf_append(out, text, sizeof text);
    }
}

/* One more than the value of a digit; 0 for every byte outside the alphabet, those above 127 too. */
static const unsigned char DIGITS[256] = {
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  63, 0,  0,  0,  64, 53, 54, 55, 56,
    57, 58, 59, 60, 61, 62, 0,  0,  0,  0,  0,  0,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,
    14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 0,  0,  0,  0,  0,  0,  27, 28, 29, 30, 31, 32, 33,
    34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 0,  0,  0,  0,  0,
};

static int digit_value(char c)
{
    return (int)DIGITS[(unsigned char)c] - 1;
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
    assert(group >> 24 == 0);
    char bytes[3] = {(char)(group >> 16), (char)(group >> 8), (char)group};
    if ((group & ((UINT32_C(1) << 8 * (3 - n)) - 1)) != 0) {
        return assay_fail(err, ASSAY_MALFORMED, "found stray bits in '%c' at position %zu, expected them to be zero",
                          text[at + digits - 1], at + digits - 1);
    }
    assay_buf_append(out, bytes, n);
    return ASSAY_OK;
}

/* Whole groups up to the first that has something else than digits, or to the end; returns where it stopped. */
static size_t decode_groups(const char *text, size_t len, unsigned char *to)
{
    size_t at = base64_fast_decode(text, len, to);
    to += at / 4 * 3;
    for (; at < len; at += 4) {
        unsigned a = DIGITS[(unsigned char)text[at]], b = DIGITS[(unsigned char)text[at + 1]];
        unsigned c = DIGITS[(unsigned char)text[at + 2]], d = DIGITS[(unsigned char)text[at + 3]];
        if (a == 0 || b == 0 || c == 0 || d == 0) {
            break;
        }
        unsigned group = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
        to[0] = (unsigned char)(group >> 16);
        to[1] = (unsigned char)(group >> 8);
        to[2] = (unsigned char)group;
        to += 3;
    }
    return at;
}

assay_code assay_base64_decode(const char *text, size_t len, struct assay_buf *out, assay_err *err)
{
    assert((text || len == 0) && out);
    if (len % 4 != 0) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "found %zu characters of base64, expected a multiple of 4, padded with '='", len);
    }
    if (len == 0) {
        return assay_buf_check(out, err);
    }
    const size_t front = len - 4; /* the last group may be padded */
    char *to = assay_buf_reserve(out, front / 4 * 3);
    if (!to) {
        return assay_buf_check(out, err);
    }
    size_t at = decode_groups(text, front, (unsigned char *)to);
    assay_buf_grew(out, at / 4 * 3);
    bool is_last = at + 4 == len; /* else a group that has something else than digits */
    size_t digits = is_last && text[at + 3] == '=' ? (text[at + 2] == '=' ? 2 : 3) : 4;
    assay_code rc = decode_group(text, at, digits, out, err);
    return rc == ASSAY_OK ? assay_buf_check(out, err) : rc;
}
