#include "base/file.h"

#include "base/faults.h"
#include "base/rng.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES_MAX 4096 /* PATH_MAX of Linux, NUL included */

static atomic_ulong fail_countdown = ASSAY_FAULT_UNASKED;

void assay_file_fail_at(unsigned long n)
{
    atomic_store(&fail_countdown, n);
}

static ssize_t write_some(int fd, const char *bytes, size_t len)
{
    if (assay_fault_due(&fail_countdown, "ASSAY_FAULT_WRITE")) {
        errno = ENOSPC;
        return -1;
    }
    return write(fd, bytes, len);
}

assay_code assay_fd_write(int fd, const void *bytes, size_t len, const char *what, assay_err *err)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t n = write_some(fd, at, len);
        if (n >= 0) {
            at += n;
            len -= (size_t)n;
        } else if (errno == EAGAIN) { /* standard output may be a non-blocking pipe that somebody else opened */
            struct pollfd ready = {.fd = fd, .events = POLLOUT};
            (void)poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return assay_fail_errno(err, ASSAY_IO, "cannot write '%s'", what);
        }
    }
    return ASSAY_OK;
}

bool assay_path_exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

bool assay_path_is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

void assay_path_join(struct assay_buf *buf, const char *dir, const char *name)
{
    assay_buf_clear(buf);
    assay_buf_text(buf, dir);
    if (buf->len > 0 && buf->data[buf->len - 1] != '/') {
        assay_buf_char(buf, '/');
    }
    assay_buf_text(buf, name);
}

/* Length of the part up to and with the last slash; 0 for a bare name. */
static size_t dir_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Makes the rename, and with it the name, survive a power cut. */
static assay_code sync_dir_of(const char *path, assay_err *err)
{
    char dir[PATH_BYTES_MAX];
    size_t len = dir_len(path);
    (void)snprintf(dir, sizeof dir, "%.*s", len ? (int)len : 1, len ? path : ".");
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return assay_fail_errno(err, ASSAY_IO, "cannot open directory '%s'", dir);
    }
    /* Some file systems cannot sync a directory (EINVAL): then there is nothing more to do for it. */
    assay_code rc = fsync(fd) == 0 || errno == EINVAL
                        ? ASSAY_OK
                        : assay_fail_errno(err, ASSAY_IO, "cannot sync directory '%s'", dir);
    (void)close(fd);
    return rc;
}

static assay_code open_beside(const char *path, char temporary[PATH_BYTES_MAX], int *ret_fd, assay_err *err)
{
    size_t len = dir_len(path);
    if (path[len] == '\0') {
        return assay_fail(err, ASSAY_USAGE, "'%s' names no file", path);
    }
    uint64_t salt;
    assay_rng_system_bytes(&salt, sizeof salt);
    int n = snprintf(temporary, PATH_BYTES_MAX, "%.*s.%s.%016llx.tmp", (int)len, path, path + len,
                     (unsigned long long)salt);
    if (n < 0 || n >= PATH_BYTES_MAX) {
        return assay_fail(err, ASSAY_IO, "the path '%.80s...' is too long", path);
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        return assay_fail_errno(err, errno == ENOENT ? ASSAY_NOT_FOUND : ASSAY_IO, "cannot create '%s'", path);
    }
    *ret_fd = fd;
    return ASSAY_OK;
}

static assay_code fail_rename(const char *path, assay_err *err)
{
    if (errno == EEXIST) {
        return assay_fail(err, ASSAY_EXISTS, "'%s' is already there", path);
    }
    return assay_fail_errno(err, ASSAY_IO, "cannot create '%s'", path);
}

static assay_code put_in_place(const char *temporary, const char *path, enum assay_file_mode mode, assay_err *err)
{
    if (mode == ASSAY_FILE_REPLACE) {
        return rename(temporary, path) == 0 ? ASSAY_OK : fail_rename(path, err);
    }
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
        return ASSAY_OK;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return fail_rename(path, err);
    }
    /* A file system without RENAME_NOREPLACE (NFS): a hard link refuses an existing name just as well. */
    if (link(temporary, path) != 0) {
        return fail_rename(path, err);
    }
    (void)unlink(temporary);
    return ASSAY_OK;
}

assay_code assay_file_write(const char *path, const void *bytes, size_t len, enum assay_file_mode mode, assay_err *err)
{
    if (mode == ASSAY_FILE_NEW && assay_path_exists(path)) {
        return assay_fail(err, ASSAY_EXISTS, "'%s' is already there", path); /* before the bytes are written */
    }
    char temporary[PATH_BYTES_MAX];
    int fd = -1;
    assay_code rc = open_beside(path, temporary, &fd, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    rc = assay_fd_write(fd, bytes, len, path, err);
    if (rc == ASSAY_OK && fsync(fd) != 0) {
        rc = assay_fail_errno(err, ASSAY_IO, "cannot sync '%s'", path);
    }
    if (close(fd) != 0 && rc == ASSAY_OK) {
        rc = assay_fail_errno(err, ASSAY_IO, "cannot write '%s'", path); /* NFS reports late */
    }
    if (rc == ASSAY_OK) {
        rc = put_in_place(temporary, path, mode, err);
    }
    if (rc != ASSAY_OK) {
        (void)unlink(temporary);
        return rc;
    }
    return sync_dir_of(path, err);
}

static assay_code make_parents(const char *path, assay_err *err)
{
    char parent[PATH_BYTES_MAX];
    size_t len = strlen(path);
    if (len >= sizeof parent) {
        return assay_fail(err, ASSAY_IO, "the path '%.80s...' is too long", path);
    }
    memcpy(parent, path, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (path[i] != '/' || path[i - 1] == '/' || path[i + 1] == '\0') {
            continue;
        }
        parent[i] = '\0';
        if (mkdir(parent, 0777) != 0 && errno != EEXIST) {
            return assay_fail_errno(err, ASSAY_IO, "cannot make directory '%s'", parent);
        }
        parent[i] = '/';
    }
    return ASSAY_OK;
}

assay_code assay_dir_make(const char *path, assay_err *err)
{
    assay_code rc = make_parents(path, err);
    if (rc != ASSAY_OK) {
        return rc;
    }
    if (mkdir(path, 0777) == 0) {
        return ASSAY_OK;
    }
    if (errno == EEXIST) {
        return assay_fail(err, ASSAY_EXISTS, "'%s' is already there", path);
    }
    return assay_fail_errno(err, ASSAY_IO, "cannot make directory '%s'", path);
}

assay_code assay_dir_ensure(const char *path, assay_err *err)
{
    if (assay_path_is_dir(path)) {
        return ASSAY_OK;
    }
    assay_err own = {0};
    assay_code rc = assay_dir_make(path, &own);
    if (rc == ASSAY_EXISTS && assay_path_is_dir(path)) {
        return ASSAY_OK; /* another process has made it since we looked */
    }
    if (rc != ASSAY_OK && err) {
        *err = own;
    }
    return rc;
}
