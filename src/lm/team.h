/*
 * Team: the threads that share a pass (kernels.md 4.2.5). Thread 0 is the caller; the others sleep between passes.
 *
 *     rc = assay_team_new(set, &(struct assay_team_setup){.threads = 2, .is_pinned = true}, &team, err);
 *     assay_team_run(team, work, argument);      // work(argument, thread) on each; returns when all are through
 *     ... inside work: assay_team_meet(team, thread);   // nobody goes on before all have come
 *     assay_team_free(team);
 *
 * Meeting costs a fraction of a microsecond: threads spin for 20 us, then sleep on a futex. Waiting inside a pass is
 * counted by the kernel sync_barrier_spin_ref. Threads are pinned to the CPUs of the affinity mask, in order. Whoever
 * made the team calls run and free.
 */
#ifndef ASSAY_LM_TEAM_H
#define ASSAY_LM_TEAM_H

#include "kernel/kernel.h"

#define ASSAY_TEAM_THREADS_MAX 256

struct assay_team;

struct assay_team_setup {
    size_t threads; /* 0: as many as there are CPUs in the affinity mask */
    bool is_pinned;
};

/* Binds the kernel that waits. The calling thread is pinned too, until the team is freed. */
assay_code assay_team_new(struct assay_kernel_set *set, const struct assay_team_setup *setup, struct assay_team **ret,
                          assay_err *err);
void assay_team_free(struct assay_team *team); /* fine on NULL */

size_t assay_team_threads(const struct assay_team *team);
/* The CPU that a thread is pinned to; -1: none. */
int assay_team_cpu(const struct assay_team *team, size_t thread);
struct assay_kernel_counters *assay_team_counters(const struct assay_team *team);
struct assay_kernel_thread *assay_team_counting(const struct assay_team *team, size_t thread);

void assay_team_run(struct assay_team *team, void (*work)(void *argument, size_t thread), void *argument);
void assay_team_meet(struct assay_team *team, size_t thread);

#endif
