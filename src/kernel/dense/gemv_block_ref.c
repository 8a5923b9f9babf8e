/* dense_gemv_{q80,q40,q41,q6k,q80lane,q40lane,q41lane,q6klane}_ref: the arithmetic as it is written down. */
#include "kernel/dense/dense.h"
#include "kernel/families.h"
#include "kernel/part.h"

#include <stdbool.h>

struct layout {
    enum dense_format format;
    size_t block, bytes;
    bool is_lane;
};

/* Block b of a row: as it lies there, or put together in `whole`. */
static const uint8_t *block_of(struct layout layout, const uint8_t *weights, size_t blocks, size_t row, size_t b,
                               uint8_t whole[DENSE_BLOCK_MAX])
{
    if (!layout.is_lane) {
        return weights + (row * blocks + b) * layout.bytes;
    }
    kernel_dense_get_lane(weights, layout.bytes, blocks, row, b, whole);
    return whole;
}

/* Of one row: block b adds to lane b mod 16 its integer sum times both scales, and its minimum times the sum of q. */
static float dot(struct layout layout, const uint8_t *weights, size_t row, const int8_t *q, const float *d,
                 const int32_t *sums, size_t blocks)
{
    uint8_t whole[DENSE_BLOCK_MAX];
    float lanes[KERNEL_LANES] = {0};
    for (size_t b = 0; b < blocks; b++) {
        const uint8_t *block = block_of(layout, weights, blocks, row, b, whole);
        int32_t sum = 0;
        for (size_t i = 0; i < layout.block; i++) {
            sum += kernel_dense_quant(layout.format, block, i) * q[b * layout.block + i];
        }
        float *lane = &lanes[b % KERNEL_LANES];
        *lane = fmaf(kernel_dense_scale(layout.format, block) * d[b], (float)sum, *lane);
        if (layout.format == DENSE_Q41) {
            *lane = fmaf(kernel_dense_minimum(layout.format, block) * d[b], (float)sums[b], *lane);
        }
    }
    return kernel_tree(lanes);
}

static void run(struct layout layout, const struct assay_kernel_call *call)
{
    size_t rows = (size_t)call->shape.rows, columns = (size_t)call->shape.columns, blocks = columns / layout.block;
    const uint8_t *weights = call->in[DENSE_WEIGHTS];
    struct kernel_range range = kernel_range_of(call, rows);
    for (size_t token = 0; token < call->shape.tokens; token++) {
        const int8_t *q = (const int8_t *)call->in[DENSE_Q] + token * columns;
        const float *d = (const float *)call->in[DENSE_D] + token * blocks;
        const int32_t *sums = (const int32_t *)call->in[DENSE_SUMS] + token * blocks;
        float *y = (float *)call->out[0] + token * rows;
        for (size_t row = range.first; row < range.end; row++) {
            y[row] = dot(layout, weights, row, q, d, sums, blocks);
        }
    }
}

#define A_VARIANT(name, id_, block_, bytes_, is_lane_)                                                    \
    static void run_##name(const struct assay_kernel_call *call)                                          \
    {                                                                                                     \
        run((struct layout){.format = id_, .block = block_, .bytes = bytes_, .is_lane = is_lane_}, call); \
    }                                                                                                     \
    const struct assay_kernel_row kernel_row_dense_gemv_##name##_ref = {                                  \
        .id = "dense_gemv_" #name "_ref",                                                                 \
        .kind = ASSAY_KERNEL_QUANTISED,                                                                   \
        .equality = ASSAY_KERNEL_EXACT,                                                                   \
        .run = run_##name,                                                                                \
        .help = "plain C",                                                                                \
    };
#define BY_ROWS(name, id, block, bytes) A_VARIANT(name, id, block, bytes, false)
#define BY_LANES(name, id, block, bytes) A_VARIANT(name, id, block, bytes, true)
DENSE_BLOCK_FORMATS(BY_ROWS)
DENSE_LANE_FORMATS(BY_LANES)
BY_LANES(q6klane, DENSE_Q6K, 256, DENSE_Q6K_BYTES)
#undef BY_ROWS
#undef BY_LANES
#undef A_VARIANT
