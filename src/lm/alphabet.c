#include "lm/alphabet.h"

#include <stdbool.h>

static bool is_printable(unsigned byte)
{
    return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

uint32_t assay_alphabet_code_point(unsigned byte)
{
    uint32_t others = 0;
    for (unsigned b = 0; b < byte; b++) {
        others += !is_printable(b);
    }
    return is_printable(byte) ? byte : 256 + others;
}

int assay_alphabet_byte(uint32_t code_point)
{
    if (code_point < 256) {
        return is_printable(code_point) ? (int)code_point : -1;
    }
    uint32_t left = code_point - 256;
    for (unsigned byte = 0; byte < 256; byte++) {
        if (!is_printable(byte) && left-- == 0) {
            return (int)byte;
        }
    }
    return -1;
}
