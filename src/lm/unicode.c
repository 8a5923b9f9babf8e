#include "lm/unicode.h"

enum assay_unicode_class assay_unicode_class_of(uint32_t code_point)
{
    size_t low = 0, high = assay_unicode_ranges_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct assay_unicode_range *range = &assay_unicode_ranges[middle];
        if (code_point >= range->first && code_point <= range->last) {
            return range->class;
        }
        low = code_point > range->last ? middle + 1 : low;
        high = code_point < range->first ? middle : high;
    }
    return ASSAY_UNICODE_OTHER;
}
