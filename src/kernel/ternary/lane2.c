/* lane2: where a code lies (ternary.h). */
#include "kernel/ternary/ternary.h"

static uint64_t byte_of(uint64_t columns, uint64_t row, uint64_t at)
{
    uint64_t group = row / TERNARY_GROUP * TERNARY_GROUP * (columns / 4),
             chunk = at / TERNARY_STEP * TERNARY_CHUNK_BYTES;
    return group + chunk + row % TERNARY_GROUP * 4 + at % 4;
}

static unsigned shift_of(uint64_t at)
{
    return (unsigned)(at % TERNARY_STEP / 4 * 2);
}

uint8_t kernel_ternary_code_lane2(const uint8_t *packed, uint64_t columns, uint64_t row, uint64_t at)
{
    return packed[byte_of(columns, row, at)] >> shift_of(at) & 3;
}

void kernel_ternary_put_lane2(const uint8_t codes[TERNARY_UNIT], uint64_t columns, uint64_t row, uint64_t at,
                              uint8_t *packed)
{
    for (uint64_t i = 0; i < TERNARY_UNIT; i++) {
        uint8_t *byte = &packed[byte_of(columns, row, at + i)];
        *byte = (uint8_t)(*byte | codes[i] << shift_of(at + i));
    }
}
