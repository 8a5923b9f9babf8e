/* pack_ternary_lane2_ref, pack_ternary_i2s_ref: word by word. */
#include "kernel/families.h"
#include "kernel/pack/pack.h"
#include "kernel/part.h"

#include <string.h>

struct unit {
    uint32_t words[PACK_WORDS];
};

/* The unit's lane of chunk c. */
static uint32_t lane_of(const struct unit *unit, unsigned chunk)
{
    uint32_t lane = 0;
    for (unsigned plane = 0; plane < PACK_PLANES; plane++) {
        lane |= (unit->words[4 * (chunk % 2) + plane] >> (6 - 2 * (chunk / 2)) & PACK_PAIRS) << 2 * plane;
    }
    return lane;
}

static void put_lane(struct unit *unit, unsigned chunk, uint32_t lane)
{
    for (unsigned plane = 0; plane < PACK_PLANES; plane++) {
        unit->words[4 * (chunk % 2) + plane] |= (lane >> 2 * plane & PACK_PAIRS) << (6 - 2 * (chunk / 2));
    }
}

static void run_lane2(const struct assay_kernel_call *call)
{
    const size_t rows = (size_t)call->shape.rows, stride = (size_t)call->shape.columns / 4;
    const struct kernel_range range = kernel_range_of(call, kernel_ternary_groups(rows));
    for (size_t row = range.first * TERNARY_GROUP; row < range.end * TERNARY_GROUP; row++) {
        const uint8_t *from = (const uint8_t *)call->in[0] + row * stride;
        uint8_t *to = (uint8_t *)call->out[0] + row / TERNARY_GROUP * TERNARY_GROUP * stride + row % TERNARY_GROUP * 4;
        for (size_t at = 0; at < stride; at += TERNARY_UNIT_BYTES) {
            struct unit unit;
            memset(&unit, PACK_ONES, sizeof unit);
            if (row < rows) {
                memcpy(&unit, from + at, sizeof unit);
            }
            for (unsigned chunk = 0; chunk < PACK_CHUNKS; chunk++) {
                uint32_t lane = lane_of(&unit, chunk);
                memcpy(to + at * TERNARY_GROUP + chunk * TERNARY_CHUNK_BYTES, &lane, sizeof lane);
            }
        }
    }
}

static void run_i2s(const struct assay_kernel_call *call)
{
    const size_t rows = (size_t)call->shape.rows, stride = (size_t)call->shape.columns / 4;
    const struct kernel_range range = kernel_range_of(call, kernel_ternary_groups(rows));
    for (size_t row = range.first * TERNARY_GROUP; row < rows && row < range.end * TERNARY_GROUP; row++) {
        const uint8_t *from =
            (const uint8_t *)call->in[0] + row / TERNARY_GROUP * TERNARY_GROUP * stride + row % TERNARY_GROUP * 4;
        for (size_t at = 0; at < stride; at += TERNARY_UNIT_BYTES) {
            struct unit unit = {{0}};
            for (unsigned chunk = 0; chunk < PACK_CHUNKS; chunk++) {
                uint32_t lane;
                memcpy(&lane, from + at * TERNARY_GROUP + chunk * TERNARY_CHUNK_BYTES, sizeof lane);
                put_lane(&unit, chunk, lane);
            }
            memcpy((uint8_t *)call->out[0] + row * stride + at, &unit, sizeof unit);
        }
    }
}

#define A_VARIANT(to)                                                    \
    const struct assay_kernel_row kernel_row_pack_ternary_##to##_ref = { \
        .id = "pack_ternary_" #to "_ref",                                \
        .kind = ASSAY_KERNEL_NATIVE,                                     \
        .equality = ASSAY_KERNEL_EXACT,                                  \
        .run = run_##to,                                                 \
        .help = "plain C",                                               \
    };
A_VARIANT(lane2)
A_VARIANT(i2s)
#undef A_VARIANT
