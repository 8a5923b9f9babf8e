#include "base/thread.h"

#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

#define THREAD_NAME_BYTES 16 /* of the kernel, NUL included */
#define CPU_SETS 8           /* 8 x 1024 CPUs: what Linux can be built for */

/* Signals of the world belong to the main thread; those of a fault stay with whoever caused it. */
static void signals_of_the_world(sigset_t *set)
{
    static const int OWN[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGPROF};
    (void)sigfillset(set);
    for (size_t i = 0; i < sizeof OWN / sizeof OWN[0]; i++) {
        (void)sigdelset(set, OWN[i]);
    }
}

assay_code assay_thread_start(struct assay_thread *thread, const char *name, void *(*entry)(void *), void *argument,
                              assay_err *err)
{
    sigset_t blocked, before;
    signals_of_the_world(&blocked);
    int rc = pthread_sigmask(SIG_BLOCK, &blocked, &before);
    assert(rc == 0);
    errno = pthread_create(&thread->handle, NULL, entry, argument); /* inherits the mask */
    bool is_started = errno == 0;
    if (!is_started) {
        (void)assay_fail_errno(err, ASSAY_IO, "cannot start thread '%s'", name);
    }
    rc = pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert(rc == 0);
    if (!is_started) {
        return ASSAY_IO;
    }
    char short_name[THREAD_NAME_BYTES];
    (void)snprintf(short_name, sizeof short_name, "%s", name);
    (void)pthread_setname_np(thread->handle, short_name); /* a convenience for debuggers; may fail */
    return ASSAY_OK;
}

void assay_thread_join(struct assay_thread *thread)
{
    int rc = pthread_join(thread->handle, NULL);
    assert(rc == 0);
}

static size_t read_mask(cpu_set_t sets[CPU_SETS])
{
    size_t bytes = CPU_SETS * sizeof sets[0];
    CPU_ZERO_S(bytes, sets);
    return sched_getaffinity(0, bytes, sets) == 0 ? (size_t)CPU_COUNT_S(bytes, sets) : 0;
}

size_t assay_thread_cpu_count(void)
{
    cpu_set_t sets[CPU_SETS];
    size_t count = read_mask(sets);
    return count > 0 ? count : 1;
}

int assay_thread_pin(size_t nth)
{
    cpu_set_t sets[CPU_SETS], one[CPU_SETS];
    size_t bytes = sizeof sets, count = read_mask(sets);
    if (count == 0) {
        return -1;
    }
    size_t left = nth % count, cpu = 0;
    while (!CPU_ISSET_S(cpu, bytes, sets) || left-- > 0) {
        cpu++;
    }
    CPU_ZERO_S(bytes, one);
    CPU_SET_S(cpu, bytes, one);
    return sched_setaffinity(0, bytes, one) == 0 ? (int)cpu : -1;
}

void assay_thread_exact_timers(void)
{
    (void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* 1 ns: 0 would mean "the default" */
}

uint64_t assay_thread_cpu_ns(const struct assay_thread *thread)
{
    clockid_t clock;
    struct timespec used;
    if (pthread_getcpuclockid(thread->handle, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return (uint64_t)used.tv_sec * ASSAY_NS_PER_S + (uint64_t)used.tv_nsec;
}

void assay_thread_pause(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}
