/* Two commands, or more, in turn: is the other one slower? `run command` with arms, then the verdict. */
#include "cli/aa.h"
#include "cli/judged.h"
#include "cli/one_run.h"
#include "cli/quiet_notes.h"

#include "base/log.h"
#include "base/mem.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Unless told otherwise: half a percent is enough for a margin of two, and a minute is what a person waits. */
#define DEFAULT_PRECISION "0.5%"
#define DEFAULT_DURATION "60s"
#define SELFCHECK_PAIRS "40"
#define SELFCHECK_DURATION "20s"
#define WATCH_NS (500 * ASSAY_NS_PER_MS) /* how quiet it is before: /proc/stat counts in steps of 10 ms */

static const char *const LEVELS[] = {"gate", "advisory", NULL};

struct values {
    struct assay_judged_how how;
    int level;
    double margin, confidence;
    bool is_quiet, wants_store, wants_doctor, wants_selfcheck;
    /* Handed on to `run command` as they were given. */
    const char *precision, *duration, *pairs, *warmup, *gap, *timeout, *verify_output, *expect_exit, *prepare, *cwd,
        *input, *seed, *out, *store, *commit, *branch;
    bool shell, pin;
};

static const struct values DEFAULTS = {.margin = 0.02, .confidence = 0.95, .wants_store = true, .wants_doctor = true};

#define AT(member) offsetof(struct values, member)
#define HOW_LONG "How long (default: until the interval is within 0.5%, at most 60 s)"
#define WHAT "Commands"
#define RUN "The run"

static const struct assay_opt OPTIONS[] = {
    {"margin", "SHARE", "differences within it are parity (default 2%)", ASSAY_OPT_SHARE, AT(margin)},
    {"confidence", "SHARE", "of the interval (default 95%)", ASSAY_OPT_SHARE, AT(confidence)},
    {"level", "gate|advisory", "what the words are good for (default gate)", ASSAY_OPT_CHOICE, AT(level),
     .choices = LEVELS},
    ASSAY_JUDGED_OPTIONS(struct values, how),

    {"precision", "SHARE", "until half of the width of the ratio's interval is at most this", ASSAY_OPT_TEXT,
     AT(precision), .group = HOW_LONG},
    {"duration", "T", "for this long", ASSAY_OPT_TEXT, AT(duration), .group = HOW_LONG},
    {"pairs", "N", "so many rounds of all commands", ASSAY_OPT_TEXT, AT(pairs), .group = HOW_LONG},
    {"warmup", "N", "first blocks of rounds, kept and marked, outside the verdict", ASSAY_OPT_TEXT, AT(warmup),
     .group = HOW_LONG},

    {"verify-output", "same|FILE|COMMAND",
     "outputs must all be the same, or those of FILE, or be accepted (status 0) by COMMAND on its standard input",
     ASSAY_OPT_TEXT, AT(verify_output), .group = WHAT},
    {"timeout", "T", "a command that takes longer is killed with all its descendants, and failed (default 10m)",
     ASSAY_OPT_TEXT, AT(timeout), .group = WHAT},
    {"expect-exit", "N", "exit status of a command that succeeded (default 0)", ASSAY_OPT_TEXT, AT(expect_exit),
     .group = WHAT},
    {"prepare", "COMMAND", "runs before each operation, outside of what is measured", ASSAY_OPT_TEXT, AT(prepare),
     .group = WHAT},
    {"shell", NULL, "commands are run by /bin/sh -c; what the shell costs is part of the measurement", ASSAY_OPT_FLAG,
     AT(shell), .group = WHAT},
    {"cwd", "DIR", "working directory of the commands", ASSAY_OPT_TEXT, AT(cwd), .group = WHAT},
    {"input", "FILE", "standard input of the commands (default: empty)", ASSAY_OPT_TEXT, AT(input), .group = WHAT},

    {"gap", "T", "idle time between two commands", ASSAY_OPT_TEXT, AT(gap), .group = RUN},
    {"pin", NULL, "assay runs on the first CPU of the affinity mask", ASSAY_OPT_FLAG, AT(pin), .group = RUN},
    {"seed", "N", "seed of every random choice (default: drawn, and kept)", ASSAY_OPT_TEXT, AT(seed), .group = RUN},
    {"out", "DIR", "the run directory, which must not exist (default ./assay-RUNID)", ASSAY_OPT_TEXT, AT(out),
     .group = RUN},
    {"store", "FILE", "history (default $ASSAY_STORE, else $XDG_DATA_HOME/assay/history.db)", ASSAY_OPT_TEXT, AT(store),
     .group = RUN},
    {"commit", "REV", "the commit that is measured, for the history", ASSAY_OPT_TEXT, AT(commit), .group = RUN},
    {"branch", "NAME", "its branch: a series of its own", ASSAY_OPT_TEXT, AT(branch), .group = RUN},
    {"save", NULL, "append the run to the history", ASSAY_OPT_FLAG_ON, AT(wants_store), .group = RUN},
    {"doctor", NULL, "look for half a second how quiet the machine is, first", ASSAY_OPT_FLAG_ON, AT(wants_doctor),
     .group = RUN},
    {"selfcheck", NULL,
     "measure the first command against itself first (at most 20 s); the receipt keeps what came out", ASSAY_OPT_FLAG,
     AT(wants_selfcheck), .group = RUN},
    {"quiet", NULL, "no progress, no notes", ASSAY_OPT_FLAG, AT(is_quiet), .group = RUN},
};

