#include "lm/format_block.h"

#include "lm/format_ternary.h"

#include <math.h>
#include <string.h>

#define QK 32
#define Q8_0_BYTES 34
#define Q4_0_BYTES 18
#define Q4_1_BYTES 20
#define Q6_K_BLOCK 256
#define Q6_K_BYTES 210
#define Q6_K_GROUP 16 /* elements under one scale */
#define Q6_K_HIGH 128 /* where qh begins, then scales, then d */
#define Q6_K_SCALES 192
#define Q6_K_D 208

/* ---- decode ------------------------------------------------------------------------------------------------------*/

void assay_f32_decode(const uint8_t *row, uint64_t cols, float *ret_values)
{
    memcpy(ret_values, row, cols * sizeof *ret_values);
}

void assay_f16_decode(const uint8_t *row, uint64_t cols, float *ret_values)
{
    for (uint64_t i = 0; i < cols; i++) {
        ret_values[i] = assay_f16_value(assay_load_u16(row + 2 * i));
    }
}

void assay_bf16_decode(const uint8_t *row, uint64_t cols, float *ret_values)
{
    for (uint64_t i = 0; i < cols; i++) {
        ret_values[i] = assay_bf16_value(assay_load_u16(row + 2 * i));
    }
}

void assay_q8_0_decode(const uint8_t *row, uint64_t cols, float *ret_values)
{
    for (uint64_t b = 0; b < cols / QK; b++) {
        const uint8_t *block = row + b * Q8_0_BYTES;
        float d = assay_f16_value(assay_load_u16(block));
        for (size_t j = 0; j < QK; j++) {
            ret_values[b * QK + j] = d * (float)(int8_t)block[2 + j];
        }
    }
}

static unsigned nibble(const uint8_t *quants, size_t j)
{
    return j < QK / 2 ? quants[j] & 15u : quants[j - QK / 2] >> 4;
}

void assay_q4_0_decode(const uint8_t *row, uint64_t cols, float *ret_values)
{
    for (uint64_t b = 0; b < cols / QK; b++) {
        const uint8_t *block = row + b * Q4_0_BYTES;
        float d = assay_f16_value(assay_load_u16(block));
        for (size_t j = 0; j < QK; j++) {
            ret_values[b * QK + j] = d * (float)((int)nibble(block + 2, j) - 8);
        }
    }
}

void assay_q4_1_decode(const uint8_t *row, uint64_t cols, float *ret_values)
{
    for (uint64_t b = 0; b < cols / QK; b++) {
        const uint8_t *block = row + b * Q4_1_BYTES;
        float d = assay_f16_value(assay_load_u16(block));
        float m = assay_f16_value(assay_load_u16(block + 2));
        for (size_t j = 0; j < QK; j++) {
            ret_values[b * QK + j] = d * (float)nibble(block + 4, j) + m;
        }
    }
}

/* The 6 bits of element e of a block. */
static int q6_k_quant(const uint8_t *block, size_t e)
{
    size_t half = e / 128, group = e % 128 / 32, lane = e % 32;
    unsigned low = block[64 * half + 32 * (group & 1) + lane] >> (group >= 2 ? 4 : 0) & 15u;
    unsigned high = block[Q6_K_HIGH + 32 * half + lane] >> 2 * group & 3u;
    return (int)(low | high << 4) - 32;
}

static void q6_k_put(uint8_t *block, size_t e, unsigned quant)
{
    size_t half = e / 128, group = e % 128 / 32, lane = e % 32;
    block[64 * half + 32 * (group & 1) + lane] |= (uint8_t)((quant & 15u) << (group >= 2 ? 4 : 0));
    block[Q6_K_HIGH + 32 * half + lane] |= (uint8_t)(quant >> 4 << 2 * group);
}

void assay_q6_k_decode(const uint8_t *row, uint64_t cols, float *ret_values)
{
    for (uint64_t b = 0; b < cols / Q6_K_BLOCK; b++) {
        const uint8_t *block = row + b * Q6_K_BYTES;
        float d = assay_f16_value(assay_load_u16(block + Q6_K_D));
        for (size_t e = 0; e < Q6_K_BLOCK; e++) {
            int scale = (int8_t)block[Q6_K_SCALES + e / Q6_K_GROUP];
            /* exact; the order gives zero its sign */
            ret_values[b * Q6_K_BLOCK + e] = d * (float)scale * (float)q6_k_quant(block, e);
        }
    }
}

/* ---- encode ------------------------------------------------------------------------------------------------------*/

void assay_f32_encode(const float *values, uint64_t cols, uint8_t *ret_row)
{
    memcpy(ret_row, values, cols * sizeof *values);
}

void assay_f16_encode(const float *values, uint64_t cols, uint8_t *ret_row)
{
    for (uint64_t i = 0; i < cols; i++) {
        assay_store_u16(ret_row + 2 * i, assay_f16_bits(values[i]));
    }
}

