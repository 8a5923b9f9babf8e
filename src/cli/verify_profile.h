/*
 * `assay verify --profile bitnet-1.0.0 FILE...`: receipts of another schema, each alone, and the graver of their
 * answers as exit status.
 */
#ifndef ASSAY_CLI_VERIFY_PROFILE_H
#define ASSAY_CLI_VERIFY_PROFILE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/opt.h"

#include <stdbool.h>

struct assay_profile_options {
    const char *profile; /* NULL: not asked for */
    bool is_strict, needs_gpu;
};

/* OK, WANTING, MALFORMED or IO as the files are (1 beats 5 beats 3, evidence.md 3.1), with everything said in out;
 * another code with a message if that could not be done. USAGE: no such profile. */
assay_code assay_verify_profile(const struct assay_profile_options *options, const struct assay_opt_result *given,
                                bool wants_json, struct assay_buf *out, assay_err *err);

#endif
