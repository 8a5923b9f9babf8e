/*
 * Comparison: models against each other and states against each other, over several runs. Nothing is ranked below its
 * least n, across shapes, hosts or compute paths. Inside report/ only.
 */
#ifndef ASSAY_REPORT_COMPARE_H
#define ASSAY_REPORT_COMPARE_H

#include "report/page.h"
#include "report/view.h"

void assay_compare_models(struct assay_page *page, const struct assay_view *views, size_t count);
void assay_compare_states(struct assay_page *page, const struct assay_view *views, size_t count);

/* One arm of one valid receipt. */
struct assay_entry {
    const struct assay_view *view;
    size_t arm;
};

/* All of them, in order; the array is the caller's (assay_free). NULL if memory is short. */
struct assay_entry *assay_entries_valid(const struct assay_view *views, size_t count, size_t *ret_count);

/* Whether two arms ran under the same load on the same host by the same kind of compute path. */
bool assay_entries_comparable(const struct assay_entry *a, const struct assay_entry *b);

#endif
