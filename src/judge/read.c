#include "judge/judge_room.h"

#include "base/text.h"
#include "crypto/crypto.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ENVELOPE_DEPTH_MAX 16
#define ENVELOPE_MEMBERS_MAX 256
#define SIGNATURE_BYTES 64       /* Ed25519 */
#define SIGNATURE_BYTES_MAX 1024 /* room to say "of another length" of other algorithms' signatures */
#define TYPE_PREFIX "application/vnd.in-toto"

/* ---- envelope: evidence.md 2.1 ---- */

static enum gate gate_of(const assay_err *err)
{
    return err->code == ASSAY_TOO_LARGE ? GATE_CAP : GATE_NOT_JSON;
}

/* One envelope, or in interop the first line that is one (*.intoto.jsonl). */
static bool read_envelope(struct judge *judge, struct assay_judge_bytes file)
{
    struct assay_json_limits limits = {.bytes_max = ASSAY_ENVELOPE_BYTES_MAX,
                                       .depth_max = ENVELOPE_DEPTH_MAX,
                                       .members_max = ENVELOPE_MEMBERS_MAX,
                                       .flags = judge->input->is_interop ? 0 : ASSAY_JSON_RECEIPT_PROFILE};
    assay_err err = {0};
    (void)assay_json_read(file.data, file.len, &limits, &judge->envelope, &err);
    struct assay_slice rest = {file.data, file.len};
    while (judge->input->is_interop && rest.data && !judge->envelope) {
        struct assay_slice line = assay_slice_cut(&rest, '\n');
        json_t *value = NULL;
        if (assay_json_read(line.data, line.len, &limits, &value, NULL) != ASSAY_OK) {
            continue;
        }
        if (json_object_get(value, "payload")) {
            judge->envelope = value;
        } else {
            json_decref(value);
        }
    }
    if (!judge->envelope) {
        if (err.code == ASSAY_NO_MEMORY) {
            judge->is_out_of_memory = true;
        } else {
            judge_add_err(judge, gate_of(&err), "", &err);
        }
    }
    return judge->envelope != NULL;
}

static void check_file_form(struct judge *judge, struct assay_judge_bytes file)
{
    assay_err err = {0};
    if (file.data[file.len - 1] != '\n') {
        judge_add(judge, GATE_NOT_CANONICAL, ASSAY_VERDICT_FAIL, "", "a file without a line end at its end",
                  "the canonical form and one line feed");
        return;
    }
    assay_code rc = assay_json_canon_check(judge->envelope, file.data, file.len - 1, &err);
    if (rc == ASSAY_NO_MEMORY) {
        judge->is_out_of_memory = true;
    } else if (rc != ASSAY_OK) {
        judge_add_err(judge, GATE_NOT_CANONICAL, "", &err);
    }
}

/* A member of the envelope or of a signature; NULL, and a violation, unless it is a string. */
static const char *text_member(struct judge *judge, const json_t *object, const char *at, const char *name)
{
    struct assay_json_pointer pointer = {.len = 0};
    (void)snprintf(pointer.text, sizeof pointer.text, "%s", at);
    pointer.len = strlen(pointer.text);
    (void)assay_json_pointer_name(&pointer, name);
    const json_t *value = json_object_get(object, name);
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value)) {
        judge_fail(judge, GATE_ENVELOPE, pointer.text, value, "a string");
        return NULL;
    }
    return json_string_value(value);
}

static void check_members(struct judge *judge, json_t *object, const char *at, const char *const *names)
{
    const char *name;
    json_t *value;
    if (judge->input->is_interop) {
        return;
    }
    json_object_foreach(object, name, value)
    {
        struct assay_json_pointer pointer = {.len = 0};
        size_t i = 0;
        while (names[i] && strcmp(names[i], name) != 0) {
            i++;
        }
        if (!names[i]) {
            (void)snprintf(pointer.text, sizeof pointer.text, "%s", at);
            pointer.len = strlen(pointer.text);
            (void)assay_json_pointer_name(&pointer, name);
            judge_fail(judge, GATE_ENVELOPE, pointer.text, value, "no member of this name");
        }
    }
}

