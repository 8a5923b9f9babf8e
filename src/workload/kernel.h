/*
 * kernel: variants of one function as arms, over the same operands (statistics.md 1.8). Internal to this workload.
 *
 * An epoch is N calls timed as one region; N is found once, on the fastest arm, and then the same for all. Before an
 * epoch the outputs are poisoned, behind it they are compared with what the arm gave when it was held against the
 * reference: a wrong output makes the epoch's sample `wrong`, not an error.
 *
 *     kernel.c         options, opening, the arms
 *     kernel_epoch.c   calibration, the timed region
 *     kernel_parity.c  outputs against the reference and against binary64: check output_reference@1
 *     kernel_probe.c   the read-only pass over the same operands: check roofline@1
 *     kernel_tell.c    subjects, counters and checks for the receipt
 */
#ifndef ASSAY_WORKLOAD_KERNEL_H
#define ASSAY_WORKLOAD_KERNEL_H

#include "workload/counted.h"
#include "workload/workload.h"

#include "base/mem.h"
#include "crypto/crypto.h"
#include "kernel/kernel.h"

#define KERNEL_LINKED_MAX 16   /* operations that a program linked with libassay hands over */
#define KERNEL_COPIES_MAX 4096 /* of the operands, for runs out of cache */
#define KERNEL_PROBES_MAX 64   /* passes of the read-only probe that are kept */
#define KERNEL_ROWS_MAX (ASSAY_PLAN_ARMS_MAX + 1 + COUNTED_OPS_MAX) /* of the arms, and of the probes */

enum kernel_cache { KERNEL_CACHE_AS_IT_COMES, KERNEL_CACHE_IN, KERNEL_CACHE_OUT };

struct kernel_options {
    const char *kernel, *format, *which, *shape, *variants, *isa, *forbid;
    struct assay_opt_list plugins;
    int cache; /* enum kernel_cache */
    uint64_t epoch_ns;
};

struct kernel_arm {
    char id[2];
    size_t row; /* of the set */
    struct assay_kernel *kernel;
    struct assay_kernel_counters *counters; /* its own, so that two arms of one variant stay apart */
    uint64_t expected;                      /* hash of its outputs */
    bool is_wrong;                          /* its outputs are not those of the reference */
    char difference[ASSAY_KERNEL_DIFFERENCE_BYTES];
    struct assay_kernel_parity parity; /* of the first copy */
};

struct kernel_state {
    struct kernel_options options; /* first: the option rows are about it */
    const struct assay_kernel_operation *linked[KERNEL_LINKED_MAX];
    size_t linked_count;
    struct assay_kernel_set *set;
    const struct assay_kernel_operation *op;
    const struct assay_kernel_case *which;
    struct assay_kernel_shape shape;
    struct kernel_arm arms[ASSAY_PLAN_ARMS_MAX];
    size_t arms_count;
    struct assay_kernel_data *copies;
    const struct assay_kernel_call **calls; /* of the copies, in order */
    size_t copies_count;
    uint64_t copy_bytes; /* of the inputs of one copy */
    const char *cache_text;
    uint64_t iterations, epoch_ns; /* N, and how long it took when it was found */
    size_t next_copy;              /* where the next epoch begins: behind the last one, whichever arm that was */
    struct assay_clock_cost clock_cost;
    uint64_t wall_begin_ns, wall_ns; /* around everything that is counted */
    struct assay_kernel *probe;
    struct assay_kernel_ring probe_rings[ASSAY_KERNEL_INPUTS_MAX]; /* one an operand: the copies of it */
    size_t probe_rings_count;
    uint64_t probe_repetitions; /* calls of each ring in one pass; found once */
    struct assay_kernel_call *probe_calls;
    const struct assay_kernel_call **probe_pointers;
    uint64_t probe_sum;                   /* where the probe writes */
    struct counted_ops_probes ops_probes; /* of the instruction sets that the arms use */
    double probe_rates[KERNEL_PROBES_MAX];
    size_t probes_count;
    struct counted_objects objects;
};

/* kernel_epoch.c */
assay_code kernel_calibrate(struct kernel_state *state, assay_err *err);
assay_code kernel_step(void *worker, const struct assay_operation *operation, struct assay_step *ret, assay_err *err);
struct assay_kernel_ring kernel_ring(const struct kernel_state *state);

/* kernel_parity.c: runs every arm on every copy, once. */
assay_code kernel_compare_arms(struct kernel_state *state, assay_err *err);
void kernel_put_parity(struct assay_json_builder *b, json_t *checks, const struct kernel_state *state);

/* kernel_probe.c */
assay_code kernel_probe_open(struct kernel_state *state, assay_err *err);
void kernel_probe_pass(struct kernel_state *state);
void kernel_probe_close(struct kernel_state *state);
/* Rows that counted anything, in the order of their ids, each once. */
size_t kernel_list_rows(const struct kernel_state *state, size_t ret[KERNEL_ROWS_MAX]);
void kernel_put_roofline(struct assay_json_builder *b, json_t *checks, const struct kernel_state *state);

/* kernel_tell.c */
assay_code kernel_digest_objects(struct kernel_state *state, enum assay_moment moment, assay_err *err);
assay_code kernel_describe(void *state, struct assay_description *ret, assay_err *err);

#endif
