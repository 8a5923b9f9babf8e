/* Comments that speak to assay, and the outcome of a check (inside claims/). */
#ifndef ASSAY_CLAIMS_DIRECTIVE_H
#define ASSAY_CLAIMS_DIRECTIVE_H

#include "claims/check.h"

/* Sorts, suppresses, counts, and fills the findings that the caller gets. */
void claims_outcome(struct check *c);

#endif
