#include "record/verdict.h"

#include <assert.h>
#include <stddef.h>

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
