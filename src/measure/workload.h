/*
 * The workload contract: what is exercised, as a const table of functions.
 *
 * The harness allocates the state (state_bytes, zeroed) and one block a worker (worker_bytes, zeroed), and calls in
 * this order, all from the main thread unless marked [worker]:
 *
 *     defaults      fills the options struct, which stands at the start of the state
 *     open          (by the caller of assay_run, once the options are read) resolve names, allocate what the run needs
 *     arms          [workloads that can be paired] gets the texts of --arm ID=TEXT, none too, and fills plan->arms
 *                   (id, label, args) and arms_count, before the operations are drawn. If it leaves them empty there is
 *                   one arm, "a", whose arguments are the workload's options. Arm 0 is the base of every ratio
 *     plan          the operations are there already, with due times, warm-up marks, arm, round and block and, in a
 *                   replay, their lengths: the workload adds lengths, prompts and salts (drawn only from substreams of
 *                   the plan's seed). Options and default metrics are put into the plan by the harness
 *     verify BEFORE identity and state of the subject: may send its own requests, outside the measured phase
 *     worker_open   [worker] connections, buffers; after it nothing is allocated
 *     submit, reap  [worker] start one operation; wait for what happens, record finished samples
 *     (or step      [worker] one whole operation, for workloads that cannot overlap)
 *     turn          [worker] paired, optional: between two cells
 *     cancel        [worker] ends what is in flight, after the drain limit; the next reap reports it
 *     worker_close  [worker]
 *     verify AFTER  identity and state again
 *     describe      subjects, identity document, checks: what the receipt says of the subject
 *     close         (by the caller of assay_run)
 *
 * A workload never prints, never computes a statistic, never sleeps for pacing and never reads a clock for a stamp of
 * its own choosing: due and queued times are handed in, stamps of the transport come from net/. With submit and reap
 * it records into the assay_recorder of its worker, before reap reports the completion: exactly one
 * assay_recorder_sample for every operation that was submitted, with the same end time and status as the completion.
 * With step it records nothing: the harness takes the stamps around the call and records the sample. A workload whose
 * region only it can delimit (a child from spawn to exit, an epoch between two barriers) hands its own two stamps back,
 * read through base/, and inside of the harness's.
 *
 * Paired runs (statistics.md 1.1): operations come strictly in plan order, by one worker. A cell is what one arm does
 * in one round: one operation, or a window of many (llm). Between two cells everything in flight has ended and the gap
 * of the plan has passed. The due time of a cell's first operation is the end of the cell before it plus the gap.
 *
 * Quiet workloads (is_quiet, step, one user): while an operation runs no thread of assay wakes; readings of clock and
 * host and the progress line are taken between operations. Such a worker must end by itself when stop_fd becomes
 * readable: the run was told to end (poll it beside what it waits for; the operation is then CANCELLED_STOP).
 *
 * An operation that was submitted and is recorded twice, or never, is a bug in assay and voids the run.
 */
#ifndef ASSAY_MEASURE_WORKLOAD_H
#define ASSAY_MEASURE_WORKLOAD_H

#include "base/err.h"
#include "base/opt.h"
#include "record/record.h"

#include <sys/types.h>

enum assay_moment { ASSAY_BEFORE_RUN, ASSAY_AFTER_RUN };

struct assay_operation {
    const struct assay_plan_op *op;
    uint64_t id;
    uint64_t due_ns;    /* absolute CLOCK_MONOTONIC */
    uint64_t queued_ns; /* absolute: when the harness picked it up */
};

/* What reap reports back for pacing and accounting: operations that ended, oldest first. */
struct assay_completion {
    uint64_t id;
    uint64_t start_ns; /* absolute: the sample's start_ns */
    uint64_t first_ns; /* absolute: when the first content was seen, for the progress line; ABSENT if none */
    uint64_t end_ns;   /* absolute: the instant its slot became free; the sample's end_ns */
    enum assay_status status;
    uint32_t iterations; /* operations timed as one region; 0 counts as 1 */
};

/* What one step came to. The harness presets OK, ABSENT, 1 and NULL. */
struct assay_step {
    enum assay_status status;
    uint64_t start_ns, end_ns; /* absolute, where a process nearer to the operation took the stamps; ABSENT: the
                                * harness's around the call, which they must lie in */
    uint64_t cpu_ns;           /* CPU time of the operation if the workload knows it; ABSENT: the harness's thread's */
    uint32_t iterations;       /* operations timed as one */
    const struct assay_process *process; /* of a command: the worker's, valid until its next step */
};

