/*
 * host/: what this machine is, how quiet it is (evidence.md 6, statistics.md 6). Probed at run time, never typed; a
 * field that cannot be read is {"unknown": why} and never left out.
 */
#ifndef ASSAY_HOST_HOST_H
#define ASSAY_HOST_HOST_H

#include "base/err.h"
#include "record/record.h"

/* The object `environment.hosts[rank]`. */
assay_code assay_host_fingerprint(unsigned rank, json_t **ret, assay_err *err);

/* The object `environment.build`: the record that the build wrote into the binary, and the binary's own digest. */
assay_code assay_host_build(json_t **ret, assay_err *err);

/* How quiet it is: counters are read at begin, differences at every reading. Never allocates after begin. */
struct assay_host_watch;
assay_code assay_host_watch_begin(struct assay_host_watch **ret, assay_err *err);
void assay_host_watch_read(struct assay_host_watch *watch, uint64_t run_origin_ns, struct assay_host_reading *ret);
void assay_host_watch_end(struct assay_host_watch *watch);

/* Findings for `assay host` and warnings of a run: array of {probe, answer: ok|finding|unknown, evidence, fix}. */
assay_code assay_host_quietness(json_t **ret, assay_err *err);

#endif
