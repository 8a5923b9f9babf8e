/* Golden vectors of the weight formats (kernels.md 2.3): their bytes and what they decode to. */
#include "crypto/crypto.h"
#include "lm/lm.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TRITS 512
#define BYTES_MAX 512

/* SplitMix64 (Vigna), written out: the vectors are defined by it. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void draw_codes(uint64_t seed, unsigned levels, uint8_t *codes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        codes[i] = (uint8_t)(next(&seed) % levels);
    }
}

static void assert_digest(const void *bytes, size_t len, const char *expected)
{
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    assay_sha256_of(bytes, len, &digest);
    assay_digest_print(&digest, text);
    assert_string_equal(text, expected);
}

static void assert_values(enum assay_format format, const uint8_t *data, uint64_t rows, uint64_t cols,
                          const char *expected)
{
    static float values[1024];
    for (uint64_t row = 0; row < rows; row++) {
        assay_format_decode(format, data, rows, cols, row, values + row * cols);
    }
    assert_digest(values, (size_t)(rows * cols) * sizeof *values, expected);
}

#define TERNARY_VALUES "cbcbc2b830d20fe0882d94f2061d993b19b401a8b98a6f7069c8350a57f8f86f"

static const struct {
    enum assay_format format;
    unsigned levels;
    uint64_t rows, cols, bytes;
    const char *data, *values; /* SHA-256; values NULL: the scale stands beside the tensor */
} PACKED[] = {
    {ASSAY_FORMAT_I2_S, 3, 2, 256, 160, "60a41c181e054830f6c9def5132769d636ff4f9df1845abe6c2560499784f405",
     TERNARY_VALUES},
    {ASSAY_FORMAT_TQ2_0, 3, 1, 512, 132, "fb6d2f27edeb33943d6426c8400ced47553394e82cc2c865da0f5fdf58ce4467",
     TERNARY_VALUES},
    {ASSAY_FORMAT_TQ1_0, 3, 1, 512, 108, "65bed403890a9666e67ebe2574f8d4ccb8f4f533a64da05d280620b77f2ec823",
     TERNARY_VALUES},
    {ASSAY_FORMAT_IQ2_BN, 3, 2, 256, 136, "d86712a8a3f0aefe0abe431b9c1602fc9ee4bbc7e7f6af3669cf663d725e5997",
     TERNARY_VALUES},
    {ASSAY_FORMAT_HF_TERNARY, 3, 8, 64, 128, "81b2b7269fd9c68d60473ab2941da3a0d491e2f5f0d736904aefbb1a3827fcf0", NULL},
    {ASSAY_FORMAT_QK256, 4, 2, 300, 256, "4dfe2880729f3cb4696a17be4f71836c9b3d56033823e89d48ce07fea35637bb",
     "62ad4c0b58fd0682121070fb5b85477975f9878165fe58be03ab6738981792fd"},
    {ASSAY_FORMAT_BITNET32, 4, 1, 512, 160, "824f94d7f19504d6df395f69c774699fa817e28ef5826f3c9edabc2ec86c1741",
     "343cbdfffe4c70b7471d90493b98d0837f870bc901a5e6c3aa5d964fa8201707"},
};

static void low_bit_weights_are_packed_and_read_as_their_makers_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof PACKED / sizeof PACKED[0]; i++) {
        uint8_t codes[1024], data[BYTES_MAX], again[1024];
        uint64_t bytes = 0, count = PACKED[i].rows * PACKED[i].cols;
        draw_codes(PACKED[i].levels == 3 ? 1 : 2, PACKED[i].levels, codes, (size_t)count);
        assert_int_equal(assay_format_bytes(PACKED[i].format, PACKED[i].rows, PACKED[i].cols, &bytes, NULL), ASSAY_OK);
        assert_int_equal(bytes, PACKED[i].bytes);
        assay_format_pack(PACKED[i].format, codes, PACKED[i].rows, PACKED[i].cols, 0.5f, data);
        assert_digest(data, (size_t)bytes, PACKED[i].data);
        assert_int_equal(assay_format_check(PACKED[i].format, data, PACKED[i].rows, PACKED[i].cols, NULL), ASSAY_OK);
        if (PACKED[i].values) {
            assert_values(PACKED[i].format, data, PACKED[i].rows, PACKED[i].cols, PACKED[i].values);
        }
        float scales[4];
        for (uint64_t row = 0; row < PACKED[i].rows; row++) {
            assay_format_codes(PACKED[i].format, data, PACKED[i].rows, PACKED[i].cols, row,
                               again + row * PACKED[i].cols, scales);
        }
        assert_memory_equal(codes, again, (size_t)count);
    }
}

