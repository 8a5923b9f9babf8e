#include "record/log_entry.h"

#include "record/receipt_parts.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct assay_envelope_kind KIND = {
    .type = ASSAY_LOG_ENTRY_TYPE, .what = "log entry", .bytes_max = ASSAY_LOG_ENTRY_BYTES_MAX};

static const char *const KINDS[ASSAY_ENTRY_KIND_COUNT] = {"intent",    "receipt", "record",
                                                          "abandoned", "policy",  "trust"};

const char *assay_entry_kind_text(enum assay_entry_kind kind)
{
    assert((size_t)kind < ASSAY_ENTRY_KIND_COUNT);
    return KINDS[kind];
}

/* ---- writing ---- */

assay_code assay_tlog_entry_write(enum assay_entry_kind kind, const json_t *fields, const struct assay_secret_key *key,
                                  struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *body = json_object();
    size_t before = out->len;
    assay_json_put(&b, body, KINDS[kind], json_deep_copy(fields));
    assay_code rc = assay_json_builder_check(&b, body, err);
    rc = rc == ASSAY_OK ? assay_envelope_write(ASSAY_LOG_ENTRY_TYPE, body, &key, 1, out, err) : rc;
    if (rc == ASSAY_OK && out->len - before > ASSAY_LOG_ENTRY_BYTES_MAX) {
        rc = assay_fail(err, ASSAY_TOO_LARGE, "a log entry of %zu bytes, expected at most %zu", out->len - before,
                        ASSAY_LOG_ENTRY_BYTES_MAX);
    }
    json_decref(body);
    return rc;
}

static void put_maybe(struct assay_json_builder *b, json_t *object, const char *name, const char *text, const char *why)
{
    if (text && text[0] != '\0') {
        assay_json_put_text(b, object, name, text);
    } else {
        assay_put_absent(b, object, name, why);
    }
}

static assay_code write_fields(struct assay_json_builder *b, enum assay_entry_kind kind, json_t *fields,
                               const struct assay_secret_key *key, struct assay_buf *out, assay_err *err)
{
    assay_code rc = assay_json_builder_check(b, fields, err);
    rc = rc == ASSAY_OK ? assay_tlog_entry_write(kind, fields, key, out, err) : rc;
    json_decref(fields);
    return rc;
}

assay_code assay_intent_write(const struct assay_intent *intent, const struct assay_secret_key *key,
                              struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    json_t *fields = json_object();
    assay_json_put_hex(&b, fields, "runId", intent->run_id, 16);
    assay_json_put_hex(&b, fields, "requestSha256", intent->request_sha256, ASSAY_DIGEST_BYTES);
    assay_json_put_hex(&b, fields, "planSha256", intent->plan_sha256, ASSAY_DIGEST_BYTES);
    put_maybe(&b, fields, "policySha256", intent->policy_sha256, "no policy given");
    assay_json_put_hex(&b, fields, "keyid", intent->keyid.bytes, ASSAY_DIGEST_BYTES);
    assay_json_put_u64(&b, fields, "counter", intent->counter);
    put_maybe(&b, fields, "previous", intent->previous, "first of this key");
    json_t *head = assay_json_put_object(&b, fields, "head");
    assay_json_put_u64(&b, head, "size", intent->head_size);
    assay_json_put_hex(&b, head, "root", intent->head_root.bytes, ASSAY_DIGEST_BYTES);
    put_maybe(&b, fields, "nonce", intent->nonce, "none asked");
    return write_fields(&b, ASSAY_ENTRY_INTENT, fields, key, out, err);
}

