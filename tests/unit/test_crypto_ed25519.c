#include "crypto/crypto.h"
#include "support/hex.h"
#include "support/source_root.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* RFC 8032, section 7.1: secret key, public key, message, signature. */
static const struct {
    const char *seed, *key, *message, *signature;
} RFC_8032[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246"
     "55141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb"
     "00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc"
     "027beceea1ec40a"},
};

static void the_vectors_of_rfc_8032_are_signed_and_verified(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof RFC_8032 / sizeof RFC_8032[0]; i++) {
        unsigned char seed[32], key[32], message[16], expected[64], made[64];
        struct assay_secret_key secret;
        struct assay_public_key public, derived;
        assert_int_equal(unhex(RFC_8032[i].seed, seed, sizeof seed), 32);
        assert_int_equal(unhex(RFC_8032[i].key, key, sizeof key), 32);
        size_t len = unhex(RFC_8032[i].message, message, sizeof message);
        assert_int_equal(unhex(RFC_8032[i].signature, expected, sizeof expected), 64);
        assert_int_equal(assay_public_key_read(key, &public, NULL), ASSAY_OK);
        assay_secret_key_init(&secret, seed);
        assay_secret_key_public(&secret, &derived);
        assert_memory_equal(derived.bytes, public.bytes, 32);
        assay_signature_make(&secret, message, len, made);
        assert_memory_equal(made, expected, 64);
        assert_int_equal(assay_signature_check(&public, message, len, made, 64), ASSAY_SIGNATURE_GOOD);
        made[63] ^= 1;
        assert_int_equal(assay_signature_check(&public, message, len, made, 64), ASSAY_SIGNATURE_FALSE);
        assay_secret_key_done(&secret);
    }
}

static void a_key_id_is_the_digest_of_the_der_form(void **state)
{
    (void)state;
    unsigned char key[32];
    struct assay_public_key public;
    struct assay_digest id;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    (void)unhex(RFC_8032[0].key, key, sizeof key);
    assert_int_equal(assay_public_key_read(key, &public, NULL), ASSAY_OK);
    assay_public_key_id(&public, &id);
    assay_digest_print(&id, text);
    assert_string_equal(text, "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9"); /* evidence.md 1.4 */
}

static FILE *open_data(const char *name)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/tests/data/%s", source_root(), name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    return file;
}

static bool is_accepted(const char *key_hex, const char *signature_hex, const void *message, size_t len)
{
    unsigned char key[64], signature[256];
    struct assay_public_key public;
    size_t signature_len = unhex(signature_hex, signature, sizeof signature);
    assert_int_equal(unhex(key_hex, key, sizeof key), 32);
    return assay_public_key_read(key, &public, NULL) == ASSAY_OK &&
           assay_signature_check(&public, message, len, signature, signature_len) == ASSAY_SIGNATURE_GOOD;
}

static void wycheproof_is_right_in_all_151_cases(void **state)
{
    (void)state;
    char number[16], result[16], key[128], signature[512], message_hex[4096];
    unsigned char message[2048];
    FILE *file = open_data("wycheproof/ed25519.txt");
    size_t count = 0;
    while (fscanf(file, "%15s %15s %127s %511s %4095s", number, result, key, signature, message_hex) == 5) {
        size_t len = unhex(message_hex, message, sizeof message);
        if (is_accepted(key, signature, message, len) != (strcmp(result, "valid") == 0)) {
            fail_msg("case %s should be %s", number, result);
        }
        count++;
    }
    (void)fclose(file);
    assert_int_equal(count, 151);
}

static void of_the_914_edge_cases_only_the_one_without_a_flag_is_taken(void **state)
{
    (void)state;
    char number[16], key[128], signature[256], flags[512], message[128];
    FILE *file = open_data("cctv/ed25519.txt");
    size_t count = 0, taken = 0;
    while (fscanf(file, "%15s %127s %255s %511s %127[^\n]", number, key, signature, flags, message) == 5) {
        bool is_taken = is_accepted(key, signature, message, strlen(message));
        if (is_taken != (strcmp(flags, "-") == 0)) {
            fail_msg("case %s with flags %s", number, flags);
        }
        taken += is_taken ? 1 : 0;
        count++;
    }
    (void)fclose(file);
    assert_int_equal(count, 914);
    assert_int_equal(taken, 1);
}

static void a_point_of_order_2l_is_no_key_and_no_r(void **state)
{
    (void)state;
    unsigned char point[32], signature[64] = {0}, key[32];
    struct assay_public_key public;
    memset(point, 0x99, sizeof point);
    point[0] = 0x95;
    assert_int_equal(assay_public_key_read(point, &public, NULL), ASSAY_MALFORMED);
    (void)unhex(RFC_8032[0].key, key, sizeof key);
    assert_int_equal(assay_public_key_read(key, &public, NULL), ASSAY_OK);
    memcpy(signature, point, sizeof point);
    assert_int_equal(assay_signature_check(&public, "", 0, signature, 64), ASSAY_SIGNATURE_OUTSIDE);
}

