/*
 * What the gates share (inside this room). A gate is prepared once: what carries it is found and its data collected.
 * It is then decided, perhaps several times: pass is taken at the gate's own confidence, fail at the level of the
 * family (statistics.md 3.1), which is known only when all gates were asked.
 */
#ifndef ASSAY_JUDGE_GATE_ROOM_H
#define ASSAY_JUDGE_GATE_ROOM_H

#include "judge/draft.h"
#include "judge/gate.h"

#define GATE_DAY_S 86400 /* days are those of UTC, as policies and price tables name them */

/* One arm of one receipt that carries what the gate asks for. */
struct gate_carrier {
    const struct assay_opened *run;
    uint32_t arm;
    const json_t *metric;
};

struct gates {
    const struct assay_gate_question *question;
    struct verdict_draft *draft;
    const struct assay_opened **runs; /* those that can be judged */
    size_t runs_count;
    const struct assay_opened **baselines; /* each once; some may be refused */
    size_t baselines_count;
    assay_code failed; /* the first error that is no finding */
    assay_err *err;
};

struct gate_case {
    struct gates *gates;
    const struct assay_policy_gate *gate;
    const struct gate_kind *kind;
    const struct assay_opened **runs; /* in scope */
    size_t runs_count;
    struct gate_carrier *carriers;
    size_t carriers_count;
    void *data;      /* the kind's own */
    bool is_settled; /* prepare has the answer already: row.verdict */
    struct assay_verdict_row row;
};

struct gate_kind {
    void (*prepare)(struct gate_case *it);
    /* Fills the row as it stands at these levels (one-sided). */
    void (*decide)(struct gate_case *it, double pass_alpha, double fail_alpha);
    bool is_statistical; /* one of the family */
};

extern const struct gate_kind gate_speedup, gate_budget, gate_parity, gate_stability, gate_change, gate_success_rate,
    gate_cost;

/* Answers of prepare. */
void gate_missing(struct gate_case *it, const char *format, ...) __attribute__((format(printf, 2, 3)));
void gate_not_measured(struct gate_case *it, const char *format, ...) __attribute__((format(printf, 2, 3)));
void gate_settle(struct gate_case *it, enum assay_verdict verdict, const char *reason);

/* Why an interval decided nothing: it holds the limit, or is beyond it at the gate's own confidence alone. */
const char *gate_open_reason(bool is_beyond);

/* The receipts and arms in scope that carry a metric of that name. */
void gate_carriers(struct gate_case *it, const char *name);
/* A metric that is there without a value: its reason settles the gate (evidence.md 1.3). True if it does. */
bool gate_absent(struct gate_case *it, const struct gate_carrier *carrier);

/* Whether the receipt's check says that this arm reached no steady state (statistics.md 1.3). */
bool gate_is_unsettled(const struct assay_opened *run, uint32_t arm);

/* An error that is none of the receipts: kept, and the gate is not measured. */
void gate_broken(struct gate_case *it, assay_code rc);

/* The file that the policy names, or NULL bytes. */
struct assay_judge_bytes gate_file(const struct gates *gates, const char *path);

/* gate_set.c: narrows the scope to the set's receipts; settles the gate if measured and listed differ. */
void gate_narrow_to_set(struct gate_case *it);
/* gate_baseline.c: what is wrong with a baseline, of all runs together; PASS: nothing. found may be static or the run's. */
struct gate_fault {
    enum assay_verdict verdict;
    const char *found;
};
struct gate_fault gate_baseline_fault(const struct gates *gates, const struct assay_opened *baseline);
/* The row of gate 411, where baselines are given. */
void gate_baselines(struct gates *gates);
/* gate_policy.c: whether this is the policy to judge by. */
void gate_policy(struct gates *gates);
/* gate_require.c: one row a requirement. */
void gate_require(struct gates *gates);
/* rollout.c */
void gate_rollout(struct gates *gates, struct assay_verdict_document *document);

/* What ratio is "better", and its pairs. */
struct gate_ratios {
    double *ratios;
    size_t count;
    bool may_stop_early;
    const char *absent; /* why the receipt withholds this ratio; NULL: it does not */
};
assay_code gate_pairs(struct gate_case *it, const struct assay_opened *run, uint32_t base, uint32_t other,
                      struct gate_ratios *ret);

#endif
