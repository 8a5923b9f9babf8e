#include "cli/trust_edit.h"

#include "cli/key_file.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES_MAX 65536
#define VKEY_BYTES_MAX 1024
#define YEAR_NS (UINT64_C(365) * 24 * 3600 * ASSAY_NS_PER_S)

struct work {
    const struct assay_trust_edit *edit;
    struct assay_json_builder b;
    json_t *body;
    struct assay_buf old_bytes;
    struct assay_trust *old; /* NULL: version 1 is written */
    char now[ASSAY_TIME_TEXT_BYTES], until[ASSAY_TIME_TEXT_BYTES];
};

/* ---- the body ---- */

static assay_code load_old(struct work *work, const char *path, assay_err *err)
{
    if (!assay_path_exists(path)) {
        work->body = json_object();
        (void)assay_json_put_array(&work->b, work->body, "keys");
        (void)assay_json_put_array(&work->b, work->body, "logs");
        (void)assay_json_put_object(&work->b, work->body, "minVersions");
        json_t *roles = assay_json_put_object(&work->b, work->body, "roles");
        assay_json_put_u64(&work->b, assay_json_put_object(&work->b, roles, "root"), "threshold", 1);
        assay_json_put_u64(&work->b, assay_json_put_object(&work->b, roles, "receipt"), "threshold", 1);
        return assay_json_builder_check(&work->b, work->body, err);
    }
    assay_code rc = assay_buf_read_file(&work->old_bytes, path, err);
    if (rc == ASSAY_OK) {
        rc = assay_trust_read(work->old_bytes.data ? work->old_bytes.data : "", work->old_bytes.len, &work->old, err);
    }
    if (rc == ASSAY_OK) {
        work->body = json_deep_copy(work->old->envelope.body);
        rc = assay_json_builder_check(&work->b, work->body, err);
    }
    return rc;
}

/* The place of the key with that keyid; json_array_size if there is none. */
static size_t find_key(const json_t *keys, const char *keyid)
{
    size_t i = 0;
    while (i < json_array_size(keys) &&
           strcmp(json_string_value(json_object_get(json_array_get(keys, i), "keyid")), keyid) != 0) {
        i++;
    }
    return i;
}

static assay_code add_key(struct work *work, const char *path, const char *role, assay_err *err)
{
    struct assay_public_key key;
    struct assay_key_number number;
    struct assay_digest id;
    char keyid[ASSAY_DIGEST_TEXT_BYTES], shown[ASSAY_KEY_NUMBER_TEXT_BYTES];
    struct assay_buf base64;
    struct assay_json_builder *b = &work->b;
    json_t *keys = json_object_get(work->body, "keys");
    assay_code rc = assay_cli_public_load(path, &key, &number, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_public_key_id(&key, &id);
    assay_digest_print(&id, keyid);
    assay_key_number_print(&number, shown);
    if (find_key(keys, keyid) < json_array_size(keys)) {
        return assay_fail(err, ASSAY_USAGE, "'%s': the key %s is in the file already; one key has one role", path,
                          keyid);
    }
    assay_buf_init(&base64, 64);
    assay_base64_append(&base64, key.bytes, sizeof key.bytes);
    json_t *object = assay_json_add_object(b, keys);
    assay_json_put_text(b, object, "keyid", keyid);
    assay_json_put_text(b, object, "public", base64.data ? base64.data : "");
    assay_json_put_text(b, object, "minisignId", shown);
    assay_json_put_text(b, object, "role", role);
    json_t *runners = assay_json_put_array(b, object, "runnerIds");
    for (size_t i = 0; i < work->edit->runners.count && strcmp(role, "receipt") == 0; i++) {
        assay_json_add_text(b, runners, work->edit->runners.items[i]);
    }
    if (work->edit->runners.count == 0 && strcmp(role, "receipt") == 0) {
        assay_json_add_text(b, runners, "local");
    }
    assay_json_put_text(b, object, "notBefore", work->now);
    assay_json_put_text(b, object, "notAfter", work->until);
    assay_buf_done(&base64);
    return assay_json_builder_check(b, work->body, err);
}

static assay_code add_keys(struct work *work, const struct assay_opt_list *paths, const char *role, assay_err *err)
{
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < paths->count && rc == ASSAY_OK; i++) {
        rc = add_key(work, paths->items[i], role, err);
    }
    return rc;
}

