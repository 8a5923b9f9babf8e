/* Comments that speak to assay, and the outcome of a check (inside claims/). */
#ifndef ASSAY_CLAIMS_DIRECTIVE_H
#define ASSAY_CLAIMS_DIRECTIVE_H

#include "claims/check.h"

/* Applies the suppressions of the documents: C907, C908. After all other rules. */
void claims_suppress(struct check *c);
void claims_suppress_by_policy(struct check *c, struct assay_finding *finding);

/* Sorts, suppresses, counts, and fills the findings that the caller gets. */
void claims_outcome(struct check *c);

#endif
