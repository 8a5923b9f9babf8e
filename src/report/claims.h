/* Renderers of findings, one a file. Inside report/ only; the front door has assay_report_claims. */
#ifndef ASSAY_REPORT_CLAIMS_H
#define ASSAY_REPORT_CLAIMS_H

#include "report/report.h"

void assay_render_claims_text(const struct assay_findings *findings, const struct assay_style *style,
                              struct assay_buf *out);
assay_code assay_render_claims_json(const struct assay_findings *findings, struct assay_buf *out, assay_err *err);
assay_code assay_render_claims_sarif(const struct assay_findings *findings, struct assay_buf *out, assay_err *err);
assay_code assay_render_claims_gitlab(const struct assay_findings *findings, struct assay_buf *out, assay_err *err);
void assay_render_claims_markdown(const struct assay_findings *findings, struct assay_buf *out);

/* "31 quantities, 19 claims: 8 supported, ..." */
void assay_claims_summary(const struct assay_findings *findings, struct assay_buf *out);

#endif
