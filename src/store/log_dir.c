#include "store/log_dir.h"

#include "store/log_tiles.h"

#include "base/file.h"
#include "base/mem.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
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

static assay_code get_file(void *context, const char *name, struct assay_buf *ret, assay_err *err)
{
    const struct assay_log_dir *log = context;
    struct assay_buf path;
    assay_code rc = join(log, name, &path, err);
    rc = rc == ASSAY_OK ? assay_buf_read_file(ret, path.data, err) : rc;
    assay_buf_done(&path);
    return rc;
}

static assay_code read_checkpoint(struct assay_log_dir *log, assay_err *err)
{
    struct assay_note *note = assay_alloc(1, sizeof *note);
    if (!note) {
        return assay_nomem(err);
    }
    assay_code rc = log->source.get(log->source.context, "checkpoint", &log->note, err);
    if (rc == ASSAY_NOT_FOUND) {
        assay_wrap(err, "'%s' is no log ('assay log init' makes one)", log->path.data);
    }
    rc = rc == ASSAY_OK ? assay_note_read(log->note.data ? log->note.data : "", log->note.len, note, err) : rc;
    rc = rc == ASSAY_OK ? assay_checkpoint_read(note->text, &log->head, err) : rc;
    assay_free(note);
    return rc;
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
        log->source = (struct assay_log_source){.get = get_file, .context = log, .is_for_threads = true};
        assay_buf_init(&log->path, ASSAY_LOG_PATH_BYTES_MAX);
        assay_buf_init(&log->note, ASSAY_NOTE_BYTES_MAX);
        assay_arena_init(&log->added, ASSAY_LOG_BYTES_MAX);
        assay_buf_text(&log->path, path);
    }
    return log;
}

static assay_code open_log(struct assay_log_dir *log, enum assay_log_mode mode, struct assay_log_dir **ret,
                           assay_err *err)
{
    bool is_for_append = mode == ASSAY_LOG_EXTEND || mode == ASSAY_LOG_APPEND;
    bool has_bytes = mode == ASSAY_LOG_READ || mode == ASSAY_LOG_APPEND;
    assay_code rc = assay_buf_check(&log->path, err);
    if (rc == ASSAY_OK && is_for_append && assay_path_is_dir(log->path.data)) {
        rc = take_lock(log, err);
    }
    rc = rc == ASSAY_OK ? read_checkpoint(log, err) : rc;
    rc = rc == ASSAY_OK && (has_bytes || mode == ASSAY_LOG_AUDIT) ? log_bundles_read(log, has_bytes, err) : rc;
    rc = rc == ASSAY_OK && is_for_append ? log_edge_open(log, err) : rc;
    if (rc != ASSAY_OK) {
        assay_wrap(err, "log '%s'", log->path.data ? log->path.data : "");
        assay_log_dir_close(log);
        return rc;
    }
    *ret = log;
    return ASSAY_OK;
}

assay_code assay_log_dir_open(const char *path, enum assay_log_mode mode, struct assay_log_dir **ret, assay_err *err)
{
    assert(path && ret);
    struct assay_log_dir *log = make(path);
    return log ? open_log(log, mode, ret, err) : assay_nomem(err);
}

assay_code assay_log_open_from(const struct assay_log_source *source, const char *shown, enum assay_log_mode mode,
                               struct assay_log_dir **ret, assay_err *err)
{
    assert(source && shown && ret && (mode == ASSAY_LOG_HEAD || mode == ASSAY_LOG_READ || mode == ASSAY_LOG_AUDIT));
    struct assay_log_dir *log = make(shown);
    if (!log) {
        return assay_nomem(err);
    }
    log->source = *source;
    return open_log(log, mode, ret, err);
}

