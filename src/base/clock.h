/*
 * Clocks. Stamps of assay are CLOCK_MONOTONIC nanoseconds in uint64_t; wall time appears once per run, for people.
 *
 * Kernel packet stamps are CLOCK_REALTIME. assay_clock_pair reads mono, real, mono, so that a stamp of one clock can be
 * moved to the other with a known uncertainty (half of the bracket).
 *
 * Tests replace time by handing a struct assay_clock of their own to whoever asks for one; assay_clock_system is the
 * real one. Only base/ reads the system's clocks.
 */
#ifndef ASSAY_BASE_CLOCK_H
#define ASSAY_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define ASSAY_NS_PER_US UINT64_C(1000)
#define ASSAY_NS_PER_MS UINT64_C(1000000)
#define ASSAY_NS_PER_S UINT64_C(1000000000)
#define ASSAY_NS_ABSENT UINT64_MAX /* a stamp that was not taken; never a time */

struct assay_clock_pair {
    uint64_t mono_before_ns, real_ns, mono_after_ns;
};

struct assay_clock {
    uint64_t (*now_ns)(void *self);
    void (*sleep_until_ns)(void *self, uint64_t mono_ns); /* returns at once if that time is past */
    void *self;
};

extern const struct assay_clock assay_clock_system;

uint64_t assay_clock_mono_ns(void);
uint64_t assay_clock_mono_raw_ns(void); /* not slewed: against mono it shows drift */
uint64_t assay_clock_real_ns(void);
uint64_t assay_clock_thread_cpu_ns(void);
uint64_t assay_clock_process_cpu_ns(void);
struct assay_clock_pair assay_clock_read_pair(void);

/* Cost and grain of a mono read: the median of 10,000 back-to-back differences and the smallest non-zero one. */
struct assay_clock_cost {
    uint64_t overhead_ns, quantum_ns;
};
struct assay_clock_cost assay_clock_measure_cost(void);

#define ASSAY_TIME_TEXT_BYTES 21 /* "2026-01-05T09:30:00Z" and NUL */
void assay_clock_format_utc(uint64_t real_ns, char text[ASSAY_TIME_TEXT_BYTES]);
/* "YYYY-MM-DDTHH:MM:SSZ" of the Gregorian calendar, from 1970 on, to seconds since then. Reads no clock. */
bool assay_time_read(const char *text, int64_t *ret_seconds);

#endif
