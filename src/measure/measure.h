/*
 * measure/: turns a plan into samples. Schedule, pacing, workers, warm-up, stopping rule, accounting, and the files of
 * a run.
 *
 *     assay_load_options_defaults(&options);                  // read from the command line or a suite file ...
 *     rc = assay_load_options_apply(&options, &setup, &err);  // ... into load, stop, warm-up, seed, out
 *     rc = assay_run(&setup, &result, &err);                  // plan -> measure -> trace -> receipt -> directory
 *
 * assay_run returns ASSAY_OK also for invalid, partial, aborted and failed runs: result says which, and the exit status
 * follows from it (0 valid receipt; 1 a receipt with outputs that are wrong; 2 invalid, partial, aborted or stand-in; 5
 * failed). It returns an error when the
 * harness itself failed; then the run directory holds nothing that looks like a result.
 *
 * Time. Stamps are absolute while the run lasts and relative to its origin in the trace. Open loop: an operation is due
 * at origin + its due_ns of the plan. Closed loop: the first operation of a user is due at the origin, each later one
 * at the end_ns of the user's operation before it plus the think time; users belong to one worker for good, so a reader
 * of the trace finds for every due time the sample of the same worker that ended think_ns before it.
 *
 * Paired: cells follow each other (one operation, or a window of them); the first operations of a cell are due at the
 * end of the cell before plus the gap, later ones of a window as in a closed loop. A precision rule looks behind whole
 * blocks at the wall time of the operations (record/paired.h).
 *
 * Operations are handed out in plan order, so what was issued is always a prefix of the plan.
 *
 * Threads: assay_run is called from one thread and starts the workers itself; progress is reported from the caller's
 * thread. The stop flag may be set by a signal handler.
 */
#ifndef ASSAY_MEASURE_MEASURE_H
#define ASSAY_MEASURE_MEASURE_H

#include "measure/workload.h"

#include "base/rng.h"

#include <signal.h>

#define ASSAY_OPS_PER_USER_S 100                 /* an answer of an endpoint takes 10 ms or more */
#define ASSAY_OPEN_SLOTS_MAX 65536               /* more connections than one address pair has ports */
#define ASSAY_WORKERS_MAX 256                    /* threads on one machine */
#define ASSAY_USERS_MAX 1000000                  /* closed loop */
#define ASSAY_REPLAY_BYTES_MAX ((size_t)1 << 30) /* endpoints.md 8 */
#define ASSAY_SHAPE_POINTS_MAX 64
#define ASSAY_ARM_TEXTS_MAX 26       /* letters a to z */
#define ASSAY_PAIRS_MAX 100000       /* of a run: the plan holds them all */
#define ASSAY_PAIRS_DEFAULT 40       /* the interval's coverage holds from here on under autocorrelation (2.3) */
#define ASSAY_PAIRS_PLANNED_MAX 2000 /* without --pairs, where time or precision end the run */

struct assay_progress {
    uint64_t elapsed_ns, planned, issued, finished, ok, failed, in_flight, warmup_left;
    double rate_per_s;
    uint64_t ttft_p50_ns, ttft_p95_ns; /* so far; ABSENT while too few, or where the workload has no first token */
    uint64_t service_p50_ns, service_p95_ns; /* so far; ABSENT while too few */
    uint64_t eta_ns;                         /* ABSENT if unknown */
    const char *phase;                       /* "prepare", "warm-up", "measure", "drain", "write" */
};

/* Load shapes beyond a constant mean rate. What stands here also stands, as the text that was given, in the options of
 * the plan; the plan's due times are what counts. */
struct assay_shape {
    struct {
        uint64_t at_ns;
        double rate_per_s;
    } points[ASSAY_SHAPE_POINTS_MAX]; /* ramp: rate between points is linear; steps: rate from this point on */
    size_t points_count;
    uint64_t burst_size, burst_period_ns;
    const char *replay_bytes; /* replay: the file, borrowed */
    size_t replay_len;
    double replay_speed; /* 2 = twice as fast as recorded; 0 = 1 */
};

#define ASSAY_WARMUP_BLOCKS_AUTO UINT64_MAX