/* DSSE verifiers must take both alphabets; strict takes the standard one only. */
static bool decode_base64(struct judge *judge, const char *text, size_t bytes_max, const char *pointer,
                          struct assay_buf *ret)
{
    assay_err err = {0};
    struct assay_buf standard;
    size_t len = strlen(text);
    if (len > (bytes_max + 2) / 3 * 4) { /* before anything is allocated for it */
        char found[64], expected[64];
        (void)snprintf(found, sizeof found, "%zu characters of base64", len);
        (void)snprintf(expected, sizeof expected, "at most %zu bytes", bytes_max);
        judge_add(judge, GATE_CAP, ASSAY_VERDICT_FAIL, pointer, found, expected);
        return false;
    }
    assay_buf_init(&standard, len + 1);
    assay_buf_init(ret, bytes_max);
    assay_buf_append(&standard, text, len);
    for (size_t i = 0; judge->input->is_interop && i < standard.len; i++) {
        char c = standard.data[i];
        standard.data[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
    assay_code rc = assay_buf_check(&standard, &err);
    if (rc == ASSAY_OK) {
        rc = assay_base64_decode(standard.data ? standard.data : "", standard.len, ret, &err);
    }
    assay_buf_done(&standard);
    if (rc == ASSAY_NO_MEMORY) {
        judge->is_out_of_memory = true;
    } else if (rc != ASSAY_OK) {
        judge_add_err(judge, rc == ASSAY_TOO_LARGE ? GATE_CAP : GATE_BASE64, pointer, &err);
    }
    if (rc != ASSAY_OK) {
        assay_buf_done(ret);
    }
    return rc == ASSAY_OK;
}

static void check_signature(struct judge *judge, json_t *signature, size_t index)
{
    static const char *const NAMES[] = {"keyid", "sig", NULL};
    struct assay_json_pointer at = {.len = 0};
    (void)assay_json_pointer_name(&at, "signatures");
    (void)assay_json_pointer_index(&at, index);
    if (!json_is_object(signature)) {
        judge_fail(judge, GATE_ENVELOPE, at.text, signature, "an object with keyid and sig");
        return;
    }
    check_members(judge, signature, at.text, NAMES);
    const char *keyid = text_member(judge, signature, at.text, "keyid");
    const char *sig = text_member(judge, signature, at.text, "sig");
    struct assay_digest digest;
    struct assay_buf bytes;
    size_t mark = assay_json_pointer_name(&at, "keyid");
    if (keyid && !judge->input->is_interop && !assay_digest_read(keyid, &digest)) {
        judge_add(judge, GATE_KEYID, ASSAY_VERDICT_FAIL, at.text, keyid, "64 lowercase hex digits");
    }
    assay_json_pointer_back(&at, mark);
    (void)assay_json_pointer_name(&at, "sig");
    if (sig && decode_base64(judge, sig, SIGNATURE_BYTES_MAX, at.text, &bytes)) {
        if (bytes.len != SIGNATURE_BYTES) {
            judge_add(judge, GATE_SIGNATURE, ASSAY_VERDICT_FAIL, at.text, "a signature of another length", "64 bytes");
        }
        assay_buf_done(&bytes);
    }
}

static void check_signatures(struct judge *judge)
{
    const json_t *signatures = json_object_get(judge->envelope, "signatures");
    if (!json_is_array(signatures)) {
        judge_fail(judge, GATE_ENVELOPE, "/signatures", signatures, "an array, empty if unsigned");
        return;
    }
    size_t count = json_array_size(signatures);
    if (count > ASSAY_ENVELOPE_SIGNATURES_MAX) {
        judge_fail(judge, GATE_CAP, "/signatures", signatures, "at most 16 signatures");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        check_signature(judge, json_array_get(signatures, i), i);
    }
}

static bool is_listed_payload_type(const struct judge *judge, const char *type)
{
    if (strcmp(type, ASSAY_PAYLOAD_TYPE) == 0) {
        return true;
    }
    size_t prefix = sizeof TYPE_PREFIX ".", len = strlen(type); /* at least one character of a name */
    return judge->input->is_interop && len > prefix + sizeof "+json" - 2 && assay_text_starts(type, TYPE_PREFIX ".") &&
           assay_text_ends(type, "+json");
}

/* Decodes the payload; false if there is none to go on with. */
static bool check_envelope(struct judge *judge)
{
    static const char *const NAMES[] = {"payload", "payloadType", "signatures", NULL};
    if (!json_is_object(judge->envelope)) {
        judge_fail(judge, GATE_ENVELOPE, "", judge->envelope, "an object with payload, payloadType and signatures");
        return false;
    }
    check_members(judge, judge->envelope, "", NAMES);
    const char *payload = text_member(judge, judge->envelope, "", "payload");
    const char *type = text_member(judge, judge->envelope, "", "payloadType");
    check_signatures(judge);
    bool is_type_listed = type && is_listed_payload_type(judge, type);
    if (type && !is_type_listed) {
        judge_add(judge, GATE_TYPE, ASSAY_VERDICT_FAIL, "/payloadType", type, ASSAY_PAYLOAD_TYPE);
    }
    return payload && decode_base64(judge, payload, ASSAY_PAYLOAD_BYTES_MAX, "/payload", &judge->payload) &&
           is_type_listed;
}

/* ---- statement ---- */

static bool read_statement(struct judge *judge)
{
    struct assay_json_limits limits = assay_json_limits_receipt;
    assay_err err = {0};
    if (judge->input->is_interop) {
        limits.flags = 0; /* foreign writers may use null and fractions in members that are ignored */
    }
    const char *bytes = judge->payload.data ? judge->payload.data : "";
    assay_code rc = assay_json_read(bytes, judge->payload.len, &limits, &judge->statement, &err);
    if (rc == ASSAY_OK && !judge->input->is_interop) {
        rc = assay_json_canon_check(judge->statement, bytes, judge->payload.len, &err);
        if (rc == ASSAY_MALFORMED) {
            judge_add_err(judge, GATE_NOT_CANONICAL, "/payload", &err);
        }
    } else if (rc != ASSAY_OK && rc != ASSAY_NO_MEMORY) {
        judge_add_err(judge, gate_of(&err), "/payload", &err);
    }
    if (rc == ASSAY_NO_MEMORY) {
        judge->is_out_of_memory = true;
    }
    return judge->statement != NULL;
}

static const struct {
    const char *type;
    enum assay_document document;
} PREDICATES[] = {
    {ASSAY_TYPE_RECEIPT, ASSAY_DOCUMENT_RECEIPT},
    {ASSAY_TYPE_RECORD, ASSAY_DOCUMENT_RECORD},
    {ASSAY_TYPE_IMPORTED, ASSAY_DOCUMENT_IMPORTED},
};

/* One of ours but for the major version at its end, as in "https://assay.dev/run-record/v2". */
static bool is_other_major(const char *type, const char *ours)
{
    size_t stem = strlen(ours) - 1; /* up to and with "/v" */
    size_t digits = strncmp(type, ours, stem) == 0 ? strspn(type + stem, "0123456789") : 0;
    return digits > 0 && type[stem + digits] == '\0';
}

/* A record under the name of a receipt would be taken for one by whoever only looks at names. */
static bool is_file_of(struct judge *judge, enum assay_document document, const json_t *type)
{
    const char *name = judge->input->document_name;
    for (int other = ASSAY_DOCUMENT_RECEIPT; name && other <= ASSAY_DOCUMENT_IMPORTED; other++) {
        if ((enum assay_document)other != document &&
            strcmp(name, assay_document_file((enum assay_document)other)) == 0) {
            char expected[64];
            (void)snprintf(expected, sizeof expected, "the type of a document called %s", name);
            judge_fail(judge, GATE_TYPE, "/predicateType", type, expected);
            return false;
        }
    }
    return true;
}

static bool find_document(struct judge *judge, const json_t *type)
{
    const char *text = json_is_string(type) ? json_string_value(type) : "";
    for (size_t i = 0; i < sizeof PREDICATES / sizeof PREDICATES[0]; i++) {
        if (strcmp(text, PREDICATES[i].type) == 0) {
            judge->out->document = PREDICATES[i].document;
            return is_file_of(judge, PREDICATES[i].document, type);
        }
        if (is_other_major(text, PREDICATES[i].type)) {
            judge_fail(judge, GATE_VERSION, "/predicateType", type, PREDICATES[i].type);
            return false;
        }
    }
    judge_fail(judge, GATE_TYPE, "/predicateType", type, "a predicate type of assay, such as " ASSAY_TYPE_RECEIPT);
    return false;
}

static bool check_types(struct judge *judge)
{
    if (!json_is_object(judge->statement)) {
        judge_fail(judge, GATE_FIELD, "", judge->statement, "an in-toto statement");
        return false;
    }
    const json_t *type = json_object_get(judge->statement, "_type");
    bool is_statement = json_is_string(type) && strcmp(json_string_value(type), ASSAY_STATEMENT_TYPE) == 0;
    if (!is_statement) {
        judge_fail(judge, GATE_TYPE, "/_type", type, ASSAY_STATEMENT_TYPE);
    }
    return find_document(judge, json_object_get(judge->statement, "predicateType")) && is_statement;
}

void judge_read(struct judge *judge)
{
    struct assay_judge_bytes file = judge->input->document;
    if (!file.data) {
        judge->out->is_missing = true;
        judge_add(judge, GATE_UNREADABLE, ASSAY_VERDICT_FAIL, "", NULL, "a receipt, run record or imported summary");
        return;
    }
    if (file.len == 0) {
        judge_add(judge, GATE_UNREADABLE, ASSAY_VERDICT_FAIL, "", "an empty file",
                  "a receipt, run record or imported summary");
        return;
    }
    if (!read_envelope(judge, file)) {
        return;
    }
    if (!judge->input->is_interop) {
        check_file_form(judge, file);
    }
    judge->out->is_readable = check_envelope(judge) && read_statement(judge) && check_types(judge);
}
