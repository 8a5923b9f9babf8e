#include "lm/format_block.h"
#include "lm/format_ternary.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX ((uint64_t)1 << 40) /* with columns below 2^18 sizes stay far below 2^63 */

struct format {
    struct assay_format_row row;
    assay_row_decoder *decode; /* floats and blocks; NULL: from codes */
    assay_row_encoder *encode;
    assay_codes_function *codes;
    assay_pack_function *pack;
    uint8_t codes_count; /* 3: a fourth code is an error */
};

static const struct format FORMATS[] = {
    {{ASSAY_FORMAT_F32, "F32", 1, 4, 0, 0, false, true}, assay_f32_decode, assay_f32_encode, NULL, NULL, 0},
    {{ASSAY_FORMAT_F16, "F16", 1, 2, 0, 0, false, true}, assay_f16_decode, assay_f16_encode, NULL, NULL, 0},
    {{ASSAY_FORMAT_BF16, "BF16", 1, 2, 0, 0, false, true}, assay_bf16_decode, assay_bf16_encode, NULL, NULL, 0},
    {{ASSAY_FORMAT_Q4_0, "Q4_0", 32, 18, 0, 0, false, true}, assay_q4_0_decode, assay_q4_0_encode, NULL, NULL, 0},
    {{ASSAY_FORMAT_Q4_1, "Q4_1", 32, 20, 0, 0, false, true}, assay_q4_1_decode, assay_q4_1_encode, NULL, NULL, 0},
    {{ASSAY_FORMAT_Q8_0, "Q8_0", 32, 34, 0, 0, false, true}, assay_q8_0_decode, assay_q8_0_encode, NULL, NULL, 0},
    {{ASSAY_FORMAT_Q6_K, "Q6_K", 256, 210, 0, 0, false, true}, assay_q6_k_decode, assay_q6_k_encode, NULL, NULL, 0},
    {{ASSAY_FORMAT_TQ1_0, "TQ1_0", 256, 54, 0, 0, true, true}, NULL, NULL, assay_tq1_codes, assay_tq1_pack, 3},
    {{ASSAY_FORMAT_TQ2_0, "TQ2_0", 256, 66, 0, 0, true, true}, NULL, NULL, assay_tq2_codes, assay_tq2_pack, 3},
    {{ASSAY_FORMAT_I2_S, "I2_S", 128, 32, 32, 0, true, true}, NULL, NULL, assay_i2s_codes, assay_i2s_pack, 3},
    {{ASSAY_FORMAT_IQ2_BN, "IQ2_BN", 64, 16, 0, 4, true, true}, NULL, NULL, assay_iq2bn_codes, assay_iq2bn_pack, 3},
    {{ASSAY_FORMAT_QK256, "QK256", 256, 64, 0, 0, false, false}, NULL, NULL, assay_qk256_codes, assay_qk256_pack, 4},
    {{ASSAY_FORMAT_BITNET32, "BitNet32-F16", 32, 10, 0, 0, false, false},
     NULL,
     NULL,
     assay_bitnet32_codes,
     assay_bitnet32_pack,
     4},
    {{ASSAY_FORMAT_HF_TERNARY, "HF ternary", 4, 1, 0, 0, true, false}, NULL, NULL, assay_hf_codes, assay_hf_pack, 3},
};

static const struct format *find(uint32_t format)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
        if (FORMATS[i].row.format == format) {
            return &FORMATS[i];
        }
    }
    return NULL;
}

const struct assay_format_row *assay_format_row(uint32_t format)
{
    const struct format *found = find(format);
    return found ? &found->row : NULL;
}

static const struct format *must_find(enum assay_format format)
{
    const struct format *found = find((uint32_t)format);
    assert(found);
    return found;
}

/* ---- sizes -------------------------------------------------------------------------------------------------------*/

