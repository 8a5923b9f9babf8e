#include "crypto/crypto.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

/* SEQUENCE { SEQUENCE { OID 1.3.101.112 }, BIT STRING of 33 bytes } up to the key itself (RFC 8410, section 4). */
static const unsigned char SPKI_HEAD[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

assay_code assay_public_key_read(const unsigned char bytes[ASSAY_PUBLIC_KEY_BYTES], struct assay_public_key *ret,
                                 assay_err *err)
{
    assert(bytes && ret);
    if (crypto_core_ed25519_is_valid_point(bytes) != 1) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "the key is no canonical encoding of a point of the prime-order subgroup of Ed25519");
    }
    memcpy(ret->bytes, bytes, sizeof ret->bytes);
    return ASSAY_OK;
}

void assay_public_key_id(const struct assay_public_key *key, struct assay_digest *ret)
{
    struct assay_sha256 hash;
    assay_sha256_init(&hash);
    assay_sha256_add(&hash, SPKI_HEAD, sizeof SPKI_HEAD);
    assay_sha256_add(&hash, key->bytes, sizeof key->bytes);
    assay_sha256_end(&hash, ret);
}

/* From 1.0.19 on (library version 26) libsodium multiplies by the cofactor and takes an R outside the subgroup. Before,
 * it compared the encoding of [S]B - [h]A with R: A and B are in the subgroup, so what it took is R's canonical
 * encoding and in the subgroup, and testing R again would cost most of a verification and find nothing. */
#define COFACTORED_SINCE 26

static bool is_r_shown_by_acceptance(void)
{
    return sodium_library_version_major() < COFACTORED_SINCE;
}

enum assay_signature_state assay_signature_check(const struct assay_public_key *key, const void *message, size_t len,
                                                 const unsigned char *signature, size_t signature_len)
{
    assert(key && (message || len == 0) && (signature || signature_len == 0));
    if (signature_len != ASSAY_SIGNATURE_BYTES) {
        return ASSAY_SIGNATURE_FALSE;
    }
    bool is_taken = crypto_sign_verify_detached(signature, message, len, key->bytes) == 0;
    if (is_taken && is_r_shown_by_acceptance()) {
        return ASSAY_SIGNATURE_GOOD;
    }
    if (crypto_core_ed25519_is_valid_point(signature) != 1) { /* R is the first half */
        return ASSAY_SIGNATURE_OUTSIDE;
    }
    return is_taken ? ASSAY_SIGNATURE_GOOD : ASSAY_SIGNATURE_FALSE;
}

void assay_secret_key_init(struct assay_secret_key *key, const unsigned char seed[ASSAY_SEED_BYTES])
{
    unsigned char public[ASSAY_PUBLIC_KEY_BYTES];
    /* A system that locks no memory for this user still has a key that works; the wipe does not depend on it. */
    (void)sodium_mlock(key->bytes, sizeof key->bytes);
    int rc = crypto_sign_seed_keypair(public, key->bytes, seed);
    assert(rc == 0);
    (void)rc;
}

assay_code assay_secret_key_read(const unsigned char bytes[ASSAY_SECRET_KEY_BYTES], struct assay_secret_key *ret,
                                 assay_err *err)
{
    assay_secret_key_init(ret, bytes);
    if (sodium_memcmp(ret->bytes, bytes, sizeof ret->bytes) != 0) {
        assay_secret_key_done(ret);
        return assay_fail(err, ASSAY_MALFORMED, "the secret key's two halves do not belong together");
    }
    return ASSAY_OK;
}

void assay_secret_key_done(struct assay_secret_key *key)
{
    (void)sodium_munlock(key->bytes, sizeof key->bytes); /* wipes, too */
    sodium_memzero(key->bytes, sizeof key->bytes);
}

void assay_secret_key_public(const struct assay_secret_key *key, struct assay_public_key *ret)
{
    memcpy(ret->bytes, key->bytes + ASSAY_SEED_BYTES, sizeof ret->bytes);
}

void assay_signature_make(const struct assay_secret_key *key, const void *message, size_t len,
                          unsigned char ret[ASSAY_SIGNATURE_BYTES])
{
    assert(key && (message || len == 0) && ret);
    int rc = crypto_sign_detached(ret, NULL, message, len, key->bytes);
    assert(rc == 0);
    (void)rc;
}

void assay_wipe(void *bytes, size_t len)
{
    sodium_memzero(bytes, len);
}
