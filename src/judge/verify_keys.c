#include "judge/judge_room.h"

#include "base/clock.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* CRYPTO: each signature against the trust file (evidence.md 2.1, 2.4). No key inside a document is ever trusted; a
 * keyid is a hint that decides nothing. */

/* When the document says it was finished; imported summaries say nothing, and are as old as now. */
static int64_t dated_s(const struct judge *judge)
{
    const char *text = json_string_value(assay_json_at(judge->statement, "/predicate/attempts/finishedAt"));
    int64_t seconds;
    return text && assay_time_read(text, &seconds) ? seconds : (int64_t)(judge->input->now_real_ns / ASSAY_NS_PER_S);
}

/* The earliest time from outside at which the signature was there, else what the document says of itself. */
static int64_t signed_s(const struct judge *judge)
{
    return judge->outside.has_after ? judge->outside.after_s : dated_s(judge);
}

/* After the revocation only what witnesses saw before it stays good; the document's own date is a label. */
static bool is_revoked(const struct judge *judge, const struct assay_trust_key *key)
{
    return key->is_revoked && !(judge->outside.has_after && judge->outside.after_s < key->revoked_at_s);
}

/* Why a key of the trust file may not sign this document, as a violation; true if it may. */
static bool may_sign(struct judge *judge, const struct assay_trust_key *key, const char *place)
{
    const char *runner = json_string_value(assay_json_at(judge->statement, "/predicate/tier/runnerId"));
    int64_t date = signed_s(judge);
    if (key->role != ASSAY_ROLE_RECEIPT) {
        judge_add(judge, GATE_KEY_ROLE, ASSAY_VERDICT_FAIL, place, assay_role_text(key->role), "a key of role receipt");
        return false;
    }
    if (runner && !assay_trust_key_has_runner(key, runner)) {
        judge_add(judge, GATE_KEY_ROLE, ASSAY_VERDICT_FAIL, "/predicate/tier/runnerId", runner,
                  "a runnerId that the trust file lists for the key");
        return false;
    }
    if (is_revoked(judge, key) || date < key->not_before_s || date > key->not_after_s) {
        judge_add(judge, GATE_KEY_DATE, ASSAY_VERDICT_FAIL, place,
                  is_revoked(judge, key)     ? "a key that was revoked"
                  : date < key->not_before_s ? "a key that was not yet valid"
                                             : "a key that was no longer valid",
                  "a key that is valid at the time of signing");
        return false;
    }
    return true;
}

static enum assay_signature_state check_bytes(struct judge *judge, const struct assay_public_key *key,
                                              const struct assay_buf *signature)
{
    enum assay_signature_state state = ASSAY_SIGNATURE_FALSE;
    const char *type = judge_text_of(judge->envelope, "payloadType");
    if (assay_dsse_check(key, type, judge->payload.data ? judge->payload.data : "", judge->payload.len,
                         (const unsigned char *)signature->data, signature->len, &state, NULL) != ASSAY_OK) {
        judge->is_out_of_memory = true;
    }
    return state;
}

/* The bytes of a signature; false if they were refused while reading. In interop also in the URL alphabet. */
static bool read_signature(struct judge *judge, const json_t *entry, struct assay_buf *ret)
{
    char standard[2 * ASSAY_SIGNATURE_BYTES];
    const char *text = judge_text_of(entry, "sig");
    size_t len = strlen(text);
    assay_buf_init(ret, ASSAY_SIGNATURE_BYTES);
    if (len >= sizeof standard) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool is_url = judge->input->is_interop;
        standard[i] = (char)(is_url && text[i] == '-' ? '+' : is_url && text[i] == '_' ? '/' : text[i]);
    }
    assay_code rc = assay_base64_decode(standard, len, ret, NULL);
    judge->is_out_of_memory = judge->is_out_of_memory || rc == ASSAY_NO_MEMORY;
    return rc == ASSAY_OK && ret->len == ASSAY_SIGNATURE_BYTES;
}

