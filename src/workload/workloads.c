#include "workload/workload.h"

static const struct assay_workload *const WORKLOADS[] = {
    &assay_workload_llm, &assay_workload_command, &assay_workload_kernel, &assay_workload_lm, &assay_workload_noop};

const struct assay_workload *const *assay_workloads(size_t *ret_count)
{
    *ret_count = sizeof WORKLOADS / sizeof WORKLOADS[0];
    return WORKLOADS;
}
