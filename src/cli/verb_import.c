/* Another tool's file becomes a run directory of compute path `imported`. */
#include "cli/cli.h"
#include "cli/store_place.h"
#include "cli/terminal.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "host/host.h"
#include "import/import.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#define PATH_BYTES_MAX 65536

struct values {
    const char *format, *out, *store, *commit, *branch;
    bool wants_store, wants_json;
};

static const struct assay_opt OPTIONS[] = {
    {"format", "NAME", "what wrote the file (default: told by its content)", ASSAY_OPT_TEXT,
     offsetof(struct values, format)},
    {"out", "DIR", "the new run directory (default ./assay-RUNID)", ASSAY_OPT_TEXT, offsetof(struct values, out)},
    {"store", "FILE", "history (default $ASSAY_STORE, else $XDG_DATA_HOME/assay/history.db)", ASSAY_OPT_TEXT,
     offsetof(struct values, store)},
    {"commit", "REV", "the commit that was measured, for the history", ASSAY_OPT_TEXT, offsetof(struct values, commit)},
    {"branch", "NAME", "its branch: a series of its own", ASSAY_OPT_TEXT, offsetof(struct values, branch)},
    {"save", NULL, "append the import to the history", ASSAY_OPT_FLAG_ON, offsetof(struct values, wants_store)},
    {"json", NULL, "print the result as JSON", ASSAY_OPT_FLAG, offsetof(struct values, wants_json)},
};

static assay_code write_member(const char *dir, const char *name, const struct assay_buf *bytes, assay_err *err)
{
    if (bytes->len == 0) {
        return ASSAY_OK;
    }
    struct assay_buf path;
    assay_buf_init(&path, PATH_BYTES_MAX);
    assay_path_join(&path, dir, name);
    assay_code rc = assay_buf_check(&path, err);
    if (rc == ASSAY_OK) {
        rc = assay_file_write(path.data, bytes->data, bytes->len, ASSAY_FILE_NEW, err);
    }
    assay_buf_done(&path);
    return rc;
}

/* The document last: a directory without one is no run. */
static assay_code write_run(const char *dir, const struct assay_import_result *result, assay_err *err)
{
    assay_code rc = assay_dir_make(dir, err);
    if (rc == ASSAY_OK) {
        rc = write_member(dir, "plan.json", &result->plan, err);
    }
    if (rc == ASSAY_OK) {
        rc = write_member(dir, "trace.assay", &result->trace, err);
    }
    if (rc == ASSAY_OK) {
        rc = write_member(dir, assay_document_file(result->document), &result->file, err);
    }
    return rc;
}

static assay_code make_environment(json_t **ret, assay_err *err)
{
    json_t *host = NULL, *build = NULL;
    assay_code rc = assay_host_fingerprint(0, &host, err);
    if (rc == ASSAY_OK) {
        rc = assay_host_build(&build, err);
    }
    if (rc == ASSAY_OK) {
        struct assay_json_builder b = {0};
        json_t *environment = json_object();
        (void)assay_json_put_array(&b, environment, "notes");
        assay_json_put(&b, environment, "build", json_incref(build));
        assay_json_add(&b, assay_json_put_array(&b, environment, "hosts"), json_incref(host));
        rc = assay_json_builder_check(&b, environment, err);
        if (rc == ASSAY_OK) {
            *ret = environment;
        } else {
            json_decref(environment);
        }
    }
    json_decref(host);
    json_decref(build);
    return rc;
}

static assay_code store_run(const struct values *values, const char *dir, const struct assay_import_result *result,
                            assay_err *err)
{
    struct assay_store_run row = {.document = result->file.data,
                                  .document_len = result->file.len,
                                  .plan = result->plan.data,
                                  .plan_len = result->plan.len,
                                  .dir = dir,
                                  .commit = values->commit,
                                  .branch = values->branch};
    return assay_store_place_append(values->store, &row, err);
}

static assay_code write_result(const struct values *values, const char *dir, const struct assay_import_result *result,
                               struct assay_buf *out, assay_err *err)
{
    struct assay_report_input input = {.place = dir,
                                       .document = result->file.data,
                                       .document_len = result->file.len,
                                       .plan = result->plan.data,
                                       .plan_len = result->plan.len};
    struct assay_style style = assay_terminal_style();
    return assay_report_show(&input, values->wants_json ? ASSAY_REPORT_JSON : ASSAY_REPORT_TEXT, &style, out, err);
}

static assay_code import_bytes(const struct values *values, const char *path, const struct assay_buf *bytes,
                               const json_t *environment, struct assay_buf *out, assay_err *err)
{
    struct assay_import_request request = {.bytes = bytes->data ? bytes->data : "",
                                           .len = bytes->len,
                                           .name = path,
                                           .format = values->format,
                                           .tool = assay_cli_version(),
                                           .now_real_ns = assay_clock_real_ns(),
                                           .environment = environment};
    struct assay_import_result result;
    char dir[64];
    assay_rng_system_bytes(request.run_id, sizeof request.run_id);
    assay_code rc = assay_import(&request, &result, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    (void)snprintf(dir, sizeof dir, "assay-%02x%02x%02x%02x%02x%02x", request.run_id[0], request.run_id[1],
                   request.run_id[2], request.run_id[3], request.run_id[4], request.run_id[5]);
    const char *place = values->out ? values->out : dir;
    rc = write_run(place, &result, err);
    if (rc == ASSAY_OK) {
        assay_log_note("%s: read as %s, %" PRIu64 " rows, %" PRIu64 " of them failed", place, result.format,
                       result.rows, result.rows_failed);
        rc = write_result(values, place, &result, out, err);
    }
    if (rc == ASSAY_OK && values->wants_store) {
        rc = store_run(values, place, &result, err);
    }
    assay_import_result_done(&result);
    return rc;
}

static assay_code import_file(const struct values *values, const char *path, struct assay_buf *out, assay_err *err)
{
    struct assay_buf bytes;
    json_t *environment = NULL;
    assay_buf_init(&bytes, ASSAY_IMPORT_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&bytes, path, err);
    if (rc == ASSAY_OK) {
        rc = make_environment(&environment, err);
    }
    if (rc == ASSAY_OK) {
        rc = import_bytes(values, path, &bytes, environment, out, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "%s", path);
        }
    }
    json_decref(environment);
    assay_buf_done(&bytes);
    return rc;
}

static assay_code run(struct assay_cli *cli, const void *values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    (void)cli;
    return import_file(values, given->arguments[0], out, err);
}

static const struct values DEFAULTS = {.wants_store = true};

const struct assay_verb assay_verb_import = {
    .opt = {.name = "import",
            .synopsis = "[OPTIONS] FILE",
            .summary = "read another tool's results into a run directory",
            .manual = "A file with one row per request becomes samples; a file with figures only becomes an imported "
                      "summary, which is never compared and never a baseline. What a file lacks stays absent. The "
                      "format is told by the content, never by the name. A header without rows is not measured "
                      "(exit status 2).",
            .options = OPTIONS,
            .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
            .arguments_min = 1,
            .arguments_max = 1,
            .examples = "assay import baseline.csv --out baseline\n"
                        "  timestamp,model,first_token_ms,tokens_per_s: rows become samples\n"},
    .values_bytes = sizeof(struct values),
    .defaults = &DEFAULTS,
    .run = run,
};
