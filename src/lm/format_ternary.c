/*
 * Layouts of 2-bit and base-3 weights. Each is a map from element to place; packing and reading use the same map.
 */
#include "lm/format_ternary.h"

#include <string.h>

#define UNIT 128 /* I2_S: elements of 32 bytes */
#define UNIT_BYTES 32
#define I2S_TAIL 32 /* scale, then padding */
#define BLOCK 256
#define TQ2_BYTES 66
#define TQ1_BYTES 54
#define TQ1_Q 48 /* bytes of five trits */
#define TQ1_QH 4 /* bytes of four */
#define IQ2BN_BLOCK 64
#define IQ2BN_BYTES 16
#define IQ2BN_HEAD 4
#define BITNET32_BLOCK 32
#define BITNET32_BYTES 10

static void fill_scales(float *scales, uint64_t cols, float scale)
{
    for (uint64_t i = 0; i < cols; i += ASSAY_FORMAT_SCALE_COLS) {
        scales[i / ASSAY_FORMAT_SCALE_COLS] = scale;
    }
}

/* ---- I2_S: unit of 128 = 32 bytes, first group of 32 in the high bits --------------------------------------------*/

static size_t i2s_byte(uint64_t element)
{
    return (size_t)(element / UNIT * UNIT_BYTES + element % UNIT_BYTES);
}

static unsigned i2s_shift(uint64_t element)
{
    return 6 - 2 * (unsigned)(element % UNIT / UNIT_BYTES);
}

void assay_i2s_codes(struct assay_tensor_view tensor, uint64_t row, uint8_t *ret_codes, float *ret_scales)
{
    const uint8_t *from = tensor.data + row * tensor.cols / 4;
    for (uint64_t i = 0; i < tensor.cols; i++) {
        ret_codes[i] = from[i2s_byte(i)] >> i2s_shift(i) & 3;
    }
    float scale;
    memcpy(&scale, tensor.data + tensor.rows * tensor.cols / 4, sizeof scale); /* little endian, as all we run on */
    fill_scales(ret_scales, tensor.cols, scale);
}

void assay_i2s_pack(const uint8_t *codes, uint64_t rows, uint64_t cols, float scale, uint8_t *ret_data)
{
    memset(ret_data, 0, rows * cols / 4 + I2S_TAIL);
    for (uint64_t i = 0; i < rows * cols; i++) { /* rows are whole units, so the tensor is one long row */
        ret_data[i2s_byte(i)] |= (uint8_t)(codes[i] << i2s_shift(i));
    }
    memcpy(ret_data + rows * cols / 4, &scale, sizeof scale);
}

/* ---- TQ2_0: block of 256 = 64 bytes and an f16 scale, low bits first ---------------------------------------------*/

static size_t tq2_byte(uint64_t element)
{
    return (size_t)(element % BLOCK / UNIT * UNIT_BYTES + element % UNIT_BYTES);
}

static unsigned tq2_shift(uint64_t element)
{
    return 2 * (unsigned)(element % UNIT / UNIT_BYTES);
}

void assay_tq2_codes(struct assay_tensor_view tensor, uint64_t row, uint8_t *ret_codes, float *ret_scales)
{
    const uint8_t *from = tensor.data + row * (tensor.cols / BLOCK) * TQ2_BYTES;
    for (uint64_t i = 0; i < tensor.cols; i++) {
        ret_codes[i] = from[i / BLOCK * TQ2_BYTES + tq2_byte(i)] >> tq2_shift(i) & 3;
    }
    for (uint64_t b = 0; b < tensor.cols / BLOCK; b++) {
        ret_scales[b] = assay_f16_value(assay_load_u16(from + b * TQ2_BYTES + BLOCK / 4));
    }
}

void assay_tq2_pack(const uint8_t *codes, uint64_t rows, uint64_t cols, float scale, uint8_t *ret_data)
{
    uint64_t blocks = rows * cols / BLOCK;
    memset(ret_data, 0, blocks * TQ2_BYTES);
    for (uint64_t i = 0; i < rows * cols; i++) {
        ret_data[i / BLOCK * TQ2_BYTES + tq2_byte(i)] |= (uint8_t)(codes[i] << tq2_shift(i));
    }
    for (uint64_t b = 0; b < blocks; b++) {
        assay_store_u16(ret_data + b * TQ2_BYTES + BLOCK / 4, assay_f16_bits(scale));
    }
}