static void count_good(struct judge *judge, const struct assay_trust_key *key)
{
    if (judge->good_keys++ == 0) {
        judge->signer = judge->out->signer = key->keyid;
        judge->out->has_signer = true;
    }
}

/* Strict: every signature is by a key of the file that may sign, and is good. */
static void check_strict(struct judge *judge, const json_t *entry, size_t index)
{
    struct assay_digest keyid;
    struct assay_buf signature;
    char place[64];
    if (!assay_digest_read(judge_text_of(entry, "keyid"), &keyid)) {
        return; /* 205 was said */
    }
    const struct assay_trust_key *key = assay_trust_key_find(judge->trust, &keyid);
    (void)snprintf(place, sizeof place, "/signatures/%zu/keyid", index);
    if (!key) {
        judge_fail(judge, GATE_KEY_UNKNOWN, place, json_object_get(entry, "keyid"), "a key of the trust file");
        return;
    }
    if (!may_sign(judge, key, place)) {
        return;
    }
    (void)snprintf(place, sizeof place, "/signatures/%zu/sig", index);
    if (read_signature(judge, entry, &signature)) {
        enum assay_signature_state state = check_bytes(judge, &key->public, &signature);
        if (state == ASSAY_SIGNATURE_GOOD) {
            count_good(judge, key);
        } else if (state == ASSAY_SIGNATURE_OUTSIDE) {
            judge_add(judge, GATE_PROFILE, ASSAY_VERDICT_FAIL, place, "a signature whose R is outside the profile",
                      "a canonical point of the prime-order subgroup");
        } else {
            judge_add(judge, GATE_SIGNATURE, ASSAY_VERDICT_FAIL, place, "a signature that is false",
                      "the key's signature over the payload");
        }
    }
    assay_buf_done(&signature);
}

/* Interop: one good signature a key is enough, whatever its keyid says; the others are not looked at. */
static void check_interop(struct judge *judge, const json_t *signatures, const struct assay_trust_key *key)
{
    const json_t *entry;
    size_t i;
    json_array_foreach(signatures, i, entry)
    {
        struct assay_buf signature;
        bool is_good = read_signature(judge, entry, &signature) &&
                       check_bytes(judge, &key->public, &signature) == ASSAY_SIGNATURE_GOOD;
        char place[64];
        (void)snprintf(place, sizeof place, "/signatures/%zu/keyid", i);
        assay_buf_done(&signature);
        if (is_good) {
            if (may_sign(judge, key, place)) {
                count_good(judge, key);
            }
            return;
        }
    }
}

static void check_signatures(struct judge *judge)
{
    const json_t *signatures = json_object_get(judge->envelope, "signatures");
    if (json_array_size(signatures) == 0) {
        judge_add(judge, GATE_UNSIGNED, ASSAY_VERDICT_FAIL, "/signatures", "no signature",
                  "one, as a trust file was given");
        return;
    }
    if (judge->input->is_interop) {
        for (size_t i = 0; i < judge->trust->keys_count; i++) {
            check_interop(judge, signatures, &judge->trust->keys[i]);
        }
    } else {
        const json_t *entry;
        size_t i;
        json_array_foreach(signatures, i, entry)
        {
            check_strict(judge, entry, i);
        }
    }
    if (judge->good_keys < judge->trust->receipt_threshold && !judge_has(judge, 201, 209, ASSAY_VERDICT_FAIL)) {
        char found[64], expected[64];
        (void)snprintf(found, sizeof found, "%zu good signatures by keys of the trust file", judge->good_keys);
        (void)snprintf(expected, sizeof expected, "%llu", (unsigned long long)judge->trust->receipt_threshold);
        judge_add(judge, GATE_THRESHOLD, ASSAY_VERDICT_FAIL, "/signatures", found, expected);
    }
}

void judge_keys(struct judge *judge)
{
    if (judge->trust && judge->payload.data &&
        json_array_size(json_object_get(judge->envelope, "signatures")) <= ASSAY_ENVELOPE_SIGNATURES_MAX) {
        check_signatures(judge);
    }
}
