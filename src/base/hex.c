#include "base/hex.h"

#include <stdint.h>
#include <string.h>

void assay_hex_print(const void *bytes, size_t len, char *text)
{
    static const char DIGITS[] = "0123456789abcdef";
    const unsigned char *from = bytes;
    for (size_t i = 0; i < len; i++) {
        *text++ = DIGITS[from[i] >> 4];
        *text++ = DIGITS[from[i] & 15];
    }
    *text = '\0';
}

/* Sixteen digits at a time, in vectors of the compiler: a log of a million entries has three hundred million of them.
 * The last, fewer ones are put before zeros. */
#define STEP_BYTES 8

typedef uint8_t digits16 __attribute__((vector_size(2 * STEP_BYTES)));
typedef uint16_t pairs8 __attribute__((vector_size(2 * STEP_BYTES)));
typedef uint8_t bytes8 __attribute__((vector_size(STEP_BYTES)));

/* Sets each byte of *bad whose character is no digit. */
static bytes8 read_step(const char *text, digits16 *bad)
{
    digits16 x;
    memcpy(&x, text, sizeof x);
    digits16 is_number = (digits16)(x - '0' <= 9), is_letter = (digits16)(x - 'a' <= 5);
    *bad |= ~(is_number | is_letter);
    pairs8 pairs = (pairs8)((is_number & (x - '0')) | (is_letter & (x - ('a' - 10))));
    /* the first digit of a pair is the high half of what they stand for, wherever the machine has it */
    const bool is_first_low = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    return __builtin_convertvector((is_first_low ? pairs << 4 | pairs >> 8 : pairs >> 4 | pairs) & 0xff, bytes8);
}

bool assay_hex_read(const char *text, void *ret, size_t len)
{
    unsigned char *to = ret;
    digits16 bad = {0};
    bytes8 step;
    for (; len >= STEP_BYTES; len -= STEP_BYTES, text += 2 * STEP_BYTES, to += STEP_BYTES) {
        step = read_step(text, &bad);
        memcpy(to, &step, sizeof step);
    }
    if (len > 0) {
        char last[2 * STEP_BYTES];
        memset(last, '0', sizeof last);
        memcpy(last, text, 2 * len);
        step = read_step(last, &bad);
        memcpy(to, &step, len);
    }
    uint64_t halves[2];
    memcpy(halves, &bad, sizeof bad);
    return (halves[0] | halves[1]) == 0;
}
