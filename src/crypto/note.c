#include "crypto/crypto.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>

#define ID_BYTES 4
#define TIME_BYTES 8
#define LINE_BYTES_MAX (ID_BYTES + TIME_BYTES + ASSAY_SIGNATURE_BYTES)
#define VKEY_BYTES_MAX 512        /* a name, eight digits, 44 of base64 */
#define SIGNATURE_LINE_BYTES 8192 /* post-quantum signatures have nearly 5 kB; their base64 7 */
#define COVERED_HEAD_BYTES_MAX 64 /* "cosignature/v1\ntime 18446744073709551615\n" */

static const char DASH[] = "\xe2\x80\x94 "; /* U+2014 and a space */

/* ---- keys ---- */

/* Spaces of Unicode beyond ASCII: those with property White_Space. */
static bool is_space(uint32_t point)
{
    return point == ' ' || (point >= 0x09 && point <= 0x0d) || point == 0x85 || point == 0xa0 || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 || point == 0x202f ||
           point == 0x205f || point == 0x3000;
}

bool assay_note_name_is_good(struct assay_slice name)
{
    if (name.len == 0 || name.len > ASSAY_NOTE_NAME_BYTES_MAX ||
        assay_utf8_valid_prefix(name.data, name.len) != name.len) {
        return false;
    }
    for (size_t i = 0; i < name.len;) {
        uint32_t point;
        i += assay_utf8_next(name.data + i, name.len - i, &point);
        if (point == '+' || point < 0x20 || is_space(point)) {
            return false;
        }
    }
    return true;
}

static uint32_t read_be32(const void *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return be32toh(value);
}

static uint64_t read_be64(const void *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return be64toh(value);
}

/* SHA-256(name, line end, type, key), its first four bytes. */
static uint32_t id_of(const char *name, enum assay_note_kind kind, const struct assay_public_key *key)
{
    struct assay_sha256 hash;
    struct assay_digest digest;
    unsigned char type = (unsigned char)kind;
    assay_sha256_init(&hash);
    assay_sha256_add(&hash, name, strlen(name));
    assay_sha256_add(&hash, "\n", 1);
    assay_sha256_add(&hash, &type, 1);
    assay_sha256_add(&hash, key->bytes, sizeof key->bytes);
    assay_sha256_end(&hash, &digest);
    return read_be32(digest.bytes);
}

assay_code assay_note_key_make(const char *name, enum assay_note_kind kind, const struct assay_public_key *key,
                               struct assay_note_key *ret, assay_err *err)
{
    assert(name && key && ret);
    if (!assay_note_name_is_good(assay_slice_of(name))) {
        return assay_fail(err, ASSAY_MALFORMED,
                          "the name '%.64s' is no key name: 1 to %d bytes without white space and '+' are expected",
                          name, ASSAY_NOTE_NAME_BYTES_MAX);
    }
    *ret = (struct assay_note_key){.kind = kind, .key = *key};
    (void)snprintf(ret->name, sizeof ret->name, "%s", name);
    ret->id = id_of(ret->name, kind, key);
    return ASSAY_OK;
}

void assay_note_key_write(const struct assay_note_key *key, struct assay_buf *out)
{
    unsigned char bytes[1 + ASSAY_PUBLIC_KEY_BYTES];
    bytes[0] = (unsigned char)key->kind;
    memcpy(bytes + 1, key->key.bytes, sizeof key->key.bytes);
    assay_buf_printf(out, "%s+%08x+", key->name, (unsigned)key->id);
    assay_base64_append(out, bytes, sizeof bytes);
}

/* The parts between the plus signs; the name may hold none, base64 may. */
static bool split_vkey(struct assay_slice vkey, struct assay_slice *name, struct assay_slice *id,
                       struct assay_slice *base64)
{
    struct assay_slice rest = vkey;
    *name = assay_slice_cut(&rest, '+');
    *id = assay_slice_cut(&rest, '+');
    *base64 = rest;
    return rest.data && name->len <= ASSAY_NOTE_NAME_BYTES_MAX && id->len == 2 * ID_BYTES;
}

