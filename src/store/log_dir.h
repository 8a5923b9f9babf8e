/*
 * A transparency log as plain files (evidence.md 2.5, c2sp.org/tlog-tiles): `checkpoint`, `log.vkey`, `tile/LEVEL/N`,
 * `tile/entries/N`, and `cosigned/SIZE` with the heads that witnesses signed.
 *
 *     rc = assay_log_dir_open(dir, ASSAY_LOG_READ, &log, err);
 *     ... log->book ...                                              // every entry, and the root that they give
 *     assay_log_dir_close(log);
 *
 *     rc = assay_log_dir_open(dir, ASSAY_LOG_EXTEND, &log, err);     // locked until closed
 *     rc = assay_log_dir_append(log, bytes, len, &signer, err);      // entries, tiles, then the checkpoint
 *     assay_log_dir_close(log);
 *
 * Appending reads and writes the right edge of the tree and the last entries, whatever the size; a proof reads the
 * tiles on its way. Only what the checkpoint covers is there: whatever an interrupted append left beyond it is
 * overwritten by the next. Who signed the checkpoint is for the caller to ask.
 *
 * The files need not be in a directory: assay_log_open_from reads them from wherever `get` does (a web server).
 *
 * Errors: NOT_FOUND (no log), MALFORMED (checkpoint, entries, tiles), IO. One process appends at a time; others wait.
 */
#ifndef ASSAY_STORE_LOG_DIR_H
#define ASSAY_STORE_LOG_DIR_H

#include "base/buf.h"
#include "base/mem.h"
#include "crypto/crypto.h"
#include "record/record.h"

#define ASSAY_LOG_BYTES_MAX ((size_t)16 << 30) /* entries in memory: 64 million of 256 bytes */
#define ASSAY_LOG_PATH_BYTES_MAX 65536
#define ASSAY_LOG_COSIGNED_MAX 4096 /* heads of witnesses that are read: the newest */

enum assay_log_mode {
    ASSAY_LOG_HEAD,   /* the checkpoint alone: for proofs of entries whose number is known */
    ASSAY_LOG_READ,   /* every entry */
    ASSAY_LOG_AUDIT,  /* what every entry says, without its bytes: a tenth of the memory */
    ASSAY_LOG_EXTEND, /* locked: checkpoint and right edge, to append to */
    ASSAY_LOG_APPEND  /* locked: every entry too */
};

/* Reads one of the log's files, "tile/0/000", appending it. NOT_FOUND if there is none. */
struct assay_log_source {
    assay_code (*get)(void *context, const char *name, struct assay_buf *ret, assay_err *err);
    void *context;
    bool is_for_threads; /* several may read at once */
};

struct log_edge;

struct assay_log_dir {
    struct assay_buf path;
    struct assay_log_source source;
    struct assay_buf note;        /* bytes of the checkpoint file */
    struct assay_checkpoint head; /* what it says */
    struct assay_buf *bundles;    /* of entries, as they were when the log was opened; modes READ and APPEND */
    size_t bundles_count;
    struct assay_tlog_book book;  /* of all entries, those appended since too; modes READ, AUDIT and APPEND */
    struct assay_arena added;     /* entries appended since */
    struct log_edge *edge;        /* modes EXTEND and APPEND */
    bool has_book;
    int lock; /* descriptor; -1: not locked */
};

struct assay_log_signer {
    const struct assay_note_key *key;
    const struct assay_secret_key *secret;
};

/* Makes the directory, an empty log and its first checkpoint. EXISTS if there is something of that name. */
assay_code assay_log_dir_init(const char *path, const struct assay_log_signer *signer, assay_err *err);

assay_code assay_log_dir_open(const char *path, enum assay_log_mode mode, struct assay_log_dir **ret, assay_err *err);
/* shown: for messages. mode: HEAD, READ or AUDIT. */
assay_code assay_log_open_from(const struct assay_log_source *source, const char *shown, enum assay_log_mode mode,
                               struct assay_log_dir **ret, assay_err *err);
void assay_log_dir_close(struct assay_log_dir *log); /* fine on NULL */

/* Adds one entry and signs the new head. MALFORMED if tiles and last entries do not give the root of the checkpoint
 * that is there: nothing is built on a log that was changed. A checkpoint with cosignatures is kept in cosigned/. */
assay_code assay_log_dir_append(struct assay_log_dir *log, const char *bytes, size_t len,
                                const struct assay_log_signer *signer, assay_err *err);

/* The proof file of an entry against the present checkpoint, from the tiles. MALFORMED if they do not prove it. */
assay_code assay_log_dir_prove(const struct assay_log_dir *log, uint64_t index, struct assay_buf *out, assay_err *err);

/* That the present checkpoint continues the head of an older size (assay_tlog_growth), from the tiles. USAGE: a size
 * above the log's. */
assay_code assay_log_dir_prove_growth(const struct assay_log_dir *log, uint64_t old_size, struct assay_buf *out,
                                      assay_err *err);

/* Every tile that the size demands is there with the hashes that the entries give (modes READ and AUDIT). WANTING names
 * the first that is not. *ret_count: tiles looked at. */
assay_code assay_log_dir_check_tiles(const struct assay_log_dir *log, uint64_t *ret_count, assay_err *err);

/* ---- heads that witnesses signed ---- */

/* Replaces the checkpoint file by the same text with more signatures, and keeps it in cosigned/. Locked (EXTEND). */
assay_code assay_log_dir_put_cosigned(struct assay_log_dir *log, const struct assay_buf *note, assay_err *err);

/* The notes in cosigned/, by size, at most ASSAY_LOG_COSIGNED_MAX, one after the other as entries (u16 length, bytes).
 * None is no error. */
assay_code assay_log_dir_read_cosigned(const struct assay_log_dir *log, struct assay_buf *ret, assay_err *err);

#endif
