#include "base/buf.h"

#include "base/faults.h"
#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUF_FIRST_BYTES 256 /* most texts of assay fit; larger ones double from here */

void assay_buf_init(struct assay_buf *buf, size_t max_bytes)
{
    assert(max_bytes > 0 && max_bytes < SIZE_MAX / 2);
    *buf = (struct assay_buf){.max = max_bytes};
}

void assay_buf_done(struct assay_buf *buf)
{
    assay_free(buf->data);
    *buf = (struct assay_buf){.max = buf->max};
}

void assay_buf_clear(struct assay_buf *buf)
{
    buf->len = 0;
    buf->failed = ASSAY_OK;
    if (buf->data) {
        buf->data[0] = '\0';
    }
}

static char *fail_sticky(struct assay_buf *buf, assay_code code)
{
    assay_buf_done(buf);
    buf->failed = code;
    return NULL;
}

char *assay_buf_reserve(struct assay_buf *buf, size_t len)
{
    if (buf->failed != ASSAY_OK) {
        return NULL;
    }
    if (len > buf->max - buf->len) {
        return fail_sticky(buf, ASSAY_TOO_LARGE);
    }
    size_t wanted = buf->len + len + 1;
    if (wanted > buf->capacity) {
        size_t capacity = buf->capacity ? buf->capacity : BUF_FIRST_BYTES;
        while (capacity < wanted) {
            capacity *= 2;
        }
        if (capacity > buf->max + 1) {
            capacity = buf->max + 1;
        }
        char *grown = assay_realloc(buf->data, capacity, 1);
        if (!grown) {
            return fail_sticky(buf, ASSAY_NO_MEMORY);
        }
        buf->data = grown;
        buf->capacity = capacity;
    }
    return buf->data + buf->len;
}

void assay_buf_fail(struct assay_buf *buf, assay_code code)
{
    assert(code == ASSAY_NO_MEMORY || code == ASSAY_TOO_LARGE);
    (void)fail_sticky(buf, code);
}

void assay_buf_grew(struct assay_buf *buf, size_t len)
{
    assert(buf->data && len < buf->capacity - buf->len);
    buf->len += len;
    buf->data[buf->len] = '\0';
}

void assay_buf_append(struct assay_buf *buf, const void *bytes, size_t len)
{
    char *place = assay_buf_reserve(buf, len);
    if (place) {
        if (len > 0) {
            memcpy(place, bytes, len);
        }
        assay_buf_grew(buf, len);
    }
}

void assay_buf_text(struct assay_buf *buf, const char *text)
{
    assay_buf_append(buf, text, strlen(text));
}

void assay_buf_char(struct assay_buf *buf, char c)
{
    assay_buf_append(buf, &c, 1);
}

void assay_buf_printf(struct assay_buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(n >= 0);
    char *place = assay_buf_reserve(buf, (size_t)n);
    if (place) {
        (void)vsnprintf(place, (size_t)n + 1, format, again);
        assay_buf_grew(buf, (size_t)n);
    }
    va_end(again);
}

assay_code assay_buf_check(const struct assay_buf *buf, assay_err *err)
{
    if (buf->failed == ASSAY_NO_MEMORY) {
        return assay_nomem(err);
    }
    if (buf->failed != ASSAY_OK) {
        return assay_fail(err, buf->failed, "more than the %zu bytes that are allowed here", buf->max);
    }
    return ASSAY_OK;
}

static ssize_t read_some(int fd, char *place, size_t len)
{
    static atomic_ulong fail_countdown = ASSAY_FAULT_UNASKED;
    if (assay_fault_due(&fail_countdown, "ASSAY_FAULT_READ")) {
        errno = EIO;
        return -1;
    }
    return read(fd, place, len);
}

static assay_code read_all(struct assay_buf *buf, int fd, const char *path, assay_err *err)
{
    enum { PIECE_BYTES = 65536 };
    for (;;) {
        size_t room = buf->max - buf->len;
        size_t piece = room < PIECE_BYTES ? room : PIECE_BYTES;
        char probe; /* at the maximum, one more byte tells "exactly full" from "too large" */
        char *place = piece ? assay_buf_reserve(buf, piece) : &probe;
        if (!place) {
            return assay_buf_check(buf, err);
        }
        ssize_t n = read_some(fd, place, piece ? piece : 1);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return assay_fail_errno(err, ASSAY_IO, "cannot read '%s'", path);
        }
        if (n == 0) {
            return ASSAY_OK;
        }
        if (!piece) {
            return assay_fail(err, ASSAY_TOO_LARGE, "'%s' is larger than the %zu bytes that are allowed", path,
                              buf->max);
        }
        assay_buf_grew(buf, (size_t)n);
    }
}

assay_code assay_buf_read_file(struct assay_buf *buf, const char *path, assay_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return assay_fail_errno(err, errno == ENOENT ? ASSAY_NOT_FOUND : ASSAY_IO, "cannot open '%s'", path);
    }
    assay_code rc = read_all(buf, fd, path, err);
    (void)close(fd);
    return rc;
}

char *assay_buf_take(struct assay_buf *buf, size_t *ret_len)
{
    char *data = buf->data;
    *ret_len = buf->len;
    buf->data = NULL;
    assay_buf_done(buf);
    return data;
}