assay_code assay_format_bytes(enum assay_format format, uint64_t rows, uint64_t cols, uint64_t *ret_bytes,
                              assay_err *err)
{
    const struct assay_format_row *row = &must_find(format)->row;
    if (rows == 0 || rows > ROWS_MAX || cols == 0 || cols > ASSAY_FORMAT_ROW_MAX) {
        return assay_fail(err, ASSAY_MALFORMED, "%" PRIu64 " rows of %" PRIu64 " columns, expected 1 to %zu columns",
                          rows, cols, ASSAY_FORMAT_ROW_MAX);
    }
    uint64_t blocks = format == ASSAY_FORMAT_HF_TERNARY ? rows / 4 * cols : rows * (cols / row->block);
    bool fits = format == ASSAY_FORMAT_HF_TERNARY ? rows % row->block == 0 : cols % row->block == 0;
    if (format == ASSAY_FORMAT_QK256) { /* the one format that pads its rows */
        blocks = rows * ((cols + row->block - 1) / row->block);
        fits = true;
    }
    if (!fits) {
        return assay_fail(err, ASSAY_MALFORMED, "%" PRIu64 " %s are no multiple of %zu, the block of %s",
                          format == ASSAY_FORMAT_HF_TERNARY ? rows : cols,
                          format == ASSAY_FORMAT_HF_TERNARY ? "rows" : "columns", row->block, row->name);
    }
    *ret_bytes = blocks * row->block_bytes + rows * row->head_bytes + row->tail_bytes;
    return ASSAY_OK;
}

static uint64_t row_bytes(const struct assay_format_row *row, uint64_t cols)
{
    return row->head_bytes + cols / row->block * row->block_bytes;
}

/* ---- values ------------------------------------------------------------------------------------------------------*/

/* What codes mean, in units of the scale. */
static float level_of(const struct format *format, uint8_t code)
{
    static const float TERNARY[] = {-1, 0, 1, 2};
    static const float FOUR[] = {-2, -1, 1, 2};
    return (format->codes_count == 4 ? FOUR : TERNARY)[code];
}

static float bitnet32_scale(const uint8_t *data, uint64_t cols, uint64_t row, uint64_t col)
{
    return assay_f16_value(assay_load_u16(data + (row * (cols / 32) + col / 32) * 10 + 8));
}

void assay_format_decode(enum assay_format format, const uint8_t *data, uint64_t rows, uint64_t cols, uint64_t row,
                         float *ret_values)
{
    const struct format *found = must_find(format);
    assert(row < rows && cols <= ASSAY_FORMAT_ROW_MAX);
    if (found->decode) {
        found->decode(data + row * row_bytes(&found->row, cols), cols, ret_values);
        return;
    }
    uint8_t *codes = (uint8_t *)ret_values; /* in place: read from the end, a code is a quarter of a float */
    float scales[ASSAY_FORMAT_ROW_MAX / ASSAY_FORMAT_SCALE_COLS];
    found->codes((struct assay_tensor_view){data, rows, cols}, row, codes, scales);
    for (uint64_t i = cols; i-- > 0;) {
        float scale =
            format == ASSAY_FORMAT_BITNET32 ? bitnet32_scale(data, cols, row, i) : scales[i / ASSAY_FORMAT_SCALE_COLS];
        ret_values[i] = scale * level_of(found, codes[i]);
    }
}

void assay_format_codes(enum assay_format format, const uint8_t *data, uint64_t rows, uint64_t cols, uint64_t row,
                        uint8_t *ret_codes, float *ret_scales)
{
    const struct format *found = must_find(format);
    assert(found->codes && row < rows);
    found->codes((struct assay_tensor_view){data, rows, cols}, row, ret_codes, ret_scales);
}

void assay_format_pack(enum assay_format format, const uint8_t *codes, uint64_t rows, uint64_t cols, float scale,
                       uint8_t *ret_data)
{
    const struct format *found = must_find(format);
    assert(found->pack);
    found->pack(codes, rows, cols, scale, ret_data);
}

void assay_format_encode_row(enum assay_format format, const float *values, uint64_t cols, uint8_t *ret_data)
{
    const struct format *found = must_find(format);
    assert(found->encode && cols % found->row.block == 0);
    found->encode(values, cols, ret_data);
}

/* ---- hostile bytes -----------------------------------------------------------------------------------------------*/

static assay_code check_scale(const struct format *format, float scale, uint64_t row, assay_err *err)
{
    return isfinite(scale) && scale >= 0 ? ASSAY_OK
                                         : assay_fail(err, ASSAY_MALFORMED,
                                                      "%s: the scale of row %" PRIu64 " is %g, expected finite and not "
                                                      "negative",
                                                      format->row.name, row, (double)scale);
}

