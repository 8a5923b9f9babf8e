/*
 * cli/: the verbs. One verb_NAME.c each: an option table, and a function that calls rooms and prints.
 *
 * A verb returns an assay_code with the reason in err; main prints the reason once and turns the code into the exit
 * status. A verb that judged returns ASSAY_OK, ASSAY_WANTING or ASSAY_UNDECIDED after it printed its result; for these
 * codes nothing is added. Results go to standard output, built first and written once (assay_cli_print); everything
 * else goes to standard error through base/log.h.
 */
#ifndef ASSAY_CLI_CLI_H
#define ASSAY_CLI_CLI_H

#include "base/buf.h"
#include "base/err.h"
#include "base/opt.h"
#include "measure/measure.h"

#define ASSAY_CLI_OUTPUT_BYTES_MAX ((size_t)256 << 20) /* a report over many runs; a plan has the same cap */

struct assay_cli {
    const struct assay_verb *const *verbs;
    size_t verbs_count;
    const struct assay_workload *const *workloads;
    size_t workloads_count;
    bool has_judged; /* the verb printed its result: no error line on WANTING or UNDECIDED */
};

struct assay_verb {
    struct assay_opt_verb opt;
    bool is_hidden; /* for scripts and the build: not in the list of --help */
    assay_code (*run)(struct assay_cli *cli, int argc, char *const *argv, assay_err *err);
};

extern const struct assay_verb assay_verb_run, assay_verb_show, assay_verb_verify, assay_verb_report,
    assay_verb_history, assay_verb_explain, assay_verb_import, assay_verb_export, assay_verb_truth, assay_verb_host,
    assay_verb_man, assay_verb_completion;

/* Reads argv into values; on --help prints the help and sets *ret_done. */
assay_code assay_cli_parse(const struct assay_opt_verb *verb, int argc, char *const *argv, void *values,
                           struct assay_opt_result *ret, bool *ret_done, assay_err *err);

/* Writes the buffer to standard output, all of it or an error: a report that was cut is no report. */
assay_code assay_cli_print(const struct assay_buf *out, assay_err *err);

/* Writes to the file (new, or replaced if `force`), or to standard output if path is NULL or "-". */
assay_code assay_cli_write(const struct assay_buf *out, const char *path, bool force, assay_err *err);

/* "assay 0.1.0" */
const char *assay_cli_version(void);

#endif
