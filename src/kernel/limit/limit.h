/*
 * Limits: what the host can do at most, measured by rows of their own (kernels.md 1.3, 7). Internal to kernel/.
 *
 * operation: shape; bytes counted; a number from it
 * - limit_read_bytes: rows lines; rows x 64; bytes / ns, of the cache level that the buffer fits in
 * - limit_read_ahead: rows lines as one stream, columns lines of prefetch (1: none); rows x 64; bytes / ns
 * - limit_write_bytes, limit_write_nt: rows lines, through or past the caches; rows x 64; bytes / ns
 * - limit_copy_bytes: rows lines; rows x 128, read and written; bytes / ns
 * - limit_chase_bytes: rows lines, columns steps; columns x 64; ns / elements, the latency
 * - limit_ops_i8, limit_ops_dot4, limit_ops_sums, limit_ops_f32: rows steps; 0; ops / ns
 * - limit_ops_tile: rows steps, columns panels of 4 KB (1: in registers); 0; ops / ns
 * - limit_exp_f32: rows numbers; 0; elements / ns
 *
 * The pages are those of the caller's buffer. Every line of 64 bytes counts, and the sum over its words (modulo 2^64,
 * so that the order is free) proves that no variant left one out. The ops rows touch no memory beyond the nearest
 * cache: no kernel of the same instruction set does more operations a second.
 */
#ifndef ASSAY_KERNEL_LIMIT_H
#define ASSAY_KERNEL_LIMIT_H

#include "assay/kernel.h"

#define LIMIT_LINE_BYTES 64
#define LIMIT_LINE_WORDS 8
#define LIMIT_LANES 32      /* bytes of a 256-bit register */
#define LIMIT_DOT4_LANES 64 /* bytes of a 512-bit register */
#define LIMIT_FLOATS 192    /* chains of limit_ops_f32: two sweeps of twelve 256-bit registers */
#define LIMIT_SUM_CODES 4   /* ternary weights that a looked-up sum stands for */
#define LIMIT_CHAINS 12     /* enough that no addition waits for the one before */

/* Tiles of limit_ops_tile: 16 lines of 64 bytes, or of 16 sums. */
#define LIMIT_TILE_LINES 16
#define LIMIT_TILE_LINE 64
#define LIMIT_TILE_BYTES 1024
#define LIMIT_TILE_SUMS 256
#define LIMIT_PANEL_BYTES 2048 /* two tiles of either factor */

#endif
