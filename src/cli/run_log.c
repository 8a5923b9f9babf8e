#include "cli/run_log.h"

#include "cli/log_key.h"
#include "cli/signing.h"

#include "base/file.h"
#include "base/mem.h"
#include "host/host.h"

#include <assert.h>
#include <string.h>

struct assay_run_log {
    struct assay_cli_key keys[ASSAY_ENVELOPE_SIGNATURES_MAX];
    size_t keys_count;
    const char *dir; /* NULL: signed, not logged */
    struct assay_cli_log_key log_key;
    /* as the log was when the choices were drawn */
    uint64_t head_size;
    struct assay_digest head_root;
    struct assay_key_chain chain;
};

assay_code assay_run_log_open(const struct assay_around_options *around, struct assay_run_log **ret, assay_err *err)
{
    *ret = NULL;
    if (around->log_key && !around->log) {
        return assay_fail(err, ASSAY_USAGE, "--log-key does nothing without --log");
    }
    if (around->password_file && around->keys.count == 0) {
        return assay_fail(err, ASSAY_USAGE, "--password-file does nothing without --key");
    }
    if (around->keys.count == 0 && !around->log) {
        return ASSAY_OK;
    }
    if (around->keys.count == 0) {
        return assay_fail(err, ASSAY_USAGE, "--log needs --key FILE: entries of a log are signed by a receipt key");
    }
    struct assay_run_log *log = assay_alloc(1, sizeof *log);
    if (!log) {
        return assay_nomem(err);
    }
    assay_code rc = assay_cli_keys_load(&around->keys, around->password_file, log->keys, err);
    if (rc == ASSAY_OK) {
        log->keys_count = around->keys.count;
        rc = assay_cli_chain_load(&log->keys[0], &log->chain, err);
    }
    if (rc == ASSAY_OK && around->log) {
        rc = assay_cli_log_key_load(around->log, around->log_key, around->password_file, &log->log_key, err);
        log->dir = rc == ASSAY_OK ? around->log : NULL;
    }
    if (rc != ASSAY_OK) {
        assay_run_log_close(log);
        return rc;
    }
    *ret = log;
    return ASSAY_OK;
}

void assay_run_log_close(struct assay_run_log *log)
{
    if (log) {
        assay_cli_keys_done(log->keys, log->keys_count);
        if (log->dir) {
            assay_cli_log_key_done(&log->log_key);
        }
        assay_free(log);
    }
}

/* ---- before the plan: where the choices come from ---- */