static assay_code add_log(struct work *work, const char *path, assay_err *err)
{
    struct assay_buf text;
    struct assay_note_key key;
    struct assay_json_builder *b = &work->b;
    assay_buf_init(&text, VKEY_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&text, path, err);
    if (rc == ASSAY_OK && text.len > 0 && text.data[text.len - 1] == '\n') {
        text.data[--text.len] = '\0';
    }
    rc = rc == ASSAY_OK ? assay_note_key_read(text.data ? text.data : "", &key, err) : rc;
    if (rc == ASSAY_OK) {
        json_t *log = assay_json_add_object(b, json_object_get(work->body, "logs"));
        assay_json_put_text(b, log, "origin", key.name);
        assay_json_put_text(b, log, "vkey", text.data);
        json_t *witnesses = assay_json_put_array(b, log, "witnesses");
        for (size_t i = 0; i < work->edit->witnesses.count; i++) {
            assay_json_add_text(b, witnesses, work->edit->witnesses.items[i]);
        }
        assay_json_put_u64(b, log, "quorum", work->edit->quorum);
        rc = assay_json_builder_check(b, work->body, err);
    } else {
        assay_wrap(err, "log key '%s'", path);
    }
    assay_buf_done(&text);
    return rc;
}

static assay_code change_key(struct work *work, const char *keyid, bool is_removed, assay_err *err)
{
    json_t *keys = json_object_get(work->body, "keys");
    size_t i = find_key(keys, keyid);
    if (i == json_array_size(keys)) {
        return assay_fail(err, ASSAY_USAGE, "no key of the file has the keyid '%.80s'", keyid);
    }
    if (is_removed) {
        (void)json_array_remove(keys, i);
        return ASSAY_OK;
    }
    json_t *key = json_array_get(keys, i);
    assay_json_put_text(&work->b, key, "revokedAt", work->now);
    if (work->edit->reason) {
        assay_json_put_text(&work->b, key, "reason", work->edit->reason);
    }
    return assay_json_builder_check(&work->b, work->body, err);
}

static assay_code put_least_version(struct work *work, const char *text, assay_err *err)
{
    struct assay_slice rest = assay_slice_of(text), name = assay_slice_cut(&rest, '=');
    char policy[128];
    uint64_t version = 0;
    if (!rest.data || name.len == 0 || name.len >= sizeof policy ||
        assay_num_u64(rest, "version", INT32_MAX, &version, NULL) != ASSAY_OK || version == 0) {
        return assay_fail(err, ASSAY_USAGE, "--min-policy is '%.128s', expected NAME=N", text);
    }
    memcpy(policy, name.data, name.len);
    policy[name.len] = '\0';
    assay_json_put_u64(&work->b, json_object_get(work->body, "minVersions"), policy, version);
    return assay_json_builder_check(&work->b, work->body, err);
}

static int by_keyid(const void *a, const void *b)
{
    json_t *const *x = a, *const *y = b;
    return strcmp(json_string_value(json_object_get(*x, "keyid")), json_string_value(json_object_get(*y, "keyid")));
}

static int by_text(const void *a, const void *b)
{
    json_t *const *x = a, *const *y = b;
    return strcmp(json_string_value(*x), json_string_value(*y));
}

