/* pack_ternary_lane2_avx2, pack_tq2_lane2_avx2, pack_tq1_lane2_avx2, pack_iq2bn_lane2_avx2: a unit of eight rows at a
 * time. */
#include "kernel/families.h"
#include "kernel/pack/pack.h"
#include "kernel/part.h"

#ifdef __AVX2__

#include "kernel/avx2.h"

#include <string.h>

/* Word w of row r goes to word r of vector w. */
KERNEL_INLINE void turn_words(__m256i v[TERNARY_GROUP])
{
    __m256i t[TERNARY_GROUP], u[TERNARY_GROUP];
    for (int i = 0; i < 4; i++) {
        t[2 * i] = _mm256_unpacklo_epi32(v[2 * i], v[2 * i + 1]);
        t[2 * i + 1] = _mm256_unpackhi_epi32(v[2 * i], v[2 * i + 1]);
    }
    for (int i = 0; i < 2; i++) {
        u[4 * i] = _mm256_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
        u[4 * i + 1] = _mm256_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
        u[4 * i + 2] = _mm256_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
        u[4 * i + 3] = _mm256_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
    }
    for (int i = 0; i < 4; i++) {
        v[i] = _mm256_permute2x128_si256(u[i], u[4 + i], 0x20);
        v[4 + i] = _mm256_permute2x128_si256(u[i], u[4 + i], 0x31);
    }
}

/* Bits of a at `shift` above `mask` change places with those of b in it. */
#define EXCHANGE(a, b, shift, mask)                                                            \
    do {                                                                                       \
        __m256i x_ = _mm256_and_si256(_mm256_xor_si256(_mm256_srli_epi32(a, shift), b), mask); \
        (b) = _mm256_xor_si256(b, x_);                                                         \
        (a) = _mm256_xor_si256(a, _mm256_slli_epi32(x_, shift));                               \
    } while (0)

/* Pair f of word p goes to pair p of word f. */
KERNEL_INLINE void turn_pairs(__m256i v[PACK_PLANES])
{
    const __m256i nibbles = _mm256_set1_epi8(0x0f), pairs = _mm256_set1_epi8(0x33);
    EXCHANGE(v[0], v[2], 4, nibbles);
    EXCHANGE(v[1], v[3], 4, nibbles);
    EXCHANGE(v[0], v[1], 2, pairs);
    EXCHANGE(v[2], v[3], 2, pairs);
}

KERNEL_INLINE void put_units(enum pack_source source, __m256i v[TERNARY_GROUP], uint8_t *to)
{
    turn_words(v);
    turn_pairs(v);
    turn_pairs(v + PACK_PLANES);
    for (size_t e = 0; e < 2; e++) {
        for (size_t f = 0; f < PACK_PLANES; f++) {
            _mm256_storeu_si256((__m256i *)(to + pack_chunk(source, e, f) * TERNARY_CHUNK_BYTES), v[4 * e + f]);
        }
    }
}

/* ---- trits -------------------------------------------------------------------------------------------------------*/

KERNEL_INLINE __m256i three_times(__m256i bytes)
{
    return _mm256_add_epi8(_mm256_add_epi8(bytes, bytes), bytes);
}

/* 3 b >> 8 of each byte: 1 from 86 on, 2 from 171 on. */
KERNEL_INLINE __m256i trits_of(__m256i bytes)
{
    const __m256i one = _mm256_set1_epi8(86), two = _mm256_set1_epi8((char)171);
    __m256i is_one = _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, one), bytes);
    __m256i is_two = _mm256_cmpeq_epi8(_mm256_max_epu8(bytes, two), bytes);
    return _mm256_sub_epi8(_mm256_setzero_si256(), _mm256_add_epi8(is_one, is_two));
}

/* All bits of the bytes that five trits do not give: -13 b mod 256 is 243 or more. */
KERNEL_INLINE __m256i no_fives(__m256i bytes)
{
    __m256i four = _mm256_add_epi8(_mm256_add_epi8(bytes, bytes), _mm256_add_epi8(bytes, bytes));
    __m256i times = _mm256_add_epi8(_mm256_add_epi8(four, four), _mm256_add_epi8(four, bytes));
    __m256i rest = _mm256_sub_epi8(_mm256_setzero_si256(), times);
    return _mm256_cmpeq_epi8(_mm256_max_epu8(rest, _mm256_set1_epi8((char)243)), rest);
}

