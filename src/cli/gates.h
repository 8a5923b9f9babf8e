/*
 * A policy file with the files that it names, read for the verbs that judge by one (gate, verify).
 */
#ifndef ASSAY_CLI_GATES_H
#define ASSAY_CLI_GATES_H

#include "cli/judged.h"

#define ASSAY_GATE_FILES_MAX 512 /* manifests of 64 sets, prices of 256 gates */

struct assay_gates {
    struct assay_policy *policy;
    struct assay_buf bytes[ASSAY_GATE_FILES_MAX];
    struct assay_gate_file files[ASSAY_GATE_FILES_MAX];
    size_t files_count;
};

/* Names in a policy are relative to its folder. A file that is not there is left out: its gates fail as missing. */
assay_code assay_gates_load(const char *path, struct assay_gates *ret, assay_err *err);
void assay_gates_done(struct assay_gates *gates);

/* Gate 423: the policy against the same file of the base branch (`base`, a path, or NULL) and the trust file's
 * minVersions, and the newest that the log has. After the runs are opened; ret_digest must outlive the question, and
 * may be NULL without a base. */
assay_code assay_gates_guard(const struct assay_judged *judged, const char *base, struct assay_gate_question *question,
                             char ret_digest[ASSAY_DIGEST_TEXT_BYTES], assay_err *err);

/* Fills in what all questions by a policy share. date: NULL = judged->date. */
assay_code assay_gates_question(const struct assay_gates *gates, const struct assay_judged *judged, const char *path,
                                const char *date, struct assay_gate_question *ret, assay_err *err);

#endif
