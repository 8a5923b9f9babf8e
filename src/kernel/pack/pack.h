/*
 * What the variants of pack_ternary share. Internal to kernel/.
 *
 * A unit of a row is 128 codes: in I2_S eight words of 32 bits, in lane2 one lane in each of eight chunks. Word m of
 * the unit holds, in byte j, the codes 32 g + 4 m + j at bits 6 - 2 g; lane and byte j of chunk c hold the codes 16 c +
 * 4 p + j at bits 2 p. So the lane of chunk c takes, for each p, the pair of bits g = c / 2 of word 4 (c mod 2) + p.
 */
#ifndef ASSAY_KERNEL_PACK_PACK_H
#define ASSAY_KERNEL_PACK_PACK_H

#include "kernel/ternary/ternary.h"

enum { PACK_WORDS = TERNARY_UNIT_BYTES / 4, PACK_CHUNKS = TERNARY_UNIT / TERNARY_STEP, PACK_PLANES = 4 };

#define PACK_PAIRS UINT32_C(0x03030303) /* the lowest pair of bits of each byte */
#define PACK_ONES UINT8_C(0x55)         /* four codes 1: rows that only fill up a group */

#endif