KERNEL_INLINE __m256i pairs_of(__m256i a, __m256i b, __m256i c, __m256i d)
{
    __m256i low = _mm256_or_si256(a, _mm256_slli_epi16(b, 2)), high = _mm256_or_si256(c, _mm256_slli_epi16(d, 2));
    return _mm256_or_si256(low, _mm256_slli_epi16(high, 4));
}

/* A block of TQ1_0 as the two units of TQ2_0; returns bits that are not 0 where a byte is none of trits. */
KERNEL_INLINE __m256i units_of_trits(const uint8_t *block, __m256i *ret_first, __m256i *ret_second)
{
    uint32_t last;
    memcpy(&last, block + PACK_TQ1_FIVES, sizeof last);
    __m256i wide = _mm256_loadu_si256((const __m256i *)block);
    __m256i narrow = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)(block + 32)));
    __m256i bad = _mm256_or_si256(no_fives(wide), no_fives(_mm256_zextsi128_si256(_mm256_castsi256_si128(narrow))));
    for (int i = 0; i < 4; i++) {
        bad = pack_is_four((uint8_t)(last >> 8 * i)) ? bad : _mm256_set1_epi8(-1);
    }
    __m256i v[8], powers[4]; /* of the four last bytes, times 1, 3, 9, 27 */
    __m256i tail = _mm256_castsi128_si256(_mm_cvtsi32_si128((int)last));
    for (int i = 0; i < 5; i++, wide = three_times(wide)) {
        v[i] = trits_of(wide);
    }
    for (int i = 0; i < 4; i++, tail = three_times(tail)) {
        powers[i] = tail;
    }
    __m256i lasts =
        _mm256_unpacklo_epi64(_mm256_unpacklo_epi32(powers[0], powers[1]), _mm256_unpacklo_epi32(powers[2], powers[3]));
    for (int i = 0; i < 3; i++) {
        __m256i next = three_times(narrow);
        __m128i high = _mm256_castsi256_si128(i < 2 ? next : lasts);
        v[5 + i] = trits_of(_mm256_inserti128_si256(narrow, high, 1));
        narrow = three_times(next);
    }
    *ret_first = pairs_of(v[0], v[1], v[2], v[3]);
    *ret_second = pairs_of(v[4], v[5], v[6], v[7]);
    return bad;
}

/* ---- groups of rows ----------------------------------------------------------------------------------------------*/

struct group {
    const uint8_t *rows[TERNARY_GROUP];
    size_t count; /* of rows that there are */
};

KERNEL_INLINE bool is_silent(enum pack_source source, const uint8_t *row, size_t columns, size_t unit)
{
    size_t bytes = pack_scale_bytes(source);
    return bytes > 0 && pack_is_zero(row + pack_scale_at(source, unit / pack_scale_units(source, columns)), bytes);
}

/* Unit by unit; in `bad` the lowest bit of each pair that is code 3. */
KERNEL_INLINE __m256i pack_pairs(enum pack_source source, const struct group *group, size_t columns, uint8_t *to)
{
    const __m256i ones = _mm256_set1_epi8(PACK_ONES);
    __m256i bad = _mm256_setzero_si256();
    for (size_t unit = 0; unit < columns / TERNARY_UNIT; unit++, to += TERNARY_UNIT_BYTES * TERNARY_GROUP) {
        const size_t at = pack_unit_at(source, unit);
        __m256i v[TERNARY_GROUP];
        for (size_t r = 0; r < TERNARY_GROUP; r++) {
            v[r] = ones;
            if (r < group->count) {
                v[r] = _mm256_loadu_si256((const __m256i *)(group->rows[r] + at));
                bad = _mm256_or_si256(bad, _mm256_and_si256(v[r], _mm256_srli_epi32(v[r], 1)));
                v[r] = is_silent(source, group->rows[r], columns, unit) ? ones : v[r];
            }
        }
        put_units(source, v, to);
    }
    return _mm256_and_si256(bad, _mm256_set1_epi8(PACK_ONES));
}

