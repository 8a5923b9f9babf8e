#include "lm/stream.h"

#include <string.h>

/* More than a stop string and a character are never held back. */
#define HELD_BYTES_MAX ((size_t)1 << 20)

assay_code assay_stream_init(struct assay_stream *stream, const struct assay_slice *stops, size_t count, assay_err *err)
{
    *stream = (struct assay_stream){0};
    assay_buf_init(&stream->held, HELD_BYTES_MAX);
    assay_buf_init(&stream->ready, HELD_BYTES_MAX * 3); /* a byte may become U+FFFD */
    if (count > ASSAY_STREAM_STOPS_MAX) {
        return assay_fail(err, ASSAY_USAGE, "%zu stop strings, expected at most %d", count, ASSAY_STREAM_STOPS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        if (stops[i].len == 0 || stops[i].len > ASSAY_STREAM_STOP_BYTES_MAX) {
            return assay_fail(err, ASSAY_USAGE, "a stop string has %zu bytes, expected 1 to %d", stops[i].len,
                              ASSAY_STREAM_STOP_BYTES_MAX);
        }
        stream->stops[stream->stops_count++] = stops[i];
    }
    return ASSAY_OK;
}

void assay_stream_done(struct assay_stream *stream)
{
    assay_buf_done(&stream->held);
    assay_buf_done(&stream->ready);
}

/* Where the first complete stop string begins; without one, all of it. */
static size_t find_stop(struct assay_stream *stream)
{
    for (size_t at = 0; at < stream->held.len; at++) {
        for (size_t i = 0; i < stream->stops_count; i++) {
            struct assay_slice stop = stream->stops[i];
            if (stop.len <= stream->held.len - at && memcmp(stream->held.data + at, stop.data, stop.len) == 0) {
                stream->is_stopped = true;
                stream->stop = i;
                return at;
            }
        }
    }
    return stream->held.len;
}

/* How much of the end may be the beginning of a stop string. */
static size_t pending(const struct assay_stream *stream, size_t len)
{
    for (size_t at = 0; at < len; at++) {
        for (size_t i = 0; i < stream->stops_count; i++) {
            struct assay_slice stop = stream->stops[i];
            if (len - at < stop.len && memcmp(stream->held.data + at, stop.data, len - at) == 0) {
                return len - at;
            }
        }
    }
    return 0;
}

/* Bytes at the end that are the beginning of a character: at most three. */
static size_t cut_character(const char *text, size_t len)
{
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        unsigned char byte = (unsigned char)text[len - back];
        size_t needs = byte >= 0xf0 && byte < 0xf8 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        if (byte >= 0xc0) {
            return byte < 0xf8 && needs > back ? back : 0;
        }
        if (byte < 0x80) {
            return 0;
        }
    }
    return 0;
}

static void send(struct assay_stream *stream, size_t len)
{
    for (size_t at = 0; at < len;) {
        uint32_t code_point = 0;
        at += assay_utf8_next(stream->held.data + at, len - at, &code_point);
        assay_utf8_append(&stream->ready, code_point);
    }
    size_t rest = stream->held.len - len;
    if (len > 0) {
        memmove(stream->held.data, stream->held.data + len, rest);
        stream->held.len = rest;
        stream->held.data[rest] = '\0';
    }
}

static struct assay_slice ready(const struct assay_stream *stream)
{
    return (struct assay_slice){stream->ready.data ? stream->ready.data : "", stream->ready.len};
}

struct assay_slice assay_stream_push(struct assay_stream *stream, struct assay_slice bytes)
{
    assay_buf_clear(&stream->ready);
    if (stream->is_stopped) {
        return ready(stream);
    }
    assay_buf_append(&stream->held, bytes.data, bytes.len);
    if (stream->held.failed != ASSAY_OK) {
        assay_buf_fail(&stream->ready, stream->held.failed);
        return ready(stream);
    }
    size_t clear = find_stop(stream);
    if (!stream->is_stopped) {
        size_t held = pending(stream, clear), cut = cut_character(stream->held.data, clear);
        clear -= held > cut ? held : cut;
    }
    send(stream, clear);
    return ready(stream);
}

struct assay_slice assay_stream_end(struct assay_stream *stream)
{
    assay_buf_clear(&stream->ready);
    if (!stream->is_stopped) {
        send(stream, stream->held.len);
    }
    return ready(stream);
}
