#include "store/log_dir.h"

#include "store/log_tiles.h"

#include "base/file.h"
#include "base/mem.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static assay_code join(const struct assay_log_dir *log, const char *name, struct assay_buf *ret, assay_err *err)
{
    assay_buf_init(ret, ASSAY_LOG_PATH_BYTES_MAX);
    assay_path_join(ret, log->path.data, name);
    return assay_buf_check(ret, err);
}

/* ---- reading ---- */

static assay_code read_checkpoint(struct assay_log_dir *log, assay_err *err)
{
    struct assay_buf path;
    struct assay_note *note = assay_alloc(1, sizeof *note);
    assay_code rc = note ? join(log, "checkpoint", &path, err) : assay_nomem(err);
    if (!note) {
        return rc;
    }
    rc = rc == ASSAY_OK ? assay_buf_read_file(&log->note, path.data, err) : rc;
    if (rc == ASSAY_NOT_FOUND) {
        assay_wrap(err, "'%s' is no log ('assay log init' makes one)", log->path.data);
    }
    rc = rc == ASSAY_OK ? assay_note_read(log->note.data ? log->note.data : "", log->note.len, note, err) : rc;
    rc = rc == ASSAY_OK ? assay_checkpoint_read(note->text, &log->head, err) : rc;
    assay_buf_done(&path);
    assay_free(note);
    return rc;
}

static assay_code read_bundle(struct assay_log_dir *log, uint64_t number, unsigned width, assay_err *err)
{
    struct assay_tile tile = {.is_entries = true, .number = number, .width = width};
    char name[ASSAY_TILE_PATH_BYTES];
    struct assay_buf path, bytes;
    assay_tile_path(&tile, name);
    assay_buf_init(&bytes, (size_t)ASSAY_TILE_WIDTH * (UINT16_MAX + 3));
    assay_code rc = join(log, name, &path, err);
    rc = rc == ASSAY_OK ? assay_buf_read_file(&bytes, path.data, err) : rc;
    struct assay_slice rest = {bytes.data, bytes.len}, entry;
    for (unsigned i = 0; i < width && rc == ASSAY_OK; i++) {
        if (!assay_entry_cut(&rest, &entry)) {
            rc = assay_fail(err, ASSAY_MALFORMED, "'%s' holds %u entries, expected %u", path.data, i, width);
        }
    }
    if (rc == ASSAY_OK && rest.len > 0) {
        rc = assay_fail(err, ASSAY_MALFORMED, "'%s' holds %zu bytes behind its last entry, expected none", path.data,
                        rest.len);
    }
    if (rc == ASSAY_OK) {
        assay_buf_append(&log->entries, bytes.data, bytes.len);
        rc = assay_buf_check(&log->entries, err);
    }
    assay_buf_done(&path);
    assay_buf_done(&bytes);
    return rc;
}

static assay_code read_entries(struct assay_log_dir *log, assay_err *err)
{
    uint64_t full = log->head.size / ASSAY_TILE_WIDTH;
    unsigned width = (unsigned)(log->head.size % ASSAY_TILE_WIDTH);
    assay_code rc = ASSAY_OK;
    for (uint64_t i = 0; i < full && rc == ASSAY_OK; i++) {
        rc = read_bundle(log, i, ASSAY_TILE_WIDTH, err);
    }
    rc = rc == ASSAY_OK && width > 0 ? read_bundle(log, full, width, err) : rc;
    return rc == ASSAY_OK
               ? assay_tlog_book_read(log->entries.data ? log->entries.data : "", log->entries.len, &log->book, err)
               : rc;
}

static assay_code take_lock(struct assay_log_dir *log, assay_err *err)
{
    struct assay_buf path;
    assay_code rc = join(log, ".lock", &path, err);
    if (rc == ASSAY_OK) {
        log->lock = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (log->lock < 0 || flock(log->lock, LOCK_EX) != 0) {
            rc = assay_fail_errno(err, ASSAY_IO, "lock '%s'", path.data);
        }
    }
    assay_buf_done(&path);
    return rc;
}

