#include "cli/judged.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cli/terminal.h"
#include "host/host.h"
#include "kernel/kernel.h"

#include <assert.h>
#include <string.h>

#define ARENA_BYTES_MAX ((size_t)512 << 20) /* rows and pairs of hundreds of receipts */

static struct assay_judge_bytes bytes_of(const struct assay_buf *buf)
{
    return (struct assay_judge_bytes){.data = buf->data, .len = buf->len};
}

static assay_code own_digest(char ret[65], assay_err *err)
{
    json_t *build = NULL;
    assay_code rc = assay_host_build(&build, err);
    const char *digest = json_string_value(json_object_get(build, "binarySha256"));
    if (digest && strlen(digest) == 64) {
        memcpy(ret, digest, 65);
    }
    json_decref(build);
    return rc;
}

assay_code assay_judged_check(double margin, double confidence, assay_err *err)
{
    return confidence >= 0.5 && confidence < 1 && margin > 0 && margin <= 1
               ? ASSAY_OK
               : assay_fail(err, ASSAY_USAGE, "--confidence must be from 50%% to below 100%%, --margin above 0");
}

assay_code assay_judged_begin(struct assay_judged *judged, assay_err *err)
{
    *judged = (struct assay_judged){0};
    uint64_t now = assay_clock_real_ns();
    assay_arena_init(&judged->arena, ARENA_BYTES_MAX);
    assay_buf_init(&judged->kernel_table, ASSAY_KERNEL_TABLE_BYTES_MAX);
    assay_kernel_table_text(&judged->kernel_table);
    assay_day_print((int64_t)(now / ASSAY_NS_PER_S / 86400), judged->date);
    judged->how = (struct assay_judge_input){.now_real_ns = now, .kernel_table = bytes_of(&judged->kernel_table)};
    assay_code rc = assay_buf_check(&judged->kernel_table, err);
    return rc == ASSAY_OK ? own_digest(judged->binary_sha256, err) : rc;
}

static assay_code load_inputs(struct assay_judged *judged, assay_err *err)
{
    if (judged->inputs) {
        return ASSAY_OK;
    }
    judged->inputs = assay_alloc(1, sizeof *judged->inputs);
    return judged->inputs ? assay_verify_inputs_load(&judged->evidence, judged->inputs, err) : assay_nomem(err);
}

/* Verified with what the user gave beside it: the opened receipt borrows from its files alone. */
static assay_code open_run(struct assay_judged *judged, const struct assay_run_files *files, struct assay_opened **ret,
                           assay_err *err)
{
    struct assay_judge_input how = judged->how;
    struct assay_verify_document document;
    const struct assay_judge_files bytes = {.name = files->place,
                                            .document = bytes_of(&files->document),
                                            .plan = bytes_of(&files->plan),
                                            .trace = bytes_of(&files->trace),
                                            .identity = bytes_of(&files->identity)};
    assay_code rc = load_inputs(judged, err);
    rc = rc == ASSAY_OK ? assay_verify_inputs_for(judged->inputs, files, &document, &how, err) : rc;
    rc = rc == ASSAY_OK ? assay_opened_open(&bytes, &how, ret, err) : rc;
    if (rc == ASSAY_OK) {
        assay_verify_inputs_remember(judged->inputs, (*ret)->judgement);
    }
    return rc;
}

static assay_code load(struct assay_judged *judged, const char *place, const char **ret_why,
                       struct assay_run_files *files, assay_err *err)
{
    assay_err unread = {0};
    assay_code rc = assay_run_files_load(place, NULL, files, ret_why ? &unread : err);
    if (!ret_why || rc == ASSAY_OK) {
        return rc;
    }
    if (rc == ASSAY_NO_MEMORY) {
        return assay_nomem(err);
    }
    *files = (struct assay_run_files){.place = place};
    assay_buf_init(&files->document_path, strlen(place) + 1);
    assay_buf_text(&files->document_path, place);
    *ret_why = assay_arena_text(&judged->arena, unread.message, strlen(unread.message));
    rc = assay_buf_check(&files->document_path, err);
    if (rc != ASSAY_OK || !*ret_why) {
        assay_buf_done(&files->document_path);
        return rc != ASSAY_OK ? rc : assay_nomem(err);
    }
    return ASSAY_OK;
}

