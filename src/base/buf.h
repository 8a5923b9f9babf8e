/*
 * Buffer: bytes that grow up to a maximum stated at birth, so that no input and no loop can exhaust memory.
 *
 *     struct assay_buf out;
 *     assay_buf_init(&out, ASSAY_REPORT_BYTES_MAX);
 *     assay_buf_printf(&out, "%s\n", name);       // any number of appends, unchecked
 *     if (assay_buf_check(&out, err)) { ... }     // one check at the end: ASSAY_NO_MEMORY or ASSAY_TOO_LARGE
 *     assay_buf_done(&out);
 *
 * An append that fails frees the bytes and makes the buffer sticky-failed: later appends do nothing. data is always
 * NUL-terminated when it is not NULL; the NUL is not counted in len.
 */
#ifndef ASSAY_BASE_BUF_H
#define ASSAY_BASE_BUF_H

#include "base/err.h"

#include <stdarg.h>
#include <stddef.h>

struct assay_buf {
    char *data; /* NULL while empty */
    size_t len, capacity, max;
    assay_code failed; /* ASSAY_OK, ASSAY_NO_MEMORY or ASSAY_TOO_LARGE */
};

void assay_buf_init(struct assay_buf *buf, size_t max_bytes);
void assay_buf_done(struct assay_buf *buf);
void assay_buf_clear(struct assay_buf *buf); /* len = 0, memory kept, failure forgotten */

void assay_buf_append(struct assay_buf *buf, const void *bytes, size_t len);
void assay_buf_text(struct assay_buf *buf, const char *text);
void assay_buf_char(struct assay_buf *buf, char c);
void assay_buf_printf(struct assay_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for len more bytes, written by the caller at the returned place and then counted with assay_buf_grew. */
char *assay_buf_reserve(struct assay_buf *buf, size_t len);
void assay_buf_grew(struct assay_buf *buf, size_t len);

/* Makes the buffer fail as if an append had: for text that a part of could not be made. */
void assay_buf_fail(struct assay_buf *buf, assay_code code);

assay_code assay_buf_check(const struct assay_buf *buf, assay_err *err);

/* Appends the whole file; "-" is not special here. Fails with NOT_FOUND, IO or TOO_LARGE (over buf->max). */
assay_code assay_buf_read_file(struct assay_buf *buf, const char *path, assay_err *err);

/* Hands the bytes over (caller frees with assay_free) and leaves the buffer empty. */
char *assay_buf_take(struct assay_buf *buf, size_t *ret_len);

#endif
