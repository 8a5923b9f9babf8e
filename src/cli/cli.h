/*
 * cli/: the verbs. One verb_NAME.c each: an option table, and a function that calls rooms and fills a buffer.
 *
 * assay_verb_call reads the arguments, prints the help if that is asked for, calls the verb and writes what it built to
 * standard output, once. A verb returns an assay_code with the reason in err; main prints the reason once and turns the
 * code into the exit status. A verb that judged sets cli->has_judged and returns ASSAY_OK, ASSAY_WANTING,
 * ASSAY_UNDECIDED ...: its output is the result, and nothing is added. Everything that is no result goes to standard
 * error through base/log.h.
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
    bool is_hidden;       /* for scripts and the build: not in the list of --help */
    size_t values_bytes;  /* of the struct that the option rows point into */
    const void *defaults; /* of that struct; NULL: all zero */
    assay_code (*run)(struct assay_cli *cli, const void *values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err);
    /* Instead of run, for verbs whose options depend on their first argument. */
    assay_code (*run_raw)(struct assay_cli *cli, int argc, char *const *argv, assay_err *err);
    /* Instead of run: the first argument is a word with options of its own, and a verb named "VERB WORD". */
    const struct assay_verb *const *words;
    size_t words_count;
};

assay_code assay_verb_call(struct assay_cli *cli, const struct assay_verb *verb, int argc, char *const *argv,
                           assay_err *err);

/* All verbs, one a line, in the order in which a person meets them. */
#define ASSAY_VERBS(X) \
    X(run)             \
    X(ab)              \
    X(show)            \
    X(verify)          \
    X(compare)         \
    X(gate)            \
    X(parity)          \
    X(report)          \
    X(history)         \
    X(detect)          \
    X(explain)         \
    X(import)          \
    X(export)          \
    X(truth)           \
    X(claims)          \
    X(host)            \
    X(doctor)          \
    X(selfcheck)       \
    X(work)            \
    X(lm)              \
    X(key)             \
    X(sign)            \
    X(log)             \
    X(man)             \
    X(completion)      \
    X(lm_digest)

#define ASSAY_VERB_DECLARE(name) extern const struct assay_verb assay_verb_##name;
ASSAY_VERBS(ASSAY_VERB_DECLARE)
#undef ASSAY_VERB_DECLARE

/* The words of `lm`, each a verb_lm_NAME.c. */
#define ASSAY_LM_WORDS(X) \
    X(synth)              \
    X(bench)              \
    X(generate)           \
    X(parity)             \
    X(serve)

#define ASSAY_LM_DECLARE(name) extern const struct assay_verb assay_verb_lm_##name;
ASSAY_LM_WORDS(ASSAY_LM_DECLARE)
#undef ASSAY_LM_DECLARE

/* Reads argv into values; on --help prints the help and sets *ret_done. */
assay_code assay_cli_parse(const struct assay_opt_verb *verb, int argc, char *const *argv, void *values,
                           struct assay_opt_result *ret, bool *ret_done, assay_err *err);

/* USAGE if an option was given that is not in `names` (a NULL ends the list): a mode must not be asked for what it does
 * not look at. `mode` as the user wrote it, such as "--profile". */
assay_code assay_cli_check_given(const struct assay_opt_verb *verb, const struct assay_opt_result *given,
                                 const char *const *names, const char *mode, assay_err *err);

/* Whether the option of that name was given. */
bool assay_cli_was_given(const struct assay_opt_verb *verb, const struct assay_opt_result *given, const char *name);

/* USAGE if `name` was given without the option that it says something about. */
assay_code assay_cli_check_pair(const struct assay_opt_verb *verb, const struct assay_opt_result *given,
                                const char *name, const char *needed, assay_err *err);

/* Writes the buffer to standard output, all of it or an error: a report that was cut is no report. */
assay_code assay_cli_print(const struct assay_buf *out, assay_err *err);

/* Moves the buffer into a file (new, or replaced if `is_forced`) and leaves it empty; with path NULL or "-" it stays
 * what will be printed. */
assay_code assay_cli_output(struct assay_buf *out, const char *path, bool is_forced, assay_err *err);

/* The workload of that name, or NULL. */
const struct assay_workload *assay_cli_workload(const struct assay_cli *cli, const char *name);

/* "assay 0.1.0" */
const char *assay_cli_version(void);

#endif
