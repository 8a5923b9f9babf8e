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

#endif
