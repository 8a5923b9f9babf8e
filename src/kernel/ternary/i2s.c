/* I2_S, and how activations are rounded. */
#include "kernel/quant/quant.h"
#include "kernel/ternary/ternary.h"

float kernel_ternary_multiplier(float most)
{
    return 127.0F / (most > 1e-5F ? most : 1e-5F);
}

int8_t kernel_ternary_rounded(float x, float s)
{
    volatile float shifted = x * s + QUANT_ROUND_MAGIC; /* volatile: adding and taking away must not be folded */
    float whole = shifted - QUANT_ROUND_MAGIC;
    whole = whole > 127 ? 127 : whole < -128 ? -128 : whole;
    return (int8_t)whole;
}

static unsigned shift_of(size_t index)
{
    return (unsigned)(6 - 2 * (index % TERNARY_UNIT / TERNARY_UNIT_BYTES));
}

static size_t byte_of(size_t index)
{
    return index / TERNARY_UNIT * TERNARY_UNIT_BYTES + index % TERNARY_UNIT_BYTES;
}

void kernel_ternary_pack_i2s(const uint8_t *codes, size_t count, uint8_t *ret_packed)
{
    for (size_t i = 0; i < count / 4; i++) {
        ret_packed[i] = 0;
    }
    for (size_t i = 0; i < count; i++) {
        ret_packed[byte_of(i)] = (uint8_t)(ret_packed[byte_of(i)] | codes[i] << shift_of(i));
    }
}

uint8_t kernel_ternary_code_i2s(const uint8_t *packed, size_t index)
{
    return packed[byte_of(index)] >> shift_of(index) & 3;
}