/* ---- TQ1_0: five trits a byte, as a fixed-point fraction of 3^5 --------------------------------------------------*/

/* The element of trit n of byte k of a block, and how many trits that byte has. */
static unsigned tq1_trits(size_t byte)
{
    return byte < TQ1_Q ? 5 : 4;
}

static size_t tq1_element(size_t byte, unsigned trit)
{
    if (byte < 32) {
        return byte + 32 * trit;
    }
    return byte < TQ1_Q ? 160 + (byte - 32) + 16 * trit : 240 + (byte - TQ1_Q) + 4 * trit;
}

/* ceil(256 B / 243), B in base 3 with the first trit most significant; four trits are multiplied by 3 once more. */
static uint8_t tq1_encode(const uint8_t *block, size_t byte)
{
    unsigned value = 0;
    for (unsigned n = 0; n < 5; n++) {
        value = value * 3 + (n < tq1_trits(byte) ? block[tq1_element(byte, n)] : 0);
    }
    return (uint8_t)((value * 256 + 242) / 243);
}

static uint8_t tq1_trit(uint8_t byte, unsigned n)
{
    static const uint8_t POWER[] = {1, 3, 9, 27, 81};
    uint8_t fraction = (uint8_t)(byte * POWER[n]);
    return (uint8_t)(fraction * 3u >> 8);
}

bool assay_tq1_is_byte(uint8_t byte, unsigned trits)
{
    unsigned value = 0;
    for (unsigned n = 0; n < 5; n++) {
        value = value * 3 + (n < trits ? tq1_trit(byte, n) : 0);
    }
    return (value * 256 + 242) / 243 == byte;
}

void assay_tq1_codes(struct assay_tensor_view tensor, uint64_t row, uint8_t *ret_codes, float *ret_scales)
{
    for (uint64_t b = 0; b < tensor.cols / BLOCK; b++) {
        const uint8_t *from = tensor.data + (row * (tensor.cols / BLOCK) + b) * TQ1_BYTES;
        for (size_t k = 0; k < TQ1_Q + TQ1_QH; k++) {
            for (unsigned n = 0; n < tq1_trits(k); n++) {
                ret_codes[b * BLOCK + tq1_element(k, n)] = tq1_trit(from[k], n);
            }
        }
        ret_scales[b] = assay_f16_value(assay_load_u16(from + TQ1_Q + TQ1_QH));
    }
}

void assay_tq1_pack(const uint8_t *codes, uint64_t rows, uint64_t cols, float scale, uint8_t *ret_data)
{
    for (uint64_t b = 0; b < rows * cols / BLOCK; b++) {
        uint8_t *to = ret_data + b * TQ1_BYTES;
        for (size_t k = 0; k < TQ1_Q + TQ1_QH; k++) {
            to[k] = tq1_encode(codes + b * BLOCK, k);
        }
        assay_store_u16(to + TQ1_Q + TQ1_QH, assay_f16_bits(scale));
    }
}

/* ---- IQ2_BN: an f32 scale before each row; 64 = 16 bytes, low bits first -----------------------------------------*/

static size_t iq2bn_stride(uint64_t cols)
{
    return (size_t)(IQ2BN_HEAD + cols / 4);
}

static size_t iq2bn_byte(uint64_t element)
{
    return (size_t)(IQ2BN_HEAD + element / IQ2BN_BLOCK * IQ2BN_BYTES + element % IQ2BN_BYTES);
}

static unsigned iq2bn_shift(uint64_t element)
{
    return 2 * (unsigned)(element % IQ2BN_BLOCK / IQ2BN_BYTES);
}

void assay_iq2bn_codes(struct assay_tensor_view tensor, uint64_t row, uint8_t *ret_codes, float *ret_scales)
{
    const uint8_t *from = tensor.data + row * iq2bn_stride(tensor.cols);
    float scale;
    for (uint64_t i = 0; i < tensor.cols; i++) {
        ret_codes[i] = from[iq2bn_byte(i)] >> iq2bn_shift(i) & 3;
    }
    memcpy(&scale, from, sizeof scale);
    fill_scales(ret_scales, tensor.cols, scale);
}

