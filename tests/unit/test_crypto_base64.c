/* Base64 as receipts, keys and notes hold it. Run twice: by the instructions of this processor, and without them
 * (test_crypto_base64_portable). */
#include "base/mem.h"
#include "crypto/base64_fast.h"
#include "crypto/crypto.h"
#include "support/instructions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void base64_is_that_of_rfc_4648(void **state)
{
    (void)state;
    static const struct {
        const char *plain, *text;
    } CASES[] = {{"", ""},
                 {"f", "Zg=="},
                 {"fo", "Zm8="},
                 {"foo", "Zm9v"},
                 {"foob", "Zm9vYg=="},
                 {"fooba", "Zm9vYmE="},
                 {"foobar", "Zm9vYmFy"},
                 {"\xFB\xFF\xBF", "+/+/"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_buf text, plain;
        assay_buf_init(&text, 64);
        assay_buf_init(&plain, 64);
        assay_base64_append(&text, CASES[i].plain, strlen(CASES[i].plain));
        assert_string_equal(text.data ? text.data : "", CASES[i].text);
        assert_int_equal(assay_base64_decode(CASES[i].text, strlen(CASES[i].text), &plain, NULL), ASSAY_OK);
        assert_string_equal(plain.data ? plain.data : "", CASES[i].plain);
        assay_buf_done(&text);
        assay_buf_done(&plain);
    }
}

/* Each byte in each place of a text that is long enough for whole groups: taken or refused as the alphabet says. */
static void every_byte_in_every_place_of_a_base64_text_is_a_digit_or_refused(void **state)
{
    (void)state;
    char text[] = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlq"; /* two runs of 16, and a rest */
    for (size_t at = 0; at < sizeof text - 1; at++) {
        char kept = text[at];
        for (int c = 0; c < 256; c++) {
            struct assay_buf plain, again;
            bool is_digit = c != 0 && strchr(DIGITS, c) != NULL;
            bool is_padding = c == '=' && at == sizeof text - 2;
            text[at] = (char)c;
            assay_buf_init(&plain, 64);
            assay_buf_init(&again, 64);
            assay_code rc = assay_base64_decode(text, sizeof text - 1, &plain, NULL);
            if (is_digit) {
                assert_int_equal(rc, ASSAY_OK);
                assay_base64_append(&again, plain.data, plain.len);
                assert_memory_equal(again.data, text, sizeof text - 1);
            } else if (!is_padding) { /* one '=' at the end may leave stray bits, or none */
                assert_int_equal(rc, ASSAY_MALFORMED);
            }
            assay_buf_done(&plain);
            assay_buf_done(&again);
        }
        text[at] = kept;
    }
}

static void base64_with_anything_surplus_is_refused(void **state)
{
    (void)state;
    static const char *const CASES[] = {"Zg",       "Zg=",  "Zg= =", "Zh==",        "Zm9=",     "Zm9v\n",
                                        " Zm9v",    "Z===", "====",  "Zg==Zg==",    "Zm8=Zm9v", "-_-_",
                                        "Zm9v====", "=m9v", "Zm=v",  "Zm9v\n\n\n\n"};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_buf plain;
        assay_err err = {0};
        assay_buf_init(&plain, 64);
        if (assay_base64_decode(CASES[i], strlen(CASES[i]), &plain, &err) != ASSAY_MALFORMED) {
            fail_msg("was read: '%s'", CASES[i]);
        }
        assert_true(err.message[0] != '\0');
        assay_buf_done(&plain);
    }
}

/* What decodes encodes to the same text: no two texts stand for the same bytes. */
static void every_text_of_four_digits_that_decodes_is_the_one_encoding_of_its_bytes(void **state)
{
    (void)state;
    static const char SOME[] = "ABPQgfwz059+/=-_\n";
    size_t decoded = 0, n = sizeof SOME - 1;
    for (size_t i = 0; i < n * n * n * n; i++) {
        char text[5] = {SOME[i % n], SOME[i / n % n], SOME[i / n / n % n], SOME[i / n / n / n], '\0'};
        struct assay_buf plain, again;
        assay_buf_init(&plain, 8);
        assay_buf_init(&again, 8);
        if (assay_base64_decode(text, 4, &plain, NULL) == ASSAY_OK) {
            assay_base64_append(&again, plain.data, plain.len);
            assert_string_equal(again.data, text);
            decoded++;
        }
        assay_buf_done(&plain);
        assay_buf_done(&again);
    }
    assert_true(decoded > 1000);
}

