#include "record/envelope.h"
#include "record/receipt.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct assay_digest));
}

static void put_signers(struct assay_json_builder *b, json_t *tier, const struct assay_secret_key *const *keys,
                        size_t count)
{
    struct assay_digest ids[ASSAY_ENVELOPE_SIGNATURES_MAX];
    char text[ASSAY_DIGEST_TEXT_BYTES];
    for (size_t i = 0; i < count; i++) {
        struct assay_public_key public;
        assay_secret_key_public(keys[i], &public);
        assay_public_key_id(&public, &ids[i]);
    }
    qsort(ids, count, sizeof ids[0], by_bytes);
    json_t *list = assay_json_put_array(b, tier, "signers");
    for (size_t i = 0; i < count; i++) {
        assay_digest_print(&ids[i], text);
        assay_json_add_text(b, list, text);
    }
}

assay_code assay_receipt_name_signers(json_t *statement, const struct assay_secret_key *const *keys, size_t keys_count,
                                      const struct assay_chain *chain, assay_err *err)
{
    assert(statement && keys && keys_count > 0 && chain);
    struct assay_json_builder b = {0};
    json_t *predicate = NULL, *attempts = NULL;
    if (keys_count > ASSAY_ENVELOPE_SIGNATURES_MAX) {
        return assay_fail(err, ASSAY_USAGE, "%zu keys, expected at most %d", keys_count, ASSAY_ENVELOPE_SIGNATURES_MAX);
    }
    assay_code rc = assay_json_get_object(statement, "predicate", "", &predicate, err);
    rc = rc == ASSAY_OK ? assay_json_get_object(predicate, "attempts", "/predicate", &attempts, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    json_t *tier = json_object_get(predicate, "tier");
    if (tier) {
        put_signers(&b, tier, keys, keys_count);
    }
    assay_json_put_u64(&b, attempts, "counter", chain->counter);
    if (chain->previous) {
        assay_json_put_text(&b, attempts, "previous", chain->previous);
    } else {
        assay_json_put_text(&b, assay_json_put_object(&b, attempts, "previous"), "absent", "first of this key");
    }
    return assay_json_builder_check(&b, statement, err);
}
