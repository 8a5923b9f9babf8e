#include "cli/log_append.h"

#include "cli/log_key.h"
#include "cli/run_files.h"
#include "cli/signing.h"

#include "base/clock.h"
#include "base/text.h"
#include "store/store.h"

#include <inttypes.h>
#include <string.h>

/* What is to be appended, by whom. */
struct appending {
    const struct assay_log_append *how;
    struct assay_cli_key key;
    struct assay_cli_log_key log_key;
    struct assay_log_dir *log; /* locked; with all entries where the entry is about a run */
    struct assay_buf entry;
    struct assay_trust *trust; /* NULL: not given */
};

/* ---- what refuses ---- */

static bool is_of_run(const struct assay_tlog_row *row, const uint8_t run_id[16])
{
    return memcmp(row->run_id, run_id, sizeof row->run_id) == 0;
}

static const struct assay_tlog_row *find_intent(const struct assay_tlog_book *book, const uint8_t run_id[16])
{
    for (size_t i = 0; i < book->count; i++) {
        if (book->rows[i].kind == ASSAY_ENTRY_INTENT && is_of_run(&book->rows[i], run_id)) {
            return &book->rows[i];
        }
    }
    return NULL;
}

/* A run that was announced, by this key, and has not ended. */
static assay_code check_run(const struct appending *work, const uint8_t run_id[16],
                            const struct assay_tlog_row **ret_intent, assay_err *err)
{
    const struct assay_tlog_book *book = &work->log->book;
    const struct assay_tlog_row *intent = find_intent(book, run_id);
    uint64_t outcome = assay_tlog_book_outcome(book, run_id, 0);
    char shown[2 * 16 + 1];
    assay_hex_print(run_id, 16, shown);
    if (outcome < book->count) {
        return assay_fail(err, ASSAY_WANTING, "the run %s has an outcome already, entry %" PRIu64 ": a run has one",
                          shown, outcome);
    }
    if (!intent) {
        return assay_fail(
            err, ASSAY_WANTING,
            "the log has no intent of the run %s: a run is announced before it starts ('assay run --log')", shown);
    }
    if (!assay_digest_equal(&intent->signer, &work->key.keyid)) {
        return assay_fail(err, ASSAY_WANTING, "the run %s was announced by another key than '%s'", shown,
                          work->key.path);
    }
    *ret_intent = intent;
    return ASSAY_OK;
}

static assay_code check_listed(const struct appending *work, assay_err *err)
{
    const struct assay_trust_key *key = assay_trust_key_find(work->trust, &work->key.keyid);
    int64_t now_s = (int64_t)(assay_clock_real_ns() / ASSAY_NS_PER_S);
    const char *why = !key                                                    ? "is not in it"
                      : key->role != ASSAY_ROLE_RECEIPT                       ? "has not the role receipt there"
                      : key->is_revoked                                       ? "is revoked there"
                      : now_s < key->not_before_s || now_s > key->not_after_s ? "is not valid now by it"
                                                                              : NULL;
    return why ? assay_fail(err, ASSAY_WANTING, "trust file '%s': the key '%s' %s", work->how->trust, work->key.path,
                            why)
               : ASSAY_OK;
}

/* ---- a document ---- */

/* That the key has signed it: the bytes that the entry will name. */
static assay_code check_signed(const struct appending *work, const struct assay_buf *document, assay_err *err)
{
    static const struct assay_envelope_kind KIND = {
        .type = ASSAY_PAYLOAD_TYPE, .what = "document", .bytes_max = ASSAY_ENVELOPE_BYTES_MAX};
    struct assay_envelope envelope = {0};
    bool is_signed = false;
    assay_code rc = assay_envelope_open(&KIND, true, document->data, document->len, &envelope, err);
    if (rc == ASSAY_OK && envelope.signatures_count == 0) {
        rc = assay_fail(err, ASSAY_WANTING, "'%s' is unsigned: 'assay sign --key %s' signs it", work->how->receipt,
                        work->how->key);
    }
    rc = rc == ASSAY_OK ? assay_envelope_is_signed_by(&envelope, &KIND, &work->key.public, &is_signed, err) : rc;
    if (rc == ASSAY_OK && !is_signed) {
        rc = assay_fail(err, ASSAY_WANTING, "'%s' has no good signature of the key '%s'", work->how->receipt,
                        work->how->key);
    }
    assay_envelope_done(&envelope);
    return rc;
}

static assay_code check_announced(const struct appending *work, const json_t *statement,
                                  const struct assay_tlog_row *intent, assay_err *err)
{
    static const char PROTOCOL[] = "/predicate/protocol";
    const json_t *protocol = assay_json_at(statement, PROTOCOL);
    struct assay_digest plan, request;
    assay_code rc = assay_json_get_hex(protocol, "planSha256", PROTOCOL, plan.bytes, sizeof plan.bytes, err);
    rc = rc == ASSAY_OK
             ? assay_json_get_hex(protocol, "requestSha256", PROTOCOL, request.bytes, sizeof request.bytes, err)
             : rc;
    return rc == ASSAY_OK &&
                   (!assay_digest_equal(&plan, &intent->content) || !assay_digest_equal(&request, &intent->request))
               ? assay_fail(err, ASSAY_WANTING, "'%s' is of another plan than its run was announced with",
                            work->how->receipt)
               : rc;
}

