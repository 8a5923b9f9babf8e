#include "cli/verify_profile.h"

#include "cli/verify_many.h"

#include "base/clock.h"
#include "judge/judge.h"

#include <string.h>

struct profile_work {
    const struct assay_profile_options *options;
    bool has_headings; /* more than one file */
    json_t *files;     /* array; NULL: text is wanted */
    struct assay_buf *out;
    int status;
};

static assay_code add_json(struct profile_work *work, const char *path, const struct assay_legacy_verdict *verdict,
                           assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *entry = NULL;
    assay_code rc = assay_legacy_json(verdict, &entry, err);
    if (rc == ASSAY_OK) {
        assay_json_put_text(&b, entry, "file", path);
        assay_json_put_bool(&b, entry, "strict", work->options->is_strict);
        assay_json_add(&b, work->files, entry);
        rc = assay_json_builder_check(&b, work->files, err);
    }
    return rc;
}

static assay_code verify_file(struct profile_work *work, const char *path, assay_err *err)
{
    struct assay_buf bytes;
    struct assay_legacy_verdict *verdict = NULL;
    assay_err read_err = {0};
    assay_buf_init(&bytes, ASSAY_LEGACY_BYTES_MAX);
    assay_code read = assay_buf_read_file(&bytes, path, &read_err);
    struct assay_legacy_question question = {
        .name = path,
        .bytes = bytes.data,
        .len = bytes.len,
        .unreadable = read == ASSAY_OK || read == ASSAY_TOO_LARGE ? NULL : read_err.message,
        .is_over_cap = read == ASSAY_TOO_LARGE,
        .needs_gpu = work->options->needs_gpu,
        .is_strict = work->options->is_strict,
        .now_real_ns = assay_clock_real_ns(),
    };
    assay_code rc = read == ASSAY_NO_MEMORY ? assay_nomem(err) : assay_judge_legacy(&question, &verdict, err);
    if (rc == ASSAY_OK) {
        work->status = assay_verify_graver(work->status, assay_judgement_exit(verdict->judgement));
        if (work->files) {
            rc = add_json(work, path, verdict, err);
        } else {
            if (work->has_headings) {
                assay_text_show(work->out, path, strlen(path), SIZE_MAX);
                assay_buf_text(work->out, ":\n");
            }
            assay_legacy_render(verdict, work->out);
        }
    }
    assay_legacy_verdict_free(verdict);
    assay_buf_done(&bytes);
    return rc;
}

static assay_code write_json(struct profile_work *work, json_t *root, assay_err *err)
{
    struct assay_json_builder b = {0};
    assay_json_put_int(&b, root, "exit", work->status);
    assay_json_put(&b, root, "files", json_incref(work->files));
    assay_code rc = assay_json_builder_check(&b, root, err);
    return rc == ASSAY_OK ? assay_json_pretty(root, work->out, err) : rc;
}

assay_code assay_verify_profile(const struct assay_profile_options *options, const struct assay_opt_result *given,
                                bool wants_json, struct assay_buf *out, assay_err *err)
{
    static const assay_code BY_EXIT[] = {[0] = ASSAY_OK, [1] = ASSAY_WANTING, [3] = ASSAY_MALFORMED, [5] = ASSAY_IO};
    struct profile_work work = {.options = options, .has_headings = given->arguments_count > 1, .out = out};
    if (strcmp(options->profile, ASSAY_LEGACY_PROFILE) != 0) {
        return assay_fail(err, ASSAY_USAGE, "there is no profile '%.64s'; known is " ASSAY_LEGACY_PROFILE,
                          options->profile);
    }
    json_t *root = json_object();
    work.files = wants_json ? json_array() : NULL;
    assay_code rc = root && (work.files || !wants_json) ? ASSAY_OK : assay_nomem(err);
    for (size_t i = 0; rc == ASSAY_OK && i < given->arguments_count; i++) {
        rc = verify_file(&work, given->arguments[i], err);
    }
    if (rc == ASSAY_OK && wants_json) {
        rc = write_json(&work, root, err);
    }
    json_decref(work.files);
    json_decref(root);
    return rc == ASSAY_OK ? BY_EXIT[work.status] : rc;
}
