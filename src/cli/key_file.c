#include "cli/key_file.h"

#include "base/file.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#define PATH_BYTES_MAX 65536
#define STATE_BYTES_MAX 4096
#define OTHERS 077 /* permission bits of group and others */

static void wipe(struct assay_buf *buf)
{
    if (buf->data) {
        assay_wipe(buf->data, buf->len);
    }
    assay_buf_done(buf);
}

/* ---- passwords ---- */

static assay_code read_line(struct assay_buf *ret, assay_err *err)
{
    char c;
    while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n') {
        assay_buf_char(ret, c);
    }
    return assay_buf_check(ret, err);
}

static assay_code ask_once(const char *prompt, struct assay_buf *ret, assay_err *err)
{
    struct termios shown, hidden;
    assay_buf_init(ret, ASSAY_PASSWORD_BYTES_MAX);
    (void)assay_buf_reserve(ret, ASSAY_PASSWORD_BYTES_MAX - 1); /* grown once: no copy is left behind */
    if (tcgetattr(STDIN_FILENO, &shown) != 0) {
        return assay_fail_errno(err, ASSAY_IO, "terminal");
    }
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    assay_code rc = assay_fd_write(STDERR_FILENO, prompt, strlen(prompt), "standard error", err);
    rc = rc == ASSAY_OK ? read_line(ret, err) : rc;
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    (void)assay_fd_write(STDERR_FILENO, "\n", 1, "standard error", NULL);
    return rc;
}

static bool is_equal(const struct assay_buf *a, const struct assay_buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static assay_code ask(bool is_new, struct assay_buf *ret, assay_err *err)
{
    struct assay_buf again;
    assay_code rc = ask_once("Password of the key: ", ret, err);
    if (rc != ASSAY_OK || !is_new) {
        return rc;
    }
    rc = ask_once("The same once more: ", &again, err);
    if (rc == ASSAY_OK && !is_equal(ret, &again)) {
        rc = assay_fail(err, ASSAY_USAGE, "the two passwords are not the same");
    }
    wipe(&again);
    return rc;
}

/* The first line of the file. */
static assay_code read_password_file(const char *path, struct assay_buf *ret, assay_err *err)
{
    assay_buf_init(ret, ASSAY_PASSWORD_BYTES_MAX);
    assay_code rc = assay_buf_read_file(ret, path, err);
    const char *end = rc == ASSAY_OK && ret->len > 0 ? memchr(ret->data, '\n', ret->len) : NULL;
    if (end) {
        size_t kept = (size_t)(end - ret->data);
        assay_wipe(ret->data + kept, ret->len - kept);
        ret->len = kept;
    }
    return rc;
}

assay_code assay_cli_password(const char *password_file, bool is_new, struct assay_buf *ret, assay_err *err)
{
    assay_code rc;
    if (password_file) {
        rc = read_password_file(password_file, ret, err);
    } else if (isatty(STDIN_FILENO) == 1) {
        rc = ask(is_new, ret, err);
    } else {
        assay_buf_init(ret, 1);
        rc = assay_fail(err, ASSAY_USAGE, "a password is needed: use --password-file FILE, or a terminal%s",
                        is_new ? ", or --unencrypted" : "");
    }
    if (rc != ASSAY_OK) {
        wipe(ret);
    }
    return rc;
}

/* ---- secret keys ---- */

static assay_code check_mode(const char *path, assay_err *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return assay_fail_errno(err, ASSAY_NOT_FOUND, "key '%s'", path);
    }
    if (info.st_mode & OTHERS) {
        return assay_fail(err, ASSAY_IO, "key '%s' has mode %04o, expected 0600: others may read it (chmod 600)", path,
                          (unsigned)(info.st_mode & 07777));
    }
    return ASSAY_OK;
}

static assay_code open_secret(const struct assay_buf *file, const char *password_file, struct assay_cli_key *ret,
                              assay_err *err)
{
    struct assay_buf password;
    bool is_locked = false;
    assay_buf_init(&password, 1);
    assay_code rc = assay_minisign_secret_is_locked(file->data, file->len, &is_locked, err);
    if (rc == ASSAY_OK && is_locked) {
        rc = assay_cli_password(password_file, false, &password, err);
    }
    if (rc == ASSAY_OK) {
        const char *text = !is_locked ? NULL : password.data ? password.data : "";
        rc = assay_minisign_secret_read(file->data, file->len, text, password.len, &ret->secret, &ret->number, err);
    }
    if (rc == ASSAY_WANTING) { /* no judgement: the key cannot be used */
        rc = ASSAY_USAGE;
        if (err) {
            err->code = rc;
        }
    }
    wipe(&password);
    return rc;
}

assay_code assay_cli_key_load(const char *path, const char *password_file, struct assay_cli_key *ret, assay_err *err)
{
    struct assay_buf file;
    *ret = (struct assay_cli_key){.path = path};
    assay_buf_init(&file, ASSAY_KEY_FILE_BYTES_MAX);
    assay_code rc = check_mode(path, err);
    rc = rc == ASSAY_OK ? assay_buf_read_file(&file, path, err) : rc;
    if (rc == ASSAY_OK) {
        rc = file.len > 0 ? open_secret(&file, password_file, ret, err)
                          : assay_fail(err, ASSAY_MALFORMED, "the file is empty");
        if (rc != ASSAY_OK) {
            assay_wrap(err, "'%s'", path);
        }
    }
    if (rc == ASSAY_OK) {
        assay_secret_key_public(&ret->secret, &ret->public);
        assay_public_key_id(&ret->public, &ret->keyid);
    }
    wipe(&file);
    return rc;
}