static assay_code write_document(struct appending *work, const struct assay_run_files *files, assay_err *err)
{
    json_t *statement = NULL;
    enum assay_document document = ASSAY_DOCUMENT_IMPORTED;
    const struct assay_tlog_row *intent = NULL;
    struct assay_digest payload;
    uint8_t run_id[16];
    assay_code rc = assay_receipt_read(files->document.data, files->document.len, &statement, &document, err);
    rc = rc == ASSAY_OK && document == ASSAY_DOCUMENT_IMPORTED
             ? assay_fail(err, ASSAY_USAGE, "'%s' is an imported summary: it is of no run that a log could know",
                          work->how->receipt)
             : rc;
    rc = rc == ASSAY_OK ? assay_cli_payload_digest(statement, &payload, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_hex(assay_json_at(statement, "/predicate/attempts"), "runId",
                                             "/predicate/attempts", run_id, sizeof run_id, err)
                        : rc;
    rc = rc == ASSAY_OK ? check_run(work, run_id, &intent, err) : rc;
    rc = rc == ASSAY_OK ? check_announced(work, statement, intent, err) : rc;
    rc = rc == ASSAY_OK ? check_signed(work, &files->document, err) : rc;
    if (rc == ASSAY_OK) {
        rc = assay_outcome_write(document == ASSAY_DOCUMENT_RECEIPT ? ASSAY_ENTRY_RECEIPT : ASSAY_ENTRY_RECORD, run_id,
                                 &payload, &work->key.secret, &work->entry, err);
    }
    json_decref(statement);
    return rc;
}

static assay_code add_document(struct appending *work, json_t *unused, assay_err *err)
{
    struct assay_run_files files;
    (void)unused;
    assay_code rc = assay_run_files_load(work->how->receipt, NULL, &files, err);
    if (rc == ASSAY_OK) {
        rc = write_document(work, &files, err);
        assay_run_files_done(&files);
    }
    return rc;
}

/* ---- the other kinds: fields of an entry ---- */

static assay_code digest_file(const char *path, size_t bytes_max, struct assay_buf *ret_bytes, struct assay_digest *ret,
                              assay_err *err)
{
    assay_buf_init(ret_bytes, bytes_max);
    assay_code rc = assay_buf_read_file(ret_bytes, path, err);
    if (rc == ASSAY_OK) {
        assay_sha256_of(ret_bytes->data ? ret_bytes->data : "", ret_bytes->len, ret);
    }
    return rc;
}

static assay_code add_policy(struct appending *work, json_t *fields, assay_err *err)
{
    struct assay_json_builder b = {0};
    struct assay_buf bytes;
    struct assay_digest digest;
    struct assay_policy *policy = NULL;
    assay_code rc = digest_file(work->how->policy, ASSAY_POLICY_BYTES_MAX, &bytes, &digest, err);
    rc = rc == ASSAY_OK ? assay_policy_parse(bytes.data ? bytes.data : "", bytes.len, &policy, err) : rc;
    if (rc == ASSAY_OK) {
        assay_json_put_text(&b, fields, "name", policy->name);
        assay_json_put_u64(&b, fields, "version", policy->version);
        assay_json_put_hex(&b, fields, "sha256", digest.bytes, sizeof digest.bytes);
        rc = assay_json_builder_check(&b, fields, err);
    } else if (rc == ASSAY_MALFORMED || rc == ASSAY_TOO_LARGE) {
        assay_wrap(err, "--policy '%s'", work->how->policy);
    }
    rc = rc == ASSAY_OK ? assay_tlog_entry_write(ASSAY_ENTRY_POLICY, fields, &work->key.secret, &work->entry, err) : rc;
    assay_policy_free(policy);
    assay_buf_done(&bytes);
    return rc;
}

static assay_code add_trust(struct appending *work, json_t *fields, assay_err *err)
{
    struct assay_json_builder b = {0};
    assay_json_put_u64(&b, fields, "version", work->trust->version);
    assay_json_put_hex(&b, fields, "sha256", work->trust->digest.bytes, sizeof work->trust->digest.bytes);
    assay_code rc = assay_json_builder_check(&b, fields, err);
    return rc == ASSAY_OK ? assay_tlog_entry_write(ASSAY_ENTRY_TRUST, fields, &work->key.secret, &work->entry, err)
                          : rc;
}

static assay_code add_abandoned(struct appending *work, json_t *fields, assay_err *err)
{
    struct assay_json_builder b = {0};
    const struct assay_tlog_row *intent = NULL;
    const char *text = work->how->abandon;
    uint8_t run_id[16];
    if (!assay_text_is_hex(text, 2 * sizeof run_id)) {
        return assay_fail(err, ASSAY_USAGE, "--abandon is '%.80s', expected the 32 hex digits of a run id", text);
    }
    assay_json_put_text(&b, fields, "runId", text);
    assay_code rc = assay_json_builder_check(&b, fields, err);
    rc = rc == ASSAY_OK ? assay_json_get_hex(fields, "runId", "", run_id, sizeof run_id, err) : rc;
    rc = rc == ASSAY_OK ? check_run(work, run_id, &intent, err) : rc;
    return rc == ASSAY_OK ? assay_tlog_entry_write(ASSAY_ENTRY_ABANDONED, fields, &work->key.secret, &work->entry, err)
                          : rc;
}

static const struct kind {
    const char *option;
    size_t given; /* offset of the option in struct assay_log_append */
    bool is_of_run;
    assay_code (*add)(struct appending *work, json_t *fields, assay_err *err);
} KINDS[] = {{"--policy", offsetof(struct assay_log_append, policy), false, add_policy},
             {"--receipt", offsetof(struct assay_log_append, receipt), true, add_document},
             {"--abandon", offsetof(struct assay_log_append, abandon), true, add_abandoned},
             {"--trust", offsetof(struct assay_log_append, trust), false, add_trust}};

/* The one that is asked for: --trust is what is logged only where it stands alone. */
static assay_code find_kind(const struct assay_log_append *how, const struct kind **ret, assay_err *err)
{
    size_t count = 0;
    *ret = NULL;
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        const char *given = *(const char *const *)((const char *)how + KINDS[i].given);
        bool is_check = *ret && KINDS[i].add == add_trust;
        if (given && !is_check) {
            *ret = &KINDS[i];
            count++;
        }
    }
    return count == 1 && how->key
               ? ASSAY_OK
               : assay_fail(err, ASSAY_USAGE,
                            "'log append' takes --key FILE and one of --policy, --receipt, --abandon, or --trust");
}

