/* The vectors of the DSSE protocol (tests/data/dsse): what its signatures cover, and how many keys have signed. */
#include "crypto/crypto.h"
#include "support/hex.h"
#include "support/source_root.h"
#include "json/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define VECTORS 9
#define FILE_MAX ((size_t)1 << 20)

static json_t *read_vectors(void)
{
    char path[4096];
    struct assay_buf text;
    json_t *vectors = NULL;
    assay_buf_init(&text, FILE_MAX);
    (void)snprintf(path, sizeof path, "%s/tests/data/dsse/vectors.json", source_root());
    assert_int_equal(assay_buf_read_file(&text, path, NULL), ASSAY_OK);
    assert_int_equal(assay_json_read(text.data, text.len, &assay_json_limits_default, &vectors, NULL), ASSAY_OK);
    assay_buf_done(&text);
    return vectors;
}

/* Either alphabet, as the protocol asks of verifiers (ours: with --interop). */
static void decode(const char *text, struct assay_buf *ret)
{
    struct assay_buf standard;
    assay_buf_init(&standard, FILE_MAX);
    assay_buf_init(ret, FILE_MAX);
    for (const char *c = text; *c; c++) {
        assay_buf_char(&standard, *c == '-' ? '+' : *c == '_' ? '/' : *c);
    }
    assert_int_equal(assay_base64_decode(standard.data ? standard.data : "", standard.len, ret, NULL), ASSAY_OK);
    assay_buf_done(&standard);
}

static bool has_signed(const json_t *vector, const struct assay_buf *payload, const char *key_hex)
{
    unsigned char bytes[ASSAY_PUBLIC_KEY_BYTES];
    struct assay_public_key key;
    size_t index;
    const json_t *entry;
    bool is_good = false;
    assert_int_equal(unhex(key_hex, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(assay_public_key_read(bytes, &key, NULL), ASSAY_OK);
    json_array_foreach(json_object_get(vector, "signatures"), index, entry)
    {
        struct assay_buf signature;
        enum assay_signature_state state = ASSAY_SIGNATURE_FALSE;
        decode(json_string_value(entry), &signature);
        assert_int_equal(assay_dsse_check(&key, json_string_value(json_object_get(vector, "payloadType")),
                                          payload->data ? payload->data : "", payload->len,
                                          (const unsigned char *)signature.data, signature.len, &state, NULL),
                         ASSAY_OK);
        is_good = is_good || state == ASSAY_SIGNATURE_GOOD;
        assay_buf_done(&signature);
    }
    return is_good;
}

static bool has_type(const json_t *vector)
{
    size_t index;
    const json_t *type;
    json_array_foreach(json_object_get(vector, "supportedPayloadTypes"), index, type)
    {
        if (json_equal(type, json_object_get(vector, "payloadType"))) {
            return true;
        }
    }
    return false;
}

static void assert_covers(const json_t *vector, const struct assay_buf *payload)
{
    unsigned char expected[512];
    struct assay_buf pae;
    struct assay_digest of_pae, digest;
    const char *type = json_string_value(json_object_get(vector, "payloadType"));
    size_t len = unhex(json_string_value(json_object_get(vector, "pae")), expected, sizeof expected);
    assay_buf_init(&pae, FILE_MAX);
    assay_dsse_pae(&pae, type, strlen(type), payload->data, payload->len);
    assert_int_equal(pae.len, len);
    assert_memory_equal(pae.data, expected, len);
    assay_dsse_pae_digest(type, strlen(type), payload->data, payload->len, &digest);
    assay_sha256_of(pae.data, pae.len, &of_pae);
    assert_true(assay_digest_equal(&digest, &of_pae));
    assay_buf_done(&pae);
}

static void the_vectors_of_dsse_are_judged_as_published(void **state)
{
    (void)state;
    json_t *vectors = read_vectors();
    size_t index, key_index;
    const json_t *vector, *key;
    json_array_foreach(vectors, index, vector)
    {
        struct assay_buf payload;
        json_int_t keys = 0;
        const char *id = json_string_value(json_object_get(vector, "id"));
        decode(json_string_value(json_object_get(vector, "payload")), &payload);
        if (strcmp(id, "payload-type-swapped") != 0) { /* its encoding is of the type that was signed */
            assert_covers(vector, &payload);
        }
        json_array_foreach(json_object_get(vector, "trustedKeys"), key_index, key)
        {
            keys += has_signed(vector, &payload, json_string_value(key));
        }
        bool is_accepted = has_type(vector) && keys >= json_integer_value(json_object_get(vector, "threshold"));
        if (is_accepted != (strcmp(json_string_value(json_object_get(vector, "expect")), "accept") == 0)) {
            fail_msg("%s", id);
        }
        assay_buf_done(&payload);
    }
    assert_int_equal(index, VECTORS);
    json_decref(vectors);
}

/* The longest body that is signed here, and one byte more. */
static void a_body_is_signed_up_to_its_limit(void **state)
{
    (void)state;
    static char body[ASSAY_DSSE_BODY_BYTES_MAX + 1];
    const unsigned char seed[ASSAY_SEED_BYTES] = {7};
    unsigned char signature[ASSAY_SIGNATURE_BYTES];
    enum assay_signature_state found = ASSAY_SIGNATURE_FALSE;
    struct assay_secret_key key;
    struct assay_public_key public;
    assay_secret_key_init(&key, seed);
    assay_secret_key_public(&key, &public);
    assert_int_equal(assay_dsse_sign(&key, "t", body, sizeof body - 1, signature, NULL), ASSAY_OK);
    assert_int_equal(assay_dsse_check(&public, "t", body, sizeof body - 1, signature, sizeof signature, &found, NULL),
                     ASSAY_OK);
    assert_int_equal(found, ASSAY_SIGNATURE_GOOD);
    assert_int_equal(assay_dsse_sign(&key, "t", body, sizeof body, signature, NULL), ASSAY_TOO_LARGE);
    assert_int_equal(assay_dsse_check(&public, "t", body, sizeof body, signature, sizeof signature, &found, NULL),
                     ASSAY_TOO_LARGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_dsse_are_judged_as_published),
        cmocka_unit_test(a_body_is_signed_up_to_its_limit),
    };
    assay_json_init();
    if (assay_crypto_init(NULL) != ASSAY_OK) {
        return 1;
    }
    return cmocka_run_group_tests_name("crypto_dsse", tests, NULL, NULL);
}
