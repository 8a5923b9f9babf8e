/*
 * Source: bytes that are read by place, of a file or of memory: model files, which are as large as the memory.
 *
 *     struct assay_source source;
 *     rc = assay_source_open(path, &source, err);                       // or assay_source_of(bytes, len)
 *     rc = assay_source_read(&source, offset, to, bytes, err);          // all of them, or an error
 *     rc = assay_source_view(&source, offset, room, bytes, &at, err);   // in memory where they lie, else read into
 * room assay_source_close(&source);                                      // fine on a zeroed one
 *
 * A file that others make shorter while it is open is IO with both sizes, never a signal, as a mapping has it. Any
 * number of threads may read at once.
 */
#ifndef ASSAY_BASE_SOURCE_H
#define ASSAY_BASE_SOURCE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct assay_source {
    const uint8_t *bytes; /* NULL: a file */
    int file;             /* descriptor + 1, so that a zeroed source is none */
    uint64_t len;
};

/* NOT_FOUND, IO; MALFORMED: it is empty, or no file. */
assay_code assay_source_open(const char *path, struct assay_source *ret, assay_err *err);
struct assay_source assay_source_of(const void *bytes, uint64_t len); /* borrowed */
void assay_source_close(struct assay_source *source);

/* offset + bytes <= source->len. */
assay_code assay_source_read(const struct assay_source *source, uint64_t offset, void *to, size_t bytes,
                             assay_err *err);
assay_code assay_source_view(const struct assay_source *source, uint64_t offset, void *room, size_t bytes,
                             const uint8_t **ret, assay_err *err);

#endif