/* ---- the verb ---- */

static assay_code print_head(const struct assay_log_dir *log, bool wants_json, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    if (!wants_json) {
        assay_buf_printf(out, "%s: %s, size %" PRIu64 "\n", log->path.data, log->head.origin, log->head.size);
        return ASSAY_OK;
    }
    json_t *root = json_object();
    assay_json_put_text(&b, root, "origin", log->head.origin);
    assay_json_put_u64(&b, root, "size", log->head.size);
    assay_json_put_hex(&b, root, "root", log->head.root, sizeof log->head.root);
    assay_code rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}

static assay_code read_trust(struct appending *work, assay_err *err)
{
    struct assay_buf bytes;
    if (!work->how->trust) {
        return ASSAY_OK;
    }
    assay_buf_init(&bytes, ASSAY_TRUST_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&bytes, work->how->trust, err);
    if (rc == ASSAY_OK) {
        rc = assay_trust_read(bytes.data ? bytes.data : "", bytes.len, &work->trust, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "--trust '%s'", work->how->trust);
        }
    }
    assay_buf_done(&bytes);
    return rc;
}

static assay_code append(struct appending *work, const struct kind *kind, const char *dir, struct assay_buf *out,
                         assay_err *err)
{
    assay_code rc = assay_cli_log_key_load(dir, work->how->log_key, work->how->password_file, &work->log_key, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    const struct assay_log_signer signer = assay_cli_log_signer(&work->log_key);
    json_t *fields = json_object();
    rc = fields ? read_trust(work, err) : assay_nomem(err);
    /* Locked from here on: what is checked is still so when the entry is written. */
    rc = rc == ASSAY_OK
             ? assay_log_dir_open(dir, kind->is_of_run ? ASSAY_LOG_APPEND : ASSAY_LOG_EXTEND, &work->log, err)
             : rc;
    rc = rc == ASSAY_OK && work->trust ? check_listed(work, err) : rc;
    rc = rc == ASSAY_OK ? kind->add(work, fields, err) : rc;
    rc = rc == ASSAY_OK ? assay_log_dir_append(work->log, work->entry.data, work->entry.len, &signer, err) : rc;
    rc = rc == ASSAY_OK ? print_head(work->log, work->how->wants_json, out, err) : rc;
    json_decref(fields);
    assay_log_dir_close(work->log);
    assay_cli_log_key_done(&work->log_key);
    return rc;
}

assay_code assay_cli_log_append(const struct assay_log_append *how, const char *dir, struct assay_buf *out,
                                assay_err *err)
{
    struct appending work = {.how = how};
    const struct kind *kind = NULL;
    assay_code rc = find_kind(how, &kind, err);
    rc = rc == ASSAY_OK ? assay_cli_key_load(how->key, how->password_file, &work.key, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_buf_init(&work.entry, ASSAY_LOG_ENTRY_BYTES_MAX + 1);
    rc = append(&work, kind, dir, out, err);
    assay_trust_free(work.trust);
    assay_buf_done(&work.entry);
    assay_cli_key_done(&work.key);
    return rc;
}
