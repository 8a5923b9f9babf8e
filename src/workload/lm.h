/*
 * lm: prefill and decode of the built-in language model as arms (kernels.md 5.3). Internal to this workload.
 *
 * A case is an arm: so many prompt tokens in passes of so many, or so many decoded tokens behind a depth of context.
 * One operation runs its case as often as the epoch asks for, as one timed region; every pass is real, and its tokens
 * are those that the seed drew. The output of an operation is the digest of the tokens that were picked and of the last
 * logits, so that repeats prove determinism, or refute it. What the kernels counted in the regions of an arm is the
 * difference of the counters around them.
 *
 *     lm.c         options, opening, arms, the workload's table
 *     lm_case.c    which cases: the grid of the options
 *     lm_pass.c    running a case: preparing, calibrating, the timed region, the digest
 *     lm_probe.c   the read-only pass over the weights, and the operations probes: check roofline@1
 *     lm_fresh.c   the same output from a new process
 *     lm_tell.c    subjects, counters and checks for the receipt
 */
#ifndef ASSAY_WORKLOAD_LM_H
#define ASSAY_WORKLOAD_LM_H

#include "workload/counted.h"
#include "workload/workload.h"

#include "lm/lm.h"

#include <sched.h>

#define LM_ROWS_MAX 1024 /* of the registry with plug-ins: deltas of so many are kept an arm */
#define LM_PROBES_MAX 64 /* passes of the read-only probe that are kept */
#define LM_LABEL_BYTES 48
#define LM_BATCH_MAX 64 /* sequences that are decoded together */

#define LM_DECODED_WHOLE UINT64_MAX /* -n was not given */
#define LM_DECODED_DEFAULT 32
#define LM_CASES_MAX 26 /* arms are letters */

struct lm_options {
    const char *model, *prompts, *passes, *depths, *batches;
    uint64_t decoded, threads, epoch_ns;
    const char *pages, *pin, *head; /* NULL: by the environment */
    const char *isa, *kernels, *forbid;
    bool wants_fresh;
};

enum lm_kind { LM_PREFILL, LM_DECODE };

struct lm_case {
    enum lm_kind kind;
    uint64_t prompt, pass;          /* prefill: tokens, and how many of them at once */
    uint64_t decoded, depth, batch; /* decode: tokens a sequence, context before them, sequences */
    char label[LM_LABEL_BYTES];
};
uint64_t lm_case_tokens(const struct lm_case *which);    /* of one run of the case */
uint64_t lm_case_positions(const struct lm_case *which); /* that a sequence needs */
uint64_t lm_case_logits(const struct lm_case *which);    /* how often the head runs */

struct lm_arm {
    char id[2];
    struct lm_case which;
    struct assay_session *sessions[LM_BATCH_MAX]; /* one a sequence */
    int32_t *ids;                                 /* drawn: of each sequence the depth, then what the case feeds */
    int32_t *picked;                              /* the greedy choice behind every pass, of every sequence */
    const float *logits;                          /* of the last pass and the last sequence */
    uint64_t repeats;                             /* runs of the case in one operation */
    struct assay_kernel_total *totals;            /* a row of the set each */
    uint64_t wall_ns;                             /* of the timed regions */
    struct assay_process process;                 /* what a sample carries: the digest of its output */
};

/* A stretch of memory that the probe reads, in the order of a pass. */
struct lm_stretch {
    const void *at;
    uint64_t lines;
};

/* The read-only passes over some stretches. */
struct lm_reading {
    struct lm_stretch *stretches;
    size_t count;
    uint64_t repetitions;
    double rates[LM_PROBES_MAX];
    size_t rates_count;
};

struct lm_state {
    struct lm_options options; /* first: the option rows are about it */
    struct assay_digest file_digest, tokenizer_digest;
    const struct assay_kernel_operation *plant; /* of tests */
    struct assay_engine *engine;
    struct assay_engine_facts facts;
    /* of the engine */
    struct assay_kernel_set *set;
    const struct assay_model *model;
    struct assay_team *team;
    struct assay_kernel_counters *counters;
    cpu_set_t mask; /* of the thread that opened the engine, before that pinned it */
    bool has_mask;
    struct lm_arm arms[LM_CASES_MAX];
    size_t arms_count;
    struct assay_kernel_total *before; /* of every row, when a region began */
    struct assay_kernel *probe;
    uint64_t *probe_sums;             /* a line a thread: where the probe writes */
    struct lm_reading weights, cache; /* layers and head; keys and values of one arm at a time */
    struct counted_ops_probes ops_probes;
    struct assay_kernel_total *probe_totals; /* a row of the set each */
    uint64_t probe_wall_ns;
    struct counted_objects objects;
    uint64_t seed;
    int stop_fd;
    unsigned watched; /* layers since the run began: how often the watch was asked */
    bool is_file_changed;
    uint64_t fresh_compared, fresh_differ;
};

/* lm_case.c */
assay_code lm_cases_make(const struct lm_options *options, uint64_t context, struct lm_case ret[LM_CASES_MAX],
                         size_t *ret_count, assay_err *err);

/* lm_pass.c */
assay_code lm_arm_open(struct lm_state *state, struct lm_arm *arm, uint64_t seed, assay_err *err);
void lm_arm_close(struct lm_arm *arm);
assay_code lm_arm_calibrate(struct lm_state *state, struct lm_arm *arm, assay_err *err);
bool lm_may_go_on(void *state); /* the engine's watch: false once the run was told to end */
assay_code lm_step(void *worker, const struct assay_operation *operation, struct assay_step *ret, assay_err *err);

/* One more run of the first case, whose digest is held against that of the samples; counted nowhere. */
assay_code lm_arm_digest(struct lm_state *state, struct lm_arm *arm, assay_err *err);

/* What has been counted since lm_note_before is added to the totals, a row each: by rows of class limit, or by the
 * others. */
void lm_note_before(struct lm_state *state);
void lm_add_totals(struct lm_state *state, bool are_limits, struct assay_kernel_total *totals);

/* lm_probe.c */
assay_code lm_probe_open(struct lm_state *state, assay_err *err);
void lm_probe_pass(struct lm_state *state);
void lm_probe_close(struct lm_state *state);

/* lm_fresh.c: a new process computes the output of the first case; what it gives is held against the samples'. */
assay_code lm_fresh(struct lm_state *state, assay_err *err);

/* lm_tell.c */
void lm_put_args(struct assay_json_builder *b, json_t *args, const struct lm_state *state, const struct lm_arm *arm);
assay_code lm_digest_before(struct lm_state *state, assay_err *err);
assay_code lm_digest_after(struct lm_state *state, assay_err *err);
assay_code lm_describe(void *state, struct assay_description *ret, assay_err *err);

#endif
