/* plan.json: whatever the bytes, it is refused or it is the one spelling of what was read. */
#include "record/plan.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_plan *plan = NULL;
    struct assay_buf again;
    if (size == 0 || assay_plan_parse((const char *)data, size, &plan, NULL) != ASSAY_OK) {
        return 0;
    }
    assay_buf_init(&again, ASSAY_PLAN_BYTES_MAX);
    if (assay_plan_encode(plan, &again, NULL) != ASSAY_OK || again.len != size || memcmp(again.data, data, size) != 0) {
        abort();
    }
    assay_buf_done(&again);
    assay_plan_free(plan);
    return 0;
}
