/*
 * /proc/cpuinfo: what the CPUs are and how many. Internal to host/.
 */
#ifndef ASSAY_HOST_CPUINFO_H
#define ASSAY_HOST_CPUINFO_H

#include "host/read.h"

struct assay_cpuinfo {
    bool is_read;
    char vendor[64], family[32], model[32], stepping[32], name[128], microcode[32];
    uint64_t threads, cores, sockets; /* cores and sockets 0: not told */
    bool has_invariant_tsc, has_hypervisor, has_flags;
};

assay_code assay_cpuinfo_read(const char *root, struct assay_cpuinfo *ret, assay_err *err);

#endif
