#include "record/log_entry_plain.h"

#include "base/hex.h"
#include "base/text.h"

#include <string.h>

/* Strict entries are canonical: an intent or an outcome is one fixed text with holes. This matches that text, some
 * twenty times faster than building a tree of it. What does not match is left to the reader proper, which decides. */

#define DIGITS_MAX 15 /* an integer below 2^53 in any case */

/* ---- pieces: each moves over what it found, or says no, and then leaves *rest anywhere ---- */

static bool cut(struct assay_slice *rest, size_t len, const char **ret)
{
    if (rest->len < len) {
        return false;
    }
    *ret = rest->data;
    *rest = (struct assay_slice){rest->data + len, rest->len - len};
    return true;
}

static bool take(struct assay_slice *rest, const char *text)
{
    const char *found;
    return cut(rest, strlen(text), &found) && memcmp(found, text, strlen(text)) == 0;
}

static bool take_hex(struct assay_slice *rest, unsigned char *ret, size_t len)
{
    const char *digits;
    return cut(rest, 2 * len, &digits) && assay_hex_read(digits, ret, len);
}

/* "name":"HEX" with what stands before and behind it. */
static bool take_digest(struct assay_slice *rest, const char *before, struct assay_digest *ret)
{
    return take(rest, before) && take_hex(rest, ret->bytes, sizeof ret->bytes) && take(rest, "\"");
}

static bool take_number(struct assay_slice *rest, uint64_t *ret)
{
    size_t n = 0;
    uint64_t value = 0;
    while (n < rest->len && n <= DIGITS_MAX && rest->data[n] >= '0' && rest->data[n] <= '9') {
        value = 10 * value + (uint64_t)(rest->data[n] - '0');
        n++;
    }
    if (n == 0 || n > DIGITS_MAX || (n > 1 && rest->data[0] == '0')) {
        return false;
    }
    *rest = (struct assay_slice){rest->data + n, rest->len - n};
    *ret = value;
    return true;
}

/* {"absent":"why"}, the why of printable ASCII that needs no escape. */
static bool take_absent(struct assay_slice *rest)
{
    if (!take(rest, "{\"absent\":\"")) {
        return false;
    }
    size_t n = 0;
    while (n < rest->len && rest->data[n] >= ' ' && rest->data[n] <= '~' && rest->data[n] != '"' &&
           rest->data[n] != '\\') {
        n++;
    }
    *rest = (struct assay_slice){rest->data + n, rest->len - n};
    return take(rest, "\"}");
}

static bool take_maybe(struct assay_slice *rest, const char *name, struct assay_digest *ret, bool *ret_is_there)
{
    if (!take(rest, name)) {
        return false;
    }
    *ret_is_there = assay_slice_starts(*rest, "\"");
    return *ret_is_there ? take_digest(rest, "\"", ret) : take_absent(rest);
}

/* ---- bodies ---- */

static bool take_intent(struct assay_slice *rest, struct assay_tlog_row *row, struct assay_digest *ret_keyid)
{
    struct assay_digest unused;
    bool is_there;
    row->kind = ASSAY_ENTRY_INTENT;
    return take(rest, "{\"intent\":{\"counter\":") && take_number(rest, &row->counter) &&
           take_digest(rest, ",\"head\":{\"root\":\"", &row->head_root) && take(rest, ",\"size\":") &&
           take_number(rest, &row->head_size) && take_digest(rest, "},\"keyid\":\"", ret_keyid) &&
           take_maybe(rest, ",\"nonce\":", &unused, &is_there) &&
           take_digest(rest, ",\"planSha256\":\"", &row->content) &&
           take_maybe(rest, ",\"policySha256\":", &unused, &is_there) &&
           take_maybe(rest, ",\"previous\":", &row->previous, &row->has_previous) &&
           take_digest(rest, ",\"requestSha256\":\"", &row->request);
}

static bool take_outcome(struct assay_slice *rest, struct assay_tlog_row *row, struct assay_digest *ret_keyid)
{
    static const char RECEIPT[] = "{\"receipt\":{";
    bool is_receipt = assay_slice_starts(*rest, RECEIPT);
    row->kind = is_receipt ? ASSAY_ENTRY_RECEIPT : ASSAY_ENTRY_RECORD;
    return take(rest, is_receipt ? RECEIPT : "{\"record\":{") && take_digest(rest, "\"keyid\":\"", ret_keyid) &&
           take_digest(rest, ",\"payloadSha256\":\"", &row->content);
}

static bool take_body(struct assay_slice body, struct assay_tlog_row *row)
{
    struct assay_digest keyid;
    bool is_intent = assay_slice_starts(body, "{\"i");
    return (is_intent ? take_intent(&body, row, &keyid) : take_outcome(&body, row, &keyid)) &&
           take(&body, ",\"runId\":\"") && take_hex(&body, row->run_id, sizeof row->run_id) && take(&body, "\"}}") &&
           body.len == 0 && assay_digest_equal(&keyid, &row->signer);
}

/* ---- the envelope ---- */

static bool decode(const char *text, size_t len, struct assay_buf *scratch)
{
    assay_buf_clear(scratch);
    return assay_base64_decode(text, len, scratch, NULL) == ASSAY_OK;
}

bool tlog_row_read_plain(struct assay_slice entry, struct assay_buf *scratch, struct assay_tlog_row *ret)
{
    struct assay_slice rest = entry;
    *ret = (struct assay_tlog_row){.bytes = entry};
    if (entry.len > ASSAY_LOG_ENTRY_BYTES_MAX || !take(&rest, "{\"payload\":\"")) {
        return false;
    }
    struct assay_slice payload = assay_slice_cut(&rest, '"');
    const char *signature;
    return take(&rest, ",\"payloadType\":\"" ASSAY_LOG_ENTRY_TYPE "\",\"signatures\":[{") &&
           take_digest(&rest, "\"keyid\":\"", &ret->signer) && take(&rest, ",\"sig\":\"") &&
           cut(&rest, ASSAY_SIGNATURE_TEXT_BYTES, &signature) && take(&rest, "\"}]}") && rest.len == 0 &&
           decode(signature, ASSAY_SIGNATURE_TEXT_BYTES, scratch) && scratch->len == ASSAY_SIGNATURE_BYTES &&
           decode(payload.data, payload.len, scratch) &&
           take_body((struct assay_slice){scratch->data, scratch->len}, ret);
}
