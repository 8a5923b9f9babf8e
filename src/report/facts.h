/*
 * Facts of one run for people: its answer, its validity, its tables, what it ran on, how sure it is. Used by show and
 * by the report over several runs. Inside report/ only.
 */
#ifndef ASSAY_REPORT_FACTS_H
#define ASSAY_REPORT_FACTS_H

#include "report/page.h"
#include "report/view.h"

/* The answer in one line, an arm each; of an invalid run the broken rules stand first. has_shape: under which load,
 * where several runs stand together. */
void assay_facts_answer(struct assay_page *page, struct assay_view *view, bool has_shape);
/* The same line of one arm as plain text, for JSON. */
void assay_facts_answer_text(const struct assay_view *view, size_t arm, struct assay_buf *out);

/* What a validity code says, in words; NULL if this build does not know the code. */
const char *assay_facts_validity(const char *code);

void assay_facts_metrics(struct assay_page *page, const struct assay_view *view, size_t arm);
/* Nothing if the receipt has no kernel entries. */
void assay_facts_kernels(struct assay_page *page, const struct assay_view *view);
/* Of runs of the built-in language model: a row a case. Nothing for others. */
void assay_facts_lm(struct assay_page *page, const struct assay_view *view);
/* How long the timed regions of an arm were together, where the receipt says so (workload lm); else 0. */
double assay_facts_lm_wall_ns(const struct assay_view *view, const char *arm);
void assay_facts_subject(struct assay_page *page, const struct assay_view *view);
void assay_facts_sureness(struct assay_page *page, const struct assay_view *view);
void assay_facts_not_checked(struct assay_page *page, const struct assay_view *view);
void assay_facts_claimed(struct assay_page *page, const struct assay_view *view); /* imported summaries */

/* "n too small (40 of 59)", or the value with its unit. */
void assay_facts_value(const struct assay_view *view, const struct assay_metric_view *metric, struct assay_buf *out);

#endif
