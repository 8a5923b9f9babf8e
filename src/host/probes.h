/*
 * Probes: each looks at what was watched and answers ok, finding or unknown (statistics.md 6). `unknown` is not `ok`.
 * Internal to host/.
 */
#ifndef ASSAY_HOST_PROBES_H
#define ASSAY_HOST_PROBES_H

#include "host/host.h"
#include "host/pulse.h"

enum probe_answer { PROBE_OK, PROBE_FINDING, PROBE_UNKNOWN };

#define PROBE_EVIDENCE_BYTES 256 /* type str of evidence.md 1.2 */

struct probe_result {
    enum probe_answer answer;
    char evidence[PROBE_EVIDENCE_BYTES];
};

/* What was watched. */
struct probe_view {
    const char *root;
    struct assay_cgroup cgroup;
    const struct pulse *first, *last;
    struct assay_host_reading reading; /* of the whole time */
    uint64_t watched_ns;
    double ticks_per_s;
    size_t looks, moves;                  /* how often the watcher looked, and found itself on another CPU */
    uint64_t loop_least_ns, loop_most_ns; /* of a loop of fixed length, the best of each look; 0: none */
};

/* Why it disturbs, what would help, and who looks. The answer's evidence holds the figures and their limits. */
struct probe {
    const char *name, *cause, *fix;
    void (*look)(const struct probe_view *view, struct probe_result *ret);
};

extern const struct probe assay_probes_load[], assay_probes_setting[];
extern const size_t assay_probes_load_count, assay_probes_setting_count;

void assay_probe_say(struct probe_result *ret, enum probe_answer answer, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
