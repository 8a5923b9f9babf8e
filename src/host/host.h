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

#include <sys/types.h>

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
/* A process of this one that runs what is measured: its time, and that of the children it waited for, is the run's own.
 * False if it cannot be read. */
bool assay_host_watch_own_helper(struct assay_host_watch *watch, pid_t pid);
void assay_host_watch_read(struct assay_host_watch *watch, struct assay_host_reading *ret);
void assay_host_watch_end(struct assay_host_watch *watch); /* fine on NULL */

/*
 * The doctor: how quiet it is, watched for a while, with cause, evidence and fix (statistics.md 6).
 *
 *     rc = assay_host_doctor_begin("", &doctor, err);
 *     assay_host_doctor_watch(doctor, until_ns);            // or _look between the blocks of a measurement
 *     rc = assay_host_doctor_answer(doctor, &rows, err);    // any number of times; counts from begin
 *     assay_host_doctor_free(doctor);
 *
 * A row is {probe, answer: ok|finding|unknown, cause, evidence, fix}; cause and fix are "" unless it is a finding.
 * Unknown is not ok: a file is missing, may not be read, or is virtualised away. One thread.
 */
struct assay_host_doctor;
assay_code assay_host_doctor_begin(const char *root, struct assay_host_doctor **ret, assay_err *err);
void assay_host_doctor_look(struct assay_host_doctor *doctor); /* times a loop of fixed length: half a millisecond */
void assay_host_doctor_watch(struct assay_host_doctor *doctor, uint64_t until_ns); /* looks 20 times a second */
assay_code assay_host_doctor_answer(struct assay_host_doctor *doctor, json_t **ret, assay_err *err);
void assay_host_doctor_free(struct assay_host_doctor *doctor); /* fine on NULL */

/* The same rows for `assay host`, over one second. */
assay_code assay_host_quietness(json_t **ret, assay_err *err);
assay_code assay_host_quietness_at(const char *root, json_t **ret, assay_err *err);

#endif
