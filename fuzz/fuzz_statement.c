/* Any bytes as the payload of an envelope that is in order: the walk over the table of fields, and everything that
 * looks at values afterwards. Canonical statements are what finds new paths, so the bytes are made canonical where they
 * can be. */
#include "crypto/crypto.h"
#include "judge/judge.h"

#include <assert.h>

#define NOW_NS (UINT64_C(1767605700) * ASSAY_NS_PER_S)
#define FILE_BYTES_MAX ((size_t)4 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void wrap(const char *payload, size_t len, struct assay_buf *out)
{
    assay_buf_text(out, "{\"payload\":\"");
    assay_base64_append(out, payload, len);
    assay_buf_text(out, "\",\"payloadType\":\"" ASSAY_PAYLOAD_TYPE "\",\"signatures\":[]}\n");
}

static void judge(const struct assay_buf *document)
{
    const struct assay_judge_input input = {
        .document = {document->data, document->len}, .now_real_ns = NOW_NS, .wants_default_policy = true};
    struct assay_judgement *judgement = NULL;
    json_t *json = NULL;
    assay_code rc = assay_judge_verify(&input, &judgement, NULL);
    assert(rc == ASSAY_OK);
    int status = assay_judgement_exit(judgement);
    assert(status == 1 || status == 2 || status == 3);
    assert(status == 3 || judgement->is_readable);
    rc = assay_judgement_json(judgement, &json, NULL);
    assert(rc == ASSAY_OK);
    json_decref(json);
    assay_judgement_free(judgement);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct assay_buf canon, document;
    json_t *root = NULL;
    assay_json_init();
    if (len > FILE_BYTES_MAX / 8 || assay_crypto_init(NULL) != ASSAY_OK) {
        return 0;
    }
    assay_buf_init(&canon, FILE_BYTES_MAX);
    assay_buf_init(&document, FILE_BYTES_MAX);
    if (assay_json_read((const char *)bytes, len, &assay_json_limits_default, &root, NULL) == ASSAY_OK &&
        assay_json_canon(root, &canon, NULL) == ASSAY_OK) {
        wrap(canon.data, canon.len, &document);
    } else {
        wrap((const char *)bytes, len, &document);
    }
    if (assay_buf_check(&document, NULL) == ASSAY_OK) {
        judge(&document);
    }
    json_decref(root);
    assay_buf_done(&canon);
    assay_buf_done(&document);
    return 0;
}
