#include "cli/one_run.h"

#include "cli/calibrate.h"
#include "cli/progress.h"
#include "cli/repository.h"
#include "cli/run_files.h"
#include "cli/run_log.h"
#include "cli/stop.h"
#include "cli/store_place.h"
#include "cli/terminal.h"

#include "base/log.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

static assay_code store_result(const struct assay_around_options *around, const struct assay_run_result *result,
                               const struct assay_buf *identity, assay_err *err)
{
    struct assay_store_run row = {.document = result->file.data,
                                  .document_len = result->file.len,
                                  .plan = result->plan.data,
                                  .plan_len = result->plan.len,
                                  .identity = identity->data,
                                  .identity_len = identity->len,
                                  .dir = result->dir,
                                  .commit = around->commit,
                                  .branch = around->branch};
    assay_code rc = assay_store_place_append(around->store, &row, err);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "the run is complete in '%s', but the history could not be written", result->dir);
    }
    return rc;
}

static assay_code print_result(const struct assay_around_options *around, const struct assay_run_result *result,
                               const struct assay_buf *identity, assay_err *err)
{
    struct assay_buf out;
    assay_buf_init(&out, ASSAY_CLI_OUTPUT_BYTES_MAX);
    struct assay_report_input input = {.place = result->dir,
                                       .document = result->file.data,
                                       .document_len = result->file.len,
                                       .plan = result->plan.data,
                                       .plan_len = result->plan.len,
                                       .identity = identity->data,
                                       .identity_len = identity->len};
    struct assay_style style = assay_terminal_style();
    assay_code rc =
        assay_report_show(&input, around->wants_json ? ASSAY_REPORT_JSON : ASSAY_REPORT_TEXT, &style, &out, err);
    if (rc == ASSAY_OK) {
        rc = assay_cli_print(&out, err);
    }
    assay_buf_done(&out);
    return rc;
}

/* identity.json is written by the run; it is read back rather than kept twice in the result. */
static assay_code read_identity(const struct assay_run_result *result, struct assay_buf *ret, assay_err *err)
{
    struct assay_run_files files;
    assay_code rc = assay_run_files_load(result->dir, NULL, &files, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (files.identity.len > 0) { /* a workload without an endpoint has none */
        assay_buf_append(ret, files.identity.data, files.identity.len);
    }
    assay_run_files_done(&files);
    return assay_buf_check(ret, err);
}

static assay_code finish(const struct assay_around_options *around, const struct assay_run_result *result,
                         bool wants_print, assay_err *err)
{
    struct assay_buf identity;
    assay_buf_init(&identity, ASSAY_ENVELOPE_BYTES_MAX);
    assay_code rc = read_identity(result, &identity, err);
    if (rc == ASSAY_OK && wants_print) {
        rc = print_result(around, result, &identity, err);
    }
    if (rc == ASSAY_OK && around->wants_store) {
        rc = store_result(around, result, &identity, err);
    }
    assay_buf_done(&identity);
    return rc;
}

/* The exit status of a finished run as a code: 0, 1, 2 or 5. */
static assay_code code_of(const struct assay_run_result *result)
{
    static const assay_code BY_EXIT[] = {
        [0] = ASSAY_OK, [1] = ASSAY_WANTING, [2] = ASSAY_UNDECIDED, [5] = ASSAY_NETWORK};
    int status = assay_run_exit_status(result);
    assert(status >= 0 && status <= 5 && status != 3 && status != 4);
    return BY_EXIT[status];
}

static assay_code measure(struct assay_prepared_run *run, struct assay_run_setup *setup,
                          struct assay_run_result *result, assay_err *err)
{
    const struct assay_around_options *around = &assay_prepared_run_options(run)->around;
    struct assay_progress_line line;
    json_t *checks = NULL;
    assay_progress_line_init(&line);
    if (!around->is_quiet) {
        setup->on_progress = assay_progress_line_show;
        setup->progress_context = &line;
    }
    assay_code rc = ASSAY_OK;
    if (around->wants_calibration) {
        rc = assay_calibrate(run, setup, &checks, err);
    }
    if (rc == ASSAY_OK) {
        setup->checks = checks ? checks : run->checks;
        rc = assay_run(setup, result, err);
    }
    assay_progress_line_done(&line);
    json_decref(checks);
    return rc;
}

/* The commit that the user names, as a subject of the receipt; a name that git does not know is for the history alone.
 */
static assay_code find_source(const char *name, struct assay_revision *revision, struct assay_run_setup *setup,
                              assay_err *err)
{
    assay_code rc = name ? assay_revision_ask(name, NULL, revision, err) : ASSAY_OK;
    if (rc == ASSAY_OK && name && assay_revision_is_digest(revision->commit)) {
        setup->source_commit = revision->commit;
    } else if (rc == ASSAY_OK && name) {
        assay_log_note("commit '%s' is no full digest and not known to git: the receipt does not name it", name);
    }
    return rc;
}

static assay_code run_and_keep(struct assay_prepared_run *run, bool wants_print, struct assay_run_result *result,
                               assay_err *err)
{
    struct assay_run_options *options = assay_prepared_run_options(run);
    struct assay_run_setup setup = {
        .workload = run->workload, .state = assay_prepared_run_state(run), .stop_flag = assay_stop_flag()};
    json_t *option_json = NULL;
    struct assay_run_log *log = NULL;
    struct assay_revision revision;
    assay_log_open(options->around.is_quiet ? ASSAY_LOG_QUIET : ASSAY_LOG_NORMAL);
    assay_code rc = assay_load_options_apply(&options->load, &setup, &option_json, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    setup.options = option_json;
    rc = find_source(options->around.commit, &revision, &setup, err);
    rc = rc == ASSAY_OK ? assay_run_log_open(&options->around, &log, err) : rc;
    if (rc != ASSAY_OK) {
        json_decref(option_json);
        return rc;
    }
    assay_stop_catch();
    rc = run->workload->open(assay_prepared_run_state(run), err);
    if (rc == ASSAY_OK) {
        rc = assay_run_log_prepare(log, &setup, err);
    }
    if (rc == ASSAY_OK) {
        rc = measure(run, &setup, result, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_run_log_finish(log, result, err);
    }
    if (rc == ASSAY_OK) {
        rc = finish(&options->around, result, wants_print, err);
    }
    run->workload->close(assay_prepared_run_state(run));
    assay_run_log_close(log);
    json_decref(option_json);
    return rc;
}

assay_code assay_one_run_keep(struct assay_prepared_run *run, struct assay_run_result *ret, assay_err *err)
{
    return run_and_keep(run, false, ret, err);
}

assay_code assay_one_run_do(struct assay_cli *cli, struct assay_prepared_run *run, assay_err *err)
{
    struct assay_run_result result = {0};
    assay_code rc = run_and_keep(run, true, &result, err);
    if (rc == ASSAY_OK) {
        rc = code_of(&result);
        cli->has_judged = true;
    }
    assay_run_result_done(&result);
    return rc;
}
