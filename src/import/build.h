/*
 * The parts of a document that come from the import itself, not from rows. Inside import/ only.
 */
#ifndef ASSAY_IMPORT_BUILD_H
#define ASSAY_IMPORT_BUILD_H

#include "import/rows.h"

/* Subject (the file's digest), attempts and environment for the trace's last chunk. */
assay_code assay_import_facts(const struct assay_import_request *request, const char *format,
                              const struct assay_plan *plan, const struct assay_buf *plan_bytes,
                              const struct assay_trace_writer *writer, json_t **ret, assay_err *err);

/* imported.json: another tool's figures without samples. */
assay_code assay_import_summary(const struct assay_import_request *request, const struct assay_import_rows *rows,
                                struct assay_import_result *ret, assay_err *err);

#endif