assay_code assay_outcome_write(enum assay_entry_kind kind, const uint8_t run_id[16], const struct assay_digest *payload,
                               const struct assay_secret_key *key, struct assay_buf *out, assay_err *err)
{
    struct assay_json_builder b = {0};
    struct assay_public_key public;
    struct assay_digest keyid;
    json_t *fields = json_object();
    assay_secret_key_public(key, &public);
    assay_public_key_id(&public, &keyid);
    assay_json_put_hex(&b, fields, "runId", run_id, 16);
    assay_json_put_hex(&b, fields, "payloadSha256", payload->bytes, ASSAY_DIGEST_BYTES);
    assay_json_put_hex(&b, fields, "keyid", keyid.bytes, ASSAY_DIGEST_BYTES);
    return write_fields(&b, kind, fields, key, out, err);
}

/* ---- reading ---- */

static assay_code get_digest(const json_t *fields, const char *name, struct assay_digest *ret, assay_err *err)
{
    return assay_json_get_hex(fields, name, "", ret->bytes, sizeof ret->bytes, err);
}

/* A digest, or {"absent":why}. */
static assay_code get_maybe(const json_t *fields, const char *name, struct assay_digest *ret, bool *ret_is_there,
                            assay_err *err)
{
    const json_t *value = json_object_get(fields, name);
    *ret_is_there =
        !(json_is_object(value) && json_object_size(value) == 1 && json_is_string(json_object_get(value, "absent")));
    return *ret_is_there ? get_digest(fields, name, ret, err) : ASSAY_OK;
}

/* The key that an entry names is the one that signed it. */
static assay_code check_keyid(const json_t *fields, const struct assay_tlog_row *row, assay_err *err)
{
    struct assay_digest keyid;
    assay_code rc = get_digest(fields, "keyid", &keyid, err);
    return rc == ASSAY_OK && !assay_digest_equal(&keyid, &row->signer)
               ? assay_fail(err, ASSAY_MALFORMED, "/keyid: found another key than the one that signed")
               : rc;
}

static assay_code get_run_id(const json_t *fields, struct assay_tlog_row *ret, assay_err *err)
{
    return assay_json_get_hex(fields, "runId", "", ret->run_id, sizeof ret->run_id, err);
}

