/*
 * An honest run, made in memory through the record room as the harness makes one: plan.json, trace.assay and
 * receipt.json. Everything is fixed by a seed, so that a test that edits it repeats. For tests of whoever reads a run.
 */
#ifndef ASSAY_TESTS_HONEST_RUN_H
#define ASSAY_TESTS_HONEST_RUN_H

#include "base/buf.h"
#include "record/record.h"

#define HONEST_NOW_NS (UINT64_C(1767605700) * ASSAY_NS_PER_S) /* 2026-01-05T09:35:00Z, four minutes after the run */

struct honest_run {
    struct assay_buf plan, trace, identity, receipt;
    json_t *statement; /* owned */
    enum assay_document document;
};

struct honest_options {
    const char *workload; /* "noop" or "llm" */
    size_t count;         /* operations, warm-up included */
    size_t warmup;
    size_t tokens;       /* llm: output tokens a request */
    size_t failed_every; /* every n-th measured operation fails; 0: none */
    bool is_partial;     /* stopped by time: the last operations were never issued, and the outcome is a run record */
    uint64_t op_ns;      /* least time of an operation; 0: 50 us. Of a request: what the first token takes longer */
    uint64_t clock_ahead_ns; /* what the raw clock gains by the end */
    /* Called on each sample before it goes into the trace: a planted fault. May be NULL. */
    void (*tamper)(struct assay_sample *sample, void *context);
    /* Called on the facts before the trace is finished. May be NULL. */
    void (*tamper_facts)(json_t *facts, void *context);
    void *context;
    size_t arms_count;   /* above 1: arms "a", "b" ... take turns; count is rounds times arms, whole blocks */
    bool has_equal_arms; /* all with the same arguments */
    uint64_t seed;       /* of plan and run id; 0: the usual one */
    uint8_t number;      /* of the run id alone: another run of the same seed */
    /* What one operation of workload noop takes. May be NULL. */
    void (*spend)(const struct assay_plan_op *op, uint64_t *ret_service_ns, uint64_t *ret_cpu_ns, void *context);
    const json_t *kernels;   /* array for the counter chunk, or NULL; borrowed */
    const json_t *arm_args;  /* of the only arm, or NULL; borrowed */
    const json_t *checks;    /* array for the check chunk, or NULL; borrowed */
    const char *seed_source; /* NULL: "fixed" */
    bool leaves_receipt_out; /* the tampered trace need not derive */
};

/* Fails the test with a message if anything goes wrong. */
void honest_run_make(const struct honest_options *options, struct honest_run *ret);
void honest_run_done(struct honest_run *run);

/* The strict file of a statement: canonical payload, envelope without signatures, one line feed. */
void honest_envelope(const json_t *statement, struct assay_buf *out);

#endif
