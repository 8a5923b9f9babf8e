/*
 * Opened receipts: what every judge but `verify` starts from. A receipt is verified (assay_judge_verify, with its plan
 * and trace) and then taken apart, so that nothing is judged that was not derived again.
 *
 *     struct assay_opened *run = NULL;
 *     rc = assay_opened_open(&files, &how, &run, err);       // fails only for lack of memory or a bug
 *     if (run->trust != ASSAY_TRUST_GOOD) ... run->why ...    // keeps its place among the inputs, judges nothing
 *     assay_opened_free(run);
 *
 * The bytes are borrowed and must outlive the opened receipt.
 */
#ifndef ASSAY_JUDGE_OPENED_H
#define ASSAY_JUDGE_OPENED_H

#include "judge/judge.h"

enum assay_reliance {
    ASSAY_TRUST_NONE,    /* it cannot be read, or is no receipt: nothing can be said */
    ASSAY_TRUST_REFUSED, /* a number or a field is wrong: a judge fails on it */
    ASSAY_TRUST_OPEN,    /* not verified to the end (plan or trace not given): everything on it is undecided */
    ASSAY_TRUST_INVALID, /* derived, but the run broke a validity rule: numbers stand, every gate is undecided */
    ASSAY_TRUST_GOOD,
};

struct assay_opened {
    const char *name;
    struct assay_judge_files files;
    struct assay_judgement *judgement;
    json_t *statement;         /* NULL: not readable */
    struct assay_plan *plan;   /* NULL unless derived */
    struct assay_trace *trace; /* NULL unless derived */
    enum assay_document document;
    enum assay_reliance trust;
    const char *why; /* of anything but GOOD; static or owned */
    char sha256[65]; /* of the document's bytes */
    char run_id[33]; /* attempts.runId, or "" */
    struct assay_arena arena;
};

/* how: what else the verifier is told (now, trust, interop ...); its bytes are replaced by those of `files`. */
assay_code assay_opened_open(const struct assay_judge_files *files, const struct assay_judge_input *how,
                             struct assay_opened **ret, assay_err *err);
void assay_opened_free(struct assay_opened *opened);

/* The metric of an arm (by index) as the receipt carries it, or NULL. */
const json_t *assay_opened_metric(const struct assay_opened *opened, uint32_t arm, const char *name);
/* Index of an arm by id or label; UINT32_MAX: there is none. */
uint32_t assay_opened_arm(const struct assay_opened *opened, const char *name);
/* Whether the metric's value is there; and the reason why not ("" if it says none). */
bool assay_opened_value(const json_t *metric, double *ret);
const char *assay_opened_absent(const json_t *metric);

#endif
