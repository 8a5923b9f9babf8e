/*
 * Crypto: digests, Merkle trees, base64, DSSE, and with headers of their own Ed25519 (ed25519.h), minisign's files
 * (minisign.h), signed notes and checkpoints (note.h), transparency logs (tlog.h), on libsodium.
 *
 * assay_crypto_init() once at program start; everything else is pure and may be called from any thread. Digests have no
 * way to fail.
 *
 *     struct assay_digest root;
 *     struct assay_merkle tree;
 *     assay_merkle_init(&tree);
 *     for (each chunk) { assay_merkle_add(&tree, bytes, len); }
 *     assay_merkle_root(&tree, &root);
 */
#ifndef ASSAY_CRYPTO_CRYPTO_H
#define ASSAY_CRYPTO_CRYPTO_H

#include "base/buf.h"
#include "base/err.h"
#include "base/hex.h"
#include "crypto/ed25519.h"
#include "crypto/minisign.h"
#include "crypto/note.h"
#include "crypto/tlog.h"

#include <sodium/crypto_hash_sha256.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* BUG if libsodium cannot start; UNSUPPORTED if it takes points of order 2L for subgroup points, or a signature whose R
 * is outside the subgroup (ed25519.h). */
assay_code assay_crypto_init(assay_err *err);

/* ---- SHA-256 (FIPS 180-4) --------------------------------------------------------------------------------------- */

#define ASSAY_DIGEST_BYTES 32
#define ASSAY_DIGEST_TEXT_BYTES 65 /* 64 lowercase hex digits and NUL */

struct assay_digest {
    unsigned char bytes[ASSAY_DIGEST_BYTES];
};

struct assay_sha256 {
    crypto_hash_sha256_state state;
};

void assay_sha256_init(struct assay_sha256 *hash);
void assay_sha256_add(struct assay_sha256 *hash, const void *bytes, size_t len);
void assay_sha256_end(struct assay_sha256 *hash, struct assay_digest *ret); /* hash must be initialised again */

void assay_sha256_of(const void *bytes, size_t len, struct assay_digest *ret);

void assay_digest_print(const struct assay_digest *digest, char text[ASSAY_DIGEST_TEXT_BYTES]);
bool assay_digest_read(const char *text, struct assay_digest *ret); /* exactly 64 lowercase hex digits, then NUL */
bool assay_digest_equal(const struct assay_digest *a, const struct assay_digest *b);

/* ---- SipHash-2-4 (Aumasson and Bernstein, 2012) ----------------------------------------------------------------- */

#define ASSAY_SIPHASH_SEED_BYTES 16

/* For tables whose keys others choose: without the seed nobody finds keys that collide. No digest. */
uint64_t assay_siphash(const unsigned char seed[ASSAY_SIPHASH_SEED_BYTES], const void *bytes, size_t len);

/* ---- Merkle tree (RFC 6962, section 2.1) ------------------------------------------------------------------------ */

/* leaf = SHA-256(0x00 || data), node = SHA-256(0x01 || left || right), empty root = SHA-256(""). Leaves come one after
 * the other; only the right edge is kept: at most one digest for each bit of the count. */
#define ASSAY_MERKLE_LEVELS 64

struct assay_merkle {
    uint64_t count;
    struct assay_digest
        edge[ASSAY_MERKLE_LEVELS]; /* edge[i]: perfect subtree of 2^i leaves, valid iff count has bit i */
};

void assay_merkle_init(struct assay_merkle *tree);
void assay_merkle_add(struct assay_merkle *tree, const void *leaf, size_t len);
void assay_merkle_add_hash(struct assay_merkle *tree, const struct assay_digest *leaf_hash);
/* The root of a perfect subtree of 2^level leaves; the tree must have a multiple of that many. */
void assay_merkle_add_subtree(struct assay_merkle *tree, unsigned level, const struct assay_digest *hash);
void assay_merkle_root(const struct assay_merkle *tree, struct assay_digest *ret); /* the tree may go on growing */

void assay_merkle_leaf_hash(const void *leaf, size_t len, struct assay_digest *ret);
/* The same for many, each into its own place; two at once where the processor can. */
void assay_merkle_leaf_hashes(const struct assay_slice *leaves, size_t count, struct assay_digest *const *ret);
void assay_merkle_node_hash(const struct assay_digest *left, const struct assay_digest *right,
                            struct assay_digest *ret);
/* The root of a perfect tree: count is a power of two, at most a tile's. Nodes two at once where the processor can. */
void assay_merkle_perfect_root(const struct assay_digest *hashes, size_t count, struct assay_digest *ret);

/* ---- base64 (RFC 4648, section 4) ------------------------------------------------------------------------------- */

void assay_base64_append(struct assay_buf *out, const void *bytes, size_t len); /* standard alphabet, padded */

/* Appends what the text stands for. MALFORMED, with the position, on anything that assay_base64_append would not have
 * written: other alphabet, white space, missing or surplus padding, stray bits in the last digit. */
assay_code assay_base64_decode(const char *text, size_t len, struct assay_buf *out, assay_err *err);

/* ---- DSSE 1.0.2 ------------------------------------------------------------------------------------------------- */

#define ASSAY_DSSE_IN_TOTO_TYPE "application/vnd.in-toto+json"
#define ASSAY_DSSE_BODY_BYTES_MAX ((size_t)1 << 20) /* what is signed here: receipts, trust files, log entries */

/* Appends the pre-authentication encoding: "DSSEv1 LEN(type) type LEN(body) body". It is what a signature covers. */
void assay_dsse_pae(struct assay_buf *out, const char *type, size_t type_len, const void *body, size_t body_len);

/* SHA-256 of the same, without building it. */
void assay_dsse_pae_digest(const char *type, size_t type_len, const void *body, size_t body_len,
                           struct assay_digest *ret);

/* Signature over the encoding. TOO_LARGE over ASSAY_DSSE_BODY_BYTES_MAX. */
assay_code assay_dsse_sign(const struct assay_secret_key *key, const char *type, const void *body, size_t body_len,
                           unsigned char ret[ASSAY_SIGNATURE_BYTES], assay_err *err);
assay_code assay_dsse_check(const struct assay_public_key *key, const char *type, const void *body, size_t body_len,
                            const unsigned char *signature, size_t signature_len, enum assay_signature_state *ret,
                            assay_err *err);

#endif
