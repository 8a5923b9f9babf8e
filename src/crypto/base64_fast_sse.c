#include "crypto/base64_fast.h"

/* Mula and Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions", 2018, section 3.2, on 16 characters
 * at once. This file is compiled with SSE 4.1, and its instructions are used only where the processor has them. */

#if defined(__x86_64__) && defined(__SSE4_1__) && __has_include(<sys/platform/x86.h>)

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>
#include <sys/platform/x86.h>

#define GROUP_CHARS 16
#define GROUP_BYTES 12

/* The values of 16 digits, from the halves of each character. A character is none if a bit is set for both: a row of
 * characters (the high half), and the places in such a row that are no digits (the low half). */
static bool values_of(__m128i chars, __m128i *ret)
{
    const __m128i bad_low =
        _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
    const __m128i bad_high =
        _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    /* what to add to a character, by its high half; '/' shares its with '+' and counts one lower */
    static const signed char SHIFTS[GROUP_CHARS] = {
        [1] = 16, [2] = 19, [3] = 4, [4] = -65, [5] = -65, [6] = -71, [7] = -71};
    const __m128i shift = _mm_loadu_si128((const void *)SHIFTS);
    const __m128i half = _mm_set1_epi8(0x0f), slash = _mm_set1_epi8('/');
    __m128i high = _mm_and_si128(_mm_srli_epi32(chars, 4), half), low = _mm_and_si128(chars, half);
    __m128i bad = _mm_and_si128(_mm_shuffle_epi8(bad_low, low), _mm_shuffle_epi8(bad_high, high));
    __m128i row = _mm_add_epi8(_mm_cmpeq_epi8(chars, slash), high);
    *ret = _mm_add_epi8(chars, _mm_shuffle_epi8(shift, row));
    return _mm_testz_si128(bad, bad) != 0;
}

/* Four values of six bits to three bytes, four times: pairs to 12 bits, pairs of those to 24, and these in order. */
static __m128i bytes_of(__m128i values)
{
    static const signed char ORDER[GROUP_CHARS] = {2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12}; /* the rest is not stored */
    __m128i twelve = _mm_maddubs_epi16(values, _mm_set1_epi32(0x01400140));
    __m128i twenty_four = _mm_madd_epi16(twelve, _mm_set1_epi32(0x00011000));
    return _mm_shuffle_epi8(twenty_four, _mm_loadu_si128((const void *)ORDER));
}

size_t base64_fast_decode(const char *text, size_t len, unsigned char *to)
{
    size_t at = 0;
    if (!CPU_FEATURE_ACTIVE(SSE4_1)) { /* who has these has SSSE 3 */
        return 0;
    }
    for (; len - at >= GROUP_CHARS; at += GROUP_CHARS, to += GROUP_BYTES) {
        __m128i values;
        if (!values_of(_mm_loadu_si128((const void *)(text + at)), &values)) {
            break;
        }
        __m128i bytes = bytes_of(values);
        int last = _mm_extract_epi32(bytes, 2);
        _mm_storel_epi64((void *)to, bytes);
        memcpy(to + 8, &last, sizeof last);
    }
    return at;
}

#else

size_t base64_fast_decode(const char *text, size_t len, unsigned char *to)
{
    (void)text;
    (void)len;
    (void)to;
    return 0;
}

#endif
