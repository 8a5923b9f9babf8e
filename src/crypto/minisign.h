/*
 * minisign: its key files and signature files, byte for byte, so that `minisign` and `assay` read each other's.
 *
 * Key file NAME.pub: an untrusted comment, then base64 of `Ed`, key number (8 bytes), key (32). NAME.key: a comment,
 * then base64 of 158 bytes: `Ed`, `Sc` (scrypt) or two zero bytes (not encrypted), `B2`, salt 32, opslimit u64,
 * memlimit u64, then key number 8, secret key 64, BLAKE2b-256 32, these 104 bytes XORed with the scrypt stream.
 * Signature file: comment, base64(algorithm, key number, signature), `trusted comment: ...`, base64(signature over
 * signature and trusted comment). `ED` signs BLAKE2b-512 of the file and is what is written; `Ed` signs the file
 * itself and is read only where the caller asks for it (a signature over raw bytes could pass for one of another kind).
 *
 * Errors: MALFORMED (with what and where), TOO_LARGE (limits of scrypt), WANTING (a password that is not the key's).
 */
#ifndef ASSAY_CRYPTO_MINISIGN_H
#define ASSAY_CRYPTO_MINISIGN_H

#include "base/buf.h"
#include "crypto/ed25519.h"

#include <stdint.h>

#define ASSAY_KEY_NUMBER_BYTES 8
#define ASSAY_KEY_SALT_BYTES 32
#define ASSAY_KEY_FILE_BYTES_MAX 4096                   /* comment of 1,024 and 212 characters of base64, with room */
#define ASSAY_MINISIG_BYTES_MAX 16384                   /* comments of 1,024 and 8,192 bytes and two lines of base64 */
#define ASSAY_COMMENT_BYTES_MAX 1024                    /* minisign's */
#define ASSAY_TRUSTED_COMMENT_BYTES_MAX 8192            /* minisign's */
#define ASSAY_SCRYPT_MEMORY_MAX ((uint64_t)1 << 30)     /* evidence.md 2.3 */
#define ASSAY_SCRYPT_OPERATIONS_MAX ((uint64_t)1 << 28) /* 8 times minisign's own: about ten seconds */

struct assay_key_number {
    unsigned char bytes[ASSAY_KEY_NUMBER_BYTES];
};

/* How a secret key file is encrypted. Zeroed: not at all. */
struct assay_key_lock {
    const char *password; /* NULL: not encrypted */
    size_t password_len;
    unsigned char salt[ASSAY_KEY_SALT_BYTES];
    uint64_t operations, memory; /* 0: those of minisign */
};

assay_code assay_minisign_public_read(const char *text, size_t len, struct assay_public_key *ret,
                                      struct assay_key_number *ret_number, assay_err *err);
void assay_minisign_public_write(const struct assay_public_key *key, const struct assay_key_number *number,
                                 struct assay_buf *out);

/* Whether the file needs a password; MALFORMED as _secret_read. */
assay_code assay_minisign_secret_is_locked(const char *text, size_t len, bool *ret, assay_err *err);
/* password may be NULL for a file that is not encrypted. The caller owns ret (assay_secret_key_done). */
assay_code assay_minisign_secret_read(const char *text, size_t len, const char *password, size_t password_len,
                                      struct assay_secret_key *ret, struct assay_key_number *ret_number,
                                      assay_err *err);
/* Wipe `out` (assay_wipe) before it is released. */
assay_code assay_minisign_secret_write(const struct assay_secret_key *key, const struct assay_key_number *number,
                                       const struct assay_key_lock *lock, struct assay_buf *out, assay_err *err);

/* "58F9C1...": the key number as minisign shows it, 16 upper-case hex digits. */
#define ASSAY_KEY_NUMBER_TEXT_BYTES 17
void assay_key_number_print(const struct assay_key_number *number, char text[ASSAY_KEY_NUMBER_TEXT_BYTES]);

/* The four lines of a `.minisig`, algorithm `ED`. MALFORMED: a comment with a line end or over its limit. */
assay_code assay_minisign_sign(const struct assay_secret_key *key, const struct assay_key_number *number,
                               const void *bytes, size_t len, const char *trusted_comment, struct assay_buf *out,
                               assay_err *err);

struct assay_minisign_check {
    bool takes_unhashed; /* also algorithm `Ed`: interop */
};

/* OK; WANTING: a signature is false or of another key; MALFORMED: no signature file. */
assay_code assay_minisign_verify(const struct assay_public_key *key, const struct assay_key_number *number,
                                 const void *bytes, size_t len, const char *signature, size_t signature_len,
                                 struct assay_minisign_check how, assay_err *err);

#endif
