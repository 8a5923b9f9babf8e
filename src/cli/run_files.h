/*
 * The files of a run, found from what a user typed: a run directory, or one of its documents.
 */
#ifndef ASSAY_CLI_RUN_FILES_H
#define ASSAY_CLI_RUN_FILES_H

#include "base/buf.h"
#include "base/err.h"
#include "record/record.h"
#include "report/report.h"

struct assay_run_files {
    const char *place;                                /* as typed; borrowed */
    struct assay_buf document, plan, trace, identity; /* all but the document may be empty: not there */
    struct assay_buf proof, entry;                    /* receipt.tlog-proof, receipt.tlog-entry */
    struct assay_buf document_path;                   /* as text */
};

/* Reads the document, and beside it plan.json, trace.assay and identity.json where they are. trace_path (may be NULL)
 * overrides the place of the trace. NOT_FOUND says what would be right; MALFORMED: more than one document in a
 * directory. */
assay_code assay_run_files_load(const char *place, const char *trace_path, struct assay_run_files *ret, assay_err *err);
void assay_run_files_done(struct assay_run_files *files);

/* As input of report/. */
struct assay_report_input assay_run_files_input(const struct assay_run_files *files);

#endif