static assay_code read_head(const json_t *fields, struct assay_tlog_row *ret, assay_err *err)
{
    static const char *const NAMES[] = {"size", "root", NULL};
    json_t *head = NULL;
    assay_code rc = assay_json_get_object(fields, "head", "", &head, err);
    rc = rc == ASSAY_OK ? assay_json_only(head, NAMES, "/head", err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_u64(head, "size", "/head", &ret->head_size, err) : rc;
    return rc == ASSAY_OK ? get_digest(head, "root", &ret->head_root, err) : rc;
}

static assay_code read_intent(const json_t *fields, struct assay_tlog_row *ret, assay_err *err)
{
    static const char *const NAMES[] = {"runId",   "requestSha256", "planSha256", "policySha256", "keyid",
                                        "counter", "previous",      "head",       "nonce",        NULL};
    struct assay_digest unused;
    bool is_there;
    assay_code rc = assay_json_only(fields, NAMES, "", err);
    rc = rc == ASSAY_OK ? get_run_id(fields, ret, err) : rc;
    rc = rc == ASSAY_OK ? get_digest(fields, "requestSha256", &ret->request, err) : rc;
    rc = rc == ASSAY_OK ? get_digest(fields, "planSha256", &ret->content, err) : rc;
    rc = rc == ASSAY_OK ? get_maybe(fields, "policySha256", &unused, &is_there, err) : rc;
    rc = rc == ASSAY_OK ? check_keyid(fields, ret, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_u64(fields, "counter", "", &ret->counter, err) : rc;
    rc = rc == ASSAY_OK ? get_maybe(fields, "previous", &ret->previous, &ret->has_previous, err) : rc;
    rc = rc == ASSAY_OK ? read_head(fields, ret, err) : rc;
    return rc == ASSAY_OK ? get_maybe(fields, "nonce", &unused, &is_there, err) : rc;
}

static assay_code read_outcome(const json_t *fields, struct assay_tlog_row *ret, assay_err *err)
{
    static const char *const NAMES[] = {"runId", "payloadSha256", "keyid", NULL};
    assay_code rc = assay_json_only(fields, NAMES, "", err);
    rc = rc == ASSAY_OK ? get_run_id(fields, ret, err) : rc;
    rc = rc == ASSAY_OK ? get_digest(fields, "payloadSha256", &ret->content, err) : rc;
    return rc == ASSAY_OK ? check_keyid(fields, ret, err) : rc;
}

static assay_code read_abandoned(const json_t *fields, struct assay_tlog_row *ret, assay_err *err)
{
    static const char *const NAMES[] = {"runId", NULL};
    assay_code rc = assay_json_only(fields, NAMES, "", err);
    return rc == ASSAY_OK ? get_run_id(fields, ret, err) : rc;
}

static assay_code read_policy(const json_t *fields, struct assay_tlog_row *ret, assay_err *err)
{
    static const char *const NAMES[] = {"name", "version", "sha256", NULL};
    const char *name;
    assay_code rc = assay_json_only(fields, NAMES, "", err);
    rc = rc == ASSAY_OK ? assay_json_get_text(fields, "name", "", &name, err) : rc;
    if (rc == ASSAY_OK) {
        assay_sha256_of(name, strlen(name), &ret->request);
    }
    rc = rc == ASSAY_OK ? assay_json_get_u64(fields, "version", "", &ret->version, err) : rc;
    return rc == ASSAY_OK ? get_digest(fields, "sha256", &ret->content, err) : rc;
}

static assay_code read_trust(const json_t *fields, struct assay_tlog_row *ret, assay_err *err)
{
    static const char *const NAMES[] = {"version", "sha256", NULL};
    assay_code rc = assay_json_only(fields, NAMES, "", err);
    rc = rc == ASSAY_OK ? assay_json_get_u64(fields, "version", "", &ret->version, err) : rc;
    return rc == ASSAY_OK ? get_digest(fields, "sha256", &ret->content, err) : rc;
}

static assay_code read_fields(const json_t *body, struct assay_tlog_row *ret, assay_err *err)
{
    static assay_code (*const READ[ASSAY_ENTRY_KIND_COUNT])(const json_t *, struct assay_tlog_row *, assay_err *) = {
        read_intent, read_outcome, read_outcome, read_abandoned, read_policy, read_trust};
    for (int kind = 0; kind < ASSAY_ENTRY_KIND_COUNT; kind++) {
        const json_t *fields = json_object_get(body, KINDS[kind]);
        if (json_is_object(fields) && json_object_size(body) == 1) {
            ret->kind = (enum assay_entry_kind)kind;
            return READ[kind](fields, ret, err);
        }
    }
    return assay_fail(err, ASSAY_MALFORMED, "found no single member of a known kind, expected one");
}

assay_code assay_tlog_row_read(struct assay_slice entry, struct assay_tlog_row *ret, assay_err *err)
{
    struct assay_envelope envelope;
    *ret = (struct assay_tlog_row){.bytes = entry};
    assay_code rc = assay_envelope_open(&KIND, false, entry.data, entry.len, &envelope, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (envelope.signatures_count == 1) {
        ret->signer = envelope.signatures[0].keyid;
        rc = read_fields(envelope.body, ret, err);
    } else {
        rc = assay_fail(err, ASSAY_MALFORMED, "found %zu signatures, expected 1", envelope.signatures_count);
    }
    if (rc != ASSAY_OK) {
        assay_wrap(err, "%s", KIND.what);
    }
    assay_envelope_done(&envelope);
    return rc;
}

assay_code assay_tlog_row_is_signed_by(const struct assay_tlog_row *row, const struct assay_public_key *key, bool *ret,
                                       assay_err *err)
{
    struct assay_envelope envelope;
    assay_code rc = assay_envelope_open(&KIND, false, row->bytes.data, row->bytes.len, &envelope, err);
    if (rc == ASSAY_OK) {
        rc = assay_envelope_is_signed_by(&envelope, &KIND, key, ret, err);
        assay_envelope_done(&envelope);
    }
    return rc;
}
