/*
 * `assay export --profile bitnet-1.0.0`: a receipt of ours in the schema of another tool, after it was verified, and
 * only if that tool's gates and ours take what was written.
 */
#ifndef ASSAY_CLI_EXPORT_PROFILE_H
#define ASSAY_CLI_EXPORT_PROFILE_H

#include "base/buf.h"
#include "base/err.h"

/* arm may be NULL. WANTING or MALFORMED: the receipt does not verify; UNDECIDED: not verified to the end, or the schema
 * cannot hold it; each with the reason. */
assay_code assay_export_profile(const char *profile, const char *arm, const char *place, struct assay_buf *out,
                                assay_err *err);

#endif