static void sort(json_t *list, int (*order)(const void *, const void *))
{
    json_t *rows[ASSAY_OPT_LIST_MAX + ASSAY_TRUST_KEYS_MAX];
    size_t count = json_array_size(list);
    if (count > sizeof rows / sizeof rows[0]) {
        return; /* over the cap of the format: reading it back says so */
    }
    for (size_t i = 0; i < count; i++) {
        rows[i] = json_incref(json_array_get(list, i));
    }
    qsort(rows, count, sizeof rows[0], order);
    (void)json_array_clear(list);
    for (size_t i = 0; i < count; i++) {
        (void)json_array_append_new(list, rows[i]);
    }
}

static void put_threshold(struct work *work, const char *role, uint64_t threshold)
{
    if (threshold > 0) {
        json_t *object = json_object_get(json_object_get(work->body, "roles"), role);
        assay_json_put_u64(&work->b, object, "threshold", threshold);
    }
}

static assay_code change_keys(struct work *work, assay_err *err)
{
    const struct assay_trust_edit *edit = work->edit;
    assay_code rc = ASSAY_OK;
    for (size_t i = 0; i < edit->removed.count && rc == ASSAY_OK; i++) {
        rc = change_key(work, edit->removed.items[i], true, err);
    }
    for (size_t i = 0; i < edit->revoked.count && rc == ASSAY_OK; i++) {
        rc = change_key(work, edit->revoked.items[i], false, err);
    }
    rc = rc == ASSAY_OK ? add_keys(work, &edit->roots, "root", err) : rc;
    rc = rc == ASSAY_OK ? add_keys(work, &edit->receipts, "receipt", err) : rc;
    for (size_t i = 0; i < edit->policies.count && rc == ASSAY_OK; i++) {
        rc = put_least_version(work, edit->policies.items[i], err);
    }
    for (size_t i = 0; i < edit->logs.count && rc == ASSAY_OK; i++) {
        rc = add_log(work, edit->logs.items[i], err);
    }
    json_t *keys = json_object_get(work->body, "keys");
    sort(keys, by_keyid);
    for (size_t i = 0; i < json_array_size(keys); i++) {
        sort(json_object_get(json_array_get(keys, i), "runnerIds"), by_text);
    }
    return rc;
}

/* What changes nothing is refused: whoever wanted a witness would believe to have one. */
static assay_code check_edit(const struct assay_trust_edit *edit, assay_err *err)
{
    if (edit->logs.count == 0 && (edit->witnesses.count > 0 || edit->quorum > 0)) {
        return assay_fail(err, ASSAY_USAGE, "--witness and --quorum are of a log that is added: they go with --log");
    }
    if (edit->receipts.count == 0 && edit->runners.count > 0) {
        return assay_fail(err, ASSAY_USAGE, "--runner-id is of a key that is added: it goes with --receipt");
    }
    if (edit->revoked.count == 0 && edit->reason) {
        return assay_fail(err, ASSAY_USAGE, "--reason goes with --revoke");
    }
    return ASSAY_OK;
}

