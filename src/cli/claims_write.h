/* Writing into documents: fix, bind, and what they would change. Inside cli/ only. */
#ifndef ASSAY_CLI_CLAIMS_WRITE_H
#define ASSAY_CLI_CLAIMS_WRITE_H

#include "cli/claims_files.h"

/* Re-renders the bound numbers of every document that is a file; with is_dry_run a unified diff goes to out. */
assay_code assay_claims_write_fixes(const struct assay_findings *findings, const struct assay_claims_files *files,
                                    bool is_dry_run, struct assay_buf *out, size_t *ret_edits, assay_err *err);

/* Lists the proposals; with is_written those with one reference go into the documents. */
assay_code assay_claims_write_bindings(const struct assay_claims_proposals *proposals,
                                       const struct assay_claims_files *files, bool is_written, struct assay_buf *out,
                                       assay_err *err);

#endif
