/*
 * Limits of the control groups that this process is in, version 1 and 2, the tightest of all levels. Internal to host/.
 */
#ifndef ASSAY_HOST_CGROUP_H
#define ASSAY_HOST_CGROUP_H

#include "host/read.h"

struct assay_cgroup {
    /* Folders below the root: "/sys/fs/cgroup/a/b" for version 2, "/sys/fs/cgroup/cpu/a" for version 1; "" if none. */
    char cpu[ASSAY_HOST_PATH_BYTES], memory[ASSAY_HOST_PATH_BYTES];
    bool is_cpu_v2, is_memory_v2;
};

void assay_cgroup_find(const char *root, struct assay_cgroup *ret);

json_t *assay_cgroup_cpu_quota(const char *root, const struct assay_cgroup *cgroup);    /* dec: CPUs */
json_t *assay_cgroup_memory_bytes(const char *root, const struct assay_cgroup *cgroup); /* int */

/* Nanoseconds for which this group was held back so far. */
bool assay_cgroup_throttled_ns(const char *stat_text, uint64_t *ret);
/* Path of cpu.stat; false if there is none. */
bool assay_cgroup_stat_path(const char *root, const struct assay_cgroup *cgroup, char ret[ASSAY_HOST_PATH_BYTES]);

#endif
