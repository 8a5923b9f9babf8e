/*
 * The next version of a trust file: what is added, removed and revoked, and who signs it.
 */
#ifndef ASSAY_CLI_TRUST_EDIT_H
#define ASSAY_CLI_TRUST_EDIT_H

#include "base/buf.h"
#include "base/opt.h"

struct assay_trust_edit {
    struct assay_opt_list signers, roots, receipts, runners, logs, witnesses, removed, revoked, policies;
    const char *reason;
    uint64_t quorum, root_threshold, receipt_threshold; /* thresholds: 0 = as it was, or 1 */
    uint64_t valid_ns;                                  /* 0 = a year */
};

/* Writes TRUST (version 1, or one more than what is there) and keeps the old version as TRUST.N; prints what it is. */
assay_code assay_trust_edit_do(const struct assay_trust_edit *edit, const char *path, const char *password_file,
                               bool wants_json, struct assay_buf *out, assay_err *err);

#endif
