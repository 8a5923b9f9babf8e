/*
 * What a run knows of itself besides its samples: subject, environment, attempts, checks. Internal to measure/.
 */
#ifndef ASSAY_MEASURE_FACTS_H
#define ASSAY_MEASURE_FACTS_H

#include "measure/measure.h"

struct assay_run_facts {
    json_t *environment;
    struct assay_description description;
    uint64_t started_real_ns, finished_real_ns;
    const char *stop_reason;
    json_t *logged; /* `intent` and `earlier` of a logged run, or NULL */
    struct assay_clock_cost clock_cost;
};

/* Environment: this build and this host. */
assay_code assay_run_facts_probe(struct assay_run_facts *facts, assay_err *err);
void assay_run_facts_done(struct assay_run_facts *facts);

/* Adds the check chunk, then makes the facts chunk from what the writer holds. *ret is the caller's. */
assay_code assay_run_facts_checks(const struct assay_run_facts *facts, const json_t *more,
                                  struct assay_trace_writer *trace, assay_err *err);
assay_code assay_run_facts_make(const struct assay_run_facts *facts, const struct assay_run_setup *setup,
                                const struct assay_plan *plan, const struct assay_buf *plan_bytes,
                                const struct assay_trace_writer *trace, json_t **ret, assay_err *err);

#endif
