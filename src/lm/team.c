#include "lm/team.h"

#include "base/mem.h"
#include "base/thread.h"

#include <assert.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINE 64

/* What a thread writes, on a cache line of its own. */
struct member {
    _Alignas(LINE) uint32_t mark; /* of its next meeting */
    uint32_t seen, is_asleep;
    struct assay_team *team;
    struct assay_thread handle;
    bool is_started;
    int cpu;
};

struct assay_team {
    uint32_t come; /* to meetings, all threads together; wraps */
    char apart[LINE];
    uint32_t begun; /* runs; the others sleep on it */
    char apart_too[LINE];
    uint32_t finished, finished_mark; /* by the others, and where thread 0 waits for it */
    char apart_again[LINE];
    size_t threads;
    bool is_pinned, is_ending;
    cpu_set_t mask_before; /* of the caller */
    bool has_mask_before;
    struct assay_kernel *waiting;
    struct assay_kernel_counters *counters;
    void (*work)(void *argument, size_t thread);
    void *argument;
    struct member *members;
    void *block; /* of members */
};

/* ---- meeting -----------------------------------------------------------------------------------------------------*/

/* Those who spun too long sleep on `come`. */
static void wake_sleepers(struct assay_team *team)
{
    for (size_t i = 0; i < team->threads; i++) {
        if (__atomic_load_n(&team->members[i].is_asleep, __ATOMIC_SEQ_CST) != 0) {
            (void)syscall(SYS_futex, &team->come, FUTEX_WAKE_PRIVATE, ASSAY_TEAM_THREADS_MAX, NULL, NULL, 0);
            return;
        }
    }
}

static void wait_for(struct assay_team *team, size_t thread, const uint32_t *mark, const uint32_t *counter)
{
    struct member *self = &team->members[thread];
    const struct assay_kernel_call call = {
        .shape = {1, 1, 1, 1}, .in = {mark, counter}, .out = {&self->seen, &self->is_asleep}};
    assay_kernel_dispatch(team->waiting, assay_kernel_counters_thread(team->counters, thread), &call);
}

void assay_team_meet(struct assay_team *team, size_t thread)
{
    if (team->threads == 1) {
        return;
    }
    struct member *self = &team->members[thread];
    self->mark += (uint32_t)team->threads;
    if (__atomic_add_fetch(&team->come, 1, __ATOMIC_SEQ_CST) == self->mark) {
        wake_sleepers(team);
        return;
    }
    wait_for(team, thread, &self->mark, &team->come);
}

void assay_team_run(struct assay_team *team, void (*work)(void *argument, size_t thread), void *argument)
{
    team->work = work;
    team->argument = argument;
    if (team->threads > 1) {
        (void)__atomic_add_fetch(&team->begun, 1, __ATOMIC_SEQ_CST);
        (void)syscall(SYS_futex, &team->begun, FUTEX_WAKE_PRIVATE, ASSAY_TEAM_THREADS_MAX, NULL, NULL, 0);
    }
    work(argument, 0);
    if (team->threads > 1) {
        team->finished_mark += (uint32_t)team->threads - 1;
        wait_for(team, 0, &team->finished_mark, &team->finished);
    }
}