static void base64_of_a_length_that_is_none_says_so_and_reads_no_further(void **state)
{
    (void)state;
    struct assay_buf plain;
    assay_err err = {0};
    assay_buf_init(&plain, 64);
    for (size_t len = 0; len <= 12; len++) { /* more digits stand behind the length that is said */
        assay_code rc = assay_base64_decode("AAAABBBBCCCCDDDD", len, &plain, &err);
        assert_int_equal(rc, len % 4 == 0 ? ASSAY_OK : ASSAY_MALFORMED);
        if (rc != ASSAY_OK) {
            char due[128];
            (void)snprintf(due, sizeof due, "found %zu characters of base64, expected a multiple of 4, padded with '='",
                           len);
            assert_string_equal(err.message, due);
        }
    }
    assert_int_equal(plain.len, 0 + 3 + 6 + 9);
    assay_buf_done(&plain);
}

static void base64_needs_room_and_memory_and_says_which(void **state)
{
    (void)state;
    for (size_t max = 1; max <= 10; max++) {
        struct assay_buf plain;
        assay_buf_init(&plain, max);
        assert_int_equal(assay_base64_decode("AAAABBBBCCCC", 12, &plain, NULL), max < 9 ? ASSAY_TOO_LARGE : ASSAY_OK);
        assay_buf_done(&plain);
    }
    struct assay_buf plain;
    assay_buf_init(&plain, 64);
    assay_mem_fail_at(1);
    assert_int_equal(assay_base64_decode("AAAABBBBCCCC", 12, &plain, NULL), ASSAY_NO_MEMORY);
    assay_mem_fail_at(0);
    assay_buf_done(&plain);
}

/* Bits by the definition of RFC 4648, section 4: six at a time from the front. */
static void encode_by_definition(const unsigned char *bytes, size_t len, char *text)
{
    for (size_t at = 0; at < (len + 2) / 3 * 4; at++) {
        unsigned value = 0;
        for (size_t bit = 6 * at; bit < 6 * at + 6; bit++) {
            value = 2 * value + (bit / 8 < len ? bytes[bit / 8] >> (7 - bit % 8) & 1u : 0);
        }
        *text++ = 6 * at < 8 * len ? DIGITS[value] : '=';
    }
    *text = '\0';
}

/* Behind the bytes that are encoded stand others: none of them is looked at. */
static void bytes_of_every_length_are_encoded_bit_by_bit_and_come_back(void **state)
{
    (void)state;
    enum { MOST = 700 };
    unsigned char bytes[MOST + 4];
    char due[MOST * 2];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(255 - i * 73 % 251);
    }
    for (size_t len = 0; len <= MOST; len += len < 70 ? 1 : 7) {
        struct assay_buf text, plain;
        encode_by_definition(bytes, len, due);
        assay_buf_init(&text, sizeof due);
        assay_base64_append(&text, bytes, len);
        assert_string_equal(text.data ? text.data : "", due);
        assay_buf_init(&plain, len > 0 ? len : 1); /* exactly as much as it takes */
        assert_int_equal(assay_base64_decode(due, strlen(due), &plain, NULL), ASSAY_OK);
        assert_int_equal(plain.len, len);
        assert_memory_equal(plain.data ? plain.data : "", bytes, len);
        assay_buf_done(&plain);
        assay_buf_done(&text);
    }
}

