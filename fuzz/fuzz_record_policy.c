/* A policy file: whatever the bytes, it is refused with a reason, or every gate of it is whole. */
#include "record/policy.h"

#include "json/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assay_policy *policy = NULL;
    assay_err err = {0};
    if (size == 0) {
        return 0;
    }
    if (assay_policy_parse((const char *)data, size, &policy, &err) != ASSAY_OK) {
        if (err.message[0] == '\0') {
            abort();
        }
        return 0;
    }
    for (size_t i = 0; i < policy->gates_count; i++) {
        const struct assay_policy_gate *gate = &policy->gates[i];
        if (!gate->id || (unsigned)gate->kind >= ASSAY_GATE_KIND_COUNT || !(gate->confidence > 0) ||
            (gate->metric && !gate->name)) {
            abort();
        }
    }
    assay_policy_free(policy);
    return 0;
}
