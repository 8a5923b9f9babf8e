/* How the block formats lie in memory: kernels.md 2.2. */
#include "kernel/dense/dense.h"
#include "kernel/kernel.h"

#include <assert.h>
#include <string.h>

enum { Q6K_HIGH = 128, Q6K_SCALES = 192, Q6K_D = 208, Q6K_GROUPS = 16 };

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

/* Words of a part, in the order of dense.h, from and to the 32 codes as the file has them. */
enum { PART_WORDS = 8, THIRDS = 3 };
#define SIX UINT32_C(0x3f3f3f3f)
#define PAIRS UINT32_C(0x03030303)

/* Four codes, from element `at` of a part on. */
static uint32_t codes_of(const uint8_t *block, size_t part, size_t at)
{
    uint32_t low, high;
    size_t half = part / 4, group = part % 4;
    memcpy(&low, block + 64 * half + 32 * (group & 1) + at, WORD);
    memcpy(&high, block + Q6K_HIGH + 32 * half + at, WORD);
    low = low >> (group >= 2 ? 4 : 0) & UINT32_C(0x0f0f0f0f);
    return low | (high >> 2 * group & PAIRS) << 4;
}

static void set_codes(uint8_t *block, size_t part, size_t at, uint32_t codes)
{
    uint32_t low, high;
    size_t half = part / 4, group = part % 4;
    uint8_t *to_low = block + 64 * half + 32 * (group & 1) + at, *to_high = block + Q6K_HIGH + 32 * half + at;
    memcpy(&low, to_low, WORD);
    memcpy(&high, to_high, WORD);
    low |= (codes & UINT32_C(0x0f0f0f0f)) << (group >= 2 ? 4 : 0);
    high |= (codes >> 4 & PAIRS) << 2 * group;
    memcpy(to_low, &low, WORD);
    memcpy(to_high, &high, WORD);
}

void kernel_dense_put_q6klane(const uint8_t *block, size_t lane, uint8_t *lanes)
{
    memcpy(lanes + lane * HALF, block + Q6K_D, HALF);
    lanes += DENSE_GROUP * HALF + lane * WORD;
    for (size_t i = 0; i < Q6K_GROUPS; i += WORD, lanes += DENSE_GROUP * WORD) {
        const uint8_t *four = block + Q6K_SCALES + i;
        memcpy(lanes, (const uint8_t[WORD]){four[0], four[2], four[1], four[3]}, WORD);
    }
    for (size_t part = 0; part < DENSE_Q6K_PARTS; part++) {
        uint32_t words[PART_WORDS];
        for (size_t i = 0; i < PART_WORDS; i += 2) {
            uint32_t first = codes_of(block, part, 2 * i), second = codes_of(block, part, 2 * i + 16);
            words[i] = (first & 0xffff) | second << 16;
            words[i + 1] = first >> 16 | (second & UINT32_C(0xffff0000));
        }
        for (size_t i = 0; i < PART_WORDS; i += THIRDS + 1) {
            for (size_t k = 0; k < THIRDS; k++, lanes += DENSE_GROUP * WORD) {
                uint32_t word = words[i + k] | (words[i + THIRDS] >> (4 - 2 * k) & PAIRS) << 6;
                memcpy(lanes, &word, WORD);
            }
        }
    }
}

void kernel_dense_get_q6klane(const uint8_t *lanes, size_t lane, uint8_t *ret_block)
{
    memset(ret_block, 0, Q6K_SCALES);
    memcpy(ret_block + Q6K_D, lanes + lane * HALF, HALF);
    lanes += DENSE_GROUP * HALF + lane * WORD;
    for (size_t i = 0; i < Q6K_GROUPS; i += WORD, lanes += DENSE_GROUP * WORD) {
        memcpy(ret_block + Q6K_SCALES + i, (const uint8_t[WORD]){lanes[0], lanes[2], lanes[1], lanes[3]}, WORD);
    }
    for (size_t part = 0; part < DENSE_Q6K_PARTS; part++) {
        uint32_t words[PART_WORDS] = {0};
        for (size_t i = 0; i < PART_WORDS; i += THIRDS + 1) {
            for (size_t k = 0; k < THIRDS; k++, lanes += DENSE_GROUP * WORD) {
                uint32_t word;
                memcpy(&word, lanes, WORD);
                words[i + k] = word & SIX;
                words[i + THIRDS] |= (word >> 6 & PAIRS) << (4 - 2 * k);
            }
        }
        for (size_t i = 0; i < PART_WORDS; i += 2) {
            set_codes(ret_block, part, 2 * i, (words[i] & 0xffff) | words[i + 1] << 16);
            set_codes(ret_block, part, 2 * i + 16, words[i] >> 16 | (words[i + 1] & UINT32_C(0xffff0000)));
        }
    }
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
    if (bytes == DENSE_Q6K_BYTES) {
        kernel_dense_put_q6klane(block, row % DENSE_GROUP,
                                 lanes + place_of(bytes, blocks, row / DENSE_GROUP * DENSE_GROUP, b, 0));
        return;
    }
    for (size_t at = 0; at < bytes; at++) {
        lanes[place_of(bytes, blocks, row, b, at)] = block[at];
    }
}

void kernel_dense_get_lane(const uint8_t *lanes, size_t bytes, size_t blocks, size_t row, size_t b, uint8_t *ret_block)
{
    if (bytes == DENSE_Q6K_BYTES) {
        kernel_dense_get_q6klane(lanes + place_of(bytes, blocks, row / DENSE_GROUP * DENSE_GROUP, b, 0),
                                 row % DENSE_GROUP, ret_block);
        return;
    }
    for (size_t at = 0; at < bytes; at++) {
        ret_block[at] = lanes[place_of(bytes, blocks, row, b, at)];
    }
}

_Static_assert(DENSE_BLOCK_MAX == ASSAY_KERNEL_BLOCK_BYTES_MAX, "no block is longer");

void assay_kernel_lane_block(const char *layout, const void *lanes, uint64_t blocks, uint64_t row, uint64_t at,
                             uint8_t ret_block[ASSAY_KERNEL_BLOCK_BYTES_MAX])
{
    static const struct {
        const char *layout;
        size_t bytes;
    } LAYOUTS[] = {{"q6klane", DENSE_Q6K_BYTES}, {"q80lane", 34}, {"q40lane", 18}, {"q41lane", 20}};
    size_t i = 0;
    while (i < sizeof LAYOUTS / sizeof LAYOUTS[0] && strcmp(LAYOUTS[i].layout, layout) != 0) {
        i++;
    }
    assert(i < sizeof LAYOUTS / sizeof LAYOUTS[0]);
    kernel_dense_get_lane(lanes, LAYOUTS[i].bytes, (size_t)blocks, (size_t)row, (size_t)at, ret_block);
}
