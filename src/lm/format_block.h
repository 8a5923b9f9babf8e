/*
 * Floats and block formats, one row at a time. Inside this room only.
 */
#ifndef ASSAY_LM_FORMAT_BLOCK_H
#define ASSAY_LM_FORMAT_BLOCK_H

#include "lm/format.h"

typedef void assay_row_decoder(const uint8_t *row, uint64_t cols, float *ret_values);
typedef void assay_row_encoder(const float *values, uint64_t cols, uint8_t *ret_row);

assay_row_decoder assay_f32_decode, assay_f16_decode, assay_bf16_decode, assay_q8_0_decode, assay_q4_0_decode,
    assay_q4_1_decode, assay_q6_k_decode;
assay_row_encoder assay_f32_encode, assay_f16_encode, assay_bf16_encode, assay_q8_0_encode, assay_q4_0_encode,
    assay_q4_1_encode, assay_q6_k_encode;

#endif