assay_code assay_note_key_read(const char *vkey, struct assay_note_key *ret, assay_err *err)
{
    struct assay_slice name, id, base64;
    struct assay_buf bytes;
    struct assay_public_key key;
    char text[ASSAY_NOTE_NAME_BYTES_MAX + 1], digits[2 * ID_BYTES + 1];
    if (!split_vkey(assay_slice_of(vkey), &name, &id, &base64)) {
        return assay_fail(err, ASSAY_MALFORMED, "a verifier key is NAME+ID+BASE64, found '%.64s'", vkey);
    }
    (void)snprintf(text, sizeof text, "%.*s", (int)name.len, name.data);
    assay_buf_init(&bytes, VKEY_BYTES_MAX);
    assay_code rc = assay_base64_decode(base64.data, base64.len, &bytes, err);
    bool is_known = rc == ASSAY_OK && bytes.len == 1 + ASSAY_PUBLIC_KEY_BYTES &&
                    (bytes.data[0] == ASSAY_NOTE_ED25519 || bytes.data[0] == ASSAY_NOTE_COSIGNATURE);
    if (rc == ASSAY_OK && !is_known) {
        rc = assay_fail(err, ASSAY_UNSUPPORTED, "the verifier key of '%s' is neither Ed25519 nor a cosignature key",
                        text);
    }
    if (rc == ASSAY_OK) {
        rc = assay_public_key_read((const unsigned char *)bytes.data + 1, &key, err);
    }
    if (rc == ASSAY_OK) {
        rc = assay_note_key_make(text, (enum assay_note_kind)bytes.data[0], &key, ret, err);
    }
    if (rc == ASSAY_OK) {
        (void)snprintf(digits, sizeof digits, "%08x", (unsigned)ret->id);
        if (memcmp(digits, id.data, id.len) != 0) {
            rc = assay_fail(err, ASSAY_MALFORMED, "the verifier key of '%s' says id %.8s, its bytes give %s", text,
                            id.data, digits);
        }
    }
    assay_buf_done(&bytes);
    return rc;
}

/* ---- notes ---- */

static assay_code check_characters(const char *bytes, size_t len, assay_err *err)
{
    if (len > ASSAY_NOTE_BYTES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "a note of %zu bytes, expected at most %zu", len, ASSAY_NOTE_BYTES_MAX);
    }
    if (assay_utf8_valid_prefix(bytes, len) != len) {
        return assay_fail(err, ASSAY_MALFORMED, "the note is not UTF-8");
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c < 0x20 && c != '\n') {
            return assay_fail(err, ASSAY_MALFORMED,
                              "found control character 0x%02x at byte %zu of the note, expected none", c, i);
        }
    }
    return ASSAY_OK;
}

/* The last empty line: text before it, with its line end, and signature lines after it. */
static assay_code split_note(const char *bytes, size_t len, struct assay_slice *text, struct assay_slice *lines,
                             assay_err *err)
{
    for (size_t i = len; i >= 2; i--) {
        if (bytes[i - 1] == '\n' && bytes[i - 2] == '\n') {
            *text = (struct assay_slice){bytes, i - 1};
            *lines = (struct assay_slice){bytes + i, len - i};
            bool is_whole = lines->len > 0 && bytes[len - 1] == '\n';
            return is_whole ? ASSAY_OK
                            : assay_fail(err, ASSAY_MALFORMED,
                                         "the note has no signature line, or the last one has no line end");
        }
    }
    return assay_fail(err, ASSAY_MALFORMED, "the note has no empty line between text and signatures");
}

static assay_code read_line(struct assay_slice line, struct assay_note *note, assay_err *err)
{
    size_t i = note->signatures_count;
    struct assay_buf start;
    if (i >= ASSAY_NOTE_SIGNATURES_MAX) {
        return assay_fail(err, ASSAY_TOO_LARGE, "the note has over %d signatures", ASSAY_NOTE_SIGNATURES_MAX);
    }
    if (!assay_slice_starts(line, DASH)) {
        return assay_fail(err, ASSAY_MALFORMED, "signature line %zu does not start with U+2014 and a space", i + 1);
    }
    struct assay_slice rest = {line.data + sizeof DASH - 1, line.len - (sizeof DASH - 1)};
    struct assay_slice name = assay_slice_cut(&rest, ' ');
    if (!assay_note_name_is_good(name)) {
        return assay_fail(err, ASSAY_MALFORMED, "signature line %zu has no key name", i + 1);
    }
    assay_buf_init(&start, SIGNATURE_LINE_BYTES);
    assay_code rc = assay_base64_decode(rest.data ? rest.data : "", rest.len, &start, err);
    if (rc == ASSAY_OK && start.len <= ID_BYTES) {
        rc = assay_fail(err, ASSAY_MALFORMED, "%zu bytes, expected a key id and a signature", start.len);
    }
    if (rc == ASSAY_OK) {
        note->signatures[i].name = name;
        note->signatures[i].base64 = rest;
        note->signatures[i].id = read_be32(start.data);
        note->signatures_count++;
    } else {
        assay_wrap(err, "signature line %zu", i + 1);
    }
    assay_buf_done(&start);
    return rc;
}

