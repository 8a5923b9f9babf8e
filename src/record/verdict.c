#include "record/verdict.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const char *const TEXTS[ASSAY_VERDICT_COUNT] = {
    [ASSAY_VERDICT_NOT_MEASURED] = "not-measured",
    [ASSAY_VERDICT_UNDECIDED] = "undecided",
    [ASSAY_VERDICT_PASS] = "pass",
    [ASSAY_VERDICT_FAIL] = "fail",
};

const char *assay_verdict_text(enum assay_verdict verdict)
{
    assert((size_t)verdict < ASSAY_VERDICT_COUNT);
    return TEXTS[verdict];
}

#define GATE_NUMBER_FAILED 501u /* evidence.md 3.2: by its value */

bool assay_verdict_is_noisy_fail(const struct assay_verdict_row *row)
{
    static const char *const KINDS[] = {"speedup", "budget", "stability", "change", "success_rate", "cost"};
    bool is_from_samples = false;
    for (size_t i = 0; row->kind && i < sizeof KINDS / sizeof KINDS[0]; i++) {
        is_from_samples = is_from_samples || strcmp(row->kind, KINDS[i]) == 0;
    }
    return is_from_samples && row->verdict == ASSAY_VERDICT_FAIL && row->gate == GATE_NUMBER_FAILED && !row->is_missing;
}
