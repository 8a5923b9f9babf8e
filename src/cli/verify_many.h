/*
 * Documents verified with what was read once for all of them: one, or many on as many threads as there are CPUs.
 *
 * What many print is what each alone would print, in the order in which they were named, under their names; then how
 * many ended in which way. All are judged by what was remembered before the first of them, and by one log if any.
 */
#ifndef ASSAY_CLI_VERIFY_MANY_H
#define ASSAY_CLI_VERIFY_MANY_H

#include "cli/verify_inputs.h"
#include "judge/judge.h"

struct assay_verify_how {
    struct assay_judge_input judge; /* what is the same for every document: time, policy, nonce, kernel table */
    const struct assay_verify_inputs *inputs;
};

/* trace: its place if it is not beside the document, or NULL. Fails as assay_run_files_load, or for lack of memory. */
assay_code assay_verify_one(const struct assay_verify_how *how, const char *place, const char *trace,
                            struct assay_judgement **ret, assay_err *err);

/* *ret_status: the gravest exit status. Then remembers what the documents have shown. */
assay_code assay_verify_many(const struct assay_verify_how *how, struct assay_verify_inputs *inputs,
                             const char *const *places, size_t count, bool wants_json, struct assay_buf *out,
                             int *ret_status, assay_err *err);

/* Of two exit statuses of judgements: 1 beats 5 beats 3 beats 2 beats 0 (evidence.md 3.1). */
int assay_verify_graver(int a, int b);

#endif
