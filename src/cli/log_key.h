/*
 * The key of a log: the secret that signs its checkpoints, DIR.key unless --log-key says otherwise, under the origin
 * that the log's own log.vkey names.
 */
#ifndef ASSAY_CLI_LOG_KEY_H
#define ASSAY_CLI_LOG_KEY_H

#include "cli/key_file.h"
#include "store/store.h"

struct assay_cli_log_key {
    struct assay_cli_key key;
    struct assay_note_key note;
    struct assay_buf path; /* of the secret key file */
};

/* dir: the log; path may be NULL. USAGE if the key is not that of the log. */
assay_code assay_cli_log_key_load(const char *dir, const char *path, const char *password_file,
                                  struct assay_cli_log_key *ret, assay_err *err);
void assay_cli_log_key_done(struct assay_cli_log_key *key);
struct assay_log_signer assay_cli_log_signer(const struct assay_cli_log_key *key);

/* "DIR.key", whatever slashes DIR ends with. */
assay_code assay_cli_log_key_path(const char *dir, const char *suffix, struct assay_buf *ret, assay_err *err);

#endif
