/*
 * Columns: the one column table of metric rows, one row per run, arm and metric, for CSV and JSON. Inside report/ only.
 */
#ifndef ASSAY_REPORT_COLUMNS_H
#define ASSAY_REPORT_COLUMNS_H

#include "report/view.h"

/* Appends the rows of one view: each metric of a receipt; one row without metric of any other document. */
void assay_columns_rows(const struct assay_view *view, struct assay_table *table);

#endif
