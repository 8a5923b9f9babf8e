/*
 * Ticks: the cheapest steady counter of this machine, for intervals that are counted inside a hot loop. The time stamp
 * counter where CPUID says that it is invariant, else CLOCK_MONOTONIC_RAW in nanoseconds.
 *
 *     uint64_t begin = assay_tick_now();  work();  ticks += assay_tick_now() - begin;
 *
 * A calibration turns ticks into nanoseconds of CLOCK_MONOTONIC_RAW: begin it early, read it late; the longer it lasts,
 * the more exact it is (a millisecond gives about 100 ppm).
 */
#ifndef ASSAY_BASE_TICK_H
#define ASSAY_BASE_TICK_H

#include <stdbool.h>
#include <stdint.h>

uint64_t assay_tick_now(void);

/* Whether ticks are those of the CPU; otherwise they are nanoseconds. */
bool assay_tick_is_counter(void);

struct assay_tick_calibration {
    uint64_t ticks, raw_ns; /* where it began */
};
struct assay_tick_calibration assay_tick_calibrate(void);

/* Ticks of one second, from the calibration's begin until now; waits for a millisecond if it began later than that. */
double assay_tick_per_s(const struct assay_tick_calibration *calibration);

#endif
