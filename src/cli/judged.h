/*
 * What the verbs that judge receipts share (ab, compare, gate, parity): runs found, read and opened behind the
 * verifier, and the verdict document written and printed.
 *
 *     struct assay_judged judged;
 *     rc = assay_judged_begin(&judged, err);
 *     rc = assay_judged_open(&judged, "night/", &run, err);          // belongs to judged
 *     ... assay_judge_arms(run, &asked, &judged.arena, &document, err) ...
 *     rc = assay_judged_end(&judged, cli, &document, &how, out, err) // prints, writes -o; code of the verdict
 *     assay_judged_done(&judged);                                     // fine whatever failed
 */
#ifndef ASSAY_CLI_JUDGED_H
#define ASSAY_CLI_JUDGED_H

#include "cli/cli.h"
#include "cli/run_files.h"
#include "cli/verify_inputs.h"
#include "judge/judge.h"

#define ASSAY_JUDGED_RUNS_MAX 512

struct assay_judged {
    struct assay_run_files *files[ASSAY_JUDGED_RUNS_MAX];
    struct assay_opened *runs[ASSAY_JUDGED_RUNS_MAX];
    size_t count;
    struct assay_judge_input how;         /* what else the verifier is told; filled in by begin */
    struct assay_verify_options evidence; /* trust file, log: set before open, or left empty */
    struct assay_verify_inputs *inputs;   /* what they name, read with the first run; NULL before */
    struct assay_buf kernel_table;
    struct assay_arena arena; /* of the document */
    char date[11];            /* today, unless the user says another day */
    char binary_sha256[65];   /* of this program, or "" */
};

/* USAGE unless the margin is above 0 and at most 1, and the confidence from 50 % to below 100 %. */
assay_code assay_judged_check(double margin, double confidence, assay_err *err);
assay_code assay_judged_begin(struct assay_judged *judged, assay_err *err);
assay_code assay_judged_open(struct assay_judged *judged, const char *place, const struct assay_opened **ret,
                             assay_err *err);

/* As above; what is not there, or cannot be read, is opened as a run without a document: it verifies as unreadable. Why
 * stands in *ret_why (of the judged's arena), or NULL. */
assay_code assay_judged_open_anyway(struct assay_judged *judged, const char *place, const struct assay_opened **ret,
                                    const char **ret_why, assay_err *err);

struct assay_judged_how {
    const char *output; /* file for the canonical document, or NULL */
    bool is_forced, wants_json, wants_markdown;
};
/* The options that go with it, for the verbs' tables. */
#define ASSAY_JUDGED_OPTIONS(type, member)                                                                     \
    {"output", "FILE", "write the verdict as canonical JSON, assay.verdict/1, too", ASSAY_OPT_TEXT,            \
     offsetof(type, member.output)},                                                                           \
        {"force", NULL, "replace that file if it is there", ASSAY_OPT_FLAG, offsetof(type, member.is_forced)}, \
        {"json", NULL, "print as JSON", ASSAY_OPT_FLAG, offsetof(type, member.wants_json)},                    \
    {                                                                                                          \
        "markdown", NULL, "print as Markdown", ASSAY_OPT_FLAG, offsetof(type, member.wants_markdown)           \
    }

/* USAGE where they say nothing: --force without --output, or two forms at once. */
assay_code assay_judged_check_how(const struct assay_opt_verb *verb, const struct assay_opt_result *given,
                                  const struct assay_judged_how *how, assay_err *err);

/* Prints into out and writes the file. Returns ASSAY_OK, WANTING or UNDECIDED as the document says, and marks the cli
 * as having judged; another code if that failed. */
assay_code assay_judged_end(struct assay_judged *judged, struct assay_cli *cli,
                            const struct assay_verdict_document *document, const struct assay_judged_how *how,
                            struct assay_buf *out, assay_err *err);
void assay_judged_done(struct assay_judged *judged);

#endif