/* Options of `run command` by name, as far as they were given. */
static const struct assay_passed PASSED[] = {
    {"precision", AT(precision)},
    {"duration", AT(duration)},
    {"pairs", AT(pairs)},
    {"warmup", AT(warmup)},
    {"gap", AT(gap)},
    {"timeout", AT(timeout)},
    {"verify-output", AT(verify_output)},
    {"expect-exit", AT(expect_exit)},
    {"prepare", AT(prepare)},
    {"cwd", AT(cwd)},
    {"input", AT(input)},
    {"seed", AT(seed)},
    {"out", AT(out)},
    {"store", AT(store)},
    {"commit", AT(commit)},
    {"branch", AT(branch)},
};

static assay_code set_options(struct assay_prepared_run *run, const struct values *values, assay_err *err)
{
    bool is_open = !values->precision && !values->duration && !values->pairs;
    assay_code rc = assay_prepared_run_pass(run, PASSED, sizeof PASSED / sizeof PASSED[0], values, err);
    rc = rc == ASSAY_OK && is_open ? assay_prepared_run_set(run, "precision", DEFAULT_PRECISION, err) : rc;
    rc = rc == ASSAY_OK && !values->duration && !values->pairs
             ? assay_prepared_run_set(run, "duration", DEFAULT_DURATION, err)
             : rc;
    rc = rc == ASSAY_OK && values->shell ? assay_prepared_run_set(run, "shell", "true", err) : rc;
    rc = rc == ASSAY_OK && values->pin ? assay_prepared_run_set(run, "pin", "true", err) : rc;
    struct assay_run_options *options = assay_prepared_run_options(run);
    if (values->precision || is_open) { /* the interval that the run ends on is the one that is judged */
        options->load.confidence = values->confidence;
    }
    options->around.wants_store = values->wants_store;
    options->around.is_quiet = values->is_quiet;
    options->around.wants_calibration = false; /* commands are not stamped by a network */
    return rc;
}

