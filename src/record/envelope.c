#include "record/envelope.h"
#include "base/mem.h"
#include "crypto/crypto.h"
#include "record/receipt.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *type;
    enum assay_document document;
} TYPES[] = {
    {ASSAY_TYPE_RECEIPT, ASSAY_DOCUMENT_RECEIPT},
    {ASSAY_TYPE_RECORD, ASSAY_DOCUMENT_RECORD},
    {ASSAY_TYPE_IMPORTED, ASSAY_DOCUMENT_IMPORTED},
};

assay_code assay_receipt_envelope(const json_t *statement, struct assay_buf *out, assay_err *err)
{
    return assay_receipt_sign(statement, NULL, 0, out, err);
}

assay_code assay_receipt_sign(const json_t *statement, const struct assay_secret_key *const *keys, size_t keys_count,
                              struct assay_buf *out, assay_err *err)
{
    assert(statement && out);
    assay_code rc = assay_envelope_write(ASSAY_PAYLOAD_TYPE, statement, keys, keys_count, out, err);
    if (rc == ASSAY_OK) {
        assay_buf_char(out, '\n');
        rc = assay_buf_check(out, err);
    }
    return rc;
}

/* DSSE allows either alphabet; the payload is read, not judged. */
static assay_code decode_payload(const char *text, struct assay_buf *out, assay_err *err)
{
    char *standard = assay_strdup(text);
    if (!standard) {
        return assay_nomem(err);
    }
    for (char *c = standard; *c; c++) {
        *c = *c == '-' ? '+' : *c == '_' ? '/' : *c;
    }
    assay_code rc = assay_base64_decode(standard, strlen(standard), out, err);
    assay_free(standard);
    return rc == ASSAY_OK ? assay_buf_check(out, err) : rc;
}

static assay_code find_document(const json_t *statement, enum assay_document *ret, assay_err *err)
{
    const char *type;
    json_t *predicate = NULL;
    assay_code rc = assay_json_get_text(statement, "predicateType", "", &type, err);
    rc = rc == ASSAY_OK ? assay_json_get_object(statement, "predicate", "", &predicate, err) : rc;
    for (size_t i = 0; i < sizeof TYPES / sizeof TYPES[0] && rc == ASSAY_OK; i++) {
        if (strcmp(TYPES[i].type, type) == 0) {
            *ret = TYPES[i].document;
            return ASSAY_OK;
        }
    }
    return rc == ASSAY_OK ? assay_fail(err, ASSAY_UNSUPPORTED, "predicate type '%.128s' is none of ours", type) : rc;
}

assay_code assay_receipt_read(const char *bytes, size_t len, json_t **ret_statement, enum assay_document *ret_document,
                              assay_err *err)
{
    assert(bytes && ret_statement && ret_document);
    struct assay_json_limits limits = assay_json_limits_default;
    limits.bytes_max = ASSAY_ENVELOPE_BYTES_MAX;
    struct assay_buf payload;
    json_t *envelope = NULL, *statement = NULL;
    const char *text = NULL;
    assay_buf_init(&payload, ASSAY_PAYLOAD_BYTES_MAX);
    assay_code rc = assay_json_read(bytes, len, &limits, &envelope, err);
    rc = rc == ASSAY_OK ? assay_json_get_text(envelope, "payload", "", &text, err) : rc;
    rc = rc == ASSAY_OK ? decode_payload(text, &payload, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_read(payload.data ? payload.data : "", payload.len, &assay_json_limits_receipt,
                                          &statement, err)
                        : rc;
    rc = rc == ASSAY_OK ? find_document(statement, ret_document, err) : rc;
    json_decref(envelope);
    assay_buf_done(&payload);
    if (rc != ASSAY_OK) {
        json_decref(statement);
        return rc;
    }
    *ret_statement = statement;
    return ASSAY_OK;
}
