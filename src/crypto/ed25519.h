/*
 * Ed25519 (RFC 8032, pure) under one fixed profile, so that every version of libsodium gives the same verdict.
 *
 * A signature is good iff S < L, the key A and the point R are canonical encodings of points of the prime-order
 * subgroup, and libsodium's verification accepts. A is tested once, when the key is read (assay_public_key_read); R is
 * tested with each signature. For such points the cofactored equation (libsodium from 1.0.19) and the cofactorless one
 * (1.0.18) agree. assay_crypto_init refuses to go on with a libsodium that takes points of order 2L for subgroup
 * points.
 *
 * Secret keys stand in memory that is kept from the swap where the system allows it; assay_secret_key_done wipes them.
 * Nothing here draws random bytes: seeds are arguments.
 */
#ifndef ASSAY_CRYPTO_ED25519_H
#define ASSAY_CRYPTO_ED25519_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define ASSAY_PUBLIC_KEY_BYTES 32
#define ASSAY_SECRET_KEY_BYTES 64 /* seed and public key, as libsodium and minisign keep it */
#define ASSAY_SEED_BYTES 32
#define ASSAY_SIGNATURE_BYTES 64

struct assay_digest;

struct assay_public_key {
    unsigned char bytes[ASSAY_PUBLIC_KEY_BYTES];
};

struct assay_secret_key {
    unsigned char bytes[ASSAY_SECRET_KEY_BYTES];
};

enum assay_signature_state {
    ASSAY_SIGNATURE_GOOD,
    ASSAY_SIGNATURE_FALSE,  /* wrong length, S not below L, or the equation does not hold */
    ASSAY_SIGNATURE_OUTSIDE /* R is no canonical encoding of a subgroup point */
};

/* MALFORMED if the bytes are no canonical encoding of a point of the prime-order subgroup. */
assay_code assay_public_key_read(const unsigned char bytes[ASSAY_PUBLIC_KEY_BYTES], struct assay_public_key *ret,
                                 assay_err *err);

/* Lowercase hex SHA-256 of the DER SubjectPublicKeyInfo (RFC 8410, 44 bytes): a hint that decides nothing. */
void assay_public_key_id(const struct assay_public_key *key, struct assay_digest *ret);

/* Any signature length is taken; only 64 bytes can be good. */
enum assay_signature_state assay_signature_check(const struct assay_public_key *key, const void *message, size_t len,
                                                 const unsigned char *signature, size_t signature_len);

/* The caller's struct is locked in memory until _done, which wipes it. */
void assay_secret_key_init(struct assay_secret_key *key, const unsigned char seed[ASSAY_SEED_BYTES]);
/* From seed and public key as they stand in a key file; MALFORMED if they do not belong together. */
assay_code assay_secret_key_read(const unsigned char bytes[ASSAY_SECRET_KEY_BYTES], struct assay_secret_key *ret,
                                 assay_err *err);
void assay_secret_key_done(struct assay_secret_key *key); /* fine on a zeroed one */
void assay_secret_key_public(const struct assay_secret_key *key, struct assay_public_key *ret);

void assay_signature_make(const struct assay_secret_key *key, const void *message, size_t len,
                          unsigned char ret[ASSAY_SIGNATURE_BYTES]);

/* Overwrites what was secret; the compiler may not leave it out. */
void assay_wipe(void *bytes, size_t len);

#endif
