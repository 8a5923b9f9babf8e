/* pack_ternary_lane2_ref, pack_ternary_i2s_ref, pack_tq2_lane2_ref, pack_tq1_lane2_ref, pack_iq2bn_lane2_ref: word by
 * word, row by row. */
#include "kernel/families.h"
#include "kernel/pack/pack.h"
#include "kernel/part.h"

#include <string.h>

struct unit {
    uint32_t words[PACK_WORDS];
};

/* Pair f of words 4 e .. 4 e + 3. */
static uint32_t lane_of(const struct unit *unit, size_t e, size_t f)
{
    uint32_t lane = 0;
    for (unsigned plane = 0; plane < PACK_PLANES; plane++) {
        lane |= (unit->words[4 * e + plane] >> 2 * f & PACK_PAIRS) << 2 * plane;
    }
    return lane;
}

static void put_lane(struct unit *unit, size_t e, size_t f, uint32_t lane)
{
    for (unsigned plane = 0; plane < PACK_PLANES; plane++) {
        unit->words[4 * e + plane] |= (lane >> 2 * plane & PACK_PAIRS) << 2 * f;
    }
}

/* ---- from files --------------------------------------------------------------------------------------------------*/

static bool has_three(const struct unit *unit)
{
    uint32_t found = 0;
    for (size_t i = 0; i < PACK_WORDS; i++) {
        found |= unit->words[i] & unit->words[i] >> 1 & PACK_LOW_BITS;
    }
    return found != 0;
}

/* Trit n of a byte, the first one most significant (TQ1_0). */
static uint8_t trit_of(uint8_t byte, unsigned n)
{
    static const uint8_t POWERS[] = {1, 3, 9, 27, 81};
    return (uint8_t)((uint8_t)(byte * POWERS[n]) * 3U >> 8);
}

/* The trit of a block of TQ1_0 that is element `at`. */
static uint8_t trit_at(const uint8_t *block, size_t at)
{
    enum { WIDE = 32, NARROW = 16, LAST = 4, NARROW_AT = 5 * WIDE, LAST_AT = NARROW_AT + 5 * NARROW };
    if (at < NARROW_AT) {
        return trit_of(block[at % WIDE], (unsigned)(at / WIDE));
    }
    if (at < LAST_AT) {
        return trit_of(block[WIDE + (at - NARROW_AT) % NARROW], (unsigned)((at - NARROW_AT) / NARROW));
    }
    return trit_of(block[PACK_TQ1_FIVES + (at - LAST_AT) % LAST], (unsigned)((at - LAST_AT) / LAST));
}

/* One half of a block, as TQ2_0 has it; false: some byte of the block is none of trits. */
static bool unit_of_trits(const uint8_t *block, size_t half, struct unit *ret)
{
    uint8_t bytes[TERNARY_UNIT_BYTES] = {0};
    for (size_t at = 0; at < TERNARY_UNIT; at++) {
        uint8_t trit = trit_at(block, half * TERNARY_UNIT + at);
        bytes[at % TERNARY_UNIT_BYTES] |= (uint8_t)(trit << 2 * (at / TERNARY_UNIT_BYTES));
    }
    memcpy(ret, bytes, sizeof *ret);
    bool is_good = true;
    for (size_t i = 0; i < PACK_TQ1_SCALE; i++) {
        is_good = is_good && (i < PACK_TQ1_FIVES ? pack_is_five(block[i]) : pack_is_four(block[i]));
    }
    return is_good;
}

/* The unit of a row; returns whether it is what a packer writes. */
static bool read_unit(enum pack_source source, const uint8_t *row, size_t columns, size_t unit, struct unit *ret)
{
    const uint8_t *at = row + pack_unit_at(source, unit);
    bool is_good = true;
    if (source == PACK_TQ1) {
        is_good = unit_of_trits(at, unit % 2, ret);
    } else {
        memcpy(ret, at, sizeof *ret);
        is_good = !has_three(ret);
    }
    size_t scale_bytes = pack_scale_bytes(source), block = unit / pack_scale_units(source, columns);
    if (scale_bytes > 0 && pack_is_zero(row + pack_scale_at(source, block), scale_bytes)) {
        memset(ret, PACK_ONES, sizeof *ret);
    }
    return is_good;
}

static void put_unit(enum pack_source source, const struct unit *unit, uint8_t *to)
{
    for (size_t e = 0; e < 2; e++) {
        for (size_t f = 0; f < PACK_PLANES; f++) {
            uint32_t lane = lane_of(unit, e, f);
            memcpy(to + pack_chunk(source, e, f) * TERNARY_CHUNK_BYTES, &lane, sizeof lane);
        }
    }
}

