/*
 * What `verify` is told beside the files of a run: trust file, log or proof, artefacts, commit, tier; and what is
 * remembered from earlier (memory.h).
 */
#ifndef ASSAY_CLI_VERIFY_INPUTS_H
#define ASSAY_CLI_VERIFY_INPUTS_H

#include "base/opt.h"
#include "cli/log_place.h"
#include "cli/memory.h"
#include "cli/run_files.h"

struct assay_verify_options {
    const char *trust, *log, *consistency, *require, *commit, *with, *baseline, *provenance;
    double margin; /* of with; 0 = 2 % */
    uint64_t baseline_age_ns;
    struct assay_opt_list subjects;
};

struct assay_verify_inputs {
    const struct assay_verify_options *options; /* borrowed */
    struct assay_buf trust, proof, growth, provenance;
    struct assay_trust *trust_read; /* NULL: not given, or not good (the judge says why) */
    struct assay_log_place place;   /* of --log DIR|URL; place.log NULL: a proof, or none */
    struct assay_buf cosigned;      /* heads of it that witnesses signed */
    struct assay_run_files *with, *baseline;
    struct assay_judge_files with_files;
    struct assay_judge_baseline baseline_files; /* but its ancestry, which depends on the document */
    struct assay_judge_artefact artefacts[ASSAY_OPT_LIST_MAX];
    struct assay_cli_memory *memory; /* NULL: no trust file */
};

/* Once an invocation: trust file, log and artefacts are read and the trust file's own signatures checked, however many
 * documents are judged by them. ret is to be released also on failure. */
assay_code assay_verify_inputs_load(const struct assay_verify_options *options, struct assay_verify_inputs *ret,
                                    assay_err *err);
/* What belongs to one document alone. */
struct assay_verify_document {
    char origin[ASSAY_NOTE_NAME_BYTES_MAX + 1]; /* of the log */
    struct assay_judge_baseline baseline;
};
/* For one document: fills what belongs into `input`, which borrows from `inputs`, `files` and `document`. Any number of
 * threads at once, each with a document of its own. */
assay_code assay_verify_inputs_for(const struct assay_verify_inputs *inputs, const struct assay_run_files *files,
                                   struct assay_verify_document *document, struct assay_judge_input *input,
                                   assay_err *err);
/* If CRYPTO did not fail: versions and heads go up. One thread, when no other uses `inputs`. */
void assay_verify_inputs_remember(struct assay_verify_inputs *inputs, const struct assay_judgement *judgement);
void assay_verify_inputs_done(struct assay_verify_inputs *inputs);

#endif