static void sixteen_digits_at_once_are_decoded_where_the_processor_can(void **state)
{
    (void)state;
    enum { MOST = 100 };
    char text[MOST + 1];
    unsigned char bytes[MOST], due[MOST];
    for (size_t i = 0; i < MOST; i++) {
        text[i] = DIGITS[(i * 37 + 5) % 64];
    }
    for (size_t len = 0; len <= MOST; len++) {
        struct assay_buf plain;
        size_t taken = has_instructions() ? len / 16 * 16 : 0;
        memset(bytes, 0xa5, sizeof bytes);
        memset(due, 0xa5, sizeof due);
        assay_buf_init(&plain, sizeof due);
        assert_int_equal(assay_base64_decode(text, taken, &plain, NULL), ASSAY_OK);
        if (plain.len > 0) {
            memcpy(due, plain.data, plain.len);
        }
        assert_int_equal(base64_fast_decode(text, len, bytes), taken);
        assert_memory_equal(bytes, due, sizeof bytes); /* and no byte behind it */
        assay_buf_done(&plain);
    }
    for (size_t at = 0; at < 48; at++) { /* the run with something else is left to who says what it is */
        char kept = text[at];
        text[at] = '=';
        assert_int_equal(base64_fast_decode(text, 48, bytes), has_instructions() ? at / 16 * 16 : 0);
        text[at] = kept;
    }
}

static void what_is_no_base64_is_said_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text, *due;
    } CASES[] = {
        {"*AAA", "found the byte \\x2a at position 0, expected a digit of standard base64"},
        {"A*AA", "found the byte \\x2a at position 1, expected a digit of standard base64"},
        {"AAA\xff", "found the byte \\xff at position 3, expected a digit of standard base64"},
        {"AAAAAA-A", "found the byte \\x2d at position 6, expected a digit of standard base64"},
        {"AAAAA=AA", "found the byte \\x3d at position 5, expected a digit of standard base64"},
        {"AA==AAAA", "found the byte \\x3d at position 2, expected a digit of standard base64"},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA A=",
         "found the byte \\x20 at position 37, expected a digit of standard base64"},
        {"Zh==", "found stray bits in 'h' at position 1, expected them to be zero"},
        {"AAAAZmJ=", "found stray bits in 'J' at position 6, expected them to be zero"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        struct assay_buf plain;
        assay_err err = {0};
        assay_buf_init(&plain, 64);
        assert_int_equal(assay_base64_decode(CASES[i].text, strlen(CASES[i].text), &plain, &err), ASSAY_MALFORMED);
        assert_string_equal(err.message, CASES[i].due);
        assay_buf_done(&plain);
    }
}

/* 4 + 2 bits under the padding, each alone. */
static void no_bit_under_the_padding_is_taken(void **state)
{
    (void)state;
    for (unsigned value = 0; value < 64; value++) {
        const char two[] = {'A', DIGITS[value], '=', '='}, three[] = {'A', 'A', DIGITS[value], '='};
        struct assay_buf plain;
        assay_buf_init(&plain, 8);
        assert_int_equal(assay_base64_decode(two, 4, &plain, NULL), value % 16 ? ASSAY_MALFORMED : ASSAY_OK);
        assert_int_equal(assay_base64_decode(three, 4, &plain, NULL), value % 4 ? ASSAY_MALFORMED : ASSAY_OK);
        assay_buf_done(&plain);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_that_of_rfc_4648),
        cmocka_unit_test(bytes_of_every_length_are_encoded_bit_by_bit_and_come_back),
        cmocka_unit_test(sixteen_digits_at_once_are_decoded_where_the_processor_can),
        cmocka_unit_test(what_is_no_base64_is_said_with_its_place),
        cmocka_unit_test(no_bit_under_the_padding_is_taken),
        cmocka_unit_test(base64_with_anything_surplus_is_refused),
        cmocka_unit_test(base64_of_a_length_that_is_none_says_so_and_reads_no_further),
        cmocka_unit_test(base64_needs_room_and_memory_and_says_which),
        cmocka_unit_test(every_byte_in_every_place_of_a_base64_text_is_a_digit_or_refused),
        cmocka_unit_test(every_text_of_four_digits_that_decodes_is_the_one_encoding_of_its_bytes),
    };
    return cmocka_run_group_tests_name("crypto_base64", tests, NULL, NULL);
}