assay_code assay_note_read(const char *bytes, size_t len, struct assay_note *ret, assay_err *err)
{
    assert(bytes && ret);
    struct assay_slice lines;
    ret->signatures_count = 0;
    assay_code rc = check_characters(bytes, len, err);
    rc = rc == ASSAY_OK ? split_note(bytes, len, &ret->text, &lines, err) : rc;
    while (rc == ASSAY_OK && lines.len > 0) {
        rc = read_line(assay_slice_cut(&lines, '\n'), ret, err);
    }
    return rc;
}

/* What a key of that kind signs. */
static assay_code covered_bytes(struct assay_slice text, enum assay_note_kind kind, uint64_t time_s,
                                struct assay_buf *ret, assay_err *err)
{
    assay_buf_init(ret, text.len + COVERED_HEAD_BYTES_MAX);
    if (kind == ASSAY_NOTE_COSIGNATURE) {
        assay_buf_printf(ret, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
    }
    assay_buf_append(ret, text.data, text.len);
    return assay_buf_check(ret, err);
}

static assay_code check_line(const struct assay_note *note, size_t i, const struct assay_note_key *key,
                             enum assay_note_state *ret, uint64_t *ret_time_s, assay_err *err)
{
    static const enum assay_note_state STATES[] = {[ASSAY_SIGNATURE_GOOD] = ASSAY_NOTE_GOOD,
                                                   [ASSAY_SIGNATURE_FALSE] = ASSAY_NOTE_FALSE,
                                                   [ASSAY_SIGNATURE_OUTSIDE] = ASSAY_NOTE_OUTSIDE};
    struct assay_buf bytes, covered;
    bool has_time = key->kind == ASSAY_NOTE_COSIGNATURE;
    const size_t head = has_time ? ID_BYTES + TIME_BYTES : ID_BYTES;
    assay_buf_init(&bytes, SIGNATURE_LINE_BYTES);
    assay_buf_init(&covered, 1);
    assay_code rc = assay_base64_decode(note->signatures[i].base64.data, note->signatures[i].base64.len, &bytes, err);
    *ret = ASSAY_NOTE_FALSE;
    if (rc == ASSAY_OK && bytes.len == head + ASSAY_SIGNATURE_BYTES) {
        const unsigned char *at = (const unsigned char *)bytes.data;
        uint64_t time_s = has_time ? read_be64(at + ID_BYTES) : 0;
        rc = covered_bytes(note->text, key->kind, time_s, &covered, err);
        if (rc == ASSAY_OK) {
            *ret =
                STATES[assay_signature_check(&key->key, covered.data, covered.len, at + head, ASSAY_SIGNATURE_BYTES)];
            *ret_time_s = time_s;
        }
    }
    assay_buf_done(&bytes);
    assay_buf_done(&covered);
    return rc;
}

assay_code assay_note_check(const struct assay_note *note, const struct assay_note_key *key, enum assay_note_state *ret,
                            uint64_t *ret_time_s, assay_err *err)
{
    assert(note && key && ret && ret_time_s);
    *ret = ASSAY_NOTE_UNSIGNED;
    *ret_time_s = 0;
    for (size_t i = 0; i < note->signatures_count; i++) {
        enum assay_note_state state;
        if (note->signatures[i].id != key->id || !assay_slice_is(note->signatures[i].name, key->name)) {
            continue;
        }
        assay_code rc = check_line(note, i, key, &state, ret_time_s, err);
        if (rc != ASSAY_OK) {
            return rc;
        }
        *ret = state;
        if (state != ASSAY_NOTE_GOOD) {
            return ASSAY_OK; /* one false line of a known key refuses the note */
        }
    }
    return ASSAY_OK;
}

assay_code assay_note_sign(struct assay_slice text, const struct assay_note_key *public,
                           const struct assay_secret_key *key, uint64_t time_s, struct assay_buf *out, assay_err *err)
{
    unsigned char line[LINE_BYTES_MAX];
    struct assay_buf covered;
    size_t head = ID_BYTES;
    const uint32_t id = htobe32(public->id);
    const uint64_t time = htobe64(time_s);
    memcpy(line, &id, sizeof id);
    if (public->kind == ASSAY_NOTE_COSIGNATURE) {
        memcpy(line + head, &time, sizeof time);
        head += sizeof time;
    }
    assay_code rc = covered_bytes(text, public->kind, time_s, &covered, err);
    if (rc == ASSAY_OK) {
        assay_signature_make(key, covered.data, covered.len, line + head);
        assay_buf_printf(out, "%s%s ", DASH, public->name);
        assay_base64_append(out, line, head + ASSAY_SIGNATURE_BYTES);
        assay_buf_char(out, '\n');
        rc = assay_buf_check(out, err);
    }
    assay_buf_done(&covered);
    return rc;
}
