#include "crypto/sha256_fast.h"

#include <assert.h>

/* The SHA instructions of x86 (SHA256RNDS2, SHA256MSG1, SHA256MSG2): some five times what plain C does. This file is
 * compiled with them, and its blocks are called only where the processor has them. */

#if defined(__x86_64__) && defined(__SHA__) && defined(__SSE4_1__) && __has_include(<sys/platform/x86.h>)

#include <immintrin.h>
#include <sys/platform/x86.h>

bool sha256_fast_is_there(void)
{
    return CPU_FEATURE_ACTIVE(SHA) && CPU_FEATURE_ACTIVE(SSE4_1);
}

/* FIPS 180-4, section 4.2.2 */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* Four rounds: SHA256RNDS2 does two, and swaps the halves of the state. */
static void four_rounds(__m128i *abef, __m128i *cdgh, __m128i words, const uint32_t *constants)
{
    __m128i sum = _mm_add_epi32(words, _mm_loadu_si128((const void *)constants));
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sum);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(sum, 0x0E));
}

/* The next four words from the sixteen before (section 6.2.2, step 1). */
static __m128i next_words(__m128i w0, __m128i w4, __m128i w8, __m128i w12)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w4), _mm_alignr_epi8(w12, w8, 4));
    return _mm_sha256msg2_epu32(sum, w12);
}

static void one_block(__m128i *abef, __m128i *cdgh, const unsigned char *block)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const __m128i abef_before = *abef, cdgh_before = *cdgh;
    __m128i w[4];
    for (int i = 0; i < 4; i++) {
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const void *)(block + 16 * i)), big_endian);
        four_rounds(abef, cdgh, w[i], K + 4 * i);
    }
    for (int i = 16; i < 64; i += 16) {
        for (int j = 0; j < 4; j++) { /* each quarter replaces the one of sixteen words before */
            w[j] = next_words(w[j], w[(j + 1) & 3], w[(j + 2) & 3], w[(j + 3) & 3]);
            four_rounds(abef, cdgh, w[j], K + i + 4 * j);
        }
    }
    *abef = _mm_add_epi32(*abef, abef_before);
    *cdgh = _mm_add_epi32(*cdgh, cdgh_before);
}

/* A block of each of two messages: the rounds of one wait for each other, and those of the other fill the wait. */
static void two_blocks(__m128i abef[2], __m128i cdgh[2], const unsigned char *const blocks[2])
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const __m128i before[4] = {abef[0], cdgh[0], abef[1], cdgh[1]};
    __m128i a[4], b[4];
    for (int i = 0; i < 4; i++) {
        a[i] = _mm_shuffle_epi8(_mm_loadu_si128((const void *)(blocks[0] + 16 * i)), big_endian);
        b[i] = _mm_shuffle_epi8(_mm_loadu_si128((const void *)(blocks[1] + 16 * i)), big_endian);
        four_rounds(&abef[0], &cdgh[0], a[i], K + 4 * i);
        four_rounds(&abef[1], &cdgh[1], b[i], K + 4 * i);
    }
    for (int i = 16; i < 64; i += 16) {
        for (int j = 0; j < 4; j++) {
            a[j] = next_words(a[j], a[(j + 1) & 3], a[(j + 2) & 3], a[(j + 3) & 3]);
            b[j] = next_words(b[j], b[(j + 1) & 3], b[(j + 2) & 3], b[(j + 3) & 3]);
            four_rounds(&abef[0], &cdgh[0], a[j], K + i + 4 * j);
            four_rounds(&abef[1], &cdgh[1], b[j], K + i + 4 * j);
        }
    }
    for (int i = 0; i < 2; i++) {
        abef[i] = _mm_add_epi32(abef[i], before[2 * i]);
        cdgh[i] = _mm_add_epi32(cdgh[i], before[2 * i + 1]);
    }
}

/* The instructions want the state as (a b e f) and (c d g h). */
static void load_state(const uint32_t state[8], __m128i *abef, __m128i *cdgh)
{
    __m128i dcba = _mm_loadu_si128((const void *)state), hgfe = _mm_loadu_si128((const void *)(state + 4));
    __m128i cdab = _mm_shuffle_epi32(dcba, 0xB1), efgh = _mm_shuffle_epi32(hgfe, 0x1B);
    *abef = _mm_alignr_epi8(cdab, efgh, 8);
    *cdgh = _mm_blend_epi16(efgh, cdab, 0xF0);
}

static void store_state(__m128i abef, __m128i cdgh, uint32_t state[8])
{
    __m128i feba = _mm_shuffle_epi32(abef, 0x1B), dchg = _mm_shuffle_epi32(cdgh, 0xB1);
    _mm_storeu_si128((void *)state, _mm_blend_epi16(feba, dchg, 0xF0));
    _mm_storeu_si128((void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

void sha256_fast_blocks(uint32_t state[8], const unsigned char *blocks, size_t count)
{
    __m128i abef, cdgh;
    assert(sha256_fast_is_there());
    load_state(state, &abef, &cdgh);
    for (size_t i = 0; i < count; i++) {
        one_block(&abef, &cdgh, blocks + SHA256_BLOCK_BYTES * i);
    }
    store_state(abef, cdgh, state);
}

void sha256_fast_blocks_two(uint32_t state[2][8], const unsigned char *a, const unsigned char *b, size_t count)
{
    __m128i abef[2], cdgh[2];
    assert(sha256_fast_is_there());
    load_state(state[0], &abef[0], &cdgh[0]);
    load_state(state[1], &abef[1], &cdgh[1]);
    for (size_t i = 0; i < count; i++) {
        two_blocks(abef, cdgh, (const unsigned char *const[]){a + SHA256_BLOCK_BYTES * i, b + SHA256_BLOCK_BYTES * i});
    }
    store_state(abef[0], cdgh[0], state[0]);
    store_state(abef[1], cdgh[1], state[1]);
}

#else

bool sha256_fast_is_there(void)
{
    return false;
}

void sha256_fast_blocks(uint32_t state[8], const unsigned char *blocks, size_t count)
{
    (void)state;
    (void)blocks;
    assert(count == 0);
}

void sha256_fast_blocks_two(uint32_t state[2][8], const unsigned char *a, const unsigned char *b, size_t count)
{
    (void)state;
    (void)a;
    (void)b;
    assert(count == 0);
}

#endif