static const struct {
    enum assay_format format;
    uint64_t seed, cols, bytes;
    size_t block, d_at, m_at; /* m_at 0: none */
    uint16_t d;
    const char *data, *values;
} BLOCKS[] = {
    {ASSAY_FORMAT_Q8_0, 3, 128, 136, 34, 0, 0, 0x2c66,
     "0f656dfc272d1a81dae7552d4886f4180e4d769670e39abf3338597ebb4e207e",
     "4a0fd9cd30911027ffb1d4e02cb929051683db35d38a7bd257859395da115612"},
    {ASSAY_FORMAT_Q4_0, 4, 128, 72, 18, 0, 0, 0x2c66,
     "84b33a069c405fab036de8cbbbb4d50b7ef412b231e21fd7d2a5256ff5bc7d9d",
     "0722dc2ae38027897d55cb8be17aa20568f812dab0b7850c0104861601bdba5a"},
    {ASSAY_FORMAT_Q4_1, 5, 128, 80, 20, 0, 2, 0x2c66,
     "477dab2f97b306e45f335f25dfac046cfb6a4e24057137e6f2656d04ef142e66",
     "42c481dd8cbe26acd9fc51722c019c7fd5a0f63e7cade05194519341d3aa74b6"},
    {ASSAY_FORMAT_Q6_K, 6, 512, 420, 210, 208, 0, 0x1466,
     "71ffe377b35db4befadcd40a720d055cf16064946aef7f8b7636443b5590cd2d",
     "4891be738d849d0a969d94243824ca473590bc4e915a25c7034a48c10ed8d794"},
};

static void put_u16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void blocks_decode_to_the_published_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof BLOCKS / sizeof BLOCKS[0]; i++) {
        uint8_t data[BYTES_MAX];
        uint64_t seed = BLOCKS[i].seed, bytes = 0;
        assert_int_equal(assay_format_bytes(BLOCKS[i].format, 1, BLOCKS[i].cols, &bytes, NULL), ASSAY_OK);
        assert_int_equal(bytes, BLOCKS[i].bytes);
        for (uint64_t k = 0; k < bytes; k++) {
            data[k] = (uint8_t)(next(&seed) & 255);
        }
        for (uint64_t at = 0; at < bytes; at += BLOCKS[i].block) {
            put_u16(data + at + BLOCKS[i].d_at, BLOCKS[i].d);
            if (BLOCKS[i].m_at) {
                put_u16(data + at + BLOCKS[i].m_at, 0xb266);
            }
        }
        assert_digest(data, (size_t)bytes, BLOCKS[i].data);
        assert_values(BLOCKS[i].format, data, 1, BLOCKS[i].cols, BLOCKS[i].values);
    }
}

static void every_half_has_its_value_and_its_bits(void **state)
{
    (void)state;
    struct assay_sha256 hash;
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    unsigned count = 0;
    assay_sha256_init(&hash);
    for (unsigned bits = 0; bits < 65536; bits++) {
        float value = assay_f16_value((uint16_t)bits);
        if (!isnan(value)) {
            assay_sha256_add(&hash, &value, sizeof value);
            assert_int_equal(assay_f16_bits(value), bits);
            count++;
        } else {
            assert_true(isnan(assay_f16_value(assay_f16_bits(value))));
        }
    }
    assay_sha256_end(&hash, &digest);
    assay_digest_print(&digest, text);
    assert_int_equal(count, 63490);
    assert_string_equal(text, "680bbc22915f61aa1bbfc7265bc3882a6aa42d299bfd2c571807196e5544de2e");
}

