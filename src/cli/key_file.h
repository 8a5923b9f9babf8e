/*
 * Keys as files (evidence.md 2.3): minisign's NAME.key and NAME.pub, and beside a secret key its chain, NAME.key.state:
 * how many documents it has signed, and the digest of the last one.
 *
 * A secret key file that others may read is refused. A password comes from a file or from the terminal, never from an
 * argument or the environment.
 */
#ifndef ASSAY_CLI_KEY_FILE_H
#define ASSAY_CLI_KEY_FILE_H

#include "base/buf.h"
#include "crypto/crypto.h"
#include "record/record.h"

#define ASSAY_PASSWORD_BYTES_MAX 1024 /* minisign's */

struct assay_cli_key {
    struct assay_secret_key secret;
    struct assay_public_key public;
    struct assay_key_number number;
    struct assay_digest keyid;
    const char *path; /* borrowed */
};

/* password_file may be NULL: an encrypted key then asks at the terminal. The caller wipes with _done. */
assay_code assay_cli_key_load(const char *path, const char *password_file, struct assay_cli_key *ret, assay_err *err);
void assay_cli_key_done(struct assay_cli_key *key); /* fine on a zeroed one */

/* NAME.pub, or a secret key file that is not encrypted. */
assay_code assay_cli_public_load(const char *path, struct assay_public_key *ret, struct assay_key_number *ret_number,
                                 assay_err *err);

/* The password for a key that is to be encrypted: asked twice at a terminal. The caller wipes `ret`. */
assay_code assay_cli_password(const char *password_file, bool is_new, struct assay_buf *ret, assay_err *err);

/* A file that only its owner may read. */
assay_code assay_cli_secret_write(const char *path, const struct assay_buf *bytes, bool is_forced, assay_err *err);

struct assay_key_chain {
    bool is_there;     /* there is a state file */
    uint64_t counter;  /* documents signed so far */
    char previous[65]; /* payload digest of the last one; "" if none */
};
assay_code assay_cli_chain_load(const struct assay_cli_key *key, struct assay_key_chain *ret, assay_err *err);
assay_code assay_cli_chain_save(const struct assay_cli_key *key, const struct assay_key_chain *chain, assay_err *err);

#endif