/* S + L satisfies the same equation; L little-endian. */
/* Accepted by the cofactored equation alone: R has a component of order 8, S and the key are what they should be. */
static void an_r_with_a_component_of_order_8_is_outside_whatever_equation_libsodium_uses(void **state)
{
    (void)state;
    unsigned char key_bytes[ASSAY_PUBLIC_KEY_BYTES], signature[ASSAY_SIGNATURE_BYTES];
    struct assay_public_key key;
    assert_true(unhex("eff0a6b1d8698a3f2626d38fd7356a0e74b184c5f528b106472b15f03d044187", key_bytes, sizeof key_bytes));
    assert_true(unhex("225d4ae82ba11e88ed1ea995c5e9e2a60266d42796b023dc723359ea7e91157f"
                      "3830c18d4088b8663a95523bcd297a2600c04fc21edcbada58a08e7f19bbdd08",
                      signature, sizeof signature));
    assert_int_equal(assay_public_key_read(key_bytes, &key, NULL), ASSAY_OK);
    assert_int_equal(assay_signature_check(&key, "", 0, signature, sizeof signature), ASSAY_SIGNATURE_OUTSIDE);
}

static void s_is_below_the_order_of_the_group(void **state)
{
    (void)state;
    static const unsigned char ORDER[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                            0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    unsigned char key[32], signature[64];
    struct assay_public_key public;
    unsigned carry = 0;
    (void)unhex(RFC_8032[0].key, key, sizeof key);
    (void)unhex(RFC_8032[0].signature, signature, sizeof signature);
    assert_int_equal(assay_public_key_read(key, &public, NULL), ASSAY_OK);
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature[32 + i] + ORDER[i];
        signature[32 + i] = (unsigned char)carry;
        carry >>= 8;
    }
    assert_int_equal(assay_signature_check(&public, "", 0, signature, 64), ASSAY_SIGNATURE_FALSE);
}

static void a_signature_of_another_length_is_false(void **state)
{
    (void)state;
    unsigned char key[32], signature[65] = {0};
    struct assay_public_key public;
    (void)unhex(RFC_8032[0].key, key, sizeof key);
    (void)unhex(RFC_8032[0].signature, signature, 64);
    assert_int_equal(assay_public_key_read(key, &public, NULL), ASSAY_OK);
    assert_int_equal(assay_signature_check(&public, "", 0, signature, 64), ASSAY_SIGNATURE_GOOD);
    assert_int_equal(assay_signature_check(&public, "", 0, signature, 63), ASSAY_SIGNATURE_FALSE);
    assert_int_equal(assay_signature_check(&public, "", 0, signature, 65), ASSAY_SIGNATURE_FALSE);
    assert_int_equal(assay_signature_check(&public, "", 0, NULL, 0), ASSAY_SIGNATURE_FALSE);
}

static void a_secret_key_with_a_foreign_public_half_is_refused_and_a_used_one_is_wiped(void **state)
{
    (void)state;
    static const unsigned char ZERO[ASSAY_SECRET_KEY_BYTES] = {0};
    unsigned char bytes[ASSAY_SECRET_KEY_BYTES];
    struct assay_secret_key secret;
    (void)unhex(RFC_8032[0].seed, bytes, 32);
    (void)unhex(RFC_8032[0].key, bytes + 32, 32);
    assert_int_equal(assay_secret_key_read(bytes, &secret, NULL), ASSAY_OK);
    assay_secret_key_done(&secret);
    assert_memory_equal(secret.bytes, ZERO, sizeof ZERO);
    (void)unhex(RFC_8032[1].key, bytes + 32, 32);
    assert_int_equal(assay_secret_key_read(bytes, &secret, NULL), ASSAY_MALFORMED);
    assert_memory_equal(secret.bytes, ZERO, sizeof ZERO);
}

static void dsse_signs_type_and_body_with_their_lengths(void **state)
{
    (void)state;
    unsigned char seed[32] = {7}, signature[64];
    struct assay_secret_key secret;
    struct assay_public_key public;
    enum assay_signature_state found;
    assay_secret_key_init(&secret, seed);
    assay_secret_key_public(&secret, &public);
    assert_int_equal(assay_dsse_sign(&secret, "type", "body", 4, signature, NULL), ASSAY_OK);
    assert_int_equal(assay_signature_check(&public, "DSSEv1 4 type 4 body", 20, signature, 64), ASSAY_SIGNATURE_GOOD);
    assert_int_equal(assay_dsse_check(&public, "type", "body", 4, signature, 64, &found, NULL), ASSAY_OK);
    assert_int_equal(found, ASSAY_SIGNATURE_GOOD);
    assert_int_equal(assay_dsse_check(&public, "typ", "ebody", 5, signature, 64, &found, NULL), ASSAY_OK);
    assert_int_equal(found, ASSAY_SIGNATURE_FALSE);
    static char large[ASSAY_DSSE_BODY_BYTES_MAX + 256];
    assert_int_equal(assay_dsse_sign(&secret, "t", large, sizeof large, signature, NULL), ASSAY_TOO_LARGE);
    assay_secret_key_done(&secret);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_rfc_8032_are_signed_and_verified),
        cmocka_unit_test(a_key_id_is_the_digest_of_the_der_form),
        cmocka_unit_test(wycheproof_is_right_in_all_151_cases),
        cmocka_unit_test(of_the_914_edge_cases_only_the_one_without_a_flag_is_taken),
        cmocka_unit_test(a_point_of_order_2l_is_no_key_and_no_r),
        cmocka_unit_test(an_r_with_a_component_of_order_8_is_outside_whatever_equation_libsodium_uses),
        cmocka_unit_test(s_is_below_the_order_of_the_group),
        cmocka_unit_test(a_signature_of_another_length_is_false),
        cmocka_unit_test(a_secret_key_with_a_foreign_public_half_is_refused_and_a_used_one_is_wiped),
        cmocka_unit_test(dsse_signs_type_and_body_with_their_lengths),
    };
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("crypto_ed25519", tests, NULL, NULL);
}
