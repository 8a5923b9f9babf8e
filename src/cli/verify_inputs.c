#include "cli/verify_inputs.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/text.h"
#include "cli/ancestry.h"
#include "cli/repository.h"

#include <stdio.h>
#include <string.h>

#define ARTEFACT_BYTES_MAX ((size_t)64 << 30) /* a model file */
#define TIER_MAX 5
#define COSIGNED_BYTES_MAX ((size_t)ASSAY_LOG_COSIGNED_MAX * UINT16_MAX)

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
    input->commit = text;
    return !text || assay_revision_is_digest(text)
               ? ASSAY_OK
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
    const char *growth = ret->options->consistency;
    if (!assay_log_place_is_url(place) && !assay_path_is_dir(place)) {
        assay_code rc = assay_buf_read_file(&ret->proof, place, err);
        return rc == ASSAY_OK && growth ? assay_buf_read_file(&ret->growth, growth, err) : rc;
    }
    if (growth) {
        return assay_fail(err, ASSAY_USAGE, "--consistency goes with --log PROOF: a whole log shows that by itself");
    }
    assay_code rc = assay_log_place_open(place, ASSAY_LOG_READ, &ret->place, err);
    return rc == ASSAY_OK ? assay_log_dir_read_cosigned(ret->place.log, &ret->cosigned, err) : rc;
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

static assay_code read_run(const char *place, struct assay_run_files **ret_files, struct assay_judge_files *ret,
                           assay_err *err)
{
    struct assay_run_files *files = assay_alloc(1, sizeof *files);
    assay_code rc = files ? assay_run_files_load(place, NULL, files, err) : assay_nomem(err);
    if (rc != ASSAY_OK) {
        assay_free(files);
        return rc;
    }
    *ret_files = files;
    *ret = (struct assay_judge_files){.name = place,
                                      .document = given(&files->document),
                                      .plan = given(&files->plan),
                                      .trace = given(&files->trace),
                                      .identity = given(&files->identity)};
    return ASSAY_OK;
}

assay_code assay_verify_inputs_load(const struct assay_verify_options *options, struct assay_verify_inputs *ret,
                                    assay_err *err)
{
    struct assay_judge_input checked = {0};
    *ret = (struct assay_verify_inputs){.options = options};
    assay_buf_init(&ret->trust, ASSAY_TRUST_BYTES_MAX);
    assay_buf_init(&ret->proof, ASSAY_TLOG_PROOF_BYTES_MAX);
    assay_buf_init(&ret->cosigned, COSIGNED_BYTES_MAX);
    assay_buf_init(&ret->provenance, ASSAY_PROVENANCE_BYTES_MAX);
    assay_buf_init(&ret->growth, ASSAY_TLOG_PROOF_BYTES_MAX);
    if (options->consistency && !options->log) {
        return assay_fail(err, ASSAY_USAGE, "--consistency goes with --log PROOF");
    }
    if (options->log && !options->trust) {
        return assay_fail(err, ASSAY_USAGE, "--log needs --trust FILE: no log is believed without its key");
    }
    assay_code rc = read_require(options->require, &checked, err);
    rc = rc == ASSAY_OK ? read_commit(options->commit, &checked, err) : rc;
    rc = rc == ASSAY_OK ? read_artefacts(&options->subjects, ret, err) : rc;
    if (rc == ASSAY_OK && options->provenance) {
        rc = assay_buf_read_file(&ret->provenance, options->provenance, err);
    }
    rc = rc == ASSAY_OK && options->log ? read_log(options->log, ret, err) : rc;
    rc = rc == ASSAY_OK && options->with ? read_run(options->with, &ret->with, &ret->with_files, err) : rc;
    rc = rc == ASSAY_OK && options->baseline
             ? read_run(options->baseline, &ret->baseline, &ret->baseline_files.files, err)
             : rc;
    return rc == ASSAY_OK && options->trust ? read_trust(options->trust, ret, err) : rc;
}

/* With what the two statements name for a source. */
static enum assay_ancestry ancestry_of(const struct assay_run_files *baseline, const struct assay_run_files *files)
{
    const struct assay_buf *documents[] = {&baseline->document, &files->document};
    json_t *statements[2] = {NULL, NULL};
    enum assay_document document;
    for (size_t i = 0; i < 2; i++) {
        if (documents[i]->len > 0) {
            (void)assay_receipt_read(documents[i]->data, documents[i]->len, &statements[i], &document, NULL);
        }
    }
    enum assay_ancestry ancestry =
        assay_cli_ancestry(assay_source_commit(statements[0]), assay_source_commit(statements[1]));
    json_decref(statements[0]);
    json_decref(statements[1]);
    return ancestry;
}

