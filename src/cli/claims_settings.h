/* What a claims call is judged by: policy, hardware table, earlier findings. Inside cli/ only. */
#ifndef ASSAY_CLI_CLAIMS_SETTINGS_H
#define ASSAY_CLI_CLAIMS_SETTINGS_H

#include "claims/claims.h"
#include "record/record.h"

struct assay_claims_settings {
    struct assay_policy *document; /* owned: the texts of `policy` are its */
    struct assay_claims_policy policy;
    struct assay_claims_rule_level *rules;
    struct assay_claims_suppression *suppressions;
    struct assay_claims_same *same; /* words borrowed from the document */
    json_t *hardware, *base;
    const char **old_fingerprints; /* sorted; borrowed from base */
    size_t old_count;
};

/* Each path may be NULL. MALFORMED says what is wrong where. */
assay_code assay_claims_settings_load(struct assay_claims_settings *settings, const char *policy, const char *hardware,
                                      const char *base, assay_err *err);
void assay_claims_settings_done(struct assay_claims_settings *settings);

#endif
