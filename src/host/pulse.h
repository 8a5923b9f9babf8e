/*
 * Pulse: the counters of a machine at one instant; two of them show what happened between (statistics.md 6). What
 * cannot be read is ABSENT. Internal to host/.
 */
#ifndef ASSAY_HOST_PULSE_H
#define ASSAY_HOST_PULSE_H

#include "host/cgroup.h"
#include "host/read.h"

#include "base/clock.h"
#include "base/mem.h"

#define PULSE_CPUS_MAX 1024       /* of one machine */
#define PULSE_PROCESSES_MAX 16384 /* looked at for the busiest */
#define PULSE_NAME_BYTES 16       /* TASK_COMM_LEN */

enum pulse_pressure { PULSE_CPU, PULSE_MEMORY, PULSE_IO, PULSE_PRESSURES };

struct pulse_process {
    uint64_t pid, ticks;
    char name[PULSE_NAME_BYTES];
};

struct pulse {
    uint64_t at_ns;
    size_t cpus_count; /* 1 + the highest number seen */
    uint64_t busy_ticks[PULSE_CPUS_MAX], all_ticks[PULSE_CPUS_MAX], interrupts[PULSE_CPUS_MAX];
    bool has_interrupts;
    uint64_t pressure_us[PULSE_PRESSURES];
    uint64_t throttled_periods, thermal_events, swap_free_kib, swap_total_kib;
    uint64_t wait_ns;                       /* of the calling thread, on a run queue */
    uint64_t minflt, majflt, nvcsw, nivcsw; /* of the calling thread */
    struct pulse_process *processes;
    size_t processes_count;
};

/* Zeroed storage of the caller; processes are allocated. */
assay_code assay_pulse_read(const char *root, const struct assay_cgroup *cgroup, struct pulse *ret, assay_err *err);
void assay_pulse_done(struct pulse *pulse); /* fine on a zeroed one */

/* last - first, or ABSENT if one of them is, or if it went backwards. */
uint64_t assay_pulse_step(uint64_t first, uint64_t last);

#endif