/* TQ1_0 has no code 3; what it has is bytes that no trits give. */
static assay_code check_tq1(const uint8_t *data, uint64_t blocks, assay_err *err)
{
    for (uint64_t b = 0; b < blocks; b++) {
        for (unsigned k = 0; k < 52; k++) {
            uint8_t byte = data[b * 54 + k];
            if (!assay_tq1_is_byte(byte, k < 48 ? 5 : 4)) {
                return assay_fail(err, ASSAY_MALFORMED,
                                  "TQ1_0: byte %u of block %" PRIu64 " is 0x%02x, which no "
                                  "trits give",
                                  k, b, byte);
            }
        }
    }
    return ASSAY_OK;
}

static assay_code check_row(const struct format *format, struct assay_tensor_view tensor, uint64_t row, uint8_t *codes,
                            uint64_t *threes, uint64_t *first, assay_err *err)
{
    float scales[ASSAY_FORMAT_ROW_MAX / ASSAY_FORMAT_SCALE_COLS];
    format->codes(tensor, row, codes, scales);
    for (uint64_t i = 0; i < tensor.cols; i++) {
        if (codes[i] == 3 && (*threes)++ == 0) {
            *first = row * tensor.cols + i;
        }
    }
    for (uint64_t i = 0; i < tensor.cols; i += ASSAY_FORMAT_SCALE_COLS) {
        assay_code rc = check_scale(format, scales[i / ASSAY_FORMAT_SCALE_COLS], row, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return ASSAY_OK;
}

/* Whether any of the four 2-bit codes of any byte is 3, wherever the layout puts them. */
static bool has_code_three(const uint8_t *data, uint64_t bytes)
{
    const uint64_t low_bits = UINT64_C(0x5555555555555555);
    uint64_t found = 0, word = 0, i = 0;
    for (; i + sizeof word <= bytes; i += sizeof word) {
        memcpy(&word, data + i, sizeof word);
        found |= word & word >> 1 & low_bits;
    }
    for (; i < bytes; i++) {
        found |= (uint64_t)data[i] & (uint64_t)data[i] >> 1 & low_bits;
    }
    return found != 0;
}

/* Files of gigabytes are read at the speed of memory: rows are taken apart only where something is wrong. I2_S: codes,
 * then one scale. TQ2_0: an f16 scale behind the codes of every block. */
static bool is_clean(enum assay_format format, const struct assay_format_row *row, const uint8_t *data, uint64_t count)
{
    float scale = 0;
    if (format == ASSAY_FORMAT_I2_S) {
        memcpy(&scale, data + count / 4, sizeof scale);
        return isfinite(scale) && scale >= 0 && !has_code_three(data, count / 4);
    }
    bool is_good = format == ASSAY_FORMAT_TQ2_0;
    for (uint64_t b = 0; is_good && b < count / row->block; b++) {
        const uint8_t *block = data + b * row->block_bytes;
        scale = assay_f16_value(assay_load_u16(block + row->block / 4));
        is_good = isfinite(scale) && scale >= 0 && !has_code_three(block, row->block / 4);
    }
    return is_good;
}

static assay_code check_bitnet32(const struct format *format, struct assay_tensor_view tensor, assay_err *err)
{
    for (uint64_t i = 0; i < tensor.rows * tensor.cols; i += 32) {
        float scale = bitnet32_scale(tensor.data, tensor.cols, i / tensor.cols, i % tensor.cols);
        assay_code rc = check_scale(format, scale, i / tensor.cols, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
    }
    return ASSAY_OK;
}

assay_code assay_format_check(enum assay_format format, const uint8_t *data, uint64_t rows, uint64_t cols,
                              assay_err *err)
{
    const struct format *found = must_find(format);
    struct assay_tensor_view tensor = {data, rows, cols};
    if (format == ASSAY_FORMAT_BITNET32) {
        return check_bitnet32(found, tensor, err);
    }
    if (found->codes_count != 3 || is_clean(format, &found->row, data, rows * cols)) {
        return ASSAY_OK;
    }
    assay_code rc = format == ASSAY_FORMAT_TQ1_0 ? check_tq1(data, rows * cols / 256, err) : ASSAY_OK;
    uint8_t codes[ASSAY_FORMAT_ROW_MAX];
    uint64_t threes = 0, first = 0;
    for (uint64_t row = 0; rc == ASSAY_OK && row < rows; row++) {
        rc = check_row(found, tensor, row, codes, &threes, &first, err);
    }
    if (rc == ASSAY_OK && threes > 0) {
        rc = assay_fail(err, ASSAY_MALFORMED,
                        "%s: %" PRIu64 " weights have code 3, the first is element %" PRIu64 "; expected 0, 1 or 2",
                        found->row.name, threes, first);
    }
    return rc;
}
