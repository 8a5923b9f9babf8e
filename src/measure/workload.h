/*
 * The workload contract: what is exercised, as a const table of functions.
 *
 * The harness allocates the state (state_bytes, zeroed) and one block a worker (worker_bytes, zeroed), and calls in
 * this order, all from the main thread unless marked [worker]:
 *
 *     open          read the options, resolve names, allocate what the run needs
 *     plan          arms, options, metrics and every operation into the plan (draws only from assay_rng substreams)
 *     verify BEFORE identity and state of the subject: may send its own requests, outside the measured phase
 *     worker_open   [worker] connections, buffers; after it nothing is allocated
 *     submit, reap  [worker] start one operation; wait for what happens, record finished samples
 *     (or step      [worker] one whole operation, for workloads that cannot overlap)
 *     cancel        [worker] end what is in flight, after the drain limit
 *     worker_close  [worker]
 *     verify AFTER  identity and state again
 *     describe      subjects, identity document, checks: what the receipt says of the subject
 *     close
 *
 * A workload never prints, never computes a statistic, never sleeps for pacing and never reads a clock for a stamp of
 * its own choosing: due and queued times are handed in, stamps of the transport come from net/. It records into the
 * assay_recorder of its worker; exactly one assay_recorder_sample for every operation that was submitted.
 */
#ifndef ASSAY_MEASURE_WORKLOAD_H
#define ASSAY_MEASURE_WORKLOAD_H

#include "base/err.h"
#include "base/opt.h"
#include "record/record.h"

enum assay_moment { ASSAY_BEFORE_RUN, ASSAY_AFTER_RUN };

struct assay_operation {
    const struct assay_plan_op *op;
    uint64_t id;
    uint64_t due_ns;    /* absolute CLOCK_MONOTONIC */
    uint64_t queued_ns; /* absolute: when the harness picked it up */
};

/* What reap reports back for pacing: operations that ended, oldest first. */
struct assay_completion {
    uint64_t id;
    uint64_t end_ns; /* absolute: the instant its slot became free */
    bool is_ok;
};

struct assay_worker_setup {
    size_t index, count;
    size_t slots; /* most operations in flight at once in this worker */
    struct assay_recorder *recorder;
    const struct assay_plan *plan;
};

/* What describe fills; all owned by the caller afterwards. */
struct assay_description {
    json_t *subject;  /* array of {name, digest} */
    json_t *identity; /* object for identity.json, or NULL */
    json_t *checks;   /* array for the trace's check chunk, or NULL */
    json_t *kernels;  /* array of counters, or NULL */
    json_t *invalid;  /* array of validity codes that only the workload can know: "subject", "state", "busy" */
    bool is_peer_scripted;
};

struct assay_workload {
    const char *name; /* "llm" */
    const char *summary;
    const struct assay_opt *options; /* rows for the options struct at the start of the state */
    size_t options_count;
    size_t state_bytes, worker_bytes;
    void (*defaults)(void *state); /* fills the options struct before they are read */
    assay_code (*open)(void *state, assay_err *err);
    assay_code (*plan)(void *state, struct assay_plan *plan, assay_err *err);
    assay_code (*verify)(void *state, enum assay_moment moment, assay_err *err);
    assay_code (*worker_open)(void *state, void *worker, const struct assay_worker_setup *setup, assay_err *err);
    /* Starts the operation. A failure to connect or send is a sample, not an error; an error ends the run. */
    assay_code (*submit)(void *worker, const struct assay_operation *operation, assay_err *err);
    /* Handles events until deadline_ns (absolute) or until at least one operation ended; returns at once if one already
     * has. With nothing in flight it just returns at the deadline. Fills at most max completions. A deadline in the
     * past polls once. */
    assay_code (*reap)(void *worker, uint64_t deadline_ns, struct assay_completion *ret, size_t max, size_t *ret_count,
                       assay_err *err);
    assay_code (*step)(void *worker, const struct assay_operation *operation, struct assay_completion *ret,
                       assay_err *err); /* instead of submit and reap */
    void (*cancel)(void *worker, enum assay_status status);
    void (*worker_close)(void *worker);
    assay_code (*describe)(void *state, struct assay_description *ret, assay_err *err);
    void (*close)(void *state);
};

#endif
