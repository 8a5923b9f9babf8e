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

/* All ways are computed and one is chosen, so that the compiler can do several values at once. Subnormal results come
 * from an addition in which the processor itself rounds to nearest even: the magic number has its last bit where theirs
 * is. */
static inline uint16_t branchless(uint32_t bits)
{
    const uint32_t INFINITE = 0x7f800000U, LEAST_NORMAL = 113U << 23, BEYOND = 143U << 23, MAGIC = 126U << 23;
    uint32_t sign = bits & 0x80000000U, size = bits ^ sign;
    uint32_t normal =
        (size + 0xfffU + ((size >> SHIFT) & 1U) - ((uint32_t)F16_TO_F32_BIAS << F32_MANTISSA_BITS)) >> SHIFT;
    uint32_t small = bits_of(float_of(size) + float_of(MAGIC)) - MAGIC;
    uint32_t special = size > INFINITE ? 0x7e00U | ((size >> SHIFT) & 0x3ffU) : 0x7c00U;
    uint32_t result = size >= BEYOND ? special : size < LEAST_NORMAL ? small : normal;
    return (uint16_t)(result | sign >> 16);
}

void assay_f16_store(uint16_t *to, const float *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = branchless(bits_of(from[i]));
    }
}
