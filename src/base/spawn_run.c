#include "base/spawner.h"

#include <errno.h>

static void forget_all(struct assay_spawn_outcome *outcome)
{
    *outcome = (struct assay_spawn_outcome){.start_ns = ASSAY_NS_ABSENT,
                                            .spawned_ns = ASSAY_NS_ABSENT,
                                            .end_ns = ASSAY_NS_ABSENT,
                                            .cpu_ns = ASSAY_NS_ABSENT,
                                            .cpu_tree_ns = ASSAY_NS_ABSENT,
                                            .maxrss_bytes = ASSAY_NS_ABSENT,
                                            .rss_floor_bytes = ASSAY_NS_ABSENT,
                                            .minflt = ASSAY_NS_ABSENT,
                                            .majflt = ASSAY_NS_ABSENT,
                                            .nvcsw = ASSAY_NS_ABSENT,
                                            .nivcsw = ASSAY_NS_ABSENT,
                                            .cpu_last = ASSAY_SPAWN_CPU_ABSENT};
}

static uint64_t deadline_of(const struct assay_spawn_job *job, uint64_t start_ns)
{
    return job->timeout_ns > UINT64_MAX - start_ns ? UINT64_MAX : start_ns + job->timeout_ns;
}

static const enum assay_spawn_end END_OF_WAKE[] = {
    [ASSAY_SPAWN_WAKE_EXIT] = ASSAY_SPAWN_EXITED,
    [ASSAY_SPAWN_WAKE_DEADLINE] = ASSAY_SPAWN_TIMED_OUT,
    [ASSAY_SPAWN_WAKE_INTERRUPT] = ASSAY_SPAWN_INTERRUPTED,
};

static void fail_to_start(struct assay_spawn_outcome *outcome, int error)
{
    forget_all(outcome);
    outcome->end = ASSAY_SPAWN_NOT_STARTED;
    outcome->error = error;
}

void assay_spawn_run(const struct assay_spawn_os *os, const struct assay_spawn_job *job, size_t pad_bytes,
                     struct assay_spawn_outcome *ret)
{
    pid_t pid = 0;
    forget_all(ret);
    ret->start_ns = os->now_ns(os->self);
    int error = os->spawn(os->self, job, pad_bytes, &pid);
    ret->spawned_ns = os->now_ns(os->self);
    if (error != 0) {
        fail_to_start(ret, error);
        return;
    }
    int pidfd = os->watch(os->self, pid);
    if (pidfd < 0) {
        error = errno;
        (void)os->sweep(os->self); /* it cannot be waited for without spinning: it does not run */
        fail_to_start(ret, error);
        return;
    }
    enum assay_spawn_wake wake = os->sleep(os->self, pidfd, deadline_of(job, ret->start_ns));
    if (wake != ASSAY_SPAWN_WAKE_EXIT) {
        os->kill(os->self, pid, pidfd);
    }
    os->see_exit(os->self, pid, pidfd);
    ret->end_ns = os->now_ns(os->self);
    ret->end = END_OF_WAKE[wake];
    ret->cpu_ns = os->cpu_ns(os->self, pid); /* a zombie still has its clock */
    ret->cpu_last = os->last_cpu(os->self, pid);
    os->reap(os->self, pid, pidfd, ret);
    ret->rss_floor_bytes = os->rss_floor_bytes(os->self);
    ret->left_behind = os->sweep(os->self);
}
