/*
 * Limits: what the host can do at most, measured by rows of their own (kernels.md 1.3, 7). Internal to kernel/.
 *
 * limit_read_bytes reads every line of a buffer once and adds its words up, modulo 2^64, so that the order of summation
 * is free and no variant can leave a line out. Shape: rows = lines of 64 bytes.
 */
#ifndef ASSAY_KERNEL_LIMIT_H
#define ASSAY_KERNEL_LIMIT_H

#include "assay/kernel.h"

#define LIMIT_LINE_BYTES 64
#define LIMIT_LINE_WORDS 8

#endif
