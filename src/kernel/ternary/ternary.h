/*
 * Ternary linear layers (kernels.md 3.1). Per token: m = max(max|x|, 1e-5), s = f32(127/m), q = clamp(round-half-even(
 * x s), -128, 127), S = sum of q. Per row of codes 0, 1, 2: acc = sum of code q in int32, y = (f32(acc - S) / s) scale:
 * two roundings, in this order. Internal to kernel/.
 *
 * Formats of the weights: `i2s` is Microsoft's I2_S for x86 (2 bits a code, units of 128 codes in 32 bytes, the first
 * group in the highest bits).
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

/* y of one row and token. */
static inline float ternary_result(int32_t acc, int32_t sum, float s, float scale)
{
    return (float)(acc - sum) / s * scale;
}

#endif
