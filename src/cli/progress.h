/*
 * The progress of a run on standard error: one line that is rewritten on a terminal, a plain line every ten seconds
 * elsewhere.
 */
#ifndef ASSAY_CLI_PROGRESS_H
#define ASSAY_CLI_PROGRESS_H

#include "measure/measure.h"

struct assay_progress_line {
    uint64_t shown_at_ns; /* elapsed time of the last plain line */
    const char *phase;    /* of the last line */
};

void assay_progress_line_init(struct assay_progress_line *line);
void assay_progress_line_show(void *context, const struct assay_progress *progress); /* an on_progress function */
void assay_progress_line_done(struct assay_progress_line *line);

#endif
