#include "measure/engine.h"

#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*
 * A quiet run: nothing of assay wakes while an operation runs, since on a small machine that would be measured too. The
 * main thread sleeps in ppoll; between operations the worker wakes it when readings are due, and waits until they are
 * taken. Signals reach the main thread alone, so Ctrl-C ends its sleep too.
 */
#define TURN_EVERY_NS (100 * ASSAY_NS_PER_MS) /* the clock's readings (endpoints.md 1.2) */

assay_code assay_quiet_init(struct assay_engine *engine, assay_err *err)
{
    engine->turn_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    engine->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (engine->turn_fd < 0 || engine->stop_fd < 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot make an event counter");
    }
    engine->is_quiet = engine->workload->is_quiet && !engine->workload->submit && engine->workers_count == 1;
    return ASSAY_OK;
}

void assay_quiet_done(struct assay_engine *engine)
{
    int *const fds[] = {&engine->turn_fd, &engine->stop_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (*fds[i] >= 0) {
            (void)close(*fds[i]);
        }
        *fds[i] = -1;
    }
}

static void raise_counter(int fd)
{
    uint64_t one = 1;
    ssize_t written = write(fd, &one, sizeof one); /* fails only when it is as good as raised */
    (void)written;
}

void assay_quiet_hurry(struct assay_engine *engine)
{
    raise_counter(engine->stop_fd);
}

void assay_quiet_wake(struct assay_engine *engine)
{
    if (engine->is_quiet) {
        raise_counter(engine->turn_fd);
    }
}

void assay_quiet_take_turn(struct assay_engine *engine)
{
    uint64_t now_ns = assay_clock_mono_ns();
    if (engine->turn_last_ns == 0) {
        engine->turn_last_ns = now_ns; /* the run begins with a reading */
    }
    if (now_ns - engine->turn_last_ns < TURN_EVERY_NS) {
        return;
    }
    pthread_mutex_lock(&engine->mutex);
    uint64_t turn = ++engine->turns_asked;
    raise_counter(engine->turn_fd);
    while (engine->turns_taken < turn) {
        pthread_cond_wait(&engine->changed, &engine->mutex);
    }
    pthread_mutex_unlock(&engine->mutex);
    engine->turn_last_ns = assay_clock_mono_ns();
}

void assay_quiet_end_turn(struct assay_engine *engine)
{
    pthread_mutex_lock(&engine->mutex);
    engine->turns_taken = engine->turns_asked;
    pthread_cond_broadcast(&engine->changed);
    pthread_mutex_unlock(&engine->mutex);
}

/* Until when to sleep at most; false: as long as it takes. */
static bool sleep_limit(const struct assay_engine *engine, struct timespec *ret)
{
    if (engine->clock != &assay_clock_system) {
        return false;
    }
    uint64_t end_ns = engine->origin_ns + engine->plan->stop.max_duration_ns, now_ns = assay_clock_mono_ns();
    uint64_t left_ns = end_ns > now_ns ? end_ns - now_ns : 0;
    left_ns += ASSAY_NS_PER_MS; /* not a moment too early, which would be a wake-up for nothing */
    *ret = (struct timespec){.tv_sec = (time_t)(left_ns / ASSAY_NS_PER_S), .tv_nsec = (long)(left_ns % ASSAY_NS_PER_S)};
    return true;
}

/* With signals blocked from the look at the flag to the sleep, none can fall between the two. */
void assay_quiet_wait(struct assay_engine *engine)
{
    static const int STOPPING[] = {SIGINT, SIGTERM};
    const volatile sig_atomic_t *flag = engine->setup->stop_flag;
    struct pollfd turn = {.fd = engine->turn_fd, .events = POLLIN};
    struct timespec limit;
    sigset_t blocked, before;
    (void)sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof STOPPING / sizeof STOPPING[0]; i++) {
        (void)sigaddset(&blocked, STOPPING[i]);
    }
    int rc = pthread_sigmask(SIG_BLOCK, &blocked, &before);
    assert(rc == 0);
    bool is_stopping = assay_engine_stopped(engine) != ASSAY_GOING_ON; /* the stop is told; the worker's end is left */
    if (!flag || !*flag || is_stopping) {
        bool has_limit = !is_stopping && sleep_limit(engine, &limit);
        (void)ppoll(&turn, 1, has_limit ? &limit : NULL, &before);
    }
    rc = pthread_sigmask(SIG_SETMASK, &before, NULL);
    assert(rc == 0);
    uint64_t count;
    ssize_t taken = read(engine->turn_fd, &count, sizeof count); /* nothing there: a signal, or the limit */
    (void)taken;
}
