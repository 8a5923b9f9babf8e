/* sync_barrier_spin: operands and cases. In a case the counter has come already, or has gone past. */
#include "kernel/families.h"
#include "kernel/sync/sync.h"

enum extreme { EXTREME_REACHED, EXTREME_PASSED, EXTREME_WRAPPED };

static uint64_t one(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 1;
}

static uint64_t none(const struct assay_kernel_shape *shape)
{
    (void)shape;
    return 0;
}

static void fill(const struct assay_kernel_case *which, const struct assay_kernel_shape *shape,
                 void *const inputs[ASSAY_KERNEL_INPUTS_MAX])
{
    (void)shape;
    uint32_t *mark = inputs[SYNC_MARK], *counter = inputs[SYNC_COUNTER];
    *mark = which->extreme == EXTREME_WRAPPED ? UINT32_MAX : (uint32_t)which->seed;
    *counter = *mark + (which->extreme == EXTREME_REACHED ? 0 : 2);
}

static const struct assay_kernel_operand INPUTS[] = {{"mark", ASSAY_KERNEL_I32, one},
                                                     {"counter", ASSAY_KERNEL_I32, one}};
static const struct assay_kernel_operand OUTPUTS[] = {{"seen", ASSAY_KERNEL_I32, one},
                                                      {"asleep", ASSAY_KERNEL_I32, one}};

static const struct assay_kernel_case CASES[] = {
    {.name = "reached", .shape = {1, 1, 1, 1}, .seed = 1, .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "passed",
     .shape = {1, 1, 1, 1},
     .seed = 2,
     .extreme = EXTREME_PASSED,
     .flags = ASSAY_KERNEL_CASE_SELFCHECK},
    {.name = "wrapped",
     .shape = {1, 1, 1, 1},
     .seed = 3,
     .extreme = EXTREME_WRAPPED,
     .flags = ASSAY_KERNEL_CASE_SELFCHECK},
};

static const struct assay_kernel_row *const ROWS[] = {&kernel_row_sync_barrier_spin_ref};

const struct assay_kernel_operation kernel_op_sync_barrier_spin = {
    .abi = ASSAY_KERNEL_ABI,
    .name = "sync_barrier",
    .format = "spin",
    .help = "waits for the other threads: spins, then sleeps",
    .inputs = INPUTS,
    .outputs = OUTPUTS,
    .inputs_count = 2,
    .outputs_count = 2,
    .cases = CASES,
    .cases_count = sizeof CASES / sizeof CASES[0],
    .rows = ROWS,
    .rows_count = sizeof ROWS / sizeof ROWS[0],
    .fill = fill,
    .elements = none,
    .bytes = none,
};
