/* One row of a verdict document as one line for people; foreign text in it is escaped for terminals. Inside report/. */
#ifndef ASSAY_REPORT_VERDICT_H
#define ASSAY_REPORT_VERDICT_H

#include "record/record.h"

#include "base/buf.h"

void assay_verdict_row_text(const struct assay_verdict_row *row, struct assay_buf *out);

#endif