static void halves_round_to_the_nearest_even(void **state)
{
    (void)state;
    assert_int_equal(assay_f16_bits(1.0f + 0x1p-11f), 0x3c00);     /* a tie, to even */
    assert_int_equal(assay_f16_bits(1.0f + 3 * 0x1p-11f), 0x3c02); /* a tie, to even, upward */
    assert_int_equal(assay_f16_bits(1.0f + 0x1p-11f + 0x1p-20f), 0x3c01);
    assert_int_equal(assay_f16_bits(65519.0f), 0x7bff);
    assert_int_equal(assay_f16_bits(65520.0f), 0x7c00);
    assert_int_equal(assay_f16_bits(0x1p-25f), 0); /* half of the least: a tie, to zero */
    assert_int_equal(assay_f16_bits(0x1.8p-25f), 1);
    assert_int_equal(assay_f16_bits(-0.0f), 0x8000);
    assert_int_equal(assay_bf16_bits(1.0f + 0x1p-8f), 0x3f80);
    assert_int_equal(assay_bf16_bits(1.0f + 3 * 0x1p-8f), 0x3f82);
    assert_int_equal(assay_bf16_bits(INFINITY), 0x7f80);
}

static void what_is_encoded_comes_back_within_a_step(void **state)
{
    (void)state;
    static const struct {
        enum assay_format format;
        float step; /* of the largest value */
    } FORMATS[] = {{ASSAY_FORMAT_F32, 0},           {ASSAY_FORMAT_F16, 0x1p-10f},  {ASSAY_FORMAT_BF16, 0x1p-7f},
                   {ASSAY_FORMAT_Q8_0, 1 / 127.0f}, {ASSAY_FORMAT_Q4_0, 1 / 7.0f}, {ASSAY_FORMAT_Q4_1, 1 / 7.0f},
                   {ASSAY_FORMAT_Q6_K, 1 / 28.0f}};
    float values[256], back[256];
    uint64_t seed = 9;
    for (size_t i = 0; i < 256; i++) {
        values[i] = (float)((int64_t)(next(&seed) >> 40) - (1 << 23)) / (float)(1 << 23);
    }
    for (size_t f = 0; f < sizeof FORMATS / sizeof FORMATS[0]; f++) {
        uint8_t data[1024];
        assay_format_encode_row(FORMATS[f].format, values, 256, data);
        assay_format_decode(FORMATS[f].format, data, 1, 256, 0, back);
        for (size_t i = 0; i < 256; i++) {
            assert_true(fabsf(values[i] - back[i]) <= FORMATS[f].step);
        }
    }
}

static void zeros_stay_zeros_in_every_format(void **state)
{
    (void)state;
    static const enum assay_format FORMATS[] = {ASSAY_FORMAT_F32,  ASSAY_FORMAT_F16,  ASSAY_FORMAT_BF16,
                                                ASSAY_FORMAT_Q8_0, ASSAY_FORMAT_Q4_0, ASSAY_FORMAT_Q4_1,
                                                ASSAY_FORMAT_Q6_K};
    float zeros[256] = {0}, back[256];
    for (size_t f = 0; f < sizeof FORMATS / sizeof FORMATS[0]; f++) {
        uint8_t data[1024];
        assay_format_encode_row(FORMATS[f], zeros, 256, data);
        assay_format_decode(FORMATS[f], data, 1, 256, 0, back);
        for (size_t i = 0; i < 256; i++) {
            assert_true(back[i] == 0);
        }
    }
}

/* ---- hostile bytes -----------------------------------------------------------------------------------------------*/

static void assert_refused(enum assay_format format, const uint8_t *data, uint64_t rows, uint64_t cols,
                           const char *says)
{
    assay_err err = {0};
    assert_int_equal(assay_format_check(format, data, rows, cols, &err), ASSAY_MALFORMED);
    if (!strstr(err.message, says)) {
        fail_msg("'%s' does not say '%s'", err.message, says);
    }
}

static void a_fourth_code_is_refused_with_count_and_place(void **state)
{
    (void)state;
    uint8_t codes[256] = {0}, data[BYTES_MAX];
    codes[77] = codes[200] = 3;
    assay_format_pack(ASSAY_FORMAT_I2_S, codes, 1, 256, 1, data);
    assert_refused(ASSAY_FORMAT_I2_S, data, 1, 256, "2 weights have code 3, the first is element 77");
    assay_format_pack(ASSAY_FORMAT_TQ2_0, codes, 1, 256, 1, data);
    assert_refused(ASSAY_FORMAT_TQ2_0, data, 1, 256, "2 weights have code 3, the first is element 77");
}

