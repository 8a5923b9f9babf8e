/*
 * `assay host --limits`: what this host can do at most (kernels.md 7): bandwidth of memory and caches, latency,
 * operations a second of each instruction set, and what meeting another thread and reading the clock cost.
 *
 * Every limit is measured in two sweeps, at the start and at the end, by rows of class limit on pinned threads: three
 * trials of 50 ms or more each time. It is invalid where the two sweeps differ by more than 15 %, and polluted where
 * other programs used 8 % of the CPUs or more, or 1 % of their time was stolen; both are kept and marked.
 */
#ifndef ASSAY_CLI_HOST_LIMITS_H
#define ASSAY_CLI_HOST_LIMITS_H

#include "cli/cli.h"

/* is_quick: reading memory and multiplying bytes only. UNDECIDED: some limit is invalid or polluted; out holds all. */
assay_code assay_host_limits(bool is_quick, bool wants_json, struct assay_buf *out, assay_err *err);

#endif
