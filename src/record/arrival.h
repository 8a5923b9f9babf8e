/*
 * Arrival: from the segments of a request to the time interval in which a chunk arrived, and how good it is
 * (endpoints.md 1.4). Pure; the one place where this rule stands, used by metrics, reports and calibration alike.
 */
#ifndef ASSAY_RECORD_ARRIVAL_H
#define ASSAY_RECORD_ARRIVAL_H

#include "record/sample.h"

enum assay_quality { ASSAY_QUALITY_EXACT, ASSAY_QUALITY_BOUNDED, ASSAY_QUALITY_UNKNOWN, ASSAY_QUALITY_COUNT };
const char *assay_quality_text(enum assay_quality quality);

struct assay_arrival {
    uint64_t lo_ns, hi_ns; /* metrics use hi and carry the interval */
    uint64_t earliest_ns;  /* what lo is for a chunk that other bytes follow in its read */
    enum assay_quality quality;
};

/* Fills ret[0..segments_count) with the arrival of a chunk that ends its read, per segment. A stamp older than that of
 * an earlier offset (reordering) is raised to the running maximum: when the in-order prefix was readable; hi never
 * falls from one segment to the next. uncertainty_ns is that of the clock series. */
void assay_arrival_of_segments(const struct assay_request *request, uint64_t uncertainty_ns, struct assay_arrival *ret);

/* The arrival of one chunk, given those of the segments. */
struct assay_arrival assay_arrival_of_chunk(const struct assay_request *request, const struct assay_chunk *chunk,
                                            const struct assay_arrival *segments);

#endif