void assay_bf16_encode(const float *values, uint64_t cols, uint8_t *ret_row)
{
    for (uint64_t i = 0; i < cols; i++) {
        assay_store_u16(ret_row + 2 * i, assay_bf16_bits(values[i]));
    }
}

/* The value of largest magnitude, with its sign. */
static float extreme_of(const float *values, size_t count)
{
    float extreme = 0;
    for (size_t i = 0; i < count; i++) {
        extreme = fabsf(values[i]) > fabsf(extreme) ? values[i] : extreme;
    }
    return extreme;
}

static float inverse_of(float d)
{
    return d != 0 ? 1 / d : 0;
}

static int clamp_int(int value, int low, int high)
{
    return value < low ? low : value > high ? high : value;
}

/* d is stored as f16, but quants are made with d as it was (kernels.md 3.2: what the portable quantiser does). */
void assay_q8_0_encode(const float *values, uint64_t cols, uint8_t *ret_row)
{
    for (uint64_t b = 0; b < cols / QK; b++) {
        uint8_t *block = ret_row + b * Q8_0_BYTES;
        float d = fabsf(extreme_of(values + b * QK, QK)) / 127;
        float inverse = inverse_of(d);
        assay_store_u16(block, assay_f16_bits(d));
        for (size_t j = 0; j < QK; j++) {
            block[2 + j] = (uint8_t)(int8_t)lroundf(values[b * QK + j] * inverse);
        }
    }
}

void assay_q4_0_encode(const float *values, uint64_t cols, uint8_t *ret_row)
{
    for (uint64_t b = 0; b < cols / QK; b++) {
        uint8_t *block = ret_row + b * Q4_0_BYTES;
        float d = extreme_of(values + b * QK, QK) / -8;
        float inverse = inverse_of(d);
        memset(block, 0, Q4_0_BYTES);
        assay_store_u16(block, assay_f16_bits(d));
        for (size_t j = 0; j < QK; j++) {
            unsigned quant = (unsigned)clamp_int((int)(values[b * QK + j] * inverse + 8.5f), 0, 15);
            block[2 + j % (QK / 2)] |= (uint8_t)(j < QK / 2 ? quant : quant << 4);
        }
    }
}

void assay_q4_1_encode(const float *values, uint64_t cols, uint8_t *ret_row)
{
    for (uint64_t b = 0; b < cols / QK; b++) {
        uint8_t *block = ret_row + b * Q4_1_BYTES;
        float low = values[b * QK], high = low;
        for (size_t j = 1; j < QK; j++) {
            low = fminf(low, values[b * QK + j]);
            high = fmaxf(high, values[b * QK + j]);
        }
        float d = (high - low) / 15;
        float inverse = inverse_of(d);
        memset(block, 0, Q4_1_BYTES);
        assay_store_u16(block, assay_f16_bits(d));
        assay_store_u16(block + 2, assay_f16_bits(low));
        for (size_t j = 0; j < QK; j++) {
            unsigned quant = (unsigned)clamp_int((int)((values[b * QK + j] - low) * inverse + 0.5f), 0, 15);
            block[4 + j % (QK / 2)] |= (uint8_t)(j < QK / 2 ? quant : quant << 4);
        }
    }
}

/* A plain rule: a group's scale maps its extreme to -32, scales themselves are int8 of the largest. */
void assay_q6_k_encode(const float *values, uint64_t cols, uint8_t *ret_row)
{
    for (uint64_t b = 0; b < cols / Q6_K_BLOCK; b++) {
        const float *from = values + b * Q6_K_BLOCK;
        uint8_t *block = ret_row + b * Q6_K_BYTES;
        float scales[Q6_K_BLOCK / Q6_K_GROUP];
        for (size_t g = 0; g < Q6_K_BLOCK / Q6_K_GROUP; g++) {
            scales[g] = extreme_of(from + g * Q6_K_GROUP, Q6_K_GROUP) / -32;
        }
        memset(block, 0, Q6_K_BYTES);
        uint16_t d_bits = assay_f16_bits(fabsf(extreme_of(scales, Q6_K_BLOCK / Q6_K_GROUP)) / 127);
        float d = assay_f16_value(d_bits);
        assay_store_u16(block + Q6_K_D, d_bits);
        for (size_t e = 0; e < Q6_K_BLOCK; e++) {
            size_t g = e / Q6_K_GROUP;
            int scale = clamp_int((int)lroundf(scales[g] * inverse_of(d)), -127, 127);
            block[Q6_K_SCALES + g] = (uint8_t)(int8_t)scale;
            int quant = clamp_int((int)lroundf(from[e] * inverse_of(d * (float)scale)), -32, 31);
            q6_k_put(block, e, (unsigned)(quant + 32));
        }
    }
}
