/*
 * Ternary linear layers (kernels.md 3.1). Per token: m = max(max|x|, 1e-5), s = f32(127/m), q = clamp(round-half-even(
 * x s), -128, 127), S = sum of q. Per row of codes 0, 1, 2: acc = sum of code q in int32, y = (f32(acc - S) / s) scale:
 * two roundings, in this order. Internal to kernel/.
 *
 * Formats of the weights: `i2s` is Microsoft's I2_S for x86 (2 bits a code, units of 128 codes in 32 bytes, the first
 * group in the highest bits). `lane2` is made when a model is loaded: chunks of 32 bytes hold 8 rows x 16 codes, one
 * 32-bit lane a row, bits 2p and 2p + 1 of byte j of the lane being code 4p + j; the chunks of 8 rows follow each
 * other, then the next 8 rows (the last ones filled up with code 1). Four activations in every lane at once need no
 * horizontal sums, and 8 rows, not 16, let a core with 16 registers read four such streams side by side.
 *
 * The int16 trap: `maddubs` adds two products of code and q into int16, each up to 508 in size and 512 at q = -128. 64
 * of them fit (64 x 508 = 32,512; 64 x -512 = -32,768), 65 do not; every variant widens before.
 */
#ifndef ASSAY_KERNEL_TERNARY_H
#define ASSAY_KERNEL_TERNARY_H

#include "assay/kernel.h"

#define TERNARY_UNIT 128                        /* codes of a unit of I2_S */
#define TERNARY_UNIT_BYTES 32                   /* their bytes */
#define TERNARY_COLUMNS_MAX ((uint64_t)1 << 18) /* sums of code x q then fit into int32 */

#define TERNARY_GROUP 8        /* rows of a chunk of lane2 */
#define TERNARY_STEP 16        /* codes of a row in it */
#define TERNARY_CHUNK_BYTES 32 /* of 8 x 16 codes */

/* Operands of ternary_gemv, in this order. */
enum ternary_input {
    TERNARY_WEIGHTS, /* u8, by the format */
    TERNARY_Q,       /* i8 [tokens][columns] */
    TERNARY_S,       /* f32 [tokens]: what the activations were multiplied by */
    TERNARY_SUMS,    /* i32 [tokens]: sum of q */
    TERNARY_SCALE    /* f32 [1]: of the weights */
};

/* s of a token whose largest |x| is `most`, and q of one activation. x are finite. */
float kernel_ternary_multiplier(float most);
int8_t kernel_ternary_rounded(float x, float s);

/* Codes 0, 1, 2, row by row, into I2_S; columns are a multiple of TERNARY_UNIT. */
void kernel_ternary_pack_i2s(const uint8_t *codes, size_t count, uint8_t *ret_packed);
uint8_t kernel_ternary_code_i2s(const uint8_t *packed, size_t index);

static inline uint64_t kernel_ternary_groups(uint64_t rows)
{
    return rows / TERNARY_GROUP + (rows % TERNARY_GROUP > 0);
}

static inline uint64_t kernel_ternary_lane2_bytes(uint64_t rows, uint64_t columns)
{
    return kernel_ternary_groups(rows) * TERNARY_GROUP * (columns / 4);
}

/* Code `at` of a row; columns are a multiple of TERNARY_UNIT. */
uint8_t kernel_ternary_code_lane2(const uint8_t *packed, uint64_t columns, uint64_t row, uint64_t at);
/* TERNARY_UNIT codes of a row from number `at` on. Sets bits in zeroed memory. */
void kernel_ternary_put_lane2(const uint8_t codes[TERNARY_UNIT], uint64_t columns, uint64_t row, uint64_t at,
                              uint8_t *packed);

/* y of one row and token. */
static inline float ternary_result(int32_t acc, int32_t sum, float s, float scale)
{
    return (float)(acc - sum) / s * scale;
}

#endif
