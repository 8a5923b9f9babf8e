/*
 * Roofline plausibility (kernels.md 1.3, rule `roofline@1`): no kernel moves more bytes than a read-only pass over the
 * same buffers, or does more operations than the probe of its instruction set. One rule for the check of the receipt
 * and for gate 336 of the verifier.
 *
 * Implied rate of an entry = bytes x threads / ns, since ns is summed over threads. R = implied / highest probe: at
 * most 1.05 passes; above it fails if the probes agree within 15 %, and is undecided where they do not.
 *
 * Data of the check: `readHighest` and `readLowest` in bytes a second (dec), and where an instruction set was probed
 * `opsHighest.ISA`, `opsLowest.ISA` in operations a second. `readHighest.FAMILY`, `readLowest.FAMILY` are of the
 * buffers that kernels of that family read, where those were probed apart (attn: the caches of keys and values).
 */
#ifndef ASSAY_RECORD_ROOFLINE_H
#define ASSAY_RECORD_ROOFLINE_H

#include "record/verdict.h"
#include "json/json.h"

#define ASSAY_ROOFLINE_RATIO_MAX 1.05
#define ASSAY_ROOFLINE_SPREAD_MAX 0.15

struct assay_roofline {
    enum assay_verdict verdict; /* NOT_MEASURED: no probe, or nothing to hold against it */
    double ratio;               /* implied / highest */
};

/* Whether the entry is work: limits, copies and waiting are not held against themselves. */
bool assay_roofline_concerns(const json_t *entry);

/* One entry of receipt or counter chunk against the data of the check. */
struct assay_roofline assay_roofline_of(const json_t *entry, double threads, const json_t *data);

#endif
