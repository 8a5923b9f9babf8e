/*
 * A transparency log as plain files in a directory (evidence.md 2.5, c2sp.org/tlog-tiles): `checkpoint`, `log.vkey`,
 * `tile/LEVEL/N` and `tile/entries/N`.
 *
 *     rc = assay_log_dir_open(dir, ASSAY_LOG_READ, &log, err);       // or ASSAY_LOG_APPEND: locked until closed
 *     ... log->book ...                                              // every entry, and the root that they give
 *     rc = assay_log_dir_append(log, bytes, len, &signer, err);      // entries, tiles, then the checkpoint
 *     assay_log_dir_close(log);
 *
 * Only what the checkpoint covers is there: whatever an interrupted append left beyond it is overwritten by the next.
 * The root is that of the entries; whether the checkpoint says the same, and who signed it, is for the caller.
 *
 * Errors: NOT_FOUND (no log), MALFORMED (checkpoint, entries), IO. One process appends at a time; others wait.
 */
#ifndef ASSAY_STORE_LOG_DIR_H
#define ASSAY_STORE_LOG_DIR_H

#include "base/buf.h"
#include "crypto/crypto.h"
#include "record/record.h"

#define ASSAY_LOG_BYTES_MAX ((size_t)16 << 30) /* entries in memory: 64 million of 256 bytes */
#define ASSAY_LOG_PATH_BYTES_MAX 65536

enum assay_log_mode { ASSAY_LOG_READ, ASSAY_LOG_APPEND };

struct assay_log_dir {
    struct assay_buf path;
    struct assay_buf note;        /* bytes of the checkpoint file */
    struct assay_checkpoint head; /* what it says */
    struct assay_buf entries;     /* bundles one after the other */
    struct assay_tlog_book book;  /* of these entries */
    int lock;                     /* descriptor; -1: not locked */
};

struct assay_log_signer {
    const struct assay_note_key *key;
    const struct assay_secret_key *secret;
};

/* Makes the directory, an empty log and its first checkpoint. EXISTS if there is something of that name. */
assay_code assay_log_dir_init(const char *path, const struct assay_log_signer *signer, assay_err *err);

assay_code assay_log_dir_open(const char *path, enum assay_log_mode mode, struct assay_log_dir **ret, assay_err *err);
void assay_log_dir_close(struct assay_log_dir *log); /* fine on NULL */

/* Adds one entry and signs the new head. MALFORMED if the entries do not give the root of the checkpoint that is
 * there: nothing is built on a log that was changed. */
assay_code assay_log_dir_append(struct assay_log_dir *log, const char *bytes, size_t len,
                                const struct assay_log_signer *signer, assay_err *err);

/* The proof file of an entry against the present checkpoint. */
assay_code assay_log_dir_prove(const struct assay_log_dir *log, uint64_t index, struct assay_buf *out, assay_err *err);

/* Every tile that the size demands is there with the hashes that the entries give. WANTING names the first that is
 * not. *ret_count: tiles looked at. */
assay_code assay_log_dir_check_tiles(const struct assay_log_dir *log, uint64_t *ret_count, assay_err *err);

#endif
