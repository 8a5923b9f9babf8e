/*
 * What detect found, for people: each change with the commit where it began, its size, and the series as a line of
 * bars with the change in it.
 */
#ifndef ASSAY_CLI_DETECT_TEXT_H
#define ASSAY_CLI_DETECT_TEXT_H

#include "judge/judge.h"

void assay_detect_text(const struct assay_detection *detection, const struct assay_verdict_document *document,
                       struct assay_buf *out);

/* The last `width` values as bars of eight heights, "|" before position `change` (SIZE_MAX: none). */
void assay_spark(const double *values, size_t count, size_t change, size_t width, struct assay_buf *out);

#endif
