/*
 * measure/: turns a plan into samples. Schedule, pacing, workers, warm-up, stopping rule, accounting, validity, and the
 * files of a run.
 *
 *     struct assay_run_setup setup = {...};
 *     rc = assay_run(&setup, &result, &err);       // the whole run: plan -> measure -> trace -> receipt -> directory
 *
 * assay_run returns ASSAY_OK also for invalid, partial, aborted and failed runs: result says which, and the exit status
 * follows from it (0 valid receipt; 2 invalid, partial, aborted or stand-in; 5 failed). It returns an error when the
 * harness itself failed.
 *
 * Threads: assay_run is called from one thread and starts the workers itself. assay_run_stop may be called from a
 * signal handler.
 */
#ifndef ASSAY_MEASURE_MEASURE_H
#define ASSAY_MEASURE_MEASURE_H

#include "measure/workload.h"

#include "base/rng.h"

#include <signal.h>

struct assay_progress {
    uint64_t elapsed_ns, planned, issued, finished, ok, failed, in_flight, warmup_left;
    double rate_per_s;
    uint64_t ttft_p50_ns, ttft_p95_ns; /* so far; ABSENT while too few */
    uint64_t eta_ns;                   /* ABSENT if unknown */
    const char *phase;                 /* "prepare", "warm-up", "measure", "drain", "write" */
};

struct assay_run_setup {
    const struct assay_workload *workload;
    void *state; /* opened: options read and open() done */
    struct assay_load load;
    struct assay_stop stop;
    struct assay_warmup warmup;
    uint64_t drain_ns; /* how long issued operations may take after the last issue */
    bool has_seed;
    uint64_t seed;
    const char *nonce;    /* 64 hex, or NULL */
    const char *out_dir;  /* the run directory; must not exist. NULL: ./assay-RUNID */
    bool is_in_memory;    /* calibration: no directory, trace and plan stay in the result */
    const json_t *checks; /* checks measured beforehand (stamp_calibration), or NULL */
    const char *runner_id;
    const json_t *options; /* general options for the plan (what the cli was told), or NULL */
    void (*on_progress)(void *context, const struct assay_progress *progress); /* about 4 times a second; may be NULL */
    void *progress_context;
    const volatile sig_atomic_t *stop_flag; /* non-zero: end cleanly with outcome aborted; may be NULL */
};

struct assay_run_result {
    enum assay_document document;
    const char *outcome;                /* "valid", "invalid", "partial", "aborted", "failed", "standin" */
    char dir[4096];                     /* "" if in memory */
    struct assay_buf plan, trace, file; /* their bytes, as written */
    json_t *statement;
};

assay_code assay_run(const struct assay_run_setup *setup, struct assay_run_result *ret, assay_err *err);
void assay_run_result_done(struct assay_run_result *result);

/* Draws due times of all operations (open loop), marks warm-up; used by the workloads' plan functions through
 * assay_run, and by tests. */
assay_code assay_schedule_draw(struct assay_plan *plan, assay_err *err);

/* Length distributions of --prompt-tokens and --output-tokens: N, uniform:LO,HI, normal:MEAN,SD,LO,HI,
 * lognormal:MEDIAN,SIGMA,LO,HI, file:PATH (one length a line). */
struct assay_lengths;
assay_code assay_lengths_parse(const char *spec, const char *what, struct assay_lengths **ret, assay_err *err);
uint32_t assay_lengths_draw(const struct assay_lengths *lengths, struct assay_rng *rng);
void assay_lengths_free(struct assay_lengths *lengths);

#endif
