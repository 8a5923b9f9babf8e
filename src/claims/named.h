/* Paths that a Markdown document names (inside claims/): targets of links, and paths in code spans. */
#ifndef ASSAY_CLAIMS_NAMED_H
#define ASSAY_CLAIMS_NAMED_H

#include "base/text.h"

#include <stdbool.h>

struct named {
    struct assay_slice path; /* relative, without what follows '#' */
    struct assay_slice line; /* in which it stands */
    size_t before;           /* where its mark begins, '`' or '[': what is said of it stands before */
    bool is_link;
};
typedef void named_visit(void *user, const struct named *named);

/* Outside of fenced code and comments; each as often as it stands there. */
void named_each(const char *bytes, size_t len, named_visit *visit, void *user);

#endif