static assay_code judge(struct assay_cli *cli, struct assay_judged *judged, const struct values *values,
                        const struct assay_run_result *result, const json_t *before, struct assay_buf *out,
                        assay_err *err)
{
    const struct assay_opened *run = NULL;
    struct assay_verdict_document document;
    const struct assay_asked asked = {.question = "ab",
                                      .rule = {.alpha = 1.0 - values->confidence,
                                               .margin = values->margin,
                                               .level = values->level ? ASSAY_LEVEL_ADVISORY : ASSAY_LEVEL_GATE},
                                      .date = judged->date,
                                      .tool = assay_cli_version(),
                                      .binary_sha256 = judged->binary_sha256[0] ? judged->binary_sha256 : NULL};
    assay_code rc = assay_judged_open(judged, result->dir, &run, err);
    if (rc == ASSAY_OK) {
        rc = assay_judge_arms(run, &asked, &judged->arena, &document, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_quiet_notes_add(run, before, &asked.rule, &judged->arena, &document, err);
    }
    return rc == ASSAY_OK ? assay_judged_end(judged, cli, &document, &values->how, out, err) : rc;
}

/* The first command against itself, with the options of the run, as a check of its receipt. */
static assay_code check_self(struct assay_cli *cli, const struct values *values, const char *command,
                             struct assay_arena *arena, json_t **ret, assay_err *err)
{
    const char *const options[] = {"timeout",     values->timeout,
                                   "expect-exit", values->expect_exit,
                                   "prepare",     values->prepare,
                                   "cwd",         values->cwd,
                                   "input",       values->input,
                                   "gap",         values->gap,
                                   "shell",       values->shell ? "true" : NULL,
                                   NULL};
    struct assay_aa_setup setup = {.a = command,
                                   .b = command,
                                   .pairs = SELFCHECK_PAIRS,
                                   .duration = SELFCHECK_DURATION,
                                   .options = options,
                                   .rule = {.alpha = 1.0 - values->confidence, .margin = values->margin}};
    struct assay_aa aa;
    assay_code rc = assay_aa_measure(cli, &setup, arena, &aa, err);
    return rc == ASSAY_OK ? assay_aa_check(&aa, values->margin, ret, err) : rc;
}

static assay_code watch(json_t **ret, assay_err *err)
{
    struct assay_host_doctor *doctor = NULL;
    assay_code rc = assay_host_doctor_begin("", &doctor, err);
    if (rc == ASSAY_OK) {
        assay_host_doctor_watch(doctor, assay_clock_mono_ns() + WATCH_NS);
        rc = assay_host_doctor_answer(doctor, ret, err);
    }
    assay_host_doctor_free(doctor);
    return rc;
}

static assay_code measure_and_judge(struct assay_cli *cli, struct assay_judged *judged, const struct values *values,
                                    const struct assay_opt_result *given, struct assay_buf *out, assay_err *err)
{
    struct assay_prepared_run run;
    struct assay_run_result result = {0};
    json_t *before = NULL, *checks = NULL;
    assay_code rc = assay_prepared_run_init(&run, assay_cli_workload(cli, "command"), err);
    rc = rc == ASSAY_OK ? assay_prepared_run_arms(&run, given, &judged->arena, err) : rc;
    rc = rc == ASSAY_OK ? set_options(&run, values, err) : rc;
    rc = rc == ASSAY_OK && values->wants_doctor ? watch(&before, err) : rc;
    if (rc == ASSAY_OK && values->wants_selfcheck) {
        rc = check_self(cli, values, given->arguments[0], &judged->arena, &checks, err);
        run.checks = checks;
    }
    rc = rc == ASSAY_OK ? assay_one_run_keep(&run, &result, err) : rc;
    rc = rc == ASSAY_OK ? judge(cli, judged, values, &result, before, out, err) : rc;
    json_decref(before);
    json_decref(checks);
    assay_run_result_done(&result);
    assay_prepared_run_done(&run);
    return rc;
}

static assay_code run(struct assay_cli *cli, const void *values_, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    const struct values *values = values_;
    struct assay_judged judged;
    assay_code rc = assay_judged_check(values->margin, values->confidence, err);
    rc = rc == ASSAY_OK ? assay_judged_check_how(&assay_verb_ab.opt, given, &values->how, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = assay_judged_begin(&judged, err);
    if (rc == ASSAY_OK) {
        rc = measure_and_judge(cli, &judged, values, given, out, err);
    }
    assay_judged_done(&judged);
    return rc;
}

const struct assay_verb assay_verb_ab = {
    .opt = {.name = "ab",
            .synopsis = "[OPTIONS] 'COMMAND A' 'COMMAND B' ...",
            .summary = "two commands in turn: faster, slower, parity, or what is missing to tell",
            .manual =
                "The commands run in turn, in blocks in which each comes at each place equally often, with the same "
                "environment for both commands of a pair and another one for each pair. The verdict rests on the "
                "ratios within pairs: on a noisy machine runs one after the other alarm on every other comparison of "
                "unchanged code, pairs on one in 30. CPU time is a second witness.\n\nA command line is split by the "
                "quoting rules of POSIX and not expanded; --shell hands it to /bin/sh. The first command is the base, "
                "and slower means that the other one takes longer. Inconclusive is never parity: the row says which "
                "effect could have been found, and how many pairs would decide. The run is kept as a directory with a "
                "receipt, as by 'assay run command'.",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 2,
            .arguments_max = 26,
            .examples = "assay ab './build-a/tool FILE' './build-b/tool FILE'\n  is the second build slower?\n"
                        "assay ab --verify-output same --margin 1% './old' './new'\n"
                        "  the outputs must agree, and one percent counts\n",
            .exits = "0 faster or parity; 1 slower, or outputs that are wrong; 2 inconclusive, or the run is invalid; "
                     "4 usage; 5 a command could not be run; 70 a bug"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
