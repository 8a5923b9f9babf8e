/*
 * The operations of a plan as columns (docs/formats/plan.md): inside this room only.
 *
 * A column is an array with one integer an operation, or, if all are equal, that one integer. Salts are 16 hex digits
 * each in one text, since they do not fit into a JSON integer.
 */
#ifndef ASSAY_RECORD_PLAN_OPS_H
#define ASSAY_RECORD_PLAN_OPS_H

#include "record/plan.h"

/* BUG if an operation cannot be written: arm unknown, due of 2^53 ns or more, warm-up not the first operations. */
assay_code assay_plan_ops_check(const struct assay_plan *plan, assay_err *err);
void assay_plan_ops_write(const struct assay_plan *plan, struct assay_buf *out);
assay_code assay_plan_ops_read(struct assay_plan *plan, const json_t *root, assay_err *err);

/* Adds a row as it stands, in (arm, name) order; one that is there already stays. For reader and formula table. */
assay_code assay_plan_insert_metric(struct assay_plan *plan, const struct assay_plan_metric *metric, assay_err *err);

#endif
