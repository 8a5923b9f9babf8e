/* How much a reach test counts (docs/reach.md): a sample of a few seconds; ASSAY_REACH=full, minutes (check-all and
 * attack); ASSAY_REACH=all, hours. */
#ifndef ASSAY_TESTS_REACH_H
#define ASSAY_TESTS_REACH_H

#include <stdlib.h>
#include <string.h>

enum reach { REACH_SAMPLE, REACH_FULL, REACH_ALL };

static inline enum reach reach_asked(void)
{
    const char *asked = getenv("ASSAY_REACH");
    if (!asked || *asked == '\0') {
        return REACH_SAMPLE;
    }
    return strcmp(asked, "all") == 0 ? REACH_ALL : REACH_FULL;
}

/* ASSAY_REACH_PART=I/N: only every N-th of the large things, from the I-th on, so that several processes share them. */
struct reach_part {
    unsigned index, count;
};

static inline struct reach_part reach_part_asked(void)
{
    const char *asked = getenv("ASSAY_REACH_PART");
    char *end = NULL;
    unsigned long index = asked ? strtoul(asked, &end, 10) : 0;
    unsigned long count = end && *end == '/' ? strtoul(end + 1, NULL, 10) : 1;
    return count >= 1 && index < count ? (struct reach_part){(unsigned)index, (unsigned)count}
                                       : (struct reach_part){0, 1};
}

#endif