static assay_code open_place(struct assay_judged *judged, const char *place, const char **ret_why,
                             const struct assay_opened **ret, assay_err *err)
{
    if (judged->count == ASSAY_JUDGED_RUNS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "more than %d receipts", ASSAY_JUDGED_RUNS_MAX);
    }
    struct assay_run_files *files = assay_alloc(1, sizeof *files);
    if (!files) {
        return assay_nomem(err);
    }
    assay_code rc = load(judged, place, ret_why, files, err);
    if (rc != ASSAY_OK) {
        assay_free(files);
        return rc;
    }
    judged->files[judged->count] = files;
    rc = open_run(judged, files, &judged->runs[judged->count], err);
    if (rc == ASSAY_OK) {
        *ret = judged->runs[judged->count];
    }
    judged->count++;
    return rc;
}

assay_code assay_judged_open(struct assay_judged *judged, const char *place, const struct assay_opened **ret,
                             assay_err *err)
{
    return open_place(judged, place, NULL, ret, err);
}

assay_code assay_judged_open_anyway(struct assay_judged *judged, const char *place, const struct assay_opened **ret,
                                    const char **ret_why, assay_err *err)
{
    *ret_why = NULL;
    return open_place(judged, place, ret_why, ret, err);
}

static assay_code write_file(const struct assay_verdict_document *document, const struct assay_judged_how *how,
                             assay_err *err)
{
    struct assay_buf bytes;
    assay_buf_init(&bytes, ASSAY_VERDICT_BYTES_MAX);
    assay_code rc = assay_verdict_encode(document, &bytes, err);
    if (rc == ASSAY_OK) {
        rc = assay_cli_output(&bytes, how->output, how->is_forced, err);
    }
    assay_buf_done(&bytes);
    return rc;
}

assay_code assay_judged_check_how(const struct assay_opt_verb *verb, const struct assay_opt_result *given,
                                  const struct assay_judged_how *how, assay_err *err)
{
    if (how->wants_json && how->wants_markdown) {
        return assay_fail(err, ASSAY_USAGE, "--json and --markdown exclude each other");
    }
    return assay_cli_check_pair(verb, given, "force", "output", err);
}

assay_code assay_judged_end(struct assay_judged *judged, struct assay_cli *cli,
                            const struct assay_verdict_document *document, const struct assay_judged_how *how,
                            struct assay_buf *out, assay_err *err)
{
    (void)judged;
    struct assay_style style = assay_terminal_style();
    enum assay_report_format format = how->wants_json       ? ASSAY_REPORT_JSON
                                      : how->wants_markdown ? ASSAY_REPORT_MARKDOWN
                                                            : ASSAY_REPORT_TEXT;
    assay_code rc = how->output ? write_file(document, how, err) : ASSAY_OK;
    if (rc == ASSAY_OK) {
        rc = assay_report_verdict(document, format, &style, out, err);
    }
    if (rc == ASSAY_OK) {
        cli->has_judged = true;
        rc = assay_verdict_code(document);
    }
    return rc;
}

void assay_judged_done(struct assay_judged *judged)
{
    for (size_t i = 0; i < judged->count; i++) {
        assay_opened_free(judged->runs[i]);
        assay_run_files_done(judged->files[i]);
        assay_free(judged->files[i]);
    }
    if (judged->inputs) {
        assay_verify_inputs_done(judged->inputs);
        assay_free(judged->inputs);
    }
    assay_arena_done(&judged->arena);
    assay_buf_done(&judged->kernel_table);
}
