#include "crypto/crypto.h"

#include <assert.h>
#include <string.h>

_Static_assert(ASSAY_DIGEST_BYTES == crypto_hash_sha256_BYTES, "one size of digest");

/* libsodium's functions return an int that is always 0; the asserts keep that promise visible. */

void assay_sha256_init(struct assay_sha256 *hash)
{
    int rc = crypto_hash_sha256_init(&hash->state);
    assert(rc == 0);
}

void assay_sha256_add(struct assay_sha256 *hash, const void *bytes, size_t len)
{
    int rc = len > 0 ? crypto_hash_sha256_update(&hash->state, bytes, len) : 0;
    assert(rc == 0);
}

void assay_sha256_end(struct assay_sha256 *hash, struct assay_digest *ret)
{
    int rc = crypto_hash_sha256_final(&hash->state, ret->bytes);
    assert(rc == 0);
}

void assay_sha256_of(const void *bytes, size_t len, struct assay_digest *ret)
{
    struct assay_sha256 hash;
    assay_sha256_init(&hash);
    assay_sha256_add(&hash, bytes, len);
    assay_sha256_end(&hash, ret);
}

void assay_hex_print(const void *bytes, size_t len, char *text)
{
    static const char DIGITS[] = "0123456789abcdef";
    const unsigned char *from = bytes;
    for (size_t i = 0; i < len; i++) {
        *text++ = DIGITS[from[i] >> 4];
        *text++ = DIGITS[from[i] & 15];
    }
    *text = '\0';
}

void assay_digest_print(const struct assay_digest *digest, char text[ASSAY_DIGEST_TEXT_BYTES])
{
    assay_hex_print(digest->bytes, sizeof digest->bytes, text);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool assay_digest_read(const char *text, struct assay_digest *ret)
{
    struct assay_digest digest;
    for (size_t i = 0; i < sizeof digest.bytes; i++) {
        int high = hex_digit(text[2 * i]), low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0) {
            return false; /* also at the end of a text that is too short */
        }
        digest.bytes[i] = (unsigned char)(high << 4 | low);
    }
    if (text[2 * sizeof digest.bytes] != '\0') {
        return false;
    }
    *ret = digest;
    return true;
}

bool assay_digest_equal(const struct assay_digest *a, const struct assay_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0; /* digests are public: time need not be constant */
}