static void put_log(const struct assay_verify_inputs *inputs, const struct assay_run_files *files,
                    struct assay_judge_input *input, char *ret_origin)
{
    struct assay_tlog_proof_file file;
    const struct assay_log_dir *log = inputs->place.log;
    if (log) {
        input->log_checkpoint = bytes_of(&log->note);
        input->log_read = &log->book;
        input->log_cosigned = bytes_of(&inputs->cosigned);
        origin_of(log->note.data, log->note.len, ret_origin);
    } else if (inputs->options->log) {
        input->log_proof = bytes_of(&inputs->proof);
        if (inputs->options->consistency) { /* an empty file too */
            input->log_growth = bytes_of(&inputs->growth);
        }
        input->log_entry = given(&files->entry);
        if (assay_tlog_proof_read(input->log_proof.data, input->log_proof.len, &file, NULL) == ASSAY_OK) {
            origin_of(file.checkpoint.data, file.checkpoint.len, ret_origin);
        }
    }
}

assay_code assay_verify_inputs_for(const struct assay_verify_inputs *inputs, const struct assay_run_files *files,
                                   struct assay_verify_document *document, struct assay_judge_input *input,
                                   assay_err *err)
{
    *document = (struct assay_verify_document){.baseline = inputs->baseline_files};
    const char *slash = strrchr(files->document_path.data, '/');
    input->document_name = slash ? slash + 1 : files->document_path.data;
    input->artefacts = inputs->artefacts;
    input->artefacts_count = inputs->options->subjects.count;
    if (inputs->options->provenance) { /* an empty file too */
        input->provenance =
            (struct assay_judge_bytes){inputs->provenance.data ? inputs->provenance.data : "", inputs->provenance.len};
    }
    assay_code rc = read_require(inputs->options->require, input, err);
    rc = rc == ASSAY_OK ? read_commit(inputs->options->commit, input, err) : rc;
    put_log(inputs, files, input, document->origin);
    input->reproduction = inputs->with ? &inputs->with_files : NULL;
    input->reproduction_margin = inputs->options->margin;
    if (inputs->baseline) {
        document->baseline.max_age_ns = inputs->options->baseline_age_ns;
        document->baseline.ancestry = ancestry_of(inputs->baseline, files);
        input->baseline = &document->baseline;
    }
    if (rc == ASSAY_OK && inputs->memory) {
        input->trust = bytes_of(&inputs->trust);
        input->trust_read = inputs->trust_read;
        rc = assay_cli_memory_look(inputs->memory, document->origin, &input->memory, err);
    }
    return rc;
}

void assay_verify_inputs_remember(struct assay_verify_inputs *inputs, const struct assay_judgement *judgement)
{
    struct assay_judge_memory seen;
    bool is_refused = judgement->lines[ASSAY_LINE_CRYPTO].verdict == ASSAY_VERDICT_FAIL;
    if (!inputs->memory || assay_cli_memory_look(inputs->memory, NULL, &seen, NULL) != ASSAY_OK) {
        return;
    }
    /* A first file is remembered once something verifies by it; a later version has the root keys of the one before,
     * so it counts although it refuses this document: else the version that revoked a key could be taken back. */
    if (!is_refused || (seen.trust_version > 0 && judgement->trust_version > seen.trust_version)) {
        assay_cli_memory_save(inputs->memory, judgement);
    }
}

static void free_run(struct assay_run_files *files)
{
    if (files) {
        assay_run_files_done(files);
        assay_free(files);
    }
}

void assay_verify_inputs_done(struct assay_verify_inputs *inputs)
{
    if (inputs->memory) {
        assay_cli_memory_done(inputs->memory);
        assay_free(inputs->memory);
    }
    assay_log_place_close(&inputs->place);
    assay_buf_done(&inputs->growth);
    assay_trust_free(inputs->trust_read);
    assay_buf_done(&inputs->trust);
    assay_buf_done(&inputs->cosigned);
    free_run(inputs->with);
    free_run(inputs->baseline);
    assay_buf_done(&inputs->proof);
    assay_buf_done(&inputs->provenance);
}
