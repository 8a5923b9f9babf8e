#include "cli/verify_inputs.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"

#include <string.h>

#define ARTEFACT_BYTES_MAX ((size_t)64 << 30) /* a model file */
#define TIER_MAX 5

static struct assay_judge_bytes bytes_of(const struct assay_buf *buf)
{
    return (struct assay_judge_bytes){.data = buf->data ? buf->data : "", .len = buf->len};
}

static struct assay_judge_bytes given(const struct assay_buf *buf)
{
    return (struct assay_judge_bytes){.data = buf->len > 0 ? buf->data : NULL, .len = buf->len};
}

static assay_code read_require(const char *text, struct assay_judge_input *input, assay_err *err)
{
    uint64_t tier = 0;
    if (!text) {
        return ASSAY_OK;
    }
    bool is_tier = assay_text_starts(text, "tier=") &&
                   assay_num_u64(assay_slice_of(text + sizeof "tier=" - 1), "tier", TIER_MAX, &tier, NULL) == ASSAY_OK;
    input->is_tier_required = is_tier;
    input->required_tier = (int)tier;
    return is_tier
               ? ASSAY_OK
               : assay_fail(err, ASSAY_USAGE, "--require is '%s', expected tier=N with N from 0 to %d", text, TIER_MAX);
}

static assay_code read_commit(const char *text, struct assay_judge_input *input, assay_err *err)
{
    size_t len = text ? strlen(text) : 0;
    input->commit = text;
    bool is_hex = !text || ((len == 40 || len == 64) && strspn(text, "0123456789abcdef") == len);
    return is_hex ? ASSAY_OK
                  : assay_fail(err, ASSAY_USAGE, "--commit is '%s', expected 40 or 64 lowercase hex digits", text);
}

static assay_code read_artefacts(const struct assay_opt_list *paths, struct assay_verify_inputs *ret, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < paths->count && rc == ASSAY_OK; i++) {
        struct assay_buf bytes;
        assay_buf_init(&bytes, ARTEFACT_BYTES_MAX);
        rc = assay_buf_read_file(&bytes, paths->items[i], err);
        if (rc == ASSAY_OK) {
            ret->artefacts[i].name = paths->items[i];
            assay_sha256_of(bytes.data ? bytes.data : "", bytes.len, &ret->artefacts[i].digest);
        }
        assay_buf_done(&bytes);
    }
    return rc;
}

/* ---- the log ---- */

/* The origin on the first line of a checkpoint; nothing is believed yet. */
static void origin_of(const char *bytes, size_t len, char ret[ASSAY_NOTE_NAME_BYTES_MAX + 1])
{
    const char *end = len > 0 ? memchr(bytes, '\n', len) : NULL;
    size_t n = end ? (size_t)(end - bytes) : 0;
    n = n <= ASSAY_NOTE_NAME_BYTES_MAX ? n : 0;
    if (n > 0) {
        memcpy(ret, bytes, n);
    }
    ret[n] = '\0';
}

static assay_code read_log(const char *place, struct assay_verify_inputs *ret, assay_err *err)
{
    return assay_path_is_dir(place) ? assay_log_dir_open(place, ASSAY_LOG_READ, &ret->log, err)
                                    : assay_buf_read_file(&ret->proof, place, err);
}

/* What is wrong with the file is for the judge to say: without `trust_read` it reads the bytes itself. */
static assay_code read_trust(const char *path, struct assay_verify_inputs *ret, assay_err *err)
{
    assay_code rc = assay_buf_read_file(&ret->trust, path, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (ret->trust.len > 0) {
        (void)assay_trust_read(ret->trust.data, ret->trust.len, &ret->trust_read, NULL);
    }
    ret->memory = assay_alloc(1, sizeof *ret->memory);
    if (!ret->memory) {
        return assay_nomem(err);
    }
    return assay_cli_memory_load(path, ret->trust_read ? ret->trust_read->version : 0, ret->memory, err);
}

assay_code assay_verify_inputs_load(const struct assay_verify_options *options, struct assay_verify_inputs *ret,
                                    assay_err *err)
{
    struct assay_judge_input checked = {0};
    *ret = (struct assay_verify_inputs){.options = options};
    assay_buf_init(&ret->trust, ASSAY_TRUST_BYTES_MAX);
    assay_buf_init(&ret->proof, ASSAY_TLOG_PROOF_BYTES_MAX);
    if (options->log && !options->trust) {
        return assay_fail(err, ASSAY_USAGE, "--log needs --trust FILE: no log is believed without its key");
    }
    assay_code rc = read_require(options->require, &checked, err);
    rc = rc == ASSAY_OK ? read_commit(options->commit, &checked, err) : rc;
    rc = rc == ASSAY_OK ? read_artefacts(&options->subjects, ret, err) : rc;
    rc = rc == ASSAY_OK && options->log ? read_log(options->log, ret, err) : rc;
    return rc == ASSAY_OK && options->trust ? read_trust(options->trust, ret, err) : rc;
}

static void put_log(struct assay_verify_inputs *inputs, const struct assay_run_files *files,
                    struct assay_judge_input *input, char *ret_origin)
{
    struct assay_tlog_proof_file file;
    if (inputs->log) {
        input->log_checkpoint = bytes_of(&inputs->log->note);
        input->log_entries = bytes_of(&inputs->log->entries);
        input->log_read = &inputs->log->book;
        origin_of(inputs->log->note.data, inputs->log->note.len, ret_origin);
    } else if (inputs->options->log) {
        input->log_proof = bytes_of(&inputs->proof);
        input->log_entry = given(&files->entry);
        if (assay_tlog_proof_read(input->log_proof.data, input->log_proof.len, &file, NULL) == ASSAY_OK) {
            origin_of(file.checkpoint.data, file.checkpoint.len, ret_origin);
        }
    }
}

assay_code assay_verify_inputs_for(struct assay_verify_inputs *inputs, const struct assay_run_files *files,
                                   struct assay_judge_input *input, assay_err *err)
{
    char origin[ASSAY_NOTE_NAME_BYTES_MAX + 1] = "";
    const char *slash = strrchr(files->document_path.data, '/');
    input->document_name = slash ? slash + 1 : files->document_path.data;
    input->artefacts = inputs->artefacts;
    input->artefacts_count = inputs->options->subjects.count;
    assay_code rc = read_require(inputs->options->require, input, err);
    rc = rc == ASSAY_OK ? read_commit(inputs->options->commit, input, err) : rc;
    put_log(inputs, files, input, origin);
    if (rc == ASSAY_OK && inputs->memory) {
        input->trust = bytes_of(&inputs->trust);
        input->trust_read = inputs->trust_read;
        rc = assay_cli_memory_look(inputs->memory, origin, &input->memory, err);
    }
    return rc;
}

void assay_verify_inputs_remember(struct assay_verify_inputs *inputs, const struct assay_judgement *judgement)
{
    if (inputs->memory && judgement->lines[ASSAY_LINE_CRYPTO].verdict != ASSAY_VERDICT_FAIL) {
        assay_cli_memory_save(inputs->memory, judgement);
    }
}

void assay_verify_inputs_done(struct assay_verify_inputs *inputs)
{
    if (inputs->memory) {
        assay_cli_memory_done(inputs->memory);
        assay_free(inputs->memory);
    }
    assay_log_dir_close(inputs->log);
    assay_trust_free(inputs->trust_read);
    assay_buf_done(&inputs->trust);
    assay_buf_done(&inputs->proof);
}
