#include "crypto/crypto.h"

#include "crypto/sha256_fast.h"

#include <assert.h>
#include <string.h>

_Static_assert(ASSAY_DIGEST_BYTES == crypto_hash_sha256_BYTES, "one size of digest");

/* libsodium's functions return an int that is always 0; the asserts keep that promise visible. Where the processor has
 * instructions for it, the same state (its members are public: words, bits so far, the bytes of an unfinished block) is
 * carried on by them. */

void assay_sha256_init(struct assay_sha256 *hash)
{
    int rc = crypto_hash_sha256_init(&hash->state);
    assert(rc == 0);
}

static size_t buffered(const crypto_hash_sha256_state *state)
{
    return (size_t)(state->count / 8 % SHA256_BLOCK_BYTES);
}

static void add_fast(crypto_hash_sha256_state *state, const unsigned char *bytes, size_t len)
{
    size_t held = buffered(state), room = SHA256_BLOCK_BYTES - held;
    state->count += (uint64_t)len * 8;
    if (held > 0) {
        size_t n = len < room ? len : room;
        memcpy(state->buf + held, bytes, n);
        bytes += n;
        len -= n;
        if (n < room) {
            return;
        }
        sha256_fast_blocks(state->state, state->buf, 1);
    }
    sha256_fast_blocks(state->state, bytes, len / SHA256_BLOCK_BYTES);
    memcpy(state->buf, bytes + len / SHA256_BLOCK_BYTES * SHA256_BLOCK_BYTES, len % SHA256_BLOCK_BYTES);
}

void assay_sha256_add(struct assay_sha256 *hash, const void *bytes, size_t len)
{
    if (len > 0 && sha256_fast_is_there()) {
        add_fast(&hash->state, bytes, len);
        return;
    }
    int rc = len > 0 ? crypto_hash_sha256_update(&hash->state, bytes, len) : 0;
    assert(rc == 0);
}

static void put_big_endian(uint64_t value, size_t len, unsigned char *to)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = (unsigned char)(value >> 8 * (len - 1 - i));
    }
}

/* One bit, zeros, and the length in 64 bits fill the last block, or two. */
static void end_fast(crypto_hash_sha256_state *state, unsigned char ret[ASSAY_DIGEST_BYTES])
{
    unsigned char last[2 * SHA256_BLOCK_BYTES] = {0};
    size_t held = buffered(state), blocks = held < SHA256_BLOCK_BYTES - 8 ? 1 : 2;
    memcpy(last, state->buf, held);
    last[held] = 0x80;
    put_big_endian(state->count, 8, last + blocks * SHA256_BLOCK_BYTES - 8);
    sha256_fast_blocks(state->state, last, blocks);
    for (size_t i = 0; i < 8; i++) {
        put_big_endian(state->state[i], 4, ret + 4 * i);
    }
}

void assay_sha256_end(struct assay_sha256 *hash, struct assay_digest *ret)
{
    if (sha256_fast_is_there()) {
        end_fast(&hash->state, ret->bytes);
        return;
    }
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
