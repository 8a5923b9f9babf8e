/*
 * Shape: which model an arm speaks to and under which load, from plan, identity and statement. Inside report/ only.
 */
#ifndef ASSAY_REPORT_SHAPE_H
#define ASSAY_REPORT_SHAPE_H

#include "report/view.h"

/* Fills arms, url and engine of a view whose statement, plan and identity are read. */
assay_code assay_shape_read(struct assay_view *view, assay_err *err);

#endif
