#include "crypto/crypto.h"

#include "base/mem.h"
#include "base/text.h"
#include "crypto/minisign_text.h"

#include <assert.h>
#include <endian.h>
#include <sodium.h>
#include <string.h>

/* The 158 bytes of a secret key file. */
enum {
    AT_ALGORITHM = 0,
    AT_KDF = 2,
    AT_CHECKSUM_KIND = 4,
    AT_SALT = 6,
    AT_OPERATIONS = AT_SALT + ASSAY_KEY_SALT_BYTES,
    AT_MEMORY = AT_OPERATIONS + 8,
    AT_SEALED = AT_MEMORY + 8, /* from here to the end XORed with the stream */
    AT_SECRET = AT_SEALED + ASSAY_KEY_NUMBER_BYTES,
    AT_CHECKSUM = AT_SECRET + ASSAY_SECRET_KEY_BYTES,
    CHECKSUM_BYTES = 32,
    SECRET_FILE_BYTES = AT_CHECKSUM + CHECKSUM_BYTES,
    SEALED_BYTES = SECRET_FILE_BYTES - AT_SEALED,
    PUBLIC_FILE_BYTES = 2 + ASSAY_KEY_NUMBER_BYTES + ASSAY_PUBLIC_KEY_BYTES
};

#define SECRET_TEXT_BYTES (2 * SECRET_FILE_BYTES) /* base64 takes four for three */

static const char COMMENT[] = "untrusted comment: ";

void assay_key_number_print(const struct assay_key_number *number, char text[ASSAY_KEY_NUMBER_TEXT_BYTES])
{
    static const char DIGITS[] = "0123456789ABCDEF";
    for (size_t i = 0; i < ASSAY_KEY_NUMBER_BYTES; i++) { /* a little-endian number */
        unsigned char byte = number->bytes[ASSAY_KEY_NUMBER_BYTES - 1 - i];
        text[2 * i] = DIGITS[byte >> 4];
        text[2 * i + 1] = DIGITS[byte & 15];
    }
    text[2 * ASSAY_KEY_NUMBER_BYTES] = '\0';
}

/* ---- two lines: a comment, base64 ---- */

assay_code minisign_read_base64(struct assay_slice line, size_t bytes, const char *what, unsigned char *ret,
                                assay_err *err)
{
    struct assay_buf decoded;
    assay_buf_init(&decoded, bytes);
    (void)assay_buf_reserve(&decoded, bytes); /* grown once: an outgrown copy of a secret would not be wiped */
    assay_code rc = assay_base64_decode(line.data ? line.data : "", line.len, &decoded, err);
    if (rc == ASSAY_OK && decoded.len != bytes) {
        rc = assay_fail(err, ASSAY_MALFORMED, "found %zu bytes, expected %zu", decoded.len, bytes);
    } else if (rc == ASSAY_TOO_LARGE) {
        rc = assay_fail(err, ASSAY_MALFORMED, "found more than %zu bytes, expected %zu", bytes, bytes);
    }
    if (rc == ASSAY_OK) {
        memcpy(ret, decoded.data, bytes);
    } else {
        assay_wrap(err, "%s", what);
    }
    if (decoded.data) {
        assay_wipe(decoded.data, decoded.len);
    }
    assay_buf_done(&decoded);
    return rc;
}

assay_code minisign_read_comment(struct assay_slice *rest, const char *prefix, size_t bytes_max, const char *what,
                                 struct assay_slice *ret, assay_err *err)
{
    struct assay_slice line = assay_slice_cut(rest, '\n');
    size_t prefix_len = strlen(prefix);
    if (!assay_slice_starts(line, prefix)) {
        return assay_fail(err, ASSAY_MALFORMED, "%s: a line is missing that starts with '%s'", what, prefix);
    }
    if (line.len - prefix_len > bytes_max) {
        return assay_fail(err, ASSAY_MALFORMED, "%s: a comment of %zu bytes, expected at most %zu", what,
                          line.len - prefix_len, bytes_max);
    }
    *ret = (struct assay_slice){line.data + prefix_len, line.len - prefix_len};
    return ASSAY_OK;
}

assay_code minisign_read_end(struct assay_slice rest, const char *what, assay_err *err)
{
    return rest.len == 0 ? ASSAY_OK
                         : assay_fail(err, ASSAY_MALFORMED, "%s: found %zu bytes behind the last line, expected none",
                                      what, rest.len);
}

