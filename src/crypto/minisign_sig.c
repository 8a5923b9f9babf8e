#include "crypto/crypto.h"

#include "base/text.h"
#include "crypto/minisign_text.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define PREHASH_BYTES 64 /* BLAKE2b-512 */
#define LINE_BYTES (2 + ASSAY_KEY_NUMBER_BYTES + ASSAY_SIGNATURE_BYTES)

static const char COMMENT[] = "untrusted comment: ", TRUSTED[] = "trusted comment: ", WHAT[] = "minisign signature";

static void make_prehash(const void *bytes, size_t len, unsigned char ret[PREHASH_BYTES])
{
    int rc = crypto_generichash(ret, PREHASH_BYTES, bytes, len, NULL, 0);
    assert(rc == 0);
    (void)rc;
}

/* What the global signature covers: the signature (without algorithm and key number), then the trusted comment. */
static assay_code global_text(const unsigned char *signature, const char *trusted, size_t trusted_len,
                              struct assay_buf *ret, assay_err *err)
{
    assay_buf_append(ret, signature, ASSAY_SIGNATURE_BYTES);
    assay_buf_append(ret, trusted, trusted_len);
    return assay_buf_check(ret, err);
}

assay_code assay_minisign_sign(const struct assay_secret_key *key, const struct assay_key_number *number,
                               const void *bytes, size_t len, const char *trusted_comment, struct assay_buf *out,
                               assay_err *err)
{
    assert(key && number && trusted_comment && out);
    unsigned char prehash[PREHASH_BYTES], line[LINE_BYTES] = {'E', 'D'}, global[ASSAY_SIGNATURE_BYTES];
    unsigned char *signature = line + 2 + ASSAY_KEY_NUMBER_BYTES;
    struct assay_buf covered;
    size_t comment_len = strlen(trusted_comment);
    if (comment_len > ASSAY_TRUSTED_COMMENT_BYTES_MAX || strpbrk(trusted_comment, "\r\n")) {
        return assay_fail(err, ASSAY_MALFORMED, "a trusted comment is one line of at most %d bytes",
                          ASSAY_TRUSTED_COMMENT_BYTES_MAX);
    }
    make_prehash(bytes, len, prehash);
    memcpy(line + 2, number->bytes, sizeof number->bytes);
    assay_signature_make(key, prehash, sizeof prehash, signature);
    assay_buf_init(&covered, ASSAY_SIGNATURE_BYTES + ASSAY_TRUSTED_COMMENT_BYTES_MAX);
    assay_code rc = global_text(signature, trusted_comment, comment_len, &covered, err);
    if (rc == ASSAY_OK) {
        assay_signature_make(key, covered.data, covered.len, global);
        assay_buf_printf(out, "%ssignature from assay secret key\n", COMMENT);
        assay_base64_append(out, line, sizeof line);
        assay_buf_printf(out, "\n%s%s\n", TRUSTED, trusted_comment);
        assay_base64_append(out, global, sizeof global);
        assay_buf_char(out, '\n');
        rc = assay_buf_check(out, err);
    }
    assay_buf_done(&covered);
    return rc;
}

struct lines {
    unsigned char signature[LINE_BYTES], global[ASSAY_SIGNATURE_BYTES];
    struct assay_slice trusted;
};

static assay_code read_lines(const char *text, size_t len, struct lines *ret, assay_err *err)
{
    struct assay_slice rest = {text, len}, comment;
    assay_code rc = minisign_read_comment(&rest, COMMENT, ASSAY_COMMENT_BYTES_MAX, WHAT, &comment, err);
    if (rc == ASSAY_OK) {
        rc = minisign_read_base64(assay_slice_cut(&rest, '\n'), LINE_BYTES, WHAT, ret->signature, err);
    }
    if (rc == ASSAY_OK) {
        rc = minisign_read_comment(&rest, TRUSTED, ASSAY_TRUSTED_COMMENT_BYTES_MAX, WHAT, &ret->trusted, err);
    }
    if (rc == ASSAY_OK) {
        rc = minisign_read_base64(assay_slice_cut(&rest, '\n'), sizeof ret->global, WHAT, ret->global, err);
    }
    return rc == ASSAY_OK ? minisign_read_end(rest, WHAT, err) : rc;
}

static enum assay_signature_state check_file(const struct assay_public_key *key, const struct lines *lines,
                                             const void *bytes, size_t len)
{
    unsigned char prehash[PREHASH_BYTES];
    const unsigned char *signature = lines->signature + 2 + ASSAY_KEY_NUMBER_BYTES;
    if (memcmp(lines->signature, "Ed", 2) == 0) {
        return assay_signature_check(key, bytes, len, signature, ASSAY_SIGNATURE_BYTES);
    }
    make_prehash(bytes, len, prehash);
    return assay_signature_check(key, prehash, sizeof prehash, signature, ASSAY_SIGNATURE_BYTES);
}

static assay_code check_global(const struct assay_public_key *key, const struct lines *lines, assay_err *err)
{
    struct assay_buf covered;
    assay_buf_init(&covered, ASSAY_SIGNATURE_BYTES + ASSAY_TRUSTED_COMMENT_BYTES_MAX);
    assay_code rc = global_text(lines->signature + 2 + ASSAY_KEY_NUMBER_BYTES, lines->trusted.data, lines->trusted.len,
                                &covered, err);
    if (rc == ASSAY_OK && assay_signature_check(key, covered.data, covered.len, lines->global, sizeof lines->global) !=
                              ASSAY_SIGNATURE_GOOD) {
        rc = assay_fail(err, ASSAY_WANTING, "%s: the signature over the trusted comment is false", WHAT);
    }
    assay_buf_done(&covered);
    return rc;
}

assay_code assay_minisign_verify(const struct assay_public_key *key, const struct assay_key_number *number,
                                 const void *bytes, size_t len, const char *signature, size_t signature_len,
                                 struct assay_minisign_check how, assay_err *err)
{
    assert(key && number && signature);
    struct lines lines;
    assay_code rc = read_lines(signature, signature_len, &lines, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    bool is_hashed = memcmp(lines.signature, "ED", 2) == 0, is_unhashed = memcmp(lines.signature, "Ed", 2) == 0;
    if (!is_hashed && !(is_unhashed && how.takes_unhashed)) {
        return assay_fail(err, ASSAY_MALFORMED, "%s: the algorithm is %s, expected 'ED'", WHAT,
                          is_unhashed ? "'Ed' (not hashed)" : "unknown");
    }
    if (memcmp(lines.signature + 2, number->bytes, sizeof number->bytes) != 0) {
        return assay_fail(err, ASSAY_WANTING, "%s: it is by another key", WHAT);
    }
    if (check_file(key, &lines, bytes, len) != ASSAY_SIGNATURE_GOOD) {
        return assay_fail(err, ASSAY_WANTING, "%s: the signature over the file is false", WHAT);
    }
    return check_global(key, &lines, err);
}
