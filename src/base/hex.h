/*
 * Lowercase hexadecimal digits, two a byte, as digests and ids are written.
 */
#ifndef ASSAY_BASE_HEX_H
#define ASSAY_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>

/* text has room for 2 * len + 1. */
void assay_hex_print(const void *bytes, size_t len, char *text);

/* The bytes that the first 2 * len characters of the text stand for. False if one of them is no lowercase digit; *ret
 * then holds nothing of meaning. What follows in the text is not looked at. */
bool assay_hex_read(const char *text, void *ret, size_t len);

#endif
