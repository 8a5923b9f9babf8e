#include "base/faults.h"

bool assay_fault_due(atomic_ulong *countdown, const char *variable)
{
    /* Relaxed: the countdown orders nothing else, and in a normal run this load is all that is paid. */
    unsigned long left = atomic_load_explicit(countdown, memory_order_relaxed);
    if (left == ASSAY_FAULT_UNASKED) {
        unsigned long wanted = assay_fault_wanted(variable);
        /* Whoever comes second finds the answer of the first. */
        if (atomic_compare_exchange_strong(countdown, &left, wanted)) {
            left = wanted;
        }
    }
    while (left > 0) {
        if (atomic_compare_exchange_weak(countdown, &left, left - 1)) {
            return left == 1;
        }
    }
    return false;
}
