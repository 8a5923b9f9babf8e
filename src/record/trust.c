#include "record/trust.h"

#include "base/clock.h"
#include "base/mem.h"

#include <assert.h>
#include <string.h>

static const struct assay_envelope_kind KIND = {
    .type = ASSAY_TRUST_TYPE, .what = "trust file", .bytes_max = ASSAY_TRUST_BYTES_MAX};

static const char *const ROLES[ASSAY_ROLE_COUNT] = {"root", "receipt", "log", "witness"};

const char *assay_role_text(enum assay_role role)
{
    assert((size_t)role < ASSAY_ROLE_COUNT);
    return ROLES[role];
}

/* ---- members ---- */

static assay_code get_time(const json_t *object, const char *name, const char *at, int64_t *ret, assay_err *err)
{
    const char *text;
    assay_code rc = assay_json_get_text(object, name, at, &text, err);
    if (rc == ASSAY_OK && !assay_time_read(text, ret)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "%s/%s: found '%.32s', expected YYYY-MM-DDTHH:MM:SSZ", at, name, text);
    }
    return rc;
}

static assay_code get_role(const json_t *object, const char *at, enum assay_role *ret, assay_err *err)
{
    const char *text;
    assay_code rc = assay_json_get_text(object, "role", at, &text, err);
    for (int role = 0; role < ASSAY_ROLE_COUNT && rc == ASSAY_OK; role++) {
        if (strcmp(ROLES[role], text) == 0) {
            *ret = (enum assay_role)role;
            return ASSAY_OK;
        }
    }
    return rc == ASSAY_OK ? assay_fail(err, ASSAY_MALFORMED,
                                       "%s/role: found '%.32s', expected root, receipt, log or witness", at, text)
                          : rc;
}

static assay_code check_texts(const json_t *list, const char *at, assay_err *err)
{
    const char *before = NULL;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (!text || (before && strcmp(before, text) >= 0)) {
            return assay_fail(err, ASSAY_MALFORMED, "%s/%zu: expected texts, sorted, each once", at, i);
        }
        before = text;
    }
    return ASSAY_OK;
}

/* ---- keys ---- */

static assay_code get_public(const json_t *object, const char *at, struct assay_public_key *ret, assay_err *err)
{
    const char *text;
    struct assay_buf bytes;
    assay_buf_init(&bytes, ASSAY_PUBLIC_KEY_BYTES);
    assay_code rc = assay_json_get_text(object, "public", at, &text, err);
    rc = rc == ASSAY_OK ? assay_base64_decode(text, strlen(text), &bytes, err) : rc;
    if (rc == ASSAY_TOO_LARGE || (rc == ASSAY_OK && bytes.len != ASSAY_PUBLIC_KEY_BYTES)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "a key has not 32 bytes");
    }
    rc = rc == ASSAY_OK ? assay_public_key_read((const unsigned char *)bytes.data, ret, err) : rc;
    if (rc != ASSAY_OK) {
        assay_wrap(err, "%s/public", at);
    }
    assay_buf_done(&bytes);
    return rc;
}

static assay_code check_keyid(const json_t *object, const char *at, struct assay_trust_key *key, assay_err *err)
{
    struct assay_digest told;
    assay_public_key_id(&key->public, &key->keyid);
    assay_code rc = assay_json_get_hex(object, "keyid", at, told.bytes, sizeof told.bytes, err);
    if (rc == ASSAY_OK && !assay_digest_equal(&told, &key->keyid)) {
        char text[ASSAY_DIGEST_TEXT_BYTES];
        assay_digest_print(&key->keyid, text);
        rc = assay_fail(err, ASSAY_MALFORMED, "%s/keyid: the key gives %s", at, text);
    }
    return rc;
}

static assay_code get_revocation(const json_t *object, const char *at, struct assay_trust_key *key, assay_err *err)
{
    const char *reason;
    key->is_revoked = json_object_get(object, "revokedAt") != NULL;
    assay_code rc = key->is_revoked ? get_time(object, "revokedAt", at, &key->revoked_at_s, err) : ASSAY_OK;
    if (rc == ASSAY_OK && json_object_get(object, "reason")) {
        rc = assay_json_get_text(object, "reason", at, &reason, err);
    }
    return rc;
}

