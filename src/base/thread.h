/*
 * Threads: start, join, pin; a name for the debugger. One thread per worker; data passes at start and at join.
 */
#ifndef ASSAY_BASE_THREAD_H
#define ASSAY_BASE_THREAD_H

#include "base/err.h"

#include <pthread.h>
#include <stddef.h>

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

#endif