KERNEL_INLINE __m256i pack_trits(const struct group *group, size_t columns, uint8_t *to)
{
    const __m256i ones = _mm256_set1_epi8(PACK_ONES);
    __m256i bad = _mm256_setzero_si256();
    for (size_t block = 0; block < columns / PACK_BLOCK; block++) {
        __m256i first[TERNARY_GROUP], second[TERNARY_GROUP];
        for (size_t r = 0; r < TERNARY_GROUP; r++) {
            first[r] = second[r] = ones;
            if (r < group->count) {
                const uint8_t *at = group->rows[r] + block * PACK_TQ1_BYTES;
                bad = _mm256_or_si256(bad, units_of_trits(at, &first[r], &second[r]));
                bool is_mute = pack_is_zero(at + PACK_TQ1_SCALE, PACK_HALF);
                first[r] = is_mute ? ones : first[r];
                second[r] = is_mute ? ones : second[r];
            }
        }
        put_units(PACK_TQ2, first, to);
        put_units(PACK_TQ2, second, to + TERNARY_UNIT_BYTES * TERNARY_GROUP);
        to += 2 * TERNARY_UNIT_BYTES * TERNARY_GROUP;
    }
    return bad;
}

KERNEL_INLINE void copy_scales(enum pack_source source, const uint8_t *row, size_t blocks, uint8_t *scales)
{
    const size_t bytes = pack_scale_bytes(source);
    for (size_t block = 0; block < blocks; block++) {
        memcpy(scales + block * bytes, row + pack_scale_at(source, block), bytes);
    }
}

KERNEL_INLINE __m256i pack_group(enum pack_source source, const struct group *group, size_t columns, uint8_t *to)
{
    return source == PACK_TQ1 ? pack_trits(group, columns, to) : pack_pairs(source, group, columns, to);
}

KERNEL_INLINE void run(const struct assay_kernel_call *call, enum pack_source source)
{
    const size_t rows = (size_t)call->shape.rows, columns = (size_t)call->shape.columns;
    const size_t bytes = pack_row_bytes(source, columns);
    const size_t blocks = columns / TERNARY_UNIT / pack_scale_units(source, columns);
    const struct kernel_range range = kernel_range_of(call, kernel_ternary_groups(rows));
    uint8_t *marks = call->out[source == PACK_I2S ? PACK_SCALES : PACK_MARKS];
    for (size_t at = range.first; at < range.end; at++) {
        size_t left = rows - at * TERNARY_GROUP;
        struct group group = {.count = left < TERNARY_GROUP ? left : TERNARY_GROUP};
        uint8_t *to = (uint8_t *)call->out[PACK_LANES] + at * TERNARY_GROUP * (columns / 4);
        for (size_t r = 0; r < group.count; r++) {
            size_t row = at * TERNARY_GROUP + r;
            group.rows[r] = (const uint8_t *)call->in[0] + row * bytes;
            if (source != PACK_I2S) {
                uint8_t *scales = (uint8_t *)call->out[PACK_SCALES] + row * blocks * pack_scale_bytes(source);
                copy_scales(source, group.rows[r], blocks, scales);
            }
        }
        __m256i bad; /* two copies of the code, so that the usual one has no question a row */
        if (group.count == TERNARY_GROUP) {
            group.count = TERNARY_GROUP;
            bad = pack_group(source, &group, columns, to);
        } else {
            bad = pack_group(source, &group, columns, to);
        }
        marks[at] = !_mm256_testz_si256(bad, bad);
    }
    _mm256_zeroupper();
}

#define A_SOURCE(name, source)                                   \
    static void run_##name(const struct assay_kernel_call *call) \
    {                                                            \
        run(call, source);                                       \
    }
A_SOURCE(i2s, PACK_I2S)
A_SOURCE(tq2, PACK_TQ2)
A_SOURCE(tq1, PACK_TQ1)
A_SOURCE(iq2bn, PACK_IQ2BN)
#undef A_SOURCE

#else
#define run_i2s NULL
#define run_tq2 NULL
#define run_tq1 NULL
#define run_iq2bn NULL
#endif

#define A_VARIANT(id_, run_)                                       \
    const struct assay_kernel_row kernel_row_pack_##id_##_avx2 = { \
        .id = "pack_" #id_ "_avx2",                                \
        .kind = ASSAY_KERNEL_NATIVE,                               \
        .equality = ASSAY_KERNEL_EXACT,                            \
        .run = run_,                                               \
        .help = "eight rows at a time",                            \
    };
A_VARIANT(ternary_lane2, run_i2s)
A_VARIANT(tq2_lane2, run_tq2)
A_VARIANT(tq1_lane2, run_tq1)
A_VARIANT(iq2bn_lane2, run_iq2bn)
#undef A_VARIANT
