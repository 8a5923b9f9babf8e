/*
 * A run made by hand: samples with known stamps, written into a real plan and a real trace, for tests of what is
 * derived from them. Everything is asserted on the way.
 */
#ifndef ASSAY_TESTS_RUN_CASE_H
#define ASSAY_TESTS_RUN_CASE_H

#include "record/record.h"

#define RUN_CASE_SAMPLES_MAX 4096
#define RUN_CASE_CHUNKS_MAX 8

struct case_chunk {
    uint64_t at_ns;
    uint32_t tokens;
    enum assay_chunk_kind kind;
};

/* A sample and, if it has chunks or stamps of one, its request. Zero is "not taken" for the stamps of a request. */
struct case_sample {
    struct assay_sample sample; /* id is set; queued_ns 0: as due */
    struct assay_request request;
    struct assay_process process;
    bool has_request, has_process;
    struct case_chunk chunks[RUN_CASE_CHUNKS_MAX]; /* one read each; at_ns 0 ends the list */
    bool lacks_kernel_stamps;
};

struct run_case {
    struct assay_plan *plan;
    struct case_sample *samples;
    size_t count;
    size_t planned;          /* paired: operations of the plan, if it is not as many as there are samples */
    bool keeps_order;        /* paired: the order stays as it is, whatever the seed draws */
    const char *stop_reason; /* "reached" */
    uint64_t clock_read_ns;  /* 0: the stamps come from a clock that costs nothing */
    json_t *checks;          /* array for the check chunk */
    json_t *kernels;         /* array for the counter chunk, or NULL */
    const struct assay_host_reading *host;
    size_t host_count;
    struct assay_buf plan_bytes, trace_bytes; /* after run_case_write */
};

void run_case_init(struct run_case *run, const char *workload, enum assay_load_mode mode);
struct case_sample *run_case_add(struct run_case *run, struct case_sample sample);
/* Makes the plan fit the samples, adds the metrics to arm a (NULL: the defaults), and writes both files. */
void run_case_write(struct run_case *run, const char *const *metrics);
void run_case_done(struct run_case *run);

#endif