static struct assay_log_dir *make(const char *path)
{
    struct assay_log_dir *log = assay_alloc(1, sizeof *log);
    if (log) {
        log->lock = -1;
        assay_buf_init(&log->path, ASSAY_LOG_PATH_BYTES_MAX);
        assay_buf_init(&log->note, ASSAY_NOTE_BYTES_MAX);
        assay_buf_init(&log->entries, ASSAY_LOG_BYTES_MAX);
        assay_buf_text(&log->path, path);
    }
    return log;
}

assay_code assay_log_dir_open(const char *path, enum assay_log_mode mode, struct assay_log_dir **ret, assay_err *err)
{
    assert(path && ret);
    struct assay_log_dir *log = make(path);
    if (!log) {
        return assay_nomem(err);
    }
    assay_code rc = assay_buf_check(&log->path, err);
    if (rc == ASSAY_OK && mode == ASSAY_LOG_APPEND && assay_path_is_dir(path)) {
        rc = take_lock(log, err);
    }
    rc = rc == ASSAY_OK ? read_checkpoint(log, err) : rc;
    rc = rc == ASSAY_OK ? read_entries(log, err) : rc;
    if (rc != ASSAY_OK) {
        assay_wrap(err, "log '%s'", path);
        assay_log_dir_close(log);
        return rc;
    }
    *ret = log;
    return ASSAY_OK;
}

void assay_log_dir_close(struct assay_log_dir *log)
{
    if (log) {
        if (log->lock >= 0) {
            (void)close(log->lock); /* gives the lock back */
        }
        assay_tlog_book_done(&log->book);
        assay_buf_done(&log->path);
        assay_buf_done(&log->note);
        assay_buf_done(&log->entries);
        assay_free(log);
    }
}

/* ---- writing ---- */

assay_code assay_log_file_write(const struct assay_log_dir *log, const char *name, const struct assay_buf *bytes,
                                assay_err *err)
{
    struct assay_buf path, directory;
    assay_code rc = join(log, name, &path, err);
    assay_buf_init(&directory, ASSAY_LOG_PATH_BYTES_MAX);
    if (rc == ASSAY_OK) {
        assay_buf_append(&directory, path.data, (size_t)(strrchr(path.data, '/') - path.data));
        rc = assay_buf_check(&directory, err);
    }
    rc = rc == ASSAY_OK ? assay_dir_ensure(directory.data, err) : rc;
    rc = rc == ASSAY_OK
             ? assay_file_write(path.data, bytes->data ? bytes->data : "", bytes->len, ASSAY_FILE_REPLACE, err)
             : rc;
    assay_buf_done(&path);
    assay_buf_done(&directory);
    return rc;
}

assay_code assay_log_file_read(const struct assay_log_dir *log, const char *name, struct assay_buf *ret, assay_err *err)
{
    struct assay_buf path;
    assay_code rc = join(log, name, &path, err);
    rc = rc == ASSAY_OK ? assay_buf_read_file(ret, path.data, err) : rc;
    assay_buf_done(&path);
    return rc;
}

static assay_code write_checkpoint(struct assay_log_dir *log, const struct assay_log_signer *signer, assay_err *err)
{
    struct assay_buf note, line;
    assay_buf_init(&note, ASSAY_NOTE_BYTES_MAX);
    assay_buf_init(&line, ASSAY_NOTE_BYTES_MAX);
    assay_checkpoint_write(&log->head, &note);
    assay_code rc = assay_buf_check(&note, err);
    if (rc == ASSAY_OK) {
        const struct assay_slice text = {note.data, note.len};
        rc = assay_note_sign(text, signer->key, signer->secret, 0, &line, err);
    }
    if (rc == ASSAY_OK) {
        assay_buf_char(&note, '\n');
        assay_buf_append(&note, line.data, line.len);
        rc = assay_buf_check(&note, err);
    }
    rc = rc == ASSAY_OK ? assay_log_file_write(log, "checkpoint", &note, err) : rc;
    if (rc == ASSAY_OK) {
        assay_buf_done(&log->note);
        log->note = note;
    } else {
        assay_buf_done(&note);
    }
    assay_buf_done(&line);
    return rc;
}

