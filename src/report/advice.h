/*
 * Advice: recommendations as rules in a table. A rule reads metrics of receipts, prints its inputs, and stays silent
 * without enough data. Inside report/ only.
 */
#ifndef ASSAY_REPORT_ADVICE_H
#define ASSAY_REPORT_ADVICE_H

#include "report/view.h"

struct assay_advice {
    const char *rule;   /* "queueing" */
    const char *text;   /* what to do */
    const char *inputs; /* "ttft_p50 42.1 ms (n=60), ttft_sched_p50 420 ms (n=60)" */
    const struct assay_view *view;
    size_t arm;
};

/* Every rule over every valid receipt. *ret belongs to arena. */
assay_code assay_advice_give(const struct assay_view *views, size_t count, struct assay_arena *arena,
                             struct assay_advice **ret, size_t *ret_count, assay_err *err);

#endif