static void bytes_that_no_trits_give_are_refused(void **state)
{
    (void)state;
    uint8_t codes[256] = {0}, data[BYTES_MAX];
    unsigned refused = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        assay_format_pack(ASSAY_FORMAT_TQ1_0, codes, 1, 256, 1, data);
        data[5] = (uint8_t)byte;
        refused += assay_format_check(ASSAY_FORMAT_TQ1_0, data, 1, 256, NULL) != ASSAY_OK;
    }
    assert_int_equal(refused, 256 - 243);
    data[5] = 255;
    data[50] = 1; /* four trits: 81 of 256 */
    assert_refused(ASSAY_FORMAT_TQ1_0, data, 1, 256, "which no trits give");
}

static void scales_must_be_finite_and_not_negative(void **state)
{
    (void)state;
    static const float BAD[] = {NAN, INFINITY, -INFINITY, -1};
    uint8_t codes[256] = {0}, data[BYTES_MAX];
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        assay_format_pack(ASSAY_FORMAT_I2_S, codes, 1, 256, BAD[i], data);
        assert_refused(ASSAY_FORMAT_I2_S, data, 1, 256, "the scale of row 0 is");
        assay_format_pack(ASSAY_FORMAT_TQ2_0, codes, 1, 256, BAD[i], data);
        assert_refused(ASSAY_FORMAT_TQ2_0, data, 1, 256, "the scale of row 0 is");
        assay_format_pack(ASSAY_FORMAT_BITNET32, codes, 1, 256, BAD[i], data);
        assert_refused(ASSAY_FORMAT_BITNET32, data, 1, 256, "the scale of row 0 is");
    }
}

static void shapes_that_no_block_fits_are_refused(void **state)
{
    (void)state;
    uint64_t bytes;
    assert_int_equal(assay_format_bytes(ASSAY_FORMAT_I2_S, 1, 64, &bytes, NULL), ASSAY_MALFORMED);
    assert_int_equal(assay_format_bytes(ASSAY_FORMAT_TQ2_0, 1, 128, &bytes, NULL), ASSAY_MALFORMED);
    assert_int_equal(assay_format_bytes(ASSAY_FORMAT_F32, 0, 1, &bytes, NULL), ASSAY_MALFORMED);
    assert_int_equal(assay_format_bytes(ASSAY_FORMAT_F32, 1, ASSAY_FORMAT_ROW_MAX + 1, &bytes, NULL), ASSAY_MALFORMED);
    assert_int_equal(assay_format_bytes(ASSAY_FORMAT_HF_TERNARY, 6, 64, &bytes, NULL), ASSAY_MALFORMED);
}

/* Every sign and exponent with many mantissas, the borders of rounding among them. */
static void many_halves_at_once_have_the_bits_of_each(void **state)
{
    (void)state;
    static const uint32_t MANTISSAS[] = {0,        1,        0xfff,    0x1000,   0x1001,   0x1fff,
                                         0x2000,   0x2fff,   0x3000,   0x3001,   0x7fefff, 0x7ff000,
                                         0x7ff001, 0x7fffff, 0x400000, 0x3fffff, 0x555555, 0x2aaaaa};
    enum { COUNT = sizeof MANTISSAS / sizeof MANTISSAS[0] };
    for (uint32_t top = 0; top < 512; top++) {
        float values[COUNT];
        uint16_t stored[COUNT];
        for (size_t i = 0; i < COUNT; i++) {
            uint32_t bits = top << 23 | MANTISSAS[i];
            memcpy(&values[i], &bits, sizeof bits);
        }
        assay_f16_store(stored, values, COUNT);
        for (size_t i = 0; i < COUNT; i++) {
            assert_int_equal(stored[i], assay_f16_bits(values[i]));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_halves_at_once_have_the_bits_of_each),
        cmocka_unit_test(low_bit_weights_are_packed_and_read_as_their_makers_do),
        cmocka_unit_test(blocks_decode_to_the_published_values),
        cmocka_unit_test(every_half_has_its_value_and_its_bits),
        cmocka_unit_test(halves_round_to_the_nearest_even),
        cmocka_unit_test(what_is_encoded_comes_back_within_a_step),
        cmocka_unit_test(zeros_stay_zeros_in_every_format),
        cmocka_unit_test(a_fourth_code_is_refused_with_count_and_place),
        cmocka_unit_test(bytes_that_no_trits_give_are_refused),
        cmocka_unit_test(scales_must_be_finite_and_not_negative),
        cmocka_unit_test(shapes_that_no_block_fits_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
