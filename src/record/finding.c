#include "record/finding.h"

#include <assert.h>

const char *assay_severity_text(enum assay_severity level)
{
    static const char *const TEXTS[] = {"note", "warning", "error"};
    assert(level >= ASSAY_SEVERITY_NOTE && level <= ASSAY_SEVERITY_ERROR);
    return TEXTS[level];
}

const char *assay_claim_status_text(enum assay_claim_status status)
{
    static const char *const TEXTS[] = {
#define STATUS_TEXT(name, text) [ASSAY_CLAIM_##name] = text,
        ASSAY_CLAIM_STATUSES(STATUS_TEXT)
#undef STATUS_TEXT
    };
    assert(status >= 0 && status < ASSAY_CLAIM_STATUS_COUNT);
    return TEXTS[status];
}

void assay_findings_free(struct assay_findings *findings)
{
    if (findings) {
        assay_arena_done(&findings->arena);
        assay_free(findings);
    }
}
