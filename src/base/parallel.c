#include "base/parallel.h"

#include "base/thread.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>

struct shared {
    const struct assay_parallel *work;
    atomic_size_t next; /* number that nobody has taken */
    atomic_size_t end;  /* numbers from here on need not be taken: the count, or the lowest that failed */
};

struct worker {
    struct shared *shared;
    struct assay_thread thread;
    size_t id, failed; /* failed: the number that did; valid unless rc is OK */
    assay_code rc;
    assay_err err;
};

static void lower(atomic_size_t *end, size_t number)
{
    size_t seen = atomic_load(end);
    while (number < seen && !atomic_compare_exchange_weak(end, &seen, number)) {
    }
}

/* Numbers are handed out in ascending order: once a worker meets the end, all below it are taken. */
static void *take_numbers(void *argument)
{
    struct worker *worker = argument;
    struct shared *shared = worker->shared;
    const struct assay_parallel *work = shared->work;
    while (worker->rc == ASSAY_OK) {
        size_t number = atomic_fetch_add(&shared->next, 1);
        if (number >= atomic_load(&shared->end)) {
            break;
        }
        worker->rc = work->step(work->context, worker->id, number, &worker->err);
        if (worker->rc != ASSAY_OK) {
            worker->failed = number;
            lower(&shared->end, number);
        }
    }
    return NULL;
}

size_t assay_parallel_workers(const struct assay_parallel *work)
{
    size_t cpus = assay_thread_cpu_count();
    size_t max = work->workers_max > 0 && work->workers_max < cpus ? work->workers_max : cpus;
    max = max < ASSAY_PARALLEL_WORKERS_MAX ? max : ASSAY_PARALLEL_WORKERS_MAX;
    return work->count < max ? (work->count > 0 ? work->count : 1) : max;
}

assay_code assay_parallel_run(const struct assay_parallel *work, assay_err *err)
{
    assert(work && work->step);
    struct worker workers[ASSAY_PARALLEL_WORKERS_MAX] = {0};
    struct shared shared = {.work = work};
    const struct worker *first = NULL;
    size_t count = assay_parallel_workers(work), started = 1;
    atomic_init(&shared.next, 0);
    atomic_init(&shared.end, work->count);
    for (size_t i = 0; i < count; i++) {
        workers[i].shared = &shared;
        workers[i].id = i;
    }
    while (started < count && assay_thread_start(&workers[started].thread, work->name, take_numbers, &workers[started],
                                                 NULL) == ASSAY_OK) {
        started++;
    }
    (void)take_numbers(&workers[0]);
    for (size_t i = 0; i < started; i++) {
        if (i > 0) {
            assay_thread_join(&workers[i].thread);
        }
        if (workers[i].rc != ASSAY_OK && (!first || workers[i].failed < first->failed)) {
            first = &workers[i];
        }
    }
    if (!first) {
        return ASSAY_OK;
    }
    if (err) {
        *err = first->err;
    }
    return first->rc;
}
