#include "store/bits.h"

#include <string.h>

#define VARINT_BYTES_MAX 10

static uint64_t zigzag(int64_t value)
{
    return ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)((value >> 1) ^ (value & 1 ? UINT64_MAX : 0));
}

void assay_bits_range_add(struct assay_bits_range *range, int64_t value)
{
    range->least = !range->is_some || value < range->least ? value : range->least;
    range->most = !range->is_some || value > range->most ? value : range->most;
    range->is_some = true;
}

void assay_bits_varint(struct assay_buf *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7) {
        assay_buf_char(out, (char)(value | 0x80));
    }
    assay_buf_char(out, (char)value);
}

static unsigned bits_of(uint64_t value)
{
    unsigned bits = 0;
    for (; value > 0; value >>= 1) {
        bits++;
    }
    return bits;
}

struct assay_bits_writer assay_bits_begin(const struct assay_bits_range *range, struct assay_buf *out)
{
    struct assay_bits_writer writer = {.out = out, .least = (uint64_t)range->least};
    writer.width = bits_of((uint64_t)range->most - (uint64_t)range->least);
    assay_bits_varint(out, zigzag(range->least));
    assay_buf_char(out, (char)writer.width);
    return writer;
}

static void flush(struct assay_bits_writer *writer, unsigned bits)
{
    while (writer->pending_bits >= bits && writer->pending_bits > 0) {
        assay_buf_char(writer->out, (char)(writer->pending & 0xff));
        writer->pending >>= 8;
        writer->pending_bits = writer->pending_bits > 8 ? writer->pending_bits - 8 : 0;
    }
}

static void put_bits(struct assay_bits_writer *writer, uint64_t value, unsigned width)
{
    writer->pending |= value << writer->pending_bits;
    writer->pending_bits += width;
    flush(writer, 8);
}

void assay_bits_put(struct assay_bits_writer *writer, int64_t value)
{
    uint64_t offset = (uint64_t)value - writer->least;
    if (writer->width > 32) { /* in halves: pending holds up to 7 bits already */
        put_bits(writer, offset & UINT32_MAX, 32);
        put_bits(writer, offset >> 32, writer->width - 32);
    } else {
        put_bits(writer, offset, writer->width);
    }
}

void assay_bits_end(struct assay_bits_writer *writer)
{
    flush(writer, 1);
}

struct assay_bits_reader assay_bits_reader_of(const void *bytes, size_t len)
{
    const unsigned char *at = bytes;
    return (struct assay_bits_reader){.at = at, .end = at + len};
}

unsigned assay_bits_byte(struct assay_bits_reader *reader)
{
    if (reader->at == reader->end) {
        reader->is_short = true;
        return 0;
    }
    return *reader->at++;
}

bool assay_bits_read_varint(struct assay_bits_reader *reader, uint64_t *ret)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < VARINT_BYTES_MAX; i++) {
        uint64_t byte = assay_bits_byte(reader);
        if (reader->is_short || (i == VARINT_BYTES_MAX - 1 && byte > 1)) {
            return false;
        }
        value |= (byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *ret = value;
            return true;
        }
    }
    return false;
}

bool assay_bits_is_end(const struct assay_bits_reader *reader)
{
    return !reader->is_short && reader->at == reader->end;
}

bool assay_bits_open(struct assay_bits_reader *reader, size_t count, struct assay_bits_column *ret)
{
    uint64_t least;
    if (!assay_bits_read_varint(reader, &least)) {
        return false;
    }
    unsigned width = assay_bits_byte(reader);
    if (reader->is_short || width > 64 || count > SIZE_MAX / 64 - 1) {
        return false;
    }
    size_t len = (count * width + 7) / 8;
    if (len > (size_t)(reader->end - reader->at)) {
        return false;
    }
    *ret = (struct assay_bits_column){.bytes = reader->at,
                                      .end = reader->end,
                                      .least = (uint64_t)unzigzag(least),
                                      .mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1,
                                      .width = width};
    reader->at += len;
    return true;
}

/* Up to eight bytes, lowest first, as many as there are. */
static uint64_t load(const unsigned char *at, const unsigned char *end)
{
    uint64_t word = 0;
    if (end - at >= 8) {
        memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
#endif
        return word;
    }
    for (unsigned i = 0; at + i < end; i++) {
        word |= (uint64_t)at[i] << (8 * i);
    }
    return word;
}

int64_t assay_bits_next(struct assay_bits_column *column)
{
    const unsigned char *at = column->bytes + column->bit / 8;
    unsigned skip = (unsigned)(column->bit % 8);
    uint64_t offset = 0;
    if (column->width > 0) {
        offset = load(at, column->end) >> skip;
        if (skip + column->width > 64) { /* the ninth byte */
            offset |= (uint64_t)at[8] << (64 - skip);
        }
    }
    column->bit += column->width;
    return (int64_t)(column->least + (offset & column->mask));
}
