/* Gate 408: the binaries that were measured are those of a build whose provenance is given. */
#include "judge/judge_room.h"

#include "base/text.h"
#include "crypto/crypto.h"

#include <stdio.h>
#include <string.h>

#define PROVENANCE_TYPE "https://slsa.dev/provenance/"

/* The statement itself, or the payload of a DSSE envelope around it. Its signatures are another verifier's: here only
 * digests are held against each other. NULL: it is neither. */
static json_t *read_statement(const struct judge *judge)
{
    const struct assay_judge_bytes *bytes = &judge->input->provenance;
    json_t *root = NULL, *statement = NULL;
    struct assay_buf payload;
    assay_buf_init(&payload, ASSAY_PROVENANCE_BYTES_MAX);
    if (assay_json_read(bytes->data, bytes->len, &assay_json_limits_default, &root, NULL) == ASSAY_OK) {
        struct assay_slice text = assay_legacy_text(json_object_get(root, "payload"));
        if (text.len == 0) {
            statement = json_incref(root);
        } else if (assay_base64_decode(text.data, text.len, &payload, NULL) == ASSAY_OK) {
            (void)assay_json_read(payload.data, payload.len, &assay_json_limits_default, &statement, NULL);
        }
    }
    json_decref(root);
    assay_buf_done(&payload);
    if (!assay_text_starts(judge_text_of(statement, "predicateType"), PROVENANCE_TYPE)) {
        json_decref(statement);
        return NULL;
    }
    return statement;
}

static bool speaks_of(const json_t *statement, const char *sha256)
{
    const json_t *subjects = json_object_get(statement, "subject");
    size_t i;
    const json_t *subject;
    json_array_foreach(subjects, i, subject)
    {
        const json_t *digest = json_object_get(subject, "digest");
        if (sha256[0] && strcmp(judge_text_of(digest, "sha256"), sha256) == 0) {
            return true;
        }
    }
    return false;
}

void judge_provenance(struct judge *judge)
{
    const json_t *subjects = json_object_get(judge->statement, "subject");
    json_t *statement = read_statement(judge);
    bool has_binary = false;
    size_t i;
    const json_t *subject;
    char place[ASSAY_JSON_POINTER_BYTES];
    json_array_foreach(subjects, i, subject)
    {
        if (statement && assay_text_starts(judge_text_of(subject, "name"), "binary:")) {
            const char *sha256 = judge_text_of(json_object_get(subject, "digest"), "sha256");
            (void)snprintf(place, sizeof place, "/subject/%zu/digest/sha256", i);
            judge_expect(judge, speaks_of(statement, sha256), GATE_BINARY, place, "a subject of the provenance");
            has_binary = true;
        }
    }
    if (!statement) {
        judge->expectations++;
        judge->expectations_failed++;
        judge_add(judge, GATE_BINARY, ASSAY_VERDICT_FAIL, "", "a file that is no SLSA provenance",
                  "a statement of type " PROVENANCE_TYPE "..., alone or in an envelope");
    } else if (!has_binary) {
        judge_expect(judge, false, GATE_BINARY, "/subject", "a binary, since a provenance is given");
    }
    json_decref(statement);
}
