/* Keys and the trust file: `key new NAME`, `key show FILE`, `key rotate TRUST`. */
#include "cli/cli.h"
#include "cli/key_file.h"
#include "cli/trust_edit.h"

#include "base/file.h"
#include "base/rng.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define PATH_BYTES_MAX 65536
#define GROUP_NEW "key new"
#define GROUP_ROTATE "key rotate"
#define AT(member) offsetof(struct values, member)

struct values {
    const char *password_file;
    bool is_unencrypted, is_forced, wants_json;
    struct assay_trust_edit edit;
};

static const struct assay_opt OPTIONS[] = {
    {"password-file", "FILE", "the password is the first line of FILE (default: asked at the terminal)", ASSAY_OPT_TEXT,
     AT(password_file)},
    {"json", NULL, "print as JSON", ASSAY_OPT_FLAG, AT(wants_json)},
    {"unencrypted", NULL, "no password: whoever reads the file can sign", ASSAY_OPT_FLAG, AT(is_unencrypted),
     .group = GROUP_NEW},
    {"force", NULL, "replace files that are there", ASSAY_OPT_FLAG, AT(is_forced), .group = GROUP_NEW},
    {"key", "FILE", "a root key that signs the new version (repeatable)", ASSAY_OPT_TEXT_LIST, AT(edit.signers),
     .group = GROUP_ROTATE},
    {"root", "PUB", "add a root key", ASSAY_OPT_TEXT_LIST, AT(edit.roots), .group = GROUP_ROTATE},
    {"receipt", "PUB", "add a receipt key", ASSAY_OPT_TEXT_LIST, AT(edit.receipts), .group = GROUP_ROTATE},
    {"runner-id", "ID", "what added receipt keys may sign for (default: local)", ASSAY_OPT_TEXT_LIST, AT(edit.runners),
     .group = GROUP_ROTATE},
    {"log", "FILE", "add a log by the file of its verifier key (log.vkey of its directory)", ASSAY_OPT_TEXT_LIST,
     AT(edit.logs), .group = GROUP_ROTATE},
    {"witness", "VKEY", "a witness of the added logs", ASSAY_OPT_TEXT_LIST, AT(edit.witnesses), .group = GROUP_ROTATE},
    {"quorum", "N", "cosignatures that the added logs need", ASSAY_OPT_U64, AT(edit.quorum), .max = 64,
     .group = GROUP_ROTATE},
    {"min-policy", "NAME=N", "gate by no older version of that policy", ASSAY_OPT_TEXT_LIST, AT(edit.policies),
     .group = GROUP_ROTATE},
    {"remove", "KEYID", "take a key out", ASSAY_OPT_TEXT_LIST, AT(edit.removed), .group = GROUP_ROTATE},
    {"revoke", "KEYID", "mark a key as revoked from now on", ASSAY_OPT_TEXT_LIST, AT(edit.revoked),
     .group = GROUP_ROTATE},
    {"reason", "TEXT", "why it was revoked", ASSAY_OPT_TEXT, AT(edit.reason), .group = GROUP_ROTATE},
    {"root-threshold", "N", "root keys that must sign", ASSAY_OPT_U64, AT(edit.root_threshold), .max = 16,
     .refuses_zero = true, .group = GROUP_ROTATE},
    {"receipt-threshold", "N", "receipt keys that must sign a receipt", ASSAY_OPT_U64, AT(edit.receipt_threshold),
     .max = 16, .refuses_zero = true, .group = GROUP_ROTATE},
    {"valid", "T", "how long added keys and the file are good (default: 8760h, a year)", ASSAY_OPT_DURATION,
     AT(edit.valid_ns), .refuses_zero = true, .group = GROUP_ROTATE},
};

