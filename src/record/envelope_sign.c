#include "record/envelope.h"

#include "record/receipt.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BASE64_SIGNATURE_LEN 88 /* of 64 bytes */

static int by_keyid(const void *a, const void *b)
{
    const struct assay_envelope_signature *x = a, *y = b;
    return memcmp(x->keyid.bytes, y->keyid.bytes, sizeof x->keyid.bytes);
}

static assay_code sign_all(const char *type, const struct assay_buf *payload,
                           const struct assay_secret_key *const *keys, size_t count,
                           struct assay_envelope_signature *ret, assay_err *err)
{
    for (size_t i = 0; i < count; i++) {
        struct assay_public_key public;
        assay_secret_key_public(keys[i], &public);
        assay_public_key_id(&public, &ret[i].keyid);
        assay_code rc = assay_dsse_sign(keys[i], type, payload->data, payload->len, ret[i].bytes, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    qsort(ret, count, sizeof ret[0], by_keyid);
    const struct assay_envelope_signature *before = NULL;
    for (size_t i = 0; i < count; i++) {
        if (before && by_keyid(before, &ret[i]) == 0) {
            return assay_fail(err, ASSAY_USAGE, "one key was given twice");
        }
        before = &ret[i];
    }
    return ASSAY_OK;
}

static assay_code put_signatures(struct assay_json_builder *b, json_t *envelope,
                                 const struct assay_envelope_signature *signatures, size_t count, assay_err *err)
{
    json_t *list = assay_json_put_array(b, envelope, "signatures");
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        struct assay_buf text;
        assay_buf_init(&text, BASE64_SIGNATURE_LEN + 1);
        assay_base64_append(&text, signatures[i].bytes, sizeof signatures[i].bytes);
        rc = assay_buf_check(&text, err);
        json_t *entry = assay_json_add_object(b, list);
        assay_json_put_hex(b, entry, "keyid", signatures[i].keyid.bytes, sizeof signatures[i].keyid.bytes);
        assay_json_put_text(b, entry, "sig", rc == ASSAY_OK ? text.data : "");
        assay_buf_done(&text);
    }
    return rc;
}

assay_code assay_envelope_write(const char *type, const json_t *body, const struct assay_secret_key *const *keys,
                                size_t keys_count, struct assay_buf *out, assay_err *err)
{
    assert(type && body && out && (keys || keys_count == 0));
    struct assay_envelope_signature signatures[ASSAY_ENVELOPE_SIGNATURES_MAX];
    struct assay_buf payload, base64;
    struct assay_json_builder b = {0};
    json_t *envelope = NULL;
    if (keys_count > ASSAY_ENVELOPE_SIGNATURES_MAX) {
        return assay_fail(err, ASSAY_USAGE, "%zu keys, expected at most %d", keys_count, ASSAY_ENVELOPE_SIGNATURES_MAX);
    }
    assay_buf_init(&payload, ASSAY_PAYLOAD_BYTES_MAX);
    assay_buf_init(&base64, ASSAY_ENVELOPE_BYTES_MAX);
    assay_code rc = assay_json_canon(body, &payload, err);
    rc = rc == ASSAY_OK ? assay_buf_check(&payload, err) : rc;
    rc = rc == ASSAY_OK ? sign_all(type, &payload, keys, keys_count, signatures, err) : rc;
    if (rc == ASSAY_OK) {
        assay_base64_append(&base64, payload.data, payload.len);
        rc = assay_buf_check(&base64, err);
    }
    if (rc == ASSAY_OK) {
        envelope = json_object();
        assay_json_put_text(&b, envelope, "payload", base64.data);
        assay_json_put_text(&b, envelope, "payloadType", type);
        rc = put_signatures(&b, envelope, signatures, keys_count, err);
    }
    rc = rc == ASSAY_OK ? assay_json_builder_check(&b, envelope, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_canon(envelope, out, err) : rc;
    rc = rc == ASSAY_OK ? assay_buf_check(out, err) : rc;
    json_decref(envelope);
    assay_buf_done(&payload);
    assay_buf_done(&base64);
    return rc;
}

/* ---- reading ---- */

static assay_code read_signature(const json_t *entry, struct assay_envelope_signature *ret, assay_err *err)
{
    static const char *const NAMES[] = {"keyid", "sig", NULL};
    static const char AT[] = "/signatures";
    struct assay_buf bytes;
    const char *text = NULL;
    assay_buf_init(&bytes, ASSAY_SIGNATURE_BYTES);
    assay_code rc = assay_json_only(entry, NAMES, AT, err);
    rc = rc == ASSAY_OK ? assay_json_get_hex(entry, "keyid", AT, ret->keyid.bytes, sizeof ret->keyid.bytes, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_text(entry, "sig", AT, &text, err) : rc;
    rc = rc == ASSAY_OK ? assay_base64_decode(text, strlen(text), &bytes, err) : rc;
    if (rc == ASSAY_TOO_LARGE || (rc == ASSAY_OK && bytes.len != ASSAY_SIGNATURE_BYTES)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "%s: a signature has not 64 bytes", AT);
    }
    if (rc == ASSAY_OK) {
        memcpy(ret->bytes, bytes.data, bytes.len);
    }
    assay_buf_done(&bytes);
    return rc;
}

static assay_code read_signatures(const json_t *list, struct assay_envelope *ret, assay_err *err)
{
    size_t count = json_array_size(list);
    if (count > ASSAY_ENVELOPE_SIGNATURES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "/signatures: found %zu, expected at most %d", count,
                          ASSAY_ENVELOPE_SIGNATURES_MAX);
    }
    const struct assay_envelope_signature *before = NULL;
    for (size_t i = 0; i < count; i++) {
        assay_code rc = read_signature(json_array_get(list, i), &ret->signatures[i], err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        if (before && by_keyid(before, &ret->signatures[i]) >= 0) {
            return assay_fail(err, ASSAY_MALFORMED, "/signatures/%zu: not sorted by keyid, or one key twice", i);
        }
        before = &ret->signatures[i];
    }
    ret->signatures_count = count;
    return ASSAY_OK;
}

static assay_code read_payload(const char *text, const struct assay_json_limits *limits, struct assay_envelope *ret,
                               assay_err *err)
{
    assay_code rc = assay_base64_decode(text, strlen(text), &ret->payload, err);
    const char *bytes = ret->payload.data ? ret->payload.data : "";
    rc = rc == ASSAY_OK ? assay_json_read(bytes, ret->payload.len, limits, &ret->body, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_canon_check(ret->body, bytes, ret->payload.len, err) : rc;
    if (rc != ASSAY_OK) {
        assay_wrap(err, "/payload");
    }
    return rc;
}

static assay_code open_envelope(const json_t *envelope, const struct assay_envelope_kind *kind,
                                const struct assay_json_limits *limits, struct assay_envelope *ret, assay_err *err)
{
    static const char *const NAMES[] = {"payload", "payloadType", "signatures", NULL};
    const char *payload = NULL, *type = NULL;
    json_t *list = NULL;
    assay_code rc = assay_json_only(envelope, NAMES, "", err);
    rc = rc == ASSAY_OK ? assay_json_get_text(envelope, "payloadType", "", &type, err) : rc;
    if (rc == ASSAY_OK && strcmp(type, kind->type) != 0) {
        rc = assay_fail(err, ASSAY_MALFORMED, "/payloadType: found '%.64s', expected '%s'", type, kind->type);
    }
    rc = rc == ASSAY_OK ? assay_json_get_array(envelope, "signatures", "", &list, err) : rc;
    rc = rc == ASSAY_OK ? read_signatures(list, ret, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_text(envelope, "payload", "", &payload, err) : rc;
    return rc == ASSAY_OK ? read_payload(payload, limits, ret, err) : rc;
}

assay_code assay_envelope_open(const struct assay_envelope_kind *kind, bool has_line_end, const char *bytes, size_t len,
                               struct assay_envelope *ret, assay_err *err)
{
    assert(kind && bytes && ret);
    struct assay_json_limits limits = assay_json_limits_receipt;
    json_t *envelope = NULL;
    limits.bytes_max = kind->bytes_max;
    *ret = (struct assay_envelope){0};
    assay_buf_init(&ret->payload, kind->bytes_max);
    assay_code rc = assay_json_read(bytes, len, &limits, &envelope, err);
    if (rc == ASSAY_OK && has_line_end && bytes[len - 1] != '\n') {
        rc = assay_fail(err, ASSAY_MALFORMED, "found no line feed at the end, expected one");
    }
    if (rc == ASSAY_OK) {
        rc = assay_json_canon_check(envelope, bytes, len - (has_line_end ? 1 : 0), err);
    }
    rc = rc == ASSAY_OK ? open_envelope(envelope, kind, &limits, ret, err) : rc;
    json_decref(envelope);
    if (rc != ASSAY_OK) {
        assay_wrap(err, "%s", kind->what);
        assay_envelope_done(ret);
    }
    return rc;
}

void assay_envelope_done(struct assay_envelope *envelope)
{
    json_decref(envelope->body);
    assay_buf_done(&envelope->payload);
    *envelope = (struct assay_envelope){0};
}

assay_code assay_envelope_is_signed_by(const struct assay_envelope *envelope, const struct assay_envelope_kind *kind,
                                       const struct assay_public_key *key, bool *ret, assay_err *err)
{
    struct assay_digest keyid;
    *ret = false;
    assay_public_key_id(key, &keyid);
    for (size_t i = 0; i < envelope->signatures_count && !*ret; i++) {
        enum assay_signature_state state;
        const struct assay_envelope_signature *signature = &envelope->signatures[i];
        if (!assay_digest_equal(&signature->keyid, &keyid)) {
            continue; /* strict: the keyid is that of the key, or the signature is none of it */
        }
        assay_code rc = assay_dsse_check(key, kind->type, envelope->payload.data, envelope->payload.len,
                                         signature->bytes, sizeof signature->bytes, &state, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        *ret = state == ASSAY_SIGNATURE_GOOD;
    }
    return ASSAY_OK;
}
