/*
 * Integers in as few bits as their range needs (frame of reference), and varints (LEB128). Inside store/ only.
 *
 * A column is: least value (zigzag varint), bits of an offset (one byte, 0 to 64), then the offsets, lowest bit first.
 */
#ifndef ASSAY_STORE_BITS_H
#define ASSAY_STORE_BITS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assay_bits_range {
    bool is_some;
    int64_t least, most;
};
void assay_bits_range_add(struct assay_bits_range *range, int64_t value);

struct assay_bits_writer {
    struct assay_buf *out;
    uint64_t least, pending;
    unsigned width, pending_bits;
};
struct assay_bits_writer assay_bits_begin(const struct assay_bits_range *range, struct assay_buf *out);
void assay_bits_put(struct assay_bits_writer *writer, int64_t value);
void assay_bits_end(struct assay_bits_writer *writer);
void assay_bits_varint(struct assay_buf *out, uint64_t value);

struct assay_bits_reader {
    const unsigned char *at, *end;
    bool is_short; /* more was asked than there is */
};
struct assay_bits_reader assay_bits_reader_of(const void *bytes, size_t len);
unsigned assay_bits_byte(struct assay_bits_reader *reader); /* 0 at the end, which is_short then says */
bool assay_bits_read_varint(struct assay_bits_reader *reader, uint64_t *ret);
bool assay_bits_is_end(const struct assay_bits_reader *reader); /* all read, and nothing short */

struct assay_bits_column {
    const unsigned char *bytes, *end;
    size_t bit;
    uint64_t least, mask;
    unsigned width;
};
/* Moves the reader past a column of `count` cells; false if it is not all there. */
bool assay_bits_open(struct assay_bits_reader *reader, size_t count, struct assay_bits_column *ret);
/* The next cell; the caller asks for no more than it opened. */
int64_t assay_bits_next(struct assay_bits_column *column);

#endif
