/* Bytes written as hex, for vectors. "-" is none. */
#ifndef TESTS_SUPPORT_HEX_H
#define TESTS_SUPPORT_HEX_H

#include <stddef.h>
#include <string.h>

static inline unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
}

/* Returns the length; more than `max` bytes are cut off. */
static inline size_t unhex(const char *hex, unsigned char *bytes, size_t max)
{
    size_t len = strcmp(hex, "-") == 0 ? 0 : strspn(hex, "0123456789abcdefABCDEF") / 2;
    len = len < max ? len : max;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (unsigned char)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    }
    return len;
}

#endif