static assay_code print_key(const char *name, const struct assay_public_key *key, const struct assay_key_number *number,
                            bool wants_json, struct assay_buf *out, assay_err *err)
{
    struct assay_digest id;
    char keyid[ASSAY_DIGEST_TEXT_BYTES], shown[ASSAY_KEY_NUMBER_TEXT_BYTES];
    struct assay_json_builder b = {0};
    struct assay_buf base64;
    assay_public_key_id(key, &id);
    assay_digest_print(&id, keyid);
    assay_key_number_print(number, shown);
    assay_buf_init(&base64, 64);
    assay_base64_append(&base64, key->bytes, sizeof key->bytes);
    assay_code rc = assay_buf_check(&base64, err);
    if (rc == ASSAY_OK && wants_json) {
        json_t *root = json_object();
        assay_json_put_text(&b, root, "file", name);
        assay_json_put_text(&b, root, "keyid", keyid);
        assay_json_put_text(&b, root, "minisignId", shown);
        assay_json_put_text(&b, root, "public", base64.data);
        rc = assay_json_builder_check(&b, root, err);
        rc = rc == ASSAY_OK ? assay_json_pretty(root, out, err) : rc;
        json_decref(root);
    } else if (rc == ASSAY_OK) {
        assay_buf_printf(out, "%s\nkeyid      %s\nminisign   %s\npublic     %s\n", name, keyid, shown, base64.data);
    }
    assay_buf_done(&base64);
    return rc;
}

/* ---- new ---- */

static assay_code write_secret(const struct values *values, const char *path, const struct assay_secret_key *key,
                               const struct assay_key_number *number, assay_err *err)
{
    struct assay_key_lock lock = {0};
    struct assay_buf password, file;
    assay_code rc = ASSAY_OK;
    assay_buf_init(&password, 1);
    assay_buf_init(&file, ASSAY_KEY_FILE_BYTES_MAX);
    if (!values->is_unencrypted) {
        rc = assay_cli_password(values->password_file, true, &password, err);
        lock.password = password.data ? password.data : "";
        lock.password_len = password.len;
        assay_rng_system_bytes(lock.salt, sizeof lock.salt);
    }
    rc = rc == ASSAY_OK ? assay_minisign_secret_write(key, number, &lock, &file, err) : rc;
    rc = rc == ASSAY_OK ? assay_cli_secret_write(path, &file, values->is_forced, err) : rc;
    if (password.data) {
        assay_wipe(password.data, password.len);
    }
    if (file.data) {
        assay_wipe(file.data, file.len);
    }
    assay_buf_done(&password);
    assay_buf_done(&file);
    return rc;
}

static assay_code write_pair(const struct values *values, const char *name, struct assay_buf *out, assay_err *err)
{
    unsigned char seed[ASSAY_SEED_BYTES];
    struct assay_secret_key key;
    struct assay_public_key public;
    struct assay_key_number number;
    struct assay_buf path, text;
    assay_rng_system_bytes(seed, sizeof seed);
    assay_rng_system_bytes(number.bytes, sizeof number.bytes);
    assay_secret_key_init(&key, seed);
    assay_wipe(seed, sizeof seed);
    assay_secret_key_public(&key, &public);
    assay_buf_init(&path, PATH_BYTES_MAX);
    assay_buf_init(&text, ASSAY_KEY_FILE_BYTES_MAX);
    assay_buf_printf(&path, "%s.pub", name);
    assay_code rc = assay_buf_check(&path, err);
    if (rc == ASSAY_OK && !values->is_forced && assay_path_exists(path.data)) { /* before half a pair is written */
        rc = assay_fail(err, ASSAY_EXISTS, "'%s' is already there", path.data);
    }
    assay_buf_clear(&path);
    assay_buf_printf(&path, "%s.key", name);
    rc = rc == ASSAY_OK ? assay_buf_check(&path, err) : rc;
    rc = rc == ASSAY_OK ? write_secret(values, path.data, &key, &number, err) : rc;
    assay_minisign_public_write(&public, &number, &text);
    assay_buf_clear(&path);
    assay_buf_printf(&path, "%s.pub", name);
    rc = rc == ASSAY_OK ? assay_cli_output(&text, path.data, values->is_forced, err) : rc;
    if (rc == ASSAY_EXISTS) {
        assay_wrap(err, "use --force to replace it");
    }
    rc = rc == ASSAY_OK ? print_key(path.data, &public, &number, values->wants_json, out, err) : rc;
    assay_secret_key_done(&key);
    assay_buf_done(&path);
    assay_buf_done(&text);
    return rc;
}

