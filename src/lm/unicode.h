/*
 * What a code point is to a tokenizer: a letter (category L), a number (N), white space, or something else.
 */
#ifndef ASSAY_LM_UNICODE_H
#define ASSAY_LM_UNICODE_H

#include <stddef.h>
#include <stdint.h>

enum assay_unicode_class { ASSAY_UNICODE_OTHER, ASSAY_UNICODE_LETTER, ASSAY_UNICODE_NUMBER, ASSAY_UNICODE_SPACE };

struct assay_unicode_range {
    uint32_t first, last;
    enum assay_unicode_class class;
};

extern const struct assay_unicode_range assay_unicode_ranges[]; /* ascending; what is in none is OTHER */
extern const size_t assay_unicode_ranges_count;
extern const char assay_unicode_version[];

enum assay_unicode_class assay_unicode_class_of(uint32_t code_point);

#endif