struct assay_worker_setup {
    size_t index, count;
    /* Most operations in flight at once in this worker. Closed loop: its users. Open loop: what it may have to hold, at
     * most ASSAY_OPEN_SLOTS_MAX; beyond that operations wait, which their lateness shows. */
    size_t slots;
    struct assay_recorder *recorder;
    const struct assay_plan *plan;
    int stop_fd; /* readable once the run must end now: for workloads that wait within a step; -1: there is none */
};

/* What describe fills; all owned by the caller afterwards. Without a subject the receipt speaks of assay's binary. */
struct assay_description {
    json_t *subject;  /* array of {name, digest} */
    json_t *identity; /* object for identity.json, or NULL */
    json_t *checks;   /* array for the trace's check chunk, or NULL */
    json_t *kernels;  /* array of counters, or NULL */
    json_t *invalid;  /* array of validity codes that only the workload can know: "subject", "state", "busy" */
    bool is_peer_scripted;
};

/* Whether arms take turns (statistics.md 1.1). */
enum assay_pairing {
    ASSAY_PAIRING_NONE,     /* one arm, closed or open loop */
    ASSAY_PAIRING_POSSIBLE, /* paired if the options ask for it (--arm, --pairs, --precision) */
    ASSAY_PAIRING_ALWAYS    /* with one arm too; of the load options only those of paired runs are offered */
};

/* One --arm: "b=TEXT", or TEXT alone, which takes the next letter. */
struct assay_arm_text {
    char id[2];
    const char *text; /* borrowed from the command line or suite file */
};

struct assay_workload {
    const char *name; /* "llm" */
    const char *summary;
    const char *argument; /* name of the option that takes the one argument behind the workload's name, or NULL */
    const struct assay_opt *options; /* rows for the options struct at the start of the state */
    size_t options_count;
    size_t state_bytes, worker_bytes;
    /* Closed loop without a count: how many operations one user can complete in a second at most. The plan holds that
     * many. 0 = ASSAY_OPS_PER_USER_S. */
    uint32_t ops_per_user_s;
    enum assay_pairing pairing;
    bool is_quiet;                 /* of step workloads: see above */
    void (*defaults)(void *state); /* fills the options struct before they are read */
    assay_code (*open)(void *state, assay_err *err);
    /* Also in a closed or open loop, then without texts. NULL: one arm. */
    assay_code (*arms)(void *state, const struct assay_arm_text *texts, size_t count, struct assay_plan *plan,
                       assay_err *err);
    assay_code (*plan)(void *state, struct assay_plan *plan, assay_err *err);
    /* How many segments plus chunks the operation can produce: sizes the event log. NULL = none. */
    uint32_t (*events)(void *state, const struct assay_plan_op *op);
    assay_code (*verify)(void *state, enum assay_moment moment, assay_err *err);
    /* TCP ports of the peers that work on this host: their CPU time is the subject's, not a foreign one. Asked after
     * verify BEFORE. NULL = no peer. */
    size_t (*local_ports)(void *state, uint16_t *ret, size_t max);
    /* A process that runs what is measured (the spawner of commands): its time and that of the children that it waited
     * for are the run's own. NULL = none. */
    pid_t (*helper)(void *state);
    assay_code (*worker_open)(void *state, void *worker, const struct assay_worker_setup *setup, assay_err *err);
    /* Starts the operation. A failure to connect or send is a sample, not an error; an error ends the run. */
    assay_code (*submit)(void *worker, const struct assay_operation *operation, assay_err *err);
    /* Handles events until deadline_ns (absolute) or until at least one operation ended; returns at once if one already
     * has. With nothing in flight it just returns at the deadline. Fills at most max completions. A deadline in the
     * past polls once. */
    assay_code (*reap)(void *worker, uint64_t deadline_ns, struct assay_completion *ret, size_t max, size_t *ret_count,
                       assay_err *err);
    assay_code (*step)(void *worker, const struct assay_operation *operation, struct assay_step *ret,
                       assay_err *err); /* instead of submit and reap */
    /* Paired: everything of one arm's cell has ended, and another's comes next: looks at identity and state of both.
     * What it takes is taken from the gap. Optional. */
    assay_code (*turn)(void *worker, uint16_t ended_arm, uint16_t next_arm, assay_err *err);
    void (*cancel)(void *worker, enum assay_status status);
    void (*worker_close)(void *worker); /* also after a failed worker_open; on a zeroed block it does nothing */
    assay_code (*describe)(void *state, struct assay_description *ret, assay_err *err);
    void (*close)(void *state);
};

#endif
