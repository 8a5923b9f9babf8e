#include "base/text.h"

#include <string.h>

#define REPLACEMENT 0xFFFDU

/* Well-formed byte sequences: Unicode Standard, table 3-7. One row per range of first bytes. */
static const struct {
    unsigned char first_low, first_high, second_low, second_high, len;
} SEQUENCES[] = {
    {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};
#define SEQUENCES_COUNT (sizeof SEQUENCES / sizeof SEQUENCES[0])

/* Length of the well-formed sequence at bytes, or 0. */
static size_t sequence_len(const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < SEQUENCES_COUNT; i++) {
        if (bytes[0] < SEQUENCES[i].first_low || bytes[0] > SEQUENCES[i].first_high) {
            continue;
        }
        size_t wanted = SEQUENCES[i].len;
        if (wanted > len ||
            (wanted > 1 && (bytes[1] < SEQUENCES[i].second_low || bytes[1] > SEQUENCES[i].second_high))) {
            return 0;
        }
        for (size_t k = 2; k < wanted; k++) {
            if ((bytes[k] & 0xC0) != 0x80) {
                return 0;
            }
        }
        return wanted;
    }
    return 0;
}

/* Bytes below 0x80 at the start, eight at a time; at least 1, since the first one is. */
static size_t ascii_run(const char *bytes, size_t len)
{
    size_t at = 1;
    uint64_t word;
    for (; len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, bytes + at, sizeof word);
        if (word & UINT64_C(0x8080808080808080)) {
            break;
        }
    }
    return at;
}

size_t assay_utf8_valid_prefix(const char *bytes, size_t len)
{
    size_t at = 0;
    while (at < len) {
        if ((unsigned char)bytes[at] < 0x80) { /* most text: no table look-up */
            at += ascii_run(bytes + at, len - at);
            continue;
        }
        size_t n = sequence_len((const unsigned char *)bytes + at, len - at);
        if (n == 0) {
            break;
        }
        at += n;
    }
    return at;
}

size_t assay_utf8_next(const char *bytes, size_t len, uint32_t *ret_code_point)
{
    static const unsigned char FIRST_MASK[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    const unsigned char *p = (const unsigned char *)bytes;
    size_t n = sequence_len(p, len);
    if (n == 0) {
        *ret_code_point = REPLACEMENT;
        return 1;
    }
    uint32_t code_point = p[0] & FIRST_MASK[n];
    for (size_t k = 1; k < n; k++) {
        code_point = (code_point << 6) | (p[k] & 0x3FU);
    }
    *ret_code_point = code_point;
    return n;
}

void assay_utf8_append(struct assay_buf *buf, uint32_t code_point)
{
    if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) {
        code_point = REPLACEMENT;
    }
    char bytes[4];
    size_t n = 0;
    if (code_point < 0x80) {
        bytes[n++] = (char)code_point;
    } else if (code_point < 0x800) {
        bytes[n++] = (char)(0xC0 | (code_point >> 6));
        bytes[n++] = (char)(0x80 | (code_point & 0x3F));
    } else if (code_point < 0x10000) {
        bytes[n++] = (char)(0xE0 | (code_point >> 12));
        bytes[n++] = (char)(0x80 | ((code_point >> 6) & 0x3F));
        bytes[n++] = (char)(0x80 | (code_point & 0x3F));
    } else {
        bytes[n++] = (char)(0xF0 | (code_point >> 18));
        bytes[n++] = (char)(0x80 | ((code_point >> 12) & 0x3F));
        bytes[n++] = (char)(0x80 | ((code_point >> 6) & 0x3F));
        bytes[n++] = (char)(0x80 | (code_point & 0x3F));
    }
    assay_buf_append(buf, bytes, n);
}

/* Code points that change how their neighbours look, or that do not show: control, bidi (UAX 9), line and paragraph
 * separators, invisible operators, interlinear marks, tags. Joiners stay: scripts need them. */
static const struct {
    uint32_t low, high;
} HIDDEN[] = {
    {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x61C, 0x61C},   {0x200B, 0x200B},   {0x200E, 0x200F},
    {0x2028, 0x202E}, {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F},
};
#define HIDDEN_COUNT (sizeof HIDDEN / sizeof HIDDEN[0])

static bool is_shown_as_is(uint32_t code_point)
{
    for (size_t i = 0; i < HIDDEN_COUNT; i++) {
        if (code_point >= HIDDEN[i].low && code_point <= HIDDEN[i].high) {
            return false;
        }
    }
    return true;
}

void assay_text_show(struct assay_buf *buf, const char *bytes, size_t len, size_t max_bytes)
{
    size_t at = 0;
    while (at < len) {
        uint32_t code_point;
        bool is_well_formed = sequence_len((const unsigned char *)bytes + at, len - at) > 0;
        size_t n = assay_utf8_next(bytes + at, len - at, &code_point);
        if (at + n > max_bytes) {
            assay_buf_text(buf, "...");
            return;
        }
        if (is_well_formed && is_shown_as_is(code_point)) {
            assay_buf_append(buf, bytes + at, n);
        } else {
            for (size_t k = 0; k < n; k++) {
                assay_buf_printf(buf, "\\x%02x", (unsigned)(unsigned char)bytes[at + k]);
            }
        }
        at += n;
    }
}