void assay_log_dir_close(struct assay_log_dir *log)
{
    if (log) {
        if (log->lock >= 0) {
            (void)close(log->lock); /* gives the lock back */
        }
        assay_tlog_book_done(&log->book);
        log_edge_close(log->edge);
        assay_arena_done(&log->added);
        assay_buf_done(&log->path);
        assay_buf_done(&log->note);
        log_bundles_done(log);
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

/* For whoever asks later what stood in the log by then; append replaces the checkpoint. */
static assay_code keep_cosigned(const struct assay_log_dir *log, const struct assay_buf *note, assay_err *err)
{
    char name[64];
    (void)snprintf(name, sizeof name, "cosigned/%" PRIu64, log->head.size);
    return assay_log_file_write(log, name, note, err);
}

assay_code assay_log_dir_put_cosigned(struct assay_log_dir *log, const struct assay_buf *note, assay_err *err)
{
    assert(log->lock >= 0);
    assay_code rc = keep_cosigned(log, note, err);
    return rc == ASSAY_OK ? assay_log_file_write(log, "checkpoint", note, err) : rc;
}

static assay_code add_to_book(struct assay_log_dir *log, const char *bytes, size_t len, assay_err *err)
{
    const char *kept = assay_arena_text(&log->added, bytes, len);
    return kept ? assay_tlog_book_add(&log->book, (struct assay_slice){kept, len}, err) : assay_nomem(err);
}

assay_code assay_log_dir_append(struct assay_log_dir *log, const char *bytes, size_t len,
                                const struct assay_log_signer *signer, assay_err *err)
{
    struct assay_tlog_row row;
    struct assay_digest root;
    assert(log->lock >= 0 && log->edge);
    assay_code rc =
        assay_tlog_row_read((struct assay_slice){bytes, len}, &row, err); /* what is no entry is not added */
    rc = rc == ASSAY_OK ? log_edge_add(log, bytes, len, &root, err) : rc;
    rc = rc == ASSAY_OK && log->has_book ? add_to_book(log, bytes, len, err) : rc;
    if (rc == ASSAY_OK) {
        log->head.size++;
        memcpy(log->head.root, root.bytes, sizeof log->head.root);
        rc = write_checkpoint(log, signer, err);
    }
    return rc;
}

/* ---- heads that witnesses signed ---- */

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Of a directory without that folder there are none. */
static size_t list_sizes(const char *path, uint64_t *ret, size_t max)
{
    DIR *folder = opendir(path);
    size_t count = 0, at = 0;
    for (const struct dirent *entry; folder && (entry = readdir(folder)) != NULL;) {
        uint64_t size;
        if (!assay_tlog_number_read(assay_slice_of(entry->d_name), &size)) {
            continue;
        }
        if (count < max) {
            ret[count++] = size;
        } else { /* the smallest of those kept gives way */
            for (size_t i = at = 0; i < count; i++) {
                at = ret[i] < ret[at] ? i : at;
            }
            ret[at] = size > ret[at] ? size : ret[at];
        }
    }
    if (folder) {
        (void)closedir(folder);
    }
    qsort(ret, count, sizeof *ret, by_size);
    return count;
}

assay_code assay_log_dir_read_cosigned(const struct assay_log_dir *log, struct assay_buf *ret, assay_err *err)
{
    struct assay_buf path;
    uint64_t *sizes = assay_alloc(ASSAY_LOG_COSIGNED_MAX, sizeof *sizes);
    assay_code rc = sizes ? join(log, "cosigned", &path, err) : assay_nomem(err);
    if (!sizes) {
        return rc;
    }
    size_t count = rc == ASSAY_OK ? list_sizes(path.data, sizes, ASSAY_LOG_COSIGNED_MAX) : 0;
    for (size_t i = 0; i < count && rc == ASSAY_OK; i++) {
        char name[64];
        struct assay_buf note;
        (void)snprintf(name, sizeof name, "cosigned/%" PRIu64, sizes[i]);
        assay_buf_init(&note, UINT16_MAX);
        rc = log->source.get(log->source.context, name, &note, err);
        rc = rc == ASSAY_OK ? assay_entry_append(note.data ? note.data : "", note.len, ret, err) : rc;
        assay_buf_done(&note);
    }
    assay_buf_done(&path);
    assay_free(sizes);
    return rc;
}