static assay_code read_key(const json_t *object, const char *at, struct assay_trust_key *ret, assay_err *err)
{
    static const char *const NAMES[] = {"keyid",     "public",   "minisignId", "role",   "runnerIds",
                                        "notBefore", "notAfter", "revokedAt",  "reason", NULL};
    json_t *runners = NULL;
    const char *number;
    assay_code rc = assay_json_only(object, NAMES, at, err);
    rc = rc == ASSAY_OK ? get_public(object, at, &ret->public, err) : rc;
    rc = rc == ASSAY_OK ? check_keyid(object, at, ret, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_text(object, "minisignId", at, &number, err) : rc;
    rc = rc == ASSAY_OK ? get_role(object, at, &ret->role, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_array(object, "runnerIds", at, &runners, err) : rc;
    rc = rc == ASSAY_OK ? check_texts(runners, at, err) : rc;
    rc = rc == ASSAY_OK ? get_time(object, "notBefore", at, &ret->not_before_s, err) : rc;
    rc = rc == ASSAY_OK ? get_time(object, "notAfter", at, &ret->not_after_s, err) : rc;
    rc = rc == ASSAY_OK ? get_revocation(object, at, ret, err) : rc;
    ret->runner_ids = runners;
    return rc;
}

/* One key, one role: a key that stood twice could have two. */
static assay_code check_order(const struct assay_trust *trust, size_t i, assay_err *err)
{
    bool is_sorted = i == 0 || memcmp(&trust->keys[i - 1].keyid, &trust->keys[i].keyid, sizeof trust->keys->keyid) < 0;
    return is_sorted ? ASSAY_OK
                     : assay_fail(err, ASSAY_MALFORMED, "/keys/%zu: expected keys sorted by keyid, each once", i);
}

static assay_code read_keys(struct assay_trust *trust, assay_err *err)
{
    json_t *list = NULL;
    assay_code rc = assay_json_get_array(trust->envelope.body, "keys", "", &list, err);
    size_t count = json_array_size(list);
    if (rc == ASSAY_OK && count > ASSAY_TRUST_KEYS_MAX) {
        rc = assay_fail(err, ASSAY_TOO_LARGE, "/keys: found %zu, expected at most %d", count, ASSAY_TRUST_KEYS_MAX);
    }
    if (rc == ASSAY_OK) {
        trust->keys = assay_alloc(count, sizeof *trust->keys);
        rc = trust->keys ? ASSAY_OK : assay_nomem(err);
    }
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        struct assay_json_pointer at = {.len = 0};
        (void)assay_json_pointer_name(&at, "keys");
        (void)assay_json_pointer_index(&at, i);
        rc = read_key(json_array_get(list, i), at.text, &trust->keys[i], err);
        rc = rc == ASSAY_OK ? check_order(trust, i, err) : rc;
        trust->keys_count = i + 1;
    }
    return rc;
}

/* ---- logs ---- */

static assay_code read_vkey(const json_t *text, const char *at, enum assay_note_kind kind, struct assay_note_key *ret,
                            assay_err *err)
{
    assay_code rc = json_is_string(text) ? assay_note_key_read(json_string_value(text), ret, err)
                                         : assay_fail(err, ASSAY_MALFORMED, "found no text");
    if (rc == ASSAY_OK && ret->kind != kind) {
        rc = assay_fail(err, ASSAY_MALFORMED, "found a verifier key of type %d, expected %d", ret->kind, kind);
    }
    if (rc != ASSAY_OK) {
        assay_wrap(err, "%s", at);
    }
    return rc;
}

static assay_code read_witnesses(const json_t *list, const char *at, struct assay_trust_log *ret, assay_err *err)
{
    size_t count = json_array_size(list);
    if (count > ASSAY_TRUST_WITNESSES_MAX || ret->quorum > count) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "%s: %zu witnesses with a quorum of %llu, expected a quorum of at most that "
                          "many, and at most %d",
                          at, count, (unsigned long long)ret->quorum, ASSAY_TRUST_WITNESSES_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        assay_code rc = read_vkey(json_array_get(list, i), at, ASSAY_NOTE_COSIGNATURE, &ret->witnesses[i], err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        for (size_t k = 0; k < i; k++) { /* a quorum counts keys, not names */
            if (memcmp(ret->witnesses[k].key.bytes, ret->witnesses[i].key.bytes, ASSAY_PUBLIC_KEY_BYTES) == 0) {
                return assay_fail(err, ASSAY_MALFORMED, "%s: one witness key stands twice", at);
            }
        }
    }
    ret->witnesses_count = count;
    return ASSAY_OK;
}

static assay_code read_log(const json_t *object, const char *at, struct assay_trust_log *ret, assay_err *err)
{
    static const char *const NAMES[] = {"origin", "vkey", "witnesses", "quorum", NULL};
    const char *origin = NULL;
    json_t *witnesses = NULL;
    assay_code rc = assay_json_only(object, NAMES, at, err);
    rc = rc == ASSAY_OK ? assay_json_get_text(object, "origin", at, &origin, err) : rc;
    rc = rc == ASSAY_OK ? read_vkey(json_object_get(object, "vkey"), at, ASSAY_NOTE_ED25519, &ret->log, err) : rc;
    if (rc == ASSAY_OK && strcmp(origin, ret->log.name) != 0) {
        rc = assay_fail(err, ASSAY_MALFORMED, "%s: the key's name is '%.64s', expected the origin '%.64s'", at,
                        ret->log.name, origin);
    }
    rc = rc == ASSAY_OK ? assay_json_get_u64(object, "quorum", at, &ret->quorum, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_array(object, "witnesses", at, &witnesses, err) : rc;
    return rc == ASSAY_OK ? read_witnesses(witnesses, at, ret, err) : rc;
}

static assay_code read_logs(struct assay_trust *trust, assay_err *err)
{
    json_t *list = NULL;
    assay_code rc = assay_json_get_array(trust->envelope.body, "logs", "", &list, err);
    size_t count = json_array_size(list);
    if (rc == ASSAY_OK && count > ASSAY_TRUST_LOGS_MAX) {
        rc = assay_fail(err, ASSAY_TOO_LARGE, "/logs: found %zu, expected at most %d", count, ASSAY_TRUST_LOGS_MAX);
    }
    if (rc == ASSAY_OK) {
        trust->logs = assay_alloc(count, sizeof *trust->logs);
        rc = trust->logs ? ASSAY_OK : assay_nomem(err);
    }
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        rc = read_log(json_array_get(list, i), "/logs", &trust->logs[i], err);
        if (rc == ASSAY_OK && assay_trust_log_find(trust, trust->logs[i].log.name)) {
            rc = assay_fail(err, ASSAY_MALFORMED, "/logs: the origin '%.64s' stands twice", trust->logs[i].log.name);
        }
        trust->logs_count = i + 1;
    }
    return rc;
}

/* ---- the file ---- */

static assay_code get_threshold(const json_t *roles, const char *role, uint64_t *ret, assay_err *err)
{
    static const char *const NAMES[] = {"threshold", NULL};
    json_t *object = NULL;
    assay_code rc = assay_json_get_object(roles, role, "/roles", &object, err);
    rc = rc == ASSAY_OK ? assay_json_only(object, NAMES, "/roles", err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_u64(object, "threshold", "/roles", ret, err) : rc;
    if (rc == ASSAY_OK && (*ret == 0 || *ret > ASSAY_ENVELOPE_SIGNATURES_MAX)) {
        rc = assay_fail(err, ASSAY_MALFORMED, "/roles/%s/threshold: found %llu, expected 1 to %d", role,
                        (unsigned long long)*ret, ASSAY_ENVELOPE_SIGNATURES_MAX);
    }
    return rc;
}

static assay_code read_roles(struct assay_trust *trust, assay_err *err)
{
    static const char *const NAMES[] = {"receipt", "root", NULL};
    json_t *roles = NULL;
    assay_code rc = assay_json_get_object(trust->envelope.body, "roles", "", &roles, err);
    rc = rc == ASSAY_OK ? assay_json_only(roles, NAMES, "/roles", err) : rc;
    rc = rc == ASSAY_OK ? get_threshold(roles, "root", &trust->root_threshold, err) : rc;
    return rc == ASSAY_OK ? get_threshold(roles, "receipt", &trust->receipt_threshold, err) : rc;
}

static assay_code read_min_versions(struct assay_trust *trust, assay_err *err)
{
    json_t *object = NULL;
    uint64_t version;
    assay_code rc = assay_json_get_object(trust->envelope.body, "minVersions", "", &object, err);
    for (void *at = json_object_iter(object); at && rc == ASSAY_OK; at = json_object_iter_next(object, at)) {
        rc = assay_json_get_u64(object, json_object_iter_key(at), "/minVersions", &version, err);
    }
    trust->min_versions = object;
    return rc;
}

static assay_code read_body(struct assay_trust *trust, assay_err *err)
{
    static const char *const NAMES[] = {"version", "issued", "expires", "keys", "roles", "logs", "minVersions", NULL};
    const json_t *body = trust->envelope.body;
    assay_code rc = assay_json_only(body, NAMES, "", err);
    rc = rc == ASSAY_OK ? assay_json_get_u64(body, "version", "", &trust->version, err) : rc;
    if (rc == ASSAY_OK && trust->version == 0) {
        rc = assay_fail(err, ASSAY_MALFORMED, "/version: found 0, expected 1 or more");
    }
    rc = rc == ASSAY_OK ? get_time(body, "issued", "", &trust->issued_s, err) : rc;
    rc = rc == ASSAY_OK ? get_time(body, "expires", "", &trust->expires_s, err) : rc;
    rc = rc == ASSAY_OK ? read_keys(trust, err) : rc;
    rc = rc == ASSAY_OK ? read_roles(trust, err) : rc;
    rc = rc == ASSAY_OK ? read_logs(trust, err) : rc;
    return rc == ASSAY_OK ? read_min_versions(trust, err) : rc;
}

/* How many root keys of `keys` have signed `file`: each counts once. */
static assay_code check_roots(const struct assay_trust *keys, const struct assay_trust *file, const char *whose,
                              assay_err *err)
{
    uint64_t count = 0;
    for (size_t i = 0; i < keys->keys_count; i++) {
        bool is_signed = false;
        if (keys->keys[i].role == ASSAY_ROLE_ROOT) {
            assay_code rc = assay_envelope_is_signed_by(&file->envelope, &KIND, &keys->keys[i].public, &is_signed, err);
            if (rc != ASSAY_OK) {
                return rc;
            }
        }
        count += is_signed ? 1 : 0;
    }
    return count >= keys->root_threshold
               ? ASSAY_OK
               : assay_fail(err, ASSAY_WANTING,
                            "trust file: version %llu is signed by %llu root keys of %s, expected %llu",
                            (unsigned long long)file->version, (unsigned long long)count, whose,
                            (unsigned long long)keys->root_threshold);
}

assay_code assay_trust_read(const char *bytes, size_t len, struct assay_trust **ret, assay_err *err)
{
    assert(bytes && ret);
    struct assay_trust *trust = assay_alloc(1, sizeof *trust);
    if (!trust) {
        return assay_nomem(err);
    }
    assay_code rc = assay_envelope_open(&KIND, true, bytes, len, &trust->envelope, err);
    if (rc == ASSAY_OK) {
        rc = read_body(trust, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "%s", KIND.what);
        }
    }
    rc = rc == ASSAY_OK ? check_roots(trust, trust, "its own", err) : rc;
    assay_sha256_of(bytes, len, &trust->digest);
    if (rc != ASSAY_OK) {
        assay_trust_free(trust);
        return rc;
    }
    *ret = trust;
    return ASSAY_OK;
}

void assay_trust_free(struct assay_trust *trust)
{
    if (trust) {
        assay_envelope_done(&trust->envelope);
        assay_free(trust->keys);
        assay_free(trust->logs);
        assay_free(trust);
    }
}

assay_code assay_trust_follows(const struct assay_trust *old, const struct assay_trust *next, assay_err *err)
{
    assert(old && next);
    if (next->version != old->version + 1) {
        return assay_fail(err, ASSAY_WANTING, "trust file: version %llu after version %llu, expected %llu",
                          (unsigned long long)next->version, (unsigned long long)old->version,
                          (unsigned long long)old->version + 1);
    }
    return check_roots(old, next, "the version before", err);
}

const struct assay_trust_key *assay_trust_key_find(const struct assay_trust *trust, const struct assay_digest *keyid)
{
    for (size_t i = 0; i < trust->keys_count; i++) {
        if (assay_digest_equal(&trust->keys[i].keyid, keyid)) {
            return &trust->keys[i];
        }
    }
    return NULL;
}

const struct assay_trust_log *assay_trust_log_find(const struct assay_trust *trust, const char *origin)
{
    for (size_t i = 0; i < trust->logs_count; i++) {
        if (strcmp(trust->logs[i].log.name, origin) == 0) {
            return &trust->logs[i];
        }
    }
    return NULL;
}

bool assay_trust_key_has_runner(const struct assay_trust_key *key, const char *runner_id)
{
    for (size_t i = 0; i < json_array_size(key->runner_ids); i++) {
        if (strcmp(json_string_value(json_array_get(key->runner_ids, i)), runner_id) == 0) {
            return true;
        }
    }
    return false;
}

assay_code assay_trust_write(const json_t *body, const struct assay_secret_key *const *roots, size_t roots_count,
                             struct assay_buf *out, assay_err *err)
{
    assay_code rc = assay_envelope_write(ASSAY_TRUST_TYPE, body, roots, roots_count, out, err);
    if (rc == ASSAY_OK) {
        assay_buf_char(out, '\n');
        rc = assay_buf_check(out, err);
    }
    return rc;
}