static assay_code make_body(struct work *work, const char *path, assay_err *err)
{
    const struct assay_trust_edit *edit = work->edit;
    uint64_t now_ns = assay_clock_real_ns(), valid_ns = edit->valid_ns ? edit->valid_ns : YEAR_NS;
    assay_clock_format_utc(now_ns, work->now);
    assay_clock_format_utc(now_ns + valid_ns, work->until);
    assay_code rc = load_old(work, path, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_json_put_u64(&work->b, work->body, "version", work->old ? work->old->version + 1 : 1);
    assay_json_put_text(&work->b, work->body, "issued", work->now);
    assay_json_put_text(&work->b, work->body, "expires", work->until);
    put_threshold(work, "root", edit->root_threshold);
    put_threshold(work, "receipt", edit->receipt_threshold);
    rc = change_keys(work, err);
    return rc == ASSAY_OK ? assay_json_builder_check(&work->b, work->body, err) : rc;
}

/* ---- signing and writing ---- */

static assay_code sign(const struct work *work, const char *password_file, struct assay_buf *ret, assay_err *err)
{
    struct assay_cli_key keys[ASSAY_ENVELOPE_SIGNATURES_MAX];
    const struct assay_secret_key *secrets[ASSAY_ENVELOPE_SIGNATURES_MAX];
    size_t count = 0, wanted = work->edit->signers.count;
    if (wanted == 0 || wanted > ASSAY_ENVELOPE_SIGNATURES_MAX) {
        return assay_fail(err, ASSAY_USAGE, "--key names the root keys that sign: 1 to %d",
                          ASSAY_ENVELOPE_SIGNATURES_MAX);
    }
    assay_code rc = ASSAY_OK;
    while (count < wanted && rc == ASSAY_OK) {
        rc = assay_cli_key_load(work->edit->signers.items[count], password_file, &keys[count], err);
        secrets[count] = &keys[count].secret;
        count++;
    }
    rc = rc == ASSAY_OK ? assay_trust_write(work->body, secrets, count, ret, err) : rc;
    for (size_t i = 0; i < count; i++) {
        assay_cli_key_done(&keys[i]);
    }
    return rc;
}

/* What is about to be written is what a reader must accept, after the old version too. */
static assay_code check(const struct work *work, const struct assay_buf *file, assay_err *err)
{
    struct assay_trust *next = NULL;
    assay_code rc = assay_trust_read(file->data, file->len, &next, err);
    rc = rc == ASSAY_OK && work->old ? assay_trust_follows(work->old, next, err) : rc;
    assay_trust_free(next);
    return rc;
}

static assay_code keep_old(const struct work *work, const char *path, assay_err *err)
{
    struct assay_buf kept;
    assay_buf_init(&kept, PATH_BYTES_MAX);
    assay_buf_printf(&kept, "%s.%" PRIu64, path, work->old->version);
    assay_code rc = assay_buf_check(&kept, err);
    if (rc == ASSAY_OK) { /* an interrupted rotation may have left it: the same bytes */
        rc = assay_file_write(kept.data, work->old_bytes.data, work->old_bytes.len, ASSAY_FILE_REPLACE, err);
    }
    assay_buf_done(&kept);
    return rc;
}

assay_code assay_trust_edit_do(const struct assay_trust_edit *edit, const char *path, const char *password_file,
                               bool wants_json, struct assay_buf *out, assay_err *err)
{
    struct work work = {.edit = edit};
    struct assay_buf file;
    assay_buf_init(&work.old_bytes, ASSAY_TRUST_BYTES_MAX);
    assay_buf_init(&file, ASSAY_ENVELOPE_BYTES_MAX);
    assay_code rc = check_edit(edit, err);
    rc = rc == ASSAY_OK ? make_body(&work, path, err) : rc;
    rc = rc == ASSAY_OK ? sign(&work, password_file, &file, err) : rc;
    rc = rc == ASSAY_OK ? check(&work, &file, err) : rc;
    rc = rc == ASSAY_OK && work.old ? keep_old(&work, path, err) : rc;
    rc = rc == ASSAY_OK
             ? assay_file_write(path, file.data, file.len, work.old ? ASSAY_FILE_REPLACE : ASSAY_FILE_NEW, err)
             : rc;
    if (rc == ASSAY_OK && wants_json) {
        rc = assay_json_pretty(work.body, out, err);
    } else if (rc == ASSAY_OK) {
        assay_buf_printf(out, "%s: version %" JSON_INTEGER_FORMAT ", %zu keys, %zu logs, good until %s\n", path,
                         json_integer_value(json_object_get(work.body, "version")),
                         json_array_size(json_object_get(work.body, "keys")),
                         json_array_size(json_object_get(work.body, "logs")), work.until);
    }
    assay_trust_free(work.old);
    json_decref(work.body);
    assay_buf_done(&work.old_bytes);
    assay_buf_done(&file);
    return rc;
}
