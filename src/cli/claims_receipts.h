/*
 * The receipts of a claims call: found, verified through judge/, and held against the head of the sources.
 */
#ifndef ASSAY_CLI_CLAIMS_RECEIPTS_H
#define ASSAY_CLI_CLAIMS_RECEIPTS_H

#include "cli/claims_files.h"
#include "cli/run_files.h"

struct assay_claims_receipts {
    struct assay_claims_receipt *at; /* statements are owned */
    struct assay_buf *texts;         /* what the facts of each are told in, in turn */
    size_t count, room;
    struct assay_buf kernel_table; /* of this program, made for the first receipt */
    const char *root, *head;       /* borrowed; NULL: not given */
};

void assay_claims_receipts_init(struct assay_claims_receipts *receipts, const char *root, const char *head);
void assay_claims_receipts_done(struct assay_claims_receipts *receipts);

/* Every receipt.json, record.json and imported.json below a folder. */
assay_code assay_claims_receipts_add_dir(struct assay_claims_receipts *receipts, const char *dir, assay_err *err);

/* What the bindings of the documents name and is not there yet: receipts, and plain JSON files into `files`. */
assay_code assay_claims_receipts_add_bound(struct assay_claims_receipts *receipts, struct assay_claims_files *files,
                                           assay_err *err);

#endif
