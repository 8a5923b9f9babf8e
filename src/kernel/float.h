/*
 * Float arithmetic that every variant shares, so that they agree bit for bit (kernels.md 3.2). Internal to kernel/.
 *
 * The tree T16: term i of a sum goes to lane i mod 16, in ascending i, by fmaf; then lanes l + (l + 8), + 4, + 2, + 1.
 * Vector code that keeps to it gives the bits of the plain-C reference; code that does not is off in the last digits,
 * and by more than people expect.
 */
#ifndef ASSAY_KERNEL_FLOAT_H
#define ASSAY_KERNEL_FLOAT_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KERNEL_LANES 16

static inline float kernel_tree(const float lanes[KERNEL_LANES])
{
    float eight[8], four[4];
    for (int i = 0; i < 8; i++) {
        eight[i] = lanes[i] + lanes[i + 8];
    }
    for (int i = 0; i < 4; i++) {
        four[i] = eight[i] + eight[i + 4];
    }
    return (four[0] + four[2]) + (four[1] + four[3]);
}

/* e^x to 2 ulp: two-step reduction by ln 2, a polynomial of degree 5, 0 below -87.3; x at most 88. The coefficients
 * minimise the largest relative error on |r| <= ln 2 / 2, which is 1.05e-7 before rounding. */
#define KERNEL_EXP_LEAST (-87.3F)
#define KERNEL_EXP_MOST 88.0F

static inline float kernel_exp(float x)
{
    if (!(x >= KERNEL_EXP_LEAST)) {
        return x != x ? x : 0;
    }
    x = x > KERNEL_EXP_MOST ? KERNEL_EXP_MOST : x;
    float n = fmaf(x, 1.44269504F, 12582912.0F) - 12582912.0F; /* half to even, by the magic 1.5 x 2^23 */
    float r = fmaf(n, -0.693359375F, x);                       /* ln 2 in two pieces: the first one has 10 bits */
    r = fmaf(n, 2.12194440e-4F, r);
    float p = fmaf(r, 8.312502e-3F, 4.1890334e-2F);
    p = fmaf(p, r, 1.6667116e-1F);
    p = fmaf(p, r, 4.999923e-1F);
    p = fmaf(p, r * r, r) + 1.0F;
    uint32_t bits = (uint32_t)((int32_t)n + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof scale);
    return p * scale;
}

/* SplitMix64 (Steele, Lea and Flood, 2014), the generator of inputs of cases. */
static inline uint64_t kernel_draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* In [-1, 1). */
static inline float kernel_draw_real(uint64_t *state)
{
    return ((float)(kernel_draw(state) >> 40) - 0x1p23F) / 0x1p23F;
}

#endif
