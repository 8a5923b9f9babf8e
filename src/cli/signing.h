/*
 * Signing a document with the keys of the command line: the place in the first key's chain, and what is kept of it.
 */
#ifndef ASSAY_CLI_SIGNING_H
#define ASSAY_CLI_SIGNING_H

#include "base/opt.h"
#include "cli/key_file.h"

/* Loads the keys of a list, at least one; USAGE otherwise. keys: room for ASSAY_ENVELOPE_SIGNATURES_MAX. */
assay_code assay_cli_keys_load(const struct assay_opt_list *paths, const char *password_file,
                               struct assay_cli_key *keys, assay_err *err);
void assay_cli_keys_done(struct assay_cli_key *keys, size_t count);

/* Fills in what a signature brings, and writes the strict file. chain: where the first key stands. */
assay_code assay_cli_sign(json_t *statement, const struct assay_cli_key *keys, size_t count,
                          const struct assay_key_chain *chain, struct assay_buf *out, assay_err *err);
/* Once the file is in its place: every key's state moves on. */
assay_code assay_cli_signed(const json_t *statement, const struct assay_cli_key *keys, size_t count,
                            const struct assay_key_chain *chain, assay_err *err);

assay_code assay_cli_describe_signed(const char *path, const json_t *statement, bool wants_json, struct assay_buf *out,
                                     assay_err *err);

/* SHA-256 of the canonical statement: what is signed, and what the next document names. */
assay_code assay_cli_payload_digest(const json_t *statement, struct assay_digest *ret, assay_err *err);

#endif
