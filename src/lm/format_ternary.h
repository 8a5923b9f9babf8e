/*
 * The ternary and four-level layouts. Inside this room only; format.c is the table over them. All take a whole tensor
 * and a row of it.
 */
#ifndef ASSAY_LM_FORMAT_TERNARY_H
#define ASSAY_LM_FORMAT_TERNARY_H

#include "lm/format.h"

struct assay_tensor_view {
    const uint8_t *data;
    uint64_t rows, cols;
};

typedef void assay_codes_function(struct assay_tensor_view tensor, uint64_t row, uint8_t *ret_codes, float *ret_scales);
typedef void assay_pack_function(const uint8_t *codes, uint64_t rows, uint64_t cols, float scale, uint8_t *ret_data);

assay_codes_function assay_i2s_codes, assay_tq2_codes, assay_tq1_codes, assay_iq2bn_codes, assay_hf_codes,
    assay_qk256_codes, assay_bitnet32_codes;
assay_pack_function assay_i2s_pack, assay_tq2_pack, assay_tq1_pack, assay_iq2bn_pack, assay_hf_pack, assay_qk256_pack,
    assay_bitnet32_pack;

/* Whether some five (four) trits give this byte: only 243 (81) of 256 do. */
bool assay_tq1_is_byte(uint8_t byte, unsigned trits);

static inline uint16_t assay_load_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline void assay_store_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

#endif
