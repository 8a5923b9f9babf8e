#include "base/half.h"

#include <string.h>

#define F32_MANTISSA_BITS 23
#define F16_MANTISSA_BITS 10
#define SHIFT (F32_MANTISSA_BITS - F16_MANTISSA_BITS)
#define F16_TO_F32_BIAS (127 - 15)

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

float assay_f16_value(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t exponent = (half >> F16_MANTISSA_BITS) & 0x1f;
    uint32_t mantissa = half & 0x3ffu;
    if (exponent == 0) { /* zero and subnormal: mantissa * 2^-24, exact in f32 */
        float magnitude = (float)mantissa * 0x1p-24f;
        return sign ? -magnitude : magnitude;
    }
    uint32_t wide = exponent == 0x1f ? 0xffu : exponent + F16_TO_F32_BIAS;
    return float_of(sign | wide << F32_MANTISSA_BITS | mantissa << SHIFT);
}

/* Drops the low `shift` bits of mantissa, to nearest, ties to even. */
static uint32_t round_off(uint32_t mantissa, unsigned shift)
{
    uint32_t half = 1u << (shift - 1);
    uint32_t rest = mantissa & ((1u << shift) - 1);
    uint32_t kept = mantissa >> shift;
    return kept + (rest > half || (rest == half && (kept & 1)));
}

uint16_t assay_f16_bits(float value)
{
    uint32_t bits = bits_of(value);
    uint32_t sign = bits >> 16 & 0x8000u;
    uint32_t exponent = bits >> F32_MANTISSA_BITS & 0xffu;
    uint32_t mantissa = bits & 0x7fffffu;
    if (exponent == 0xff) {
        return (uint16_t)(sign | 0x7c00u | (mantissa ? 0x200u | mantissa >> SHIFT : 0));
    }
    if (exponent > F16_TO_F32_BIAS) { /* normal: a carry out of the mantissa is the next exponent, or infinity */
        uint32_t rebased = (exponent - F16_TO_F32_BIAS) << F16_MANTISSA_BITS;
        uint32_t result = rebased + round_off(mantissa, SHIFT);
        return (uint16_t)(sign | (result < 0x7c00u ? result : 0x7c00u));
    }
    unsigned shift = SHIFT + 1 + (F16_TO_F32_BIAS - exponent);
    return (uint16_t)(sign | (shift < 25 && exponent ? round_off(mantissa | 0x800000u, shift) : 0));
}

float assay_bf16_value(uint16_t bits)
{
    return float_of((uint32_t)bits << 16);
}

uint16_t assay_bf16_bits(float value)
{
    uint32_t bits = bits_of(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        return (uint16_t)(bits >> 16 | 0x40u);
    }
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
}
