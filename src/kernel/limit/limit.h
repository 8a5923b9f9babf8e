/*
 * Limits: what the host can do at most, measured by rows of their own (kernels.md 1.3, 7). Internal to kernel/.
 *
 * limit_read_bytes reads every line of a buffer once and adds its words up, modulo 2^64, so that the order of summation
 * is free and no variant can leave a line out. Shape: rows = lines of 64 bytes.
 *
 * limit_ops_i8 multiplies and adds bytes without touching memory beyond L1: no kernel of the same instruction set does
 * more operations a second, since no other operation of these sets does more in one instruction.
 */
#ifndef ASSAY_KERNEL_LIMIT_H
#define ASSAY_KERNEL_LIMIT_H

#include "assay/kernel.h"

#define LIMIT_LINE_BYTES 64
#define LIMIT_LINE_WORDS 8
#define LIMIT_LANES 32  /* bytes of a 256-bit register */
#define LIMIT_CHAINS 12 /* enough that no addition waits for the one before */

#endif
