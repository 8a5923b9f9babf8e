/*
 * What the packers into lane2 share. Internal to kernel/.
 *
 * A unit of a row is 128 codes: one lane in each of eight chunks of lane2, and 32 bytes, eight words of 32 bits, in the
 * files' formats of 2 bits a code. Word 4 e + p of a unit (e = 0, 1; p = 0 .. 3) holds in the pairs of bits f = 0 .. 3
 * of its bytes what goes to the pairs p of the bytes of one chunk's lane, in each of the formats: which chunk of (e, f)
 * is all that differs. So four words become four lanes by turning a square of 4 x 4 pairs.
 *
 *     I2_S      codes 32 (3 - f) + 16 e + 4 p + j    in units without a break; one scale behind the tensor
 *     TQ2_0     codes 32 f + 16 e + 4 p + j          two units, then an f16 scale
 *     IQ2_BN    codes 64 e + 16 f + 4 p + j          an f32 scale, then the units of the row
 *     TQ1_0     taken apart into units of TQ2_0      54 bytes of a block: five trits a byte, four in the last of them
 *
 * Where the scale of a block is 0 its codes mean 0, whatever they are, and become codes 1. A packer marks groups of
 * rows in which it saw what no packer writes: code 3, or a byte that no trits give.
 */
#ifndef ASSAY_KERNEL_PACK_PACK_H
#define ASSAY_KERNEL_PACK_PACK_H

#include "kernel/ternary/ternary.h"

#include <stdbool.h>

enum { PACK_WORDS = TERNARY_UNIT_BYTES / 4, PACK_CHUNKS = TERNARY_UNIT / TERNARY_STEP, PACK_PLANES = 4 };

#define PACK_PAIRS UINT32_C(0x03030303) /* the lowest pair of bits of each byte */
#define PACK_ONES UINT8_C(0x55)         /* four codes 1: rows that only fill up a group, blocks of scale 0 */
#define PACK_LOW_BITS UINT32_C(0x55555555)

enum pack_source { PACK_I2S, PACK_TQ2, PACK_TQ1, PACK_IQ2BN };

enum {
    PACK_BLOCK = 256, /* codes of a block of TQ1_0 and TQ2_0 */
    PACK_TQ2_BYTES = 66,
    PACK_TQ2_SCALE = 64, /* where the scale of a block stands */
    PACK_TQ1_BYTES = 54,
    PACK_TQ1_SCALE = 52,
    PACK_TQ1_FIVES = 48, /* bytes of five trits; four of four follow */
    PACK_HALF = 2,
    PACK_IQ2BN_HEAD = 4 /* bytes of the scale of a row */
};

/* Operands of a packer, in this order; those without scales have marks in their place. */
enum pack_output { PACK_LANES, PACK_SCALES, PACK_MARKS };

static inline size_t pack_row_bytes(enum pack_source source, size_t columns)
{
    return source == PACK_TQ2   ? columns / PACK_BLOCK * PACK_TQ2_BYTES
           : source == PACK_TQ1 ? columns / PACK_BLOCK * PACK_TQ1_BYTES
                                : columns / 4 + (source == PACK_IQ2BN ? PACK_IQ2BN_HEAD : 0);
}

/* Where a unit's bytes begin in a row; of TQ1_0 the block that it is one half of. */
static inline size_t pack_unit_at(enum pack_source source, size_t unit)
{
    return source == PACK_TQ2   ? unit / 2 * PACK_TQ2_BYTES + unit % 2 * TERNARY_UNIT_BYTES
           : source == PACK_TQ1 ? unit / 2 * PACK_TQ1_BYTES
                                : unit * TERNARY_UNIT_BYTES + (source == PACK_IQ2BN ? PACK_IQ2BN_HEAD : 0);
}

/* The chunk that pair f of words 4 e .. 4 e + 3 is the lane of. */
static inline size_t pack_chunk(enum pack_source source, size_t e, size_t f)
{
    return source == PACK_I2S ? 2 * (3 - f) + e : source == PACK_IQ2BN ? 4 * e + f : 2 * f + e;
}

/* Units that share a scale; those of a row of IQ2_BN do. */
static inline size_t pack_scale_units(enum pack_source source, size_t columns)
{
    return source == PACK_IQ2BN ? columns / TERNARY_UNIT : PACK_BLOCK / TERNARY_UNIT;
}

static inline size_t pack_scale_at(enum pack_source source, size_t block)
{
    return source == PACK_TQ2   ? block * PACK_TQ2_BYTES + PACK_TQ2_SCALE
           : source == PACK_TQ1 ? block * PACK_TQ1_BYTES + PACK_TQ1_SCALE
                                : 0;
}

static inline size_t pack_scale_bytes(enum pack_source source)
{
    return source == PACK_I2S ? 0 : source == PACK_IQ2BN ? sizeof(float) : PACK_HALF;
}

/* Whether the scale whose lowest byte is at `at` is a zero of either sign. */
static inline bool pack_is_zero(const uint8_t *at, size_t bytes)
{
    uint8_t bits = (uint8_t)(at[bytes - 1] << 1);
    for (size_t i = 0; i + 1 < bytes; i++) {
        bits |= at[i];
    }
    return bits == 0;
}

/* A byte of n trits is ceil(256 B / 243) of their number B, 243 = 3^5, B a multiple of 3 where n is 4: exactly these
 * bytes have 243 b mod 256 below 243, and 81 b mod 256 below 81. */
static inline bool pack_is_five(uint8_t byte)
{
    return (uint8_t)(243 * byte) < 243;
}

static inline bool pack_is_four(uint8_t byte)
{
    return (uint8_t)(81 * byte) < 81;
}

#endif
