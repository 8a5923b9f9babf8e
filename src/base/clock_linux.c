#include "base/clock.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec now;
    int rc = clock_gettime(id, &now);
    assert(rc == 0); /* these clocks cannot fail on Linux */
    return (uint64_t)now.tv_sec * ASSAY_NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t assay_clock_mono_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t assay_clock_mono_raw_ns(void)
{
    return read_clock(CLOCK_MONOTONIC_RAW);
}

uint64_t assay_clock_real_ns(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t assay_clock_thread_cpu_ns(void)
{
    return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t assay_clock_process_cpu_ns(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

struct assay_clock_pair assay_clock_read_pair(void)
{
    struct assay_clock_pair pair;
    pair.mono_before_ns = assay_clock_mono_ns();
    pair.real_ns = assay_clock_real_ns();
    pair.mono_after_ns = assay_clock_mono_ns();
    return pair;
}

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

struct assay_clock_cost assay_clock_measure_cost(void)
{
    enum { READS = 10000 }; /* statistics.md 1.2 */
    static _Thread_local uint64_t gaps[READS];
    uint64_t last = assay_clock_mono_ns();
    for (size_t i = 0; i < READS; i++) {
        uint64_t now = assay_clock_mono_ns();
        gaps[i] = now - last;
        last = now;
    }
    qsort(gaps, READS, sizeof gaps[0], compare_u64);
    struct assay_clock_cost cost = {.overhead_ns = gaps[READS / 2], .quantum_ns = gaps[READS - 1]};
    for (size_t i = 0; i < READS; i++) {
        if (gaps[i] > 0) {
            cost.quantum_ns = gaps[i];
            break;
        }
    }
    return cost;
}

void assay_clock_format_utc(uint64_t real_ns, char text[ASSAY_TIME_TEXT_BYTES])
{
    time_t seconds = (time_t)(real_ns / ASSAY_NS_PER_S);
    struct tm parts;
    struct tm *ok = gmtime_r(&seconds, &parts);
    size_t n = ok ? strftime(text, ASSAY_TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) : 0;
    assert(n == ASSAY_TIME_TEXT_BYTES - 1); /* a uint64_t of nanoseconds ends in the year 2554 */
}

static uint64_t system_now(void *self)
{
    (void)self;
    return assay_clock_mono_ns();
}

static void system_sleep_until(void *self, uint64_t mono_ns)
{
    (void)self;
    struct timespec until = {.tv_sec = (time_t)(mono_ns / ASSAY_NS_PER_S), .tv_nsec = (long)(mono_ns % ASSAY_NS_PER_S)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
}

const struct assay_clock assay_clock_system = {
    .now_ns = system_now, .sleep_until_ns = system_sleep_until, .self = NULL};