assay_code assay_log_dir_init(const char *path, const struct assay_log_signer *signer, assay_err *err)
{
    struct assay_digest root;
    struct assay_buf vkey;
    struct assay_log_dir *log = make(path);
    if (!log) {
        return assay_nomem(err);
    }
    assay_buf_init(&vkey, 1024);
    assay_sha256_of("", 0, &root);
    memcpy(log->head.origin, signer->key->name, sizeof log->head.origin);
    memcpy(log->head.root, root.bytes, sizeof log->head.root);
    assay_note_key_write(signer->key, &vkey);
    assay_buf_char(&vkey, '\n');
    assay_code rc = assay_buf_check(&vkey, err);
    rc = rc == ASSAY_OK ? assay_buf_check(&log->path, err) : rc;
    rc = rc == ASSAY_OK ? assay_dir_make(path, err) : rc;
    rc = rc == ASSAY_OK ? assay_log_file_write(log, "log.vkey", &vkey, err) : rc;
    rc = rc == ASSAY_OK ? write_checkpoint(log, signer, err) : rc;
    assay_buf_done(&vkey);
    assay_log_dir_close(log);
    return rc;
}

/* The entry's bundle with it: the last one, partial or just filled. */
static assay_code write_bundle(const struct assay_log_dir *log, assay_err *err)
{
    uint64_t last = log->book.count - 1, number = last / ASSAY_TILE_WIDTH;
    struct assay_tile tile = {.is_entries = true, .number = number, .width = (unsigned)(last % ASSAY_TILE_WIDTH) + 1};
    char name[ASSAY_TILE_PATH_BYTES];
    struct assay_buf bundle;
    assay_code rc = ASSAY_OK;
    assay_buf_init(&bundle, (size_t)ASSAY_TILE_WIDTH * (UINT16_MAX + 3));
    for (uint64_t i = number * ASSAY_TILE_WIDTH; i <= last && rc == ASSAY_OK; i++) {
        rc = assay_entry_append(log->book.rows[i].bytes.data, log->book.rows[i].bytes.len, &bundle, err);
    }
    assay_tile_path(&tile, name);
    rc = rc == ASSAY_OK ? assay_log_file_write(log, name, &bundle, err) : rc;
    assay_buf_done(&bundle);
    return rc;
}

static assay_code check_head(const struct assay_log_dir *log, assay_err *err)
{
    struct assay_digest root;
    assay_merkle_root(&log->book.tree, &root);
    bool is_same = log->book.count == log->head.size && memcmp(root.bytes, log->head.root, sizeof log->head.root) == 0;
    return is_same ? ASSAY_OK
                   : assay_fail(err, ASSAY_MALFORMED, "log '%s': the entries do not give the root of the checkpoint",
                                log->path.data);
}

assay_code assay_log_dir_append(struct assay_log_dir *log, const char *bytes, size_t len,
                                const struct assay_log_signer *signer, assay_err *err)
{
    struct assay_tlog_book book;
    struct assay_digest root;
    assert(log->lock >= 0);
    assay_code rc = check_head(log, err);
    rc = rc == ASSAY_OK ? assay_entry_append(bytes, len, &log->entries, err) : rc;
    /* the buffer may have moved: every slice is read anew */
    rc = rc == ASSAY_OK ? assay_tlog_book_read(log->entries.data, log->entries.len, &book, err) : rc;
    if (rc != ASSAY_OK) {
        return rc;
    }
    assay_tlog_book_done(&log->book);
    log->book = book;
    rc = write_bundle(log, err);
    rc = rc == ASSAY_OK ? assay_log_tiles_write(log, err) : rc;
    if (rc == ASSAY_OK) {
        assay_merkle_root(&log->book.tree, &root);
        log->head.size = log->book.count;
        memcpy(log->head.root, root.bytes, sizeof log->head.root);
        rc = write_checkpoint(log, signer, err);
    }
    return rc;
}