static assay_code read_head(struct assay_run_log *log, assay_err *err)
{
    struct assay_log_dir *dir = NULL;
    struct assay_tlog_standing standing;
    assay_code rc = assay_log_dir_open(log->dir, ASSAY_LOG_READ, &dir, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    log->head_size = dir->head.size;
    memcpy(log->head_root.bytes, dir->head.root, sizeof log->head_root.bytes);
    assay_tlog_book_standing(&dir->book, &log->keys[0].keyid, &standing);
    if (!log->chain.is_there && standing.is_known) { /* the state file was lost: the log knows */
        log->chain.counter = standing.document_counter;
        if (standing.has_document) {
            assay_digest_print(&standing.document, log->chain.previous);
        }
    }
    assay_log_dir_close(dir);
    return ASSAY_OK;
}

static assay_code choose(const struct assay_run_log *log, struct assay_run_setup *setup, assay_err *err)
{
    json_t *build = NULL;
    const char *nonce = setup->nonce ? setup->nonce : "";
    if (setup->has_seed || (!log->dir && nonce[0] == '\0')) {
        return ASSAY_OK; /* typed, or drawn: `fixed` */
    }
    assay_code rc = assay_host_build(&build, err);
    if (rc == ASSAY_OK) {
        const char *commit = json_string_value(json_object_get(build, "commit"));
        setup->seed = assay_choice_seed(nonce, commit ? commit : "", log->dir ? &log->head_root : NULL);
        setup->seed_source = nonce[0] != '\0' ? "challenge" : "log-head";
        setup->has_seed = true;
    }
    json_decref(build);
    return rc;
}

/* ---- between plan and measurement: the intent ---- */

static assay_code write_abandoned(struct assay_run_log *log, struct assay_log_dir *dir, const uint8_t run_id[16],
                                  assay_err *err)
{
    struct assay_json_builder b = {0};
    struct assay_buf entry;
    const struct assay_log_signer signer = assay_cli_log_signer(&log->log_key);
    json_t *fields = json_object();
    assay_buf_init(&entry, ASSAY_LOG_ENTRY_BYTES_MAX + 1);
    assay_json_put_hex(&b, fields, "runId", run_id, 16);
    assay_code rc = assay_json_builder_check(&b, fields, err);
    rc = rc == ASSAY_OK ? assay_tlog_entry_write(ASSAY_ENTRY_ABANDONED, fields, &log->keys[0].secret, &entry, err) : rc;
    rc = rc == ASSAY_OK ? assay_log_dir_append(dir, entry.data, entry.len, &signer, err) : rc;
    json_decref(fields);
    assay_buf_done(&entry);
    return rc;
}

static assay_code write_intent(struct assay_run_log *log, struct assay_log_dir *dir, const struct assay_plan *plan,
                               const struct assay_buf *plan_bytes, struct assay_digest *ret_request, assay_err *err)
{
    struct assay_digest plan_digest;
    struct assay_buf entry;
    const struct assay_log_signer signer = assay_cli_log_signer(&log->log_key);
    assay_sha256_of(plan_bytes->data, plan_bytes->len, &plan_digest);
    assay_code rc = assay_plan_request_sha256(plan, ret_request->bytes, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const struct assay_intent intent = {.run_id = plan->run_id,
                                        .request_sha256 = ret_request->bytes,
                                        .plan_sha256 = plan_digest.bytes,
                                        .keyid = log->keys[0].keyid,
                                        .counter = log->chain.counter + 1,
                                        .previous = log->chain.previous,
                                        .head_size = log->head_size,
                                        .head_root = log->head_root,
                                        .nonce = plan->nonce};
    assay_buf_init(&entry, ASSAY_LOG_ENTRY_BYTES_MAX + 1);
    rc = assay_intent_write(&intent, &log->keys[0].secret, &entry, err);
    rc = rc == ASSAY_OK ? assay_log_dir_append(dir, entry.data, entry.len, &signer, err) : rc;
    assay_buf_done(&entry);
    return rc;
}

static assay_code put_attempts(const struct assay_log_dir *dir, const struct assay_digest *request, json_t *attempts,
                               assay_err *err)
{
    struct assay_json_builder b = {0};
    struct assay_tlog_earlier earlier;
    struct assay_digest leaf;
    uint64_t index = dir->book.count - 1;
    const struct assay_tlog_row *row = &dir->book.rows[index];
    assay_code rc = assay_tlog_book_earlier(&dir->book, request, index, &earlier, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_merkle_leaf_hash(row->bytes.data, row->bytes.len, &leaf);
    json_t *intent = assay_json_put_object(&b, attempts, "intent");
    assay_json_put_text(&b, intent, "origin", dir->head.origin);
    assay_json_put_u64(&b, intent, "index", index);
    assay_json_put_hex(&b, intent, "leaf", leaf.bytes, sizeof leaf.bytes);
    json_t *counts = assay_json_put_object(&b, attempts, "earlier");
    assay_json_put_u64(&b, counts, "intents", earlier.intents);
    assay_json_put_u64(&b, counts, "receipts", earlier.receipts);
    assay_json_put_u64(&b, counts, "records", earlier.records);
    assay_json_put_u64(&b, counts, "open", earlier.open);
    return assay_json_builder_check(&b, attempts, err);
}

static assay_code on_planned(void *context, const struct assay_plan *plan, const struct assay_buf *plan_bytes,
                             json_t *attempts, assay_err *err)
{
    struct assay_run_log *log = context;
    struct assay_log_dir *dir = NULL;
    struct assay_tlog_standing standing;
    struct assay_digest request;
    if (!log->dir) {
        return ASSAY_OK;
    }
    assay_code rc = assay_log_dir_open(log->dir, ASSAY_LOG_APPEND, &dir, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_tlog_book_standing(&dir->book, &log->keys[0].keyid, &standing);
    if (standing.is_open) { /* a run of this key that left no document */
        rc = write_abandoned(log, dir, standing.open_run_id, err);
    }
    rc = rc == ASSAY_OK ? write_intent(log, dir, plan, plan_bytes, &request, err) : rc;
    rc = rc == ASSAY_OK ? put_attempts(dir, &request, attempts, err) : rc;
    assay_log_dir_close(dir);
    return rc;
}

static assay_code on_document(void *context, json_t *statement, struct assay_buf *out, assay_err *err)
{
    const struct assay_run_log *log = context;
    return assay_cli_sign(statement, log->keys, log->keys_count, &log->chain, out, err);
}

assay_code assay_run_log_prepare(struct assay_run_log *log, struct assay_run_setup *setup, assay_err *err)
{
    if (!log) {
        return ASSAY_OK;
    }
    assay_code rc = log->dir ? read_head(log, err) : ASSAY_OK;
    rc = rc == ASSAY_OK ? choose(log, setup, err) : rc;
    setup->on_planned = on_planned;
    setup->on_document = on_document;
    setup->evidence_context = log;
    return rc;
}

/* ---- after the run ---- */

static assay_code write_beside(const struct assay_run_result *result, const char *name, const struct assay_buf *bytes,
                               assay_err *err)
{
    struct assay_buf path;
    assay_buf_init(&path, ASSAY_LOG_PATH_BYTES_MAX);
    assay_path_join(&path, result->dir, name);
    assay_code rc = assay_buf_check(&path, err);
    rc = rc == ASSAY_OK ? assay_file_write(path.data, bytes->data, bytes->len, ASSAY_FILE_NEW, err) : rc;
    assay_buf_done(&path);
    return rc;
}

static assay_code log_outcome(const struct assay_run_log *log, const struct assay_run_result *result, assay_err *err)
{
    struct assay_log_dir *dir = NULL;
    struct assay_digest payload;
    struct assay_buf entry, proof;
    uint8_t run_id[16];
    const struct assay_log_signer signer = assay_cli_log_signer(&log->log_key);
    enum assay_entry_kind kind = result->document == ASSAY_DOCUMENT_RECEIPT ? ASSAY_ENTRY_RECEIPT : ASSAY_ENTRY_RECORD;
    assay_buf_init(&entry, ASSAY_LOG_ENTRY_BYTES_MAX + 1);
    assay_buf_init(&proof, ASSAY_TLOG_PROOF_BYTES_MAX);
    assay_code rc = assay_cli_payload_digest(result->statement, &payload, err);
    rc = rc == ASSAY_OK ? assay_json_get_hex(assay_json_at(result->statement, "/predicate/attempts"), "runId", "",
                                             run_id, sizeof run_id, err)
                        : rc;
    rc = rc == ASSAY_OK ? assay_outcome_write(kind, run_id, &payload, &log->keys[0].secret, &entry, err) : rc;
    rc = rc == ASSAY_OK ? assay_log_dir_open(log->dir, ASSAY_LOG_EXTEND, &dir, err) : rc;
    rc = rc == ASSAY_OK ? assay_log_dir_append(dir, entry.data, entry.len, &signer, err) : rc;
    rc = rc == ASSAY_OK ? assay_log_dir_prove(dir, dir->head.size - 1, &proof, err) : rc;
    rc = rc == ASSAY_OK ? write_beside(result, "receipt.tlog-entry", &entry, err) : rc;
    rc = rc == ASSAY_OK ? write_beside(result, "receipt.tlog-proof", &proof, err) : rc;
    assay_log_dir_close(dir);
    assay_buf_done(&entry);
    assay_buf_done(&proof);
    return rc;
}

assay_code assay_run_log_finish(struct assay_run_log *log, const struct assay_run_result *result, assay_err *err)
{
    if (!log) {
        return ASSAY_OK;
    }
    assay_code rc = assay_cli_signed(result->statement, log->keys, log->keys_count, &log->chain, err);
    if (rc == ASSAY_OK && log->dir) {
        rc = log_outcome(log, result, err);
    }
    if (rc != ASSAY_OK) {
        assay_wrap(err, "the run is complete in '%s', but not all that belongs to its signature could be kept",
                   result->dir);
    }
    return rc;
}
