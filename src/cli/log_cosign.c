#include "cli/log_cosign.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/key_file.h"
#include "store/store.h"
#include "json/json.h"

#include <inttypes.h>
#include <string.h>

#define HEADS_BYTES_MAX ((size_t)1 << 20) /* some thousand logs */
#define PATH_BYTES_MAX 65536

struct witness {
    struct assay_cli_key key;
    struct assay_note_key note;
    struct assay_buf path; /* of the heads */
    json_t *heads;
    struct assay_log_dir *log;
};

/* ---- what it has seen ---- */

static assay_code load_heads(struct witness *witness, const char *key_path, assay_err *err)
{
    struct assay_buf text;
    assay_buf_printf(&witness->path, "%s.heads", key_path);
    assay_code rc = assay_buf_check(&witness->path, err);
    if (rc != ASSAY_OK || !assay_path_exists(witness->path.data)) {
        witness->heads = rc == ASSAY_OK ? json_object() : NULL;
        return rc != ASSAY_OK || witness->heads ? rc : assay_nomem(err);
    }
    assay_buf_init(&text, HEADS_BYTES_MAX);
    rc = assay_buf_read_file(&text, witness->path.data, err);
    rc = rc == ASSAY_OK
             ? assay_json_read(text.data ? text.data : "", text.len, &assay_json_limits_default, &witness->heads, err)
             : rc;
    assay_buf_done(&text);
    return rc;
}

static assay_code save_head(const struct witness *witness, const char *vkey, assay_err *err)
{
    struct assay_json_builder b = {0};
    struct assay_buf text;
    const struct assay_checkpoint *head = &witness->log->head;
    json_t *entry = assay_json_put_object(&b, witness->heads, head->origin);
    assay_json_put_text(&b, entry, "vkey", vkey);
    assay_json_put_u64(&b, entry, "size", head->size);
    assay_json_put_hex(&b, entry, "root", head->root, sizeof head->root);
    assay_buf_init(&text, HEADS_BYTES_MAX);
    assay_code rc = assay_json_builder_check(&b, witness->heads, err);
    rc = rc == ASSAY_OK ? assay_json_canon(witness->heads, &text, err) : rc;
    assay_buf_char(&text, '\n');
    rc = rc == ASSAY_OK ? assay_buf_check(&text, err) : rc;
    rc = rc == ASSAY_OK ? assay_file_write(witness->path.data, text.data, text.len, ASSAY_FILE_REPLACE, err) : rc;
    assay_buf_done(&text);
    return rc;
}

