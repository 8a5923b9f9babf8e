#include "cli/signing.h"

#include <stdio.h>
#include <string.h>

assay_code assay_cli_keys_load(const struct assay_opt_list *paths, const char *password_file,
                               struct assay_cli_key *keys, assay_err *err)
{
    if (paths->count == 0 || paths->count > ASSAY_ENVELOPE_SIGNATURES_MAX) {
        return assay_fail(err, ASSAY_USAGE, "--key FILE is needed, 1 to %d times", ASSAY_ENVELOPE_SIGNATURES_MAX);
    }
    for (size_t i = 0; i < paths->count; i++) {
        assay_code rc = assay_cli_key_load(paths->items[i], password_file, &keys[i], err);
        if (rc != ASSAY_OK) {
            assay_cli_keys_done(keys, i);
            return rc;
        }
    }
    return ASSAY_OK;
}

void assay_cli_keys_done(struct assay_cli_key *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assay_cli_key_done(&keys[i]);
    }
}

assay_code assay_cli_sign(json_t *statement, const struct assay_cli_key *keys, size_t count,
                          const struct assay_key_chain *chain, struct assay_buf *out, assay_err *err)
{
    const struct assay_secret_key *secrets[ASSAY_ENVELOPE_SIGNATURES_MAX];
    for (size_t i = 0; i < count; i++) {
        secrets[i] = &keys[i].secret;
    }
    const struct assay_chain place = {.counter = chain->counter + 1,
                                      .previous = chain->previous[0] != '\0' ? chain->previous : NULL};
    assay_code rc = assay_receipt_name_signers(statement, secrets, count, &place, err);
    return rc == ASSAY_OK ? assay_receipt_sign(statement, secrets, count, out, err) : rc;
}

assay_code assay_cli_payload_digest(const json_t *statement, struct assay_digest *ret, assay_err *err)
{
    struct assay_buf payload;
    assay_buf_init(&payload, ASSAY_PAYLOAD_BYTES_MAX);
    assay_code rc = assay_json_canon(statement, &payload, err);
    rc = rc == ASSAY_OK ? assay_buf_check(&payload, err) : rc;
    if (rc == ASSAY_OK) {
        assay_sha256_of(payload.data, payload.len, ret);
    }
    assay_buf_done(&payload);
    return rc;
}

assay_code assay_cli_signed(const json_t *statement, const struct assay_cli_key *keys, size_t count,
                            const struct assay_key_chain *first, assay_err *err)
{
    struct assay_digest digest;
    assay_code rc = assay_cli_payload_digest(statement, &digest, err);
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        struct assay_key_chain chain;
        rc = assay_cli_chain_load(&keys[i], &chain, err);
        chain = i == 0 ? *first : chain;
        chain.counter++;
        assay_digest_print(&digest, chain.previous);
        rc = rc == ASSAY_OK ? assay_cli_chain_save(&keys[i], &chain, err) : rc;
    }
    return rc;
}

assay_code assay_cli_describe_signed(const char *path, const json_t *statement, bool wants_json, struct assay_buf *out,
                                     assay_err *err)
{
    struct assay_digest digest;
    char text[ASSAY_DIGEST_TEXT_BYTES];
    struct assay_json_builder b = {0};
    const json_t *signers = assay_json_at(statement, "/predicate/tier/signers");
    const json_t *counter = assay_json_at(statement, "/predicate/attempts/counter");
    assay_code rc = assay_cli_payload_digest(statement, &digest, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_digest_print(&digest, text);
    if (!wants_json) {
        assay_buf_printf(out, "%s: signed, document %" JSON_INTEGER_FORMAT " of the key, payload %s\n", path,
                         json_integer_value(counter), text);
        return ASSAY_OK;
    }
    json_t *root = json_object();
    assay_json_put_text(&b, root, "file", path);
    assay_json_put_text(&b, root, "payloadSha256", text);
    assay_json_put_int(&b, root, "counter", json_integer_value(counter));
    assay_json_put(&b, root, "signers", signers ? json_deep_copy(signers) : json_array());
    rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
    json_decref(root);
    return rc;
}
