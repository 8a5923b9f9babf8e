/*
 * Dense linear layers: y[token][row] = row . x[token], for every format of weights but the ternary ones
 * (kernels.md 3.2). Internal to kernel/.
 *
 * Float formats (f32 f16 bf16) multiply float activations; block formats (q80 q40 q41: 32 elements; q6k: 256)
 * multiply activations that were rounded to int8 with one scale a block, sum within a block in int32, and weigh the
 * sum by the scale of both. Sums over floats are the tree T16: term i goes to lane i mod 16 in ascending i by fmaf,
 * then lanes l + (l + 8), + 4, + 2, + 1. Vector code that keeps to it gives the bits of the plain-C reference.
 */
#ifndef ASSAY_KERNEL_DENSE_H
#define ASSAY_KERNEL_DENSE_H

#include "assay/kernel.h"
#include "base/half.h"
#include "kernel/float.h"

#include <math.h>
#include <string.h>

/* X(format, enum, elements of a block, bytes of a block) */
#define DENSE_BLOCK_FORMATS(X) \
    X(q80, DENSE_Q80, 32, 34)  \
    X(q40, DENSE_Q40, 32, 18)  \
    X(q41, DENSE_Q41, 32, 20)  \
    X(q6k, DENSE_Q6K, 256, 210)

/* The same blocks of eight rows side by side, made when a model is loaded: the scales of the rows (in q41 then their
 * minima), then words of four bytes, the first one of each row, the second one of each row and so on. Rows are filled
 * up to eight with zeros. No sum is horizontal then: a lane is a row. */
#define DENSE_LANE_FORMATS(X)     \
    X(q80lane, DENSE_Q80, 32, 34) \
    X(q40lane, DENSE_Q40, 32, 18) \
    X(q41lane, DENSE_Q41, 32, 20)

/* q6klane: a block of eight rows holds their scales d, then 4 vectors of 32 bytes with the small scales (bytes 4 row to
 * 4 row + 3 of vector v are those of the 16 elements 4 v, 4 v + 2, 4 v + 1, 4 v + 3), then for each 32 elements 6
 * vectors. A word of a row there is four codes, elements 2 i, 2 i + 1, 16 + 2 i and 17 + 2 i of the 32: two neighbours
 * in each half of a lane, since each half has a scale of its own. Three words have six bits each of words i, i + 1 and
 * i + 2, and in their two upper bits word i + 3: bits 4 and 5 of its codes in the first, 2 and 3 in the second, 0 and 1
 * in the third. */
#define DENSE_Q6K_PARTS 8 /* of a block: 32 elements each */
#define DENSE_Q6K_WORDS 6 /* of a part of a row */

#define DENSE_GROUP 8       /* rows side by side */
#define DENSE_BLOCK_MAX 210 /* bytes of the longest block */
#define DENSE_Q6K_BYTES 210

enum dense_format {
#define DENSE_ENUM(name, id, block, bytes) id,
    DENSE_BLOCK_FORMATS(DENSE_ENUM)
#undef DENSE_ENUM
};

/* Operands of a block format, in this order. */
enum dense_block_input {
    DENSE_WEIGHTS, /* u8, rows of blocks */
    DENSE_Q,       /* i8 [tokens][columns] */
    DENSE_D,       /* f32 [tokens][columns / block]: what q is multiplied by */
    DENSE_SUMS     /* i32 [tokens][columns / block]: sum of q, for q40 and q41 */
};
/* Of a float format: weights, x f32 [tokens][columns]. */
enum dense_float_input { DENSE_FLOAT_WEIGHTS, DENSE_X };

static inline uint16_t dense_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint64_t kernel_dense_groups(uint64_t rows)
{
    return rows / DENSE_GROUP + (rows % DENSE_GROUP > 0);
}

/* One block of a row into the lanes, and back; blocks are those of a row, bytes those of a block. */
void kernel_dense_put_lane(const uint8_t *block, size_t bytes, size_t blocks, size_t row, size_t b, uint8_t *lanes);
void kernel_dense_get_lane(const uint8_t *lanes, size_t bytes, size_t blocks, size_t row, size_t b, uint8_t *ret_block);

/* The same for q6klane; lanes are those of the block of eight rows, of which this is number `lane`. */
void kernel_dense_put_q6klane(const uint8_t *block, size_t lane, uint8_t *lanes);
void kernel_dense_get_q6klane(const uint8_t *lanes, size_t lane, uint8_t *ret_block);

/* One weight of a block of the format, without its scale: exact. q41: without the minimum. */
int kernel_dense_quant(enum dense_format format, const uint8_t *block, size_t element);
/* Scale and minimum of a block. */
float kernel_dense_scale(enum dense_format format, const uint8_t *block);
float kernel_dense_minimum(enum dense_format format, const uint8_t *block);

#endif
