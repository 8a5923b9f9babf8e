#include "crypto/crypto.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define HEAD_BYTES 64 /* "DSSEv1 " and one decimal length, or a space and the other: at most 28 characters each */
#define FRAME_BYTES (2 * HEAD_BYTES)

/* What stands before type and before body. */
static size_t print_type_head(char text[HEAD_BYTES], size_t type_len)
{
    int n = snprintf(text, HEAD_BYTES, "DSSEv1 %zu ", type_len);
    assert(n > 0 && n < HEAD_BYTES);
    return (size_t)n;
}

static size_t print_body_head(char text[HEAD_BYTES], size_t body_len)
{
    int n = snprintf(text, HEAD_BYTES, " %zu ", body_len);
    assert(n > 0 && n < HEAD_BYTES);
    return (size_t)n;
}

void assay_dsse_pae(struct assay_buf *out, const char *type, size_t type_len, const void *body, size_t body_len)
{
    char head[HEAD_BYTES];
    assay_buf_append(out, head, print_type_head(head, type_len));
    assay_buf_append(out, type, type_len);
    assay_buf_append(out, head, print_body_head(head, body_len));
    assay_buf_append(out, body, body_len);
}

void assay_dsse_pae_digest(const char *type, size_t type_len, const void *body, size_t body_len,
                           struct assay_digest *ret)
{
    char head[HEAD_BYTES];
    struct assay_sha256 hash;
    assay_sha256_init(&hash);
    assay_sha256_add(&hash, head, print_type_head(head, type_len));
    assay_sha256_add(&hash, type, type_len);
    assay_sha256_add(&hash, head, print_body_head(head, body_len));
    assay_sha256_add(&hash, body, body_len);
    assay_sha256_end(&hash, ret);
}

/* A signature of Ed25519 needs all bytes at once: it hashes them twice. */
static assay_code encode(const char *type, const void *body, size_t body_len, struct assay_buf *ret, assay_err *err)
{
    size_t type_len = strlen(type);
    assay_buf_init(ret, type_len + ASSAY_DSSE_BODY_BYTES_MAX + FRAME_BYTES);
    if (body_len > ASSAY_DSSE_BODY_BYTES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "%zu bytes to sign, expected at most %zu", body_len,
                          ASSAY_DSSE_BODY_BYTES_MAX);
    }
    assay_dsse_pae(ret, type, type_len, body, body_len);
    return assay_buf_check(ret, err);
}

assay_code assay_dsse_sign(const struct assay_secret_key *key, const char *type, const void *body, size_t body_len,
                           unsigned char ret[ASSAY_SIGNATURE_BYTES], assay_err *err)
{
    struct assay_buf pae;
    assay_code rc = encode(type, body, body_len, &pae, err);
    if (rc == ASSAY_OK) {
        assay_signature_make(key, pae.data, pae.len, ret);
    }
    assay_buf_done(&pae);
    return rc;
}

assay_code assay_dsse_check(const struct assay_public_key *key, const char *type, const void *body, size_t body_len,
                            const unsigned char *signature, size_t signature_len, enum assay_signature_state *ret,
                            assay_err *err)
{
    struct assay_buf pae;
    assay_code rc = encode(type, body, body_len, &pae, err);
    if (rc == ASSAY_OK) {
        *ret = assay_signature_check(key, pae.data, pae.len, signature, signature_len);
    }
    assay_buf_done(&pae);
    return rc;
}