void assay_iq2bn_pack(const uint8_t *codes, uint64_t rows, uint64_t cols, float scale, uint8_t *ret_data)
{
    memset(ret_data, 0, rows * iq2bn_stride(cols));
    for (uint64_t row = 0; row < rows; row++) {
        uint8_t *to = ret_data + row * iq2bn_stride(cols);
        memcpy(to, &scale, sizeof scale);
        for (uint64_t i = 0; i < cols; i++) {
            to[iq2bn_byte(i)] |= (uint8_t)(codes[row * cols + i] << iq2bn_shift(i));
        }
    }
}

/* ---- Hugging Face's: byte (r, c) holds rows r, r + out/4, r + out/2, r + 3 out/4 ---------------------------------*/

void assay_hf_codes(struct assay_tensor_view tensor, uint64_t row, uint8_t *ret_codes, float *ret_scales)
{
    uint64_t quarter = tensor.rows / 4;
    const uint8_t *from = tensor.data + row % quarter * tensor.cols;
    for (uint64_t i = 0; i < tensor.cols; i++) {
        ret_codes[i] = from[i] >> 2 * (row / quarter) & 3;
    }
    fill_scales(ret_scales, tensor.cols, 1);
}

void assay_hf_pack(const uint8_t *codes, uint64_t rows, uint64_t cols, float scale, uint8_t *ret_data)
{
    (void)scale; /* stands beside the tensor */
    uint64_t quarter = rows / 4;
    memset(ret_data, 0, quarter * cols);
    for (uint64_t i = 0; i < rows * cols; i++) {
        uint64_t row = i / cols;
        ret_data[row % quarter * cols + i % cols] |= (uint8_t)(codes[i] << 2 * (row / quarter));
    }
}

/* ---- BitNet-rs: natural order, four levels -----------------------------------------------------------------------*/

static uint64_t qk256_stride(uint64_t cols)
{
    return (cols + BLOCK - 1) / BLOCK * (BLOCK / 4);
}

void assay_qk256_codes(struct assay_tensor_view tensor, uint64_t row, uint8_t *ret_codes, float *ret_scales)
{
    const uint8_t *from = tensor.data + row * qk256_stride(tensor.cols);
    for (uint64_t i = 0; i < tensor.cols; i++) {
        ret_codes[i] = from[i / 4] >> 2 * (i % 4) & 3;
    }
    fill_scales(ret_scales, tensor.cols, 1);
}

void assay_qk256_pack(const uint8_t *codes, uint64_t rows, uint64_t cols, float scale, uint8_t *ret_data)
{
    (void)scale; /* the format has none */
    memset(ret_data, 0, rows * qk256_stride(cols));
    for (uint64_t i = 0; i < rows * cols; i++) {
        uint64_t col = i % cols;
        ret_data[i / cols * qk256_stride(cols) + col / 4] |= (uint8_t)(codes[i] << 2 * (col % 4));
    }
}

void assay_bitnet32_codes(struct assay_tensor_view tensor, uint64_t row, uint8_t *ret_codes, float *ret_scales)
{
    const uint8_t *from = tensor.data + row * (tensor.cols / BITNET32_BLOCK) * BITNET32_BYTES;
    for (uint64_t i = 0; i < tensor.cols; i++) {
        uint64_t at = i % BITNET32_BLOCK;
        ret_codes[i] = from[i / BITNET32_BLOCK * BITNET32_BYTES + at / 4] >> 2 * (at % 4) & 3;
    }
    fill_scales(ret_scales, tensor.cols, 1); /* scales are finer than 256 columns: decoding reads them itself */
}

void assay_bitnet32_pack(const uint8_t *codes, uint64_t rows, uint64_t cols, float scale, uint8_t *ret_data)
{
    uint64_t blocks = rows * cols / BITNET32_BLOCK;
    memset(ret_data, 0, blocks * BITNET32_BYTES);
    for (uint64_t i = 0; i < rows * cols; i++) {
        uint64_t at = i % BITNET32_BLOCK;
        ret_data[i / BITNET32_BLOCK * BITNET32_BYTES + at / 4] |= (uint8_t)(codes[i] << 2 * (at % 4));
    }
    for (uint64_t b = 0; b < blocks; b++) {
        assay_store_u16(ret_data + b * BITNET32_BYTES + BITNET32_BLOCK / 4, assay_f16_bits(scale));
    }
}
