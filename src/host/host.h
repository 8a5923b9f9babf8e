/*
 * host/: what this machine is, how quiet it is (evidence.md 6, statistics.md 6). Probed at run time, never typed; a
 * field that cannot be read is {"unknown": why} and never left out; {"absent": why} means looked, is not there.
 *
 * The _at forms read /proc, /sys and /etc below a root folder, which is how tests show them machines that we do not
 * have; "" is the real one. CPU identification and affinity always come from the CPU and the system.
 *
 * Errors: NO_MEMORY and BUG only. What a machine refuses to tell is a value of the field.
 */
#ifndef ASSAY_HOST_HOST_H
#define ASSAY_HOST_HOST_H

#include "base/err.h"
#include "record/record.h"

/* The object `environment.hosts[rank]`. */
assay_code assay_host_fingerprint(unsigned rank, json_t **ret, assay_err *err);
assay_code assay_host_fingerprint_at(const char *root, unsigned rank, json_t **ret, assay_err *err);

/* The object `environment.build`: the record that the build wrote into the binary, and the binary's own digest. */
assay_code assay_host_build(json_t **ret, assay_err *err);

/* How quiet it is: counters are read at begin, differences at every reading. Never allocates after begin. One thread.
 * A reading leaves at_ns 0 and client_cpu_ppm ABSENT: those are known to the caller. foreign_cpu_ppm is the share of
 * all CPUs' time that processes other than this one and those spared used; interrupts count for nobody. */
struct assay_host_watch;
assay_code assay_host_watch_begin(const char *root, struct assay_host_watch **ret, assay_err *err);
/* A server on this host that is being measured is not foreign: the process that listens on the port, and its
 * descendants as they are now, at most 64 over all calls, one call a port. Returns how many are spared by now (0: not
 * here, or not ours to see). */
size_t assay_host_watch_spare_listener(struct assay_host_watch *watch, uint16_t port);
void assay_host_watch_read(struct assay_host_watch *watch, struct assay_host_reading *ret);
void assay_host_watch_end(struct assay_host_watch *watch); /* fine on NULL */

/* Findings for `assay host` and warnings of a run: array of {probe, answer: ok|finding|unknown, evidence, fix}. Watches
 * for a second. */
assay_code assay_host_quietness(json_t **ret, assay_err *err);
assay_code assay_host_quietness_at(const char *root, json_t **ret, assay_err *err);

#endif
