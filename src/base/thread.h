/*
 * Threads: start, join, pin; a name for the debugger. One thread per worker; data passes at start and at join.
 */
#ifndef ASSAY_BASE_THREAD_H
#define ASSAY_BASE_THREAD_H

#include "base/err.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct assay_thread {
    pthread_t handle;
};

assay_code assay_thread_start(struct assay_thread *thread, const char *name, void *(*entry)(void *), void *argument,
                              assay_err *err);
void assay_thread_join(struct assay_thread *thread);

/* Pins the calling thread to one CPU of its affinity mask, counted from 0 and modulo their number. Returns the CPU, or
 * -1 where the system refuses. */
int assay_thread_pin(size_t nth);
size_t assay_thread_cpu_count(void); /* CPUs in the affinity mask, at least 1 */

/* Timers of the calling thread fire as soon as they can, instead of up to 50 us later in a batch (PR_SET_TIMERSLACK).
 */
void assay_thread_exact_timers(void);

/* CPU time that a thread has used; it must not have been joined. 0 if the system will not say. */
uint64_t assay_thread_cpu_ns(const struct assay_thread *thread);

/* One turn of a loop that spins on a clock: lets the sibling hardware thread work. */
void assay_thread_pause(void);

#endif
