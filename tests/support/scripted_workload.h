/*
 * A workload that plays a script in a test, under a clock that the test owns: operations that take as long as they are
 * told, fail, time out, or never end. It runs in one worker; its time is that of struct scripted_clock, which moves
 * only when somebody looks at it or waits.
 */
#ifndef TESTS_SUPPORT_SCRIPTED_WORKLOAD_H
#define TESTS_SUPPORT_SCRIPTED_WORKLOAD_H

#include "measure/measure.h"

#include <stdatomic.h>

struct scripted_clock {
    atomic_uint_fast64_t now_ns;
    uint64_t look_ns;      /* how far a look moves it */
    uint64_t oversleep_ns; /* how late waiting ends */
    struct assay_clock clock;
};
void scripted_clock_init(struct scripted_clock *clock, uint64_t now_ns);

struct scripted_op {
    uint64_t takes_ns; /* UINT64_MAX: never ends by itself */
    enum assay_status status;
};

enum scripted_fault {
    SCRIPTED_NO_FAULT,
    SCRIPTED_FAIL_OPEN,    /* worker_open fails */
    SCRIPTED_FAIL_SUBMIT,  /* the third submit is an error of the harness */
    SCRIPTED_FAIL_BEFORE,  /* verify before the run fails */
    SCRIPTED_FAIL_AFTER,   /* verify after the run fails */
    SCRIPTED_RECORD_TWICE, /* the third operation is recorded twice */
    SCRIPTED_REPORT_TWICE, /* the third operation is reported twice */
    SCRIPTED_FORGET,       /* the third operation ends without a sample */
    SCRIPTED_IGNORE_CANCEL /* cancelled operations never end */
};

#define SCRIPTED_IN_FLIGHT_MAX 4096

struct scripted_state {
    struct {
        uint64_t takes_ns, fail_every;
    } options; /* has option rows, as a workload has */
    struct scripted_clock *clock;
    const struct scripted_op *ops; /* by id, over and over */
    size_t ops_count;
    enum scripted_fault fault;
    volatile sig_atomic_t *stop_flag; /* set when operation stop_at is submitted */
    uint64_t stop_at;
    /* What happened, for the test to look at. */
    uint64_t submitted, cancelled, most_in_flight, verified, closed_workers;
    uint64_t due_ns[SCRIPTED_IN_FLIGHT_MAX], queued_ns[SCRIPTED_IN_FLIGHT_MAX];
    unsigned long allocations_at_open, allocations_at_close; /* where the test counts them */
    unsigned long (*count_allocations)(void);
};

extern const struct assay_workload scripted_workload;

#endif