/* The last thing that a thread does in a run: it counts nothing after it, so that counters rest when the run ends. */
static void finish(struct assay_team *team)
{
    (void)__atomic_add_fetch(&team->finished, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&team->members[0].is_asleep, __ATOMIC_SEQ_CST) != 0) {
        (void)syscall(SYS_futex, &team->finished, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

/* Between passes nobody knows for how long: short pauses (the sampling of a token) are spun over, long ones slept. */
#define IDLE_TURNS 2000

static uint32_t wait_for_run(struct assay_team *team, uint32_t last)
{
    uint32_t begun = last;
    for (int turn = 0; turn < IDLE_TURNS && begun == last; turn++) {
        assay_thread_pause();
        begun = __atomic_load_n(&team->begun, __ATOMIC_ACQUIRE);
    }
    while (begun == last) {
        (void)syscall(SYS_futex, &team->begun, FUTEX_WAIT_PRIVATE, last, NULL, NULL, 0);
        begun = __atomic_load_n(&team->begun, __ATOMIC_ACQUIRE);
    }
    return begun;
}

static void *serve(void *argument)
{
    struct member *self = argument;
    struct assay_team *team = self->team;
    size_t thread = (size_t)(self - team->members);
    uint32_t begun = 0;
    if (team->is_pinned) {
        self->cpu = assay_thread_pin(thread);
    }
    for (;;) {
        begun = wait_for_run(team, begun);
        if (team->is_ending) {
            return NULL;
        }
        team->work(team->argument, thread);
        finish(team);
    }
}

/* ---- life --------------------------------------------------------------------------------------------------------*/

static assay_code bind_waiting(struct assay_team *team, struct assay_kernel_set *set, assay_err *err)
{
    const struct assay_kernel_operation *op = assay_kernel_set_find(set, "sync_barrier", "spin");
    assay_code rc = op ? assay_kernel_set_bind(set, op, &team->waiting, err)
                       : assay_fail(err, ASSAY_BUG, "there is no kernel sync_barrier spin");
    return rc == ASSAY_OK ? assay_kernel_counters_new(set, team->threads, &team->counters, err) : rc;
}

static assay_code make_members(struct assay_team *team, assay_err *err)
{
    team->block = assay_alloc(team->threads + 1, sizeof(struct member));
    if (!team->block) {
        return assay_nomem(err);
    }
    team->members = (void *)((char *)team->block + (LINE - (uintptr_t)team->block % LINE) % LINE);
    for (size_t i = 0; i < team->threads; i++) {
        team->members[i].team = team;
        team->members[i].cpu = -1;
    }
    return ASSAY_OK;
}

/* The others first: they inherit the caller's mask, and each takes its CPU from it. */
static assay_code start(struct assay_team *team, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 1; rc == ASSAY_OK && i < team->threads; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "lm-%zu", i);
        rc = assay_thread_start(&team->members[i].handle, name, serve, &team->members[i], err);
        team->members[i].is_started = rc == ASSAY_OK;
    }
    if (rc == ASSAY_OK && team->is_pinned) {
        team->has_mask_before = sched_getaffinity(0, sizeof team->mask_before, &team->mask_before) == 0;
        team->members[0].cpu = team->has_mask_before ? assay_thread_pin(0) : -1;
    }
    return rc;
}

static void do_nothing(void *argument, size_t thread)
{
    (void)argument;
    (void)thread;
}

assay_code assay_team_new(struct assay_kernel_set *set, const struct assay_team_setup *setup, struct assay_team **ret,
                          assay_err *err)
{
    size_t threads = setup->threads ? setup->threads : assay_thread_cpu_count();
    if (threads > ASSAY_TEAM_THREADS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "%zu threads, expected at most %d", threads, ASSAY_TEAM_THREADS_MAX);
    }
    struct assay_team *team = assay_alloc(1, sizeof *team);
    if (!team) {
        return assay_nomem(err);
    }
    team->threads = threads;
    team->is_pinned = setup->is_pinned;
    assay_code rc = make_members(team, err);
    rc = rc == ASSAY_OK ? bind_waiting(team, set, err) : rc;
    rc = rc == ASSAY_OK ? start(team, err) : rc;
    if (rc != ASSAY_OK) {
        assay_team_free(team);
        return rc;
    }
    assay_team_run(team, do_nothing, NULL); /* every thread has its CPU after it */
    assay_kernel_counters_zero(team->counters);
    *ret = team;
    return ASSAY_OK;
}

void assay_team_free(struct assay_team *team)
{
    if (!team) {
        return;
    }
    if (team->members) {
        team->is_ending = true;
        (void)__atomic_add_fetch(&team->begun, 1, __ATOMIC_SEQ_CST);
        (void)syscall(SYS_futex, &team->begun, FUTEX_WAKE_PRIVATE, ASSAY_TEAM_THREADS_MAX, NULL, NULL, 0);
        for (size_t i = 1; i < team->threads; i++) {
            if (team->members[i].is_started) {
                assay_thread_join(&team->members[i].handle);
            }
        }
    }
    if (team->has_mask_before) {
        (void)sched_setaffinity(0, sizeof team->mask_before, &team->mask_before);
    }
    assay_kernel_counters_free(team->counters);
    assay_free(team->block);
    assay_free(team);
}

size_t assay_team_threads(const struct assay_team *team)
{
    return team->threads;
}

int assay_team_cpu(const struct assay_team *team, size_t thread)
{
    return team->members[thread].cpu;
}

struct assay_kernel_counters *assay_team_counters(const struct assay_team *team)
{
    return team->counters;
}

struct assay_kernel_thread *assay_team_counting(const struct assay_team *team, size_t thread)
{
    return assay_kernel_counters_thread(team->counters, thread);
}
