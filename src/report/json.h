/*
 * JSON for machines: one object a run, and the object of a report. Inside report/ only.
 */
#ifndef ASSAY_REPORT_JSON_H
#define ASSAY_REPORT_JSON_H

#include "report/advice.h"
#include "report/view.h"

assay_code assay_report_json_show(const struct assay_view *view, struct assay_buf *out, assay_err *err);
assay_code assay_report_json_runs(const struct assay_view *views, size_t count, struct assay_buf *out, assay_err *err);

#endif
