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

/* ---- eight rows side by side ------------------------------------------------------------------------------------- */

enum { HALF = 2, WORD = 4 };

/* A block begins with one half, its scale; in q41, of 20 bytes, with two. Whole words follow. */
static size_t halves_of(size_t bytes)
{
    return bytes % WORD == 0 ? 2 : 1;
}

static size_t place_of(size_t bytes, size_t blocks, size_t row, size_t b, size_t at)
{
    size_t start = (row / DENSE_GROUP * blocks + b) * DENSE_GROUP * bytes, heads = halves_of(bytes) * HALF;
    size_t step = at < heads ? HALF : WORD, behind = at < heads ? at : at - heads;
    return start + (at < heads ? 0 : heads * DENSE_GROUP) + behind / step * step * DENSE_GROUP +
           row % DENSE_GROUP * step + behind % step;
}

void kernel_dense_put_lane(const uint8_t *block, size_t bytes, size_t blocks, size_t row, size_t b, uint8_t *lanes)
{
    for (size_t at = 0; at < bytes; at++) {
        lanes[place_of(bytes, blocks, row, b, at)] = block[at];
    }
}

void kernel_dense_get_lane(const uint8_t *lanes, size_t bytes, size_t blocks, size_t row, size_t b, uint8_t *ret_block)
{
    for (size_t at = 0; at < bytes; at++) {
        ret_block[at] = lanes[place_of(bytes, blocks, row, b, at)];
    }
}
