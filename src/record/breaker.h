/*
 * Circuit breakers of kernels, as a receipt tells them (kernels.md 1.4): a check of rule output_reference@1 with the id
 * selfcheck-<kernel id> and verdict fail. What runs in the place of such a kernel counts as fallback, whatever its
 * class.
 */
#ifndef ASSAY_RECORD_BREAKER_H
#define ASSAY_RECORD_BREAKER_H

#include "json/json.h"

#include <stdbool.h>

/* Whether the kernel `id` is of the operation and format of one whose breaker is open, and is not that one. */
bool assay_breaker_stands_in(const json_t *checks, const char *id);

#endif