/* The log's key is the one that this witness met first. */
static assay_code check_seen(const struct witness *witness, const char *vkey, assay_err *err)
{
    const struct assay_log_dir *log = witness->log;
    const json_t *seen = json_object_get(witness->heads, log->head.origin);
    struct assay_digest root, now;
    uint64_t size = 0;
    const char *known = NULL;
    if (!seen) {
        return ASSAY_OK;
    }
    assay_code rc = assay_json_get_u64(seen, "size", "", &size, err);
    rc = rc == ASSAY_OK ? assay_json_get_hex(seen, "root", "", root.bytes, sizeof root.bytes, err) : rc;
    rc = rc == ASSAY_OK ? assay_json_get_text(seen, "vkey", "", &known, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (strcmp(known, vkey) != 0) {
        return assay_fail(err, ASSAY_WANTING, "the log '%s' has another key than this witness has seen",
                          log->head.origin);
    }
    if (size <= log->book.count) {
        assay_tlog_book_root(&log->book, size, &now);
    }
    return size <= log->book.count && assay_digest_equal(&now, &root)
               ? ASSAY_OK
               : assay_fail(err, ASSAY_WANTING,
                            "the log '%s' of size %zu does not continue the head of size %" PRIu64
                            " that this witness has signed",
                            log->head.origin, log->book.count, size);
}

/* ---- the log ---- */

static assay_code check_log(const struct assay_log_dir *log, const struct assay_note *note, const char *vkey,
                            assay_err *err)
{
    struct assay_note_key key;
    enum assay_note_state state = ASSAY_NOTE_UNSIGNED;
    struct assay_digest root;
    uint64_t time_s;
    assay_code rc = assay_note_key_read(vkey, &key, err);
    rc = rc == ASSAY_OK ? assay_note_check(note, &key, &state, &time_s, err) : rc;
    if (rc == ASSAY_OK && (state != ASSAY_NOTE_GOOD || strcmp(key.name, log->head.origin) != 0)) {
        rc = assay_fail(err, ASSAY_WANTING, "the checkpoint is not signed by the key of log.vkey");
    }
    assay_merkle_root(&log->book.tree, &root);
    if (rc == ASSAY_OK && memcmp(root.bytes, log->head.root, sizeof root.bytes) != 0) {
        rc = assay_fail(err, ASSAY_WANTING, "the entries do not give the root of the checkpoint");
    }
    return rc;
}

static assay_code read_vkey(const struct assay_log_dir *log, struct assay_buf *ret, assay_err *err)
{
    assay_code rc = log->source.get(log->source.context, "log.vkey", ret, err);
    while (rc == ASSAY_OK && ret->len > 0 && ret->data[ret->len - 1] == '\n') {
        ret->data[--ret->len] = '\0';
    }
    return rc == ASSAY_OK && ret->len == 0 ? assay_fail(err, ASSAY_MALFORMED, "log.vkey is empty") : rc;
}

static assay_code add_line(const struct witness *witness, const struct assay_note *note, assay_err *err)
{
    enum assay_note_state state = ASSAY_NOTE_UNSIGNED;
    struct assay_buf bytes, line;
    uint64_t time_s;
    assay_code rc = assay_note_check(note, &witness->note, &state, &time_s, err);
    if (rc != ASSAY_OK || state == ASSAY_NOTE_GOOD) {
        return rc; /* one line a key: the first time is the one that counts */
    }
    assay_buf_init(&bytes, ASSAY_NOTE_BYTES_MAX);
    assay_buf_init(&line, ASSAY_NOTE_BYTES_MAX);
    rc = assay_note_sign(note->text, &witness->note, &witness->key.secret, assay_clock_real_ns() / ASSAY_NS_PER_S,
                         &line, err);
    assay_buf_append(&bytes, witness->log->note.data, witness->log->note.len);
    assay_buf_append(&bytes, line.data, line.len);
    rc = rc == ASSAY_OK ? assay_buf_check(&bytes, err) : rc;
    rc = rc == ASSAY_OK ? assay_log_dir_put_cosigned(witness->log, &bytes, err) : rc;
    assay_buf_done(&bytes);
    assay_buf_done(&line);
    return rc;
}

static assay_code cosign(struct witness *witness, assay_err *err)
{
    const struct assay_log_dir *log = witness->log;
    struct assay_buf vkey;
    struct assay_note *note = assay_alloc(1, sizeof *note);
    assay_buf_init(&vkey, 4096);
    assay_code rc = note ? assay_note_read(log->note.data, log->note.len, note, err) : assay_nomem(err);
    rc = rc == ASSAY_OK ? read_vkey(log, &vkey, err) : rc;
    rc = rc == ASSAY_OK ? check_log(log, note, vkey.data, err) : rc;
    rc = rc == ASSAY_OK ? check_seen(witness, vkey.data, err) : rc;
    rc = rc == ASSAY_OK ? save_head(witness, vkey.data, err) : rc; /* before anybody can have the signature */
    rc = rc == ASSAY_OK ? add_line(witness, note, err) : rc;
    assay_buf_done(&vkey);
    assay_free(note);
    return rc;
}

assay_code assay_cli_log_cosign(const struct assay_log_cosign *how, const char *dir, struct assay_buf *out,
                                assay_err *err)
{
    struct witness witness = {.heads = NULL};
    if (!how->key || !how->name || !assay_note_name_is_good(assay_slice_of(how->name))) {
        return assay_fail(err, ASSAY_USAGE,
                          "'log cosign' takes --key FILE of the witness and --name NAME, without white space and '+'");
    }
    assay_buf_init(&witness.path, PATH_BYTES_MAX);
    assay_code rc = assay_cli_key_load(how->key, how->password_file, &witness.key, err);
    rc = rc == ASSAY_OK
             ? assay_note_key_make(how->name, ASSAY_NOTE_COSIGNATURE, &witness.key.public, &witness.note, err)
             : rc;
    rc = rc == ASSAY_OK ? load_heads(&witness, how->key, err) : rc;
    rc = rc == ASSAY_OK ? assay_log_dir_open(dir, ASSAY_LOG_APPEND, &witness.log, err) : rc;
    rc = rc == ASSAY_OK ? cosign(&witness, err) : rc;
    if (rc == ASSAY_OK) {
        assay_note_key_write(&witness.note, out);
        assay_buf_char(out, '\n');
    }
    assay_log_dir_close(witness.log);
    json_decref(witness.heads);
    assay_buf_done(&witness.path);
    assay_cli_key_done(&witness.key);
    return rc;
}