struct assay_run_setup {
    const struct assay_workload *workload;
    void *state; /* opened: options read and open() done */
    struct assay_load load;
    struct assay_shape shape;
    struct assay_stop stop;
    struct assay_warmup warmup;
    /* Mode paired: stop.count and warmup follow from these once the arms are known. */
    const struct assay_arm_text *arms;
    size_t arms_count;
    uint64_t pairs;         /* measured rounds at most, rounded up to whole blocks; 0: the default of the stop rule */
    uint64_t warmup_blocks; /* ASSAY_WARMUP_BLOCKS_AUTO: one if few values are planned, or the run may end early */
    uint64_t drain_ns;      /* how long issued operations may take after the last issue */
    bool has_seed;
    uint64_t seed;
    const char *seed_source; /* "log-head" or "challenge" where the seed was derived; NULL: "fixed" */
    const char *nonce;       /* 64 hex, or NULL */
    const char *out_dir;     /* the run directory; must not exist. NULL: ./assay-RUNID */
    bool is_in_memory;       /* calibration: no directory, trace and plan stay in the result */
    bool must_pin;           /* worker i runs on the i-th CPU of the affinity mask */
    const json_t *checks;    /* checks measured beforehand (stamp_calibration), or NULL */
    const char *source_commit; /* of what is measured, 40 or 64 hex digits: a subject source:tree; NULL = none */
    const char *runner_id;
    const json_t *options; /* general options for the plan (what the cli was told), or NULL */
    void (*on_progress)(void *context, const struct assay_progress *progress); /* about 4 times a second; may be NULL */
    void *progress_context;
    /* What makes a run evidence, done by whoever has keys and a log; all may be NULL. on_planned: the plan is fixed and
     * hashed, nothing was measured; it may put `intent` and `earlier` into attempts. on_document: the statement is
     * derived; appends the signed file to out. */
    assay_code (*on_planned)(void *context, const struct assay_plan *plan, const struct assay_buf *plan_bytes,
                             json_t *attempts, assay_err *err);
    assay_code (*on_document)(void *context, json_t *statement, struct assay_buf *out, assay_err *err);
    void *evidence_context;
    const volatile sig_atomic_t *stop_flag; /* non-zero: end cleanly with outcome aborted; may be NULL */
    const struct assay_clock *clock;        /* for tests; NULL: the system's */
};

struct assay_run_result {
    enum assay_document document;
    const char *outcome;                /* "valid", "invalid", "partial", "aborted", "failed", "standin" */
    char dir[4096];                     /* "" if in memory */
    struct assay_buf plan, trace, file; /* their bytes, as written */
    json_t *statement;
};

assay_code assay_run(const struct assay_run_setup *setup, struct assay_run_result *ret, assay_err *err);
void assay_run_result_done(struct assay_run_result *result); /* fine on a zeroed one */
int assay_run_exit_status(const struct assay_run_result *result);

/* The options that all workloads share, for `assay run` and suite files. */
struct assay_load_options {
    uint64_t requests, duration_ns, max_duration_ns, concurrency, workers, think_ns, warmup, drain_ns;
    double rate, cv, max_error_share, replay_speed;
    int arrivals; /* index into poisson constant gamma */
    const char *seed_text, *shape, *nonce, *out, *runner_id;
    bool pin;
    struct assay_buf replay; /* what shape replay:FILE read */
    struct assay_opt_list arm;
    struct assay_arm_text arms[ASSAY_ARM_TEXTS_MAX]; /* made of arm by apply */
    uint64_t pairs, gap_ns;
    double precision, confidence;
};
/* The rows that a workload offers, by its pairing; returns how many were written. */
#define ASSAY_LOAD_OPTIONS_MAX 32
size_t assay_load_option_rows(const struct assay_workload *workload, struct assay_opt ret[ASSAY_LOAD_OPTIONS_MAX]);
void assay_load_options_defaults(struct assay_load_options *options);
/* Checks that the options fit together (USAGE) and fills load, shape, stop, warmup, arms, pairs, drain, seed, nonce,
 * out_dir, runner_id, must_pin and options of setup, whose workload is set. options must outlive the setup; *ret_json
 * is the caller's. */
assay_code assay_load_options_apply(struct assay_load_options *options, struct assay_run_setup *setup,
                                    json_t **ret_json, assay_err *err);
void assay_load_options_done(struct assay_load_options *options);

/* Makes the operations of a plan whose load, stop, warm-up, seed and, if paired, arms are set: count, due times (open
 * loop), warm-up marks, order of arms, and the lengths of a replay. ops_per_user_s: see the workload. */
assay_code assay_schedule_draw(struct assay_plan *plan, const struct assay_shape *shape, uint32_t ops_per_user_s,
                               assay_err *err);

/* Length distributions of --prompt-tokens and --output-tokens: N, uniform:LO,HI, normal:MEAN,SD,LO,HI,
 * lognormal:MEDIAN,SIGMA,LO,HI, file:PATH (one length a line). */
struct assay_lengths;
assay_code assay_lengths_parse(const char *spec, const char *what, struct assay_lengths **ret, assay_err *err);
uint32_t assay_lengths_draw(const struct assay_lengths *lengths, struct assay_rng *rng);
uint32_t assay_lengths_max(const struct assay_lengths *lengths); /* no draw is larger */
void assay_lengths_free(struct assay_lengths *lengths);

/* An option table's values as a JSON object, defaults included, secrets left out: what a plan keeps of them. */
json_t *assay_options_json(const struct assay_opt *rows, size_t count, const void *values);

#endif