static void copy_scales(enum pack_source source, const uint8_t *row, size_t blocks, uint8_t *scales)
{
    const size_t bytes = pack_scale_bytes(source);
    for (size_t block = 0; block < blocks; block++) {
        memcpy(scales + block * bytes, row + pack_scale_at(source, block), bytes);
    }
}

static void run(const struct assay_kernel_call *call, enum pack_source source)
{
    const size_t rows = (size_t)call->shape.rows, columns = (size_t)call->shape.columns, units = columns / TERNARY_UNIT;
    const size_t bytes = pack_row_bytes(source, columns), blocks = units / pack_scale_units(source, columns);
    const struct kernel_range range = kernel_range_of(call, kernel_ternary_groups(rows));
    uint8_t *marks = call->out[source == PACK_I2S ? PACK_SCALES : PACK_MARKS];
    for (size_t row = range.first * TERNARY_GROUP; row < range.end * TERNARY_GROUP; row++) {
        const size_t group = row / TERNARY_GROUP, lane = row % TERNARY_GROUP;
        const uint8_t *from = (const uint8_t *)call->in[0] + row * bytes;
        uint8_t *to = (uint8_t *)call->out[PACK_LANES] + group * TERNARY_GROUP * (columns / 4) + lane * 4;
        marks[group] = lane == 0 ? 0 : marks[group];
        for (size_t i = 0; i < units; i++, to += TERNARY_UNIT_BYTES * TERNARY_GROUP) {
            struct unit unit;
            memset(&unit, PACK_ONES, sizeof unit);
            marks[group] |= row < rows && !read_unit(source, from, columns, i, &unit);
            put_unit(source, &unit, to);
        }
        if (row < rows && source != PACK_I2S) {
            copy_scales(source, from, blocks,
                        (uint8_t *)call->out[PACK_SCALES] + row * blocks * pack_scale_bytes(source));
        }
    }
}

#define A_SOURCE(name, source)                                   \
    static void run_##name(const struct assay_kernel_call *call) \
    {                                                            \
        run(call, source);                                       \
    }
A_SOURCE(i2s_lane2, PACK_I2S)
A_SOURCE(tq2, PACK_TQ2)
A_SOURCE(tq1, PACK_TQ1)
A_SOURCE(iq2bn, PACK_IQ2BN)
#undef A_SOURCE

/* ---- and back ----------------------------------------------------------------------------------------------------*/

static void run_i2s(const struct assay_kernel_call *call)
{
    const size_t rows = (size_t)call->shape.rows, stride = (size_t)call->shape.columns / 4;
    const struct kernel_range range = kernel_range_of(call, kernel_ternary_groups(rows));
    for (size_t row = range.first * TERNARY_GROUP; row < rows && row < range.end * TERNARY_GROUP; row++) {
        const uint8_t *from =
            (const uint8_t *)call->in[0] + row / TERNARY_GROUP * TERNARY_GROUP * stride + row % TERNARY_GROUP * 4;
        for (size_t at = 0; at < stride; at += TERNARY_UNIT_BYTES) {
            struct unit unit = {{0}};
            for (size_t i = 0; i < PACK_CHUNKS; i++) {
                uint32_t lane;
                size_t e = i / PACK_PLANES, f = i % PACK_PLANES;
                memcpy(&lane, from + at * TERNARY_GROUP + pack_chunk(PACK_I2S, e, f) * TERNARY_CHUNK_BYTES,
                       sizeof lane);
                put_lane(&unit, e, f, lane);
            }
            memcpy((uint8_t *)call->out[0] + row * stride + at, &unit, sizeof unit);
        }
    }
}

#define A_VARIANT(id_, run_)                                      \
    const struct assay_kernel_row kernel_row_pack_##id_##_ref = { \
        .id = "pack_" #id_ "_ref",                                \
        .kind = ASSAY_KERNEL_NATIVE,                              \
        .equality = ASSAY_KERNEL_EXACT,                           \
        .run = run_,                                              \
        .help = "plain C",                                        \
    };
A_VARIANT(ternary_lane2, run_i2s_lane2)
A_VARIANT(ternary_i2s, run_i2s)
A_VARIANT(tq2_lane2, run_tq2)
A_VARIANT(tq1_lane2, run_tq1)
A_VARIANT(iq2bn_lane2, run_iq2bn)
#undef A_VARIANT
