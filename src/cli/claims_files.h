/*
 * The files of a claims call: documents, standard input, evidence folders. What is read stays until _done, since
 * findings borrow lines from it.
 */
#ifndef ASSAY_CLI_CLAIMS_FILES_H
#define ASSAY_CLI_CLAIMS_FILES_H

#include "base/buf.h"
#include "base/err.h"
#include "claims/claims.h"

struct assay_claims_files {
    struct assay_buf *buffers; /* bytes and name of each input, in turn */
    struct assay_claims_input *inputs;
    size_t count, room;
    uint32_t unread; /* that could not be read; the first is in err of the caller */
    assay_err first_error;
};

void assay_claims_files_init(struct assay_claims_files *files);
void assay_claims_files_done(struct assay_claims_files *files);

/* A file, a folder (every .md and .txt below it), or "-" with a name. A file that cannot be read is counted, not
 * fatal. */
assay_code assay_claims_files_add(struct assay_claims_files *files, const char *path, const char *name, assay_err *err);
/* A result file, or a folder: every .json, .jsonl, .ndjson and .csv below it. */
assay_code assay_claims_files_add_evidence(struct assay_claims_files *files, const char *path, assay_err *err);
/* A folder of programs, for C820 to C822. */
assay_code assay_claims_files_add_source(struct assay_claims_files *files, const char *path, assay_err *err);

#endif
