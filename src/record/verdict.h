/*
 * Verdict: what a judge says. There is no default pass: a zeroed verdict is not-measured.
 */
#ifndef ASSAY_RECORD_VERDICT_H
#define ASSAY_RECORD_VERDICT_H

enum assay_verdict {
    ASSAY_VERDICT_NOT_MEASURED,
    ASSAY_VERDICT_UNDECIDED,
    ASSAY_VERDICT_PASS,
    ASSAY_VERDICT_FAIL,
    ASSAY_VERDICT_COUNT
};

/* "not-measured", "undecided", "pass", "fail": the one place where these words are spelled. */
const char *assay_verdict_text(enum assay_verdict verdict);

#endif
