/*
 * Formats: how the weights of a tensor lie in memory (kernels.md 2.2; docs/formats/weights.md).
 *
 * A format is a row of one table. What it decodes to is exact in f32, or rounded once (Q4_1), so that the digest of the
 * decoded values is the same on every machine. A ternary format also gives its codes: 0, 1, 2 for -1, 0, +1 times the
 * scale; kernels are fed from codes, whatever the file held.
 *
 *     rc = assay_format_bytes(format, rows, cols, &bytes, err);          // refuses shapes that no block fits
 *     rc = assay_format_check(format, data, rows, cols, err);            // hostile bytes: code 3, NaN scales ...
 *     assay_format_decode(format, data, rows, cols, row, values);        // one row, cols floats
 *     assay_format_codes(format, data, rows, cols, row, codes, scales);  // ternary: one row
 *
 * Pure functions over the caller's memory; any thread.
 */
#ifndef ASSAY_LM_FORMAT_H
#define ASSAY_LM_FORMAT_H

#include "base/err.h"
#include "base/half.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Types of GGUF; those that stand in no GGUF file begin at 65536. */
enum assay_format {
    ASSAY_FORMAT_F32 = 0,
    ASSAY_FORMAT_F16 = 1,
    ASSAY_FORMAT_Q4_0 = 2,
    ASSAY_FORMAT_Q4_1 = 3,
    ASSAY_FORMAT_Q8_0 = 8,
    ASSAY_FORMAT_Q6_K = 14,
    ASSAY_FORMAT_BF16 = 30,
    ASSAY_FORMAT_TQ1_0 = 34,
    ASSAY_FORMAT_TQ2_0 = 35,
    ASSAY_FORMAT_I2_S = 36,         /* Microsoft's fork, x86 layout */
    ASSAY_FORMAT_IQ2_BN = 135,      /* ik_llama.cpp's: a scale of its own before every row */
    ASSAY_FORMAT_QK256 = 65536,     /* as BitNet-rs defines it: four levels, no scale */
    ASSAY_FORMAT_BITNET32 = 65537,  /* as BitNet-rs defines it: four levels, f16 scale a block */
    ASSAY_FORMAT_HF_TERNARY = 65538 /* packed by output row, scale beside the tensor: decoded with scale 1 */
};

#define ASSAY_FORMAT_ROW_MAX ((size_t)1 << 18) /* columns: an int32 sum never overflows (kernels.md 3.1) */

struct assay_format_row {
    enum assay_format format;
    const char *name;   /* "I2_S" */
    size_t block;       /* elements of a row that belong together */
    size_t block_bytes; /* of one block; with `tail_bytes` once a tensor */
    size_t tail_bytes;  /* I2_S: scale and padding */
    size_t head_bytes;  /* IQ2_BN: scale before the blocks of a row */
    bool is_ternary;    /* has codes 0, 1, 2 and a scale */
    bool is_in_gguf;
};

/* NULL if the format is not known. */
const struct assay_format_row *assay_format_row(uint32_t format);

/* MALFORMED: a row that is no multiple of the block, or a size that overflows. */
assay_code assay_format_bytes(enum assay_format format, uint64_t rows, uint64_t cols, uint64_t *ret_bytes,
                              assay_err *err);

/* Looks at every byte: a ternary code 3, a TQ1_0 byte that no trits produce, a scale that is NaN, infinite or negative.
 * MALFORMED names the count and the first place. Floats are not looked at: a NaN weight is a matter of the model. */
assay_code assay_format_check(enum assay_format format, const uint8_t *data, uint64_t rows, uint64_t cols,
                              assay_err *err);

void assay_format_decode(enum assay_format format, const uint8_t *data, uint64_t rows, uint64_t cols, uint64_t row,
                         float *ret_values);

/* Ternary formats: codes[cols]; scales[cols / 256], rounded up: that of each 256 columns (I2_S and HF: all equal). */
#define ASSAY_FORMAT_SCALE_COLS 256
void assay_format_codes(enum assay_format format, const uint8_t *data, uint64_t rows, uint64_t cols, uint64_t row,
                        uint8_t *ret_codes, float *ret_scales);

/* Packs a tensor from codes[rows * cols] (0, 1, 2; QK256 and BITNET32: 0..3) and one scale. data has
 * assay_format_bytes. The scale of TQ1_0, TQ2_0 and BITNET32 is rounded to f16. */
void assay_format_pack(enum assay_format format, const uint8_t *codes, uint64_t rows, uint64_t cols, float scale,
                       uint8_t *ret_data);

/* Rounds floats into a format that is not ternary; Q formats by ggml's portable quantisers. cols floats of one row. */
void assay_format_encode_row(enum assay_format format, const float *values, uint64_t cols, uint8_t *ret_data);

#endif
