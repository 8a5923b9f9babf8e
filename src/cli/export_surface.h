/*
 * Receipts as CI shows them: each is verified, all are judged by the policy, and report/surface.h writes what came out.
 */
#ifndef ASSAY_CLI_EXPORT_SURFACE_H
#define ASSAY_CLI_EXPORT_SURFACE_H

#include "base/opt.h"
#include "cli/verify_inputs.h"
#include "report/report.h"

enum assay_export_mode { ASSAY_EXPORT_AUTO, ASSAY_EXPORT_ADVISE, ASSAY_EXPORT_GATE };

struct assay_export_surface_options {
    const char *policy, *policy_name, *date, *aa, *key, *nonce;
    uint64_t max_age_ns; /* 0: any */
    int mode;            /* enum assay_export_mode */
    struct assay_opt_list baseline;
    struct assay_verify_options evidence;
};

/* Appends to out. *ret_code is what the job ends with (assay_surface_code); set only on success. */
assay_code assay_export_surface(enum assay_surface_form form, const struct assay_export_surface_options *options,
                                const char *const *places, size_t places_count, struct assay_buf *out,
                                assay_code *ret_code, assay_err *err);

#endif