void assay_cli_key_done(struct assay_cli_key *key)
{
    assay_secret_key_done(&key->secret);
}

assay_code assay_cli_public_load(const char *path, struct assay_public_key *ret, struct assay_key_number *ret_number,
                                 assay_err *err)
{
    struct assay_buf file;
    struct assay_cli_key key;
    bool is_locked;
    assay_buf_init(&file, ASSAY_KEY_FILE_BYTES_MAX);
    assay_code rc = assay_buf_read_file(&file, path, err);
    const char *text = file.data ? file.data : "";
    bool is_secret = rc == ASSAY_OK && assay_minisign_secret_is_locked(text, file.len, &is_locked, NULL) == ASSAY_OK;
    if (rc == ASSAY_OK && is_secret && is_locked) {
        rc = assay_fail(err, ASSAY_USAGE, "'%s' is an encrypted secret key; give the .pub file", path);
    } else if (rc == ASSAY_OK && is_secret) {
        rc = assay_cli_key_load(path, NULL, &key, err);
        if (rc == ASSAY_OK) {
            *ret = key.public;
            *ret_number = key.number;
        }
        assay_cli_key_done(&key);
    } else if (rc == ASSAY_OK) {
        rc = assay_minisign_public_read(text, file.len, ret, ret_number, err);
        if (rc != ASSAY_OK) {
            assay_wrap(err, "'%s'", path);
        }
    }
    wipe(&file);
    return rc;
}

assay_code assay_cli_secret_write(const char *path, const struct assay_buf *bytes, bool is_forced, assay_err *err)
{
    mode_t before = umask(OTHERS);
    assay_code rc =
        assay_file_write(path, bytes->data, bytes->len, is_forced ? ASSAY_FILE_REPLACE : ASSAY_FILE_NEW, err);
    (void)umask(before);
    return rc;
}

/* ---- the chain ---- */

static assay_code state_path(const struct assay_cli_key *key, struct assay_buf *ret, assay_err *err)
{
    assay_buf_init(ret, PATH_BYTES_MAX);
    assay_buf_printf(ret, "%s.state", key->path);
    return assay_buf_check(ret, err);
}

static assay_code parse_chain(const struct assay_buf *text, struct assay_key_chain *ret, assay_err *err)
{
    json_t *root = NULL;
    struct assay_digest previous;
    assay_code rc = assay_json_read(text->data ? text->data : "", text->len, &assay_json_limits_receipt, &root, err);
    rc = rc == ASSAY_OK ? assay_json_get_u64(root, "counter", "", &ret->counter, err) : rc;
    if (rc == ASSAY_OK && json_object_get(root, "previous")) {
        rc = assay_json_get_hex(root, "previous", "", previous.bytes, sizeof previous.bytes, err);
        if (rc == ASSAY_OK) {
            assay_digest_print(&previous, ret->previous);
        }
    }
    json_decref(root);
    return rc;
}

assay_code assay_cli_chain_load(const struct assay_cli_key *key, struct assay_key_chain *ret, assay_err *err)
{
    struct assay_buf path, text;
    *ret = (struct assay_key_chain){0};
    assay_buf_init(&text, STATE_BYTES_MAX);
    assay_code rc = state_path(key, &path, err);
    if (rc == ASSAY_OK && assay_path_exists(path.data)) {
        ret->is_there = true;
        rc = assay_buf_read_file(&text, path.data, err);
        rc = rc == ASSAY_OK ? parse_chain(&text, ret, err) : rc;
        if (rc != ASSAY_OK) {
            assay_wrap(err, "state of the key, '%s'", path.data);
        }
    }
    assay_buf_done(&path);
    assay_buf_done(&text);
    return rc;
}

assay_code assay_cli_chain_save(const struct assay_cli_key *key, const struct assay_key_chain *chain, assay_err *err)
{
    struct assay_buf path, text;
    struct assay_json_builder b = {0};
    json_t *root = json_object();
    assay_json_put_u64(&b, root, "counter", chain->counter);
    if (chain->previous[0] != '\0') {
        assay_json_put_text(&b, root, "previous", chain->previous);
    }
    assay_buf_init(&text, STATE_BYTES_MAX);
    assay_code rc = assay_json_builder_check(&b, root, err);
    rc = rc == ASSAY_OK ? assay_json_canon(root, &text, err) : rc;
    assay_buf_char(&text, '\n');
    rc = rc == ASSAY_OK ? assay_buf_check(&text, err) : rc;
    assay_code path_rc = state_path(key, &path, rc == ASSAY_OK ? err : NULL);
    rc = rc == ASSAY_OK ? path_rc : rc;
    rc = rc == ASSAY_OK ? assay_file_write(path.data, text.data, text.len, ASSAY_FILE_REPLACE, err) : rc;
    json_decref(root);
    assay_buf_done(&path);
    assay_buf_done(&text);
    return rc;
}
