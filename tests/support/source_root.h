/* Where the checkout is: the tests say so to their programs; one that is run by hand is run from the checkout. */
#ifndef ASSAY_TESTS_SOURCE_ROOT_H
#define ASSAY_TESTS_SOURCE_ROOT_H

#include <stdlib.h>

static inline const char *source_root(void)
{
    const char *root = getenv("ASSAY_SOURCE_ROOT");
    return root ? root : ".";
}

#endif