static assay_code read_key_lines(const char *text, size_t len, const char *what, size_t bytes, unsigned char *ret,
                                 assay_err *err)
{
    struct assay_slice rest = {text, len}, comment;
    assay_code rc = minisign_read_comment(&rest, COMMENT, ASSAY_COMMENT_BYTES_MAX, what, &comment, err);
    rc = rc == ASSAY_OK ? minisign_read_base64(assay_slice_cut(&rest, '\n'), bytes, what, ret, err) : rc;
    rc = rc == ASSAY_OK ? minisign_read_end(rest, what, err) : rc;
    if (rc == ASSAY_OK && memcmp(ret, "Ed", 2) != 0) {
        rc = assay_fail(err, ASSAY_MALFORMED, "%s: the algorithm is not 'Ed'", what);
    }
    return rc;
}

/* ---- public key ---- */

assay_code assay_minisign_public_read(const char *text, size_t len, struct assay_public_key *ret,
                                      struct assay_key_number *ret_number, assay_err *err)
{
    static const char WHAT[] = "public key file";
    unsigned char bytes[PUBLIC_FILE_BYTES];
    assay_code rc = read_key_lines(text, len, WHAT, sizeof bytes, bytes, err);
    if (rc == ASSAY_OK) {
        rc = assay_public_key_read(bytes + 2 + ASSAY_KEY_NUMBER_BYTES, ret, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "%s", WHAT);
        }
    }
    if (rc == ASSAY_OK) {
        memcpy(ret_number->bytes, bytes + 2, sizeof ret_number->bytes);
    }
    return rc;
}

void assay_minisign_public_write(const struct assay_public_key *key, const struct assay_key_number *number,
                                 struct assay_buf *out)
{
    unsigned char bytes[PUBLIC_FILE_BYTES] = {'E', 'd'};
    char text[ASSAY_KEY_NUMBER_TEXT_BYTES];
    memcpy(bytes + 2, number->bytes, sizeof number->bytes);
    memcpy(bytes + 2 + sizeof number->bytes, key->bytes, sizeof key->bytes);
    assay_key_number_print(number, text);
    assay_buf_printf(out, "%sminisign public key %s\n", COMMENT, text);
    assay_base64_append(out, bytes, sizeof bytes);
    assay_buf_char(out, '\n');
}

/* ---- secret key ---- */

static uint64_t read_le64(const unsigned char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

static void write_le64(unsigned char *at, uint64_t value)
{
    uint64_t written = htole64(value);
    memcpy(at, &written, sizeof written);
}

bool minisign_scrypt_is_allowed(uint64_t operations, uint64_t memory)
{
    return operations <= ASSAY_SCRYPT_OPERATIONS_MAX && memory <= ASSAY_SCRYPT_MEMORY_MAX;
}

static assay_code apply_stream(unsigned char *file, const char *password, size_t password_len, assay_err *err)
{
    unsigned char stream[SEALED_BYTES];
    uint64_t operations = read_le64(file + AT_OPERATIONS), memory = read_le64(file + AT_MEMORY);
    if (!minisign_scrypt_is_allowed(operations, memory)) {
        return assay_fail(err, ASSAY_TOO_LARGE,
                          "secret key file: scrypt with %llu operations and %llu bytes, expected at most %llu and %llu",
                          (unsigned long long)operations, (unsigned long long)memory,
                          (unsigned long long)ASSAY_SCRYPT_OPERATIONS_MAX, (unsigned long long)ASSAY_SCRYPT_MEMORY_MAX);
    }
    if (crypto_pwhash_scryptsalsa208sha256(stream, sizeof stream, password, password_len, file + AT_SALT, operations,
                                           (size_t)memory) != 0) {
        return assay_nomem(err);
    }
    for (size_t i = 0; i < sizeof stream; i++) {
        file[AT_SEALED + i] ^= stream[i];
    }
    assay_wipe(stream, sizeof stream);
    return ASSAY_OK;
}

/* BLAKE2b-256 of algorithm, key number and secret key. */
static void make_checksum(const unsigned char *file, unsigned char ret[CHECKSUM_BYTES])
{
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, CHECKSUM_BYTES);
    (void)crypto_generichash_update(&state, file + AT_ALGORITHM, 2);
    (void)crypto_generichash_update(&state, file + AT_SEALED, AT_CHECKSUM - AT_SEALED);
    (void)crypto_generichash_final(&state, ret, CHECKSUM_BYTES);
    assay_wipe(&state, sizeof state);
}

