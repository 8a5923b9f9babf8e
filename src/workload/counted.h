/*
 * What dispatched kernels leave behind: for the workloads that run them (kernel, lm). Internal to workload/.
 *
 * Objects are the files that hold object code: the program, and plug-ins. Their digests are taken before the run, and
 * after it the files must still be those. Entries are rows of the counter chunk (evidence.md 1.3, kernels.md 1.2).
 * Operations probes say how many operations a second an instruction set does at most: the other half of roofline@1,
 * beside the read-only pass, which each workload makes over its own buffers.
 */
#ifndef ASSAY_WORKLOAD_COUNTED_H
#define ASSAY_WORKLOAD_COUNTED_H

#include "workload/workload.h"

#include "crypto/crypto.h"
#include "kernel/kernel.h"

#define COUNTED_OBJECTS_MAX 80 /* plug-ins have no more rows than a run has arms, and there are the probes */

struct counted_object {
    const char *path; /* NULL: this program */
    struct assay_digest digest;
};

struct counted_objects {
    struct counted_object items[COUNTED_OBJECTS_MAX];
    size_t count;
    bool is_changed; /* a file is another one after the run */
};

void counted_objects_add(struct counted_objects *objects, const char *path); /* once each */
assay_code counted_objects_digest(struct counted_objects *objects, enum assay_moment moment, assay_err *err);

void counted_put_subject(struct assay_json_builder *b, json_t *subjects, const char *name,
                         const struct assay_digest *digest);
/* "kernel:ID" with the digest of the object that holds it; the object was added. */
void counted_put_kernel(struct assay_json_builder *b, json_t *subjects, const struct counted_objects *objects,
                        const struct assay_kernel_entry *entry);

void counted_put_head(struct assay_json_builder *b, json_t *rows, uint64_t wall_ns, size_t threads);
/* Nothing if the row was never called. */
void counted_put_entry(struct assay_json_builder *b, json_t *rows, const char *arm,
                       const struct assay_kernel_entry *entry, const struct assay_kernel_total *total);

/* The open breaker or passed self-check of one row: check output_reference@1, id selfcheck-<kernel id>. Nothing if the
 * row was never checked. */
void counted_put_selfcheck(struct assay_json_builder *b, json_t *checks, const struct assay_kernel_entry *entry);

/* ---- operations a second ---------------------------------------------------------------------------------------- */

#define COUNTED_OPS_MAX 8 /* instruction sets of one machine that have a probe */

struct counted_ops {
    const char *isa;
    struct assay_kernel *kernel;
    struct assay_kernel_data data;
    double highest, lowest; /* 0: no pass yet */
};

struct counted_ops_probes {
    struct counted_ops items[COUNTED_OPS_MAX];
    size_t count;
};

/* One probe an instruction set of isas that has one here. Plain C has none: how fast it is lies with the compiler. */
assay_code counted_ops_open(struct counted_ops_probes *probes, struct assay_kernel_set *set, const char *const *isas,
                            size_t isas_count, assay_err *err);
void counted_ops_close(struct counted_ops_probes *probes);
/* On the calling thread, which is thread 0 of the counters; of so many threads the rate is that many times its own. */
void counted_ops_pass(struct counted_ops_probes *probes, struct assay_kernel_counters *counters, size_t threads);
void counted_ops_put(struct assay_json_builder *b, json_t *data, const struct counted_ops_probes *probes);

#endif