static assay_code key_new(const struct values *values, const char *name, struct assay_buf *out, assay_err *err)
{
    if (values->is_unencrypted && values->password_file) {
        return assay_fail(err, ASSAY_USAGE, "--unencrypted and --password-file exclude each other");
    }
    return write_pair(values, name, out, err);
}

static assay_code key_show(const struct values *values, const char *path, struct assay_buf *out, assay_err *err)
{
    struct assay_public_key key;
    struct assay_key_number number;
    assay_code rc = assay_cli_public_load(path, &key, &number, err);
    return rc == ASSAY_OK ? print_key(path, &key, &number, values->wants_json, out, err) : rc;
}

static assay_code key_rotate(const struct values *values, const char *path, struct assay_buf *out, assay_err *err)
{
    return assay_trust_edit_do(&values->edit, path, values->password_file, values->wants_json, out, err);
}

static const struct action {
    const char *name, *mode; /* mode: as a message says it */
    const char *options[20]; /* what it looks at */
    assay_code (*run)(const struct values *, const char *, struct assay_buf *, assay_err *);
} ACTIONS[] = {
    {"new", "'key new'", {"password-file", "json", "unencrypted", "force"}, key_new},
    {"show", "'key show'", {"json"}, key_show},
    {"rotate",
     "'key rotate'",
     {"password-file", "json", "key", "root", "receipt", "runner-id", "log", "witness", "quorum", "min-policy",
      "remove", "revoke", "reason", "root-threshold", "receipt-threshold", "valid"},
     key_rotate},
};

static assay_code run(struct assay_cli *cli, const void *values, const struct assay_opt_result *given,
                      struct assay_buf *out, assay_err *err)
{
    const struct assay_opt_verb *verb = &assay_verb_key.opt;
    (void)cli;
    for (size_t i = 0; i < sizeof ACTIONS / sizeof ACTIONS[0]; i++) {
        if (strcmp(ACTIONS[i].name, given->arguments[0]) == 0) {
            assay_code rc = assay_cli_check_given(verb, given, ACTIONS[i].options, ACTIONS[i].mode, err);
            rc = rc == ASSAY_OK ? assay_cli_check_pair(verb, given, "quorum", "log", err) : rc;
            return rc == ASSAY_OK ? ACTIONS[i].run(values, given->arguments[1], out, err) : rc;
        }
    }
    return assay_fail(err, ASSAY_USAGE, "there is no 'key %s': new, show or rotate", given->arguments[0]);
}

const struct assay_verb assay_verb_key = {
    .opt =
        {.name = "key",
         .synopsis = "new NAME|show FILE|rotate TRUST [OPTIONS]",
         .summary = "make keys, show them, and write the trust file that says which are believed",
         .manual =
             "'key new NAME' writes NAME.key (mode 0600, encrypted unless --unencrypted) and NAME.pub in the format of "
             "minisign, which can read them. 'key show FILE' prints the keyid that receipts name.\n\n'key rotate "
             "TRUST' "
             "writes version 1 of a trust file, or the next version of the one that is there: with the keys and logs "
             "that are added, removed or revoked, signed by the root keys of --key. The old version stays beside it as "
             "TRUST.N, so that whoever remembers it can follow.\n\nOne key has one role: a root key signs trust files, "
             "a "
             "receipt key signs receipts and log entries, a log key signs checkpoints.",
         .options = OPTIONS,
         .options_count = sizeof OPTIONS / sizeof OPTIONS[0],
         .arguments_min = 2,
         .arguments_max = 2,
         .examples =
             "assay key new runner\n  runner.key and runner.pub\n"
             "assay key rotate trust.json --key root.key --root root.pub --receipt runner.pub\n  a trust file\n"},
    .values_bytes = sizeof(struct values),
    .run = run,
};
