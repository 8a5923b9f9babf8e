/*
 * Touched samples (statistics.md 6): noise that is known to have hit an operation while it ran. Marks are derived from
 * the trace and nowhere stored; they serve diagnosis and never remove a sample from a result.
 */
#ifndef ASSAY_RECORD_TOUCHED_H
#define ASSAY_RECORD_TOUCHED_H

#include "base/err.h"
#include "record/plan.h"
#include "record/sample.h"
#include "record/trace.h"

#include <stddef.h>
#include <stdint.h>

/* X(NAME, bit, text). Of the process itself, or of the host in a reading that covers some of the operation. */
#define ASSAY_TOUCHES(X)                             \
    X(SWITCHED, 0x1u, "a forced context switch")     \
    X(PAGED, 0x2u, "a page read from storage")       \
    X(STOLEN, 0x4u, "time stolen by the hypervisor") \
    X(THROTTLED, 0x8u, "throttling by the control group")

enum assay_touch {
#define ASSAY_TOUCH_ENUM(name, bit, text) ASSAY_TOUCH_##name = (bit),
    ASSAY_TOUCHES(ASSAY_TOUCH_ENUM)
#undef ASSAY_TOUCH_ENUM
};
#define ASSAY_TOUCH_COUNT 4
const char *assay_touch_text(size_t index); /* of bit 1 << index */

/* Bits of enum assay_touch. host: the readings of the trace, in order of time. */
unsigned assay_sample_touches(const struct assay_sample *sample, const struct assay_host_reading *host, size_t count);

/* What the outliers of one arm have in common: measured ok samples above Q3 + 3 IQR of their wall time. */
struct assay_outliers {
    uint64_t n, count; /* samples looked at; outliers among them */
    const char *cause; /* the touch whose share among them most exceeds its share in the rest; NULL: no cause seen */
    double share, share_of_rest;
};
assay_code assay_outliers_of(const struct assay_plan *plan, struct assay_trace *trace, uint32_t arm,
                             struct assay_outliers *ret, assay_err *err);

#endif
