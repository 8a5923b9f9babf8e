#include "cli/log_key.h"

#include "base/file.h"

#include <string.h>

#define VKEY_BYTES_MAX 1024

assay_code assay_cli_log_key_path(const char *dir, const char *suffix, struct assay_buf *ret, assay_err *err)
{
    size_t len = strlen(dir);
    while (len > 1 && dir[len - 1] == '/') {
        len--;
    }
    assay_buf_init(ret, ASSAY_LOG_PATH_BYTES_MAX);
    assay_buf_append(ret, dir, len);
    assay_buf_text(ret, suffix);
    return assay_buf_check(ret, err);
}

static assay_code read_vkey(const char *dir, struct assay_note_key *ret, assay_err *err)
{
    struct assay_buf path, text;
    assay_buf_init(&path, ASSAY_LOG_PATH_BYTES_MAX);
    assay_buf_init(&text, VKEY_BYTES_MAX);
    assay_path_join(&path, dir, "log.vkey");
    assay_code rc = assay_buf_check(&path, err);
    rc = rc == ASSAY_OK ? assay_buf_read_file(&text, path.data, err) : rc;
    if (rc == ASSAY_NOT_FOUND) {
        assay_wrap(err, "'%s' is no log ('assay log init' makes one)", dir);
    }
    if (rc == ASSAY_OK && text.len > 0 && text.data[text.len - 1] == '\n') {
        text.data[--text.len] = '\0';
    }
    rc = rc == ASSAY_OK ? assay_note_key_read(text.data ? text.data : "", ret, err) : rc;
    assay_buf_done(&path);
    assay_buf_done(&text);
    return rc;
}

assay_code assay_cli_log_key_load(const char *dir, const char *path, const char *password_file,
                                  struct assay_cli_log_key *ret, assay_err *err)
{
    *ret = (struct assay_cli_log_key){0};
    assay_code rc = assay_cli_log_key_path(dir, ".key", &ret->path, err);
    rc = rc == ASSAY_OK ? read_vkey(dir, &ret->note, err) : rc;
    rc = rc == ASSAY_OK ? assay_cli_key_load(path ? path : ret->path.data, password_file, &ret->key, err) : rc;
    if (rc == ASSAY_OK && memcmp(ret->key.public.bytes, ret->note.key.bytes, sizeof ret->note.key.bytes) != 0) {
        rc = assay_fail(err, ASSAY_USAGE, "'%s' is not the key of the log '%s' (use --log-key)", ret->key.path, dir);
    }
    if (rc != ASSAY_OK) {
        assay_cli_log_key_done(ret);
    }
    return rc;
}

void assay_cli_log_key_done(struct assay_cli_log_key *key)
{
    assay_cli_key_done(&key->key);
    assay_buf_done(&key->path);
}

struct assay_log_signer assay_cli_log_signer(const struct assay_cli_log_key *key)
{
    return (struct assay_log_signer){.key = &key->note, .secret = &key->key.secret};
}
