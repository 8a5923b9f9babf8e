/*
 * When the commits were made that hold the files of a claims call: a result stamp that is later than its commit was not
 * measured before it (C701).
 */
#ifndef ASSAY_CLI_CLAIMS_STAMPS_H
#define ASSAY_CLI_CLAIMS_STAMPS_H

#include "cli/claims_files.h"

struct assay_claims_stamps {
    struct assay_claims_stamp *at; /* paths are borrowed from the files */
    size_t count;
};

/* One stamp for each file that git has at `head` as it lies here. head NULL, no git, or no repository: none. */
assay_code assay_claims_stamps_load(struct assay_claims_stamps *stamps, const struct assay_claims_files *files,
                                    const char *head, assay_err *err);
void assay_claims_stamps_done(struct assay_claims_stamps *stamps);

#endif
