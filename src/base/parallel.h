/*
 * The same step for many numbers, on several threads: the outcome is that of taking them one after the other.
 *
 *     const struct assay_parallel work = {.name = "log", .count = bundles, .step = read_bundle, .context = &reading};
 *     rc = assay_parallel_run(&work, err);
 *
 * A step may write what belongs to its number, and what belongs to its worker; nothing else. Workers take numbers in
 * ascending order, and after a step that failed no higher ones. So the error is that of the lowest number that fails,
 * however the threads were scheduled; what steps above it have done by then counts for nothing.
 *
 * Errors: those of the step. Threads that cannot be started are done without.
 */
#ifndef ASSAY_BASE_PARALLEL_H
#define ASSAY_BASE_PARALLEL_H

#include "base/err.h"

#include <stddef.h>

#define ASSAY_PARALLEL_WORKERS_MAX 64 /* memory bandwidth is spent long before */

struct assay_parallel {
    const char *name;   /* of the threads, for a debugger */
    size_t count;       /* numbers 0 .. count - 1 */
    size_t workers_max; /* 0: one for each CPU; 1: the caller alone */
    assay_code (*step)(void *context, size_t worker, size_t number, assay_err *err);
    void *context;
};

/* How many workers there will be at most, numbered from 0, which is the caller: for whoever gives each its own room. */
size_t assay_parallel_workers(const struct assay_parallel *work);

assay_code assay_parallel_run(const struct assay_parallel *work, assay_err *err);

#endif
