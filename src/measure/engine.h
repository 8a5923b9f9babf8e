/*
 * Engine: what the threads of a run share. The main thread prepares it, starts the workers, watches them (monitor.c)
 * and reads it when they have been joined. Internal to measure/.
 */
#ifndef ASSAY_MEASURE_ENGINE_H
#define ASSAY_MEASURE_ENGINE_H

#include "measure/account.h"
#include "measure/measure.h"
#include "measure/progress.h"

#include "base/thread.h"
#include "host/host.h"

#include <pthread.h>

/* Why no more operations are issued; the first reason that comes up stays. */
enum assay_stop_reason {
    ASSAY_GOING_ON,
    ASSAY_STOPPED_REACHED, /* the stop rule */
    ASSAY_STOPPED_TIME,    /* the maximum duration, or a plan that ended before the duration asked for */
    ASSAY_STOPPED_PAIRS,   /* rule precision: the planned pairs are used up, the interval is still too wide */
    ASSAY_STOPPED_ERRORS,  /* the breaker */
    ASSAY_STOPPED_SIGNAL,
    ASSAY_STOPPED_HARNESS, /* a worker failed */
    ASSAY_STOP_REASON_COUNT
};
const char *assay_stop_reason_text(enum assay_stop_reason reason);

struct assay_engine;

struct assay_worker {
    struct assay_engine *engine;
    size_t index;
    struct assay_thread thread;
    void *block; /* the workload's */
    struct assay_recorder *recorder;
    struct assay_account account;
    struct assay_live_histogram service, first;
    size_t slots, in_flight;
    uint64_t recorded; /* samples that accounting expects in the recorder */
    /* Closed loop: due times of the users that are free, oldest first; a ring of `slots` places. */
    uint64_t *ready;
    size_t ready_first, ready_count;
    size_t cell_end;                    /* paired: the operation behind the cell that is open */
    uint64_t cell_last_ns;              /* paired: last end in it */
    uint64_t spin_ns;                   /* how long before a due time waiting ends and spinning begins */
    atomic_uint_fast64_t cpu_at_end_ns; /* 0 while it runs */
    assay_code code;                    /* how the worker ended */
    assay_err err;
};

struct assay_engine {
    const struct assay_run_setup *setup;
    const struct assay_workload *workload;
    const struct assay_clock *clock;
    const struct assay_plan *plan;
    uint64_t origin_ns;
    struct assay_handout handout;
    unsigned char *op_states; /* enum assay_op_state of each operation; written by the worker that holds it */
    atomic_int stop_reason;
    atomic_uint_fast64_t measured_from_ns; /* when the first measured operation was issued; 0 = not yet */
    struct assay_worker *workers;
    size_t workers_count;
    struct assay_looks *looks; /* rule precision; else NULL */
    /* Quiet runs: the main thread sleeps until turn_fd is written or a signal comes, and the worker waits for it. */
    bool is_quiet;
    int turn_fd, stop_fd;              /* event counters; stop_fd is readable once the run must end now */
    uint64_t turns_asked, turns_taken; /* under the mutex */
    uint64_t turn_last_ns;             /* of the worker */
    /* The gate at the start, and the end: under the mutex. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t opened_count, ended_count;
    bool is_open; /* the origin is set: begin */
    /* Readings of the monitor, sized for the longest run. */
    struct assay_clock_reading *clock_readings;
    size_t clock_readings_count, clock_readings_max;
    struct assay_host_reading *host_readings;
    size_t host_readings_count, host_readings_max;
    struct assay_host_watch *watch;
    uint64_t *worker_cpu_ns; /* at the last host reading */
    uint64_t host_read_ns;
};

/* Allocates everything for the plan: workers, recorders, states. assay_engine_done on whatever came of it. */
assay_code assay_engine_init(struct assay_engine *engine, const struct assay_run_setup *setup,
                             const struct assay_plan *plan, assay_err *err);
void assay_engine_done(struct assay_engine *engine);

/* The measured phase: starts the workers, watches, joins. */
assay_code assay_engine_run(struct assay_engine *engine, assay_err *err);

/* Sums of all workers; every snapshot is checked. */
assay_code assay_engine_counts(const struct assay_engine *engine, struct assay_counts *ret, assay_err *err);

/* stop.c */
void assay_engine_stop(struct assay_engine *engine, enum assay_stop_reason reason);
enum assay_stop_reason assay_engine_stopped(const struct assay_engine *engine);
/* Looks at plan and time and stops the run if nothing may be issued any more. */
bool assay_engine_must_stop(struct assay_engine *engine, uint64_t now_ns);
/* After an operation that did not end ok. */
void assay_engine_break_on_errors(struct assay_engine *engine);
bool assay_stop_share_exceeded(const struct assay_stop *stop, const struct assay_counts *counts);

/* looks.c: what a precision rule looks at. Everything is allocated by init; looking allocates nothing. */
struct assay_looks;
assay_code assay_looks_new(const struct assay_plan *plan, struct assay_looks **ret, assay_err *err);
void assay_looks_free(struct assay_looks *looks); /* fine on NULL */
void assay_looks_add(struct assay_looks *looks, const struct assay_completion *completion);
/* With all operations before `next` ended: true if it is time to look and the interval is narrow enough. */
bool assay_looks_is_enough(struct assay_looks *looks, size_t next);

/* quiet.c: runs in which nothing of assay wakes while an operation runs. */
assay_code assay_quiet_init(struct assay_engine *engine, assay_err *err);
void assay_quiet_done(struct assay_engine *engine);
/* Worker, between operations: lets the main thread take its readings if they are due, and waits for it. */
void assay_quiet_take_turn(struct assay_engine *engine);
/* Main thread: sleeps until a turn is asked for, all workers ended, a signal came or the longest run is over. */
void assay_quiet_wait(struct assay_engine *engine);
/* Main thread: the readings are taken. */
void assay_quiet_end_turn(struct assay_engine *engine);
/* Makes stop_fd readable, and wakes the main thread: from any thread. */
void assay_quiet_hurry(struct assay_engine *engine);
void assay_quiet_wake(struct assay_engine *engine);

/* worker.c */
void *assay_worker_main(void *argument);

/* monitor.c: until all workers have ended. */
assay_code assay_engine_monitor(struct assay_engine *engine, assay_err *err);

#endif