static assay_code read_secret_lines(const char *text, size_t len, unsigned char *file, bool *ret_is_locked,
                                    assay_err *err)
{
    static const char WHAT[] = "secret key file";
    assay_code rc = read_key_lines(text, len, WHAT, SECRET_FILE_BYTES, file, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    bool is_scrypt = memcmp(file + AT_KDF, "Sc", 2) == 0, is_open = memcmp(file + AT_KDF, "\0\0", 2) == 0;
    if (!is_scrypt && !is_open) {
        return assay_fail(err, ASSAY_MALFORMED, "%s: the key derivation is neither scrypt nor none", WHAT);
    }
    if (memcmp(file + AT_CHECKSUM_KIND, "B2", 2) != 0) {
        return assay_fail(err, ASSAY_MALFORMED, "%s: the checksum is not BLAKE2b", WHAT);
    }
    *ret_is_locked = is_scrypt;
    return ASSAY_OK;
}

assay_code assay_minisign_secret_is_locked(const char *text, size_t len, bool *ret, assay_err *err)
{
    unsigned char file[SECRET_FILE_BYTES];
    assay_code rc = read_secret_lines(text, len, file, ret, err);
    assay_wipe(file, sizeof file);
    return rc;
}

static assay_code check_secret(const unsigned char *file, bool is_locked, assay_err *err)
{
    unsigned char checksum[CHECKSUM_BYTES];
    make_checksum(file, checksum);
    if (!is_locked && sodium_is_zero(file + AT_CHECKSUM, CHECKSUM_BYTES)) {
        return ASSAY_OK; /* minisign -W leaves it out, and checks none */
    }
    if (sodium_memcmp(checksum, file + AT_CHECKSUM, sizeof checksum) == 0) {
        return ASSAY_OK;
    }
    return is_locked ? assay_fail(err, ASSAY_WANTING, "secret key file: the password is not that of the key")
                     : assay_fail(err, ASSAY_MALFORMED, "secret key file: the checksum is wrong");
}

assay_code assay_minisign_secret_read(const char *text, size_t len, const char *password, size_t password_len,
                                      struct assay_secret_key *ret, struct assay_key_number *ret_number, assay_err *err)
{
    unsigned char file[SECRET_FILE_BYTES];
    bool is_locked = false;
    assay_code rc = read_secret_lines(text, len, file, &is_locked, err);
    if (rc == ASSAY_OK && is_locked) {
        rc = password ? apply_stream(file, password, password_len, err)
                      : assay_fail(err, ASSAY_WANTING, "secret key file: it is encrypted, and no password was given");
    }
    rc = rc == ASSAY_OK ? check_secret(file, is_locked, err) : rc;
    rc = rc == ASSAY_OK ? assay_secret_key_read(file + AT_SECRET, ret, err) : rc;
    if (rc == ASSAY_OK) {
        memcpy(ret_number->bytes, file + AT_SEALED, sizeof ret_number->bytes);
    }
    assay_wipe(file, sizeof file);
    return rc;
}

assay_code assay_minisign_secret_write(const struct assay_secret_key *key, const struct assay_key_number *number,
                                       const struct assay_key_lock *lock, struct assay_buf *out, assay_err *err)
{
    unsigned char file[SECRET_FILE_BYTES] = {'E', 'd', 0, 0, 'B', '2'};
    assay_code rc = ASSAY_OK;
    memcpy(file + AT_SEALED, number->bytes, sizeof number->bytes);
    memcpy(file + AT_SECRET, key->bytes, sizeof key->bytes);
    make_checksum(file, file + AT_CHECKSUM);
    if (lock->password) {
        memcpy(file + AT_KDF, "Sc", 2);
        memcpy(file + AT_SALT, lock->salt, sizeof lock->salt);
        write_le64(file + AT_OPERATIONS,
                   lock->operations ? lock->operations : crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE);
        write_le64(file + AT_MEMORY,
                   lock->memory ? lock->memory : crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE);
        rc = apply_stream(file, lock->password, lock->password_len, err);
    }
    if (rc == ASSAY_OK) {
        assay_buf_printf(out, "%sminisign %s secret key\n", COMMENT, lock->password ? "encrypted" : "unencrypted");
        (void)assay_buf_reserve(out, SECRET_TEXT_BYTES); /* grown once: an outgrown copy would not be wiped */
        assay_base64_append(out, file, sizeof file);
        assay_buf_char(out, '\n');
        rc = assay_buf_check(out, err);
    }
    assay_wipe(file, sizeof file);
    return rc;
}
