/* Parts of a document that 'assay report' rendered (inside claims/). */
#ifndef ASSAY_CLAIMS_RENDERED_H
#define ASSAY_CLAIMS_RENDERED_H

#include "claims/check.h"

/* "begin report=PATH": what stands up to the end is what 'assay report --format md PATH' renders now: C902, C903, C905,
 * C907. Its numbers are supported then. */
void rendered_judge(struct check *c, const struct directive *begin);

#endif
