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
    if (len < room) {
        memcpy(state->buf + held, bytes, len);
        return;
    }
    memcpy(state->buf + held, bytes, room);
    sha256_fast_blocks(state->state, state->buf, 1);
    bytes += room;
    len -= room;
    sha256_fast_blocks(state->state, bytes, len / SHA256_BLOCK_BYTES);
    memcpy(state->buf, bytes + len / SHA256_BLOCK_BYTES * SHA256_BLOCK_BYTES, len % SHA256_BLOCK_BYTES);
}

void assay_sha256_add(struct assay_sha256 *hash, const void *bytes, size_t len)
{
    assert(bytes || len == 0);
    if (sha256_fast_is_there()) {
        add_fast(&hash->state, bytes ? bytes : "", len);
        return;
    }
    int rc = crypto_hash_sha256_update(&hash->state, bytes, len);
    assert(rc == 0);
}

static void put_big_endian(uint64_t value, size_t len, unsigned char *to)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = (unsigned char)(value >> 8 * (len - 1 - i));
    }
}

static void put_state(const uint32_t state[8], struct assay_digest *ret)
{
    for (size_t i = 0; i < 8; i++) {
        put_big_endian(state[i], 4, ret->bytes + 4 * i);
    }
}

/* Behind the last bytes, fewer than a block, one bit, zeros, and the length in 64 bits fill the last block, or two. */
static void end_fast(uint32_t state[8], const unsigned char *rest, size_t rest_len, uint64_t bits,
                     struct assay_digest *ret)
{
    unsigned char last[2 * SHA256_BLOCK_BYTES];
    assert(rest_len < SHA256_BLOCK_BYTES);
    size_t blocks = rest_len < SHA256_BLOCK_BYTES - 8 ? 1 : 2;
    memset(last, 0, sizeof last);
    memcpy(last, rest, rest_len);
    last[rest_len] = 0x80;
    put_big_endian(bits, 8, last + blocks * SHA256_BLOCK_BYTES - 8);
    sha256_fast_blocks(state, last, blocks);
    put_state(state, ret);
}

void assay_sha256_end(struct assay_sha256 *hash, struct assay_digest *ret)
{
    if (sha256_fast_is_there()) {
        end_fast(hash->state.state, hash->state.buf, buffered(&hash->state), hash->state.count, ret);
        return;
    }
    int rc = crypto_hash_sha256_final(&hash->state, ret->bytes);
    assert(rc == 0);
}

/* ---- one message in one go: whole blocks from where they lie; trees and logs hash millions of short ones ---- */

static void start(uint32_t state[8])
{
    static const uint32_t INITIAL[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, /* FIPS 180-4, section 5.3.3 */
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(state, INITIAL, sizeof INITIAL);
}

static void go_on_to_end(uint32_t state[8], const unsigned char *bytes, size_t len, uint64_t bits,
                         struct assay_digest *ret)
{
    size_t whole = len / SHA256_BLOCK_BYTES;
    sha256_fast_blocks(state, bytes, whole);
    end_fast(state, bytes + whole * SHA256_BLOCK_BYTES, len % SHA256_BLOCK_BYTES, bits, ret);
}

void assay_sha256_of(const void *bytes, size_t len, struct assay_digest *ret)
{
    assert(bytes || len == 0);
    if (sha256_fast_is_there()) {
        uint32_t state[8];
        start(state);
        go_on_to_end(state, bytes ? bytes : "", len, (uint64_t)len * 8, ret);
        return;
    }
    struct assay_sha256 hash;
    assay_sha256_init(&hash);
    assay_sha256_add(&hash, bytes, len);
    assay_sha256_end(&hash, ret);
}

static void of_prefixed_fast(unsigned char prefix, const unsigned char *bytes, size_t len, struct assay_digest *ret)
{
    const uint64_t bits = ((uint64_t)len + 1) * 8;
    uint32_t state[8];
    unsigned char first[SHA256_BLOCK_BYTES];
    const size_t room = sizeof first - 1;
    start(state);
    first[0] = prefix;
    if (len < room) {
        memcpy(first + 1, bytes, len);
        end_fast(state, first, len + 1, bits, ret);
        return;
    }
    memcpy(first + 1, bytes, room);
    sha256_fast_blocks(state, first, 1);
    go_on_to_end(state, bytes + room, len - room, bits, ret);
}

void sha256_of_prefixed(unsigned char prefix, const void *bytes, size_t len, struct assay_digest *ret)
{
    assert(bytes || len == 0);
    if (sha256_fast_is_there()) {
        of_prefixed_fast(prefix, bytes ? bytes : "", len, ret);
        return;
    }
    struct assay_sha256 hash;
    assay_sha256_init(&hash);
    assay_sha256_add(&hash, &prefix, 1);
    assay_sha256_add(&hash, bytes, len);
    assay_sha256_end(&hash, ret);
}

/* ---- two messages at once ---- */

#define END_BYTES 9 /* the mark and the length */

size_t sha256_prefixed_blocks(size_t len)
{
    return (1 + len + END_BYTES + SHA256_BLOCK_BYTES - 1) / SHA256_BLOCK_BYTES;
}

void sha256_of_prefixed_two(unsigned char prefix, const void *const bytes[2], const size_t lens[2],
                            struct assay_digest *const ret[2])
{
    unsigned char messages[2][SHA256_TWO_BLOCKS_MAX * SHA256_BLOCK_BYTES];
    uint32_t states[2][8];
    size_t blocks = sha256_prefixed_blocks(lens[0]), end = blocks * SHA256_BLOCK_BYTES;
    assert(blocks == sha256_prefixed_blocks(lens[1]) && blocks <= SHA256_TWO_BLOCKS_MAX);
    for (size_t i = 0; i < 2; i++) {
        messages[i][0] = prefix;
        memcpy(messages[i] + 1, bytes[i], lens[i]);
        memset(messages[i] + 1 + lens[i], 0, end - 1 - lens[i]);
        messages[i][1 + lens[i]] = 0x80;
        put_big_endian(((uint64_t)lens[i] + 1) * 8, 8, messages[i] + end - 8);
        start(states[i]);
    }
    sha256_fast_blocks_two(states, messages[0], messages[1], blocks);
    for (size_t i = 0; i < 2; i++) {
        put_state(states[i], ret[i]);
    }
}

void assay_digest_print(const struct assay_digest *digest, char text[ASSAY_DIGEST_TEXT_BYTES])
{
    assay_hex_print(digest->bytes, sizeof digest->bytes, text);
}

bool assay_digest_read(const char *text, struct assay_digest *ret)
{
    struct assay_digest digest;
    if (strnlen(text, ASSAY_DIGEST_TEXT_BYTES) != ASSAY_DIGEST_TEXT_BYTES - 1 ||
        !assay_hex_read(text, digest.bytes, sizeof digest.bytes)) {
        return false;
    }
    *ret = digest;
    return true;
}

bool assay_digest_equal(const struct assay_digest *a, const struct assay_digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0; /* digests are public: time need not be constant */
}
