/* How the block formats lie in memory: kernels.md 2.2. */
#include "kernel/dense/dense.h"

#define Q6K_HIGH 128
#define Q6K_SCALES 192
#define Q6K_D 208

static int nibble(const uint8_t *quants, size_t element)
{
    return element < 16 ? quants[element] & 15 : quants[element - 16] >> 4;
}

/* Six bits, times the group's scale: what is summed is then one integer a block. */
static int q6k(const uint8_t *block, size_t element)
{
    size_t half = element / 128, group = element % 128 / 32, lane = element % 32;
    int low = block[64 * half + 32 * (group & 1) + lane] >> (group >= 2 ? 4 : 0) & 15;
    int high = block[Q6K_HIGH + 32 * half + lane] >> 2 * group & 3;
    return ((low | high << 4) - 32) * (int8_t)block[Q6K_SCALES + element / 16];
}

int kernel_dense_quant(enum dense_format format, const uint8_t *block, size_t element)
{
    switch (format) {
    case DENSE_Q80:
        return (int8_t)block[2 + element];
    case DENSE_Q40:
        return nibble(block + 2, element) - 8;
    case DENSE_Q41:
        return nibble(block + 4, element);
    case DENSE_Q6K:
        break;
    }
    return q6k(block, element);
}

float kernel_dense_scale(enum dense_format format, const uint8_t *block)
{
    return assay_f16_value(dense_u16(format == DENSE_Q6K ? block + Q6K_D : block));
}

float kernel_dense_minimum(enum dense_format format, const uint8_t *block)
{
    return format == DENSE_Q41 ? assay_f16_value(dense_u16(block + 2)) : 0;
}
