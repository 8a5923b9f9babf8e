/* What verification costs: strict verifications a second of a signed receipt by its bytes alone (no plan, no trace),
 * beside bare Ed25519 verifications of libsodium over the same bytes. Rounds alternate; the medians are printed. */
#include "base/clock.h"
#include "base/mem.h"
#include "judge/judge.h"
#include "support/hex.h"
#include "support/source_root.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 11
#define ROUND_NS (ASSAY_NS_PER_S / 4)
#define BYTES_MAX ((size_t)1 << 20)

struct inputs {
    struct assay_secret_key key;
    struct assay_public_key public;
    struct assay_buf payload, receipt, trust, pae;
    struct assay_trust *trust_read;
    unsigned char signature[ASSAY_SIGNATURE_BYTES];
};

/* The worked example of the format, signed by the key of RFC 8032, test 1, and a trust file that lists it. */
static assay_code make_inputs(struct inputs *ret, assay_err *err)
{
    static const char BODY[] =
        "{\"expires\":\"2099-01-01T00:00:00Z\",\"issued\":\"2026-01-01T00:00:00Z\",\"keys\":[%s],\"logs\":[],"
        "\"minVersions\":{},\"roles\":{\"receipt\":{\"threshold\":1},\"root\":{\"threshold\":1}},\"version\":1}";
    static const char KEY[] = "{\"keyid\":\"%s\",\"minisignId\":\"0\",\"notAfter\":\"2099-01-01T00:00:00Z\","
                              "\"notBefore\":\"2020-01-01T00:00:00Z\","
                              "\"public\":\"%s\",\"role\":\"%s\",\"runnerIds\":[%s]}";
    unsigned char seeds[2][ASSAY_SEED_BYTES] = {{0}, {9}};
    struct assay_secret_key root;
    struct assay_buf keys, text, body;
    json_t *statement = NULL, *trust = NULL;
    char path[4096], rows[2][1024], ids[2][ASSAY_DIGEST_TEXT_BYTES];
    (void)unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seeds[0], ASSAY_SEED_BYTES);
    assay_buf_init(&ret->payload, BYTES_MAX);
    assay_buf_init(&ret->receipt, BYTES_MAX);
    assay_buf_init(&ret->trust, BYTES_MAX);
    assay_buf_init(&ret->pae, BYTES_MAX);
    assay_buf_init(&keys, BYTES_MAX);
    assay_buf_init(&text, BYTES_MAX);
    assay_buf_init(&body, BYTES_MAX);
    assay_secret_key_init(&ret->key, seeds[0]);
    assay_secret_key_init(&root, seeds[1]);
    assay_secret_key_public(&ret->key, &ret->public);
    for (int i = 0; i < 2; i++) {
        struct assay_public_key public;
        struct assay_digest id;
        struct assay_buf base64;
        assay_secret_key_public(i == 0 ? &ret->key : &root, &public);
        assay_public_key_id(&public, &id);
        assay_digest_print(&id, ids[i]);
        assay_buf_init(&base64, 64);
        assay_base64_append(&base64, public.bytes, sizeof public.bytes);
        (void)snprintf(rows[i], sizeof rows[i], KEY, ids[i], base64.data, i == 0 ? "receipt" : "root",
                       i == 0 ? "\"https://example.org/runner/rig1\"" : "");
        assay_buf_done(&base64);
    }
    bool is_first = strcmp(ids[0], ids[1]) < 0;
    assay_buf_printf(&keys, "%s,%s", rows[is_first ? 0 : 1], rows[is_first ? 1 : 0]);
    assay_buf_printf(&body, BODY, keys.data);
    (void)snprintf(path, sizeof path, "%s/tests/data/receipt-example.json", source_root());
    assay_code rc = assay_buf_read_file(&text, path, err);
    rc = rc == ASSAY_OK ? assay_json_read(text.data, text.len, &assay_json_limits_default, &statement, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_read(body.data, body.len, &assay_json_limits_default, &trust, err) : rc;
    const struct assay_secret_key *one[] = {&ret->key}, *roots[] = {&root};
    rc = rc == ASSAY_OK ? assay_json_canon(statement, &ret->payload, err) : rc;
    rc = rc == ASSAY_OK ? assay_receipt_sign(statement, one, 1, &ret->receipt, err) : rc;
    rc = rc == ASSAY_OK ? assay_trust_write(trust, roots, 1, &ret->trust, err) : rc;
    rc = rc == ASSAY_OK ? assay_trust_read(ret->trust.data, ret->trust.len, &ret->trust_read, err) : rc;
    assay_dsse_pae(&ret->pae, ASSAY_PAYLOAD_TYPE, strlen(ASSAY_PAYLOAD_TYPE), ret->payload.data, ret->payload.len);
    assay_signature_make(&ret->key, ret->pae.data, ret->pae.len, ret->signature);
    json_decref(statement);
    json_decref(trust);
    assay_buf_done(&keys);
    assay_buf_done(&text);
    assay_buf_done(&body);
    assay_secret_key_done(&root);
    return rc;
}

static void verify_receipt(const struct inputs *inputs)
{
    struct assay_judgement *judgement = NULL;
    const struct assay_judge_input input = {
        .document = {.data = inputs->receipt.data, .len = inputs->receipt.len},
        .trust = {.data = inputs->trust.data, .len = inputs->trust.len},
        .trust_read = inputs->trust_read,
        .now_real_ns = UINT64_C(1767700000) * ASSAY_NS_PER_S,
    };
    assay_code rc = assay_judge_verify(&input, &judgement, NULL);
    assert(rc == ASSAY_OK && judgement->lines[ASSAY_LINE_CRYPTO].verdict == ASSAY_VERDICT_PASS);
    (void)rc;
    assay_judgement_free(judgement);
}

static void verify_bare(const struct inputs *inputs)
{
    int rc = crypto_sign_verify_detached(inputs->signature, (const unsigned char *)inputs->pae.data, inputs->pae.len,
                                         inputs->public.bytes);
    assert(rc == 0);
    (void)rc;
}

static double rate_of(void (*verify)(const struct inputs *), const struct inputs *inputs)
{
    uint64_t start = assay_clock_thread_cpu_ns(), now = start, count = 0;
    while (now - start < ROUND_NS) {
        for (int i = 0; i < 50; i++) {
            verify(inputs);
        }
        count += 50;
        now = assay_clock_thread_cpu_ns();
    }
    return (double)count * 1e9 / (double)(now - start);
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

int main(void)
{
    static struct inputs inputs;
    double ours[ROUNDS], bare[ROUNDS];
    assay_err err = {0};
    assay_json_init();
    if (assay_crypto_init(&err) != ASSAY_OK || make_inputs(&inputs, &err) != ASSAY_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    for (int i = 0; i < ROUNDS; i++) {
        ours[i] = rate_of(verify_receipt, &inputs);
        bare[i] = rate_of(verify_bare, &inputs);
    }
    qsort(ours, ROUNDS, sizeof ours[0], by_value);
    qsort(bare, ROUNDS, sizeof bare[0], by_value);
    printf("strict verification of a signed receipt of %zu bytes, with its trust file: %.0f/s of CPU time\n",
           inputs.receipt.len, ours[ROUNDS / 2]);
    printf("bare Ed25519 verification of the same bytes: %.0f/s, ratio %.2f\n", bare[ROUNDS / 2],
           ours[ROUNDS / 2] / bare[ROUNDS / 2]);
    return 0;
}
